#include "net/timer.h"

void timers_init(struct timers *timers)
{
	heap_init(&timers->heap);
}

void timers_end(struct timers *timers)
{
	heap_end(&timers->heap);
}

bool timer_start(struct timers *timers, struct timer *timer, void (*fire)(struct timer *timer),
                 uint64_t deadline)
{
	timer->fire = fire;
	timer->deadline = deadline;
	return heap_insert(&timers->heap, &timer->node, deadline);
}

void timer_set(struct timers *timers, struct timer *timer, uint64_t deadline)
{
	timer->deadline = deadline;
	if (deadline < timer->node.key)
		heap_rekey(&timers->heap, &timer->node, deadline);
}

void timer_stop(struct timers *timers, struct timer *timer)
{
	heap_remove(&timers->heap, &timer->node);
}

void timers_run(struct timers *timers, uint64_t now)
{
	for (;;) {
		struct heap_node *first = heap_first(&timers->heap);
		struct timer *timer;

		if (!first || first->key > now)
			return;
		timer = (struct timer *)(void *)((char *)first - offsetof(struct timer, node));
		if (timer->deadline > now) {
			heap_rekey(&timers->heap, first, timer->deadline);
			continue;
		}
		timer->deadline = TIMER_NEVER;
		heap_rekey(&timers->heap, first, TIMER_NEVER);
		timer->fire(timer);
	}
}

uint64_t timers_next(const struct timers *timers)
{
	const struct heap_node *first = heap_first(&timers->heap);

	return first ? first->key : TIMER_NEVER;
}
