#include "server/conn_input.h"

#include "live.h"
#include "machine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const char config[] =
        "server { listen 127.0.0.1:1; root %s/www;"
        " location = /text { return 200 hello; }"
        " location = /no { return 403; }"
        " location /up/ { alias %s/store/; upload_store %s/store; methods GET PUT; etag off;"
        "   upload_overwrite on; client_max_body_size 1k; }"
        " location /any/ { alias %s/store/; upload_store %s/store; methods GET PUT; etag off;"
        "   upload_overwrite on; client_max_body_size 0; } }";

static void open_machine(struct machine *m)
{
	machine_open(m);
	tree_put(&m->tree, "www/a", "A file.\n");
	tree_put_size(&m->tree, "www/large", 300000);
	machine_start(m, config);
}

#define H      "Host: h\r\n"
#define EXPECT "Expect: 100-continue\r\n"
#define GO     "HTTP/1.1 100 Continue\r\n\r\n"

/* What is heard after the head, and then after the body. */
static const struct {
	const char *name, *head, *hear, *body, *then;
	bool ends;
} expectations[] = {
	{ "a body that is wanted is asked for (RFC 9110 section 10.1.1)",
	  "PUT /up/x HTTP/1.1\r\n" H EXPECT "Content-Length: 2\r\n\r\n", GO, "ab",
	  "HTTP/1.1 201 ~\r\n^", false },
	{ "a chunked one, too",
	  "PUT /up/x HTTP/1.1\r\n" H EXPECT "Transfer-Encoding: chunked\r\n\r\n", GO,
	  "1\r\na\r\n0\r\n\r\n", "HTTP/1.1 201 ~\r\n^", false },
	{ "not once its first byte has come",
	  "PUT /up/x HTTP/1.1\r\n" H EXPECT "Content-Length: 2\r\n\r\na", GO, "b",
	  "HTTP/1.1 201 ~\r\n^", false },
	{ "nor when all of it came with the head",
	  "PUT /up/x HTTP/1.1\r\n" H EXPECT "Content-Length: 2\r\n\r\nab", "HTTP/1.1 201 ~\r\n^",
	  "", "", false },
	{ "a body that is too long is refused instead, and no more of it read",
	  "PUT /up/x HTTP/1.1\r\n" H EXPECT "Content-Length: 1025\r\n\r\n",
	  "HTTP/1.1 413 ~\r\n^\r\nConnection: close\r\n\r\n^", "", "", true },
	{ "a request that fails anyway does not ask for its body",
	  "PUT /up/none/x HTTP/1.1\r\n" H EXPECT "Content-Length: 2\r\n\r\n", "HTTP/1.1 409 ~\r\n^",
	  "", "", true },
	{ "one that is answered without it neither",
	  "GET /text HTTP/1.1\r\n" H EXPECT "Content-Length: 2\r\n\r\n",
	  "HTTP/1.1 200 OK\r\n^\r\nConnection: close\r\n\r\nhello", "", "", true },
	{ "HTTP/1.0 never hears it (RFC 9110 section 15.2)",
	  "PUT /up/x HTTP/1.0\r\n" EXPECT "Content-Length: 2\r\n\r\n", "", "ab",
	  "HTTP/1.1 201 ~\r\n^", true },
	{ "without a body there is nothing to ask for", "GET /text HTTP/1.1\r\n" H EXPECT "\r\n",
	  "HTTP/1.1 200 OK\r\n^hello", "", "", false },
	{ "another expectation is 417 (RFC 9110 section 10.1.1)",
	  "PUT /up/x HTTP/1.1\r\n" H "Expect: more\r\nContent-Length: 2\r\n\r\n",
	  "HTTP/1.1 417 ~\r\n^", "", "", true },
};

Test(conn_in, hundred_is_said_only_where_the_body_is_wanted_and_has_not_come)
{
	for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
		struct machine m;
		struct str heard;
		bool ended;
		int client;

		open_machine(&m);
		client = machine_client(&m);
		machine_say(&m, client, str_from(expectations[i].head));
		heard = machine_hear(&m, client, &ended);
		cr_expect(live_matches(expectations[i].hear, heard.ptr), "%s: heard %.300s",
		          expectations[i].name, heard.ptr);
		machine_say(&m, client, str_from(expectations[i].body));
		heard = machine_hear(&m, client, &ended);
		cr_expect(live_matches(expectations[i].then, heard.ptr), "%s: then heard %.300s",
		          expectations[i].name, heard.ptr);
		cr_expect(ended == expectations[i].ends, "%s: the end", expectations[i].name);
		close(client);
		machine_close(&m);
	}
}

/* A client that has nothing more to say, but still listens: FIN, but no reset. */
static const struct {
	const char *name, *say, *hear;
} halves[] = {
	{ "before a request it is the end", "", "" },
	{ "in the middle of a head, too", "GET / HT", "" },
	{ "a complete request is answered", "GET /text HTTP/1.1\r\n" H "\r\n",
	  "HTTP/1.1 200 OK\r\n^hello" },
	{ "however long the answer is", "GET /large HTTP/1.1\r\n" H "\r\n",
	  "HTTP/1.1 200 OK\r\n^abcdef" },
	{ "a whole pipeline is", "GET /text HTTP/1.1\r\n" H "\r\nGET /a HTTP/1.1\r\n" H "\r\n",
	  "HTTP/1.1 200 OK\r\n^hello^A file.\n" },
	{ "half a body is refused", "PUT /up/x HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nab",
	  "HTTP/1.1 400 ~\r\n^" },
	{ "half a chunk is refused",
	  "PUT /up/x HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5\r\nab",
	  "HTTP/1.1 400 ~\r\n^" },
	{ "chunks without the last one are refused",
	  "PUT /up/x HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
	  "HTTP/1.1 400 ~\r\n^" },
	{ "a body nobody wanted does not matter",
	  "GET /text HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nab", "HTTP/1.1 200 OK\r\n^hello" },
};

Test(conn_in, a_client_that_closes_its_side_still_gets_its_answers)
{
	for (size_t i = 0; i < sizeof halves / sizeof *halves; i++)
		for (unsigned late = 0; late < 2; late++) {
			struct machine m;
			struct str heard;
			bool ended;
			int client;

			open_machine(&m);
			client = machine_client(&m);
			if (late)
				machine_say(&m, client, str_from(halves[i].say));
			else
				cr_assert(send(client, halves[i].say, strlen(halves[i].say), 0) >=
				          0);
			shutdown(client, SHUT_WR);
			heard = machine_hear(&m, client, &ended);
			cr_expect(live_matches(halves[i].hear, heard.ptr), "%s (%s): heard %.300s",
			          halves[i].name, late ? "later" : "at once", heard.ptr);
			cr_expect(ended, "%s: still open", halves[i].name);
			cr_expect(machine_conn(&m, 1) == NULL, "%s: still there", halves[i].name);
			close(client);
			machine_close(&m);
		}
}

Test(conn_in, a_refused_client_can_go_on_sending_and_reads_its_answer)
{
	static char megabyte[1 << 20];
	struct machine m;
	struct str heard;
	bool ended;
	int client;

	open_machine(&m);
	client = machine_client(&m);
	machine_say(&m, client,
	            str_from("PUT /up/x HTTP/1.1\r\n" H "Content-Length: 5000000\r\n\r\n"));
	for (int i = 0; i < 4; i++)
		machine_say(&m, client, str_make(megabyte, sizeof megabyte));
	cr_assert(machine_conn(&m, 1) != NULL, "it lingers");
	cr_expect(eq(i32, machine_conn(&m, 1)->in, CONN_IN_DISCARD));
	heard = machine_hear(&m, client, &ended);
	cr_expect(live_matches("HTTP/1.1 413 ~\r\n^", heard.ptr), "%.300s", heard.ptr);
	cr_expect(ended);
	close(client);
	machine_settle(&m);
	cr_expect(machine_conn(&m, 1) == NULL);
	machine_close(&m);
}

/* Bodies of every size around those of the buffers; recv_max: how much comes in one piece. */
static const struct {
	const char *name;
	size_t size, recv_max;
} bodies[] = {
	{ "one byte", 1, 0 },
	{ "as much as one read for a head", 32768, 0 },
	{ "as much as one read for a body", 262144, 0 },
	{ "a byte more", 262145, 0 },
	{ "megabytes", 3000000, 0 },
	{ "in small pieces", 20000, 7 },
};

static void expect_body(size_t i, bool is_chunked)
{
	struct buf said;
	struct machine m;
	struct str heard;
	char *stored;
	int client;

	open_machine(&m);
	said = buf_in_arena(&m.arena, 2 * bodies[i].size + 200);
	machine_io.recv_max = bodies[i].recv_max;
	if (is_chunked)
		buf_text(&said, "PUT /any/x HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
	else
		buf_format(&said, "PUT /any/x HTTP/1.1\r\n" H "Content-Length: %zu\r\n\r\n",
		           bodies[i].size);
	for (size_t at = 0, n; at < bodies[i].size; at += n) {
		n = is_chunked ? 1 + at % 1000 : bodies[i].size;
		n = n > bodies[i].size - at ? bodies[i].size - at : n;
		if (is_chunked)
			buf_format(&said, "%zx\r\n", n);
		for (size_t j = at; j < at + n; j++)
			buf_byte(&said, (char)('a' + j % 26));
		if (is_chunked)
			buf_text(&said, "\r\n");
	}
	buf_text(&said, is_chunked ? "0\r\n\r\n" : "");
	client = machine_client(&m);
	machine_say(&m, client, buf_str(&said));
	heard = machine_hear(&m, client, NULL);
	cr_expect(live_matches("HTTP/1.1 201 ~\r\n^", heard.ptr), "%s: %.300s", bodies[i].name,
	          heard.ptr);
	stored = tree_read(&m.tree, "store/x");
	cr_assert(stored != NULL, "%s", bodies[i].name);
	cr_expect(eq(sz, strlen(stored), bodies[i].size), "%s", bodies[i].name);
	for (size_t j = 0; j < bodies[i].size; j++)
		if (stored[j] != (char)('a' + j % 26))
			cr_fatal("%s: byte %zu is another", bodies[i].name, j);
	free(stored);
	close(client);
	machine_close(&m);
}

Test(conn_in, bodies_arrive_whole_whatever_their_size_and_framing)
{
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		expect_body(i, false);
		expect_body(i, true);
	}
}

Test(conn_in, a_chunked_body_over_the_limit_is_refused_at_the_byte_that_is_too_much)
{
	static const struct {
		const char *name;
		size_t size;
		const char *hear;
	} sizes[] = {
		{ "as much as allowed is stored", 1024, "HTTP/1.1 201 ~\r\n^" },
		{ "one byte more is not", 1025,
		  "HTTP/1.1 413 ~\r\n^\r\nConnection: close\r\n\r\n^" },
	};

	for (size_t i = 0; i < 2; i++) {
		char said[2048];
		struct machine m;
		struct str heard;
		struct buf b = buf_fixed(said, sizeof said);

		open_machine(&m);
		buf_format(&b,
		           "PUT /up/x HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
		           sizes[i].size);
		memset(buf_room(&b, sizes[i].size), 'x', sizes[i].size);
		b.len += sizes[i].size;
		buf_text(&b, "\r\n0\r\n\r\n");
		heard = machine_exchange(&m, buf_str(&b));
		cr_expect(live_matches(sizes[i].hear, heard.ptr), "%s: %.300s", sizes[i].name,
		          heard.ptr);
		machine_close(&m);
	}
}
