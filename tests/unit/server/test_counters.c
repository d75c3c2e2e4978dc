#include "server/counters.h"

#include "machine.h"
#include "server/sample.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- histograms ---------------------------------------------------------------------------------------- */

static const struct {
	struct histogram h;
	uint64_t value;
	unsigned bucket;
} edges[] = {
	{ { 0, 1 }, 0, 0 },
	{ { 0, 1 }, 1, 0 },
	{ { 0, 1 }, 2, 1 },
	{ { 0, 1 }, 3, 2 },
	{ { 0, 1 }, 4, 2 },
	{ { 0, 1 }, 5, 3 },
	{ { 0, 1 }, 32768, 15 },
	{ { 0, 1 }, 32769, HISTOGRAM_BOUNDS },
	{ { 0, 1 }, UINT64_MAX, HISTOGRAM_BOUNDS },
	{ { 8, 2 }, 0, 0 },
	{ { 8, 2 }, 256, 0 },
	{ { 8, 2 }, 257, 1 },
	{ { 8, 2 }, 1024, 1 },
	{ { 8, 2 }, 1025, 2 },
	{ { 8, 2 }, (uint64_t)1 << 38, 15 },
	{ { 8, 2 }, ((uint64_t)1 << 38) + 1, HISTOGRAM_BOUNDS },
};

Test(counters, a_value_is_in_the_first_bucket_that_holds_it)
{
	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
		cr_expect(eq(uint, histogram_bucket(edges[i].h, edges[i].value), edges[i].bucket),
		          "row %zu: %ju", i, (uintmax_t)edges[i].value);
}

Test(counters, every_bound_is_in_its_own_bucket_and_one_more_is_not)
{
	static const struct histogram all[] = { { 0, 1 }, { 8, 2 }, { 3, 3 } };

	for (size_t k = 0; k < sizeof all / sizeof *all; k++)
		for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
			uint64_t bound = histogram_bound(all[k], i);

			cr_expect(eq(uint, histogram_bucket(all[k], bound), i));
			cr_expect(eq(uint, histogram_bucket(all[k], bound + 1), i + 1));
		}
}

/* ---- the board ----------------------------------------------------------------------------------------- */

static struct counters_board *board;
static struct figures sum;

static void make_board(void)
{
	board = counters_map();
	cr_assert(board != NULL);
}

static void drop_board(void)
{
	counters_unmap(board);
}

TestSuite(board, .init = make_board, .fini = drop_board);

static uint64_t figure(unsigned i)
{
	counters_sum(board, NULL, &sum);
	return sum.value[i];
}

Test(board, slots_share_no_cache_line)
{
	cr_expect(eq(sz, sizeof board->slots[0] % COUNTERS_LINE, 0));
	cr_expect(eq(sz, (uintptr_t)&board->slots[0] % COUNTERS_LINE, 0));
}

Test(board, what_processes_count_is_added_up)
{
	struct counters *a = counters_take(board, COUNTERS_WORKER, 1);
	pid_t child;

	child = fork();
	if (child == 0) {
		struct counters *b = counters_take(board, COUNTERS_WORKER, 1);

		counter_add(b, COUNTER_SENT, 5);
		counter_status(b, 404);
		_exit(b == a);
	}
	cr_assert(waitpid(child, NULL, 0) == child);
	counter_add(a, COUNTER_SENT, 2);
	counter_status(a, 200);
	counter_status(a, 204);
	counter_status(a, 99);
	counter_status(a, 600);
	cr_expect(eq(u64, figure(COUNTER_SENT), 7));
	cr_expect(eq(u64, sum.value[FIGURE_RESPONSES], 3), "what is no status is no answer");
	cr_expect(eq(u64, sum.value[FIGURE_CLASS + 1], 2));
	cr_expect(eq(u64, sum.value[FIGURE_CLASS + 3], 1));
	cr_expect(eq(u64, sum.value[FIGURE_WORKERS], 2));
}

static void work(struct counters *c)
{
	counter_add(c, COUNTER_HANDLED, 3);
	counter_add(c, COUNTER_CLOSED, 1);
	counter_add(c, COUNTER_METHOD + METHOD_GET, 4);
	counter_add(c, COUNTER_METHOD + METHOD_POST, 1);
	counter_add(c, COUNTER_ENDED, 4);
	counter_add(c, COUNTER_PROGRAMS_ASKED, 7);
	counter_add(c, COUNTER_PROGRAMS_TURNED, 5);
	counter_add(c, COUNTER_PROGRAMS_STARTED, 5);
}

Test(board, the_dead_keep_their_counts_and_hold_nothing_open)
{
	struct counters *a = counters_take(board, COUNTERS_WORKER, 1), *b;

	work(a);
	cr_expect(eq(u64, figure(FIGURE_ACTIVE), 2));
	cr_expect(eq(u64, sum.value[FIGURE_REQUESTS], 5));
	cr_expect(eq(u64, sum.value[FIGURE_WRITING], 1));
	cr_expect(eq(u64, sum.value[FIGURE_WAITING], 1));
	cr_expect(eq(u64, sum.value[FIGURE_PROGRAMS_QUEUED], 2));
	cr_expect(eq(u64, sum.value[FIGURE_PROGRAMS_RUNNING], 5));
	b = a;
	counters_release(&b);
	cr_expect(eq(ptr, b, NULL));
	cr_expect(eq(u64, figure(FIGURE_ACTIVE), 0), "after its death");
	cr_expect(eq(u64, sum.value[FIGURE_REQUESTS], 5));
	cr_expect(eq(u64, sum.value[FIGURE_WRITING], 0));
	cr_expect(eq(u64, sum.value[FIGURE_PROGRAMS_QUEUED], 0));
	cr_expect(eq(u64, sum.value[FIGURE_PROGRAMS_RUNNING], 0));
	cr_expect(eq(u64, sum.value[COUNTER_HANDLED], 3));
	cr_expect(eq(u64, sum.value[FIGURE_WORKERS], 0));
	b = counters_take(board, COUNTERS_WORKER, 2);
	cr_expect(eq(ptr, b, a), "the next one is given the same slot");
	work(b);
	cr_expect(eq(u64, figure(COUNTER_HANDLED), 6), "and counts on");
	cr_expect(eq(u64, sum.value[FIGURE_ACTIVE], 2));
	cr_expect(eq(u64, sum.value[FIGURE_REQUESTS], 10));
}

Test(board, there_is_an_end_to_the_slots)
{
	for (unsigned i = 0; i < COUNTERS_SLOTS; i++)
		cr_assert(counters_take(board, COUNTERS_WORKER, 1) != NULL);
	cr_expect(eq(ptr, counters_take(board, COUNTERS_WORKER, 1), NULL));
	cr_expect(eq(ptr, counters_take(NULL, COUNTERS_WORKER, 1), NULL), "nor without a board");
	counters_release(&(struct counters *){ NULL });
	cr_expect(eq(u64, figure(FIGURE_WORKERS), COUNTERS_SLOTS));
}

Test(board, more_slots_than_there_are_are_never_read)
{
	atomic_store(&board->used, UINT32_MAX);
	cr_expect(eq(u64, figure(FIGURE_WORKERS), 0));
}

Test(board, an_end_seen_before_its_beginning_is_not_less_than_nothing)
{
	struct counters *a = counters_take(board, COUNTERS_WORKER, 1);

	counter_add(a, COUNTER_CLOSED, 1);
	cr_expect(eq(u64, figure(FIGURE_ACTIVE), 0));
}

Test(board, what_a_process_holds_is_sampled)
{
	struct counters *a = counters_take(board, COUNTERS_WORKER, 1);
	uint64_t before;
	int fd;

	sample_process(a, getpid());
	before = atomic_load(&a->descriptors);
	cr_expect(ge(u64, before, 3));
	cr_expect(gt(u64, atomic_load(&a->memory), 100000));
	fd = dup(0);
	sample_process(a, getpid());
	cr_expect(eq(u64, atomic_load(&a->descriptors), before + 1));
	close(fd);
	sample_process(a, 0);
	sample_process(NULL, getpid());
	cr_expect(eq(u64, atomic_load(&a->descriptors), before + 1), "nobody was looked at");
	counters_release(&(struct counters *){ a });
	cr_expect(eq(u64, atomic_load(&a->memory), 0), "the dead hold nothing");
}

Test(board, what_can_not_be_read_is_not_known)
{
	struct counters *a = counters_take(board, COUNTERS_WORKER, 1);
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	cr_assert(waitpid(child, NULL, 0) == child);
	sample_process(a, getpid());
	sample_process(a, child);
	cr_expect(eq(u64, atomic_load(&a->memory), 0));
	cr_expect(eq(u64, atomic_load(&a->descriptors), 0));
}

/* ---- what the machines count ---------------------------------------------------------------------------- */

static struct machine m;

static void open_machine(void)
{
	machine_open(&m);
	tree_put(&m.tree, "a", "hello");
	machine_start(&m, "server { listen 127.0.0.1:1; root %s; keepalive_timeout 9s;"
	                  "client_header_timeout 5s; location /hang { return 444; } }");
}

static void close_machine(void)
{
	machine_close(&m);
}

TestSuite(counting, .init = open_machine, .fini = close_machine);

static uint64_t now(unsigned i)
{
	counters_sum(NULL, m.worker.counters, &sum);
	return sum.value[i];
}

#define SAY(client, text) machine_say(&m, client, STR_OF(text))

Test(counting, a_connection_is_waiting_then_read_then_waiting_again)
{
	int client = machine_client(&m);

	cr_expect(eq(u64, now(FIGURE_ACTIVE), 1));
	cr_expect(eq(u64, sum.value[FIGURE_WAITING], 1));
	SAY(client, "GET /a HT");
	machine_settle(&m);
	cr_expect(eq(u64, now(FIGURE_READING), 1));
	cr_expect(eq(u64, sum.value[FIGURE_WAITING], 0));
	SAY(client, "TP/1.1\r\nHost: a\r\n\r\n");
	machine_hear(&m, client, NULL);
	cr_expect(eq(u64, now(FIGURE_READING), 0));
	cr_expect(eq(u64, sum.value[FIGURE_WAITING], 1));
	cr_expect(eq(u64, sum.value[FIGURE_WRITING], 0));
	cr_expect(eq(u64, sum.value[FIGURE_REQUESTS], 1));
	cr_expect(eq(u64, sum.value[COUNTER_STATUS + 100], 1));
	close(client);
	machine_settle(&m);
	cr_expect(eq(u64, now(FIGURE_ACTIVE), 0));
}

Test(counting, a_body_that_is_awaited_is_being_worked_on)
{
	int client = machine_client(&m);

	SAY(client, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12");
	machine_settle(&m);
	cr_expect(eq(u64, now(COUNTER_METHOD + METHOD_POST), 1));
	cr_expect(eq(u64, sum.value[FIGURE_WRITING], 1));
	close(client);
	machine_settle(&m);
	cr_expect(eq(u64, now(FIGURE_WRITING), 0));
	cr_expect(eq(u64, sum.value[FIGURE_ACTIVE], 0));
}

Test(counting, bytes_are_those_of_the_wire)
{
	struct str answer = machine_exchange(&m, STR_OF("GET /a HTTP/1.1\r\nHost: a\r\n\r\n"));

	cr_expect(eq(u64, now(COUNTER_RECEIVED), 28));
	cr_expect(eq(u64, sum.value[COUNTER_SENT], answer.len));
	cr_expect(eq(u64, sum.value[COUNTER_SIZE + HISTOGRAM_SUM], answer.len));
	cr_expect(eq(u64, sum.value[COUNTER_DURATION], 1), "in one turn: less than a millisecond");
}

Test(counting, a_pipeline_is_counted_whole)
{
	machine_exchange(&m, STR_OF("GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
	                            "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n"
	                            "GET /no HTTP/1.1\r\nHost: a\r\n\r\n"));
	cr_expect(eq(u64, now(FIGURE_REQUESTS), 3));
	cr_expect(eq(u64, sum.value[COUNTER_METHOD + METHOD_HEAD], 1));
	cr_expect(eq(u64, sum.value[FIGURE_CLASS + 1], 2));
	cr_expect(eq(u64, sum.value[FIGURE_CLASS + 3], 1));
}

static const struct {
	const char *request;
	unsigned counter;
} refusals[] = {
	{ "GET /a HTTP/1.1\r\n\r\n", COUNTER_REFUSED_SYNTAX },
	{ "GET /a HTTP/9.1\r\nHost: a\r\n\r\n", COUNTER_REFUSED_UNSUPPORTED },
};

Test(counting, refused_heads_by_reason)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		machine_exchange(&m, str_from(refusals[i].request));
		cr_expect(eq(u64, now(refusals[i].counter), 1), "row %zu", i);
	}
	cr_expect(eq(u64, sum.value[FIGURE_REQUESTS], 2), "they were requests, too");
}

Test(counting, the_late)
{
	int idle = machine_client(&m), slow;

	SAY(idle, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
	machine_hear(&m, idle, NULL);
	slow = machine_client(&m);
	SAY(slow, "GET /");
	machine_settle(&m);
	machine_wait(&m, 6000);
	cr_expect(eq(u64, now(COUNTER_LATE_HEAD), 1));
	machine_wait(&m, 6000);
	cr_expect(eq(u64, now(COUNTER_LATE_IDLE), 1));
	cr_expect(eq(u64, sum.value[COUNTER_REFUSED_LATE], 1));
	cr_expect(eq(u64, sum.value[FIGURE_READING], 0));
	close(idle);
	close(slow);
}

Test(counting, who_is_not_answered)
{
	machine_exchange(&m, STR_OF("GET /hang HTTP/1.1\r\nHost: a\r\n\r\n"));
	cr_expect(eq(u64, now(COUNTER_UNANSWERED), 1));
	cr_expect(eq(u64, sum.value[FIGURE_REQUESTS], 1));
	cr_expect(eq(u64, sum.value[FIGURE_RESPONSES], 0));
	cr_expect(eq(u64, sum.value[FIGURE_WRITING], 0));
}

Test(counting, the_file_cache)
{
	machine_exchange(&m, STR_OF("GET /a HTTP/1.1\r\nHost: a\r\n\r\n"));
	machine_exchange(&m, STR_OF("GET /a HTTP/1.1\r\nHost: a\r\n\r\n"));
	machine_turn(&m);
	cr_expect(eq(u64, now(COUNTER_CACHE_MISSES), 1));
	cr_expect(eq(u64, sum.value[COUNTER_CACHE_HITS], 1));
}
