/* Uploads that come in pieces, to the real server: cut connections, killed servers, several workers, and curl. */

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 1500000, CUTS = 6, TEXT = 4096 };

static struct live l;
static char address[256]; /* of the upload */

static void open_resume(void)
{
	live_open(&l);
}

static void close_resume(void)
{
	live_close(&l);
}

TestSuite(resume, .init = open_resume, .fini = close_resume);

static const char config[] =
        "error_log error.log info; worker_processes 2; root www; client_max_body_size 10m;"
        "server { listen 127.0.0.1:0;"
        " location /up/ { alias www/; upload_store www; upload_resumable on expire=%s;"
        "  allow 127.0.0.1; deny all; } }";

static void start(const char *expire)
{
	char text[512];

	snprintf(text, sizeof text, config, expire);
	live_start(&l, text);
}

static char *make_bytes(void)
{
	char *bytes = malloc(SIZE);
	unsigned n = 1;

	for (size_t i = 0; i < SIZE; i++) {
		n = n * 1103515245 + 12345;
		bytes[i] = (char)(n >> 16);
	}
	return bytes;
}

/* Remembers the upload's address where the answer tells it. */
static void learn(const char *heard)
{
	const char *at = strstr(heard, "Location: "), *end = at ? strstr(at, "\r\n") : NULL;

	if (end && memmem(at, (size_t)(end - at), "?upload=", 8))
		snprintf(address, sizeof address, "%.*s", (int)(end - at) - 10, at + 10);
}

/* One request and its whole answer. */
static const char *ask(const char *method, const char *fields)
{
	static char heard[LIVE_TEXT];
	char say[TEXT];

	snprintf(say, sizeof say, "%s %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s\r\n",
	         method, address, fields);
	live_exchange(&l, say, heard, sizeof heard);
	return heard;
}

static size_t offset_now(void)
{
	const char *heard = ask("HEAD", ""), *at = strstr(heard, "Upload-Offset: ");

	cr_assert(live_matches("HTTP/1.1 204 ~\r\n^", heard), "%.400s", heard);
	return at ? strtoul(at + 15, NULL, 10) : 0;
}

/* How many files the store has, hidden ones included. */
static size_t count_files(void)
{
	DIR *dir = opendir(live_path(&l, "www"));
	const struct dirent *d;
	size_t n = 0;

	while ((d = readdir(dir)))
		n += strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
	closedir(dir);
	return n;
}

static bool is_there(const char *name)
{
	return access(live_path(&l, name), F_OK) == 0;
}

static bool is_same(const char *name, const char *bytes)
{
	FILE *file = fopen(live_path(&l, name), "r");
	char *got = malloc(SIZE + 1);
	size_t len = file ? fread(got, 1, SIZE + 1, file) : 0;
	bool same = len == SIZE && memcmp(got, bytes, SIZE) == 0;

	if (file)
		fclose(file);
	free(got);
	return same;
}

/* A reset in place of an orderly end. */
static void cut(int fd, bool reset)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (reset)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}

static void send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		cr_assert(n > 0);
		bytes += n;
		len -= (size_t)n;
	}
}

/* Begins or goes on, and sends so much. The connection. */
static int send_piece(const char *bytes, size_t from, size_t len)
{
	static char heard[TEXT];
	char head[TEXT];
	int fd = live_connect(&l, 0);

	if (!address[0])
		snprintf(head, sizeof head,
		         "PUT /up/big HTTP/1.1\r\nHost: h\r\nUpload-Complete: ?1\r\n"
		         "Content-Length: %d\r\n\r\n",
		         SIZE);
	else
		snprintf(head, sizeof head,
		         "PATCH %s HTTP/1.1\r\nHost: h\r\nUpload-Complete: ?1\r\n"
		         "Content-Type: application/partial-upload\r\nUpload-Offset: %zu\r\n"
		         "Content-Length: %zu\r\n\r\n",
		         address, from, (size_t)SIZE - from);
	live_send(fd, head, strlen(head));
	if (!address[0]) {
		live_receive(fd, heard, sizeof heard, 300);
		learn(heard);
		cr_assert(ne(chr, address[0], '\0'), "%s", heard);
	}
	send_all(fd, bytes + from, len);
	return fd;
}

Test(resume, cut_at_random_points_and_killed_in_between)
{
	char *bytes = make_bytes();
	const char *heard;
	size_t at = 0;
	int last;

	start("1h");
	srand((unsigned)time(NULL));
	for (unsigned i = 0; i < CUTS; i++) {
		size_t len = (size_t)rand() % ((SIZE - at) / 2), now;

		cut(send_piece(bytes, at, len), i % 2 == 1);
		if (i == 2) {
			cr_expect(eq(int, live_stop(&l, SIGKILL), 128 + SIGKILL));
			cr_assert(live_is_gone(&l));
			start("1h");
		} else if (i == 4) {
			cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
			start("1h");
		}
		now = offset_now();
		cr_expect(now >= at && now <= at + len, "cut %u: %zu of %zu + %zu", i, now, at,
		          len);
		cr_expect(not(is_there("www/big")), "cut %u: there is a file already", i);
		at = now;
	}
	/*
	 * Who left now would have the rest of it discarded by the kernel as soon as we answer anything. And a
	 * request of a connection that was cut may be read only now: it takes the upload over (the draft's section
	 * on concurrency), so that this one has to ask and go on, as clients do.
	 */
	for (unsigned tries = 0; tries < CUTS && !is_there("www/big"); tries++) {
		at = offset_now();
		last = send_piece(bytes, at, SIZE - at);
		for (int i = 0; i < LIVE_PATIENCE / 5 && !is_there("www/big"); i += 50)
			usleep(50000);
		close(last);
	}
	cr_expect(is_same("www/big", bytes));
	heard = ask("HEAD", "");
	cr_expect(live_matches("HTTP/1.1 204 ~\r\n^Upload-Complete: ?1\r\nUpload-Offset: "
	                       "1500000\r\nUpload-Length: 1500000\r\n^",
	                       heard),
	          "%.400s", heard);
	cr_expect(eq(sz, count_files(), 2), "the file and what is known of its upload");
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
	free(bytes);
}

/* How much of an upload lies in the store: to ask the server for it would take the upload over. */
static size_t stored(void)
{
	DIR *dir = opendir(live_path(&l, "www"));
	struct dirent *entry;
	char name[300];
	struct stat st;
	size_t most = 0;

	while (dir && (entry = readdir(dir))) {
		snprintf(name, sizeof name, "www/%s", entry->d_name);
		if (strncmp(entry->d_name, ".upload-", 8) == 0 &&
		    lstat(live_path(&l, name), &st) == 0 && (size_t)st.st_size > most)
			most = (size_t)st.st_size;
	}
	if (dir)
		closedir(dir);
	return most;
}

/* Each client takes the upload over from the one before it, in this worker or the other. */
Test(resume, an_older_connection_adds_nothing_in_whichever_worker)
{
	char text[TEXT], x[1000], a[1000], wanted[20001] = "";
	char heard[TEXT];
	int last = -1;

	memset(x, 'X', sizeof x);
	start("1h");
	snprintf(address, sizeof address, "/up/f");
	learn(ask("PUT", "Upload-Complete: ?0\r\nContent-Length: 0\r\n"));
	for (size_t i = 0; i < 20; i++) {
		int fd = live_connect(&l, 0);

		memset(a, 'a' + (int)i, sizeof a);
		memcpy(wanted + 1000 * i, a, sizeof a);
		snprintf(text, sizeof text,
		         "PATCH %s HTTP/1.1\r\nHost: h\r\nUpload-Complete: ?0\r\nUpload-Offset: "
		         "%zu\r\nContent-Type: application/partial-upload\r\n"
		         "Content-Length: 100000\r\n\r\n",
		         address, 1000 * i);
		live_send(fd, text, strlen(text));
		live_send(fd, a, sizeof a);
		for (int k = 0; k < LIVE_PATIENCE && stored() < 1000 * (i + 1); k++)
			usleep(1000);
		cr_assert(eq(sz, offset_now(), 1000 * (i + 1)));
		if (last >= 0)
			close(last);
		/* This one has been taken over, by the question for the offset. */
		live_send(fd, x, sizeof x);
		last = fd;
	}
	live_receive(last, heard, sizeof heard, 1000);
	close(last);
	cr_expect(live_matches("HTTP/1.1 409 ~\r\n^", heard), "%.300s", heard);
	cr_expect(eq(sz, offset_now(), 20000));
	cr_expect(live_matches("HTTP/1.1 201 ~\r\n^",
	                       ask("PATCH", "Upload-Complete: ?1\r\nUpload-Offset: 20000\r\n"
	                                    "Content-Type: application/partial-upload\r\n")));
	cr_expect(eq(str, (char *)live_read(&l, "www/f"), wanted));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

/* Nobody asks for it any more, and it goes. */
Test(resume, past_its_time_it_is_swept_away)
{
	start("1s");
	snprintf(address, sizeof address, "/up/f");
	learn(ask("PUT", "Upload-Complete: ?0\r\nContent-Length: 0\r\n"));
	cr_expect(eq(sz, count_files(), 2));
	for (unsigned i = 0; i < 200 && count_files() > 0; i++)
		usleep(50000);
	cr_expect(eq(sz, count_files(), 0));
	cr_expect(live_matches("HTTP/1.1 404 ~\r\n^", ask("HEAD", "")));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

/* What a person would do with curl, which is killed half a second into an upload that takes ten. */
static const char by_curl[] =
        "head -c 3000000 /dev/urandom >src;"
        "timeout -s KILL 0.5 curl -s --limit-rate 300k -D head -T src -H 'Upload-Complete: ?1' "
        "$U/up/f;"
        "at=$(sed -n 's/^Location: //p' head | tr -d '\\r' | head -1); test -n \"$at\" || exit 10;"
        "test ! -e www/f || exit 11;"
        "n=$(curl -sI \"$U$at\" | sed -n 's/^Upload-Offset: //p' | tr -d '\\r');"
        "test \"$n\" -gt 0 && test \"$n\" -lt 3000000 || exit 12;"
        "tail -c +$((n + 1)) src | curl -s -X PATCH -H 'Upload-Complete: ?1' "
        "-H \"Upload-Offset: $n\" -H 'Content-Type: application/partial-upload' "
        "--data-binary @- -o page -w '%{http_code}' \"$U$at\" >code;"
        "test \"$(cat code)\" = 201 || exit 13; cmp src www/f";

Test(resume, with_curl)
{
	start("1h");
	cr_expect(eq(int, live_shell(&l, by_curl), 0), "%s", live_read(&l, "err"));
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}

Test(resume, explained)
{
	static const char *const first[] = { "--explain", "PUT http://h:8080/up/f",
		                             "-H",        "Upload-Complete: ?1",
		                             "site.conf", NULL };
	static const char *const second[] = {
		"--explain", "PATCH http://h:8080/up/f?upload=0123456789abcdef0123456789abcdef",
		"site.conf", NULL
	};

	live_write(&l, "site.conf",
	           "server { listen 127.0.0.1:8080; location /up/ { alias www/;"
	           " upload_store www; upload_resumable on; } }");
	cr_expect(eq(int, live_run(&l, first), 0), "%s", live_read(&l, "stderr"));
	cr_expect(live_matches("^resumable   on, and Upload-Complete is true^",
	                       live_read(&l, "stdout")),
	          "%s", live_read(&l, "stdout"));
	cr_expect(eq(int, live_run(&l, second), 0), "%s", live_read(&l, "stderr"));
	cr_expect(live_matches("^resumable   on: the query names an upload^204 once the bytes^",
	                       live_read(&l, "stdout")),
	          "%s", live_read(&l, "stdout"));
}
