#include "net/loop.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <unistd.h>

enum { LOOP_BATCH = 256 }; /* events taken from the kernel in one call */

int loop_init(struct loop *loop)
{
	*loop = (struct loop){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
	list_init(&loop->deferred);
	timers_init(&loop->timers);
	return loop->epoll < 0 ? -1 : 0;
}

void loop_end(struct loop *loop)
{
	if (loop->epoll >= 0)
		close(loop->epoll);
	loop->epoll = -1;
	timers_end(&loop->timers);
}

int loop_watch(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &event);
}

int loop_rewatch(struct loop *loop, struct watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void loop_unwatch(struct loop *loop, struct watch *watch)
{
	if (watch->fd >= 0)
		epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
}

void loop_close(struct watch *watch)
{
	if (watch->fd >= 0)
		close(watch->fd);
	watch->fd = -1;
}

void task_init(struct task *task, void (*run)(struct task *task))
{
	list_init(&task->node);
	task->run = run;
}

void loop_defer(struct loop *loop, struct task *task)
{
	if (list_is_empty(&task->node))
		list_append(&loop->deferred, &task->node);
}

void loop_forget(struct task *task)
{
	list_remove(&task->node);
}

void loop_bury(struct loop *loop, struct grave *grave, void (*release)(struct grave *grave))
{
	grave->release = release;
	grave->next = loop->graves;
	loop->graves = grave;
}

static int loop_timeout(const struct loop *loop)
{
	uint64_t next = timers_next(&loop->timers);
	uint64_t now = clock_now();

	if (!list_is_empty(&loop->deferred))
		return 0;
	if (next == TIMER_NEVER)
		return -1;
	if (next <= now)
		return 0;
	return next - now > 3600 * 1000 ? 3600 * 1000 : (int)(next - now);
}

/* Runs what is queued now; what that queues again waits for the next turn, so that nobody starves. */
static void loop_run_deferred(struct loop *loop)
{
	struct list now;

	list_init(&now);
	list_splice(&now, &loop->deferred);
	while (!list_is_empty(&now)) {
		struct task *task = LIST_ENTRY(now.next, struct task, node);

		list_remove(&task->node);
		task->run(task);
	}
}

void loop_bury_dead(struct loop *loop)
{
	struct grave *grave = loop->graves;

	loop->graves = NULL;
	while (grave) {
		struct grave *next = grave->next;

		grave->release(grave);
		grave = next;
	}
}

void loop_turn(struct loop *loop)
{
	struct epoll_event events[LOOP_BATCH];
	int n;

	if (loop->before_sleep)
		loop->before_sleep(loop);
	n = epoll_wait(loop->epoll, events, LOOP_BATCH, loop_timeout(loop));
	ASSERT(n >= 0 || errno == EINTR);
	clock_update();
	for (int i = 0; i < n; i++) {
		struct watch *watch = events[i].data.ptr;

		if (watch->fd >= 0)
			watch->ready(watch, events[i].events);
	}
	timers_run(&loop->timers, clock_now());
	loop_run_deferred(loop);
	loop_bury_dead(loop);
}

void loop_run(struct loop *loop)
{
	while (!loop->stopping)
		loop_turn(loop);
}
