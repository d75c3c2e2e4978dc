#include "server/access_log.h"

#include "live.h"
#include "machine.h"
#include "net/sock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char config[] =
        "log_format own '$request_method $uri $status $body_bytes_sent $connection_requests';"
        "log_format doc escape=json '{\"uri\":\"$uri\",\"agent\":\"$http_user_agent\"}';"
        "log_format seen escape=terminal '$status $http_user_agent';"
        "log_format raw escape=none '$http_user_agent';"
        "access_log %s/access.log;"
        "server { listen 127.0.0.1:1; root %s/www;"
        " location /own/ { access_log %s/access.log own; alias %s/www/; }"
        " location /doc/ { access_log %s/access.log doc; alias %s/www/; }"
        " location /raw/ { access_log %s/access.log raw; alias %s/www/; }"
        " location /seen/ { access_log %s/access.log seen; alias %s/www/; }"
        " location /ready/ { access_log %s/access.log json; alias %s/www/; }"
        " location /off/ { access_log off; alias %s/www/; }"
        " location /other/ { access_log %s/other.log own; alias %s/www/; } }";

#define H " HTTP/1.1\r\nHost: h\r\n"

/* What stands in the log after one connection. */
static const struct {
	const char *name, *say, *line;
} rows[] = {
	{ "the combined format", "GET /a" H "Referer: http://r/\r\nUser-Agent: u\r\n\r\n",
	  "192.0.2.7 - - [~] \"GET /a HTTP/1.1\" 200 8 \"http://r/\" \"u\"\n" },
	{ "what is not there is a dash", "GET /a" H "\r\n",
	  "192.0.2.7 - - [~] \"GET /a HTTP/1.1\" 200 8 \"-\" \"-\"\n" },
	{ "no client can forge a line", "GET /a" H "User-Agent: x\"\t\\y\r\n\r\n",
	  "^200 8 \"-\" \"x\\x22\\x09\\x5Cy\"\n" },
	{ "one line for each request", "GET /own/a" H "\r\nGET /own/none" H "\r\n",
	  "GET /own/a 200 8 1\nGET /own/none 404 ~ 2\n" },
	{ "HEAD has sent no body", "HEAD /own/a" H "\r\n", "HEAD /own/a 200 0 1\n" },
	{ "304 neither", "GET /own/a" H "If-None-Match: *\r\n\r\n", "GET /own/a 304 0 1\n" },
	{ "a bad request is logged, too", "GET /a\r\n\r\n", "192.0.2.7 - - [~] \"~\" 400 ~\n" },
	{ "JSON", "GET /doc/a" H "User-Agent: \"\\\t\r\n\r\n",
	  "{\"uri\":\"/doc/a\",\"agent\":\"\\\"\\\\~\"}\n" },
	{ "the json format that is there already", "GET /ready/a" H "\r\n", "{^}\n" },
	{ "as it is where that is wanted", "GET /raw/a" H "User-Agent: \"q\"\r\n\r\n", "\"q\"\n" },
	{ "for a terminal a status has its class's colour, and nobody else's text has any",
	  "GET /seen/a" H "User-Agent: x\r\n\r\n"
	  "GET /seen/none" H "\r\n",
	  "\x1b[32m200\x1b[0m x\n\x1b[33m404\x1b[0m -\n" },
	{ "nothing where it is off", "GET /off/a" H "\r\n", "" },
	{ "nothing here where it is elsewhere", "GET /other/a" H "\r\n", "" },
	{ "nothing for half a request", "GET /a HT", "" },
};

static void open_machine(struct machine *m)
{
	machine_open(m);
	tree_put(&m->tree, "www/a", "A file.\n");
	machine_start(m, config);
}

Test(access_log, one_line_for_each_request)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct machine m;
		char *text;

		open_machine(&m);
		machine_exchange(&m, str_from(rows[i].say));
		machine_turn(&m);
		text = tree_read(&m.tree, "access.log");
		cr_expect(live_matches(rows[i].line, text), "%s: %s", rows[i].name, text);
		free(text);
		machine_close(&m);
	}
}

static size_t lines_of(struct machine *m, const char *name)
{
	char *text = tree_read(&m->tree, name);
	size_t n = 0;

	for (const char *at = text; at && *at; at++)
		n += *at == '\n';
	free(text);
	return n;
}

Test(access_log, a_turn_writes_once_however_many_lines_there_are)
{
	struct machine m;
	unsigned long calls;
	int client;

	open_machine(&m);
	client = machine_client(&m);
	machine_settle(&m);
	for (int i = 0; i < 50; i++)
		cr_assert(send(client, "GET /own/a" H "\r\n", strlen("GET /own/a" H "\r\n"), 0) >
		          0);
	machine_turn(&m);
	cr_expect(eq(sz, lines_of(&m, "access.log"), 0), "not before the loop sleeps");
	machine_io_reset();
	access_logs_turn(&m.worker.logs);
	calls = machine_io.calls;
	cr_expect(eq(u64, calls, 1));
	cr_expect(eq(sz, lines_of(&m, "access.log"), 50));
	access_logs_turn(&m.worker.logs);
	cr_expect(eq(u64, machine_io.calls, 1), "nothing is written twice");
	close(client);
	machine_close(&m);
}

Test(access_log, a_full_buffer_is_written_at_once_in_whole_lines)
{
	char request[3000];
	struct machine m;
	struct buf b = buf_fixed(request, sizeof request);
	int client;

	open_machine(&m);
	client = machine_client(&m);
	buf_text(&b, "GET /raw/a" H "User-Agent: ");
	memset(buf_room(&b, 2000), 'x', 2000);
	b.len += 2000;
	buf_text(&b, "\r\n\r\n");
	machine_settle(&m);
	for (int i = 0; i < 40; i++)
		cr_assert(send(client, request, b.len, 0) == (ssize_t)b.len);
	machine_turn(&m);
	machine_turn(&m);
	machine_settle(&m);
	machine_turn(&m);
	cr_expect(eq(sz, lines_of(&m, "access.log"), 40));
	close(client);
	machine_close(&m);
}

static uint64_t dropped_of(const struct machine *m)
{
	uint64_t dropped = 0;

	for (size_t log = 0; log < m->worker.logs.count; log++)
		dropped += m->worker.logs.buffers[log].dropped;
	return dropped;
}

Test(access_log, a_log_that_cant_be_written_stops_nobody_and_is_written_later)
{
	static const int errors[] = { ENOSPC, EAGAIN, EIO };

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		struct machine m;
		char *said;

		open_machine(&m);
		machine_exchange(&m, STR_OF("GET /a" H "\r\n"));
		machine_turn(&m);
		machine_exchange(&m, STR_OF("GET /off/a" H "\r\n"));
		machine_io_reset();
		machine_io.fail_at = 3; /* recv, send, write */
		machine_io.error = errors[i];
		machine_exchange(&m, STR_OF("GET /a" H "\r\n"));
		machine_turn(&m);
		cr_expect(eq(str, (char *)(uintptr_t)machine_io.failed, "write"));
		machine_exchange(&m, STR_OF("GET /a" H "\r\n"));
		machine_turn(&m);
		cr_expect(eq(sz, lines_of(&m, "access.log"), 3), "%s", strerror(errors[i]));
		cr_expect(eq(u64, dropped_of(&m), 0), "%s", strerror(errors[i]));
		said = tree_read(&m.tree, "error.log");
		cr_expect(eq(int, strstr(said, "access.log can't be written: ") != NULL,
		             errors[i] != EAGAIN),
		          "%s", said);
		free(said);
		machine_close(&m);
	}
}

/* ---- gathering ------------------------------------------------------------------------------------------- */

static const char gathering[] =
        "log_format raw '$http_user_agent';"
        "server { listen 127.0.0.1:1; root %s/www;"
        " location /a { access_log %s/a.log raw buffer=1k flush=500ms; }"
        " location /full { alias %s/www/a;"
        "   access_log %s/full.log raw buffer=1k flush=0; }"
        " location /late { alias %s/www/a; access_log %s/late.log raw flush=2s; }"
        " location /pipe { alias %s/www/a; access_log %s/pipe raw; } }";

/* The pipe's end that the test reads from. */
static int open_gathering(struct machine *m)
{
	int reader;

	machine_open(m);
	tree_put(&m->tree, "www/a", "A file.\n");
	cr_assert(mkfifoat(m->tree.rootfd, "pipe", 0600) == 0);
	reader = openat(m->tree.rootfd, "pipe", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	cr_assert(ge(int, reader, 0));
	machine_start(m, gathering);
	return reader;
}

/* A request whose line is so long, its end of line included. */
static void log_line(struct machine *m, const char *path, char letter, size_t len)
{
	static char request[32 * 1024];
	struct buf b = buf_fixed(request, sizeof request);

	buf_format(&b, "GET %s" H "User-Agent: ", path);
	memset(buf_room(&b, len - 1), letter, len - 1);
	b.len += len - 1;
	buf_text(&b, "\r\n\r\n");
	machine_exchange(m, buf_str(&b));
	machine_turn(m);
}

/* The clients of a test leave at once, so that no other timer is in the way. */
Test(access_log, lines_wait_for_flush_or_a_full_buffer)
{
	struct machine m;

	open_gathering(&m);
	log_line(&m, "/a", 'x', 300);
	cr_expect(eq(sz, lines_of(&m, "a.log"), 0));
	machine_wait(&m, 499);
	log_line(&m, "/a", 'y', 300);
	cr_expect(eq(sz, lines_of(&m, "a.log"), 0));
	machine_wait(&m, 1);
	cr_expect(eq(sz, lines_of(&m, "a.log"), 2), "the oldest line has waited long enough");
	log_line(&m, "/a", 'z', 300);
	machine_wait(&m, 500);
	cr_expect(eq(sz, lines_of(&m, "a.log"), 3), "the clock runs anew");
	for (int i = 0; i < 4; i++)
		log_line(&m, "/a", 'v', 300);
	cr_expect(eq(sz, lines_of(&m, "a.log"), 6), "three fill the buffer");
	machine_wait(&m, 500);
	cr_expect(eq(sz, lines_of(&m, "a.log"), 7));
	machine_close(&m);
}

Test(access_log, without_flush_only_a_full_buffer_is_written_and_the_end_loses_nothing)
{
	struct machine m;
	char *text;

	open_gathering(&m);
	log_line(&m, "/full", 'x', 1000);
	machine_wait(&m, 3600 * 1000);
	cr_expect(eq(sz, lines_of(&m, "full.log"), 0));
	log_line(&m, "/full", 'y', 1000);
	cr_expect(eq(sz, lines_of(&m, "full.log"), 1));
	log_line(&m, "/full", 'z', 3000);
	cr_expect(eq(sz, lines_of(&m, "full.log"), 3), "a line larger than the buffer, in order");
	log_line(&m, "/full", 'v', 10);
	log_line(&m, "/late", 'v', 10);
	cr_expect(eq(sz, lines_of(&m, "full.log"), 3));
	access_logs_hurry(&m.worker.logs);
	cr_expect(eq(sz, lines_of(&m, "full.log"), 4));
	cr_expect(eq(sz, lines_of(&m, "late.log"), 1));
	log_line(&m, "/full", 'w', 10);
	cr_expect(eq(sz, lines_of(&m, "full.log"), 5), "from then on nothing waits");
	text = tree_read(&m.tree, "full.log");
	cr_expect(text[0] == 'x' && text[1000] == 'y' && text[2000] == 'z');
	free(text);
	machine_close(&m);
}

Test(access_log, what_a_full_disk_has_no_room_for_is_counted_and_said)
{
	struct machine m;
	char *said;

	open_gathering(&m);
	for (int i = 0; i < 3; i++)
		log_line(&m, "/full", 'x', 300);
	machine_io_reset();
	machine_io.fail_at = 3; /* recv, send, write */
	machine_io.error = ENOSPC;
	log_line(&m, "/full", 'l', 300);
	cr_expect(eq(u64, dropped_of(&m), 1), "there is room for three");
	log_line(&m, "/full", 'y', 300);
	cr_expect(eq(sz, lines_of(&m, "full.log"), 3));
	said = tree_read(&m.tree, "error.log");
	cr_expect(ne(ptr, strstr(said, "full.log can't be written: No space left"), NULL), "%s",
	          said);
	cr_expect(ne(ptr, strstr(said, "1 lines of the access log"), NULL), "%s", said);
	free(said);
	machine_close(&m);
}

/* Whole lines, each write of at most PIPE_BUF bytes: what others write into the pipe comes between lines. */
Test(access_log, a_pipe_gets_pieces_that_it_does_not_part)
{
	static char text[64 * 1024];
	char request[400];
	struct machine m;
	unsigned long calls;
	int client, reader;
	ssize_t n;

	reader = open_gathering(&m);
	client = machine_client(&m);
	machine_settle(&m);
	snprintf(request, sizeof request, "GET /pipe" H "User-Agent: %0238d\r\n\r\n", 1);
	for (int i = 0; i < 20; i++)
		cr_assert(send(client, request, strlen(request), 0) > 0);
	machine_turn(&m);
	machine_io_reset();
	access_logs_turn(&m.worker.logs);
	calls = machine_io.calls;
	cr_expect(eq(u64, calls, 2), "20 lines of 239 bytes, of which 17 fit into 4096");
	n = read(reader, text, sizeof text);
	cr_expect(eq(i64, n, 20 * 239));
	close(client);
	machine_close(&m);
	close(reader);
}

/* What the worker tells the supervisor, of which the test holds the other end. */
static size_t growth_told(int supervisor, uint32_t log)
{
	struct worker_log_message message;
	size_t told = 0, count = 0;

	while (sock_receive_message(supervisor, &message, sizeof message, NULL, &count) > 0) {
		cr_expect(eq(int, message.kind, WORKER_LOG_GROWN));
		cr_expect(eq(u32, message.log, log));
		told++;
	}
	return told;
}

Test(access_log, growth_is_told_once_for_each_quarter)
{
	struct machine m;
	int ends[2];
	size_t told = 0;

	machine_open(&m);
	tree_put(&m.tree, "www/a", "A file.\n");
	machine_start(&m, "worker_processes 2; log_format raw '$http_user_agent';"
	                  "access_log %s/other.log raw;"
	                  "server { listen 127.0.0.1:1; root %s/www;"
	                  " location /a { access_log %s/a.log raw rotate=8000; } }");
	cr_assert(sock_channel(ends) == 0);
	m.worker.control.fd = ends[1];
	for (int i = 0; i < 16; i++) {
		log_line(&m, "/a", 'x', 501);
		log_line(&m, "/none", 'x', 2000);
		told += growth_told(
		        ends[0], (uint32_t)m.config->locations.items[1]->settings.access_log.log);
	}
	cr_expect(eq(sz, told, 8), "a quarter of 8000 bytes, shared by two workers");
	machine_close(&m);
	close(ends[0]);
}

Test(access_log, another_descriptor_takes_over_between_two_lines)
{
	struct machine m;
	size_t log;
	int fd;

	open_machine(&m);
	log = (size_t)m.config->servers.items[0]->self.settings.access_log.log;
	machine_exchange(&m, STR_OF("GET /a" H "\r\n"));
	cr_assert(renameat(m.tree.rootfd, "access.log", m.tree.rootfd, "old.log") == 0);
	fd = openat(m.tree.rootfd, "access.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	access_logs_replace(&m.worker.logs, log, fd);
	m.config->logs.items[log].fd = fd; /* so that it is closed at the end */
	machine_exchange(&m, STR_OF("GET /a" H "\r\nGET /a" H "\r\n"));
	machine_turn(&m);
	cr_expect(eq(sz, lines_of(&m, "old.log"), 1));
	cr_expect(eq(sz, lines_of(&m, "access.log"), 2));
	machine_close(&m);
}
