#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/list.h"
#include "net/timer.h"

#include <sys/epoll.h>

/*
 * The event loop: one epoll instance, the queue of what is to run before the loop sleeps again, the
 * timers, and the graveyard. Its turn is: wait, mark what is ready, fire what is due, run the queue,
 * bury the dead. Events and timers only mark and queue; the work is done from the queue, in one place,
 * so that nothing ever re-enters.
 */

/* A descriptor that epoll watches. ready() gets the events; it should note them and defer a task. */
struct watch {
	int fd; /* -1: dead or not yet watched */
	void (*ready)(struct watch *watch, uint32_t events);
};

/* Something to be run from the queue, once for each time that it was deferred. */
struct task {
	struct list node;
	void (*run)(struct task *task);
};

/* Memory that may still be named by events of the current batch: freed when the batch is over. */
struct grave {
	struct grave *next;
	void (*release)(struct grave *grave);
};

struct loop {
	int epoll;
	struct list deferred;
	struct grave *graves;
	struct timers timers;
	void (*before_sleep)(
	        struct loop *loop); /* may be NULL; for flushing what was gathered in a turn */
	bool stopping;
};

/* 0, or -1 and errno. */
int loop_init(struct loop *loop);
void loop_end(struct loop *loop);

/* Has epoll watch watch->fd for the events. 0, or -1 and errno. */
int loop_watch(struct loop *loop, struct watch *watch, uint32_t events);

/* Other events from now on. 0, or -1 and errno. */
int loop_rewatch(struct loop *loop, struct watch *watch, uint32_t events);

/* Takes the descriptor out of epoll without closing it. */
void loop_unwatch(struct loop *loop, struct watch *watch);

/* Closes the descriptor (which takes it out of epoll) and leaves a dead watch. Harmless on a dead one. */
void loop_close(struct watch *watch);

void task_init(struct task *task, void (*run)(struct task *task));

/* Queues the task; nothing happens where it is queued already. */
void loop_defer(struct loop *loop, struct task *task);

/* Takes it off the queue again. */
void loop_forget(struct task *task);

/* Has release(grave) called at the end of the turn. */
void loop_bury(struct loop *loop, struct grave *grave, void (*release)(struct grave *grave));

/* Releases what was buried, now: for the end, when no event is in flight any more. */
void loop_bury_dead(struct loop *loop);

/* One turn. Sleeps only while the queue is empty, and no longer than to the next timer. */
void loop_turn(struct loop *loop);

/* Turns until `stopping` is set. */
void loop_run(struct loop *loop);

#endif
