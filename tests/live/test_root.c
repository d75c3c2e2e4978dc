/* --root: a directory served without a configuration. */

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct live l;
static char answer[LIVE_TEXT];

static void open_root(void)
{
	live_open(&l);
	live_write(&l, "www/file.txt", "hello\n");
}

static void close_root(void)
{
	live_close(&l);
}

TestSuite(live_root, .init = open_root, .fini = close_root);

#define START(...) \
	live_start_with(&l, (const char *const[]){ "--listen", "127.0.0.1:0", __VA_ARGS__, NULL })

/* Sends a request whose head has this Host and these fields, and a body. The status; the whole answer is in `answer`. */
static int ask_as(const char *host, const char *line, const char *fields, const char *body)
{
	char request[2000];
	int status = 0;

	snprintf(request, sizeof request,
	         "%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n%s",
	         line, host, strlen(body), fields, body);
	live_exchange(&l, request, answer, sizeof answer);
	sscanf(answer, "HTTP/1.1 %d ", &status);
	return status;
}

static int ask(const char *line, const char *body)
{
	return ask_as("localhost", line, "", body);
}

static bool answer_has(const char *text)
{
	return strstr(answer, text) != NULL;
}

/* ---- what is served ------------------------------------------------------------------------------------- */

Test(live_root, a_directory_is_listed_read_and_taken_as_a_whole)
{
	START("--root", "www");
	cr_expect(eq(int, ask("GET /", ""), 200));
	cr_expect(answer_has("file.txt"));
	cr_expect(eq(int, ask("GET /file.txt", ""), 200));
	cr_expect(answer_has("\r\n\r\nhello\n"));
	cr_expect(eq(int, ask("GET /?tar", ""), 200));
	cr_expect(answer_has("application/x-tar") || answer_has("application/tar"), "%s", answer);
	cr_expect(eq(int, ask("GET /none", ""), 404));
	/* Without --upload there is nothing to write to. */
	cr_expect(eq(int, ask("PUT /new.txt", "x"), 405));
	cr_expect(eq(int, ask("POST /", "x"), 405));
	cr_expect(eq(int, ask("DELETE /file.txt", ""), 405));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_matches("listening on http://127.0.0.1:~/\n^\"GET / HTTP/1.1\" 200 ^",
	                       live_read(&l, "stdout")),
	          "%s", live_read(&l, "stdout"));
	cr_expect(strstr(live_read(&l, "stdout"), "\033") == NULL, "a file has no colours");
	cr_expect(live_is_gone(&l));
}

Test(live_root, uploads_are_taken_and_nothing_is_overwritten_or_deleted)
{
	START("--root", "www", "--upload");
	cr_expect(eq(int, ask("PUT /new.txt", "new"), 201));
	cr_expect(eq(str, (char *)live_read(&l, "www/new.txt"), "new"));
	cr_expect(eq(int, ask("PUT /new.txt", "other"), 409));
	cr_expect(eq(int, ask("PUT /file.txt", "other"), 409));
	cr_expect(eq(int,
	             ask_as("localhost", "POST /",
	                    "Content-Type: multipart/form-data; boundary=b\r\n",
	                    "--b\r\nContent-Disposition: form-data; name=f; "
	                    "filename=form.txt\r\n\r\nform\r\n--b--\r\n"),
	             201));
	cr_expect(eq(str, (char *)live_read(&l, "www/form.txt"), "form"));
	cr_expect(eq(int, ask("DELETE /new.txt", ""), 405));
	cr_expect(not(answer_has("DELETE\r\n")), "Allow does not name it: %s", answer);
	cr_expect(eq(str, (char *)live_read(&l, "www/new.txt"), "new"));
	cr_expect(eq(str, (char *)live_read(&l, "www/file.txt"), "hello\n"));
	/* A page elsewhere may not use the browser of somebody who sits here. */
	cr_expect(eq(int,
	             ask_as("localhost", "PUT /evil.txt", "Origin: http://evil.example\r\n", "x"),
	             403));
	cr_expect(strstr(live_read(&l, "stderr"), "PUT and DELETE are open") == NULL,
	          "it was asked for: %s", live_read(&l, "stderr"));
}

Test(live_root, an_application_gets_its_pages)
{
	live_write(&l, "www/index.html", "the app\n");
	START("--root", "www", "--spa");
	cr_expect(eq(int, ask_as("localhost", "GET /a/page", "Accept: text/html\r\n", ""), 200));
	cr_expect(answer_has("the app\n"));
	cr_expect(eq(int, ask_as("localhost", "GET /a/missing.js", "Accept: */*\r\n", ""), 404));
	cr_expect(eq(int, ask("GET /file.txt", ""), 200));
	cr_expect(answer_has("hello\n"));
}

/* ---- who is let in --------------------------------------------------------------------------------------- */

/* "ann:se:cret" and "ann:wrong". */
#define RIGHT "Authorization: Basic YW5uOnNlOmNyZXQ=\r\n"
#define WRONG "Authorization: Basic YW5uOndyb25n\r\n"

Test(live_root, a_password_is_asked_for_everything)
{
	START("--root", "www", "--upload", "--auth", "ann:se:cret");
	cr_expect(eq(int, ask("GET /file.txt", ""), 401));
	cr_expect(answer_has("WWW-Authenticate: Basic "));
	cr_expect(eq(int, ask("PUT /new.txt", "x"), 401));
	cr_expect(eq(int, ask("GET /none", ""), 401));
	cr_expect(eq(int, ask_as("localhost", "GET /file.txt", WRONG, ""), 401));
	cr_expect(eq(int, ask_as("localhost", "GET /file.txt", RIGHT, ""), 200));
	cr_expect(answer_has("hello\n"));
	cr_expect(eq(int, ask_as("localhost", "PUT /new.txt", RIGHT, "x"), 201));
	/* A new generation reads the same password again. */
	kill(l.pid, SIGHUP);
	cr_assert(gt(int, live_await(&l, "stderr", "generation 2 serves"), 0));
	cr_expect(eq(int, ask("GET /file.txt", ""), 401));
	cr_expect(eq(int, ask_as("localhost", "GET /file.txt", RIGHT, ""), 200));
	/* So does a verifier that takes the place of another one. */
	kill(live_find(&l, "webserv-verify"), SIGKILL);
	cr_assert(gt(int, live_await(&l, "stderr", "it is started again"), 0));
	for (int i = 0; i < 100 && ask_as("localhost", "GET /", WRONG, "") != 401; i++)
		usleep(50000);
	cr_expect(eq(int, ask_as("localhost", "GET /file.txt", RIGHT, ""), 200));
}

/* Whether what the process has in this part of its memory ("[stack]", "[heap]") holds the text. */
static bool memory_has(pid_t pid, const char *part, const char *text)
{
	static char piece[1 << 20];
	unsigned long from, to;
	char path[64], line[256];
	bool found = false;
	FILE *maps;
	int mem;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(maps != NULL && mem >= 0);
	while (fgets(line, sizeof line, maps)) {
		if (!strstr(line, part) || sscanf(line, "%lx-%lx", &from, &to) != 2)
			continue;
		for (; from < to; from += sizeof piece / 2) {
			size_t want = to - from < sizeof piece ? to - from : sizeof piece;
			ssize_t n = pread(mem, piece, want, (off_t)from);

			found |= n > 0 && memmem(piece, (size_t)n, text, strlen(text));
		}
	}
	fclose(maps);
	close(mem);
	return found;
}

Test(live_root, the_password_is_seen_nowhere)
{
	static const char *const dump[] = { "-T",     "--root",           "www",
		                            "--auth", "ann:plain-secret", NULL };
	char path[64], line[4096];
	FILE *file;
	size_t n;

	START("--root", "www", "--auth=ann:plain-secret");
	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)l.pid);
	file = fopen(path, "re");
	cr_assert(file != NULL);
	n = fread(line, 1, sizeof line, file);
	fclose(file);
	cr_expect(memmem(line, n, "--auth=ann:", 11) != NULL, "what is no secret stays");
	cr_expect(memmem(line, n, "plain-secret", 12) == NULL);
	cr_expect(not(memory_has(l.pid, "[stack]", "plain-secret")));
	cr_expect(not(memory_has(l.pid, "[heap]", "plain-secret")));
	cr_expect(eq(int, live_run(&l, dump), 0));
	cr_expect(strstr(live_read(&l, "stdout"), "auth_basic webserv;") != NULL);
	cr_expect(strstr(live_read(&l, "stdout"), "secret") == NULL);
	cr_expect(strstr(live_read(&l, "stdout"), "$6$") == NULL, "nor is its hash");
	cr_expect(strstr(live_read(&l, "stderr"), "secret") == NULL);
}

static const struct {
	const char *host;
	int status;
} hosts[] = {
	{ "localhost", 200 },
	{ "LOCALHOST:1234", 200 },
	{ "localhost.", 200 },
	{ "127.0.0.1", 200 },
	{ "127.200.3.4:80", 200 },
	{ "[::1]", 200 },
	{ "[::1]:8080", 200 },
	{ "evil.example", 421 },
	{ "127.0.0.1.evil.example", 421 },
	{ "127.evil.example:8080", 421 },
	{ "localhost.evil.example", 421 },
	{ "192.0.2.1", 421 },
	{ "[::2]", 421 },
	{ "0.0.0.0", 421 },
	{ "", 421 },
};

Test(live_root, on_a_loopback_address_the_host_is_one)
{
	START("--root", "www", "--upload");
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		cr_expect(eq(int, ask_as(hosts[i].host, "GET /file.txt", "", ""), hosts[i].status),
		          "'%s'", hosts[i].host);
		cr_expect(eq(int, answer_has("DNS rebinding"), hosts[i].status == 421),
		          "it says why");
	}
	cr_expect(eq(int, ask_as("evil.example", "PUT /evil.txt", "", "x"), 421));
	/* The target's own host wins over the field. */
	cr_expect(eq(int, ask("GET http://evil.example/file.txt", ""), 421));
}

Test(live_root, on_another_address_any_host_is_let_in)
{
	live_start_with(&l,
	                (const char *const[]){ "--root", "www", "--listen", "0.0.0.0:0", NULL });
	cr_expect(eq(int, ask_as("evil.example", "GET /file.txt", "", ""), 200));
	cr_expect(gt(int, live_await(&l, "stdout", "this machine\n"), 0), "every URL is said");
	cr_expect(live_matches(
	                  "listening on http://0.0.0.0:~/\n^  http://127.0.0.1:~/~this machine\n^",
	                  live_read(&l, "stdout")),
	          "%s", live_read(&l, "stdout"));
	cr_expect(strstr(live_read(&l, "stdout"), "\u2588") == NULL, "no code in a file");
}

/* ---- odd names ------------------------------------------------------------------------------------------- */

Test(live_root, a_directory_may_have_any_name)
{
	static const char *const names[] = { "two words", "a\"b'c",    "$host", "a;b",
		                             "{a}",       "back\\s\\", "#hash", "-dash",
		                             "line\nend", "\x01\xff",  "~",     "spa:" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char file[64];

		cr_assert(eq(int, mkdir(live_path(&l, names[i]), 0755), 0));
		snprintf(file, sizeof file, "%s/in.txt", names[i]);
		live_write(&l, file, names[i]);
		START("--upload", "--root", names[i]);
		cr_expect(eq(int, ask("GET /in.txt", ""), 200), "%s", names[i]);
		cr_expect(answer_has(names[i]), "%s", names[i]);
		cr_expect(eq(int, ask("PUT /put.txt", "x"), 201), "%s", names[i]);
		snprintf(file, sizeof file, "%s/put.txt", names[i]);
		cr_expect(eq(str, (char *)live_read(&l, file), "x"), "%s", names[i]);
		cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	}
}

/* ---- checking and refusing --------------------------------------------------------------------------------- */

Test(live_root, it_can_be_checked_shown_and_explained)
{
	cr_expect(eq(int, live_run(&l, (const char *const[]){ "-t", "--root", "www", NULL }), 0));
	cr_expect(eq(str, (char *)live_read(&l, "stdout"), "--root: ok\n  read --root\n"));
	cr_expect(eq(int,
	             live_run(&l, (const char *const[]){ "-T", "--root", "www", "--upload", "--spa",
	                                                 NULL }),
	             0));
	/* What -T prints serves the same. */
	live_write(&l, "site.conf", live_read(&l, "stdout"));
	cr_expect(strstr(live_read(&l, "site.conf"), "methods GET HEAD POST PUT;") != NULL ||
	          strstr(live_read(&l, "site.conf"), "methods GET POST PUT;") != NULL);
	cr_expect(eq(int, live_run(&l, (const char *const[]){ "-t", "site.conf", NULL }), 0));
	cr_expect(eq(int,
	             live_run(&l, (const char *const[]){ "--root", "www", "--explain",
	                                                 "GET http://evil.example:8080/", NULL }),
	             0));
	cr_expect(strstr(live_read(&l, "stdout"), "421") != NULL);
}

static const struct {
	const char *arguments[6];
	const char *message; /* a part of it */
} misuses[] = {
	{ { "--root", "none" }, "'none' can't be served: No such file or directory" },
	{ { "--root", "www/file.txt" }, "is no directory" },
	{ { "--root", "" }, "--root needs the name of a directory" },
	{ { "--root", "www", "--listen", "nowhere:80" },
	  "'nowhere:80' is no address to listen on" },
	{ { "--root", "www", "--listen", "127.0.0.1:99999" }, "is no address to listen on" },
	{ { "--root", "www", "--listen", "unix:x.sock" }, "a Unix socket needs its whole path" },
	{ { "--root", "www", "--auth", "ann" }, "with a colon between the two" },
	{ { "--root", "www", "--auth", ":x" }, "USER is 1 to 255 bytes" },
	{ { "--root", "www", "--auth", "#ann:x" }, "does not begin with #" },
	{ { "--root", "www", "--auth", "ann:" }, "PASSWORD is 1 to 511 bytes" },
	{ { "--root", "www", "--auth", "ann:a\nb" }, "no control characters" },
	{ { "--root", "www", "site.conf" }, "leave one of the two out" },
	{ { "--upload" }, "--upload goes with --root DIR" },
	{ { "-D", "--root", "www" }, "stays in the foreground" },
};

Test(live_root, what_makes_no_sense_is_refused_with_what_to_do)
{
	for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
		cr_expect(eq(int, live_run(&l, misuses[i].arguments), 2), "%s", misuses[i].message);
		cr_expect(strncmp(live_read(&l, "stderr"), "webserv: ", 9) == 0);
		cr_expect(strstr(live_read(&l, "stderr"), misuses[i].message) != NULL, "%s in %s",
		          misuses[i].message, live_read(&l, "stderr"));
		cr_expect(eq(str, (char *)live_read(&l, "stdout"), ""));
	}
}

/* ---- on a terminal --------------------------------------------------------------------------------------- */

/* What has come from the terminal so far, "\r\n" as it is, until the text is among it. */
static bool terminal_shows(int master, char *seen, size_t cap, const char *text)
{
	size_t len = strlen(seen);
	struct pollfd ready = { .fd = master, .events = POLLIN };

	while (!strstr(seen, text) && len + 1 < cap && poll(&ready, 1, LIVE_PATIENCE) == 1) {
		ssize_t n = read(master, seen + len, cap - 1 - len);

		if (n <= 0)
			break;
		len += (size_t)n;
		seen[len] = '\0';
	}
	return strstr(seen, text) != NULL;
}

/* Starts the server with a terminal as its stdout, in this environment; the terminal's other end. */
static int start_on_terminal(const char *locale, const char *no_color)
{
	const char *binary = getenv("WEBSERV");
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	char whole[PATH_MAX], log[PATH_MAX];

	cr_assert(realpath(binary ? binary : "./webserv", whole) != NULL);
	cr_assert(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	snprintf(log, sizeof log, "%s", live_path(&l, "stderr"));
	l.pid = fork();
	cr_assert(ge(int, l.pid, 0));
	if (l.pid > 0)
		return master;
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	slave = open(ptsname(master), O_RDWR);
	dup2(slave, STDOUT_FILENO);
	dup2(open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644), STDERR_FILENO);
	unsetenv("LC_CTYPE");
	setenv("LC_ALL", "", 1);
	setenv("LANG", locale, 1);
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", no_color, 1);
	if (chdir(l.dir) == 0)
		execl(whole, "webserv", "--root", "www", "--listen", "0.0.0.0:0", NULL);
	_exit(127);
}

static void take_port(const char *seen)
{
	static const char before[] = "listening on http://0.0.0.0:";
	const char *at = strstr(seen, before);

	cr_assert(at != NULL, "%s", seen);
	l.ports[0] = (uint16_t)atoi(at + strlen(before));
	l.port_count = 1;
}

Test(live_root, on_a_terminal_the_log_has_colours_and_the_url_a_code)
{
	static const struct {
		const char *locale, *no_color;
		bool code, colours;
	} rows[] = {
		{ "C.UTF-8", "", true, true },
		{ "C", "", false, true },
		{ "en_US.utf8", "1", true, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char seen[32768] = "";
		int master = start_on_terminal(rows[i].locale, rows[i].no_color);
		bool elsewhere;

		cr_expect(terminal_shows(master, seen, sizeof seen, "this machine"));
		take_port(seen);
		cr_expect(eq(int, ask("GET /file.txt", ""), 200));
		cr_expect(terminal_shows(master, seen, sizeof seen, "/file.txt"));
		cr_expect(terminal_shows(master, seen, sizeof seen, "200"));
		cr_expect(eq(int, strstr(seen, "\033[32m200\033[0m GET /file.txt") != NULL,
		             rows[i].colours),
		          "%s", seen);
		/* A machine without a network has no other URL to draw. */
		elsewhere = strstr(strstr(seen, "this machine") + 1, "  http://") != NULL;
		cr_expect(eq(int, strstr(seen, "\u2580\u2580\u2580") != NULL,
		             elsewhere && rows[i].code),
		          "%s", seen);
		cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
		close(master);
	}
}
