/* upload_reserve on a real file system of a few megabytes. */

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PIECE = 64 << 10 };

static struct live l;

static void open_reserve(void)
{
	live_open(&l);
	cr_assert(eq(int, mkdir(live_path(&l, "store"), 0755), 0));
}

static void close_reserve(void)
{
	if (l.pid > 0)
		live_stop(&l, 15);
	umount(live_path(&l, "store"));
	live_close(&l);
}

TestSuite(reserve, .init = open_reserve, .fini = close_reserve);

#define SITE(reserve)                                          \
	"worker_processes 1; root www; error_log error.log;"   \
	"server { listen 127.0.0.1:0; client_max_body_size 0;" \
	"  location / { alias store/; upload_store store; upload_reserve " reserve "; } }"

/* A file system that only this process and its children see, 16 MiB large. */
static bool mount_small(void)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", live_path(&l, "store"), "tmpfs", 0, "size=16m") == 0;
}

static uint64_t store_free(void)
{
	struct statvfs fs;

	cr_assert(eq(int, statvfs(live_path(&l, "store"), &fs), 0));
	return (uint64_t)fs.f_bavail * fs.f_frsize;
}

static size_t store_names(void)
{
	DIR *d = opendir(live_path(&l, "store"));
	size_t count = 0;

	cr_assert(d != NULL);
	while (readdir(d))
		count++;
	closedir(d);
	return count - 2;
}

/* PUT of so many bytes in chunks. The status that is answered. */
static int put_chunked(const char *path, size_t bytes)
{
	static char chunk[PIECE + 16], answer[LIVE_TEXT];
	char head[200];
	int fd = live_connect(&l, 0), status = 0;
	size_t len;

	snprintf(head, sizeof head,
	         "PUT %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
	         "Connection: close\r\n\r\n",
	         path);
	live_send(fd, head, strlen(head));
	len = (size_t)snprintf(chunk, sizeof chunk, "%x\r\n", PIECE);
	memset(chunk + len, 'x', PIECE);
	memcpy(chunk + len + PIECE, "\r\n", 2);
	for (size_t sent = 0; sent < bytes; sent += PIECE)
		live_send(fd, chunk, len + PIECE + 2);
	live_send(fd, "0\r\n\r\n", 5);
	live_receive(fd, answer, sizeof answer, LIVE_PATIENCE);
	close(fd);
	sscanf(answer, "HTTP/1.1 %d", &status);
	return status;
}

Test(reserve, more_than_the_disk_has_refuses_everything_before_its_body)
{
	char answer[LIVE_TEXT];

	live_start(&l, SITE("1000000g"));
	/* No body is sent: an answer comes all the same, and no 100 before it. */
	live_exchange(&l,
	              "PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
	              "Expect: 100-continue\r\nConnection: close\r\n\r\n",
	              answer, sizeof answer);
	cr_expect(eq(int, strncmp(answer, "HTTP/1.1 507 ", 13), 0), "%.900s", answer);
	live_exchange(&l,
	              "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
	              "Connection: close\r\n\r\n",
	              answer, sizeof answer);
	cr_expect(eq(int, strncmp(answer, "HTTP/1.1 507 ", 13), 0), "%.900s", answer);
	live_exchange(&l,
	              "PUT /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
	              "Connection: close\r\n\r\n",
	              answer, sizeof answer);
	cr_expect(eq(int, strncmp(answer, "HTTP/1.1 507 ", 13), 0), "%.900s", answer);
	cr_expect(gt(int, live_await(&l, "error.log", "upload_reserve"), 0));
	cr_expect(eq(sz, store_names(), 0));
}

Test(reserve, is_kept_on_a_small_disk)
{
	char answer[LIVE_TEXT];

	if (!mount_small())
		cr_skip_test("no file system can be mounted here");
	live_start(&l, SITE("6m"));
	cr_expect(eq(int, put_chunked("/one", 5 << 20), 201), "10 MiB are to be had");
	cr_expect(eq(int, put_chunked("/two", 6 << 20), 507), "5 MiB are left of them");
	cr_expect(eq(sz, store_names(), 1), "nothing is left of what was refused");
	cr_expect(ge(u64, store_free(), 10 << 20), "and its room is free again");
	live_exchange(&l,
	              "PUT /three HTTP/1.1\r\nHost: a\r\nContent-Length: 6000000\r\n"
	              "Expect: 100-continue\r\nConnection: close\r\n\r\n",
	              answer, sizeof answer);
	cr_expect(eq(int, strncmp(answer, "HTTP/1.1 507 ", 13), 0), "%.900s", answer);
	cr_expect(eq(int, put_chunked("/four", 4 << 20), 201), "what fits is stored");
	cr_expect(ge(u64, store_free(), 6 << 20), "the reserve is there");
}

Test(reserve, explain_says_what_would_be_answered)
{
	static const struct {
		const char *reserve, *length, *says;
	} rows[] = {
		{ "1k", "Content-Length: 1", "201 if the file is new" },
		{ "1k", "Content-Length: 999999999999999", "507, before the body is asked for" },
		{ "1000000g", "Content-Length: 1", "room for 0 bytes" },
	};
	char config[512];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *arguments[] = {
			"site.conf", "--explain",    "PUT http://127.0.0.1:8080/x",
			"-H",        rows[i].length, NULL
		};

		snprintf(config, sizeof config,
		         "root www; server { listen 127.0.0.1:8080; client_max_body_size 0;"
		         " location / { alias store/; upload_store store; upload_reserve %s; } }",
		         rows[i].reserve);
		live_write(&l, "site.conf", config);
		live_run(&l, arguments);
		cr_expect(ne(ptr, strstr(live_read(&l, "stdout"), rows[i].says), NULL), "%s: %s",
		          rows[i].says, live_read(&l, "stdout"));
	}
}
