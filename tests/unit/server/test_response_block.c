#include "server/response_block.h"

#include "base/clock.h"
#include "live.h"
#include "machine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char config[] = "server { listen 127.0.0.1:1; root %s/www;"
                             " location /one/ { alias %s/www/; add_header X-One yes; }"
                             " location /two/ { alias %s/www/; }"
                             " location /var/ { alias %s/www/; add_header X-Host $host; }"
                             " location /exp/ { alias %s/www/; expires 1h; }"
                             " location /max/ { alias %s/www/; expires max; } }";

#define H    " HTTP/1.1\r\nHost: h\r\n"
#define ETAG "\"2ebacb00.0-8\""

static size_t blocks(struct machine *m)
{
	struct file_cache *files = &m->worker.files;
	size_t n = 0;
	struct file *f;

	f = files->view.open(&files->view, m->config->servers.items[0]->self.settings.base.dir,
	                     STR_OF("a"), PATH_LINKS_INSIDE);
	for (const struct file_block *b = f->blocks; b; b = b->next)
		n++;
	file_release(f);
	return n;
}

/* In order; how many answers are ready after each. */
static const struct {
	const char *name, *say, *hear;
	size_t ready;
} steps[] = {
	{ "the first answer is made for its location", "GET /a" H "\r\n",
	  "HTTP/1.1 200 OK\r\n^\r\n\r\nA file.\n", 1 },
	{ "and serves again", "GET /a" H "\r\n", "HTTP/1.1 200 OK\r\n^\r\n\r\nA file.\n", 1 },
	{ "also for HEAD", "HEAD /a" H "\r\n", "HTTP/1.1 200 OK\r\n^Content-Length: 8\r\n^\r\n\r\n",
	  1 },
	{ "another location has its own", "GET /one/a" H "\r\n",
	  "HTTP/1.1 200 OK\r\n^X-One: yes\r\n^A file.\n", 2 },
	{ "and another", "GET /two/a" H "\r\n", "HTTP/1.1 200 OK\r\n^\r\n\r\nA file.\n", 3 },
	{ "each keeps its fields", "GET /one/a" H "\r\n",
	  "HTTP/1.1 200 OK\r\n^X-One: yes\r\n^A file.\n", 3 },
	{ "another status has its own", "GET /a" H "If-None-Match: " ETAG "\r\n\r\n",
	  "HTTP/1.1 304 Not Modified\r\n^\r\n\r\n", 4 },
	{ "which serves again", "GET /a" H "If-None-Match: " ETAG "\r\n\r\n",
	  "HTTP/1.1 304 Not Modified\r\n^\r\n\r\n", 4 },
	{ "a field that depends on the request makes none", "GET /var/a" H "\r\n",
	  "HTTP/1.1 200 OK\r\n^X-Host: h\r\n^A file.\n", 4 },
	{ "nor one that depends on the time", "GET /exp/a" H "\r\n",
	  "HTTP/1.1 200 OK\r\n^Expires: ~\r\n^A file.\n", 4 },
	{ "a constant one does", "GET /max/a" H "\r\n",
	  "HTTP/1.1 200 OK\r\n^Expires: Thu, 31 Dec 2037 23:55:55 GMT\r\n^A file.\n", 5 },
	{ "a range is made anew", "GET /a" H "Range: bytes=2-5\r\n\r\n",
	  "HTTP/1.1 206 ~\r\n^\r\n\r\nfile", 5 },
	{ "another one, too", "GET /a" H "Range: bytes=0-0\r\n\r\n", "HTTP/1.1 206 ~\r\n^\r\n\r\nA",
	  5 },
	{ "so is one with a condition", "GET /a" H "If-Range: " ETAG "\r\nRange: bytes=0-0\r\n\r\n",
	  "HTTP/1.1 206 ~\r\n^\r\n\r\nA", 5 },
	{ "the same again is kept", "GET /a" H "Range: bytes=0-0\r\n\r\n",
	  "HTTP/1.1 206 Partial Content\r\n^Content-Length: 1\r\n^"
	  "Content-Range: bytes 0-0/8\r\n\r\nA",
	  6 },
	{ "and serves again, however it is written", "GET /a" H "Range: Bytes=00-0,\r\n\r\n",
	  "HTTP/1.1 206 Partial Content\r\n^Content-Length: 1\r\n^"
	  "Content-Range: bytes 0-0/8\r\n\r\nA",
	  6 },
	{ "a Range is nothing to HEAD", "HEAD /a" H "Range: bytes=0-0\r\n\r\n",
	  "HTTP/1.1 200 OK\r\n^Content-Length: 8\r\n^\r\n\r\n", 6 },
	{ "nor to a 304", "GET /a" H "If-None-Match: " ETAG "\r\nRange: bytes=0-0\r\n\r\n",
	  "HTTP/1.1 304 Not Modified\r\n^\r\n\r\n", 6 },
	{ "two are not one", "GET /a" H "Range: bytes=0-0,4-4\r\n\r\n",
	  "HTTP/1.1 206 ~\r\n^multipart/byteranges^", 6 },
	{ "and one that does not exist is none", "GET /a" H "Range: bytes=8-\r\n\r\n",
	  "HTTP/1.1 416 ~\r\n^Content-Range: bytes */8\r\n^", 6 },
	{ "so is an answer to HTTP/1.0", "GET /a HTTP/1.0\r\n\r\n",
	  "HTTP/1.1 200 OK\r\n^Connection: close\r\n\r\nA file.\n", 6 },
	{ "the last answer on a connection says so", "GET /a" H "Connection: close\r\n\r\n",
	  "HTTP/1.1 200 OK\r\n^Connection: close\r\n\r\nA file.\n", 6 },
	{ "without a body, too", "HEAD /a" H "Connection: close\r\n\r\n",
	  "HTTP/1.1 200 OK\r\n^Content-Length: 8\r\n^Connection: close\r\n\r\n", 6 },
	{ "and the next one does not", "GET /a" H "\r\n",
	  "HTTP/1.1 200 OK\r\n^Accept-Ranges: bytes\r\n\r\nA file.\n", 6 },
};

static void open_machine(struct machine *m)
{
	machine_open(m);
	tree_put(&m->tree, "www/a", "A file.\n");
	machine_start(m, config);
}

Test(response_block, one_answer_for_each_location_and_status)
{
	struct machine m;

	open_machine(&m);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		struct str heard = machine_exchange(&m, str_from(steps[i].say));

		cr_expect(live_matches(steps[i].hear, heard.ptr), "%s: heard %s", steps[i].name,
		          heard.ptr);
		cr_expect(eq(sz, blocks(&m), steps[i].ready), "%s", steps[i].name);
	}
	machine_close(&m);
}

Test(response_block, what_is_ready_differs_from_what_is_made_in_the_date_alone)
{
	struct machine m;
	struct str made, ready;
	char *mark;

	open_machine(&m);
	made = machine_exchange(&m, str_from("GET /a" H "\r\n"));
	ready = machine_exchange(&m, str_from("GET /a" H "\r\n"));
	cr_expect(str_eq(made, ready), "%s instead of %s", ready.ptr, made.ptr);
	machine_wait(&m, 500);
	clock_set(m.now, m.wall + 1);
	ready = machine_exchange(&m, str_from("GET /a" H "\r\n"));
	mark = strstr(ready.ptr, "08:49:38");
	cr_assert(mark != NULL, "the Date is renewed: %s", ready.ptr);
	mark[7] = '7';
	cr_expect(str_eq(made, ready), "%s instead of %s", ready.ptr, made.ptr);
	machine_close(&m);
}

Test(response_block, an_answer_half_sent_keeps_its_date_when_the_next_second_renews_it)
{
	struct machine m;
	struct str first, second;
	int slow, quick;

	open_machine(&m);
	machine_exchange(&m, str_from("GET /a" H "\r\n"));
	slow = machine_client(&m);
	quick = machine_client(&m);
	machine_settle(&m);
	cr_assert(send(slow, "GET /a" H "\r\n", strlen("GET /a" H "\r\n"), 0) > 0);
	machine_io.send_max = 1;
	machine_turn(&m); /* the first byte is out */
	machine_io.send_max = 0;
	clock_set(m.now, m.wall + 60);
	cr_assert(send(quick, "GET /a" H "\r\n", strlen("GET /a" H "\r\n"), 0) > 0);
	machine_turn(&m);
	second = machine_hear(&m, quick, NULL);
	first = machine_hear(&m, slow, NULL);
	cr_expect(strstr(second.ptr, "08:50:37") != NULL, "%s", second.ptr);
	cr_expect(strstr(first.ptr, "08:49:37") != NULL, "%s", first.ptr);
	close(slow);
	close(quick);
	machine_close(&m);
}

/* Of a file that is too large to be kept whole: only the part is in memory. */
Test(response_block, a_range_of_a_large_file_is_read_once)
{
	static const char ask[] = "GET /large" H "Range: bytes=40000-40003\r\n\r\n";
	struct machine m;
	struct str heard, first;
	unsigned long calls;

	open_machine(&m);
	tree_put_size(&m.tree, "www/large", 100000);
	first = machine_exchange(&m, str_from(ask));
	machine_exchange(&m, str_from(ask));
	machine_exchange(&m, str_from("GET /a" H "\r\n"));
	machine_io_reset();
	machine_exchange(&m, str_from("GET /a" H "\r\n"));
	calls = machine_io.calls;
	machine_io_reset();
	heard = machine_exchange(&m, str_from(ask));
	cr_expect(eq(ulong, machine_io.calls, calls), "as many as for a small file");
	cr_expect(str_eq(heard, first), "%s instead of %s", heard.ptr, first.ptr);
	cr_expect(live_matches("HTTP/1.1 206 Partial Content\r\n^Content-Length: 4\r\n^"
	                       "Content-Range: bytes 40000-40003/100000\r\n^",
	                       heard.ptr),
	          "%s", heard.ptr);
	heard = machine_exchange(&m, str_from("HEAD /large" H "\r\n"));
	cr_expect(live_matches("HTTP/1.1 200 OK\r\n^Content-Length: 100000\r\n^", heard.ptr));
	tree_put(&m.tree, "www/large", "Small now.\n");
	file_cache_touch(&m.worker.files);
	heard = machine_exchange(&m, str_from(ask));
	cr_expect(live_matches("HTTP/1.1 416 ~\r\n^", heard.ptr), "%s", heard.ptr);
	machine_close(&m);
}

/* However many ranges a file has had asked for twice: what they hold is bounded, and the last is right. */
Test(response_block, ranges_do_not_pile_up)
{
	struct machine m;
	char ask[80], wanted[80];

	open_machine(&m);
	tree_put_size(&m.tree, "www/large", 100000);
	for (int i = 0; i < 50; i++) {
		snprintf(ask, sizeof ask, "GET /large" H "Range: bytes=%d-%d\r\n\r\n", i, i + 9);
		snprintf(wanted, sizeof wanted, "^Content-Range: bytes %d-%d/100000\r\n^", i,
		         i + 9);
		for (int again = 0; again < 3; again++) {
			struct str heard = machine_exchange(&m, str_from(ask));

			cr_expect(live_matches(wanted, heard.ptr), "%s", heard.ptr);
		}
	}
	cr_expect(lt(sz, m.worker.files.weight, 9 * 2000));
	machine_close(&m);
}

Test(response_block, another_version_of_the_file_is_another_answer)
{
	struct machine m;
	struct str heard;

	open_machine(&m);
	machine_exchange(&m, str_from("GET /a" H "\r\n"));
	tree_put(&m.tree, "www/a", "Another file.\n");
	file_cache_touch(&m.worker.files);
	heard = machine_exchange(&m, str_from("GET /a" H "\r\n"));
	cr_expect(live_matches("HTTP/1.1 200 OK\r\n^Content-Length: 14\r\n^\r\n\r\nAnother file.\n",
	                       heard.ptr),
	          "%s", heard.ptr);
	cr_expect(eq(sz, blocks(&m), 1), "the old version's are gone with it");
	machine_close(&m);
}
