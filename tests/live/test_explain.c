/* --explain says what the server does: the same questions put to both. */

#include "live.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct live l;

static const char site[] =
        "root www; error_log error.log; index index.html /made.html; add_header X-Level main;\n"
        "cgi .sh;\n"
        "server {\n"
        "  listen 127.0.0.1:%u; server_name one.test;\n"
        "  error_page 404 /404.html; error_page 403 =200 /sorry.html; error_page 410 @gone;\n"
        "  location / { try_files $uri $uri/ $uri.html =404; }\n"
        "  location /plain/ { add_header X-Level inner always; expires 1h; }\n"
        "  location /plain/deep/ { autoindex on; autoindex_format json; }\n"
        "  location = /plain/exact { return 200 \"exact $arg_q\\n\"; }\n"
        "  location ^~ /final/ { alias www/plain/; }\n"
        "  location ~ ^/plain/.*\\.sh$ { deny all; }\n"
        "  location ~* \\.(txt|TEXT)$ { add_header X-Regex yes; }\n"
        "  location /app/ { try_files $uri spa:/app/index.html; }\n"
        "  location /named/ { try_files /none @fallback; }\n"
        "  location @fallback { return 302 /plain/?from=$uri; }\n"
        "  location /closed/ { allow 10.0.0.0/8; deny all; }\n"
        "  location /inner/ { internal; }\n"
        "  location /moved/ { return 301 http://$host:$server_port/plain$request_uri; }\n"
        "  location /gone/ { return 410; }\n"
        "  location @gone { return 410 \"it was here\\n\"; }\n"
        "  location /loop/ { error_page 404 /loop/again; }\n"
        "  location /once/ { methods GET; }\n"
        "  location /wide/ { disable_symlinks off; dotfiles allow; autoindex on;\n"
        "    autoindex_tar on; gzip_static on; }\n"
        "  location /secret/ { auth_basic \"the inner room\"; auth_basic_user_file users; }\n"
        "  location /program/ { cgi_pass %s; cgi_param EXTRA \"<$args>\"; }\n"
        "}\n"
        "server { listen 127.0.0.1:%u; server_name *.two.test; merge_slashes off; etag off;\n"
        "  location / { return 200 two; } location /a//b { return 200 slashes; } }\n"
        "server { listen 127.0.0.1:%u default_server; server_name three.*; root www/plain;\n"
        "  server_tokens off; charset off; if_modified_since exact; max_ranges 0; }\n";

static const char program[] = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nexec env\n";

/* A port that nobody has just now: --explain takes ports from the configuration. */
static unsigned free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert(bind(fd, (struct sockaddr *)&a, len) == 0 &&
	          getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	close(fd);
	return ntohs(a.sin_port);
}

static unsigned port;

static void open_site(void)
{
	static const char *const files[] = {
		"www/index.html",        "www/404.html",
		"www/sorry.html",        "www/page.html",
		"www/plain/index.html",  "www/plain/a.txt",
		"www/plain/B.TEXT",      "www/plain/noext",
		"www/plain/.hidden",     "www/plain/deep/x.js",
		"www/app/index.html",    "www/app/app.css",
		"www/closed/a.txt",      "www/inner/a.txt",
		"www/wide/.dot",         "www/wide/b.png",
		"www/wide/b.png.gz",     "www/made.html",
		"www/secret/a.txt",      "www/once/index.html",
		"www/empty/none/at.all", "www/plain/with space.txt",
	};
	static const char *const dirs[] = { "www/plain",      "www/plain/deep", "www/app",
		                            "www/closed",     "www/inner",      "www/wide",
		                            "www/secret",     "www/once",       "www/empty",
		                            "www/empty/none", "www/run" };
	char config[8192], path[256];

	live_open(&l);
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
		cr_assert(mkdir(live_path(&l, dirs[i]), 0755) == 0);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		live_write(&l, files[i], files[i]);
	live_write(&l, "www/run/it.sh", program);
	live_write(&l, "www/plain/no.sh", program);
	live_write(&l, "pass", program);
	/* open sesame */
	live_write(&l, "users", "ali:{SHA}W8r/fyL/UzygmbNAjq2HbA67qac=\n");
	chmod(live_path(&l, "users"), 0640);
	snprintf(path, sizeof path, "%s", live_path(&l, "pass"));
	cr_assert(chmod(path, 0755) == 0 && chmod(live_path(&l, "www/run/it.sh"), 0755) == 0);
	cr_assert(symlink("../plain/a.txt", live_path(&l, "www/wide/inside")) == 0 &&
	          symlink("/etc/hostname", live_path(&l, "www/wide/outside")) == 0 &&
	          symlink("/etc/hostname", live_path(&l, "www/plain/outside")) == 0);
	port = free_port();
	snprintf(config, sizeof config, site, port, path, port, port);
	live_start(&l, config);
}

static void close_site(void)
{
	live_close(&l);
}

TestSuite(explain, .init = open_site, .fini = close_site);

/* ---- the questions ------------------------------------------------------------------------------------- */

static const char *const targets[] = {
	"/",
	"/?q=1",
	"/index.html",
	"/page",
	"/none",
	"/plain",
	"/plain/",
	"/plain/a.txt",
	"/plain/a%2etxt",
	"/plain/B.TEXT",
	"/plain/noext",
	"/plain/noext/",
	"/plain/.hidden",
	"/plain/deep",
	"/plain/deep/",
	"/plain/deep/x.js",
	"/plain/exact",
	"/plain/exact?q=v%20w",
	"/plain/no.sh",
	"/plain/outside",
	"/plain/with%20space.txt",
	"/plain//a.txt",
	"/plain/../page",
	"/plain/a.txt/more",
	"/plain/a%2Ftxt",
	"/final/",
	"/final/a.txt",
	"/final/none",
	"/app/",
	"/app/app.css",
	"/app/route/3",
	"/named/x",
	"/closed/a.txt",
	"/inner/a.txt",
	"/moved/x?y=z",
	"/gone/",
	"/loop/x",
	"/once/",
	"/wide/",
	"/wide/?tar",
	"/wide/b.png",
	"/wide/.dot",
	"/wide/inside",
	"/wide/outside",
	"/secret/a.txt",
	"/empty/",
	"/empty/none/",
	"/a//b",
	"/%00",
	"/%zz",
	"/../up",
	"/made.html",
	"/run/it.sh",
	"/run/it.sh/path/info?x=1&y",
	"/program/",
	"/program/p%2Fq/r?s",
	"/404.html",
};

/* How each target is asked for: the method, and up to two further fields. */
static const struct asking {
	const char *method, *host, *fields[2];
} askings[] = {
	{ "GET", "one.test", { NULL } },
	{ "HEAD", "one.test", { "Accept: application/json", "Accept-Encoding: gzip" } },
	{ "GET", "one.test", { "Sec-Fetch-Mode: navigate", "Range: bytes=1-3" } },
	{ "POST", "one.test", { "Content-Length: 0" } },
	{ "GET", "a.two.test", { "If-None-Match: *" } },
	{ "GET",
	  "three.test",
	  { "If-Modified-Since: Thu, 02 Jan 2020 03:04:05 GMT", "Range: bytes=0-1" } },
	{ "DELETE", "unknown.test", { NULL } },
	{ "GET", "one.test", { "Authorization: Basic YWxpOm9wZW4gc2VzYW1l" } },
	{ "GET", "one.test", { "Authorization: Basic YWxpOndyb25n" } },
	{ "OPTIONS", "one.test", { NULL } },
};

/* ---- both answers -------------------------------------------------------------------------------------- */

/* The head without what differs from one second to the next. */
static void strip_head(const char *answer, const char *indent, char *out, size_t cap)
{
	size_t len = 0, skip = strlen(indent);

	out[0] = '\0';
	while (*answer) {
		size_t line = strcspn(answer, "\r\n");
		const char *text = answer + skip;

		if (line == 0 || strncmp(answer, indent, skip) != 0)
			break;
		if (strncmp(text, "Date:", 5) != 0 && strncmp(text, "Expires:", 8) != 0 &&
		    strncmp(text, "Connection:", 11) != 0)
			len += (size_t)snprintf(out + len, cap - len, "%.*s\n", (int)(line - skip),
			                        text);
		answer += line;
		answer += strspn(answer, "\r");
		answer += *answer == '\n';
	}
}

static const char *ask_server(const struct asking *a, const char *target)
{
	static char answer[LIVE_TEXT];
	char request[1024];
	size_t len = (size_t)snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: %s\r\n",
	                              a->method, target, a->host);

	for (size_t i = 0; i < 2 && a->fields[i]; i++)
		len += (size_t)snprintf(request + len, sizeof request - len, "%s\r\n",
		                        a->fields[i]);
	snprintf(request + len, sizeof request - len, "Connection: close\r\n\r\n");
	live_exchange(&l, request, answer, sizeof answer);
	return answer;
}

static const char *ask_explain(const struct asking *a, const char *target)
{
	const char *arguments[16] = { "--explain" };
	char question[512], host[128];
	size_t n = 2;

	snprintf(question, sizeof question, "%s http://127.0.0.1:%u%s", a->method, port, target);
	snprintf(host, sizeof host, "Host: %s", a->host);
	arguments[1] = question;
	arguments[n++] = "-H";
	arguments[n++] = host;
	for (size_t i = 0; i < 2 && a->fields[i]; i++) {
		arguments[n++] = "-H";
		arguments[n++] = a->fields[i];
	}
	arguments[n++] = "site.conf";
	cr_expect(eq(int, live_run(&l, arguments), 0), "%s: %s", question, live_read(&l, "stderr"));
	return live_read(&l, "stdout");
}

/* Every variable that --explain names is what the program found, but for those of the connection. */
static void compare_environment(const char *explained, const char *live)
{
	const char *at = strstr(explained, "\nenvironment ");

	for (at = at ? at + 1 : "";
	     strncmp(at, "environment ", 12) == 0 || strncmp(at, "            ", 12) == 0;
	     at += strcspn(at, "\n") + 1) {
		char line[512];

		snprintf(line, sizeof line, "\n%.*s", (int)strcspn(at, "\n") - 12, at + 12);
		if (strncmp(line, "\nREMOTE_PORT=", 13) != 0 && !strstr(line, "REQUEST_ID") &&
		    !strstr(line, "UNIQUE_ID") && !strstr(line, "HTTP_CONNECTION"))
			cr_expect(strstr(live, line) != NULL, "%s is not in\n%s", line, live);
	}
}

static bool compare(const struct asking *a, const char *target)
{
	const char *live = ask_server(a, target), *explained = ask_explain(a, target);
	const char *head = strstr(explained, "\n\n  HTTP/1.1 ");
	char told[4096], seen[4096];

	if (strstr(explained, "\nprogram ")) {
		cr_expect(strncmp(live, "HTTP/1.1 200 ", 13) == 0, "%s %s: %s", a->method, target,
		          live);
		if (strcmp(a->method, "HEAD") != 0)
			compare_environment(explained, live);
		return false;
	}
	cr_expect(head != NULL, "%s %s: no head in\n%s", a->method, target, explained);
	if (!head)
		return false;
	strip_head(head + 2, "  ", told, sizeof told);
	strip_head(live, "", seen, sizeof seen);
	cr_expect(eq(str, told, seen), "%s %s (%s)", a->method, target, a->host);
	return true;
}

Test(explain, agrees_with_the_server_about_several_hundred_requests)
{
	size_t count = 0, heads = 0;

	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
		for (size_t j = 0; j < sizeof askings / sizeof *askings; j++, count++)
			heads += compare(&askings[j], targets[i]);
	cr_expect(count > 500 && heads > 400, "%zu requests, %zu of them with a head", count,
	          heads);
}
