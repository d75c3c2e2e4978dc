#include "decisions.h"
#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SITE(text)     "server { listen 127.0.0.1:1; root %s/www; " text " }"
#define COUNT(array)   (sizeof(array) / sizeof *(array))
#define GET(uri)       "GET " uri " HTTP/1.1\nHost: h\n"
#define TAKES(codings) "Accept-Encoding: " codings "\n"

static const char config[] =
        "server { listen 127.0.0.1:1; root %s/www; autoindex on; error_page 404 /all.html;"
        " gzip_static on; brotli_static on; zstd_static on;"
        " location /off/ { gzip_static off; brotli_static off; zstd_static off; alias %s/www/; }"
        " location /gz/ { brotli_static off; zstd_static off; alias %s/www/; }"
        " location /in/ { alias %s/store/; }"
        " location /up/ { upload_store %s/store; alias %s/store/; methods GET; }"
        " location /noetag/ { etag off; alias %s/www/; }"
        "}";

static const struct fake_file files[] = {
	{ "www/", FILE_DIRECTORY, 0 },
	{ "www/all.html", FILE_REGULAR, 0 },
	{ "www/all.html.gz", FILE_REGULAR, 0 },
	{ "www/all.html.br", FILE_REGULAR, 0 },
	{ "www/all.html.zst", FILE_REGULAR, 0 },
	{ "www/gz.css", FILE_REGULAR, 0 },
	{ "www/gz.css.gz", FILE_REGULAR, 0 },
	{ "www/plain", FILE_REGULAR, 0 },
	{ "www/odd", FILE_REGULAR, 0 },
	{ "www/odd.br/", FILE_DIRECTORY, 0 },
	{ "www/odd.zst", FILE_SPECIAL, 0 },
	{ "www/odd.gz", FILE_FORBIDDEN, EXDEV },
	{ "www/sad", FILE_REGULAR, 0 },
	{ "www/sad.gz", FILE_FAILED, EIO },
	{ "www/only.gz", FILE_REGULAR, 0 },
	{ "www/index.html", FILE_REGULAR, 0 },
	{ "www/index.html.gz", FILE_REGULAR, 0 },
	{ "store/", FILE_DIRECTORY, 0 },
	{ "store/in", FILE_REGULAR, 0 },
	{ "store/in.gz", FILE_REGULAR, 0 },
	{ NULL, 0, 0 },
};

static const struct question questions[] = {
	{ "who says nothing is sent nothing unusual", GET("/all.html"), "file 200 www/all.html" },
	{ "nor who accepts nothing", GET("/all.html") TAKES(""), "file 200 www/all.html" },
	{ "gzip for whom knows no more", GET("/all.html") TAKES("gzip, deflate"),
	  "file 200 www/all.html as gzip" },
	{ "by its old name as well", GET("/all.html") TAKES("x-gzip"),
	  "file 200 www/all.html as gzip" },
	{ "whatever its case", GET("/all.html") TAKES("GZip"), "file 200 www/all.html as gzip" },
	{ "equally liked: the smallest", GET("/all.html") TAKES("gzip, deflate, zstd, br"),
	  "file 200 www/all.html as br" },
	{ "zstd before gzip", GET("/all.html") TAKES("gzip, zstd"),
	  "file 200 www/all.html as zstd" },
	{ "what is liked better comes first",
	  GET("/all.html") TAKES("br;q=0.5, gzip;q=0.9, zstd;q=0.6"),
	  "file 200 www/all.html as gzip" },
	{ "by a thousandth, too", GET("/all.html") TAKES("br;q=0.001, zstd;q=0.002"),
	  "file 200 www/all.html as zstd" },
	{ "what is not there is not chosen, but the next", GET("/gz.css") TAKES("br, gzip;q=0.2"),
	  "file 200 www/gz.css as gzip" },
	{ "q=0 is a refusal", GET("/all.html") TAKES("gzip;q=0, br;q=0.0, zstd;q=0.000"),
	  "file 200 www/all.html" },
	{ "`*` stands for those not named", GET("/all.html") TAKES("br;q=0, *"),
	  "file 200 www/all.html as zstd" },
	{ "and may refuse them", GET("/all.html") TAKES("gzip, *;q=0"),
	  "file 200 www/all.html as gzip" },
	{ "identity may be liked better", GET("/all.html") TAKES("identity, gzip;q=0.9"),
	  "file 200 www/all.html" },
	{ "or as much: the smaller", GET("/all.html") TAKES("identity, gzip"),
	  "file 200 www/all.html as gzip" },
	{ "identity alone", GET("/all.html") TAKES("identity"), "file 200 www/all.html" },
	{ "identity refused", GET("/all.html") TAKES("identity;q=0, gzip;q=0.1"),
	  "file 200 www/all.html as gzip" },
	{ "nothing acceptable is there: the file all the same",
	  GET("/plain") TAKES("identity;q=0, gzip"), "file 200 www/plain" },
	{ "even where nothing at all would do", GET("/all.html") TAKES("*;q=0"),
	  "file 200 www/all.html" },
	{ "two lines are one list", GET("/all.html") TAKES("gzip;q=0.5") TAKES("br;q=0.4"),
	  "file 200 www/all.html as gzip" },
	{ "an element that can't be read is passed over", GET("/all.html") TAKES("br;q=x, gzip"),
	  "file 200 www/all.html as gzip" },
	{ "no siblings, no matter", GET("/plain") TAKES("gzip, br, zstd"), "file 200 www/plain" },
	{ "a directory, a FIFO or a forbidden link is no sibling",
	  GET("/odd") TAKES("br, zstd, gzip"), "file 200 www/odd" },
	{ "one that can't be read now is none", GET("/sad") TAKES("gzip"), "file 200 www/sad" },
	{ "a sibling does not stand for what is missing", GET("/only") TAKES("gzip"), "error 404" },
	{ "but can be asked for itself", GET("/only.gz") TAKES("gzip"), "file 200 www/only.gz" },
	{ "HEAD chooses as GET does", "HEAD /all.html HTTP/1.1\nHost: h\n" TAKES("br"),
	  "file 200 www/all.html as br" },
	{ "an index file has siblings, too", GET("/") TAKES("gzip"),
	  "file 200 www/index.html as gzip" },
	{ "not where it is off", GET("/off/all.html") TAKES("gzip, br, zstd"),
	  "file 200 www/all.html" },
	{ "only what is on", GET("/gz/all.html") TAKES("gzip;q=0.1, br, zstd"),
	  "file 200 www/all.html as gzip" },
	{ "never in a store", GET("/up/in") TAKES("gzip"), "file 200 store/in" },
	{ "whichever location serves it", GET("/in/in") TAKES("gzip"), "file 200 store/in" },
	{ "a sibling's own tag", GET("/all.html") TAKES("gzip") "If-None-Match: \"e-gz\"\n",
	  "file 304 www/all.html as gzip" },
	{ "is not the file's", GET("/all.html") TAKES("gzip") "If-None-Match: \"e\"\n",
	  "file 200 www/all.html as gzip" },
	{ "nor another sibling's", GET("/all.html") TAKES("br") "If-None-Match: \"e-gz\"\n",
	  "file 200 www/all.html as br" },
	{ "nor the other way round", GET("/all.html") "If-None-Match: \"e-gz\"\n",
	  "file 200 www/all.html" },
	{ "If-Match is about the sibling", GET("/all.html") TAKES("zstd") "If-Match: \"e-zst\"\n",
	  "file 200 www/all.html as zstd" },
	{ "and fails for the file's tag", GET("/all.html") TAKES("zstd") "If-Match: \"e\"\n",
	  "file 412 www/all.html as zstd" },
	{ "without tags the time is enough",
	  GET("/noetag/all.html") TAKES("br") "If-Modified-Since: Sat, 05 Nov 1994 00:00:00 GMT\n",
	  "file 304 www/all.html as br" },
};

Test(decide_variant, by_what_is_accepted)
{
	expect_decisions(config, files, questions, COUNT(questions));
}

/* ---- by age -------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	struct timespec file, sibling;
	bool is_sent;
} ages[] = {
	{ "of one time", { 100, 5 }, { 100, 5 }, true },
	{ "newer by a second", { 100, 5 }, { 101, 0 }, true },
	{ "newer by a nanosecond", { 100, 5 }, { 100, 6 }, true },
	{ "older by a nanosecond", { 100, 5 }, { 100, 4 }, false },
	{ "older by a second", { 100, 5 }, { 99, 999999999 }, false },
	{ "the time was copied without its fraction", { 100, 999999999 }, { 100, 0 }, true },
	{ "or to the microsecond", { 100, 123456789 }, { 100, 123456000 }, true },
	{ "older by a microsecond", { 100, 123456789 }, { 100, 123455000 }, false },
	{ "older, and without a fraction", { 100, 1 }, { 99, 0 }, false },
};

static void set_time(struct machine *m, const char *name, struct timespec when)
{
	struct timespec times[] = { when, when };

	cr_assert(utimensat(m->tree.rootfd, name, times, 0) == 0);
}

Test(decide_variant, only_if_not_older)
{
	for (size_t i = 0; i < COUNT(ages); i++) {
		struct machine m;
		struct request *r;

		machine_open(&m);
		tree_put(&m.tree, "www/a", "text");
		tree_put(&m.tree, "www/a.gz", "packed");
		set_time(&m, "www/a", ages[i].file);
		set_time(&m, "www/a.gz", ages[i].sibling);
		machine_start(&m, SITE("gzip_static on;"));
		r = machine_request(&m, GET("/a") TAKES("gzip"));
		decide(r, &m.worker.files.view, NULL);
		cr_expect(eq(int, r->decision.variant != NULL, ages[i].is_sent), "%s",
		          ages[i].name);
		cr_expect(r->decision.varies);
		request_end(r);
		machine_close(&m);
	}
}

/* ---- what is sent -------------------------------------------------------------------------------------- */

#define SAY(first, fields) first " HTTP/1.1\r\nHost: h\r\n" fields "\r\n"
#define GZ                 "Accept-Encoding: gzip\r\n"
#define VARY               "Vary: Accept-Encoding\r\n"
#define TAG                "\"2ebacb00.0-"

static const char sent_config[] =
        "server { listen 127.0.0.1:1; root %s/www; server_tokens off; error_page 404 /a.html;"
        " location / { gzip_static on; brotli_static on; }"
        " location /off/ { alias %s/www/; }"
        " location = /one { alias %s/www/a.html; gzip_static on; } }";

/* In order. The answers made beforehand after each, of the file itself and of its sibling. */
static const struct {
	const char *name, *say, *hear;
	size_t plain, sibling;
} steps[] = {
	{ "the sibling with the type of the file", SAY("GET /a.html", GZ),
	  "HTTP/1.1 200 OK\r\n^Content-Type: text/html; charset=utf-8\r\nContent-Length: 6\r\n"
	  "Content-Encoding: gzip\r\nLast-Modified: ~\r\nETag: " TAG "6-gz\"\r\n" VARY
	  "Accept-Ranges: bytes\r\n\r\npacked",
	  0, 1 },
	{ "and again, made beforehand", SAY("GET /a.html", GZ),
	  "HTTP/1.1 200 OK\r\n^Content-Encoding: gzip\r\n^ETag: " TAG "6-gz\"\r\n" VARY "^packed",
	  0, 1 },
	{ "HEAD says the same", SAY("HEAD /a.html", GZ),
	  "HTTP/1.1 200 OK\r\n^Content-Length: 6\r\nContent-Encoding: gzip\r\n^" VARY
	  "Accept-Ranges: bytes\r\n\r\n",
	  0, 1 },
	{ "the file itself for others", SAY("GET /a.html", ""),
	  "HTTP/1.1 200 OK\r\n^Content-Length: 8\r\nLast-Modified: ~\r\nETag: " TAG "8\"\r\n" VARY
	  "Accept-Ranges: bytes\r\n\r\n<p>text\n",
	  1, 1 },
	{ "also to HTTP/1.0", "GET /a.html HTTP/1.0\r\n\r\n",
	  "HTTP/1.1 200 OK\r\n^" VARY "^<p>text\n", 1, 1 },
	{ "and both go on", SAY("GET /a.html", GZ),
	  "HTTP/1.1 200 OK\r\n^Content-Encoding: gzip\r\n^packed", 1, 1 },
	{ "the sibling asked for itself is a file of its own", SAY("GET /a.html.gz", GZ),
	  "HTTP/1.1 200 OK\r\n^Content-Type: application/gzip\r\nContent-Length: 6\r\n"
	  "Last-Modified: ~\r\nETag: " TAG "6\"\r\n" VARY "Accept-Ranges: bytes\r\n\r\npacked",
	  1, 2 },
	{ "which changes nothing for the other", SAY("GET /a.html", GZ),
	  "HTTP/1.1 200 OK\r\n^Content-Type: text/html~\r\n^Content-Encoding: gzip\r\n^packed", 1,
	  2 },
	{ "not modified", SAY("GET /a.html", GZ "If-None-Match: " TAG "6-gz\"\r\n"),
	  "HTTP/1.1 304 Not Modified\r\nServer: ~\r\nDate: ~\r\nLast-Modified: ~\r\nETag: " TAG
	  "6-gz\"\r\n" VARY "Accept-Ranges: bytes\r\n\r\n",
	  1, 3 },
	{ "the other's tag is no match", SAY("GET /a.html", GZ "If-None-Match: " TAG "8\"\r\n"),
	  "HTTP/1.1 200 OK\r\n^packed", 1, 3 },
	{ "a range of the sibling's bytes", SAY("GET /a.html", GZ "Range: bytes=1-2\r\n"),
	  "HTTP/1.1 206 Partial Content\r\n^Content-Length: 2\r\nContent-Encoding: gzip\r\n^" VARY
	  "^Content-Range: bytes 1-2/6\r\n\r\nac",
	  1, 3 },
	{ "if it is that sibling still",
	  SAY("GET /a.html", GZ "Range: bytes=1-2\r\nIf-Range: " TAG "6-gz\"\r\n"),
	  "HTTP/1.1 206 Partial Content\r\n^\r\n\r\nac", 1, 3 },
	{ "and not the file", SAY("GET /a.html", GZ "Range: bytes=1-2\r\nIf-Range: " TAG "8\"\r\n"),
	  "HTTP/1.1 200 OK\r\n^\r\n\r\npacked", 1, 3 },
	{ "several ranges at once have no coding that is clear",
	  SAY("GET /a.html", GZ "Range: bytes=1-2,4-5\r\n"), "HTTP/1.1 200 OK\r\n^\r\n\r\npacked",
	  1, 3 },
	{ "none of its bytes", SAY("GET /a.html", GZ "Range: bytes=6-\r\n"),
	  "HTTP/1.1 416 ~\r\nServer: ~\r\nDate: ~\r\nContent-Type: text/plain~\r\nContent-Length: "
	  "~\r\n" VARY "Accept-Ranges: bytes\r\nContent-Range: bytes */6\r\n\r\n^",
	  1, 3 },
	{ "an error page is as it is", SAY("GET /none", GZ),
	  "HTTP/1.1 404 Not Found\r\nServer: ~\r\nDate: ~\r\nContent-Type: text/html~\r\n"
	  "Content-Length: 8\r\nLast-Modified: ~\r\nETag: ~\r\nAccept-Ranges: "
	  "bytes\r\n\r\n<p>text\n",
	  1, 3 },
	{ "an alias of one file has its sibling, too", SAY("GET /one", GZ),
	  "HTTP/1.1 200 OK\r\n^Content-Type: text/html~\r\n^Content-Encoding: gzip\r\n^packed", 1,
	  4 },
	{ "where it is off nothing varies", SAY("GET /off/a.html", GZ),
	  "HTTP/1.1 200 OK\r\nServer: ~\r\nDate: ~\r\nContent-Type: ~\r\nContent-Length: 8\r\n"
	  "Last-Modified: ~\r\nETag: " TAG "8\"\r\nAccept-Ranges: bytes\r\n\r\n<p>text\n",
	  2, 4 },
};

static size_t blocks(struct machine *m, const char *name)
{
	struct file_cache *cache = &m->worker.files;
	size_t n = 0;
	struct file *f;

	f = cache->view.open(&cache->view, m->config->servers.items[0]->self.settings.base.dir,
	                     str_from(name), PATH_LINKS_INSIDE);
	for (const struct file_block *b = f->blocks; b; b = b->next)
		n++;
	file_release(f);
	return n;
}

static void open_sent(struct machine *m)
{
	machine_open(m);
	tree_put(&m->tree, "www/a.html", "<p>text\n");
	tree_put(&m->tree, "www/a.html.gz", "packed");
}

Test(decide_variant, what_is_sent)
{
	struct machine m;

	open_sent(&m);
	machine_start(&m, sent_config);
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct str heard = machine_exchange(&m, str_from(steps[i].say));

		cr_expect(live_matches(steps[i].hear, heard.ptr), "%s: heard %s", steps[i].name,
		          heard.ptr);
		cr_expect(eq(sz, blocks(&m, "a.html"), steps[i].plain), "%s", steps[i].name);
		cr_expect(eq(sz, blocks(&m, "a.html.gz"), steps[i].sibling), "%s", steps[i].name);
	}
	machine_close(&m);
}

Test(decide_variant, known_siblings_and_missing_ones_cost_no_look_at_the_disk)
{
	struct machine m;
	uint64_t misses;

	open_sent(&m);
	machine_start(&m, sent_config);
	machine_exchange(&m, str_from(SAY("GET /a.html", "Accept-Encoding: br, gzip\r\n")));
	misses = m.worker.files.misses;
	cr_expect(eq(u64, misses, 3), "the file, .br, .gz");
	for (int i = 0; i < 3; i++)
		machine_exchange(&m, str_from(SAY("GET /a.html", "Accept-Encoding: br, gzip\r\n")));
	cr_expect(eq(u64, m.worker.files.misses, misses));
	machine_close(&m);
}

Test(decide_variant, one_time_and_one_size_are_told_apart)
{
	static const char *const codings[] = { "gzip", "br", "identity" };
	char tags[3][64];
	struct machine m;

	machine_open(&m);
	tree_put(&m.tree, "www/a", "1234");
	tree_put(&m.tree, "www/a.gz", "gzgz");
	tree_put(&m.tree, "www/a.br", "brbr");
	machine_start(&m, SITE("gzip_static on; brotli_static on;"));
	for (size_t i = 0; i < 3; i++) {
		char request[128];
		const char *tag;

		snprintf(request, sizeof request, SAY("GET /a", "Accept-Encoding: %s\r\n"),
		         codings[i]);
		tag = strstr(machine_exchange(&m, str_from(request)).ptr, "ETag: ");
		cr_assert(tag && sscanf(tag, "ETag: %63s", tags[i]) == 1);
	}
	cr_expect(ne(str, tags[0], tags[1]));
	cr_expect(ne(str, tags[0], tags[2]));
	cr_expect(ne(str, tags[1], tags[2]));
	machine_close(&m);
}

/* ---- links and descriptors ----------------------------------------------------------------------------- */

static const struct {
	const char *name, *directive, *target;
	bool is_sent;
} links[] = {
	{ "a link inside", "", "packed.bin", true },
	{ "a link that leads out", "", "../outside", false },
	{ "one that leads out, where that is allowed", "disable_symlinks off;", "../outside",
	  true },
	{ "any link, where none is allowed", "disable_symlinks on;", "packed.bin", false },
	{ "a link to nothing", "", "nothing", false },
	{ "a link to itself", "", "a.gz", false },
};

Test(decide_variant, a_sibling_behind_a_link_is_there_by_the_same_rules)
{
	for (size_t i = 0; i < COUNT(links); i++) {
		char site[256];
		struct machine m;
		struct str heard;

		machine_open(&m);
		tree_put(&m.tree, "www/a", "text");
		tree_put(&m.tree, "www/packed.bin", "packed");
		tree_put(&m.tree, "outside", "packed");
		cr_assert(symlinkat(links[i].target, m.tree.rootfd, "www/a.gz") == 0);
		snprintf(site, sizeof site,
		         "server { listen 127.0.0.1:1; root %%s/www; gzip_static on; %s }",
		         links[i].directive);
		machine_start(&m, site);
		heard = machine_exchange(&m, str_from(SAY("GET /a", GZ)));
		cr_expect(strstr(heard.ptr, links[i].is_sent ? "\r\n\r\npacked" : "\r\n\r\ntext") !=
		                  NULL,
		          "%s: %s", links[i].name, heard.ptr);
		machine_close(&m);
	}
}

Test(decide_variant, a_large_sibling_goes_by_descriptor)
{
	struct machine m;
	struct str heard;

	machine_open(&m);
	tree_put_size(&m.tree, "www/a", 300000);
	tree_touch(&m.tree, "www/a", TREE_TIME);
	tree_put_size(&m.tree, "www/a.gz", 200000);
	machine_start(&m, SITE("gzip_static on; brotli_static on;"));
	for (int i = 0; i < 2; i++) {
		heard = machine_exchange(&m, str_from(SAY("GET /a", GZ)));
		cr_expect(strstr(heard.ptr, "Content-Length: 200000\r\nContent-Encoding: gzip") !=
		          NULL);
		cr_expect(gt(sz, heard.len, 200000));
	}
	machine_close(&m);
}
