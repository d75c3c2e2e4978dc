/* Access logs of several workers: gathered, rotated, reopened; not a line is lost or torn. */

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CLIENTS = 4,
	BATCH = 50, /* requests sent at once by one client */
	PADDING = 120
};

static struct live l;

static void open_logs(void)
{
	live_open(&l);
}

static void close_logs(void)
{
	live_close(&l);
}

TestSuite(logs, .init = open_logs, .fini = close_logs);

/* %s: the parameters of access_log. */
#define SITE                                                                      \
	"worker_processes 2; root www; pid server.pid; error_log error.log info;" \
	"log_format own '$arg_client $arg_number $http_user_agent';"              \
	"server { listen 127.0.0.1:0 reuseport; access_log logs/a.log own %s;"    \
	"  keepalive_requests 100000; location / { return 200 ok; } }"

static void start(const char *parameters)
{
	char config[1024];

	cr_assert(mkdir(live_path(&l, "logs"), 0750) == 0 || errno == EEXIST);
	snprintf(config, sizeof config, SITE, parameters);
	live_start(&l, config);
}

/* ---- clients that each count their requests ----------------------------------------------------------- */

struct client {
	int fd;
	unsigned number; /* of requests made so far */
};

static void client_send(struct client *c, int who)
{
	static char text[BATCH * 400];
	size_t len = 0;

	for (int i = 0; i < BATCH; i++)
		len += (size_t)snprintf(text + len, sizeof text - len,
		                        "GET /?client=%d&number=%u HTTP/1.1\r\nHost: a\r\n"
		                        "User-Agent: %0*u\r\n\r\n",
		                        who, c->number++, PADDING, 0u);
	live_send(c->fd, text, len);
}

/* False: the connection ended first. */
static bool client_hear(struct client *c)
{
	static char text[LIVE_TEXT];
	int answers = 0;

	while (answers < BATCH) {
		ssize_t n = recv(c->fd, text, sizeof text - 1, 0);

		if (n <= 0)
			return false;
		text[n] = '\0';
		/* The body "ok", which nothing else in an answer reads. */
		for (const char *at = text; (at = strstr(at, "\r\n\r\nok")); at++)
			answers++;
	}
	return true;
}

static void clients_open(struct client *clients)
{
	for (int i = 0; i < CLIENTS; i++) {
		clients[i].fd = live_connect(&l, 0);
		cr_assert(ge(int, clients[i].fd, 0));
	}
}

static void clients_run(struct client *clients, int rounds)
{
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < CLIENTS; i++)
			client_send(&clients[i], i);
		for (int i = 0; i < CLIENTS; i++)
			cr_assert(client_hear(&clients[i]), "client %d is cut off", i);
	}
}

static void clients_close(struct client *clients)
{
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i].fd);
}

/* ---- what the files hold ------------------------------------------------------------------------------ */

struct account {
	size_t files, lines, bad;
	unsigned char *seen[CLIENTS];
	size_t twice;
	off_t largest;
};

static void account_line(struct account *a, const char *line, const struct client *clients)
{
	int who, end = 0;
	unsigned number;

	a->lines++;
	if (sscanf(line, "%d %u %*[0]%n", &who, &number, &end) != 2 || who < 0 || who >= CLIENTS ||
	    number >= clients[who].number || line[end] != '\n' ||
	    strlen(strrchr(line, ' ') + 1) != PADDING + 1) {
		a->bad++;
		return;
	}
	a->twice += a->seen[who][number]++ > 0;
}

static void account_file(struct account *a, const char *path, const struct client *clients)
{
	FILE *f = fopen(path, "re");
	char line[1024];
	struct stat st;

	cr_assert(f != NULL, "%s", path);
	while (fgets(line, sizeof line, f))
		account_line(a, line, clients);
	if (fstat(fileno(f), &st) == 0 && st.st_size > a->largest)
		a->largest = st.st_size;
	fclose(f);
	a->files++;
}

/* Reads every file of logs/: each request must be there once, in a whole line. */
static struct account account_take(const struct client *clients)
{
	struct account a = { 0 };
	DIR *d = opendir(live_path(&l, "logs"));
	struct dirent *entry;
	size_t requests = 0;
	char name[300];

	for (int i = 0; i < CLIENTS; i++) {
		a.seen[i] = calloc(clients[i].number + 1, 1);
		requests += clients[i].number;
	}
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "logs/%.200s", entry->d_name);
		account_file(&a, live_path(&l, name), clients);
	}
	closedir(d);
	cr_expect(eq(sz, a.lines, requests));
	cr_expect(eq(sz, a.bad, 0), "torn lines");
	cr_expect(eq(sz, a.twice, 0), "lines twice");
	for (int i = 0; i < CLIENTS; i++)
		free(a.seen[i]);
	return a;
}

/* ---- the tests ------------------------------------------------------------------------------------------ */

Test(logs, rotation_under_load_loses_and_tears_nothing)
{
	static const char *const parameters[] = {
		"rotate=200k keep=100",
		"buffer=16k flush=100ms rotate=200k keep=100",
		"buffer=1k rotate=20k keep=1000",
	};

	for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
		struct client clients[CLIENTS] = { 0 };
		struct account a;

		start(parameters[i]);
		clients_open(clients);
		clients_run(clients, 50);
		clients_close(clients);
		cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
		a = account_take(clients);
		cr_expect(gt(sz, a.files, 4), "%s", parameters[i]);
		cr_expect(lt(i64, a.largest, 600 * 1024), "%s: the file is ended in time",
		          parameters[i]);
		live_close(&l);
		live_open(&l);
	}
}

Test(logs, rotation_goes_on_through_reloads_and_reopening)
{
	struct client clients[CLIENTS] = { 0 };

	start("buffer=8k rotate=100k keep=100");
	clients_open(clients);
	clients_run(clients, 10);
	clients_close(clients);
	kill(l.pid, SIGHUP);
	/* An old worker that has taken a connection answers once more, and closes it. */
	cr_expect(gt(int, live_await(&l, "error.log", "generation 1 has ended"), 0));
	clients_open(clients);
	kill(l.pid, SIGUSR1);
	clients_run(clients, 20);
	clients_close(clients);
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(gt(sz, account_take(clients).files, 3));
}

static mode_t mode_of(const char *path)
{
	struct stat st = { 0 };

	stat(live_path(&l, path), &st);
	return st.st_mode & 07777;
}

Test(logs, only_so_many_are_kept_and_their_mode_stays)
{
	struct client clients[CLIENTS] = { 0 };

	cr_assert(eq(int, mkdir(live_path(&l, "logs"), 0750), 0));
	live_write(&l, "logs/a.log", "");
	chmod(live_path(&l, "logs/a.log"), 0640);
	start("rotate=50k keep=2");
	clients_open(clients);
	clients_run(clients, 10);
	clients_close(clients);
	cr_expect(gt(int, live_await(&l, "logs/a.log.2", " "), 0));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_expect(ne(int, access(live_path(&l, "logs/a.log.3"), F_OK), 0));
	cr_expect(eq(uint, mode_of("logs/a.log"), 0640));
	cr_expect(eq(uint, mode_of("logs/a.log.1"), 0640));
}

Test(logs, a_file_that_is_too_large_at_the_start_is_ended)
{
	char text[3000];

	cr_assert(eq(int, mkdir(live_path(&l, "logs"), 0750), 0));
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	live_write(&l, "logs/a.log", text);
	start("rotate=2k");
	cr_expect(gt(int, live_await(&l, "logs/a.log.1", "xxx"), 0));
	cr_expect(eq(str, (char *)(uintptr_t)live_read(&l, "logs/a.log"), ""));
}

Test(logs, what_cant_be_renamed_goes_on_growing)
{
	struct client clients[CLIENTS] = { 0 };
	struct account a;

	cr_assert(eq(int, mkdir(live_path(&l, "logs"), 0750), 0));
	cr_assert(eq(int, mkdir(live_path(&l, "logs/a.log.1"), 0750), 0));
	start("rotate=20k keep=1");
	clients_open(clients);
	clients_run(clients, 5);
	clients_close(clients);
	cr_expect(gt(int, live_await(&l, "error.log", "a.log can't be rotated: "), 0));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	cr_assert(eq(int, rmdir(live_path(&l, "logs/a.log.1")), 0));
	a = account_take(clients);
	cr_expect(eq(sz, a.files, 1));
}

Test(logs, what_waits_is_written_after_flush_at_a_reopening_and_at_the_end)
{
	struct client clients[CLIENTS] = { 0 };
	char from[300];

	start("buffer=1m flush=200ms");
	clients_open(clients);
	clients_run(clients, 1);
	cr_expect(gt(int, live_await(&l, "logs/a.log", "3 49 "), 0), "nothing else happens");
	clients_close(clients);
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	account_take(clients);

	start("buffer=1m flush=0");
	clients_open(clients);
	clients_run(clients, 1);
	cr_expect(eq(ptr, strstr(live_read(&l, "logs/a.log"), "3 99 "), NULL));
	snprintf(from, sizeof from, "%s", live_path(&l, "logs/a.log"));
	cr_assert(eq(int, rename(from, live_path(&l, "logs/old")), 0));
	kill(l.pid, SIGUSR1);
	cr_expect(gt(int, live_await(&l, "logs/old", "3 99 "), 0), "into the old file");
	clients_run(clients, 1);
	clients_close(clients);
	cr_expect(eq(str, (char *)(uintptr_t)live_read(&l, "logs/a.log"), ""));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	account_take(clients);
}

Test(logs, explain_names_the_log)
{
	static const char *const arguments[] = { "site.conf", "--explain",
		                                 "GET http://127.0.0.1:8080/", NULL };

	live_write(&l, "site.conf",
	           "root www; server { listen 127.0.0.1:8080; access_log a.log json rotate=10m;"
	           " client_min_rate 3k; }");
	live_run(&l, arguments);
	cr_expect(ne(ptr, strstr(live_read(&l, "stdout"), "a.log json rotate=10m keep=5"), NULL),
	          "%s", live_read(&l, "stdout"));
	cr_expect(ne(ptr, strstr(live_read(&l, "stdout"), "less than 3072 bytes a second"), NULL),
	          "%s", live_read(&l, "stdout"));
}
