#include "server/output.h"

#include "handlers/table.h"
#include "live.h"
#include "machine.h"
#include "server/response.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/*
 * A handler that answers with a body from a script, one step for each call of next():
 *   w  nothing yet      f  it fails      p  a piece of the file
 * and any other text is itself. The end of the script is the end of the body.
 */
static const char *const *script;
static int64_t announced;
static int file;
static bool may_go_on; /* past the next `w` */

static enum body_next play(struct body *body, struct span *span)
{
	const char *step = *script;

	(void)body;
	if (!step)
		return BODY_END;
	if (strcmp(step, "w") == 0) {
		if (!may_go_on)
			return BODY_WAIT;
		may_go_on = false;
		step = *++script;
	}
	script++;
	if (strcmp(step, "f") == 0)
		return BODY_FAILED;
	if (strcmp(step, "p") == 0)
		*span = (struct span){ .kind = SPAN_FILE, .fd = file, .offset = 4, .len = 6 };
	else
		*span = (struct span){ .kind = SPAN_MEMORY, .ptr = step, .len = strlen(step) };
	return BODY_SPAN;
}

static void play_start(struct request *r)
{
	r->sink = &sink_discard;
	body_generator(&r->response.body, play, NULL, announced);
	respond(r, 200);
}

static void open_player(struct machine *m, struct handler_table *table)
{
	*table = handlers_table;
	table->rows[DECIDE_RETURN].start = play_start;
	machine_open(m);
	tree_put(&m->tree, "file", "0123456789abcdef");
	file = openat(m->tree.rootfd, "file", O_RDONLY | O_CLOEXEC);
	machine_start(m,
	              "server { listen 127.0.0.1:1; server_tokens off;"
	              " location /play { return 200 played; } location /text { return 404 ; } }");
	m->worker.handlers = table;
}

static void close_player(struct machine *m)
{
	close(file);
	machine_close(m);
}

#define GET       "GET /play HTTP/1.1\r\nHost: h\r\n\r\n"
#define HEAD      "HEAD /play HTTP/1.1\r\nHost: h\r\n\r\n"
#define OLD       "GET /play HTTP/1.0\r\n\r\n"
#define TOP       "HTTP/1.1 200 OK\r\nServer: webserv\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define CHUNKED   TOP "Transfer-Encoding: chunked\r\n\r\n"
#define LENGTH(n) TOP "Content-Length: " #n "\r\n\r\n"

/* Every byte on the wire. */
static const struct {
	const char *name, *say, *steps[8];
	int64_t announced;
	const char *hear;
	bool ends;
} wires[] = {
	{ "chunks for a body of unknown length (RFC 9112 section 7.1)",
	  GET,
	  { "hello", " world" },
	  -1,
	  CHUNKED "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
	  false },
	{ "a chunk's size in hexadecimal",
	  GET,
	  { "0123456789abcdef0" },
	  -1,
	  CHUNKED "11\r\n0123456789abcdef0\r\n0\r\n\r\n",
	  false },
	{ "no chunk at all for an empty one", GET, { NULL }, -1, CHUNKED "0\r\n\r\n", false },
	{ "a piece of a file as a chunk",
	  GET,
	  { "a", "p", "b" },
	  -1,
	  CHUNKED "1\r\na\r\n6\r\n456789\r\n1\r\nb\r\n0\r\n\r\n",
	  false },
	{ "nothing for HEAD but the same head (RFC 9110 section 9.3.2)",
	  HEAD,
	  { "hello" },
	  -1,
	  CHUNKED,
	  false },
	{ "to HTTP/1.0 the end is the connection's (RFC 9112 section 6.3)",
	  OLD,
	  { "hello", "p" },
	  -1,
	  TOP "Connection: close\r\n\r\nhello456789",
	  true },
	{ "a body that fails leaves its last chunk out (RFC 9112 section 8)",
	  GET,
	  { "hello", "f" },
	  -1,
	  CHUNKED "5\r\nhello\r\n",
	  true },
	{ "a known length as it is", GET, { "hello", "p" }, 11, LENGTH(11) "hello456789", false },
	{ "a length of zero", GET, { NULL }, 0, LENGTH(0), false },
	{ "HEAD announces the length", HEAD, { "hello" }, 5, LENGTH(5), false },
	{ "a body shorter than announced is cut, so that the client notices",
	  GET,
	  { "hell" },
	  5,
	  LENGTH(5) "hell",
	  true },
	{ "one that is longer is cut before the byte too much",
	  GET,
	  { "hello", "!" },
	  5,
	  LENGTH(5) "hello",
	  true },
	{ "one that fails is cut where it was", GET, { "he", "f" }, 5, LENGTH(5) "he", true },
	{ "one that fails at once still shows its head", GET, { "f" }, 5, "", true },
};

static struct str hear_wire(struct machine *m, size_t i, bool *ended)
{
	int client = machine_client(m);
	struct str heard;

	script = wires[i].steps;
	announced = wires[i].announced;
	machine_say(m, client, str_from(wires[i].say));
	heard = machine_hear(m, client, ended);
	close(client);
	machine_settle(m);
	return heard;
}

Test(output, frames_a_body_to_the_byte)
{
	static const size_t rooms[] = { 0, 1, 3, 50 };

	for (size_t i = 0; i < sizeof wires / sizeof *wires; i++)
		for (size_t j = 0; j < sizeof rooms / sizeof *rooms; j++) {
			struct handler_table table;
			struct machine m;
			struct str heard;
			bool ended;

			open_player(&m, &table);
			machine_io.send_max = rooms[j];
			heard = hear_wire(&m, i, &ended);
			cr_expect(eq(str, (char *)(uintptr_t)heard.ptr,
			             (char *)(uintptr_t)wires[i].hear),
			          "%s, %zu bytes at a time", wires[i].name, rooms[j]);
			cr_expect(ended == wires[i].ends, "%s: the end", wires[i].name);
			close_player(&m);
		}
}

Test(output, a_body_that_has_nothing_yet_waits_without_turning_and_goes_on_when_woken)
{
	static const char *const steps[] = { "w", "one", "w", "two", NULL };
	struct handler_table table;
	unsigned long calls;
	struct machine m;
	struct str heard;
	int client;

	open_player(&m, &table);
	client = machine_client(&m);
	script = steps;
	announced = -1;
	machine_say(&m, client, STR_OF(GET));
	heard = machine_hear(&m, client, NULL);
	cr_expect(eq(str, (char *)(uintptr_t)heard.ptr, CHUNKED), "the head need not wait");
	calls = machine_io.calls;
	for (int i = 0; i < 10; i++)
		machine_turn(&m);
	cr_expect(eq(u64, machine_io.calls, calls), "nothing is tried meanwhile");
	may_go_on = true;
	conn_wake(machine_conn(&m, 1));
	conn_wake(machine_conn(&m, 1));
	heard = machine_hear(&m, client, NULL);
	cr_expect(eq(str, (char *)(uintptr_t)heard.ptr, "3\r\none\r\n"));
	may_go_on = true;
	conn_wake(machine_conn(&m, 1));
	heard = machine_hear(&m, client, NULL);
	cr_expect(eq(str, (char *)(uintptr_t)heard.ptr, "3\r\ntwo\r\n0\r\n\r\n"));
	close(client);
	close_player(&m);
}

Test(output, a_small_answer_in_a_pipeline_waits_for_the_next_and_both_leave_by_one_call)
{
	struct machine m;
	struct str heard;
	unsigned long calls;
	int client;

	machine_open(&m);
	tree_put(&m.tree, "www/a", "A file.\n");
	machine_start(&m, "server { listen 127.0.0.1:1; root %s/www; }");
	client = machine_client(&m);
	machine_say(&m, client, STR_OF("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"));
	machine_hear(&m, client, NULL);
	machine_io_reset();
	machine_say(&m, client,
	            STR_OF("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n"
	                   "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"));
	calls = machine_io.calls;
	heard = machine_hear(&m, client, NULL);
	cr_expect(live_matches("HTTP/1.1 200 ~\r\n^A file.\nHTTP/1.1 200 ~\r\n^A file.\nHTTP/1.1 "
	                       "200 ~\r\n^A file.\n",
	                       heard.ptr));
	cr_expect(eq(u64, calls, 2), "one recv and one send for three requests, not %lu", calls);
	close(client);
	machine_close(&m);
}
