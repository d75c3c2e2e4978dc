#include "net/loop.h"

#include "base/clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Everything that happens, in order, as letters. */
static char story[256];

static void tell(char c)
{
	size_t n = strlen(story);

	cr_assert(lt(sz, n, sizeof story - 1));
	story[n] = c;
}

static void expect_story(const char *name, const char *want)
{
	cr_expect(eq(str, story, (char *)(uintptr_t)want), "%s", name);
	memset(story, 0, sizeof story);
}

/* Something with a descriptor, a task and a grave, as a connection has them. */
struct actor {
	struct watch watch; /* first */
	struct task task;
	struct grave grave;
	struct timer timer;
	struct loop *loop;
	char letter;
	bool repeats; /* its task queues itself again */
	struct actor *closes, *forgets, *wakes;
};

static void actor_ready(struct watch *watch, uint32_t events)
{
	struct actor *a = (struct actor *)(void *)watch;

	(void)events;
	tell(a->letter);
	loop_defer(a->loop, &a->task);
}

static void actor_free(struct grave *grave)
{
	struct actor *a = LIST_ENTRY(grave, struct actor, grave);

	tell('+');
	free(a);
}

static void actor_run(struct task *task)
{
	struct actor *a = LIST_ENTRY(task, struct actor, task);

	tell((char)(a->letter - 'a' + 'A'));
	if (a->repeats)
		loop_defer(a->loop, task);
	if (a->wakes)
		loop_defer(a->loop, &a->wakes->task);
	if (a->forgets)
		loop_forget(&a->forgets->task);
	if (a->closes) {
		loop_close(&a->closes->watch);
		loop_forget(&a->closes->task);
		loop_bury(a->loop, &a->closes->grave, actor_free);
	}
	a->closes = NULL;
}

static void actor_fire(struct timer *timer)
{
	struct actor *a = LIST_ENTRY(timer, struct actor, timer);

	tell('t');
	loop_defer(a->loop, &a->task);
}

static struct actor *actor_make(struct loop *loop, char letter, int fd)
{
	struct actor *a = calloc(1, sizeof *a);

	*a = (struct actor){ .watch = { .fd = fd, .ready = actor_ready },
		             .loop = loop,
		             .letter = letter };
	task_init(&a->task, actor_run);
	if (fd >= 0)
		cr_assert(loop_watch(loop, &a->watch, EPOLLIN | EPOLLET) == 0);
	return a;
}

static void pair(int ends[2])
{
	cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
}

static void before_sleep(struct loop *loop)
{
	(void)loop;
	tell('z');
}

Test(loop, a_turn_waits_marks_fires_runs_and_buries)
{
	struct loop loop;
	struct actor *a, *b, *c;
	int x[2], y[2];

	clock_set(1000, 0);
	cr_assert(loop_init(&loop) == 0);
	loop.before_sleep = before_sleep;
	pair(x);
	pair(y);
	a = actor_make(&loop, 'a', x[0]);
	b = actor_make(&loop, 'b', y[0]);
	c = actor_make(&loop, 'c', -1);
	cr_assert(timer_start(&loop.timers, &c->timer, actor_fire, 1000));
	cr_assert(write(x[1], "x", 1) == 1);
	loop_turn(&loop);
	expect_story("events and timers queue, the queue runs after them", "zatAC");
	cr_assert(write(x[1], "x", 1) == 1 && write(y[1], "x", 1) == 1);
	a->closes = b;
	loop_turn(&loop);
	expect_story(
	        "who is closed while its event is in the batch does not run, and dies after it",
	        "zabA+");
	timer_stop(&loop.timers, &c->timer);
	loop_close(&a->watch);
	loop_close(&a->watch);
	free(a);
	free(c);
	close(x[1]);
	close(y[1]);
	loop_end(&loop);
}

Test(loop, what_the_queue_queues_waits_for_the_next_turn)
{
	struct loop loop;
	struct actor *a, *b;

	clock_set(1000, 0);
	cr_assert(loop_init(&loop) == 0);
	a = actor_make(&loop, 'a', -1);
	b = actor_make(&loop, 'b', -1);
	a->repeats = true;
	loop_defer(&loop, &a->task);
	loop_defer(&loop, &a->task);
	loop_defer(&loop, &b->task);
	loop_turn(&loop);
	expect_story("each once, in order, however often it was queued", "AB");
	loop_turn(&loop);
	expect_story("who queued itself runs again, and the loop does not sleep", "A");
	a->repeats = false;
	a->wakes = b;
	loop_turn(&loop);
	expect_story("who is woken meanwhile waits, too", "A");
	loop_turn(&loop);
	expect_story("for its turn", "B");
	a->wakes = NULL;
	a->forgets = b;
	loop_defer(&loop, &a->task);
	loop_defer(&loop, &b->task);
	loop_turn(&loop);
	expect_story("who is forgotten does not run", "A");
	cr_expect(list_is_empty(&loop.deferred));
	free(a);
	free(b);
	loop_end(&loop);
}

Test(loop, an_edge_is_told_once)
{
	struct loop loop;
	struct actor *a;
	int x[2];

	clock_set(1000, 0);
	cr_assert(loop_init(&loop) == 0);
	pair(x);
	a = actor_make(&loop, 'a', x[0]);
	cr_assert(write(x[1], "x", 1) == 1);
	loop_turn(&loop);
	expect_story("new bytes", "aA");
	loop_defer(&loop, &a->task);
	loop_turn(&loop);
	expect_story("the same bytes are no news", "A");
	cr_assert(write(x[1], "x", 1) == 1);
	loop_turn(&loop);
	expect_story("more bytes are", "aA");
	loop_unwatch(&loop, &a->watch);
	cr_assert(write(x[1], "x", 1) == 1);
	loop_defer(&loop, &a->task);
	loop_turn(&loop);
	expect_story("nothing comes from one that is no longer watched", "A");
	loop_close(&a->watch);
	cr_expect(eq(i32, a->watch.fd, -1));
	free(a);
	close(x[1]);
	loop_end(&loop);
}

Test(loop, it_sleeps_until_the_next_timer)
{
	struct loop loop;
	struct actor *a;
	uint64_t start;

	clock_release();
	cr_assert(loop_init(&loop) == 0);
	a = actor_make(&loop, 'a', -1);
	start = clock_precise_us();
	cr_assert(timer_start(&loop.timers, &a->timer, actor_fire, clock_now() + 50));
	while (!story[0])
		loop_turn(&loop);
	cr_expect(ge(u64, clock_precise_us() - start, 40000));
	expect_story("", "tA");
	timer_stop(&loop.timers, &a->timer);
	free(a);
	loop_end(&loop);
}
