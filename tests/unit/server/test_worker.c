#include "server/worker.h"

#include "live.h"
#include "machine.h"
#include "memory.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const char config[] =
        "access_log %s/access.log; server { listen 127.0.0.1:1; root %s/www;"
        " error_page 404 /404;"
        " location /up/ { alias %s/store/; upload_store %s/store; methods GET POST PUT DELETE;"
        "   upload_overwrite on; } }";

static void open_machine(struct machine *m)
{
	machine_open(m);
	tree_put(&m->tree, "www/a", "A file.\n");
	tree_put(&m->tree, "www/404", "Not here.\n");
	tree_put_size(&m->tree, "www/page", 20000);
	tree_put_size(&m->tree, "www/large", 300000);
	machine_start(m, config);
}

#define H " HTTP/1.1\r\nHost: h\r\n"

/* One of everything that moves bytes. Each is said when the answer to the one before has been heard. */
static const char *const session[] = {
	"GET /a" H "\r\n",
	"GET /large" H "\r\n",
	"HEAD /page" H "\r\n",
	"GET /page" H "\r\n",
	"GET /none" H "\r\n",
	"PUT /up/x" H "Content-Length: 5\r\n\r\nabcde",
	"PUT /up/x" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	"GET /large" H "Range: bytes=1-40000\r\n\r\n",
	"GET /large" H "Range: bytes=0-0,-1\r\n\r\n",
	"POST /up/" H "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 86\r\n\r\n"
	"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"form\"\r\n\r\nform's "
	"file\r\n--b--\r\n",
	"GET /a" H "\r\nGET /page" H "\r\nGET /none" H "\r\n",
	"DELETE /up/x" H "\r\n",
	"GET /a" H "Connection: close\r\n\r\n",
};

/* Goes on with a new connection where the last one was closed. How many statuses were heard. */
static size_t run_session(struct machine *m)
{
	int client = machine_client(m);
	size_t answers = 0;

	for (size_t i = 0; i < sizeof session / sizeof *session; i++) {
		struct str heard;
		bool ended;

		machine_say(m, client, str_from(session[i]));
		heard = machine_hear(m, client, &ended);
		for (const char *at = heard.ptr; (at = strstr(at, "HTTP/1.1 ")); at++)
			answers++;
		if (ended) {
			close(client);
			client = machine_client(m);
		} else {
			struct conn *c = machine_conn(m, m->worker.conn_number);

			cr_expect(c && !c->request,
			          "call %lu (%s), %.40s: no answer, and the client waits",
			          machine_io.fail_at, machine_io.failed, session[i]);
		}
	}
	close(client);
	machine_settle(m);
	arena_end(&m->arena);
	return answers;
}

/* The errors with which each call can fail, as the manual has it. */
static const struct {
	const char *name;
	int error;
} errors[] = {
	{ "out of memory", ENOMEM },
	{ "an error of the device", EIO },
	{ "reset by the peer", ECONNRESET },
	{ "would block", EAGAIN },
};

static void torture(size_t e)
{
	size_t descriptors, bytes, answers;
	unsigned long calls;
	struct machine m;

	open_machine(&m);
	run_session(&m);
	run_session(&m);
	descriptors = machine_descriptors();
	bytes = machine_memory();
	machine_io_reset();
	answers = run_session(&m);
	calls = machine_io.calls;
	cr_expect(gt(u64, calls, 20));
	for (unsigned long k = 1; k <= calls; k++) {
		size_t heard;

		machine_io_reset();
		machine_io.fail_at = k;
		machine_io.error = errors[e].error;
		heard = run_session(&m);
		cr_expect(eq(sz, m.worker.conn_count, 0), "%s, call %lu (%s): a connection stays",
		          errors[e].name, k, machine_io.failed);
		cr_expect(eq(sz, machine_descriptors(), descriptors),
		          "%s, call %lu (%s): a descriptor stays", errors[e].name, k,
		          machine_io.failed);
		cr_expect(le(sz, heard, answers), "%s, call %lu (%s)", errors[e].name, k,
		          machine_io.failed);
		cr_expect(ge(sz, heard + 3, answers),
		          "%s, call %lu (%s): one failure costs at most one pipeline",
		          errors[e].name, k, machine_io.failed);
	}
	machine_io_reset();
	cr_expect(eq(sz, run_session(&m), answers), "%s: all is well again", errors[e].name);
	run_session(&m);
	cr_expect(le(sz, machine_memory(), bytes), "%s: %zu bytes stay", errors[e].name,
	          machine_memory() - bytes);
	machine_close(&m);
}

Test(worker, whichever_system_call_fails_it_answers_or_closes_and_gives_everything_back)
{
	for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
		torture(e);
}

/* How many allocations fail, one right after the other. */
static void starve(unsigned long in_a_row)
{
	size_t descriptors, bytes, answers;
	struct machine m;

	open_machine(&m);
	m.worker.arenas.keep = 0;
	m.worker.arenas.chunk_size = 64; /* everything a request needs is asked for by itself */
	run_session(&m);
	run_session(&m);
	descriptors = machine_descriptors();
	bytes = machine_memory();
	answers = run_session(&m);
	memory = (struct memory){ .fails = in_a_row - 1 };
	do {
		size_t heard;

		file_cache_touch(&m.worker.files);
		memory = (struct memory){ .fail_at = memory.fail_at + 1, .fails = in_a_row - 1 };
		heard = run_session(&m);
		cr_expect(eq(sz, m.worker.conn_count, 0), "allocation %lu: a connection stays",
		          memory.fail_at);
		cr_expect(eq(sz, machine_descriptors(), descriptors),
		          "allocation %lu: a descriptor stays", memory.fail_at);
		cr_expect(ge(sz, heard + 2 + in_a_row, answers), "allocation %lu: %zu answers",
		          memory.fail_at, heard);
	} while (memory.has_failed);
	cr_expect(gt(u64, memory.fail_at, 100), "all of them were tried");
	memory = (struct memory){ 0 };
	cr_expect(eq(sz, run_session(&m), answers), "all is well again");
	run_session(&m);
	cr_expect(le(sz, machine_memory(), bytes), "%zu bytes stay", machine_memory() - bytes);
	machine_close(&m);
}

Test(worker, whichever_allocation_fails_it_answers_or_closes_and_gives_everything_back)
{
	starve(1);
	starve(3);
}

Test(worker, closing_it_ends_every_connection_whatever_it_does)
{
	static const char *const half_done[] = {
		"",
		"GET /a",
		"PUT /up/x" H "Content-Length: 5\r\n\r\nab",
		"GET /large" H "\r\n",
		"GET /a" H "\r\n",
	};
	enum { COUNT = sizeof half_done / sizeof *half_done };
	size_t descriptors = machine_descriptors();
	int clients[COUNT];
	struct machine m;

	open_machine(&m);
	for (size_t i = 0; i < COUNT; i++) {
		clients[i] = machine_client(&m);
		machine_say(&m, clients[i], str_from(half_done[i]));
	}
	cr_expect(eq(sz, m.worker.conn_count, COUNT));
	machine_close(&m);
	for (size_t i = 0; i < COUNT; i++)
		close(clients[i]);
	cr_expect(eq(sz, machine_descriptors(), descriptors));
}
