#ifndef NET_TIMER_H
#define NET_TIMER_H

#include "base/heap.h"

/*
 * Timers that cost nothing to postpone. A timer joins the heap once, when it starts. To set a later
 * deadline only writes it down; when the old one comes, the timer is put back for the new one. So the
 * usual life of a deadline, moved on with every request and never reached, never touches the heap.
 */
struct timer {
	struct heap_node node;
	uint64_t deadline; /* ms of clock_now(); TIMER_NEVER: none */
	void (*fire)(struct timer *timer);
};

struct timers {
	struct heap heap;
};

#define TIMER_NEVER UINT64_MAX

void timers_init(struct timers *timers);
void timers_end(struct timers *timers);

/* Joins with a deadline. False when memory is out. */
bool timer_start(struct timers *timers, struct timer *timer, void (*fire)(struct timer *timer),
                 uint64_t deadline);

/* Another deadline for a started timer. */
void timer_set(struct timers *timers, struct timer *timer, uint64_t deadline);

/* Leaves the heap; harmless where it is in none. */
void timer_stop(struct timers *timers, struct timer *timer);

/* Calls fire() for each whose deadline has come; it has none from then on until it is set again. */
void timers_run(struct timers *timers, uint64_t now);

/* When to wake up at the latest: TIMER_NEVER where there is no timer. May be too early, never too late. */
uint64_t timers_next(const struct timers *timers);

#endif
