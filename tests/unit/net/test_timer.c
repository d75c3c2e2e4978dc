#include "net/timer.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

struct alarm_clock {
	struct timer timer; /* first */
	unsigned rung;
	uint64_t again; /* sets itself anew so much later; 0: not */
	struct timers *timers;
	struct alarm_clock *stops;
};

static uint64_t now;

static void ring(struct timer *timer)
{
	struct alarm_clock *a = (struct alarm_clock *)(void *)timer;

	a->rung++;
	if (a->again > 0)
		timer_set(a->timers, timer, now + a->again);
	if (a->stops)
		timer_stop(a->timers, &a->stops->timer);
}

static void run(struct timers *t, uint64_t at)
{
	now = at;
	timers_run(t, at);
}

/* One timer; what is done with it, one step after the other. */
static const struct {
	const char *name;
	uint64_t start;
	struct {
		uint64_t at;   /* the time is this */
		unsigned rung; /* and it has rung so often */
		uint64_t set;  /* then it is set to this; 0: left alone */
	} steps[6];
} lives[] = {
	{ "it fires at its deadline, once", 100, { { 99, 0, 0 }, { 100, 1, 0 }, { 101, 1, 0 } } },
	{ "also when nobody looked in time", 100, { { 500, 1, 0 }, { 501, 1, 0 } } },
	{ "a later deadline replaces the old one",
	  100,
	  { { 50, 0, 200 }, { 199, 0, 0 }, { 200, 1, 0 } } },
	{ "an earlier one, too",
	  100,
	  { { 10, 0, 50 }, { 49, 0, 0 }, { 50, 1, 0 }, { 100, 1, 0 } } },
	{ "postponed again and again it never fires",
	  100,
	  { { 90, 0, 190 }, { 180, 0, 280 }, { 270, 0, 370 }, { 369, 0, 0 }, { 370, 1, 0 } } },
	{ "postponed and advanced again",
	  100,
	  { { 10, 0, 500 }, { 20, 0, 60 }, { 59, 0, 0 }, { 60, 1, 0 } } },
	{ "advanced below the old deadline after that has passed",
	  100,
	  { { 10, 0, 500 }, { 150, 0, 300 }, { 299, 0, 0 }, { 300, 1, 0 } } },
	{ "never is never", TIMER_NEVER, { { 1, 0, 0 }, { UINT64_MAX - 1, 0, 0 } } },
	{ "from never to a time", TIMER_NEVER, { { 1, 0, 10 }, { 9, 0, 0 }, { 10, 1, 0 } } },
	{ "and back to never", 100, { { 50, 0, TIMER_NEVER }, { 5000, 0, 0 } } },
	{ "set anew after it has fired", 100, { { 100, 1, 200 }, { 199, 1, 0 }, { 200, 2, 0 } } },
};

Test(timer, fires_at_its_last_deadline)
{
	for (size_t i = 0; i < sizeof lives / sizeof *lives; i++) {
		struct alarm_clock a = { 0 };
		struct timers t;

		timers_init(&t);
		cr_assert(timer_start(&t, &a.timer, ring, lives[i].start));
		for (size_t s = 0; s < 6 && lives[i].steps[s].at > 0; s++) {
			cr_expect(timers_next(&t) <= a.timer.deadline, "%s: never too late",
			          lives[i].name);
			run(&t, lives[i].steps[s].at);
			cr_expect(eq(u32, a.rung, lives[i].steps[s].rung), "%s, step %zu",
			          lives[i].name, s);
			if (lives[i].steps[s].set)
				timer_set(&t, &a.timer, lives[i].steps[s].set);
		}
		timer_stop(&t, &a.timer);
		timer_stop(&t, &a.timer);
		cr_expect(eq(u64, timers_next(&t), TIMER_NEVER), "%s: stopped", lives[i].name);
		timers_end(&t);
	}
}

Test(timer, one_that_sets_itself_anew_fires_once_a_run)
{
	struct timers t;
	struct alarm_clock a = { .again = 10, .timers = &t };

	timers_init(&t);
	cr_assert(timer_start(&t, &a.timer, ring, 10));
	for (uint64_t at = 1; at <= 100; at++)
		run(&t, at);
	cr_expect(eq(u32, a.rung, 10));
	timers_end(&t);
}

Test(timer, one_may_stop_another_that_is_due_at_the_same_time)
{
	struct timers t;
	struct alarm_clock b = { 0 }, a = { .timers = &t, .stops = &b };

	timers_init(&t);
	cr_assert(timer_start(&t, &a.timer, ring, 10));
	cr_assert(timer_start(&t, &b.timer, ring, 11));
	run(&t, 20);
	cr_expect(eq(u32, a.rung, 1));
	cr_expect(eq(u32, b.rung, 0));
	timers_end(&t);
}

enum { MANY = 1000 };

Test(timer, a_thousand_at_random_times_fire_each_in_its_own)
{
	static struct alarm_clock clocks[MANY];
	struct timers t;

	timers_init(&t);
	srand(7);
	for (size_t i = 0; i < MANY; i++)
		cr_assert(timer_start(&t, &clocks[i].timer, ring, (uint64_t)(rand() % 5000)));
	for (size_t i = 0; i < MANY; i += 3)
		timer_set(&t, &clocks[i].timer, (uint64_t)(5000 + rand() % 5000));
	for (size_t i = 1; i < MANY; i += 3)
		timer_set(&t, &clocks[i].timer, (uint64_t)(rand() % 100));
	for (uint64_t at = 0; at < 10000; at += 7) {
		run(&t, at);
		for (size_t i = 0; i < MANY; i++)
			cr_assert(clocks[i].timer.deadline > at, "timer %zu is late", i);
	}
	run(&t, 10000);
	for (size_t i = 0; i < MANY; i++)
		cr_expect(eq(u32, clocks[i].rung, 1), "timer %zu", i);
	timers_end(&t);
}
