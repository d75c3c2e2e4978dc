#include "handlers/upload.h"

#include "net/io.h"
#include "stage.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char config[] =
        "root %s; client_max_body_size 1g;"
        "location /store/ { methods GET POST PUT DELETE; upload_store %s/store; upload_access "
        "0640; }"
        "location /over/ { alias %s/store/; methods POST PUT; upload_store %s/store;"
        "	upload_overwrite on; }"
        "location /again/ { alias %s/store/; methods POST PUT; upload_store %s/store;"
        "	upload_overwrite rename; }"
        "location = /drop { methods POST; upload_store %s/store; }";

#define PART(name) \
	"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"" name "\"\r\n\r\n"
#define FIELD "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\n"
#define END   "--b--\r\n"

static void post(struct stage *s, const char *uri, const char *more, struct str body, size_t piece)
{
	char head[512];

	snprintf(head, sizeof head,
	         "POST %s HTTP/1.1\nHost: h\nContent-Length: %zu\nAccept: application/json\n%s",
	         uri, body.len, more);
	stage_request(s, head);
	stage_body(s, body, piece);
}

static void post_form(struct stage *s, const char *uri, const char *form, size_t piece)
{
	post(s, uri, "Content-Type: multipart/form-data; boundary=b\n", str_from(form), piece);
}

/* NULL content: the file must not be there. */
static const struct {
	const char *name, *uri, *form;
	unsigned status;
	const char *says;
	struct {
		const char *name, *content;
	} files[3];
} forms[] = {
	{ "one file is stored under its name",
	  "/store/",
	  PART("one") "1\r\n" END,
	  201,
	  "{\"stored\":[{\"name\":\"one\",\"size\":1,\"uri\":\"/store/one\"}]}",
	  { { "one", "1" } } },
	{ "several files and fields: the files are stored",
	  "/store/",
	  FIELD PART("two") "22\r\n" FIELD PART("three") "\r\n--\r\n-b\r\n" END,
	  201,
	  "\"three\"",
	  { { "two", "22" }, { "three", "\r\n--\r\n-b" } } },
	{ "an empty file is one",
	  "/store/",
	  PART("void") "\r\n" END,
	  201,
	  "\"size\":0",
	  { { "void", "" } } },
	{ "a file input left empty is passed over",
	  "/store/",
	  PART("") "\r\n" PART("v2") "2\r\n" END,
	  201,
	  "\"v2\"",
	  { { "v2", "2" } } },
	{ "a path is cut to its last name",
	  "/store/",
	  PART("../../x/..\\\\evil") "e\r\n" END,
	  201,
	  "\"evil\"",
	  { { "evil", "e" } } },
	{ "leading dots go, so that nothing hidden comes in",
	  "/store/",
	  PART(".htaccess") "e\r\n" END,
	  201,
	  "\"htaccess\"",
	  { { "htaccess", "e" } } },
	{ "a form without a file is a mistake", "/store/", FIELD END, 400, "no file", { { 0 } } },
	{ "a form that ends early stores nothing",
	  "/store/",
	  PART("early") "123",
	  400,
	  "ended",
	  { { "early", NULL } } },
	{ "a name of which nothing is left is refused",
	  "/store/",
	  PART("..") "1\r\n" END,
	  400,
	  "no name",
	  { { 0 } } },
	{ "a part that is none is refused with all the others",
	  "/store/",
	  PART("good") "1\r\n--b\r\nnonsense\r\n\r\n\r\n" END,
	  400,
	  "part",
	  { { "good", NULL } } },
	{ "a taken name is a conflict",
	  "/store/",
	  PART("taken") "new\r\n" END,
	  409,
	  "taken",
	  { { "taken", "old" } } },
	{ "of several files with one taken name none is stored",
	  "/store/",
	  PART("fresh") "1\r\n" PART("taken") "new\r\n" END,
	  409,
	  "taken",
	  { { "fresh", NULL }, { "taken", "old" } } },
	{ "one name twice in a form is a conflict with itself",
	  "/store/",
	  PART("twin") "1\r\n" PART("twin") "2\r\n" END,
	  409,
	  "twin",
	  { { "twin", NULL } } },
	{ "overwrite replaces",
	  "/over/",
	  PART("taken") "new\r\n" END,
	  201,
	  "/store/taken",
	  { { "taken", "new" } } },
	{ "overwrite replaces several",
	  "/over/",
	  PART("taken") "a\r\n" PART("other") "b\r\n" END,
	  201,
	  "\"other\"",
	  { { "taken", "a" }, { "other", "b" } } },
	{ "what a form replaced is put back when a later file fails",
	  "/over/",
	  PART("taken") "new\r\n" PART("fresh") "1\r\n" PART("sub") "x\r\n" END,
	  409,
	  "directory",
	  { { "taken", "old" }, { "fresh", NULL } } },
	{ "one name twice: the later one wins",
	  "/over/",
	  PART("taken") "1\r\n" PART("taken") "2\r\n" END,
	  201,
	  "\"taken\"",
	  { { "taken", "2" } } },
	{ "one name twice before a failure: the first state is put back",
	  "/over/",
	  PART("taken") "1\r\n" PART("taken") "2\r\n" PART("sub") "x\r\n" END,
	  409,
	  "directory",
	  { { "taken", "old" } } },
	{ "rename counts up",
	  "/again/",
	  PART("taken") "new\r\n" PART("taken") "2\r\n" END,
	  201,
	  "taken (2)",
	  { { "taken", "old" }, { "taken (1)", "new" }, { "taken (2)", "2" } } },
	{ "a directory of the store takes files as well",
	  "/store/sub/",
	  PART("in") "1\r\n" END,
	  201,
	  "/store/sub/in",
	  { { "sub/in", "1" } } },
	{ "where no location serves its files by GET, another does",
	  "/drop",
	  PART("d") "1\r\n" END,
	  201,
	  "\"uri\":\"/store/d\"",
	  { { "d", "1" } } },
};

/* A missing file is not an empty one. */
static bool is_same(struct str a, struct str b)
{
	return !a.ptr == !b.ptr && str_eq(a, b);
}

static void check_form(size_t row, size_t piece)
{
	struct stage s;
	size_t wanted = 3; /* taken, other, sub */

	stage_open(&s, config);
	stage_put(&s, "store/taken", "old");
	stage_put(&s, "store/other", "old");
	stage_put(&s, "store/sub/", "");
	post_form(&s, forms[row].uri, forms[row].form, piece);
	cr_expect(eq(uint, stage_status(&s), forms[row].status), "%s, by %zu", forms[row].name,
	          piece);
	cr_expect(stage_says(&s, forms[row].says), "%s, by %zu", forms[row].name, piece);
	for (size_t i = 0; i < 3 && forms[row].files[i].name; i++) {
		char path[64];
		struct str is, content = str_from(forms[row].files[i].content);

		snprintf(path, sizeof path, "store/%s", forms[row].files[i].name);
		is = stage_file(&s, path);
		cr_expect(is_same(is, content), "%s, by %zu: %s", forms[row].name, piece, path);
		wanted += is.ptr && strcmp(path, "store/taken") != 0 &&
		          strcmp(path, "store/other") != 0 && !strstr(path, "sub/");
	}
	cr_expect(eq(sz, stage_count(&s, "store"), wanted), "%s, by %zu: nothing else is there",
	          forms[row].name, piece);
	stage_close(&s);
}

Test(upload, forms)
{
	for (size_t row = 0; row < sizeof forms / sizeof *forms; row++) {
		check_form(row, SIZE_MAX);
		check_form(row, 1);
		check_form(row, 7);
	}
}

Test(upload, a_form_in_two_pieces_cut_anywhere)
{
	static const char form[] = FIELD PART("two") "2\r\n--\r\n" PART("three") "3\r\n" END;
	struct stage s;

	stage_open(&s, config);
	for (size_t cut = 1; cut < sizeof form - 1; cut++) {
		post_form(&s, "/over/", form, cut);
		cr_expect(eq(uint, stage_status(&s), 201), "cut every %zu", cut);
		cr_expect(str_eq(stage_file(&s, "store/two"), STR_OF("2\r\n--")), "cut every %zu",
		          cut);
		cr_expect(str_eq(stage_file(&s, "store/three"), STR_OF("3")), "cut every %zu", cut);
	}
	cr_expect(eq(sz, stage_count(&s, "store"), 2));
	stage_close(&s);
}

static const struct {
	const char *name, *uri, *fields;
	unsigned status;
	const char *says;
} raws[] = {
	{ "Content-Disposition names a raw body", "/store/",
	  "Content-Disposition: attachment; filename=raw\n", 201, "\"raw\"" },
	{ "its name is cut to the last one", "/store/",
	  "Content-Disposition: attachment; filename=\"/etc/x\"\n", 201, "\"x\"" },
	{ "without it a name is made up", "/store/", "Content-Type: text/plain\n", 201, ".bin\"" },
	{ "a malformed one is refused", "/store/", "Content-Disposition: ;;=\n", 400, "malformed" },
	{ "a taken name is a conflict", "/store/", "Content-Disposition: x; filename=taken\n", 409,
	  "taken" },
	{ "a form without a boundary is refused", "/store/", "Content-Type: multipart/form-data\n",
	  400, "boundary" },
	{ "a page of another site may not post (Sec-Fetch-Site)", "/store/",
	  "Sec-Fetch-Site: cross-site\n", 403, "another site" },
	{ "nor one of another origin", "/store/", "Origin: http://evil\n", 403, "another site" },
	{ "nor one without an origin of its own", "/store/", "Origin: null\n", 403,
	  "another site" },
	{ "nor one of another port", "/store/", "Origin: http://h:81\n", 403, "another site" },
	{ "our own origin may", "/store/", "Origin: http://H\nSec-Fetch-Site: same-origin\n", 201,
	  "stored" },
	{ "the usual port need not be named", "/store/", "Origin: http://h:80\n", 201, "stored" },
	{ "behind a proxy that speaks TLS the origin is https", "/store/",
	  "Origin: https://h:443\n", 201, "stored" },
};

Test(upload, raw_bodies)
{
	for (size_t i = 0; i < sizeof raws / sizeof *raws; i++) {
		struct stage s;

		stage_open(&s, config);
		stage_put(&s, "store/taken", "old");
		post(&s, raws[i].uri, raws[i].fields, STR_OF("bytes"), 2);
		cr_expect(eq(uint, stage_status(&s), raws[i].status), "%s", raws[i].name);
		cr_expect(stage_says(&s, raws[i].says), "%s", raws[i].name);
		cr_expect(eq(sz, stage_count(&s, "store"), raws[i].status == 201 ? 2 : 1), "%s",
		          raws[i].name);
		stage_close(&s);
	}
}

Test(upload, the_file_has_the_mode_and_the_answer_its_location)
{
	struct stage s;
	struct stat st;

	stage_open(&s, config);
	post(&s, "/store/", "Content-Disposition: x; filename=\"a b\"\n", STR_OF("x"), 1);
	cr_expect(eq(uint, stage_status(&s), 201));
	cr_expect(str_eq(s.r->response.location, STR_OF("/store/a%20b")));
	cr_assert(fstatat(s.rootfd, "store/a b", &st, 0) == 0);
	cr_expect(eq(uint, st.st_mode & 07777, 0640));
	stage_close(&s);
}

Test(upload, a_client_that_leaves_leaves_nothing)
{
	struct stage s;

	stage_open(&s, config);
	stage_request(&s, "POST /store/ HTTP/1.1\nHost: h\nContent-Length: 100\n"
	                  "Content-Type: multipart/form-data; boundary=b\n");
	s.r->sink->write(s.r, STR_OF(PART("half") "12345"));
	stage_close(&s);
}

Test(upload, a_file_over_the_limit_of_the_process_is_507)
{
	struct rlimit limit = { 4, 4 };
	struct stage s;

	signal(SIGXFSZ, SIG_IGN);
	stage_open(&s, config);
	cr_assert(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	post_form(&s, "/store/", PART("big") "123456789\r\n" END, SIZE_MAX);
	cr_expect(eq(uint, stage_status(&s), 507));
	cr_expect(eq(sz, stage_count(&s, "store"), 0));
	stage_close(&s);
}

/* ---- upload_reserve ------------------------------------------------------------------------------------- */

static struct {
	uint64_t blocks; /* of 512 bytes, free for everybody */
	unsigned looks;
	int error; /* not 0: the call fails */
} disk;

static int disk_says(int fd, struct statvfs *fs)
{
	(void)fd;
	disk.looks++;
	*fs = (struct statvfs){ .f_bsize = 4096,
		                .f_frsize = 512,
		                .f_bavail = disk.blocks,
		                .f_bfree = disk.blocks + 100 };
	errno = disk.error;
	return disk.error ? -1 : 0;
}

static void disk_use(struct io_calls *calls)
{
	*calls = io_system;
	calls->fstatvfs = disk_says;
	io_active = calls;
}

static const char reserve_config[] =
        "root %s; client_max_body_size 0;"
        "location /store/ { upload_store %s/store; methods POST PUT; upload_reserve 1k; }"
        "location /all/ { alias %s/store/; upload_store %s/store; methods POST PUT; }";

static const struct {
	const char *name, *head;
	uint64_t blocks;
	int error;
	unsigned status; /* 0: the body is wanted */
} reserve_rows[] = {
	{ "one block beyond the reserve holds one block",
	  "PUT /store/x HTTP/1.1\nHost: h\nContent-Length: 512\n", 3, 0, 0 },
	{ "and not a byte more", "PUT /store/x HTTP/1.1\nHost: h\nContent-Length: 513\n", 3, 0,
	  507 },
	{ "an empty file fits where the reserve is touched already",
	  "PUT /store/x HTTP/1.1\nHost: h\nContent-Length: 0\n", 1, 0, 201 },
	{ "POST as well", "POST /store/ HTTP/1.1\nHost: h\nContent-Length: 513\n", 3, 0, 507 },
	{ "a form as well",
	  "POST /store/ HTTP/1.1\nHost: h\nContent-Length: 513\n"
	  "Content-Type: multipart/form-data; boundary=b\n",
	  3, 0, 507 },
	{ "who waits for 100 as well",
	  "PUT /store/x HTTP/1.1\nHost: h\nContent-Length: 513\nExpect: 100-continue\n", 3, 0,
	  507 },
	{ "a chunked body where nothing is left beyond the reserve",
	  "PUT /store/x HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n", 2, 0, 507 },
	{ "a chunked body where something is",
	  "PUT /store/x HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n", 3, 0, 0 },
	{ "a length near the end of numbers",
	  "PUT /store/x HTTP/1.1\nHost: h\nContent-Length: 9223372036854775807\n", 3, 0, 507 },
	{ "a promise that can't be kept is none",
	  "PUT /store/x HTTP/1.1\nHost: h\nContent-Length: 1\n", 3, EIO, 500 },
	{ "without a reserve the disk may be filled",
	  "PUT /all/x HTTP/1.1\nHost: h\nContent-Length: 1536\n", 3, 0, 0 },
	{ "but not more than that", "PUT /all/x HTTP/1.1\nHost: h\nContent-Length: 1537\n", 3, 0,
	  507 },
	{ "without a reserve a file system that says nothing is tried",
	  "PUT /all/x HTTP/1.1\nHost: h\nContent-Length: 1537\n", 3, ENOSYS, 0 },
};

Test(upload, a_reserve_is_kept_before_the_body_is_asked_for)
{
	for (size_t i = 0; i < sizeof reserve_rows / sizeof *reserve_rows; i++) {
		struct stage s;
		struct io_calls calls;

		stage_open(&s, reserve_config);
		disk_use(&calls);
		disk.blocks = reserve_rows[i].blocks;
		disk.error = reserve_rows[i].error;
		stage_request(&s, reserve_rows[i].head);
		cr_expect(eq(uint, stage_status(&s), reserve_rows[i].status), "%s",
		          reserve_rows[i].name);
		if (reserve_rows[i].status == 507) {
			cr_expect(eq(sz, stage_count(&s, "store"), 0), "%s", reserve_rows[i].name);
			cr_expect(s.r->sink == NULL, "%s: nobody takes the body",
			          reserve_rows[i].name);
		}
		io_active = &io_system;
		stage_close(&s);
	}
}

static const struct {
	const char *name, *head;
	size_t bytes; /* what is sent where the disk fills up on the way */
} fill_rows[] = {
	{ "chunked", "PUT /store/x HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n", 9 << 20 },
	{ "a length that others made too much",
	  "PUT /store/x HTTP/1.1\nHost: h\nContent-Length: 9437184\n", 9 << 20 },
	{ "a raw body", "POST /store/ HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n", 9 << 20 },
};

Test(upload, a_reserve_is_kept_while_the_body_streams)
{
	static char piece[1 << 20];

	for (size_t i = 0; i < sizeof fill_rows / sizeof *fill_rows; i++) {
		struct stage s;
		struct io_calls calls;

		stage_open(&s, reserve_config);
		disk_use(&calls);
		disk.blocks = 1 << 20;
		disk.looks = 0;
		stage_request(&s, fill_rows[i].head);
		cr_assert(s.r->sink != NULL, "%s", fill_rows[i].name);
		for (size_t sent = 0; sent < 5 << 20; sent += sizeof piece)
			s.r->sink->write(s.r, str_make(piece, sizeof piece));
		cr_expect(eq(uint, stage_status(&s), 0), "%s", fill_rows[i].name);
		cr_expect(eq(uint, disk.looks, 2), "%s: not at every piece", fill_rows[i].name);
		disk.blocks = 2;
		for (size_t sent = 5 << 20; sent < fill_rows[i].bytes && s.r->sink;
		     sent += sizeof piece)
			s.r->sink->write(s.r, str_make(piece, sizeof piece));
		cr_expect(eq(uint, stage_status(&s), 507), "%s", fill_rows[i].name);
		cr_expect(stage_says(&s, "upload_reserve"), "%s", fill_rows[i].name);
		cr_expect(eq(sz, stage_count(&s, "store"), 0), "%s: nothing is left",
		          fill_rows[i].name);
		io_active = &io_system;
		stage_close(&s);
	}
}

Test(upload, near_the_reserve_every_piece_is_looked_at)
{
	static const char piece[200];
	struct stage s;
	struct io_calls calls;

	stage_open(&s, reserve_config);
	disk_use(&calls);
	disk.blocks = 3; /* and stays so: what is written is not on this disk */
	stage_request(&s, "PUT /store/x HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n");
	disk.looks = 0;
	for (int i = 0; i < 5; i++)
		s.r->sink->write(s.r, str_make(piece, sizeof piece));
	cr_expect(eq(uint, stage_status(&s), 0));
	cr_expect(eq(uint, disk.looks, 2), "512 bytes were free each time");
	disk.blocks = 2;
	for (int i = 0; i < 2 && s.r->sink; i++)
		s.r->sink->write(s.r, str_make(piece, sizeof piece));
	cr_expect(eq(uint, stage_status(&s), 507));
	io_active = &io_system;
	stage_close(&s);
}

/* ---- PUT ------------------------------------------------------------------------------------------------ */

static const struct {
	const char *name, *uri, *fields;
	unsigned status;
	const char *path, *content; /* what is there afterwards; NULL: nothing */
} puts_[] = {
	{ "a new file is created", "/store/new", "", 201, "store/new", "bytes" },
	{ "a file is replaced where that is on", "/over/taken", "", 204, "store/taken", "bytes" },
	{ "and left alone where it is off", "/store/taken", "", 409, "store/taken", "old" },
	{ "rename is for POST: PUT never renames", "/again/taken", "", 409, "store/taken", "old" },
	{ "an escaped name", "/store/a%20b", "", 201, "store/a b", "bytes" },
	{ "a missing parent", "/store/no/file", "", 409, "store/no", NULL },
	{ "a parent that is a file", "/store/taken/x", "", 409, "store/taken", "old" },
	{ "a directory of the store", "/store/sub/x", "", 201, "store/sub/x", "bytes" },
	{ "a directory's own name", "/store/sub", "", 409, "store/sub/x", NULL },
	{ "a directory where replacing is on", "/over/sub", "", 409, "store/sub/x", NULL },
	{ "a part of a file (RFC 9110 section 14.5)", "/store/new", "Content-Range: bytes 0-4/9\n",
	  400, "store/new", NULL },
	{ "a control character in the name", "/store/a%0Ab", "", 400, "store/a\nb", NULL },
	{ "If-None-Match: * and nothing is there", "/over/new", "If-None-Match: *\n", 201,
	  "store/new", "bytes" },
	{ "If-None-Match: * and something is (RFC 9110 section 13.1.2)", "/over/taken",
	  "If-None-Match: *\n", 412, "store/taken", "old" },
	{ "If-Match: * and something is there", "/over/taken", "If-Match: *\n", 204, "store/taken",
	  "bytes" },
	{ "If-Match: * and nothing is (RFC 9110 section 13.1.1)", "/over/new", "If-Match: *\n", 412,
	  "store/new", NULL },
	{ "If-Match with another version", "/over/taken", "If-Match: \"1-2\"\n", 412, "store/taken",
	  "old" },
	{ "another site's page may not", "/over/taken", "Origin: http://evil\n", 403, "store/taken",
	  "old" },
	{ "a link that leads out is not followed", "/store/out/x", "", 403, "store/x", NULL },
	{ "a link as the last name is replaced, not followed", "/over/link", "", 204, "elsewhere",
	  "far" },
};

Test(put, table)
{
	for (size_t i = 0; i < sizeof puts_ / sizeof *puts_; i++) {
		struct stage s;
		char head[256];
		struct str is;

		stage_open(&s, config);
		stage_put(&s, "store/taken", "old");
		stage_put(&s, "store/sub/", "");
		stage_put(&s, "elsewhere", "far");
		cr_assert(symlinkat("/tmp", s.rootfd, "store/out") == 0);
		cr_assert(symlinkat("../elsewhere", s.rootfd, "store/link") == 0);
		snprintf(head, sizeof head, "PUT %s HTTP/1.1\nHost: h\nContent-Length: 5\n%s",
		         puts_[i].uri, puts_[i].fields);
		stage_request(&s, head);
		stage_body(&s, STR_OF("bytes"), 3);
		cr_expect(eq(uint, stage_status(&s), puts_[i].status), "%s", puts_[i].name);
		is = stage_file(&s, puts_[i].path);
		cr_expect(is_same(is, str_from(puts_[i].content)), "%s: what is there afterwards",
		          puts_[i].name);
		stage_close(&s);
	}
}

Test(put, the_version_is_judged_again_when_the_body_has_come)
{
	struct stage s;

	stage_open(&s, config);
	stage_request(&s, "PUT /over/x HTTP/1.1\nHost: h\nContent-Length: 5\nIf-None-Match: *\n");
	stage_put(&s, "store/x", "faster");
	stage_body(&s, STR_OF("bytes"), 5);
	cr_expect(eq(uint, stage_status(&s), 412));
	cr_expect(str_eq(stage_file(&s, "store/x"), STR_OF("faster")));
	stage_close(&s);
}

Test(put, the_etag_told_is_the_one_that_matches_next)
{
	struct stage s;
	char head[256];

	stage_open(&s, config);
	stage_request(&s, "PUT /over/x HTTP/1.1\nHost: h\nContent-Length: 1\n");
	stage_body(&s, STR_OF("1"), 1);
	cr_expect(eq(uint, stage_status(&s), 201));
	snprintf(head, sizeof head,
	         "PUT /over/x HTTP/1.1\nHost: h\nContent-Length: 1\nIf-Match: %.*s\n",
	         STR_ARG(s.r->response.etag));
	stage_request(&s, head);
	stage_body(&s, STR_OF("2"), 1);
	cr_expect(eq(uint, stage_status(&s), 204));
	stage_close(&s);
}

Test(put, an_empty_body_makes_an_empty_file)
{
	struct stage s;

	stage_open(&s, config);
	stage_request(&s, "PUT /store/x HTTP/1.1\nHost: h\nContent-Length: 0\n");
	cr_expect(eq(uint, stage_status(&s), 201));
	cr_expect(eq(sz, stage_file(&s, "store/x").len, 0));
	stage_close(&s);
}
