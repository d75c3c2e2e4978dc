#include "base/log.h"
#include "handlers/tar_header.h"
#include "net/io.h"

#include "stage.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char config[] = "root %s; error_log stderr warn; autoindex on; autoindex_tar on;"
                             "location /plain/ { alias %s/dir/; autoindex_tar off; }"
                             "location /shut/ { alias %s/dir/; autoindex off; }"
                             "location /dots/ { alias %s/dir/; dotfiles allow; }"
                             "location /nolinks/ { alias %s/dir/; disable_symlinks on; }"
                             "location /bare { alias %s/dir; }"
                             "location /dir/private/ { deny all; }"
                             "location = /dir/exact { deny all; }"
                             "location ~ \\.secret$ { deny all; }"
                             "cgi .sh;";

enum { ARCHIVE_MAX = 4 << 20 };

/* What the client would get; *failed: and then a cut connection. */
static struct str pull(struct stage *s, bool *failed)
{
	struct body *body = &s->r->response.body;
	struct buf b = buf_in_arena(&s->r->arena, 256 * 1024);
	struct span span;
	enum body_next next;

	while ((next = body->next(body, &span)) == BODY_SPAN || next == BODY_WAIT)
		if (next == BODY_SPAN) {
			cr_assert(le(u64, span.len, 64 * 1024), "no more than a buffer");
			buf_add(&b, str_make(span.ptr, (size_t)span.len));
		}
	*failed = next == BODY_FAILED;
	return buf_str(&b);
}

/* The output of a command that reads the archive. */
static const char *pipe_to(struct str archive, const char *command)
{
	static char out[256 * 1024];
	char path[] = "/tmp/tar-XXXXXX", line[300];
	int fd = mkstemp(path);
	FILE *pipe;
	size_t n;

	cr_assert(write(fd, archive.ptr, archive.len) == (ssize_t)archive.len);
	close(fd);
	snprintf(line, sizeof line, "exec <%s 2>&1; export LC_ALL=C; %s", path, command);
	pipe = popen(line, "r");
	n = fread(out, 1, sizeof out - 1, pipe);
	out[n] = '\0';
	pclose(pipe);
	unlink(path);
	return out;
}

static const char *names(struct stage *s, const char *uri)
{
	char head[300];
	struct str archive;
	bool failed;

	snprintf(head, sizeof head, "GET %s HTTP/1.1\nHost: h\n", uri);
	stage_request(s, head);
	cr_assert(eq(uint, stage_status(s), 200), "%s", uri);
	archive = pull(s, &failed);
	cr_expect(failed == false && archive.len % TAR_BLOCK == 0);
	return pipe_to(archive, "tar --quoting-style=literal -t | sort");
}

static void dress(struct stage *s)
{
	static const char *const made[] = { "dir/sub/",     "dir/empty/",       "dir/private/",
		                            "dir/file",     "dir/sub/deep",     "dir/.hidden",
		                            "dir/run.sh",   "dir/private/key",  "dir/exact",
		                            "dir/a.secret", "dir/sub/b.secret", "outside" };

	for (size_t i = 0; i < sizeof made / sizeof *made; i++)
		stage_put(s, made[i], made[i]);
	cr_assert(eq(int, symlinkat("file", s->rootfd, "dir/link"), 0));
	cr_assert(eq(int, symlinkat("sub", s->rootfd, "dir/linked"), 0));
	cr_assert(eq(int, symlinkat("..", s->rootfd, "dir/sub/up"), 0));
	cr_assert(eq(int, symlinkat("/etc/passwd", s->rootfd, "dir/astray"), 0));
	cr_assert(eq(int, symlinkat("nothing", s->rootfd, "dir/broken"), 0));
	cr_assert(eq(int, mkfifoat(s->rootfd, "dir/fifo", 0600), 0));
}

static const struct {
	const char *name, *uri, *listed;
} rows[] = {
	{ "what a listing shows, to its depth; what another location answers for, and programs, "
	  "not",
	  "/dir/?tar",
	  "dir/\ndir/empty/\ndir/file\ndir/link\ndir/linked/\ndir/linked/deep\ndir/sub/\ndir/sub/"
	  "deep\n" },
	{ "an empty directory", "/dir/empty/?tar", "empty/\n" },
	{ "hidden names where they are allowed", "/dots/?tar",
	  "dots/\ndots/.hidden\ndots/empty/\ndots/exact\ndots/file\ndots/link\ndots/linked/\n"
	  "dots/linked/deep\ndots/private/\ndots/private/key\ndots/sub/\ndots/sub/deep\n" },
	{ "no links where none is allowed", "/nolinks/?tar",
	  "nolinks/\nnolinks/empty/\nnolinks/exact\nnolinks/file\nnolinks/private/\nnolinks/"
	  "private/key\nnolinks/sub/\nnolinks/sub/deep\n" },
	{ "an alias without its slash", "/bare/sub/?tar",
	  "sub/\nsub/deep\nsub/up/\nsub/up/empty/\nsub/up/exact\nsub/up/file\nsub/up/link\nsub/up/"
	  "private/\nsub/up/private/key\n" },
};

Test(tar, holds_what_may_be_seen)
{
	struct stage s;

	stage_open(&s, config);
	dress(&s);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *said = names(&s, rows[i].uri);

		cr_expect(eq(str, (char *)said, (char *)rows[i].listed), "%s", rows[i].name);
	}
	stage_close(&s);
}

static const struct {
	const char *name, *head, *says;
	unsigned status;
} answers[] = {
	{ "a listing has the link", "GET /dir/ HTTP/1.1\nHost: h\n", "href=\"?tar\"", 200 },
	{ "its type", "GET /dir/?tar HTTP/1.1\nHost: h\n",
	  "Content-Disposition: attachment; filename=\"dir.tar\"\r\n", 200 },
	{ "the root is called by the host", "GET /?tar HTTP/1.1\nHost: www.example\n",
	  "filename=\"www.example.tar\"\r\n", 200 },
	{ "if that makes a name", "GET /?tar HTTP/1.1\nHost: [::1]\n", "filename=\"files.tar\"\r\n",
	  200 },
	{ "other letters", "GET /d%C3%A9j%C3%A0/?tar HTTP/1.1\nHost: h\n",
	  "filename=\"d_j_.tar\"; filename*=UTF-8''d%C3%A9j%C3%A0.tar\r\n", 200 },
	{ "another query is no wish for it", "GET /dir/?tars HTTP/1.1\nHost: h\n", "<html", 200 },
	{ "where it is off it is a listing", "GET /plain/?tar HTTP/1.1\nHost: h\n", "<html", 200 },
	{ "where nothing is listed nothing is sent", "GET /shut/?tar HTTP/1.1\nHost: h\n", "",
	  403 },
	{ "a file stays a file", "GET /dir/file?tar HTTP/1.1\nHost: h\n", "dir/file", 200 },
	{ "POST is not answered", "POST /dir/?tar HTTP/1.1\nHost: h\nContent-Length: 0\n", "",
	  405 },
	{ "a directory that is not there", "GET /none/?tar HTTP/1.1\nHost: h\n", "", 404 },
};

Test(tar, is_offered_and_named)
{
	struct stage s;

	stage_open(&s, config);
	stage_put(&s, "dir/file", "dir/file");
	stage_put(&s, "d\xc3\xa9j\xc3\xa0/", "");
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		stage_request(&s, answers[i].head);
		cr_expect(eq(uint, stage_status(&s), answers[i].status), "%s", answers[i].name);
		cr_expect(stage_says(&s, answers[i].says), "%s", answers[i].name);
	}
	stage_request(&s, "GET /plain/ HTTP/1.1\nHost: h\n");
	cr_expect(stage_says(&s, "?tar") == false, "no link where it is off");
	stage_close(&s);
}

/* Directories within each other, `depth` of them, each with a file. */
static void dig(struct stage *s, int depth)
{
	int at = openat(s->rootfd, "dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < depth; i++) {
		char name[32];
		int fd, next;

		snprintf(name, sizeof name, "a-directory-number-%d", i);
		cr_assert(eq(int, mkdirat(at, name, 0755), 0));
		next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
		fd = openat(at, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		cr_assert(fd >= 0);
		close(fd);
	}
	close(at);
}

/* Warnings and errors since. */
static char log_room[4096];
static struct buf log_text;

static void begin_log(void)
{
	log_text = buf_fixed(log_room, sizeof log_room);
	log_main->copy = &log_text;
}

static bool logged(const char *text)
{
	return memmem(log_room, log_text.len, text, strlen(text)) != NULL;
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

Test(tar, goes_32_directories_deep)
{
	struct stage s;
	const char *said;

	stage_open(&s, config);
	dig(&s, 31);
	said = names(&s, "/dir/?tar");
	cr_expect(eq(sz, lines(said), 1 + 2 * 31), "names longer than 255 bytes, too");
	stage_close(&s);

	stage_open(&s, config);
	dig(&s, 40);
	begin_log();
	said = names(&s, "/dir/?tar");
	cr_expect(eq(sz, lines(said), 1 + 2 * 31));
	cr_expect(logged("-31/ is left out of the archive: it lies too deep"));
	stage_close(&s);
}

/* ---- files that change ---------------------------------------------------------------------------------- */

static struct stage *changed_stage;
static off_t changed_to;

/* Once the first bytes are read the file is made this long. */
static ssize_t pread_and_change(int fd, void *data, size_t len, off_t offset)
{
	ssize_t n = pread(fd, data, len, offset);

	if (offset == 0) {
		int file = openat(changed_stage->rootfd, "dir/file", O_WRONLY | O_CLOEXEC);

		cr_assert(eq(int, ftruncate(file, changed_to), 0));
		close(file);
	}
	return n;
}

static ssize_t pread_that_fails(int fd, void *data, size_t len, off_t offset)
{
	(void)fd;
	(void)data;
	(void)len;
	(void)offset;
	errno = EIO;
	return -1;
}

static void put_letters(struct stage *s, size_t size)
{
	char *text = malloc(size + 1);

	memset(text, 'x', size);
	text[size] = '\0';
	stage_put(s, "dir/file", text);
	stage_put(s, "dir/sub/", "");
	stage_put(s, "dir/sub/last", "last");
	free(text);
}

Test(tar, a_file_that_changes_keeps_the_size_that_was_promised)
{
	static const struct {
		const char *name;
		off_t to;
		int letters;
	} cases[] = { { "shorter", 100000, 100000 },
		      { "empty", 0, -1 },
		      { "longer", 400000, 200001 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct io_calls calls = io_system;
		struct stage s;
		struct str archive;
		bool failed;

		stage_open(&s, config);
		begin_log();
		put_letters(&s, 200001);
		changed_stage = &s;
		changed_to = cases[i].to;
		calls.pread = pread_and_change;
		stage_request(&s, "GET /dir/?tar HTTP/1.1\nHost: h\n");
		io_active = &calls;
		archive = pull(&s, &failed);
		io_active = &io_system;
		cr_expect(failed == false, "%s", cases[i].name);
		cr_expect(eq(sz, strlen(pipe_to(archive, "tar -xO dir/sub/last")), 4),
		          "%s: what follows is in its place", cases[i].name);
		cr_expect(eq(int, atoi(pipe_to(archive, "tar -xO dir/file | wc -c")), 200001), "%s",
		          cases[i].name);
		if (cases[i].letters >= 0)
			cr_expect(eq(int,
			             atoi(pipe_to(archive, "tar -xO dir/file | tr -cd x | wc -c")),
			             cases[i].letters),
			          "%s", cases[i].name);
		cr_expect(eq(int, logged("dir/file became shorter while it was sent"),
		             cases[i].to < 200001),
		          "%s", cases[i].name);
		stage_close(&s);
	}
}

Test(tar, a_file_that_can_not_be_read_breaks_it_off)
{
	struct io_calls calls = io_system;
	struct stage s;
	bool failed;

	stage_open(&s, config);
	begin_log();
	put_letters(&s, 1000);
	calls.pread = pread_that_fails;
	stage_request(&s, "GET /dir/?tar HTTP/1.1\nHost: h\n");
	io_active = &calls;
	pull(&s, &failed);
	io_active = &io_system;
	cr_expect(failed, "so that nobody takes it for the whole");
	cr_expect(logged("the archive is broken off at dir/file: Input/output error"));
	stage_close(&s);
}

/* ---- bounds ---------------------------------------------------------------------------------------------- */

Test(tar, lets_others_have_their_turn)
{
	enum { FILES = 1000, HIDDEN = 1000 };
	struct stage s;
	struct span span;
	struct body *body;
	enum body_next next;
	size_t waits = 0;

	stage_open(&s, config);
	for (int i = 0; i < FILES + HIDDEN; i++) {
		char name[32];

		snprintf(name, sizeof name, "dir/%s%d", i < FILES ? "n" : ".h", i);
		close(openat(s.rootfd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	}
	stage_request(&s, "GET /dir/?tar HTTP/1.1\nHost: h\n");
	body = &s.r->response.body;
	loop_forget(&s.conn.task);
	while ((next = body->next(body, &span)) == BODY_SPAN || next == BODY_WAIT) {
		if (next == BODY_SPAN)
			continue;
		waits++;
		cr_expect(list_is_empty(&s.conn.task.node) == false, "and is woken again");
		loop_forget(&s.conn.task);
	}
	cr_expect(eq(int, (int)next, (int)BODY_END));
	cr_expect(ge(sz, waits, (FILES + HIDDEN) / 64 - 1), "what is left out counts as well");
	stage_close(&s);
}

static size_t descriptors(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

Test(tar, who_leaves_early_leaves_nothing_open)
{
	struct stage s;
	struct span span;
	size_t before;

	stage_open(&s, config);
	dig(&s, 20);
	stage_put(&s, "dir/a-directory-number-0/x", "");
	stage_request(&s, "GET /none HTTP/1.1\nHost: h\n");
	before = descriptors();
	stage_request(&s, "GET /dir/?tar HTTP/1.1\nHost: h\n");
	cr_expect(
	        eq(int, (int)s.r->response.body.next(&s.r->response.body, &span), (int)BODY_SPAN));
	stage_request(&s, "GET /dir/?tar HTTP/1.1\nHost: h\n");
	stage_request(&s, "GET /none HTTP/1.1\nHost: h\n");
	cr_expect(eq(sz, descriptors(), before));
	stage_close(&s);
}
