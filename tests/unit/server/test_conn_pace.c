#include "server/conn_pace.h"

#include "live.h"
#include "machine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SITE                                                  \
	"server { listen 127.0.0.1:1; root %s/www; etag off;" \
	" client_body_timeout 40s; send_timeout 50s; client_min_rate "
#define STORE                                                                              \
	"; location /up/ { alias %s/store/; upload_store %s/store; methods PUT; etag off;" \
	"   upload_overwrite on; client_max_body_size 0; } }"

#define PUT "PUT /up/x HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"

static void open_machine(struct machine *m, const char *config)
{
	machine_open(m);
	tree_put_size(&m->tree, "www/large", 3000000);
	machine_start(m, config);
}

static bool has_logged(struct machine *m, const char *text)
{
	char *log = tree_read(&m->tree, "error.log");
	bool has = log && strstr(log, text);

	free(log);
	return has;
}

static uint64_t given_up(const struct machine *m)
{
	return atomic_load(&m->worker.counters->value[COUNTER_LATE_RATE]);
}

/* ---- bodies ---------------------------------------------------------------------------------------------- */

/* A client that sends so many bytes each second; when it hears 408. Rate 100, so 1000 bytes in each window. */
static const struct {
	const char *name;
	unsigned bytes[4]; /* a second, in each of the first windows of 10 s; the last goes on */
	unsigned until;    /* s; 0: not within 45 s */
} bodies[] = {
	{ "nothing at all", { 0, 0, 0, 0 }, 10 },
	{ "slow from the beginning, though it goes on", { 99, 99, 99, 99 }, 10 },
	{ "just fast enough", { 100, 100, 100, 100 }, 0 },
	{ "fast, then slow: what it was ahead counts in its own window only",
	  { 500, 99, 0, 0 },
	  20 },
	{ "slow later", { 101, 120, 100, 5 }, 40 },
};

static void check_body(size_t row)
{
	static char bytes[1000];
	struct machine m;
	bool ended = false;
	struct str heard = { "", 0 };
	unsigned seconds = 0;
	int client;

	open_machine(&m, SITE "100" STORE);
	client = machine_client(&m);
	machine_say(&m, client, STR_OF(PUT));
	while (seconds < 45 && !ended) {
		unsigned window = seconds / 10;

		machine_say(&m, client,
		            str_make(bytes, bodies[row].bytes[window < 3 ? window : 3]));
		machine_wait(&m, 1000);
		seconds++;
		heard = machine_hear(&m, client, &ended);
	}
	if (bodies[row].until == 0) {
		cr_expect(not(ended), "%s: after %u s", bodies[row].name, seconds);
		cr_expect(eq(u64, given_up(&m), 0), "%s", bodies[row].name);
	} else {
		cr_expect(eq(uint, seconds, bodies[row].until), "%s", bodies[row].name);
		cr_expect(live_matches("HTTP/1.1 408 ~\r\n^client_min_rate^", heard.ptr), "%s: %s",
		          bodies[row].name, heard.ptr);
		cr_expect(has_logged(&m, "client_min_rate"), "%s", bodies[row].name);
		cr_expect(eq(u64, given_up(&m), 1), "%s", bodies[row].name);
	}
	close(client);
	machine_close(&m);
}

Test(conn_pace, a_body_is_measured_over_each_ten_seconds)
{
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		check_body(i);
}

Test(conn_pace, off_means_off)
{
	struct machine m;
	int client;

	open_machine(&m, SITE "0" STORE);
	client = machine_client(&m);
	machine_say(&m, client, STR_OF(PUT));
	for (int i = 0; i < 10; i++) {
		machine_wait(&m, 30000);
		machine_say(&m, client, STR_OF("x"));
		cr_expect(eq(u64, machine_conn(&m, 1)->request->pace.since, 0));
	}
	cr_expect(machine_conn(&m, 1) != NULL);
	close(client);
	machine_close(&m);
}

/* What lies between two requests, and the head, are other limits' business. */
Test(conn_pace, only_bodies_and_answers_are_measured)
{
	struct machine m;
	int client;

	open_machine(&m, SITE "1g" STORE);
	client = machine_client(&m);
	machine_say(&m, client, STR_OF("GET /none HTTP/1.1\r\nHost: h\r\n\r\n"));
	machine_wait(&m, 30000);
	machine_say(&m, client, STR_OF("GET /none HTTP/1.1\r\nHo"));
	machine_wait(&m, 30000);
	machine_say(&m, client, STR_OF("st: h\r\n\r\n"));
	cr_expect(machine_conn(&m, 1) != NULL);
	cr_expect(eq(u64, given_up(&m), 0));
	close(client);
	machine_close(&m);
}

/* ---- answers --------------------------------------------------------------------------------------------- */

static size_t read_some(int client, size_t most)
{
	static char room[300000];
	ssize_t n = recv(client, room, most < sizeof room ? most : sizeof room, 0);

	return n > 0 ? (size_t)n : 0;
}

Test(conn_pace, a_client_that_takes_nothing_is_given_up_before_send_timeout)
{
	struct machine m;
	int client;

	open_machine(&m, SITE "1k" STORE);
	client = machine_client(&m);
	machine_say(&m, client, STR_OF("GET /large HTTP/1.1\r\nHost: h\r\n\r\n"));
	machine_wait(&m, 9999);
	cr_assert(machine_conn(&m, 1) != NULL);
	/* On a Unix socket it can't be told at once what was taken; TCP counts. */
	machine_wait(&m, 1);
	machine_wait(&m, 9999);
	cr_expect(machine_conn(&m, 1) != NULL);
	machine_wait(&m, 1);
	cr_expect(machine_conn(&m, 1) == NULL);
	cr_expect(has_logged(&m, "slower than client_min_rate"));
	cr_expect(eq(u64, given_up(&m), 1));
	close(client);
	machine_close(&m);
}

Test(conn_pace, a_client_that_reads_fast_enough_is_served)
{
	struct machine m;
	size_t total = 0;
	int client;

	open_machine(&m, SITE "20k" STORE);
	client = machine_client(&m);
	machine_say(&m, client, STR_OF("GET /large HTTP/1.1\r\nHost: h\r\n\r\n"));
	for (int i = 0; i < 100 && total < 2500000; i++) {
		total += read_some(client, 110000);
		machine_settle(&m);
		machine_wait(&m, 2500);
		cr_assert(machine_conn(&m, 1) != NULL, "after %zu bytes", total);
	}
	cr_expect(ge(sz, total, 2500000));
	cr_expect(eq(u64, given_up(&m), 0));
	close(client);
	machine_close(&m);
}

/* The time in which the client is not what is waited for. */
Test(conn_pace, a_slow_handler_is_not_the_clients_fault)
{
	struct machine m;
	struct conn *c;
	int client;

	open_machine(&m, SITE "1k" STORE);
	client = machine_client(&m);
	machine_say(&m, client, STR_OF(PUT));
	c = machine_conn(&m, 1);
	cr_expect(gt(u64, c->request->pace.since, 0), "the body is waited for");
	pace_begin_step(c, m.now + 3000);
	cr_expect(eq(u64, c->request->pace.waited, 3000));
	cr_expect(eq(u64, c->request->pace.since, 0), "while it runs nobody is waited for");
	c->in = CONN_IN_DONE;
	pace_end_step(c, m.now + 3000);
	cr_expect(eq(u64, c->request->pace.since, 0), "an answer that is not there yet");
	c->out = CONN_OUT_SEND;
	pace_end_step(c, m.now + 3000);
	cr_expect(eq(u64, c->request->pace.since, 0), "there is room, but nothing to send");
	c->can_write = false;
	pace_end_step(c, m.now + 3000);
	cr_expect(eq(u64, c->request->pace.since, m.now + 3000), "no room: the client");
	c->out = CONN_OUT_AWAIT;
	c->can_write = true;
	c->in = CONN_IN_BODY;
	close(client);
	machine_close(&m);
}

/* ---- send_timeout ---------------------------------------------------------------------------------------- */

Test(conn_pace, send_timeout_counts_from_the_last_byte_that_was_taken)
{
	struct machine m;
	struct conn *c;
	size_t total = 0;
	uint64_t sent;
	int client;

	open_machine(&m, SITE "0" STORE);
	client = machine_client(&m);
	machine_say(&m, client, STR_OF("GET /large HTTP/1.1\r\nHost: h\r\n\r\n"));
	c = machine_conn(&m, 1);
	sent = c->request->bytes_sent;
	machine_wait(&m, 1000);
	/* Less than makes the kernel tell us of room, each 36 s: longer in all than send_timeout. */
	for (int i = 0; i < 2; i++) {
		machine_wait(&m, 29000);
		total += read_some(client, 66000);
		machine_wait(&m, 1000);
		cr_assert(machine_conn(&m, 1) != NULL, "after %d readings", i);
		machine_wait(&m, 6000);
	}
	cr_expect(gt(sz, total, 0));
	cr_assert(machine_conn(&m, 1) != NULL, "it has read");
	cr_expect(eq(u64, c->request->bytes_sent, sent), "nothing more could be sent meanwhile");
	machine_wait(&m, 40000);
	cr_expect(machine_conn(&m, 1) != NULL);
	for (int i = 0; i < 10; i++)
		machine_wait(&m, 2000);
	cr_expect(machine_conn(&m, 1) == NULL, "it has stopped reading");
	close(client);
	machine_close(&m);
}
