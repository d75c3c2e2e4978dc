#include "server/limits.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND   1000000000u
#define MS       1000000u
#define SOME_KEY 0x123456789abcdef0u

/* ---- requests in a time ---------------------------------------------------------------------------------- */

struct taking {
	uint64_t at;   /* ms after the start */
	unsigned pass; /* so many do */
	uint64_t wait; /* then ns until the next one would */
};

enum { TAKINGS = 8 };

static const struct {
	const char *name;
	struct limits_rate rate;
	struct taking takings[TAKINGS]; /* ended by one of which none pass and none wait */
} rates[] = {
	{ "one a second, one at once",
	  { SECOND, 1 },
	  { { 0, 1, SECOND }, { 999, 0, MS }, { 1000, 1, SECOND }, { 5000, 1, SECOND } } },
	{ "a burst, then the rate",
	  { SECOND / 10, 5 },
	  { { 0, 5, SECOND / 10 },
	    { 99, 0, MS },
	    { 100, 1, SECOND / 10 },
	    { 250, 1, SECOND / 20 } } },
	{ "the burst is back after a rest, and never more than it",
	  { SECOND / 10, 5 },
	  { { 0, 5, SECOND / 10 },
	    { 300, 3, SECOND / 10 },
	    { 1000, 5, SECOND / 10 },
	    { 90000, 5, SECOND / 10 } } },
	{ "less than one a second",
	  { 60ull * SECOND / 2, 2 },
	  { { 0, 2, 30ull * SECOND }, { 29999, 0, MS }, { 30000, 1, 30ull * SECOND } } },
	{ "more than one in a millisecond",
	  { 1000, 3000 },
	  { { 0, 3000, 1000 }, { 1, 1000, 1000 }, { 2, 1000, 1000 } } },
	{ "thirds of a second do not add up to a fourth",
	  { SECOND / 3, 3 },
	  { { 0, 3, SECOND / 3 }, { 1000, 3, SECOND / 3 }, { 2000, 3, SECOND / 3 } } },
};

static void expect_takings(size_t i)
{
	enum { START = 1000000 };
	struct limits *l = limits_open();

	for (const struct taking *t = rates[i].takings; t->pass > 0 || t->wait > 0; t++) {
		unsigned passed = 0;
		uint64_t wait;

		while ((wait = limits_take(l, SOME_KEY, &rates[i].rate, START + t->at)) == 0)
			passed++;
		cr_expect(eq(u32, passed, t->pass), "%s, at %lu", rates[i].name,
		          (unsigned long)t->at);
		cr_expect(eq(u64, wait, t->wait), "%s, at %lu", rates[i].name,
		          (unsigned long)t->at);
	}
	limits_close(l);
}

Test(limits, give_a_burst_and_then_the_rate)
{
	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
		expect_takings(i);
}

Test(limits, a_refusal_takes_nothing)
{
	static const struct limits_rate rate = { SECOND, 1 };
	struct limits *l = limits_open();

	cr_expect(eq(u64, limits_take(l, SOME_KEY, &rate, 5000), 0));
	for (unsigned i = 0; i < 100; i++)
		cr_expect(eq(u64, limits_take(l, SOME_KEY, &rate, 5500), SECOND / 2));
	cr_expect(eq(u64, limits_take(l, SOME_KEY, &rate, 6000), 0));
	limits_close(l);
}

/* A reload: the account stays, the limit is another one. */
Test(limits, a_laxer_limit_forgives_what_a_stricter_one_counted)
{
	static const struct limits_rate strict = { 3600ull * SECOND, 10 }, lax = { SECOND, 2 };
	struct limits *l = limits_open();

	for (unsigned i = 0; i < 10; i++)
		cr_expect(eq(u64, limits_take(l, SOME_KEY, &strict, 1000), 0));
	cr_expect(eq(u64, limits_take(l, SOME_KEY, &lax, 1000), SECOND), "its burst is used up");
	cr_expect(eq(u64, limits_take(l, SOME_KEY, &lax, 2000), 0), "and comes back at its rate");
	limits_close(l);
}

Test(limits, keys_tell_limits_and_addresses_apart)
{
	struct limits *l = limits_open(), *other = limits_open();
	struct str a = STR_OF("\xc0\0\2\1"), b = STR_OF("\xc0\0\2\2");
	uint64_t key = limits_key(l, 1, AF_INET, a);

	cr_expect(eq(u64, key, limits_key(l, 1, AF_INET, a)));
	cr_expect(ne(u64, key, limits_key(l, 2, AF_INET, a)));
	cr_expect(ne(u64, key, limits_key(l, 1, AF_INET6, a)));
	cr_expect(ne(u64, key, limits_key(l, 1, AF_INET, b)));
	cr_expect(ne(u64, key, limits_key(other, 1, AF_INET, a)), "nobody can know the hash");
	limits_close(l);
	limits_close(other);
}

/* ---- a table that is full -------------------------------------------------------------------------------- */

enum { SETS = 4096, WAYS = 16, STRANGERS = 1000 };

/* Accounts that all compete for the same places. */
static uint64_t crowd(unsigned i)
{
	return 77 + (uint64_t)SETS * (i + 1);
}

Test(limits, accounts_at_rest_make_room)
{
	static const struct limits_rate rate = { SECOND, 1 };
	struct limits *l = limits_open();

	for (unsigned i = 0; i < STRANGERS; i++)
		cr_expect(eq(u64, limits_take(l, crowd(i), &rate, 1000 + i * 1000), 0), "%u", i);
	limits_close(l);
}

/* With an account of its own each of a thousand would pass; with sixteen places no more than those do. */
Test(limits, who_fills_the_table_gains_nothing)
{
	static const struct limits_rate rate = { SECOND, 10 };
	struct limits *l = limits_open();
	unsigned passed = 0;

	for (unsigned round = 0; round < 10; round++)
		for (unsigned i = 0; i < STRANGERS; i++)
			passed += limits_take(l, crowd(i), &rate, 1000) == 0;
	cr_expect(eq(u32, passed, WAYS * 10));
	cr_expect(eq(u64, limits_take(l, crowd(STRANGERS), &rate, 1000), SECOND),
	          "a stranger waits for one request's time");
	limits_close(l);
}

Test(limits, the_most_limited_stay_so)
{
	static const struct limits_rate rate = { SECOND, 10 };
	struct limits *l = limits_open();

	while (limits_take(l, crowd(0), &rate, 1000) == 0)
		;
	for (unsigned i = 1; i < STRANGERS; i++)
		limits_take(l, crowd(i), &(struct limits_rate){ SECOND / 1000, 1000 }, 1000);
	cr_expect(eq(u64, limits_take(l, crowd(0), &rate, 1000), SECOND));
	limits_close(l);
}

/* ---- requests at once ------------------------------------------------------------------------------------ */

Test(limits, hold_so_many_at_once)
{
	struct limits *l = limits_open();
	struct limits_hold *first, *second, *third, *other;
	unsigned a = limits_seat_take(l), b = limits_seat_take(l);

	cr_assert(ne(u32, a, LIMITS_NO_SEAT));
	cr_assert(ne(u32, a, b));
	cr_expect(eq(int, limits_enter(l, a, SOME_KEY, 2, &first), LIMITS_ENTERED));
	cr_expect(eq(int, limits_enter(l, b, SOME_KEY, 2, &second), LIMITS_ENTERED));
	cr_expect(eq(int, limits_enter(l, a, SOME_KEY, 2, &third), LIMITS_OVER));
	cr_expect(eq(int, limits_enter(l, b, SOME_KEY, 2, &third), LIMITS_OVER));
	cr_expect(eq(int, limits_enter(l, a, ~SOME_KEY, 2, &other), LIMITS_ENTERED));
	limits_leave(second);
	cr_expect(eq(int, limits_enter(l, a, SOME_KEY, 2, &third), LIMITS_ENTERED));
	limits_leave(first);
	limits_leave(third);
	limits_leave(other);
	cr_expect(eq(int, limits_enter(l, a, SOME_KEY, 1, &first), LIMITS_ENTERED));
	limits_close(l);
}

Test(limits, a_seat_takes_along_what_it_held)
{
	struct limits *l = limits_open();
	struct limits_hold *hold;
	unsigned alive = limits_seat_take(l), dead = limits_seat_take(l);

	cr_expect(eq(int, limits_enter(l, alive, SOME_KEY, 4, &hold), LIMITS_ENTERED));
	for (unsigned i = 0; i < 3; i++)
		cr_expect(eq(int, limits_enter(l, dead, SOME_KEY, 4, &hold), LIMITS_ENTERED));
	cr_expect(eq(int, limits_enter(l, alive, SOME_KEY, 4, &hold), LIMITS_OVER));
	limits_seat_leave(l, dead);
	for (unsigned i = 0; i < 3; i++)
		cr_expect(eq(int, limits_enter(l, alive, SOME_KEY, 4, &hold), LIMITS_ENTERED));
	cr_expect(eq(int, limits_enter(l, alive, SOME_KEY, 4, &hold), LIMITS_OVER));
	limits_close(l);
}

Test(limits, seats_are_used_again_and_end_some_time)
{
	struct limits *l = limits_open();
	unsigned seat = limits_seat_take(l), count = 1;

	for (unsigned i = 0; i < 200000; i++) {
		unsigned next = limits_seat_take(l);

		cr_assert(ne(u32, next, LIMITS_NO_SEAT));
		cr_assert(ne(u32, next, seat));
		limits_seat_leave(l, next);
	}
	while (limits_seat_take(l) != LIMITS_NO_SEAT)
		count++;
	cr_expect(eq(u32, count, 65535));
	limits_seat_leave(l, LIMITS_NO_SEAT);
	cr_expect(eq(u32, limits_seat_take(l), LIMITS_NO_SEAT));
	limits_close(l);
}

Test(limits, who_can_not_be_counted_does_not_enter)
{
	enum { HOLDS = 128 };
	struct limits *l = limits_open();
	unsigned seat = limits_seat_take(l);
	struct limits_hold *hold = NULL, *more;

	for (uint64_t i = 0; i < HOLDS; i++)
		cr_expect(eq(int, limits_enter(l, seat, i << 40 | 7, 1, &hold), LIMITS_ENTERED));
	cr_expect(eq(int, limits_enter(l, seat, (uint64_t)HOLDS << 40 | 7, 1, &more), LIMITS_FULL));
	cr_expect(eq(int, limits_enter(l, seat, 8, 1, &more), LIMITS_ENTERED), "elsewhere");
	limits_leave(hold);
	cr_expect(eq(int, limits_enter(l, seat, (uint64_t)HOLDS << 40 | 7, 1, &more),
	             LIMITS_ENTERED));
	limits_close(l);
}

/* ---- several processes ----------------------------------------------------------------------------------- */

enum { CHILDREN = 4, ROUNDS = 20000, TOGETHER = 2 };

struct scene {
	_Atomic unsigned inside, most_inside, passed, entered;
};

static void child_enters(struct limits *l, struct scene *s, unsigned seat)
{
	struct limits_hold *hold;

	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned now;

		if (limits_enter(l, seat, SOME_KEY, TOGETHER, &hold) != LIMITS_ENTERED)
			continue;
		now = ++s->inside;
		s->entered++;
		while (now > s->most_inside)
			s->most_inside = now;
		s->inside--;
		limits_leave(hold);
	}
}

static void child_takes(struct limits *l, struct scene *s)
{
	static const struct limits_rate rate = { SECOND, ROUNDS };

	for (unsigned i = 0; i < ROUNDS; i++)
		s->passed += limits_take(l, ~SOME_KEY, &rate, 1000) == 0;
}

Test(limits, count_right_with_several_workers_at_once)
{
	struct limits *l = limits_open();
	struct scene *s =
	        mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct limits_hold *hold;

	for (unsigned i = 0; i < CHILDREN; i++) {
		unsigned seat = limits_seat_take(l);

		if (fork() == 0) {
			child_enters(l, s, seat);
			child_takes(l, s);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	cr_expect(le(u32, s->most_inside, TOGETHER));
	cr_expect(ge(u32, s->entered, ROUNDS / 10), "and they do get in");
	cr_expect(eq(u32, s->passed, ROUNDS), "one burst in all");
	for (unsigned i = 0; i < TOGETHER; i++)
		cr_expect(eq(int, limits_enter(l, 9, SOME_KEY, TOGETHER, &hold), LIMITS_ENTERED),
		          "nothing is left behind");
	limits_close(l);
}

/* Killed at any point, a worker leaves nothing that its seat does not take along, and nobody waiting. */
Test(limits, survive_workers_that_are_killed_in_the_middle)
{
	struct limits *l = limits_open();
	struct scene *s =
	        mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct limits_hold *hold;

	for (unsigned i = 0; i < 100; i++) {
		unsigned seat = limits_seat_take(l);
		pid_t pid = fork();

		if (pid == 0) {
			for (;;) {
				child_enters(l, s, seat);
				child_takes(l, s);
			}
		}
		usleep(500 + 37 * i);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		limits_seat_leave(l, seat);
		for (unsigned k = 0; k < TOGETHER; k++) {
			cr_expect(eq(int, limits_enter(l, seat, SOME_KEY, TOGETHER, &hold),
			             LIMITS_ENTERED));
		}
		cr_expect(eq(int, limits_enter(l, seat, SOME_KEY, TOGETHER, &hold), LIMITS_OVER));
		limits_seat_leave(l, seat);
	}
	limits_close(l);
}
