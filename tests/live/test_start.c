/* How the server starts, refuses to start, and ends. */

#include "live.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

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

TestSuite(start, .init = open_live, .fini = close_live);

static bool exists(const char *path)
{
	struct stat st;

	return stat(live_path(&l, path), &st) == 0;
}

/* ---- starts ------------------------------------------------------------------------------------------ */

Test(start, says_where_it_listens_and_ends_with_0)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGQUIT };

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		live_start(
		        &l,
		        "worker_processes 2; pid server.pid; error_log error.log;"
		        "server { listen 127.0.0.1:0; listen 127.0.0.2:0; listen unix:x.sock; }");
		cr_expect(live_matches("listening on http://127.0.0.1:~/\nlistening on "
		                       "http://127.0.0.2:~/\n"
		                       "listening on unix:~/x.sock\n",
		                       live_read(&l, "stdout")),
		          "%s", live_read(&l, "stdout"));
		cr_expect(live_gets(&l, "/", "hello\n"));
		cr_expect(eq(int, atoi(live_read(&l, "server.pid")), (int)l.pid));
		cr_expect(eq(sz, live_processes(&l), 4), "supervisor, launcher, two workers");
		cr_expect(eq(int, live_stop(&l, signals[i]), 0), "%s", strsignal(signals[i]));
		cr_expect(live_is_gone(&l), "%s", strsignal(signals[i]));
		cr_expect(not(exists("server.pid")), "the pid file is removed");
		cr_expect(not(exists("x.sock")), "the socket file is removed");
	}
}

Test(start, one_process_and_its_launcher_serve_with_master_process_off)
{
	live_start(&l, "master_process off; error_log error.log; server { listen 127.0.0.1:0; }");
	cr_expect(live_gets(&l, "/", "hello\n"));
	cr_expect(eq(sz, live_processes(&l), 2));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(live_is_gone(&l));
}

static bool is_detached(const char *name)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		char path[64], target[64] = "";

		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)live_find(&l, name), fd);
		if (readlink(path, target, sizeof target - 1) <= 0 ||
		    strcmp(target, "/dev/null") != 0)
			return false;
	}
	return true;
}

/* It has let go of the terminal, or of whoever reads its output; the launcher may still be at it. */
static void expect_detached(const char *name)
{
	for (int i = 0; i < LIVE_PATIENCE / 20 && !is_detached(name); i++)
		usleep(20000);
	cr_expect(is_detached(name), "%s", name);
}

Test(start, in_the_background_it_has_a_pid_file_and_no_terminal)
{
	static const char *const again[] = { "site.conf", NULL };
	static const char *const names[] = { "webserv", "webserv-launch", "webserv-worker" };
	char owner[64];

	cr_assert(eq(int,
	             live_start_daemon(&l, "pid server.pid; error_log error.log;"
	                                   "server { listen 127.0.0.1:0; }"),
	             0));
	cr_expect(live_gets(&l, "/", "hello\n"), "it serves when the command returns");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		expect_detached(names[i]);
	cr_expect(eq(int, live_run(&l, again), 1), "a live pid file is refused");
	snprintf(owner, sizeof owner, "belongs to process %d", (int)l.pid);
	cr_expect(strstr(live_read(&l, "stderr"), owner) != NULL, "%s", live_read(&l, "stderr"));
	cr_expect(live_gets(&l, "/", "hello\n"), "and the first one serves on");
	kill(l.pid, SIGTERM);
	cr_expect(live_is_gone(&l));
	cr_expect(not(exists("server.pid")));
}

Test(start, in_the_background_a_failure_is_told_and_is_the_status)
{
	cr_expect(eq(int,
	             live_start_daemon(&l, "pid missing/server.pid; error_log error.log;"
	                                   "server { listen 127.0.0.1:0; }"),
	             1));
	cr_expect(strstr(live_read(&l, "stderr"), "missing/server.pid can't be written") != NULL,
	          "%s", live_read(&l, "stderr"));
}

Test(start, a_stale_pid_file_and_socket_are_replaced)
{
	live_start(&l, "pid server.pid; error_log error.log;"
	               "server { listen 127.0.0.1:0; listen unix:x.sock; }");
	cr_expect(eq(int, live_stop(&l, SIGKILL), 128 + SIGKILL));
	cr_expect(live_is_gone(&l));
	cr_assert(exists("server.pid"));
	cr_assert(exists("x.sock"));
	live_start(&l, "pid server.pid; error_log error.log;"
	               "server { listen 127.0.0.1:0; listen unix:x.sock; }");
	cr_expect(eq(int, atoi(live_read(&l, "server.pid")), (int)l.pid));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

static long id_of(const char *name, const char *field)
{
	char path[64], line[128];
	long id = -1;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)live_find(&l, name));
	f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, field, strlen(field)) == 0)
			sscanf(line + strlen(field), "%ld", &id);
	if (f)
		fclose(f);
	return id;
}

Test(start, as_root_workers_and_launcher_become_the_user)
{
	if (geteuid() != 0)
		cr_skip("only root can become somebody else");
	chmod(l.dir, 0755);
	live_start(&l, "user nobody; error_log error.log; server { listen 127.0.0.1:0; }");
	cr_expect(live_gets(&l, "/", "hello\n"));
	cr_expect(eq(long, id_of("webserv", "Uid:"), 0));
	cr_expect(eq(long, id_of("webserv-worker", "Uid:"), 65534));
	cr_expect(eq(long, id_of("webserv-worker", "Gid:"), 65534));
	cr_expect(eq(long, id_of("webserv-worker", "Groups:"), 65534));
	/* Nobody waits for the launcher: it may still be at it. */
	for (int i = 0; i < LIVE_PATIENCE / 20 && id_of("webserv-launch", "Uid:") != 65534; i++)
		usleep(20000);
	cr_expect(eq(long, id_of("webserv-launch", "Uid:"), 65534));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

/* ---- refusals ---------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *config; /* NULL: no site.conf */
	const char *arguments[4];
	int status;
	const char *said; /* somewhere in stderr */
} refusals[] = {
	{ "a file that does not exist", NULL, { "site.conf" }, 2, "site.conf" },
	{ "a misspelt directive",
	  "server { lisen 80; }",
	  { "site.conf" },
	  2,
	  "site.conf:1:10: error: " },
	{ "with a suggestion",
	  "server { lisen 80; }",
	  { "site.conf" },
	  2,
	  "did you mean 'listen'?" },
	{ "an unclosed block", "server {\n", { "site.conf" }, 2, "site.conf:1:" },
	{ "an unknown option", NULL, { "--demon" }, 2, "did you mean --daemon?" },
	{ "an option without its argument", NULL, { "-p" }, 2, "--prefix needs DIR" },
	{ "a pid file that can't be made",
	  "pid missing/server.pid; server { listen 127.0.0.1:0; }",
	  { "site.conf" },
	  1,
	  "missing/server.pid can't be written: No such file" },
	{ "an address of another machine",
	  "server { listen 192.0.2.1:8080; }",
	  { "site.conf" },
	  1,
	  "can't listen on 192.0.2.1:8080: this machine does not have the address" },
	{ "the same seen by -t",
	  "server { listen 192.0.2.1:8080; }",
	  { "-t", "site.conf" },
	  2,
	  "192.0.2.1:8080 can't be listened on" },
};

Test(start, what_can_not_be_started_says_why_and_leaves_nothing)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		if (refusals[i].config)
			live_write(&l, "site.conf", refusals[i].config);
		else
			remove(live_path(&l, "site.conf"));
		cr_expect(eq(int, live_run(&l, refusals[i].arguments), refusals[i].status), "%s",
		          refusals[i].name);
		cr_expect(strstr(live_read(&l, "stderr"), refusals[i].said) != NULL, "%s: %s",
		          refusals[i].name, live_read(&l, "stderr"));
		cr_expect(eq(str, (char *)live_read(&l, "stdout"), ""), "%s", refusals[i].name);
	}
}

/* A port that this test holds. */
static int hold_port(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert(eq(int, bind(fd, (struct sockaddr *)&a, len), 0));
	cr_assert(eq(int, listen(fd, 1), 0));
	getsockname(fd, (struct sockaddr *)&a, &len);
	*port = ntohs(a.sin_port);
	return fd;
}

Test(start, a_port_in_use_is_told_with_its_owner)
{
	static const char *const arguments[] = { "site.conf", NULL };
	char config[200], said[200];
	uint16_t port;
	int fd = hold_port(&port);

	snprintf(config, sizeof config, "server { listen 127.0.0.1:0; listen 127.0.0.1:%u; }",
	         port);
	live_write(&l, "site.conf", config);
	cr_expect(eq(int, live_run(&l, arguments), 1));
	snprintf(said, sizeof said,
	         "^can't listen on 127.0.0.1:%u: the address is in use by ~(process %d)^", port,
	         (int)getpid());
	cr_expect(live_matches(said, live_read(&l, "stderr")), "%s", live_read(&l, "stderr"));
	cr_expect(eq(str, (char *)live_read(&l, "stdout"), ""));
	close(fd);
}

/* ---- asking ------------------------------------------------------------------------------------------ */

Test(start, t_names_what_was_read)
{
	static const char *const test[] = { "-t", "site.conf", NULL };

	live_write(&l, "more.conf", "listen 127.0.0.1:0;");
	live_write(&l, "site.conf", "server { include more.conf; }");
	cr_expect(eq(int, live_run(&l, test), 0));
	cr_expect(live_matches("site.conf: ok\n~site.conf\n~more.conf\n", live_read(&l, "stdout")),
	          "%s", live_read(&l, "stdout"));
}

Test(start, a_dump_is_a_configuration_that_dumps_as_itself)
{
	static const char *const dump[] = { "-T", "site.conf", NULL };
	char *first;

	live_write(&l, "site.conf",
	           "worker_processes 2; server { listen 127.0.0.1:0; add_header X 'b\"c';"
	           "location / { return 200 'x y;{}'; } location ~ '\\.php$' { return 403; } }");
	cr_assert(eq(int, live_run(&l, dump), 0));
	first = strdup(live_read(&l, "stdout"));
	cr_expect(strstr(first, "worker_processes 2;") != NULL);
	live_write(&l, "site.conf", first);
	cr_assert(eq(int, live_run(&l, dump), 0), "%s", live_read(&l, "stderr"));
	cr_expect(eq(str, (char *)live_read(&l, "stdout"), first));
	free(first);
}

Test(start, help_and_version_go_to_stdout)
{
	static const char *const rows[][2] = { { "--help", "Usage: webserv ^" },
		                               { "-V", "webserv/~\n" } };

	for (size_t i = 0; i < 2; i++) {
		const char *const arguments[] = { rows[i][0], NULL };

		cr_expect(eq(int, live_run(&l, arguments), 0), "%s", rows[i][0]);
		cr_expect(live_matches(rows[i][1], live_read(&l, "stdout")), "%s", rows[i][0]);
		cr_expect(eq(str, (char *)live_read(&l, "stderr"), ""), "%s", rows[i][0]);
	}
}
