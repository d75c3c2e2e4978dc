#include "live.h"
#include "machine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The directive file_cache, from the configuration to the answers. */

#define H " HTTP/1.1\r\nHost: h\r\n"

static const char *const caches[] = {
	"",
	"file_cache off;",
	"file_cache max=1m valid=0;",
	"file_cache max=1m entry=0 fds=0 missing=0;",
	"file_cache max=1m entry=1m;",
	"file_cache max=64k;",
};

enum { CACHES = sizeof caches / sizeof *caches };

static void start(struct machine *m, const char *cache)
{
	char config[256];

	snprintf(config, sizeof config, "%s server { listen 127.0.0.1:1; root %%s/www; }", cache);
	machine_start(m, config);
}

static const char *const requests[] = {
	"GET /a" H "\r\n",
	"GET /a" H "\r\n", /* once more, when it is known */
	"HEAD /a" H "\r\n",
	"GET /a" H "Range: bytes=2-5\r\n\r\n",
	"GET /a" H "If-None-Match: \"2ebacb00.0-8\"\r\n\r\n",
	"GET /a" H "If-None-Match: \"2ebacb00.0-8\"\r\n\r\n",
	"GET /a" H "If-Match: \"other\"\r\nAccept: application/json\r\n\r\n",
	"GET /a HTTP/1.0\r\n\r\n",
	"GET /empty" H "\r\n",
	"GET /" H "\r\n",
	"GET /" H "Connection: close\r\n\r\n",
	"GET /middle" H "\r\n",
	"GET /middle" H "\r\n",
	"GET /large" H "\r\n",
	"GET /large" H "Range: bytes=90000-\r\n\r\n",
	"GET /none" H "\r\n",
	"GET /none" H "\r\n",
	"GET /a" H "\r\nGET /large" H "\r\nGET /empty" H "\r\nGET /none" H "\r\n",
};

enum { REQUESTS = sizeof requests / sizeof *requests };

static void hear_all(const char *cache, char *heard[REQUESTS])
{
	struct machine m;

	machine_open(&m);
	tree_put(&m.tree, "www/a", "A file.\n");
	tree_put(&m.tree, "www/empty", "");
	tree_put(&m.tree, "www/index.html", "<p>");
	tree_put_size(&m.tree, "www/middle", 30000);
	tree_put_size(&m.tree, "www/large", 100000);
	for (size_t i = 0; i < 3; i++)
		tree_touch(&m.tree, (const char *[]){ "www/empty", "www/middle", "www/large" }[i],
		           TREE_TIME);
	start(&m, cache);
	for (size_t i = 0; i < REQUESTS; i++) {
		struct str answer = machine_exchange(&m, str_from(requests[i]));

		machine_mask_ids(answer);
		heard[i] = strndup(answer.ptr, answer.len);
		cr_assert(answer.len > 0 && heard[i]);
	}
	machine_close(&m);
}

Test(file_cache_limits, no_answer_depends_on_what_is_kept)
{
	static char *usual[REQUESTS], *other[REQUESTS];

	hear_all(caches[0], usual);
	cr_expect(strstr(usual[0], "\r\n\r\nA file.\n") != NULL, "%s", usual[0]);
	for (size_t c = 1; c < CACHES; c++) {
		hear_all(caches[c], other);
		for (size_t i = 0; i < REQUESTS; i++) {
			cr_expect(strcmp(usual[i], other[i]) == 0,
			          "%s %s: %.500s instead of %.500s", caches[c], requests[i],
			          other[i], usual[i]);
			free(other[i]);
		}
	}
	for (size_t i = 0; i < REQUESTS; i++)
		free(usual[i]);
}

static bool says(struct machine *m, const char *path, const char *text)
{
	char request[64];
	struct str heard;

	snprintf(request, sizeof request, "GET %s" H "\r\n", path);
	heard = machine_exchange(m, str_from(request));
	return strstr(heard.ptr, text) != NULL;
}

/* Whether a change is seen at once, that is without the clock moving on. */
static void change(const char *cache, bool is_seen)
{
	const char *then = is_seen ? "new text" : "text";
	struct machine m;

	machine_open(&m);
	tree_put(&m.tree, "www/a", "text");
	tree_put(&m.tree, "www/b", "text");
	start(&m, cache);
	cr_expect(says(&m, "/a", "\r\n\r\ntext"));
	cr_expect(says(&m, "/b", "\r\n\r\ntext"));
	cr_expect(says(&m, "/c", "404 Not Found"));
	usleep(10000); /* the kernel's clock has ticks of 4 ms */
	tree_put(&m.tree, "www/a", "new text");
	tree_put(&m.tree, "www/c", "made");
	cr_assert(unlinkat(m.tree.rootfd, "www/b", 0) == 0);
	cr_expect(says(&m, "/a", then), "%s: a file changed", cache);
	cr_expect(says(&m, "/b", is_seen ? "404 Not Found" : "text"), "%s: one went", cache);
	cr_expect(says(&m, "/c", is_seen ? "made" : "404 Not Found"), "%s: one came", cache);
	machine_close(&m);
}

Test(file_cache_limits, the_disk_is_looked_at_as_often_as_valid_says)
{
	change("file_cache max=1m;", false);
	change("file_cache max=1m valid=0;", true);
	change("file_cache off;", true);
}

Test(file_cache_limits, what_has_not_changed_is_not_read_again_with_valid_0)
{
	struct machine m;

	machine_open(&m);
	tree_put(&m.tree, "www/a", "text");
	start(&m, "file_cache max=1m valid=0;");
	for (int i = 0; i < 5; i++)
		cr_expect(says(&m, "/a", "\r\n\r\ntext"));
	cr_expect(eq(u64, m.worker.files.misses, 1));
	cr_expect(eq(u64, m.worker.files.hits, 4));
	machine_close(&m);
}

Test(file_cache_limits, off_keeps_neither_bytes_nor_descriptors)
{
	struct machine m;
	size_t before;

	machine_open(&m);
	tree_put(&m.tree, "www/a", "text");
	tree_put_size(&m.tree, "www/large", 100000);
	start(&m, "file_cache off;");
	before = machine_descriptors();
	cr_expect(says(&m, "/a", "text"));
	cr_expect(says(&m, "/large", "0123"));
	cr_expect(says(&m, "/none", "404"));
	machine_settle(&m);
	cr_expect(eq(sz, machine_descriptors(), before));
	cr_expect(eq(sz, m.worker.files.weight, 0));
	for (size_t i = 0; i < FILE_LISTS; i++)
		cr_expect(eq(sz, m.worker.files.counts[i], 0));
	machine_close(&m);
}
