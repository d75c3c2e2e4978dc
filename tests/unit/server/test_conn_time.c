#include "live.h"
#include "machine.h"
#include "server/conn_parts.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <unistd.h>

/* Every limit has another value, so that none can stand in for another. */
static const char config[] =
        "server { listen 127.0.0.1:1; root %s/www; etag off;"
        " client_header_timeout 20s; keepalive_timeout 30s; client_body_timeout 40s;"
        " send_timeout 50s;"
        " location /up/ { alias %s/store/; upload_store %s/store; methods PUT; etag off;"
        "   upload_overwrite on; client_max_body_size 400k; } }";

#define H   "Host: h\r\n"
#define GET "GET /a HTTP/1.1\r\n" H "\r\n"
#define PUT "PUT /up/x HTTP/1.1\r\n" H

enum { STEPS = 4 };

/* How long a client may do nothing; before that it says something, at most `steps` more times 10 s apart. */
static const struct {
	const char *name, *say, *then;
	uint64_t patience; /* ms after the last thing it said */
	const char *hear;  /* when patience is at its end; "" for a silent close */
	unsigned steps;
	bool reads; /* what was answered before */
} limits[] = {
	{ "a connection without a byte is closed without a word", "", "", 20000, "", 0, true },
	{ "empty lines are no request, but a beginning", "\r\n", "", 20000, "HTTP/1.1 408 ~\r\n^",
	  0, true },
	{ "half a head is answered with 408 (RFC 9110 section 15.5.9)", "GET / HT", "", 20000,
	  "HTTP/1.1 408 ~\r\n^\r\nConnection: close\r\n\r\n^", 0, true },
	{ "a head that trickles in has the same time in all", "GET /", "a", 10000,
	  "HTTP/1.1 408 ~\r\n^", 1, true },
	{ "between requests keepalive_timeout counts, and nothing is said", GET, "", 30000, "", 0,
	  true },
	{ "each request begins it anew", GET, GET, 30000, "", 2, true },
	{ "half a head after a request has client_header_timeout again", GET "GET", "", 20000,
	  "HTTP/1.1 408 ~\r\n^", 0, true },
	{ "a body that stops is answered with 408", PUT "Content-Length: 9\r\n\r\nab", "", 40000,
	  "HTTP/1.1 408 ~\r\n^\r\nConnection: close\r\n\r\n^", 0, true },
	{ "a body that goes on is waited for", PUT "Content-Length: 9\r\n\r\nab", "c", 40000,
	  "HTTP/1.1 408 ~\r\n^", STEPS, true },
	{ "a chunked body that stops is answered with 408",
	  PUT "Transfer-Encoding: chunked\r\n\r\n2\r\na", "", 40000, "HTTP/1.1 408 ~\r\n^", 0,
	  true },
	{ "a client that reads nothing is given up after send_timeout",
	  "GET /large HTTP/1.1\r\n" H "\r\n", "", 50000, NULL, 0, false },
	{ "what comes after a last answer is thrown away for 5 s (RFC 9112 section 9.6)",
	  PUT "Content-Length: 500000\r\n\r\nab", "", 5000, NULL, 0, false },
	{ "however much it is", PUT "Content-Length: 500000\r\n\r\nab", "", 5000, NULL, 0, false },
};

static void expect_limit(size_t i)
{
	struct machine m;
	struct str heard = { "", 0 };
	bool ended = false;
	int client;

	machine_open(&m);
	tree_put(&m.tree, "www/a", "A file.\n");
	tree_put_size(&m.tree, "www/large", 3000000);
	machine_start(&m, config);
	client = machine_client(&m);
	machine_settle(&m);
	machine_say(&m, client, str_from(limits[i].say));
	for (unsigned step = 0; step < limits[i].steps; step++) {
		machine_wait(&m, 10000);
		machine_say(&m, client, str_from(limits[i].then));
	}
	if (limits[i].reads)
		machine_hear(&m, client, &ended);
	cr_expect(not(ended), "%s: closed before its time", limits[i].name);
	machine_wait(&m, limits[i].patience - 1);
	cr_expect(machine_conn(&m, 1) != NULL, "%s: closed 1 ms too early", limits[i].name);
	machine_wait(&m, 1);
	if (limits[i].reads) {
		heard = machine_hear(&m, client, &ended);
		cr_expect(live_matches(limits[i].hear, heard.ptr), "%s: heard %.300s",
		          limits[i].name, heard.ptr);
		cr_expect(ended, "%s: still open", limits[i].name);
	}
	if (!limits[i].hear || !limits[i].hear[0])
		cr_expect(machine_conn(&m, 1) == NULL, "%s: still there", limits[i].name);
	close(client);
	machine_settle(&m);
	cr_expect(eq(sz, m.worker.conn_count, 0), "%s", limits[i].name);
	machine_close(&m);
}

Test(conn_time, every_state_is_given_up_at_its_own_limit_and_not_before)
{
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		expect_limit(i);
}

Test(conn_time, a_client_that_reads_slowly_is_served_as_long_as_it_reads)
{
	static char room[300000]; /* more than the kernel holds for it */
	struct machine m;
	size_t total = 0;
	int client;

	machine_open(&m);
	tree_put_size(&m.tree, "www/large", 3000000);
	machine_start(&m, config);
	client = machine_client(&m);
	machine_say(&m, client, str_from("GET /large HTTP/1.1\r\n" H "\r\n"));
	for (;;) {
		ssize_t n = recv(client, room, sizeof room, 0);

		if (n <= 0)
			break;
		total += (size_t)n;
		machine_settle(&m);
		machine_wait(&m, total < 2500000 ? 49000 : 0);
		cr_assert(machine_conn(&m, 1) != NULL, "after %zu bytes", total);
	}
	cr_expect(gt(sz, total, 3000000));
	cr_expect(machine_conn(&m, 1)->request == NULL, "the answer is complete");
	close(client);
	machine_close(&m);
}

Test(conn_time, a_connection_whose_deadline_moves_never_touches_the_heap)
{
	struct machine m;
	uint64_t key;
	int client;

	machine_open(&m);
	tree_put(&m.tree, "www/a", "A file.\n");
	machine_start(&m, config);
	client = machine_client(&m);
	machine_say(&m, client, str_from(GET));
	key = machine_conn(&m, 1)->timer.node.key;
	machine_wait(&m, 1000);
	machine_say(&m, client, str_from(GET));
	cr_expect(eq(u64, machine_conn(&m, 1)->timer.node.key, key));
	cr_expect(eq(u64, machine_conn(&m, 1)->timer.deadline, m.now + 30000));
	close(client);
	machine_close(&m);
}
