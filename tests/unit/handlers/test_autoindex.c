#include "handlers/autoindex_page.h"
#include "handlers/listing.h"

#include "stage.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char config[] =
        "root %s; autoindex on;"
        "location /store/ { methods GET POST DELETE; upload_store %s/store; }"
        "location /kept/ { alias %s/store/; methods GET POST; upload_store %s/store; }"
        "location /json/ { alias %s/dir/; autoindex_format json; autoindex_exact_size on; }"
        "location /page/ { alias %s/dir/; autoindex_format html; autoindex_exact_size on; }"
        "location /dots/ { alias %s/dir/; dotfiles allow; }";

static void dress(struct stage *s)
{
	static const char *const names[] = {
		"dir/sub/",       "dir/file10", "dir/file2",     "dir/.hidden", "dir/a<b>&c",
		"dir/x\xff\"y\n", "dir/a:b",    "dir/movie.mp4", "outside",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		stage_put(s, names[i], names[i][strlen(names[i]) - 1] == '/' ? "" : "1234567");
	cr_assert(eq(int, symlinkat("file2", s->rootfd, "dir/good"), 0));
	cr_assert(eq(int, symlinkat("nothing", s->rootfd, "dir/broken"), 0));
	cr_assert(eq(int, symlinkat("/etc/passwd", s->rootfd, "dir/astray"), 0));
	cr_assert(eq(int, mkfifoat(s->rootfd, "dir/fifo", 0600), 0));
}

/* says NULL: ends the list. A leading `!`: what must not be there. */
static const struct {
	const char *name, *uri, *fields;
	const char *says[6];
} rows[] = {
	{ "a page for people",
	  "/dir/",
	  "",
	  { "<title>Index of /dir/</title>", "<html lang=\"en\">" } },
	{ "directories have their slash", "/dir/", "", { "href=\"sub/\"", "sub/</span>" } },
	{ "markup in names is text",
	  "/dir/",
	  "",
	  { "href=\"a%3Cb%3E&c\"", "a&lt;b&gt;&amp;c", "!<b>" } },
	{ "any byte in a name leads back to it",
	  "/dir/",
	  "",
	  { "href=\"x%FF%22y%0A\"", "x\xef\xbf\xbd&quot;y" } },
	{ "a colon makes no scheme of a name", "/dir/", "", { "href=\"a%3Ab\"" } },
	{ "hidden names, broken and forbidden links and FIFOs are left out",
	  "/dir/",
	  "",
	  { "!href=\".hidden", "!broken", "!astray", "!fifo", "good" } },
	{ "hidden names are shown where that is allowed",
	  "/dots/",
	  "",
	  { "href=\".hidden\"", "!href=\"./\"" } },
	{ "sizes for people", "/dir/", "", { ">7 B<" } },
	{ "exact sizes", "/page/", "", { ">7<" } },
	{ "the icon goes by the kind", "/dir/", "", { "#video\"", "#dir\"" } },
	{ "the way up", "/dir/", "", { "<a href=\"../\">" } },
	{ "the root has none", "/", "", { "!Parent directory", "Index of /<" } },
	{ "the crumbs lead up by steps",
	  "/dir/sub/",
	  "",
	  { "<a href=\"../../\">h</a>", "../\">dir</a>" } },
	{ "an empty directory says so", "/dir/sub/", "", { "nothing in here" } },
	{ "nothing to change where there is no store",
	  "/dir/",
	  "",
	  { "!<form", "!table id=\"list\" data-delete" } },
	{ "a form and delete buttons in a store",
	  "/store/",
	  "",
	  { "<form", "enctype=\"multipart/form-data\"", "<table id=\"list\" data-delete" } },
	{ "only what is answered is offered",
	  "/kept/",
	  "",
	  { "<form", "!<table id=\"list\" data-delete" } },
	{ "JSON for whom prefers it",
	  "/dir/",
	  "Accept: application/json\n",
	  { "{\"name\":\"file2\",\"type\":\"file\",\"mtime\":\"20",
	    "\"size\":7,\"href\":\"file2\"}", "{\"name\":\"sub\",\"type\":\"directory\"",
	    "\"href\":\"sub/\"", "!<html" } },
	{ "JSON where the location says so",
	  "/json/",
	  "Accept: text/html\n",
	  { "\"file2\"", "!<html" } },
	{ "a page where the location says so",
	  "/page/",
	  "Accept: application/json\n",
	  { "<html" } },
	{ "an empty directory as JSON", "/dir/sub/", "Accept: application/json\n", { "[\n\n]\n" } },
	{ "the page is safe by its fields, too",
	  "/dir/",
	  "",
	  { "X-Content-Type-Options: nosniff", "default-src 'none'", "Cache-Control: no-cache" } },
};

static void check_says(struct stage *s, size_t row)
{
	struct str text = stage_text(s), fields = buf_str(&s->r->response.fields);

	for (size_t i = 0; i < 6 && rows[row].says[i]; i++) {
		const char *wanted = rows[row].says[i];
		bool is_wanted = wanted[0] != '!', is_there;

		wanted += !is_wanted;
		is_there = memmem(text.ptr, text.len, wanted, strlen(wanted)) != NULL ||
		           memmem(fields.ptr, fields.len, wanted, strlen(wanted)) != NULL;
		cr_expect(eq(int, is_there, is_wanted), "%s: %s", rows[row].name,
		          rows[row].says[i]);
	}
}

Test(autoindex, table)
{
	struct stage s;

	stage_open(&s, config);
	dress(&s);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char head[256];

		snprintf(head, sizeof head, "GET %s HTTP/1.1\nHost: h\n%s", rows[i].uri,
		         rows[i].fields);
		stage_request(&s, head);
		cr_expect(eq(uint, stage_status(&s), 200), "%s", rows[i].name);
		cr_expect(eq(i64, s.r->response.body.length, (int64_t)s.r->response.body.one.len),
		          "%s", rows[i].name);
		check_says(&s, i);
	}
	stage_close(&s);
}

Test(autoindex, directories_first_then_names_as_people_sort)
{
	static const char *const order[] = { "\"sub\"",   "\"a:b\"",    "\"a\\u003Cb>&c\"",
		                             "\"file2\"", "\"file10\"", "\"good\"" };
	struct stage s;
	const char *at;

	stage_open(&s, config);
	dress(&s);
	stage_request(&s, "GET /json/ HTTP/1.1\nHost: h\n");
	at = arena_str(&s.r->arena, stage_text(&s)).ptr;
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		const char *next = strstr(at, order[i]);

		cr_assert(ne(ptr, (void *)next, NULL), "%s in its place", order[i]);
		at = next;
	}
	stage_close(&s);
}

Test(autoindex, a_long_listing_is_streamed_whole)
{
	enum { FILES = LISTING_SORTED_MAX + 700 };
	struct stage s;
	struct str text;
	size_t rows_seen = 0;

	stage_open(&s, config);
	for (int i = 0; i < FILES; i++) {
		char name[32];

		snprintf(name, sizeof name, "dir/n%d", i);
		close(openat(s.rootfd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	}
	stage_request(&s, "GET /json/ HTTP/1.1\nHost: h\n");
	cr_expect(eq(i64, s.r->response.body.length, (int64_t)BODY_UNKNOWN_LENGTH));
	text = stage_text(&s);
	for (size_t i = 0; i < text.len; i++)
		rows_seen += text.ptr[i] == '{';
	cr_expect(eq(sz, rows_seen, FILES));
	cr_expect(str_ends_with(text, STR_OF("}\n]\n")));
	stage_request(&s, "GET /dir/ HTTP/1.1\nHost: h\n");
	text = stage_text(&s);
	cr_expect(str_ends_with(text, STR_OF("</html>\n")));
	cr_expect(eq(ptr, memmem(text.ptr, text.len, "<script", 7), NULL),
	          "no script for so many rows");
	stage_close(&s);
}

/* ---- the script's digest ---------------------------------------------------------------------------------- */

static void base64(const unsigned char *bytes, size_t len, char *out)
{
	static const char digits[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		unsigned n = (unsigned)bytes[i] << 16 | (i + 1 < len ? bytes[i + 1] << 8 : 0) |
		             (i + 2 < len ? bytes[i + 2] : 0);

		*out++ = digits[n >> 18];
		*out++ = digits[n >> 12 & 63];
		*out++ = i + 1 < len ? digits[n >> 6 & 63] : '=';
		*out++ = i + 2 < len ? digits[n & 63] : '=';
	}
	*out = '\0';
}

/* As sha256sum of the system makes it. */
static void sha256(const char *path, unsigned char digest[32])
{
	char command[128];
	FILE *pipe;

	snprintf(command, sizeof command, "sha256sum %s", path);
	pipe = popen(command, "r");
	cr_assert(ne(ptr, pipe, NULL));
	for (size_t i = 0; i < 32; i++) {
		unsigned byte;

		cr_assert(eq(int, fscanf(pipe, "%2x", &byte), 1));
		digest[i] = (unsigned char)byte;
	}
	pclose(pipe);
}

/* As the policy has it: sha256-... */
static void script_digest(const char *const *pieces, char out[80])
{
	char path[] = "/tmp/script-XXXXXX", text[64];
	unsigned char digest[32];
	int fd = mkstemp(path);

	for (size_t i = 0; pieces[i]; i++) {
		size_t len = strlen(pieces[i]);

		cr_assert(eq(long, write(fd, pieces[i], len), (long)len));
	}
	close(fd);
	sha256(path, digest);
	unlink(path);
	base64(digest, sizeof digest, text);
	snprintf(out, 80, "'sha256-%s'", text);
}

Test(autoindex, the_policy_allows_the_scripts_and_no_other)
{
	char first[80], second[80], wanted[200];

	script_digest(autoindex_script, first);
	script_digest(autoindex_resume_script, second);
	snprintf(wanted, sizeof wanted, "script-src %s %s;", first, second);
	cr_expect(ne(ptr, strstr(autoindex_policy, wanted), NULL),
	          "the policy must say %s: a script has changed", wanted);
}
