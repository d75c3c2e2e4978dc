/* webserv -s: telling a running server, and hearing what came of it. */

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SITE "pid server.pid; error_log error.log info; server { listen 127.0.0.1:0; "

static struct live l;

static void open_live(void)
{
	live_open(&l);
	live_write(&l, "www/index.html", "hello\n");
}

static void close_live(void)
{
	live_close(&l);
}

TestSuite(control, .init = open_live, .fini = close_live);

/* Its output replaces what the server wrote to stdout and stderr. */
static int tell(const char *verb)
{
	const char *const arguments[] = { "-s", verb, "site.conf", NULL };

	return live_run(&l, arguments);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(live_path(&l, path), &st) == 0;
}

Test(control, a_reload_is_waited_for)
{
	live_start(&l, SITE "location /v { return 200 one; } }");
	live_write(&l, "site.conf", SITE "location /v { return 200 two; } }");
	cr_expect(eq(int, tell("reload"), 0), "%s", live_read(&l, "stderr"));
	cr_expect(live_matches("^generation 2 is live\n", live_read(&l, "stdout")), "%s",
	          live_read(&l, "stdout"));
	cr_expect(live_gets(&l, "/v", "two"), "at once");
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

Test(control, a_broken_file_is_refused_with_its_diagnostics)
{
	live_start(&l, SITE "location /v { return 200 one; } }");
	live_write(&l, "site.conf", SITE "lacation /v { return 200 two; } }");
	cr_expect(eq(int, tell("reload"), 1));
	cr_expect(live_matches("^site.conf:1:~: error: unknown directive 'lacation'\n^"
	                       "^did you mean 'location'?\n^"
	                       "the old configuration stays in force: generation 1 is live\n",
	                       live_read(&l, "stderr")),
	          "%s", live_read(&l, "stderr"));
	cr_expect(live_gets(&l, "/v", "one"));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

Test(control, a_port_that_somebody_has_is_refused_with_its_owner)
{
	struct live other;
	char config[300];

	live_open(&other);
	live_start(&other, "error_log error.log; server { listen 127.0.0.1:0; }");
	live_start(&l, SITE "}");
	snprintf(config, sizeof config, SITE "} server { listen 127.0.0.1:%u; }", other.ports[0]);
	live_write(&l, "site.conf", config);
	cr_expect(eq(int, tell("reload"), 1));
	cr_expect(live_matches("^can't listen on 127.0.0.1:~: the address is in use by webserv~\n^",
	                       live_read(&l, "stderr")),
	          "%s", live_read(&l, "stderr"));
	cr_expect(live_gets(&l, "/", "hello\n"));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(eq(int, live_stop(&other, SIGTERM), 0));
	live_close(&other);
}

Test(control, stop_and_quit_wait_for_the_end)
{
	static const char *const verbs[] = { "stop", "quit" };

	for (size_t i = 0; i < 2; i++) {
		live_start(&l, SITE "}");
		cr_expect(exists("server.pid.sock"));
		cr_expect(eq(int, tell(verbs[i]), 0), "%s", verbs[i]);
		cr_expect(not(exists("server.pid")), "%s", verbs[i]);
		cr_expect(not(exists("server.pid.sock")), "%s", verbs[i]);
		cr_expect(eq(int, live_connect(&l, 0), -1), "%s", verbs[i]);
		cr_expect(eq(int, live_wait(&l, LIVE_PATIENCE), 0), "%s", verbs[i]);
	}
}

Test(control, status_and_reopen)
{
	char wanted[200];

	live_start(&l, SITE "}");
	snprintf(wanted, sizeof wanted,
	         "webserv/~, process %d, up ~s\nconfiguration site.conf ~\nlistening on "
	         "http://127.0.0.1:%u/\ngeneration 1 is live\n  worker 0: process ~\n^",
	         (int)l.pid, l.ports[0]);
	cr_expect(eq(int, tell("status"), 0));
	cr_expect(live_matches(wanted, live_read(&l, "stdout")), "%s", live_read(&l, "stdout"));
	cr_expect(eq(int, tell("reopen"), 0));
	cr_expect(live_matches("logs reopened\n", live_read(&l, "stdout")));
	unlink(live_path(&l, "error.log"));
	mkdir(live_path(&l, "error.log"), 0755);
	cr_expect(eq(int, tell("reopen"), 1));
	cr_expect(live_matches("^log file ~error.log can't be opened: Is a directory\n",
	                       live_read(&l, "stderr")),
	          "%s", live_read(&l, "stderr"));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

Test(control, nobody_to_talk_to)
{
	live_write(&l, "site.conf", SITE "}");
	cr_expect(eq(int, tell("status"), 1));
	cr_expect(strstr(live_read(&l, "stderr"), "the server is not running") != NULL);
	live_write(&l, "site.conf", "server { listen 127.0.0.1:0; }");
	cr_expect(eq(int, tell("status"), 1));
	cr_expect(strstr(live_read(&l, "stderr"), "    pid /") != NULL);
	cr_expect(eq(int, tell("relaod"), 2));
	live_start(&l, "master_process off; " SITE "}");
	cr_expect(eq(int, tell("status"), 1));
	cr_expect(strstr(live_read(&l, "stderr"), "master_process off") != NULL);
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

static int control_connect(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s", live_path(&l, "server.pid.sock"));
	cr_assert(eq(int, connect(fd, (struct sockaddr *)&a, sizeof a), 0));
	return fd;
}

Test(control, rubbish_and_silence_do_no_harm)
{
	char answer[200];
	struct stat st;
	int fds[30];

	live_start(&l, SITE "}");
	cr_expect(eq(int, lstat(live_path(&l, "server.pid.sock"), &st), 0));
	cr_expect(eq(uint, st.st_mode & 0777, 0600));
	fds[0] = control_connect();
	live_send(fds[0], "GET / HTTP/1.1\r\n\r\n", 18);
	live_receive(fds[0], answer, sizeof answer, LIVE_PATIENCE);
	cr_expect(live_matches("1 ~\nthe server does not know what is asked\n", answer), "%s",
	          answer);
	close(fds[0]);
	for (size_t i = 0; i < 30; i++)
		fds[i] = control_connect();
	live_receive(fds[29], answer, sizeof answer, LIVE_PATIENCE);
	cr_expect(strstr(answer, "too much at the same time") != NULL, "%s", answer);
	cr_expect(eq(int, tell("status"), 1));
	cr_expect(live_matches("the server is told too much at the same time\n",
	                       live_read(&l, "stderr")),
	          "%s", live_read(&l, "stderr"));
	for (size_t i = 0; i < 30; i++)
		close(fds[i]);
	cr_expect(eq(int, tell("status"), 0));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}
