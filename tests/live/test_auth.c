/* Passwords: the verifier, its files, its death, and that it is in nobody's way. */

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct live l;

/* Of the word "secret", as htpasswd and crypt(3) write them. */
#define BCRYPT_12 "$2b$12$OELWLZFMXTonb8iN2worP.oh5BNEKqa8SJHE7.2b0K7D1vUtOI3d2"
#define BCRYPT_5  "$2y$05$ZDS4OH0tE/Yb0wgaDsYZ0.fpDuPFCWaYO1p2ulFoYIOrRw0Qm6DPG"

static const char users[] = "sha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"
                            "md5:$1$saltsalt$9xy1btjgzLYfb7hivXtC//\n"
                            "b5:" BCRYPT_5 "\n"
                            "sha256:$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA\n"
                            "yes:$y$j75$saltsalt$0gBD67sgmJgRX3RZ6wHHO7sHimQEWGCWN85o4Twogh2\n";

static void open_auth(void)
{
	live_open(&l);
	live_write(&l, "www/index.html", "hello\n");
	live_write(&l, "pw", users);
	live_write(&l, "strong", "anna:" BCRYPT_12 "\n");
}

static void close_auth(void)
{
	live_close(&l);
}

TestSuite(live_auth, .init = open_auth, .fini = close_auth);

#define SITE(more)                                                                         \
	"error_log error.log info; worker_processes 2; root www; auth_basic_user_file pw;" \
	"server { listen 127.0.0.1:0; " more                                               \
	" location / { auth_basic r; return 200 \"[$remote_user]\"; }"                     \
	" location = /open { alias www/index.html; }"                                      \
	" location = /strong { auth_basic s; auth_basic_user_file strong; return 200 in; } }"

/* ---- a client that has a password -------------------------------------------------------------------- */

/* "user:password" in Base64. */
static void encode(const char *text, char *out)
{
	static const char digits[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i += 3) {
		unsigned n = (unsigned)(unsigned char)text[i] << 16;

		n |= i + 1 < len ? (unsigned)(unsigned char)text[i + 1] << 8 : 0;
		n |= i + 2 < len ? (unsigned)(unsigned char)text[i + 2] : 0;
		for (unsigned k = 0; k < 4; k++)
			*out++ = i + k > len ? '=' : digits[n >> (18 - 6 * k) & 63];
	}
	*out = '\0';
}

static int send_as(const char *path, const char *who)
{
	char code[200], request[400];
	int fd = live_connect(&l, 0);

	cr_assert(ge(int, fd, 0));
	encode(who, code);
	snprintf(request, sizeof request,
	         "GET %s HTTP/1.1\r\nHost: h\r\nAuthorization: Basic %s\r\nConnection: "
	         "close\r\n\r\n",
	         path, code);
	live_send(fd, request, strlen(request));
	return fd;
}

/* The status of the answer; 0: none. */
static int status_of(int fd, const char *body)
{
	static char answer[LIVE_TEXT];
	int status = 0;

	live_receive(fd, answer, sizeof answer, LIVE_PATIENCE);
	close(fd);
	sscanf(answer, "HTTP/1.1 %d ", &status);
	if (body && status == 200)
		cr_expect(strstr(answer, body) != NULL, "no '%s' in %s", body, answer);
	return status;
}

static int get_as(const char *path, const char *who)
{
	return status_of(send_as(path, who), NULL);
}

/* Whether it is answered so, now or within the patience. */
static bool becomes(const char *path, const char *who, int status)
{
	for (int waited = 0; waited < LIVE_PATIENCE; waited += 100) {
		if (get_as(path, who) == status)
			return true;
		usleep(100000);
	}
	return false;
}

/* ---- who is let in -------------------------------------------------------------------------------------- */

static void expect_users(void)
{
	static const struct {
		const char *who, *body;
		int status;
	} rows[] = {
		{ "sha:secret", "[sha]", 200 }, { "md5:secret", "[md5]", 200 },
		{ "b5:secret", "[b5]", 200 },   { "sha256:secret", "[sha256]", 200 },
		{ "yes:secret", "[yes]", 200 }, { "sha:Secret", NULL, 401 },
		{ "md5:", NULL, 401 },          { "b5:secret2", NULL, 401 },
		{ "nobody:secret", NULL, 401 }, { ":secret", NULL, 401 },
		{ "yes:secret", "[yes]", 200 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect(
		        eq(int, status_of(send_as("/", rows[i].who), rows[i].body), rows[i].status),
		        "%s", rows[i].who);
	cr_expect(live_gets(&l, "/open", "hello\n"));
}

Test(live_auth, users_of_every_kind_are_let_in)
{
	live_start(&l, SITE(""));
	cr_expect(gt(int, (int)live_find(&l, "webserv-verify"), 0));
	expect_users();
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_is_gone(&l));
}

Test(live_auth, without_a_supervisor_too)
{
	live_start(&l, "master_process off; error_log error.log info; root www;"
	               "auth_basic_user_file pw; server { listen 127.0.0.1:0;"
	               " location / { auth_basic r; return 200 \"[$remote_user]\"; }"
	               " location = /open { alias www/index.html; } }");
	expect_users();
	kill(live_find(&l, "webserv-verify"), SIGKILL);
	cr_expect(becomes("/", "sha:other", 503), "nobody starts another one");
	cr_expect(live_gets(&l, "/open", "hello\n"));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_is_gone(&l));
}

Test(live_auth, there_is_no_verifier_where_nobody_needs_one)
{
	live_start(&l, "server { listen 127.0.0.1:0; root www; }");
	cr_expect(eq(int, (int)live_find(&l, "webserv-verify"), 0));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

Test(live_auth, a_program_hears_the_name_and_not_the_password)
{
	live_write(&l, "www/env.sh",
	           "#!/bin/sh\necho Content-Type: text/plain\necho\nenv | sort\n");
	chmod(live_path(&l, "www/env.sh"), 0755);
	live_start(&l, SITE("location = /env.sh { auth_basic p; cgi .sh; }"));
	cr_expect(eq(int, status_of(send_as("/env.sh", "b5:secret"), "\nREMOTE_USER=b5\n"), 200));
	cr_expect(eq(int, status_of(send_as("/env.sh", "b5:secret"), "AUTH_TYPE=Basic\n"), 200));
	for (int i = 0; i < 2; i++) {
		char answer[LIVE_TEXT];
		int fd = send_as("/env.sh", "b5:secret");

		live_receive(fd, answer, sizeof answer, LIVE_PATIENCE);
		close(fd);
		cr_expect(strstr(answer, "AUTHORIZATION") == NULL);
	}
}

/* ---- files that change -------------------------------------------------------------------------------------- */

Test(live_auth, a_changed_file_counts_without_a_reload)
{
	char edited[300];

	live_start(&l, SITE(""));
	cr_expect(eq(int, get_as("/", "sha:secret"), 200));
	cr_expect(eq(int, get_as("/", "new:secret"), 401));
	live_write(&l, "pw", "new:" BCRYPT_5 "\n");
	cr_expect(becomes("/", "new:secret", 200), "who was added is let in");
	cr_expect(becomes("/", "sha:secret", 401), "who was let in before is not any more");
	/* As an editor does it: a new file under the old name. */
	live_write(&l, "pw.new", "late:" BCRYPT_5 "\nplain:secret\n");
	snprintf(edited, sizeof edited, "%s", live_path(&l, "pw.new"));
	cr_assert(eq(int, rename(edited, live_path(&l, "pw")), 0));
	cr_expect(becomes("/", "late:secret", 200));
	cr_expect(becomes("/", "new:secret", 401));
	cr_expect(eq(int, get_as("/", "plain:secret"), 401), "plain text lets nobody in");
	cr_expect(gt(int, live_await(&l, "error.log", ":2: the password is stored in plain text"),
	             0));
	cr_expect(strstr(live_read(&l, "error.log"), "plain:") == NULL, "no line is logged");
	unlink(live_path(&l, "pw"));
	cr_expect(becomes("/", "late:secret", 503), "without a file nobody is let in");
	cr_expect(gt(int, live_await(&l, "error.log", "can't be read, nobody it guards"), 0));
	live_write(&l, "pw", users);
	cr_expect(becomes("/", "sha:secret", 200));
}

Test(live_auth, a_reload_brings_another_file)
{
	live_start(&l, SITE(""));
	cr_expect(eq(int, get_as("/", "sha:secret"), 200));
	live_write(&l, "other", "only:" BCRYPT_5 "\n");
	live_write(&l, "site.conf",
	           "error_log error.log info; root www; server { listen 127.0.0.1:0;"
	           " auth_basic r; auth_basic_user_file other;"
	           " location / { return 200 in; } }");
	kill(l.pid, SIGHUP);
	cr_expect(gt(int, live_await(&l, "error.log", "generation 2 serves"), 0));
	cr_expect(becomes("/", "only:secret", 200));
	cr_expect(eq(int, get_as("/", "sha:secret"), 401));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_is_gone(&l));
}

/* ---- deaths --------------------------------------------------------------------------------------------------- */

Test(live_auth, a_killed_verifier_is_started_again_and_asked_again)
{
	pid_t before;
	int waiting;

	live_start(&l, SITE(""));
	before = live_find(&l, "webserv-verify");
	kill(before, SIGSTOP);
	waiting = send_as("/", "b5:secret");
	usleep(200000);
	kill(before, SIGKILL);
	cr_expect(eq(int, status_of(waiting, "[b5]"), 200), "who waited is answered");
	cr_expect(ne(int, (int)live_find(&l, "webserv-verify"), (int)before));
	cr_expect(gt(int, live_await(&l, "error.log", "the verifier (process"), 0));
	for (int i = 0; i < 4; i++)
		cr_expect(eq(int, get_as("/", "md5:secret"), 200), "by either worker");
}

Test(live_auth, a_killed_worker_gets_a_link_of_its_own)
{
	live_start(&l, "error_log error.log info; root www; auth_basic_user_file pw;"
	               "server { listen 127.0.0.1:0;"
	               " location / { auth_basic r; return 200 in; } }");
	cr_expect(eq(int, get_as("/", "sha:secret"), 200));
	kill(live_find(&l, "webserv-worker"), SIGKILL);
	cr_expect(becomes("/", "md5:secret", 200));
	cr_expect(becomes("/", "md5:wrong", 401));
}

Test(live_auth, a_stop_does_not_wait_for_a_long_check)
{
	int fd;

	live_start(&l, "error_log error.log info; shutdown_timeout 1s; root www;"
	               "server { listen 127.0.0.1:0; auth_basic s; auth_basic_user_file strong; }");
	kill(live_find(&l, "webserv-verify"), SIGSTOP);
	fd = send_as("/", "anna:wrong");
	usleep(100000);
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_is_gone(&l));
	close(fd);
}

/* ---- in nobody's way ---------------------------------------------------------------------------------------- */

enum { WRONG_AT_ONCE = 20, STATIC_REQUESTS = 750, STATIC_GAP_US = 2000, STATIC_BOUND_MS = 150 };

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare_times(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The 99th percentile of so many requests at 500 a second, ms from when each was due. */
static double static_p99(void)
{
	static const char request[] = "GET /open HTTP/1.1\r\nHost: h\r\n\r\n";
	static double times[STATIC_REQUESTS];
	char answer[2048];
	int fd = live_connect(&l, 0);
	double begin = now_ms();

	for (int i = 0; i < STATIC_REQUESTS; i++) {
		double due = begin + i * (STATIC_GAP_US / 1e3), early = due - now_ms();
		ssize_t n;

		if (early > 0)
			usleep((useconds_t)(early * 1e3));
		live_send(fd, request, sizeof request - 1);
		n = read(fd, answer, sizeof answer);
		cr_assert(gt(long, (long)n, 0));
		times[i] = now_ms() - due;
	}
	close(fd);
	qsort(times, STATIC_REQUESTS, sizeof *times, compare_times);
	return times[STATIC_REQUESTS * 99 / 100];
}

Test(live_auth, wrong_passwords_do_not_slow_down_files)
{
	int waiting[WRONG_AT_ONCE];
	double p99;

	live_start(&l, "error_log error.log info; keepalive_requests 10000; root www;"
	               "server { listen 127.0.0.1:0; location = /open { alias www/index.html; }"
	               " location / { auth_basic s; auth_basic_user_file strong; } }");
	for (int i = 0; i < WRONG_AT_ONCE; i++) {
		char who[40];

		snprintf(who, sizeof who, "anna:wrong%d", i);
		waiting[i] = send_as("/", who);
	}
	p99 = static_p99();
	cr_expect(lt(dbl, p99, STATIC_BOUND_MS), "the 99th percentile is %.1f ms", p99);
	cr_expect(eq(int, status_of(waiting[0], NULL), 401));
	for (int i = 1; i < WRONG_AT_ONCE; i++)
		close(waiting[i]);
}
