#include "server/conn.h"

#include "live.h"
#include "machine.h"
#include "server/conn_parts.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const char config[] =
        "server { listen 127.0.0.1:1; root %s/www;"
        " client_header_timeout 20s; keepalive_timeout 30s; client_body_timeout 40s; send_timeout "
        "50s;"
        " location = /text { return 200 hello; } location = /gone { return 444; }"
        " location /up/ { alias %s/store/; etag off; upload_store %s/store; methods GET POST PUT "
        "DELETE;"
        "   upload_overwrite on; client_max_body_size 1k; }"
        " location /any/ { alias %s/store/; upload_store %s/store; methods GET PUT;"
        "   upload_overwrite on; client_max_body_size 0; } }";

static void open_machine(struct machine *m)
{
	machine_open(m);
	tree_put(&m->tree, "www/a", "A file.\n");
	tree_put(&m->tree, "www/b", "Another.\n");
	tree_put_size(&m->tree, "www/large", 300000);
	machine_start(m, config);
}

#define H   "Host: h\r\n"
#define GET "GET /a HTTP/1.1\r\n" H "\r\n"
#define TEXT_IS                                                                   \
	"HTTP/1.1 200 OK\r\nServer: ~\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n" \
	"Content-Type: ~\r\nContent-Length: 5\r\n\r\nhello"
#define A_IS                                                                          \
	"HTTP/1.1 200 OK\r\nServer: ~\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"     \
	"Content-Type: ~\r\nContent-Length: 8\r\nLast-Modified: ~\r\nETag: \"~\"\r\n" \
	"Accept-Ranges: bytes\r\n\r\nA file.\n"
#define CLOSING(status) "HTTP/1.1 " status " ~\r\n^\r\nConnection: close\r\n\r\n^"

/* What a client says in all, and what it hears; ends: the connection is closed behind that. */
static const struct {
	const char *name, *say, *hear;
	bool ends;
} sessions[] = {
	{ "a request is answered and the connection stays", GET, A_IS, false },
	{ "two pipelined requests are answered in order (RFC 9112 section 9.3.2)",
	  GET "GET /text HTTP/1.1\r\n" H "\r\n", A_IS TEXT_IS, false },
	{ "three pipelined requests for one file are", GET GET GET, A_IS A_IS A_IS, false },
	{ "empty lines before a request are passed over (RFC 9112 section 2.2)", "\r\n\r\n" GET,
	  A_IS, false },
	{ "Connection: close ends it (RFC 9112 section 9.6)",
	  "GET /text HTTP/1.1\r\n" H "Connection: close\r\n\r\n",
	  "HTTP/1.1 200 OK\r\n^\r\nConnection: close\r\n\r\nhello", true },
	{ "what stands behind a request with Connection: close is not answered",
	  "GET /text HTTP/1.1\r\n" H "Connection: close\r\n\r\n" GET,
	  "HTTP/1.1 200 OK\r\n^\r\nConnection: close\r\n\r\nhello", true },
	{ "the block of a file is closed with, too",
	  GET "GET /a HTTP/1.1\r\n" H "Connection: close\r\n\r\n",
	  A_IS "HTTP/1.1 200 OK\r\n^Accept-Ranges: bytes\r\nConnection: close\r\n\r\nA file.\n",
	  true },
	{ "HTTP/1.0 closes by itself", "GET /text HTTP/1.0\r\n\r\n",
	  "HTTP/1.1 200 OK\r\n^\r\nConnection: close\r\n\r\nhello", true },
	{ "HTTP/1.0 may ask to stay", "GET /text HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	  "HTTP/1.1 200 OK\r\n^\r\nConnection: keep-alive\r\n\r\nhello", false },
	{ "HEAD is answered without the body", "HEAD /text HTTP/1.1\r\n" H "\r\n" GET,
	  "HTTP/1.1 200 OK\r\n~\r\n~\r\n~\r\nContent-Length: 5\r\n\r\n" A_IS, false },
	{ "a large file has its length", "GET /large HTTP/1.1\r\n" H "Range: bytes=299999-\r\n\r\n",
	  "HTTP/1.1 206 Partial Content\r\n^\r\nContent-Length: 1\r\n^"
	  "Content-Range: bytes 299999-299999/300000\r\n\r\nf",
	  false },
	{ "404 keeps the connection", "GET /none HTTP/1.1\r\n" H "\r\n" GET,
	  "HTTP/1.1 404 Not Found\r\n^" A_IS, false },
	{ "a bad request in the middle of a pipeline is the last that is answered",
	  GET "GET /b HTTP/1.1\r\nHost : h\r\n\r\n" GET, A_IS CLOSING("400"), true },
	{ "a bare LF is refused", "GET / HTTP/1.1\n\n", CLOSING("400"), true },
	{ "an unknown version is refused (RFC 9112 section 2.3)", "GET / HTTP/2.0\r\n\r\n",
	  CLOSING("505"), true },
	{ "a request without Host is refused (RFC 9112 section 3.2)", "GET / HTTP/1.1\r\n\r\n",
	  CLOSING("400"), true },
	{ "two framings are refused (RFC 9112 section 6.3)",
	  "POST /up/ HTTP/1.1\r\n" H
	  "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  CLOSING("400"), true },
	{ "a body of known length is taken, and the next request behind it",
	  "PUT /up/x HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc" GET, "HTTP/1.1 20~\r\n^" A_IS,
	  false },
	{ "a chunked body is taken, and the next request behind it (RFC 9112 section 7.1)",
	  "PUT /up/x HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
	  "2;e=1\r\nab\r\n1\r\nc\r\n0\r\nT: x\r\n\r\n" GET,
	  "HTTP/1.1 20~\r\n^" A_IS, false },
	{ "a malformed chunk is refused",
	  "PUT /up/x HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nzz\r\n", CLOSING("400"),
	  true },
	{ "a body nobody wants is read and the next request answered",
	  "GET /text HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n12345" GET, TEXT_IS A_IS, false },
	{ "a body in chunks that nobody wants ends the connection, since its length is not known",
	  "GET /text HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" GET,
	  "HTTP/1.1 200 OK\r\n^\r\nConnection: close\r\n\r\nhello", true },
	{ "a body that is announced too long gets 413 before it comes",
	  "PUT /up/x HTTP/1.1\r\n" H "Content-Length: 1025\r\n\r\n", "HTTP/1.1 413 ~\r\n^", false },
	{ "return 444 says nothing and closes", "GET /gone HTTP/1.1\r\n" H "\r\n" GET, "", true },
};

enum { SESSIONS = sizeof sessions / sizeof *sessions };

/* What is heard when the client says it in pieces of this size. */
static struct str session_hear(struct machine *m, const char *say, size_t piece, bool *ended)
{
	struct str rest = str_from(say), heard;
	int client = machine_client(m);

	machine_settle(m);
	while (rest.len > 0) {
		machine_say(m, client, str_head(rest, piece));
		rest = str_from_index(rest, piece);
	}
	heard = machine_hear(m, client, ended);
	machine_mask_ids(heard);
	close(client);
	machine_settle(m);
	return heard;
}

Test(conn, answers_requests_in_order_and_closes_when_it_should)
{
	for (size_t i = 0; i < SESSIONS; i++) {
		struct machine m;
		struct str heard;
		bool ended;

		open_machine(&m);
		heard = session_hear(&m, sessions[i].say, 4096, &ended);
		cr_expect(live_matches(sessions[i].hear, heard.ptr), "%s: heard %.300s",
		          sessions[i].name, heard.ptr);
		cr_expect(ended == sessions[i].ends, "%s: the end", sessions[i].name);
		cr_expect(eq(sz, m.worker.conn_count, 0), "%s: stays behind", sessions[i].name);
		machine_close(&m);
	}
}

static const struct {
	const char *name;
	size_t piece;
	struct machine_io io;
} hardships[] = {
	{ "said byte by byte", 1, { 0 } },
	{ "said seven bytes at a time", 7, { 0 } },
	{ "received byte by byte", 4096, { .recv_max = 1 } },
	{ "sent byte by byte", 4096, { .send_max = 1 } },
	{ "with every other call interrupted", 4096, { .interrupts = true } },
	{ "in every hard way at once", 1, { .send_max = 1, .recv_max = 1, .interrupts = true } },
};

Test(conn, hard_times_change_no_byte)
{
	struct machine m;
	bool ended;

	open_machine(&m);
	for (size_t i = 0; i < SESSIONS; i++) {
		struct str want = session_hear(&m, sessions[i].say, 4096, &ended);

		for (size_t j = 0; j < sizeof hardships / sizeof *hardships; j++) {
			struct str got;

			unlinkat(m.tree.rootfd, "store/x", 0); /* each PUT makes it anew */
			machine_io = hardships[j].io;
			got = session_hear(&m, sessions[i].say, hardships[j].piece, &ended);
			machine_io_reset();
			cr_expect(str_eq(want, got), "%s, %s: heard %.300s instead of %.300s",
			          sessions[i].name, hardships[j].name, got.ptr, want.ptr);
			cr_expect(ended == sessions[i].ends, "%s, %s: the end", sessions[i].name,
			          hardships[j].name);
		}
		unlinkat(m.tree.rootfd, "store/x", 0);
	}
	machine_close(&m);
}

static size_t count(struct str in, const char *what)
{
	size_t n = 0;

	for (const char *at = in.ptr; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

static struct str repeated(struct machine *m, const char *text, size_t times)
{
	struct buf b = buf_in_arena(&m->arena, strlen(text) * times);

	for (size_t i = 0; i < times; i++)
		buf_text(&b, text);
	return buf_str(&b);
}

Test(conn, a_thousand_pipelined_requests_are_answered_and_the_last_closes)
{
	struct machine m;
	struct str heard;
	bool ended;
	int client;

	open_machine(&m);
	client = machine_client(&m);
	machine_say(&m, client, repeated(&m, GET, 1001));
	heard = machine_hear(&m, client, &ended);
	cr_expect(eq(sz, count(heard, "HTTP/1.1 200 OK"), 1000), "keepalive_requests is 1000");
	cr_expect(eq(sz, count(heard, "A file.\n"), 1000));
	cr_expect(eq(sz, count(heard, "Connection: close"), 1));
	cr_expect(ended);
	close(client);
	machine_close(&m);
}

Test(conn, a_client_that_does_not_read_its_pipeline_costs_a_bounded_buffer)
{
	struct machine m;
	struct str heard, pipeline;
	struct conn *c;
	int client, room = 4608;

	open_machine(&m);
	client = machine_client(&m);
	c = machine_conn(&m, 1);
	setsockopt(c->watch.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	pipeline = repeated(&m, "GET /text HTTP/1.1\r\n" H "\r\n", 30);
	for (size_t i = 0; i < 30; i++)
		machine_say(&m, client, pipeline);
	c = machine_conn(&m, 1);
	cr_assert(c != NULL);
	cr_expect(c->out_buffer != NULL, "answers wait for the client");
	cr_expect(c->requests < 900, "%u of 900 requests read", c->requests);
	heard = machine_hear(&m, client, NULL);
	cr_expect(eq(sz, count(heard, "\r\n\r\nhello"), c->requests), "all of it arrives at last");
	cr_expect(c->out_buffer == NULL);
	close(client);
	machine_close(&m);
}

/* What an idle connection must not hold. */
static void expect_bare(struct machine *m, uint64_t number, const char *name)
{
	struct conn *c = machine_conn(m, number);

	cr_assert(c != NULL, "%s", name);
	cr_expect(c->request == NULL, "%s: a request", name);
	cr_expect(c->stash == NULL, "%s: input", name);
	cr_expect(c->out_buffer == NULL, "%s: output", name);
}

Test(conn, an_idle_connection_holds_no_buffer_and_no_request)
{
	struct machine m;
	int client;

	open_machine(&m);
	client = machine_client(&m);
	machine_settle(&m);
	expect_bare(&m, 1, "a new connection");
	for (size_t i = 0; i < SESSIONS; i++) {
		if (sessions[i].ends)
			continue;
		machine_say(&m, client, str_from(sessions[i].say));
		machine_hear(&m, client, NULL);
		if (strstr(sessions[i].hear, "413"))
			machine_say(&m, client, repeated(&m, "x", 1025));
		expect_bare(&m, 1, sessions[i].name);
	}
	machine_say(&m, client, str_from("GET / HT"));
	cr_expect(machine_conn(&m, 1)->stash != NULL, "half a head has to be kept");
	cr_expect(machine_conn(&m, 1)->request == NULL, "but is no request yet");
	close(client);
	machine_close(&m);
}

/* A client that goes away without a word, in every state that the two halves can be in. */
static const struct {
	const char *name, *say;
	enum conn_in in;
	enum conn_out out;
	size_t send_max;
} departures[] = {
	{ "before its first byte", "", CONN_IN_IDLE, CONN_OUT_IDLE, 0 },
	{ "in the middle of a head", "GET /a HT", CONN_IN_HEAD, CONN_OUT_IDLE, 0 },
	{ "between two requests", GET, CONN_IN_IDLE, CONN_OUT_IDLE, 0 },
	{ "in the middle of a body", "PUT /up/x HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nab",
	  CONN_IN_BODY, CONN_OUT_AWAIT, 0 },
	{ "in the middle of a chunk",
	  "PUT /up/x HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5\r\nab", CONN_IN_BODY,
	  CONN_OUT_AWAIT, 0 },
	{ "in the middle of an answer", "GET /large HTTP/1.1\r\n" H "\r\n", CONN_IN_DONE,
	  CONN_OUT_SEND, 0 },
	{ "in the middle of an answer with the next request said",
	  "GET /large HTTP/1.1\r\n" H "\r\n" GET, CONN_IN_DONE, CONN_OUT_SEND, 0 },
	{ "after the answer with its body still to come",
	  "GET /text HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n12", CONN_IN_BODY, CONN_OUT_SENT,
	  0 },
	{ "while what it says is thrown away",
	  "PUT /up/x HTTP/1.1\r\n" H "Content-Length: 999999\r\n\r\n12", CONN_IN_DISCARD,
	  CONN_OUT_IDLE, 0 },
};

Test(conn, a_client_that_goes_away_leaves_nothing_behind)
{
	for (size_t i = 0; i < sizeof departures / sizeof *departures; i++) {
		size_t descriptors, memory;
		struct machine m;
		struct conn *c;
		int client;

		open_machine(&m);
		machine_exchange(&m, str_from(GET "GET /large HTTP/1.1\r\n" H "\r\n"));
		machine_exchange(&m, str_from("GET /text HTTP/1.1\r\n" H "\r\n"));
		arena_end(&m.arena);
		descriptors = machine_descriptors();
		memory = machine_memory();
		client = machine_client(&m);
		machine_settle(&m);
		machine_say(&m, client, str_from(departures[i].say));
		c = machine_conn(&m, 3);
		cr_assert(c != NULL, "%s", departures[i].name);
		cr_expect(c->in == departures[i].in && c->out == departures[i].out,
		          "%s: the state is %d, %d", departures[i].name, c->in, c->out);
		close(client);
		machine_settle(&m);
		cr_expect(machine_conn(&m, 3) == NULL, "%s: still there", departures[i].name);
		cr_expect(eq(sz, machine_descriptors(), descriptors), "%s", departures[i].name);
		cr_expect(le(sz, machine_memory(), memory), "%s: memory", departures[i].name);
		machine_close(&m);
	}
}

Test(conn, a_draining_worker_lets_each_connection_say_one_more_thing)
{
	struct machine m;
	struct str heard;
	bool ended;
	int client;

	open_machine(&m);
	client = machine_client(&m);
	machine_say(&m, client, str_from(GET));
	machine_hear(&m, client, &ended);
	cr_expect(not(ended));
	conn_drain(machine_conn(&m, 1));
	machine_settle(&m);
	cr_expect(machine_conn(&m, 1) != NULL,
	          "it is not closed under a client that may be sending");
	machine_say(&m, client, str_from(GET));
	heard = machine_hear(&m, client, &ended);
	cr_expect(eq(sz, count(heard, "Connection: close"), 1), "%s", heard.ptr);
	cr_expect(ended);
	close(client);
	machine_close(&m);
}
