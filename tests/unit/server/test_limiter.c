#include "server/limiter.h"

#include "live.h"
#include "machine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The machine's clients come from 192.0.2.7, which speaks for others. */
#define SITE(text)                                                              \
	"limit_req 60r/m burst=100; server { listen 127.0.0.1:1; root %s/www; " \
	"set_real_ip_from 192.0.2.7; real_ip_header X-Forwarded-For; " text " }"

static struct machine m;

static void open_limiter(void)
{
	machine_open(&m);
	tree_put(&m.tree, "www/index.html", "index");
	tree_put(&m.tree, "www/a", "a");
	tree_put(&m.tree, "www/sub/", "");
	tree_put(&m.tree, "www/sub/index.html", "sub");
	tree_put_size(&m.tree, "www/large", 3000000);
}

static void close_limiter(void)
{
	machine_close(&m);
}

TestSuite(limiter, .init = open_limiter, .fini = close_limiter);

static const char *ask(const char *path, const char *address)
{
	char request[512];

	snprintf(request, sizeof request,
	         "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Forwarded-For: %s\r\n\r\n",
	         path, address);
	return machine_exchange(&m, str_from(request)).ptr;
}

static unsigned status(const char *path, const char *address)
{
	unsigned code = 0;

	sscanf(ask(path, address), "HTTP/1.1 %u", &code);
	return code;
}

#define EXPECT_STATUS(path, address, code) \
	cr_expect(eq(u32, status(path, address), (code)), "%s for %s", path, address)

static uint64_t counted(enum counter counter)
{
	return m.worker.counters->value[counter];
}

/* ---- who is counted with whom ---------------------------------------------------------------------------- */

Test(limiter, answers_429_past_the_burst_and_says_when_to_come_again)
{
	machine_start(&m, SITE("location /r { limit_req 6r/m burst=2; return 200 in; }"));
	EXPECT_STATUS("/r", "192.0.2.1", 200);
	EXPECT_STATUS("/r", "192.0.2.1", 200);
	cr_expect(live_matches("HTTP/1.1 429 Too Many Requests\r\n^\r\nRetry-After: 10\r\n^",
	                       ask("/r", "192.0.2.1")));
	machine_wait(&m, 500);
	cr_expect(live_matches("HTTP/1.1 429 ~\r\n^\r\nRetry-After: 10\r\n^",
	                       ask("/r", "192.0.2.1")));
	machine_wait(&m, 9499);
	cr_expect(
	        live_matches("HTTP/1.1 429 ~\r\n^\r\nRetry-After: 1\r\n^", ask("/r", "192.0.2.1")));
	machine_wait(&m, 1);
	EXPECT_STATUS("/r", "192.0.2.1", 200);
	EXPECT_STATUS("/r", "192.0.2.1", 429);
	EXPECT_STATUS("/r", "192.0.2.2", 200);
	cr_expect(eq(u64, counted(COUNTER_LIMITED_REQ), 4));
	cr_expect(eq(u64, counted(COUNTER_LIMITED_CONN), 0));
}

Test(limiter, takes_a_64_of_ipv6_for_one_client)
{
	static const struct {
		const char *first, *second;
		unsigned code; /* for the second, when the first has used up its burst */
	} rows[] = {
		{ "2001:db8:0:1::1", "2001:db8:0:1::2", 429 },
		{ "2001:db8:0:2::1", "2001:db8:0:2:ffff:ffff:ffff:ffff", 429 },
		{ "2001:db8:0:3::1", "2001:db8:0:4::1", 200 },
		{ "2001:db8:1:3::1", "2001:db8:2:3::1", 200 },
		{ "198.51.100.1", "198.51.100.2", 200 },
		{ "198.51.100.3", "::ffff:198.51.100.3", 429 },
		{ "192.0.2.50", "::192.0.2.50", 200 },
	};

	machine_start(&m, SITE("location /r { limit_req 1r/m; return 200 in; }"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		EXPECT_STATUS("/r", rows[i].first, 200);
		EXPECT_STATUS("/r", rows[i].second, rows[i].code);
	}
}

Test(limiter, counts_what_inherits_a_limit_together)
{
	machine_start(&m, "limit_req 1r/m burst=3; server { listen 127.0.0.1:1; root %s/www;"
	                  " location /in { return 200 in; } location /off { limit_req off; }"
	                  " location /own { limit_req 1r/m; return 200 own;"
	                  "   location /own/in { return 200 deep; } } }"
	                  "server { listen 127.0.0.1:1; server_name b; root %s/www; }");
	EXPECT_STATUS("/a", "", 200);
	EXPECT_STATUS("/own", "", 200);
	EXPECT_STATUS("/own/in", "", 429);
	EXPECT_STATUS("/in", "", 200);
	cr_expect(live_matches(
	        "HTTP/1.1 200 ~\r\n^",
	        machine_exchange(&m, STR_OF("GET /a HTTP/1.1\r\nHost: b\r\n\r\n")).ptr));
	EXPECT_STATUS("/in", "", 429);
	EXPECT_STATUS("/off", "", 404);
}

/* ---- once for each request ------------------------------------------------------------------------------- */

Test(limiter, counts_a_request_once_however_often_it_is_redirected)
{
	machine_start(&m, SITE("limit_req 1r/m burst=2; error_page 404 /index.html;"
	                       "location / { index index.html; }"
	                       "location = /index.html { }"
	                       "location /try { try_files /none /sub/index.html; }"));
	EXPECT_STATUS("/", "192.0.2.1", 200);
	EXPECT_STATUS("/", "192.0.2.1", 200);
	EXPECT_STATUS("/", "192.0.2.1", 429);
	EXPECT_STATUS("/try", "192.0.2.2", 200);
	EXPECT_STATUS("/none", "192.0.2.2", 404);
	EXPECT_STATUS("/none", "192.0.2.2", 429);
}

/* Else a limit on programs would not hold for the index that is one. */
Test(limiter, counts_it_in_each_limit_that_it_meets)
{
	machine_start(&m, SITE("location / { index index.html; error_page 404 = @last; }"
	                       "location = /sub/index.html { limit_req 1r/m; }"
	                       "location @last { limit_req 1r/m; return 200 last; }"));
	EXPECT_STATUS("/sub/", "192.0.2.1", 200);
	EXPECT_STATUS("/", "192.0.2.1", 200);
	EXPECT_STATUS("/sub/", "192.0.2.1", 429);
	EXPECT_STATUS("/", "192.0.2.1", 200);
	EXPECT_STATUS("/none", "192.0.2.1", 200);
	cr_expect(ne(u32, status("/none", "192.0.2.1"), 200));
}

Test(limiter, lets_the_page_of_its_refusal_pass)
{
	tree_put(&m.tree, "www/slow.html", "slow down");
	machine_start(&m, SITE("limit_req 1r/m; error_page 429 /slow.html;"
	                       "location = /slow.html { limit_req 2r/m burst=1; }"));
	EXPECT_STATUS("/a", "192.0.2.1", 200);
	for (unsigned i = 0; i < 3; i++)
		cr_expect(
		        live_matches("HTTP/1.1 429 ~\r\n^\r\nRetry-After: 60\r\n^\r\n\r\nslow down",
		                     ask("/a", "192.0.2.1")));
	EXPECT_STATUS("/slow.html", "192.0.2.1", 200);
}

/* ---- requests at once ------------------------------------------------------------------------------------ */

static int begin(const char *path, const char *address)
{
	char request[256];
	int client = machine_client(&m);

	snprintf(request, sizeof request,
	         "GET %s HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: %s\r\n\r\n", path, address);
	machine_say(&m, client, str_from(request));
	return client;
}

Test(limiter, counts_requests_under_way)
{
	bool ended;
	int a, b;

	machine_start(&m, SITE("limit_conn 2;"));
	a = begin("/large", "192.0.2.1");
	EXPECT_STATUS("/a", "192.0.2.1", 200);
	b = begin("/large", "192.0.2.1");
	cr_expect(
	        live_matches("HTTP/1.1 429 ~\r\n^\r\nRetry-After: 1\r\n^", ask("/a", "192.0.2.1")));
	EXPECT_STATUS("/a", "192.0.2.2", 200);
	cr_expect(gt(sz, machine_hear(&m, a, &ended).len, 3000000), "the answer's end");
	cr_expect(not(ended), "and the connection stays");
	EXPECT_STATUS("/a", "192.0.2.1", 200);
	machine_say(&m, a,
	            STR_OF("GET /large HTTP/1.1\r\nHost: h\r\n"
	                   "X-Forwarded-For: 192.0.2.1\r\n\r\n"));
	EXPECT_STATUS("/a", "192.0.2.1", 429);
	close(b);
	machine_settle(&m);
	EXPECT_STATUS("/a", "192.0.2.1", 200);
	close(a);
	cr_expect(eq(u64, counted(COUNTER_LIMITED_CONN), 2));
}

Test(limiter, counts_an_idle_connection_for_nothing)
{
	int clients[5];

	machine_start(&m, SITE("limit_conn 1;"));
	for (unsigned i = 0; i < 5; i++) {
		clients[i] = begin("/a", "192.0.2.1");
		cr_expect(live_matches("HTTP/1.1 200 ~\r\n^",
		                       machine_hear(&m, clients[i], NULL).ptr));
	}
	for (unsigned i = 0; i < 5; i++)
		close(clients[i]);
}

/* ---- a dry run, and the log ------------------------------------------------------------------------------ */

static size_t lines_with(const char *text)
{
	char *log = tree_read(&m.tree, "error.log");
	size_t count = 0;

	cr_assert(ne(ptr, log, NULL));
	for (const char *at = log; (at = strstr(at, text)); at++)
		count++;
	free(log);
	return count;
}

Test(limiter, only_says_what_it_would_refuse_in_a_dry_run)
{
	int client;

	machine_start(&m, SITE("limit_req 1r/m; limit_conn 1; limit_dry_run on;"
	                       "location /real { limit_dry_run off; return 200 real; }"));
	client = begin("/large", "192.0.2.1");
	EXPECT_STATUS("/a", "192.0.2.1", 200);
	EXPECT_STATUS("/a", "192.0.2.2", 200);
	EXPECT_STATUS("/a", "192.0.2.2", 200);
	EXPECT_STATUS("/real", "192.0.2.2", 429);
	cr_expect(eq(u64, counted(COUNTER_LIMITED_CONN_DRY), 1));
	cr_expect(eq(u64, counted(COUNTER_LIMITED_REQ_DRY), 2));
	cr_expect(eq(u64, counted(COUNTER_LIMITED_REQ), 1));
	cr_expect(eq(sz, lines_with("192.0.2.1 would be over limit_conn 1 (request"), 1));
	cr_expect(eq(sz, lines_with("192.0.2.2 would be over limit_req 1r/m burst=1 (request"), 1));
	cr_expect(eq(sz, lines_with("192.0.2.2 is over limit_req 1r/m burst=1 (request"), 1));
	close(client);
}

Test(limiter, writes_a_few_lines_a_second)
{
	machine_start(&m, SITE("limit_req 1r/m;"));
	for (unsigned i = 0; i <= 100; i++)
		status("/a", "192.0.2.1");
	cr_expect(eq(sz, lines_with("192.0.2.1 is over"), 4));
	cr_expect(eq(sz, lines_with(" 429: "), 0), "nothing else speaks of it");
	machine_wait(&m, 999);
	cr_expect(eq(sz, lines_with("more requests"), 0));
	machine_wait(&m, 1);
	cr_expect(eq(sz, lines_with("limits: 96 more requests like these"), 1));
	machine_wait(&m, 5000);
	cr_expect(eq(sz, lines_with("more requests"), 1));
	status("/a", "192.0.2.1");
	cr_expect(eq(sz, lines_with("192.0.2.1 is over"), 5));
	machine_wait(&m, 2000);
	cr_expect(eq(sz, lines_with("more requests"), 1));
}

Test(limiter, does_not_limit_who_has_no_address)
{
	struct request *r;

	machine_start(&m, SITE("limit_req 1r/m; limit_conn 1;"));
	for (unsigned i = 0; i < 5; i++) {
		r = machine_request(&m, "GET /a HTTP/1.1\nHost: h\n");
		r->peer.family = AF_UNIX;
		cr_expect(eq(int, limiter_ask(&m.worker.own_gate, r), GATE_PASS));
		request_end(r);
	}
}
