/* Another binary on the same sockets: webserv -s upgrade, and USR2. */

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LARGE = 8 << 20 /* bytes of the download: more than the sockets hold */ };

#define MAIN "pid server.pid; error_log error.log info; "
#define SITE MAIN "server { listen 127.0.0.1:0; "

static struct live l;

static void open_live(void)
{
	live_open(&l);
	live_write(&l, "www/index.html", "hello\n");
	live_write(&l, "www/large", "");
	cr_assert(eq(int, truncate(live_path(&l, "www/large"), LARGE), 0));
}

static void close_live(void)
{
	live_close(&l);
}

TestSuite(upgrade, .init = open_live, .fini = close_live);

static int tell(const char *verb)
{
	const char *const arguments[] = { "-s", verb, "site.conf", NULL };

	return live_run(&l, arguments);
}

static pid_t served_by(void)
{
	return atoi(live_read(&l, "server.pid"));
}

static bool is_alive(pid_t pid)
{
	return kill(pid, 0) == 0;
}

/* The server that l.pid is no more, as its user sees it: by its own command, and to the last process. */
static void expect_stop(void)
{
	cr_expect(eq(int, tell("stop"), 0), "%s", live_read(&l, "stderr"));
	cr_expect(live_is_gone(&l));
	cr_expect(eq(str, (char *)live_read(&l, "server.pid"), ""));
	cr_expect(eq(int, access(live_path(&l, "server.pid.sock"), F_OK), -1));
}

/* ---- that works -------------------------------------------------------------------------------------- */

Test(upgrade, a_new_process_serves_and_the_old_one_ends)
{
	live_start(&l, SITE "}");
	cr_expect(eq(int, tell("upgrade"), 0), "%s", live_read(&l, "stderr"));
	cr_expect(live_matches("process ~ serves\n", live_read(&l, "stdout")), "%s",
	          live_read(&l, "stdout"));
	cr_expect(ne(int, served_by(), l.pid));
	cr_expect(live_gets(&l, "/", "hello\n"), "on the same port, though it was 0");
	cr_expect(eq(int, live_wait(&l, LIVE_PATIENCE), 0));
	expect_stop();
}

Test(upgrade, a_download_is_finished_by_the_old_process)
{
	pid_t old;
	int fd;

	live_start(&l, SITE "}");
	old = l.pid;
	fd = live_begin_download(&l, "/large");
	cr_expect(eq(int, tell("upgrade"), 0));
	cr_expect(live_matches("process ~ serves; 1 request finishes on process ~\n",
	                       live_read(&l, "stdout")),
	          "%s", live_read(&l, "stdout"));
	cr_expect(eq(int, tell("status"), 0));
	cr_expect(strstr(live_read(&l, "stdout"), "before finishes what it has") != NULL);
	cr_expect(is_alive(old));
	cr_expect(live_gets(&l, "/", "hello\n"));
	cr_expect(gt(sz, live_end_download(fd), (size_t)LARGE));
	cr_expect(eq(int, live_wait(&l, LIVE_PATIENCE), 0));
	expect_stop();
}

Test(upgrade, stop_stops_both)
{
	int fd;

	live_start(&l, "shutdown_timeout 300ms; " SITE "}");
	fd = live_begin_download(&l, "/large");
	cr_expect(eq(int, tell("upgrade"), 0));
	cr_expect(eq(int, tell("stop"), 0));
	cr_expect(live_is_gone(&l), "the old process, which had no limit, too");
	cr_expect(lt(sz, live_end_download(fd), (size_t)LARGE));
}

Test(upgrade, the_signal_does_it_too_and_more_than_once)
{
	pid_t before;

	live_start_installed(&l, SITE "location /v { return 200 one; } }");
	live_write(&l, "site.conf", SITE "location /v { return 200 two; } }");
	kill(l.pid, SIGUSR2);
	cr_expect(gt(int, live_await(&l, "error.log", "served before has ended"), 0), "%s",
	          live_read(&l, "error.log"));
	cr_expect(live_gets(&l, "/v", "two"), "the configuration is read anew");
	before = served_by();
	live_install(&l);
	cr_expect(eq(int, tell("upgrade"), 0), "%s", live_read(&l, "stderr"));
	cr_expect(ne(int, served_by(), before));
	cr_expect(eq(int, tell("reload"), 0), "%s", live_read(&l, "stderr"));
	cr_expect(live_gets(&l, "/v", "two"));
	expect_stop();
}

Test(upgrade, in_the_background)
{
	cr_assert(eq(int, live_start_daemon(&l, SITE "}"), 0));
	cr_expect(eq(int, tell("upgrade"), 0), "%s", live_read(&l, "stderr"));
	cr_expect(live_gets(&l, "/", "hello\n"));
	cr_expect(ne(int, served_by(), l.pid));
	expect_stop();
}

Test(upgrade, addresses_may_come_and_go)
{
	char path[100], config[400];

	snprintf(path, sizeof path, "%s", live_path(&l, "a.sock"));
	snprintf(config, sizeof config, SITE "listen unix:%s; listen 127.0.0.3:0; }", path);
	live_start(&l, config);
	live_write(&l, "site.conf", SITE "listen 127.0.0.2:0; }");
	cr_expect(eq(int, tell("upgrade"), 0), "%s", live_read(&l, "stderr"));
	cr_expect(live_gets(&l, "/", "hello\n"));
	cr_expect(eq(int, access(path, F_OK), -1), "nobody listens there any more");
	cr_expect(eq(int, tell("status"), 0));
	cr_expect(live_matches("^listening on http://127.0.0.1:~/\nlistening on "
	                       "http://127.0.0.2:~/\ngeneration^",
	                       live_read(&l, "stdout")),
	          "%s", live_read(&l, "stdout"));
	expect_stop();
}

Test(upgrade, no_request_is_lost)
{
	pid_t client;

	live_start(&l, "worker_processes 2; " SITE "}");
	client = live_client(&l, "/", "hello\n", 3);
	for (int i = 0; i < 5; i++) {
		cr_expect(eq(int, tell("upgrade"), 0), "%s", live_read(&l, "stderr"));
		usleep(200000);
	}
	cr_expect(eq(int, live_client_failures(client), 0));
	expect_stop();
}

/* ---- that does not ----------------------------------------------------------------------------------- */

/* A program that stands where the binary stood. */
static void replace(const char *script)
{
	remove(live_path(&l, "webserv"));
	live_write(&l, "webserv", script);
	chmod(live_path(&l, "webserv"), 0755);
}

static void expect_refusal(const char *pattern)
{
	cr_expect(eq(int, tell("upgrade"), 1));
	cr_expect(live_matches(pattern, live_read(&l, "stderr")), "%s", live_read(&l, "stderr"));
	cr_expect(eq(int, served_by(), l.pid));
	cr_expect(live_gets(&l, "/", "hello\n"));
}

Test(upgrade, a_binary_that_does_not_start_changes_nothing)
{
	live_start_installed(&l, SITE "}");
	remove(live_path(&l, "webserv"));
	expect_refusal("./webserv can't be started: No such file or directory\n"
	               "this process goes on serving\n");
	replace("#!/bin/sh\necho no such library >&2\nexit 127\n");
	expect_refusal("no such library\nthe upgrade is given up: ./webserv -t ended with status "
	               "127\nthis process goes on serving\n");
	replace("#!/bin/sh\n[ \"$1\" = -t ] && exit 0\nexit 3\n");
	expect_refusal("the upgrade is given up: the new process ended with status 3\n"
	               "this process goes on serving\n");
	replace("#!/bin/sh\n[ \"$1\" = -t ] && exit 0\nkill -9 $$\n");
	expect_refusal("the upgrade is given up: the new process ended with signal 9\n"
	               "this process goes on serving\n");
	live_install(&l);
	cr_expect(eq(int, tell("upgrade"), 0), "%s", live_read(&l, "stderr"));
	expect_stop();
}

Test(upgrade, a_broken_configuration_is_refused_with_its_diagnostics)
{
	live_start(&l, SITE "}");
	live_write(&l, "site.conf", SITE "lacation / { } }");
	expect_refusal("^did you mean 'location'?\n^ -t ended with status 2\n"
	               "this process goes on serving\n");
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

Test(upgrade, a_port_that_somebody_has_is_refused)
{
	char config[300];
	struct live other;

	live_open(&other);
	live_start(&other, "error_log error.log; server { listen 127.0.0.1:0; }");
	snprintf(config, sizeof config, SITE "listen unix:%s; }", live_path(&l, "a.sock"));
	live_start(&l, config);
	snprintf(config, sizeof config,
	         MAIN "server { listen 127.0.0.1:0; listen unix:%s; listen 127.0.0.1:%u; }",
	         live_path(&l, "a.sock"), other.ports[0]);
	live_write(&l, "site.conf", config);
	expect_refusal("can't listen on ~: the address is in use ~\nthe upgrade is given up: the "
	               "new process ended with status 1\nthis process goes on serving\n");
	cr_expect(eq(int, access(live_path(&l, "a.sock"), F_OK), 0), "what is shared stays");
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_is_gone(&l));
	cr_expect(eq(int, live_stop(&other, SIGTERM), 0));
	live_close(&other);
}

/* Its -t never ends: told to stop, the server does not wait for it. */
Test(upgrade, a_stop_in_the_middle)
{
	live_start_installed(&l, SITE "}");
	replace("#!/bin/sh\nexec sleep 1000\n");
	kill(l.pid, SIGUSR2);
	cr_expect(gt(int, live_await(&l, "error.log", "an upgrade begins"), 0));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_is_gone(&l));
}

Test(upgrade, a_killed_server_leaves_nothing_behind_and_the_new_one_serves_on)
{
	int fd;

	live_start(&l, SITE "location /sleep { cgi_pass /bin/sleep 1000; } }");
	fd = live_begin_download(&l, "/large");
	cr_expect(eq(int, tell("upgrade"), 0));
	cr_expect(eq(int, live_stop(&l, SIGKILL), 128 + SIGKILL));
	close(fd);
	cr_expect(live_gets(&l, "/", "hello\n"));
	expect_stop();
}

Test(upgrade, the_environment_is_not_believed)
{
	static const char *const arguments[] = { "site.conf", NULL };

	live_write(&l, "site.conf", SITE "}");
	setenv("WEBSERV_SOCKETS", "2 127.0.0.1:0\n", 1);
	cr_expect(eq(int, live_run(&l, arguments), 1));
	cr_expect(strstr(live_read(&l, "stderr"), "unset both") != NULL);
	unsetenv("WEBSERV_SOCKETS");
	setenv("WEBSERV_PREDECESSOR", "77777", 1);
	cr_expect(eq(int, live_run(&l, arguments), 1));
	unsetenv("WEBSERV_PREDECESSOR");
	cr_expect(eq(int, access(live_path(&l, "server.pid"), F_OK), -1));
}
