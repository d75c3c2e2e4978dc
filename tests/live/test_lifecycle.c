/* What signals and deaths do to a server that is serving. */

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	LARGE = 8 << 20, /* bytes of the download: more than the sockets hold */
	SHORT_MS = 200
};

#define SITE                                               \
	"error_log error.log info; shutdown_timeout 20s; " \
	"server { listen 127.0.0.1:0; access_log access.log; "

static struct live l;

static void open_live(void)
{
	char path[200];
	int fd;

	live_open(&l);
	live_write(&l, "www/index.html", "hello\n");
	snprintf(path, sizeof path, "%s", live_path(&l, "www/large"));
	fd = creat(path, 0644);
	cr_assert(eq(int, ftruncate(fd, LARGE), 0));
	close(fd);
}

static void close_live(void)
{
	live_close(&l);
}

TestSuite(lifecycle, .init = open_live, .fini = close_live);

static void sleep_ms(int ms)
{
	usleep((useconds_t)ms * 1000);
}

/* ---- downloads that are slow ------------------------------------------------------------------------- */

Test(lifecycle, term_lets_a_slow_download_finish)
{
	int fd;

	live_start(&l, SITE "}");
	fd = live_begin_download(&l, "/large");
	kill(l.pid, SIGTERM);
	sleep_ms(SHORT_MS);
	cr_expect(eq(int, live_connect(&l, 0), -1), "nobody new is let in");
	cr_expect(eq(int, live_wait(&l, 0), -1), "it waits for us");
	cr_expect(gt(sz, live_end_download(fd), (size_t)LARGE));
	cr_expect(eq(int, live_wait(&l, LIVE_PATIENCE), 0));
	cr_expect(live_is_gone(&l));
}

Test(lifecycle, term_ends_what_is_left_after_shutdown_timeout)
{
	int fd;

	live_start(&l,
	           "error_log error.log; shutdown_timeout 300ms; server { listen 127.0.0.1:0; }");
	fd = live_begin_download(&l, "/large");
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0), "it does not wait for ever");
	cr_expect(live_is_gone(&l));
	cr_expect(lt(sz, live_end_download(fd), (size_t)LARGE), "the client sees that it was cut");
	cr_expect(strstr(live_read(&l, "error.log"), "signal") == NULL,
	          "the worker ends by itself");
}

Test(lifecycle, quit_has_no_such_limit)
{
	int fd;

	live_start(&l,
	           "error_log error.log; shutdown_timeout 100ms; server { listen 127.0.0.1:0; }");
	fd = live_begin_download(&l, "/large");
	kill(l.pid, SIGQUIT);
	cr_expect(eq(int, live_wait(&l, 2500), -1),
	          "past the limit and the second that follows it");
	cr_expect(gt(sz, live_end_download(fd), (size_t)LARGE));
	cr_expect(eq(int, live_wait(&l, LIVE_PATIENCE), 0));
}

Test(lifecycle, quit_waits_no_longer_than_worker_shutdown_timeout)
{
	static const char *const masters[] = { "", "master_process off; " };

	for (size_t i = 0; i < 2; i++) {
		char config[160];
		int fd;

		snprintf(config, sizeof config,
		         "%serror_log error.log; worker_shutdown_timeout 300ms; "
		         "server { listen 127.0.0.1:0; }",
		         masters[i]);
		live_start(&l, config);
		fd = live_begin_download(&l, "/large");
		cr_expect(eq(int, live_stop(&l, SIGQUIT), 0), "%s", masters[i]);
		cr_expect(live_is_gone(&l));
		cr_expect(lt(sz, live_end_download(fd), (size_t)LARGE), "%s", masters[i]);
	}
}

Test(lifecycle, stop_closes_idle_connections)
{
	char answer[2000];
	int fd;

	live_start(&l, SITE "}");
	fd = live_connect(&l, 0);
	live_send(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
	live_receive(fd, answer, sizeof answer, SHORT_MS);
	cr_assert(strstr(answer, "hello\n") != NULL);
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(eq(int, (int)recv(fd, answer, 1, 0), 0));
	close(fd);
}

/* ---- reload ------------------------------------------------------------------------------------------ */

static void reload(const char *config)
{
	live_write(&l, "site.conf", config);
	kill(l.pid, SIGHUP);
}

/* Waits until the path answers so: a reload takes its time. */
static bool becomes(const char *path, const char *body)
{
	for (int waited = 0; waited < LIVE_PATIENCE; waited += 20) {
		if (live_gets(&l, path, body))
			return true;
		sleep_ms(20);
	}
	return false;
}

/* The answer to the request just sent, as far as "hello". False: the connection ended before it was complete. */
static bool read_hello(int fd, char *answer, size_t cap)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = recv(fd, answer + len, cap - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
		answer[len] = '\0';
	} while (n > 0 && !strstr(answer, "hello\n"));
	return n > 0;
}

/* One request after the other, every other one on a connection of its own. The status: how many failed. */
static _Noreturn void be_client(void)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	time_t end = time(NULL) + 3;
	int failed = 0, fd = -1;
	char answer[2000];

	for (unsigned i = 0; time(NULL) < end; i++) {
		if (fd < 0)
			fd = live_connect(&l, 0);
		live_send(fd, request, sizeof request - 1);
		failed += !read_hello(fd, answer, sizeof answer);
		if (i % 2 || strstr(answer, "Connection: close")) {
			close(fd);
			fd = -1;
		}
	}
	_exit(failed < 100 ? failed : 100);
}

Test(lifecycle, reloads_under_requests_lose_none)
{
	pid_t client;
	int status;

	live_start(&l, "worker_processes 2; " SITE "}");
	client = fork();
	if (client == 0)
		be_client();
	for (int i = 0; i < 8; i++) {
		sleep_ms(SHORT_MS);
		kill(l.pid, SIGHUP);
	}
	waitpid(client, &status, 0);
	cr_expect(eq(int, WEXITSTATUS(status), 0), "requests failed");
	cr_expect(live_await(&l, "error.log", "finishes what it has") > 0);
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_is_gone(&l));
}

Test(lifecycle, a_reload_takes_the_new_configuration)
{
	live_start(&l, SITE "location /v { return 200 one; } }");
	cr_expect(live_gets(&l, "/v", "one"));
	reload("worker_processes 2; " SITE "location /v { return 200 two; } }");
	cr_expect(becomes("/v", "two"));
	for (int i = 0; i < LIVE_PATIENCE / 20 && live_processes(&l) != 4; i++)
		sleep_ms(20);
	cr_expect(eq(sz, live_processes(&l), 4), "the old generation is gone");
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

Test(lifecycle, a_bad_configuration_changes_nothing)
{
	live_start(&l, SITE "location /v { return 200 one; } }");
	reload(SITE "lacation /v { return 200 two; } }");
	cr_expect(live_await(&l, "error.log", "the old one stays in force") > 0);
	cr_expect(live_await(&l, "error.log", "did you mean 'location'?") > 0);
	cr_expect(live_gets(&l, "/v", "one"));
	reload("error_log error.log info; server { listen 192.0.2.1:80; listen 127.0.0.1:0; }");
	cr_expect(live_await(&l, "error.log", "this machine does not have the address") > 0);
	cr_expect(live_gets(&l, "/v", "one"));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

Test(lifecycle, a_port_that_goes_is_free_when_the_old_generation_has_gone)
{
	live_start(&l,
	           "error_log error.log info; server { listen 127.0.0.1:0; listen 127.0.0.2:0; }");
	reload("error_log error.log info; server { listen 127.0.0.2:0; }");
	cr_expect(live_await(&l, "error.log", "generation 1 has ended") > 0);
	cr_expect(eq(int, live_connect(&l, 0), -1));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

Test(lifecycle, a_download_outlives_a_reload)
{
	int fd;

	live_start(&l, SITE "}");
	fd = live_begin_download(&l, "/large");
	kill(l.pid, SIGHUP);
	cr_expect(live_await(&l, "error.log", "generation 2 serves") > 0);
	cr_expect(live_gets(&l, "/", "hello\n"));
	cr_expect(gt(sz, live_end_download(fd), (size_t)LARGE));
	cr_expect(live_await(&l, "error.log", "generation 1 has ended") > 0);
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

Test(lifecycle, an_idle_connection_is_answered_once_more_after_a_reload)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	char answer[2000];
	int fd;

	live_start(&l, SITE "}");
	fd = live_connect(&l, 0);
	live_send(fd, request, sizeof request - 1);
	live_receive(fd, answer, sizeof answer, SHORT_MS);
	cr_assert(strstr(answer, "hello\n") != NULL);
	cr_expect(strstr(answer, "Connection: close") == NULL);
	kill(l.pid, SIGHUP);
	cr_expect(live_await(&l, "error.log", "generation 2 serves") > 0);
	live_send(fd, request, sizeof request - 1);
	live_receive(fd, answer, sizeof answer, LIVE_PATIENCE);
	cr_expect(strstr(answer, "hello\n") != NULL);
	cr_expect(strstr(answer, "Connection: close") != NULL);
	close(fd);
	cr_expect(live_await(&l, "error.log", "generation 1 has ended") > 0);
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

/* ---- logs -------------------------------------------------------------------------------------------- */

Test(lifecycle, usr1_reopens_logs_that_were_renamed)
{
	char from[100], to[100];

	live_start(&l, "worker_processes 2; " SITE "}");
	cr_expect(live_gets(&l, "/?before", "hello\n"));
	cr_expect(live_await(&l, "access.log", "/?before") > 0);
	snprintf(from, sizeof from, "%s", live_path(&l, "access.log"));
	snprintf(to, sizeof to, "%s", live_path(&l, "access.old"));
	rename(from, to);
	snprintf(from, sizeof from, "%s", live_path(&l, "error.log"));
	rename(from, live_path(&l, "error.old"));
	kill(l.pid, SIGUSR1);
	cr_expect(live_await(&l, "error.log", "logs reopened") > 0);
	for (int i = 0; i < 100 && !strstr(live_read(&l, "access.log"), "/?after"); i++) {
		cr_expect(live_gets(&l, "/?after", "hello\n"));
		sleep_ms(20);
	}
	cr_expect(strstr(live_read(&l, "access.log"), "/?after") != NULL);
	cr_expect(strstr(live_read(&l, "access.log"), "/?before") == NULL);
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

/* ---- deaths ------------------------------------------------------------------------------------------ */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

Test(lifecycle, a_killed_worker_is_started_again_within_a_second)
{
	double killed;
	pid_t worker;

	live_start(&l, SITE "}");
	worker = live_find(&l, "webserv-worker");
	kill(worker, SIGKILL);
	killed = seconds();
	cr_expect(becomes("/", "hello\n"));
	cr_expect(lt(dbl, seconds() - killed, 1.0));
	cr_expect(live_await(&l, "error.log", "was ended by signal 9") > 0);
	cr_expect(ne(int, (int)live_find(&l, "webserv-worker"), (int)worker));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_is_gone(&l));
}

/* Starts a program that never ends, for a client that waits. */
static int begin_program(void)
{
	static const char request[] = "GET /sleep.sh HTTP/1.1\r\nHost: a\r\n\r\n";
	int fd;

	live_write(&l, "www/sleep.sh", "#!/bin/sh\nsleep 1000\n");
	chmod(live_path(&l, "www/sleep.sh"), 0755);
	live_write(&l, "www/hello.sh", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nhi'\n");
	chmod(live_path(&l, "www/hello.sh"), 0755);
	live_start(&l, SITE "cgi .sh; }");
	fd = live_connect(&l, 0);
	live_send(fd, request, sizeof request - 1);
	for (int i = 0; i < LIVE_PATIENCE / 20 && live_find(&l, "sleep") == 0; i++)
		sleep_ms(20);
	cr_assert(gt(int, (int)live_find(&l, "sleep"), 0));
	return fd;
}

static bool program_is_gone(void)
{
	for (int i = 0; i < LIVE_PATIENCE / 20; i++) {
		if (live_find(&l, "sleep") == 0 && live_find(&l, "sleep.sh") == 0)
			return true;
		sleep_ms(20);
	}
	return false;
}

Test(lifecycle, a_killed_supervisor_leaves_nobody_behind)
{
	int fd = begin_program();

	cr_expect(eq(int, live_stop(&l, SIGKILL), 128 + SIGKILL));
	cr_expect(live_is_gone(&l), "worker, launcher and program");
	cr_expect(eq(int, live_connect(&l, 0), -1), "the port is free");
	close(fd);
}

Test(lifecycle, a_worker_that_hangs_goes_with_its_supervisor_too)
{
	live_start(&l, SITE "}");
	kill(live_find(&l, "webserv-worker"), SIGSTOP);
	cr_expect(eq(int, live_stop(&l, SIGKILL), 128 + SIGKILL));
	cr_expect(live_is_gone(&l));
}

Test(lifecycle, a_worker_that_hangs_does_not_keep_the_server_from_stopping)
{
	live_start(&l,
	           "error_log error.log; shutdown_timeout 100ms; server { listen 127.0.0.1:0; }");
	kill(live_find(&l, "webserv-worker"), SIGSTOP);
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_is_gone(&l));
}

Test(lifecycle, a_killed_worker_takes_its_programs_along)
{
	int fd = begin_program();

	kill(live_find(&l, "webserv-worker"), SIGKILL);
	cr_expect(program_is_gone());
	cr_expect(becomes("/hello.sh", "2\r\nhi\r\n0\r\n\r\n"), "programs run for the next worker");
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	close(fd);
}

Test(lifecycle, a_killed_launcher_takes_its_programs_along_and_another_comes)
{
	int fd = begin_program();

	kill(live_find(&l, "webserv-launch"), SIGKILL);
	cr_expect(program_is_gone());
	cr_expect(live_gets(&l, "/", "hello\n"), "files are served meanwhile");
	cr_expect(becomes("/hello.sh", "2\r\nhi\r\n0\r\n\r\n"));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_is_gone(&l));
	close(fd);
}

Test(lifecycle, stop_ends_programs_too)
{
	int fd = begin_program();

	close(fd);
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_is_gone(&l));
}
