#include "server/output.h"

#include "live.h"
#include "machine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const char config[] = "server { listen 127.0.0.1:1; root %s/www; autoindex on;"
                             " location = /text { return 200 hello; } }";

static void open_machine(struct machine *m)
{
	machine_open(m);
	tree_put(&m->tree, "www/a", "A file.\n");
	tree_put(&m->tree, "www/empty", "");
	tree_put_size(&m->tree, "www/page", 20000);
	tree_put_size(&m->tree, "www/large", 300000);
	machine_start(m, config);
}

#define H         " HTTP/1.1\r\nHost: h\r\n\r\n"
#define RANGES(s) " HTTP/1.1\r\nHost: h\r\nRange: bytes=" s "\r\n\r\n"

/* The ways in which bytes leave: from memory, from a file, both in turn, gathered, with and without a body. */
static const struct {
	const char *name, *say;
} answers[] = {
	{ "a text", "GET /text" H },
	{ "a small file, its answer ready after the first time", "GET /a" H "GET /a" H "GET /a" H },
	{ "an empty file", "GET /empty" H "HEAD /empty" H },
	{ "a file read into memory", "GET /page" H "GET /page" H },
	{ "a file sent by the kernel", "GET /large" H },
	{ "a piece of it", "GET /large" RANGES("100000-199999") },
	{ "a small piece of it", "GET /large" RANGES("100000-100009") },
	{ "several pieces", "GET /large" RANGES("0-9,100000-199999,-5") },
	{ "no such piece", "GET /large" RANGES("300000-") },
	{ "a listing", "GET /" H },
	{ "an error", "GET /none" H },
	{ "a file behind a gathered text", "GET /text" H "GET /large" H "GET /text" H },
};

Test(conn_out, a_socket_that_takes_one_byte_at_a_time_gets_the_same_bytes)
{
	static const size_t rooms[] = { 1, 2, 100, 4096, 0 };

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct machine m;
		struct str want;

		open_machine(&m);
		machine_exchange(&m, str_from("GET /a" H)); /* what is cached is the same for all */
		want = machine_exchange(&m, str_from(answers[i].say));
		cr_expect(gt(sz, want.len, 100), "%s", answers[i].name);
		for (size_t j = strstr(answers[i].say, "large") ? 2 : 0;
		     j < sizeof rooms / sizeof *rooms; j++) {
			struct str got;

			machine_io.send_max = rooms[j];
			machine_io.interrupts = rooms[j] == 0;
			got = machine_exchange(&m, str_from(answers[i].say));
			cr_expect(eq(sz, got.len, want.len), "%s, %zu bytes at a time",
			          answers[i].name, rooms[j]);
			cr_expect(str_eq(got, want), "%s, %zu bytes at a time", answers[i].name,
			          rooms[j]);
		}
		machine_close(&m);
	}
}

Test(conn_out, a_full_socket_at_any_call_changes_no_byte)
{
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		unsigned long calls;
		struct machine m;
		struct str want;

		open_machine(&m);
		machine_exchange(&m, str_from("GET /a" H "GET /page" H));
		want = machine_exchange(&m, str_from(answers[i].say));
		machine_io_reset();
		machine_exchange(&m, str_from(answers[i].say));
		calls = machine_io.calls;
		for (unsigned long k = 1; k <= calls; k++) {
			struct str got;

			machine_io_reset();
			machine_io.fail_at = k;
			machine_io.error = EAGAIN;
			got = machine_exchange(&m, str_from(answers[i].say));
			if (machine_io.failed && (strcmp(machine_io.failed, "pread") == 0 ||
			                          strcmp(machine_io.failed, "write") == 0))
				continue; /* files do not say so */
			cr_expect(str_eq(got, want), "%s, call %lu (%s): %.200s", answers[i].name,
			          k, machine_io.failed ? machine_io.failed : "none", got.ptr);
		}
		machine_close(&m);
	}
}

Test(conn_out, ten_megabytes_for_one_do_not_keep_the_others_waiting)
{
	struct machine m;
	struct request *r;
	struct str heard;
	int large, small;
	uint64_t first;

	machine_open(&m);
	tree_put_size(&m.tree, "www/huge", 10 << 20);
	machine_start(&m, config);
	machine_io.swallows = true; /* a socket faster than any */
	large = machine_client(&m);
	small = machine_client(&m);
	cr_assert(send(large, "GET /huge" H, strlen("GET /huge" H), 0) > 0);
	machine_turn(&m);
	r = machine_conn(&m, 1)->request;
	cr_assert(r != NULL, "not all of it is sent in one turn");
	cr_expect(gt(u64, r->body_sent, 0));
	first = r->body_sent;
	cr_expect(le(u64, first, 2 << 20), "the step that takes the request may send twice");
	cr_assert(send(small, "GET /text" H, strlen("GET /text" H), 0) > 0);
	machine_turn(&m);
	cr_expect(eq(u32, machine_conn(&m, 2)->requests, 1));
	cr_expect(machine_conn(&m, 2)->request == NULL, "the small answer is out in the next turn");
	cr_expect(le(u64, r->body_sent, first + (1 << 20)),
	          "the large one has gone on by another piece");
	machine_settle(&m);
	cr_expect(machine_conn(&m, 1)->request == NULL, "and comes to its end");
	heard = machine_hear(&m, small, NULL);
	cr_expect(live_matches("HTTP/1.1 200 OK\r\n^hello", heard.ptr), "%s", heard.ptr);
	close(large);
	close(small);
	machine_close(&m);
}

Test(conn_out, an_answer_whose_file_shrinks_is_cut_short_not_filled_up)
{
	struct machine m;
	struct str heard;
	bool ended;
	int client;

	machine_open(&m);
	tree_put_size(&m.tree, "www/huge", 3 << 20);
	machine_start(&m, config);
	client = machine_client(&m);
	machine_say(&m, client, str_from("GET /huge" H "GET /text" H));
	tree_put_size(&m.tree, "www/huge",
	              1000); /* truncated in place, as no careful writer does */
	heard = machine_hear(&m, client, &ended);
	cr_expect(live_matches("HTTP/1.1 200 OK\r\n^Content-Length: 3145728\r\n^", heard.ptr));
	cr_expect(lt(sz, heard.len, 3 << 20));
	cr_expect(ended, "the client must notice");
	cr_expect(strstr(heard.ptr, "hello") == NULL, "nothing may follow");
	close(client);
	machine_close(&m);
}
