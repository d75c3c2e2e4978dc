#include "base/clock.h"
#include "net/sock.h"
#include "server/supervisor_state.h"
#include "server/verifier.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The verifier's life. Its links to the workers go over the control channels of both, at the start and after
 * each death: a worker keeps what it has to ask until its link comes.
 */

static void verifier_unwatch(struct generation *g)
{
	loop_unwatch(&g->supervisor->loop, &g->verifier.control);
	loop_close(&g->verifier.control);
}

/* It says nothing; that its channel closes is the news, and SIGCHLD tells the rest. */
static void verifier_news(struct watch *watch, uint32_t events)
{
	struct verifier_process *v = LIST_ENTRY(watch, struct verifier_process, control);

	(void)events;
	verifier_unwatch(LIST_ENTRY(v, struct generation, verifier));
}

void generation_link_verifier(struct worker_process *p)
{
	static const char to_verifier = VERIFIER_WORKER, to_worker = WORKER_VERIFIER;
	struct generation *g = p->generation;
	int ends[2];

	if (g->verifier.control.fd < 0 || p->control.fd < 0)
		return;
	if (sock_channel(ends) != 0) {
		log_error("worker %u gets no link to the verifier: %s", p->number, strerror(errno));
		return;
	}
	if (sock_send_message(g->verifier.control.fd, &to_verifier, 1, &ends[0], 1) != 0 ||
	    sock_send_message(p->control.fd, &to_worker, 1, &ends[1], 1) != 0)
		log_error("worker %u gets no link to the verifier: %s", p->number, strerror(errno));
	close(ends[0]);
	close(ends[1]);
}

static int verifier_fork(struct generation *g)
{
	struct verifier_process *v = &g->verifier;
	pid_t parent = getpid();
	int ends[2];

	if (sock_channel(ends) != 0)
		return -1;
	v->counters = counters_take(g->supervisor->board, COUNTERS_VERIFIER, g->number);
	v->pid = fork();
	if (v->pid == 0)
		generation_be_verifier(g, parent, ends[1]);
	close(ends[1]);
	if (v->pid < 0) {
		v->pid = 0;
		counters_release(&v->counters);
		close(ends[0]);
		return -1;
	}
	counters_started(v->counters, v->pid);
	v->control = (struct watch){ .fd = ends[0], .ready = verifier_news };
	v->started = clock_now();
	return loop_watch(&g->supervisor->loop, &v->control, EPOLLIN);
}

int generation_start_verifier(struct generation *g)
{
	if (!verifier_is_needed(g->config))
		return 0;
	if (verifier_fork(g) != 0)
		return -1;
	for (size_t i = 0; i < g->worker_count; i++)
		generation_link_verifier(&g->workers[i]);
	return 0;
}

static void verifier_restart(struct timer *timer)
{
	struct verifier_process *v = LIST_ENTRY(timer, struct verifier_process, restart);
	struct generation *g = LIST_ENTRY(v, struct generation, verifier);

	if (v->pid != 0 || generation_running(g) == 0 || generation_start_verifier(g) == 0)
		return;
	log_error("the verifier can't be started: %s", strerror(errno));
	timer_set(&g->supervisor->loop.timers, timer,
	          clock_now() + generation_backoff(++v->quick_deaths));
}

bool generation_init_verifier(struct generation *g)
{
	return timer_start(&g->supervisor->loop.timers, &g->verifier.restart, verifier_restart,
	                   TIMER_NEVER);
}

void generation_verifier_died(struct generation *g, int status)
{
	struct verifier_process *v = &g->verifier;
	pid_t pid = v->pid;

	v->pid = 0;
	counters_release(&v->counters);
	verifier_unwatch(g);
	if (generation_running(g) == 0)
		return;
	log_error("the verifier (process %ld) was ended by %s %d; it is started again", (long)pid,
	          WIFSIGNALED(status) ? "signal" : "exit status",
	          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	v->quick_deaths = generation_died_quickly(v->started) ? v->quick_deaths + 1 : 0;
	timer_set(&g->supervisor->loop.timers, &v->restart,
	          clock_now() + generation_backoff(v->quick_deaths));
}

/* Nothing of what it knows is lost, and it may be in the middle of a check that takes long. */
void generation_end_verifier(struct generation *g)
{
	verifier_unwatch(g);
	if (g->verifier.pid > 0)
		kill(g->verifier.pid, SIGKILL);
}
