#include "handlers/cgi_env.h"

#include "server/vars.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

/* A request as far as the environment looks at it. */
struct bench {
	struct config config;
	struct config_dir dirs[2];
	struct server_conf server;
	struct str server_names[1];
	struct location location;
	struct request r;
	struct field fields[32];
	struct command command;
	struct cgi_param params[3];
};

static void bench_parse(struct bench *b, const char *text)
{
	const struct head_limits limits = { 8192, 32768, 32 };
	struct request *r = &b->r;
	struct refusal refusal;
	char *room;

	r->head = (struct head){ .fields = b->fields, .field_cap = 32 };
	cr_assert(head_parse(str_from(text), &limits, &r->head, &refusal) == PARSE_COMPLETE, "%s",
	          text);
	r->method = r->head.method;
	r->request_uri = r->head.target;
	room = arena_alloc(&r->arena, r->head.target.len + 1);
	cr_assert(target_parse(r->head.target, r->method, true, room, &r->target, &refusal) ==
	          PARSE_COMPLETE);
	cr_assert(host_decide(&r->head, &r->target, &r->host, &refusal) == PARSE_COMPLETE);
	cr_assert(framing_decide(&r->head, &r->framing, &refusal) == PARSE_COMPLETE);
}

/* The script is /srv/www/cgi/run.sh, and its URI /cgi/run.sh. */
static void bench_open(struct bench *b, const char *text)
{
	*b = (struct bench){ .dirs = { { STR("/srv/www"), false }, { STR("/opt"), false } } };
	b->config.dirs.items = b->dirs;
	b->config.dirs.len = 2;
	b->server_names[0] = STR_OF("first.example");
	b->server.names = (struct str_list){ b->server_names, 1 };
	b->location.server = &b->server;
	b->location.settings.server_tokens = true;
	arena_init(&b->r.arena, NULL);
	b->r.config = &b->config;
	b->r.server = &b->server;
	b->r.location = &b->location;
	bench_parse(b, text);
	b->r.decision = (struct decision){ .kind = DECIDE_CGI,
		                           .path = STR("cgi/run.sh"),
		                           .script_name = STR("/cgi/run.sh") };
	b->r.decision.path_info = str_from_index(b->r.target.path, b->r.decision.script_name.len);
}

static void bench_close(struct bench *b)
{
	arena_end(&b->r.arena);
}

/* The value of a variable in an environment, or NULL. */
static const char *value_of(const char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; *env; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

#define GET(target, fields) "GET " target " HTTP/1.1\r\nHost: h.example:81\r\n" fields "\r\n"

static const struct {
	const char *name, *request;
	int64_t length;
	const char *variable, *value; /* NULL: not set */
} rows[] = {
	{ "GATEWAY_INTERFACE is CGI/1.1 (RFC 3875 section 4.1.4)", GET("/cgi/run.sh", ""), -1,
	  "GATEWAY_INTERFACE", "CGI/1.1" },
	{ "without a body there is no CONTENT_LENGTH (section 4.1.2)", GET("/cgi/run.sh", ""), -1,
	  "CONTENT_LENGTH", NULL },
	{ "without a body there is no CONTENT_TYPE (section 4.1.3)",
	  GET("/cgi/run.sh", "Content-Type: text/plain\r\n"), -1, "CONTENT_TYPE", NULL },
	{ "CONTENT_LENGTH is the body's", GET("/cgi/run.sh", ""), 12345678901, "CONTENT_LENGTH",
	  "12345678901" },
	{ "an empty body has the length 0", GET("/cgi/run.sh", ""), 0, "CONTENT_LENGTH", "0" },
	{ "CONTENT_TYPE is the field's", GET("/cgi/run.sh", "Content-Type: text/plain\r\n"), 1,
	  "CONTENT_TYPE", "text/plain" },
	{ "Content-Type is no HTTP_ variable besides",
	  GET("/cgi/run.sh", "Content-Type: text/plain\r\n"), 1, "HTTP_CONTENT_TYPE", NULL },
	{ "PATH_INFO is what follows the script (section 4.1.5)", GET("/cgi/run.sh/a/b", ""), -1,
	  "PATH_INFO", "/a/b" },
	{ "PATH_INFO is decoded", GET("/cgi/run.sh/a%20b", ""), -1, "PATH_INFO", "/a b" },
	{ "an encoded slash is one in PATH_INFO", GET("/cgi/run.sh/a%2fb", ""), -1, "PATH_INFO",
	  "/a/b" },
	{ "without more there is no PATH_INFO", GET("/cgi/run.sh", ""), -1, "PATH_INFO", NULL },
	{ "PATH_TRANSLATED lies below the root (section 4.1.6)", GET("/cgi/run.sh/a", ""), -1,
	  "PATH_TRANSLATED", "/srv/www/a" },
	{ "without PATH_INFO there is no PATH_TRANSLATED", GET("/cgi/run.sh", ""), -1,
	  "PATH_TRANSLATED", NULL },
	{ "QUERY_STRING is as sent (section 4.1.7)", GET("/cgi/run.sh?a=%20&b", ""), -1,
	  "QUERY_STRING", "a=%20&b" },
	{ "QUERY_STRING is set where there is no query", GET("/cgi/run.sh", ""), -1, "QUERY_STRING",
	  "" },
	{ "REQUEST_METHOD is the method (section 4.1.12)", GET("/cgi/run.sh", ""), -1,
	  "REQUEST_METHOD", "GET" },
	{ "a method that nobody knows comes through",
	  "FROB /cgi/run.sh HTTP/1.1\r\nHost: h\r\n\r\n", -1, "REQUEST_METHOD", "FROB" },
	{ "SCRIPT_NAME is the script's URI (section 4.1.13)", GET("/cgi/run.sh/a", ""), -1,
	  "SCRIPT_NAME", "/cgi/run.sh" },
	{ "SCRIPT_FILENAME is the script's path", GET("/cgi/run.sh/a", ""), -1, "SCRIPT_FILENAME",
	  "/srv/www/cgi/run.sh" },
	{ "SERVER_NAME is the host without its port (section 4.1.14)", GET("/cgi/run.sh", ""), -1,
	  "SERVER_NAME", "h.example" },
	{ "SERVER_NAME without a host is the server's first name",
	  "GET /cgi/run.sh HTTP/1.0\r\n\r\n", -1, "SERVER_NAME", "first.example" },
	{ "SERVER_PROTOCOL is HTTP/1.1 (section 4.1.16)", GET("/cgi/run.sh", ""), -1,
	  "SERVER_PROTOCOL", "HTTP/1.1" },
	{ "SERVER_PROTOCOL is HTTP/1.0 for an old client", "GET /cgi/run.sh HTTP/1.0\r\n\r\n", -1,
	  "SERVER_PROTOCOL", "HTTP/1.0" },
	{ "DOCUMENT_ROOT is the location's root", GET("/cgi/run.sh", ""), -1, "DOCUMENT_ROOT",
	  "/srv/www" },
	{ "REQUEST_URI is as sent", GET("/cgi/run.sh/a%2fb?c", ""), -1, "REQUEST_URI",
	  "/cgi/run.sh/a%2fb?c" },
	{ "REQUEST_URI of an absolute-form target begins with its path",
	  GET("http://o.example/cgi/run.sh?c", ""), -1, "REQUEST_URI", "/cgi/run.sh?c" },
	{ "an absolute-form target's authority replaces Host (RFC 9112 section 3.2.2)",
	  GET("http://o.example/cgi/run.sh?c", ""), -1, "HTTP_HOST", "o.example" },
	{ "HTTP_HOST has the port", GET("/cgi/run.sh", ""), -1, "HTTP_HOST", "h.example:81" },
	{ "REDIRECT_STATUS is 200, as php-cgi wants it", GET("/cgi/run.sh", ""), -1,
	  "REDIRECT_STATUS", "200" },
	{ "PATH is a fixed one", GET("/cgi/run.sh", "Path: /evil\r\n"), -1, "PATH",
	  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
	{ "a field becomes HTTP_ and its name (section 4.1.18)",
	  GET("/cgi/run.sh", "X-One-2: v\r\n"), -1, "HTTP_X_ONE_2", "v" },
	{ "lines of one name are joined, in any case",
	  GET("/cgi/run.sh", "X-A: 1\r\nB: 9\r\nx-a: 2\r\n"), -1, "HTTP_X_A", "1, 2" },
	{ "cookies are joined as cookies are (RFC 6265 section 4.2.1)",
	  GET("/cgi/run.sh", "Cookie: a=1\r\nCookie: b=2\r\n"), -1, "HTTP_COOKIE", "a=1; b=2" },
	{ "a name with an underscore is not passed", GET("/cgi/run.sh", "X_A: 1\r\n"), -1,
	  "HTTP_X_A", NULL },
	{ "nor does it join the one that it imitates", GET("/cgi/run.sh", "X-A: 1\r\nX_A: 2\r\n"),
	  -1, "HTTP_X_A", "1" },
	{ "a name with a dot is not passed", GET("/cgi/run.sh", "X.A: 1\r\n"), -1, "HTTP_X.A",
	  NULL },
	{ "Proxy never becomes HTTP_PROXY", GET("/cgi/run.sh", "Proxy: evil\r\n"), -1, "HTTP_PROXY",
	  NULL },
	{ "Authorization is not passed", GET("/cgi/run.sh", "Authorization: Basic x\r\n"), -1,
	  "HTTP_AUTHORIZATION", NULL },
	{ "Proxy-Authorization is not passed",
	  GET("/cgi/run.sh", "Proxy-Authorization: Basic x\r\n"), -1, "HTTP_PROXY_AUTHORIZATION",
	  NULL },
	{ "Connection is not passed", GET("/cgi/run.sh", "Connection: close\r\n"), -1,
	  "HTTP_CONNECTION", NULL },
	{ "Transfer-Encoding is not passed", GET("/cgi/run.sh", "Transfer-Encoding: chunked\r\n"),
	  5, "HTTP_TRANSFER_ENCODING", NULL },
	{ "Content-Encoding is passed: git compresses its bodies",
	  GET("/cgi/run.sh", "Content-Encoding: gzip\r\n"), 5, "HTTP_CONTENT_ENCODING", "gzip" },
	{ "an empty value is set", GET("/cgi/run.sh", "X-Empty:\r\n"), -1, "HTTP_X_EMPTY", "" },
};

Test(cgi_env, sets_the_meta_variables)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bench b;
		const char *const *env;
		const char *value;

		bench_open(&b, rows[i].request);
		env = cgi_environment(&b.r, rows[i].length);
		cr_assert(env != NULL, "%s", rows[i].name);
		value = value_of(env, rows[i].variable);
		if (rows[i].value)
			cr_expect(value && strcmp(value, rows[i].value) == 0, "%s: %s=%s",
			          rows[i].name, rows[i].variable, value ? value : "(unset)");
		else
			cr_expect(value == NULL, "%s: %s=%s", rows[i].name, rows[i].variable,
			          value);
		bench_close(&b);
	}
}

Test(cgi_env, sets_no_variable_twice)
{
	struct bench b;
	const char *const *env;

	bench_open(&b, GET("/cgi/run.sh/x?y", "Host-Name: a\r\nA: 1\r\na: 2\r\nA: 3\r\n"));
	env = cgi_environment(&b.r, 5);
	for (size_t i = 0; env[i]; i++)
		for (size_t j = 0; j < i; j++) {
			size_t name = (size_t)(strchr(env[i], '=') - env[i]) + 1;

			cr_expect(strncmp(env[i], env[j], name) != 0, "%s", env[i]);
		}
	bench_close(&b);
}

static void param_set(struct bench *b, size_t i, const char *name, const char *value)
{
	struct str bad;

	b->params[i].name = str_from(name);
	cr_assert(template_parse(&b->r.arena, str_from(value), &vars_names, &b->params[i].value,
	                         &bad));
}

Test(cgi_env, lets_cgi_param_add_override_and_remove)
{
	struct bench b;
	const char *const *env;

	bench_open(&b, GET("/cgi/run.sh", "X-A: 1\r\n"));
	param_set(&b, 0, "ADDED", "uri $request_uri");
	param_set(&b, 1, "SERVER_SOFTWARE", "other");
	param_set(&b, 2, "HTTP_X_A", "");
	b.location.settings.cgi_params = (struct cgi_param_list){ b.params, 3 };
	env = cgi_environment(&b.r, -1);
	cr_assert(value_of(env, "ADDED") != NULL);
	cr_expect(eq(str, (char *)value_of(env, "ADDED"), "uri /cgi/run.sh"));
	cr_expect(eq(str, (char *)value_of(env, "SERVER_SOFTWARE"), "other"));
	cr_expect(value_of(env, "HTTP_X_A") == NULL);
	bench_close(&b);
}

static const struct {
	const char *name, *program, *script_filename;
} pass_rows[] = {
	{ "SCRIPT_FILENAME of a cgi_pass is the program", "/usr/lib/git-core/git-http-backend",
	  "/usr/lib/git-core/git-http-backend" },
	{ "php-cgi never gets itself as the script", "/usr/bin/php-cgi", "/srv/www/app/x.php" },
	{ "nor does a php of some version", "/usr/bin/php8.2-cgi", "/srv/www/app/x.php" },
};

Test(cgi_env, names_the_program_of_a_cgi_pass)
{
	for (size_t i = 0; i < sizeof pass_rows / sizeof *pass_rows; i++) {
		struct bench b;
		const char *const *env;

		bench_open(&b, GET("/app/x.php", ""));
		b.command.program = str_from(pass_rows[i].program);
		b.r.decision = (struct decision){ .kind = DECIDE_CGI,
			                          .command = &b.command,
			                          .is_whole_location = true,
			                          .script_name = STR("/app"),
			                          .path_info = STR("/x.php") };
		env = cgi_environment(&b.r, -1);
		cr_expect(eq(str, (char *)value_of(env, "SCRIPT_FILENAME"),
		             (char *)pass_rows[i].script_filename),
		          "%s", pass_rows[i].name);
		bench_close(&b);
	}
}

#define POST(fields) "POST /cgi/run.sh HTTP/1.1\r\nHost: h\r\n" fields "\r\n"

static const struct {
	const char *name, *request;
	bool has_body;
} body_rows[] = {
	{ "a Content-Length means a body", POST("Content-Length: 5\r\n"), true },
	{ "so does one of 0", POST("Content-Length: 0\r\n"), true },
	{ "chunks mean a body", POST("Transfer-Encoding: chunked\r\n"), true },
	{ "neither means none", POST(""), false },
};

Test(cgi_env, gives_the_body_to_one_program_only)
{
	for (size_t i = 0; i < sizeof body_rows / sizeof *body_rows; i++) {
		struct bench b;
		bool want = body_rows[i].has_body;

		bench_open(&b, body_rows[i].request);
		cr_expect(cgi_has_body(&b.r) == want, "%s", body_rows[i].name);
		b.r.error_status = 404;
		cr_expect(not(cgi_has_body(&b.r)), "%s, but not for an error page",
		          body_rows[i].name);
		b.r.error_status = 0;
		b.r.method = METHOD_GET;
		cr_expect(not(cgi_has_body(&b.r)), "%s, but not after a redirect",
		          body_rows[i].name);
		b.r.method = METHOD_POST;
		b.r.sink = &sink_discard;
		cr_expect(not(cgi_has_body(&b.r)), "%s, but not where another has it",
		          body_rows[i].name);
		bench_close(&b);
	}
}
