#include "server/generation.h"

#include "base/clock.h"
#include "net/sock.h"
#include "server/launcher.h"
#include "server/logs.h"
#include "server/sample.h"
#include "server/supervisor_state.h"
#include "server/verifier.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	GENERATION_QUICK_MS = 1000,  /* a worker that lived shorter died quickly */
	GENERATION_QUICK_MAX = 10,   /* so many in a row before it was ever ready: give up */
	GENERATION_BACKOFF_MS = 100, /* doubled with each quick death … */
	GENERATION_BACKOFF_MAX = 5000
};

/* In epoll it goes by the open file, which a child that was just forked may still share. */
static void generation_close(struct generation *g, struct watch *watch)
{
	loop_unwatch(&g->supervisor->loop, watch);
	loop_close(watch);
}

/* ---- starting ---------------------------------------------------------------------------------------- */

static void generation_close_end(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void generation_control(struct watch *watch, uint32_t events)
{
	struct worker_process *p = (struct worker_process *)(void *)watch;
	struct generation *g = p->generation;
	char message[16];
	int fds[1];
	size_t count = 0;
	ssize_t n = sock_receive_message(watch->fd, message, sizeof message, fds, &count);

	(void)events;
	if (n <= 0) { /* it is gone: SIGCHLD tells the rest */
		generation_close(g, watch);
		return;
	}
	if (message[0] != WORKER_READY) {
		generation_log_news(p, message, (size_t)n);
		return;
	}
	if (p->is_ready)
		return;
	p->is_ready = true;
	if (++g->ready == g->worker_count && !g->was_ready) {
		g->was_ready = true;
		supervisor_generation_ready(g->supervisor, g);
	}
}

/* Only when the process is gone: what it counted for its requests is given back. */
static void generation_leave_seat(struct worker_process *p)
{
	limits_seat_leave(p->generation->supervisor->shared->limits, p->seat);
	p->seat = LIMITS_NO_SEAT;
}

/* launcher: the worker's end of its channel to the launcher, or -1; closed here in any case. */
static int generation_fork_worker(struct worker_process *p, int launcher)
{
	struct generation *g = p->generation;
	pid_t parent = getpid();
	int ends[2];

	p->seat = limits_seat_take(g->supervisor->shared->limits);
	if (p->seat == LIMITS_NO_SEAT || sock_channel(ends) != 0) {
		generation_leave_seat(p);
		generation_close_end(launcher);
		return -1;
	}
	p->counters = counters_take(g->supervisor->board, COUNTERS_WORKER, g->number);
	p->pid = fork();
	if (p->pid == 0)
		generation_be_worker(p, parent, ends[1], launcher);
	generation_close_end(launcher);
	close(ends[1]);
	if (p->pid < 0) {
		p->pid = 0;
		counters_release(&p->counters);
		generation_leave_seat(p);
		close(ends[0]);
		return -1;
	}
	counters_started(p->counters, p->pid);
	p->control = (struct watch){ .fd = ends[0], .ready = generation_control };
	p->started = clock_now();
	p->is_ready = false;
	p->unanswered = 0;
	generation_link_verifier(p);
	return loop_watch(&g->supervisor->loop, &p->control, EPOLLIN);
}

/* A new channel between the launcher, which gets its end by message, and a worker. -1: none can be had. */
static int generation_link(struct generation *g)
{
	static const char message = LAUNCHER_WORKER;
	int ends[2], result;

	if (g->launcher.fd < 0 || sock_channel(ends) != 0)
		return -1;
	result = sock_send_message(g->launcher.fd, &message, 1, &ends[0], 1);
	close(ends[0]);
	if (result == 0)
		return ends[1];
	close(ends[1]);
	return -1;
}

static void generation_restart_due(struct timer *timer)
{
	struct worker_process *p = LIST_ENTRY(timer, struct worker_process, restart);

	if (p->generation->draining || p->pid != 0)
		return;
	/* Without a launcher it still serves files. */
	if (generation_fork_worker(p, generation_link(p->generation)) != 0) {
		log_error("worker %u can't be started: %s", p->number, strerror(errno));
		timer_set(&p->generation->supervisor->loop.timers, &p->restart,
		          clock_now() + GENERATION_BACKOFF_MAX);
		return;
	}
	counter_add(p->generation->supervisor->counters, COUNTER_RESTARTS, 1);
}

/* The launcher tells nothing; that its channel closes while it should live is the news. */
static void generation_launcher_news(struct watch *watch, uint32_t events)
{
	(void)events;
	generation_close(LIST_ENTRY(watch, struct generation, launcher), watch);
}

static int generation_fork_launcher(struct generation *g, const int *workers)
{
	int ends[2];

	if (sock_channel(ends) != 0)
		return -1;
	g->launcher = (struct watch){ .fd = ends[0], .ready = generation_launcher_news };
	g->launcher_counters = counters_take(g->supervisor->board, COUNTERS_LAUNCHER, g->number);
	g->launcher_pid = fork();
	if (g->launcher_pid == 0)
		generation_be_launcher(g, ends[1], workers);
	close(ends[1]);
	if (g->launcher_pid < 0) {
		g->launcher_pid = 0;
		counters_release(&g->launcher_counters);
		return -1;
	}
	counters_started(g->launcher_counters, g->launcher_pid);
	return loop_watch(&g->supervisor->loop, &g->launcher, EPOLLIN);
}

/*
 * One channel per worker to the launcher, then the processes. here[i] is the worker's end, there[i] the
 * launcher's, which only the launcher keeps: else it would not notice when a worker dies.
 */
static int generation_fork_all(struct generation *g, int *here, int *there)
{
	size_t made = 0, started = 0;
	int result = -1;

	for (; made < g->worker_count; made++) {
		int ends[2];

		if (sock_channel(ends) != 0)
			goto end;
		here[made] = ends[0];
		there[made] = ends[1];
	}
	if (generation_fork_launcher(g, there) != 0)
		goto end;
	for (size_t i = 0; i < made; i++) {
		close(there[i]);
		there[i] = -1;
	}
	for (; started < g->worker_count; started++) {
		int mine = here[started];

		here[started] = -1;
		if (generation_fork_worker(&g->workers[started], mine) != 0)
			goto end;
	}
	result = generation_start_verifier(g);

end:
	for (size_t i = 0; i < made; i++) {
		generation_close_end(here[i]);
		generation_close_end(there[i]);
	}
	return result;
}

static int generation_init(struct generation *g)
{
	g->worker_count = g->config->worker_processes;
	g->workers = calloc(g->worker_count, sizeof *g->workers);
	if (!g->workers)
		return -1;
	for (size_t i = 0; i < g->worker_count; i++) {
		struct worker_process *p = &g->workers[i];

		p->control.fd = -1;
		p->generation = g;
		p->number = (unsigned)i;
		if (!timer_start(&g->supervisor->loop.timers, &p->restart, generation_restart_due,
		                 TIMER_NEVER))
			return -1;
	}
	return generation_init_verifier(g) ? 0 : -1;
}

/* What could not be started whole is taken back. */
static void generation_undo(struct generation *g)
{
	generation_abandon(g);
	while (g->launcher_pid > 0 && waitpid(g->launcher_pid, NULL, 0) < 0 && errno == EINTR)
		;
	for (size_t i = 0; i < g->worker_count && g->workers; i++)
		if (g->workers[i].pid > 0)
			waitpid(g->workers[i].pid, NULL, 0);
	if (g->verifier.pid > 0)
		waitpid(g->verifier.pid, NULL, 0);
	generation_free(g);
}

struct generation *generation_start(struct supervisor *sup, struct config *config, int *sockets)
{
	struct generation *g = calloc(1, sizeof *g);
	int *ends = calloc(2 * (size_t)config->worker_processes, sizeof *ends);
	bool good;

	if (!g) {
		log_error("out of memory");
		free(ends);
		free(sockets);
		logs_close(config);
		config_free(config);
		return NULL;
	}
	*g = (struct generation){ .supervisor = sup,
		                  .config = config,
		                  .sockets = sockets,
		                  .launcher.fd = -1,
		                  .verifier.control.fd = -1,
		                  .started = clock_now(),
		                  .number = ++sup->generation_count };
	list_append(&sup->generations, &g->node);
	good = ends && generation_init(g) == 0 &&
	       generation_fork_all(g, ends, ends + config->worker_processes) == 0;
	free(ends);
	if (good)
		return g;
	log_error("launcher and workers can't be started: %s", strerror(errno));
	generation_undo(g);
	return NULL;
}

/* ---- talking to it ----------------------------------------------------------------------------------- */

size_t generation_running(const struct generation *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->worker_count && g->workers; i++)
		n += g->workers[i].pid > 0;
	return n;
}

bool generation_tell(struct worker_process *p, const void *data, size_t len, const int *fd)
{
	if (p->control.fd < 0)
		return false;
	if (sock_send_message(p->control.fd, data, len, fd, fd ? 1 : 0) == 0)
		return true;
	log_warn("worker %u could not be told: %s", p->number, strerror(errno));
	return false;
}

/* They end when their channels do. */
static void generation_end_helpers(struct generation *g)
{
	generation_close(g, &g->launcher);
	generation_end_verifier(g);
}

void generation_drain(struct generation *g, uint64_t limit, bool close_idle)
{
	char message[1 + sizeof limit + 1] = { WORKER_DRAIN };

	memcpy(message + 1, &limit, sizeof limit);
	message[1 + sizeof limit] = close_idle;
	g->draining = true;
	for (size_t i = 0; i < g->worker_count; i++)
		generation_tell(&g->workers[i], message, sizeof message, NULL);
	if (generation_running(g) == 0)
		generation_end_helpers(g);
}

void generation_sample(const struct generation *g)
{
	for (size_t i = 0; i < g->worker_count; i++)
		sample_process(g->workers[i].counters, g->workers[i].pid);
	sample_process(g->launcher_counters, g->launcher_pid);
	sample_process(g->verifier.counters, g->verifier.pid);
}

void generation_kill(struct generation *g)
{
	for (size_t i = 0; i < g->worker_count && g->workers; i++)
		if (g->workers[i].pid > 0)
			kill(g->workers[i].pid, SIGKILL);
}

void generation_abandon(struct generation *g)
{
	g->draining = true;
	generation_kill(g);
	generation_end_helpers(g);
}

/* ---- deaths ------------------------------------------------------------------------------------------ */

bool generation_has(const struct generation *g, pid_t pid)
{
	for (size_t i = 0; i < g->worker_count; i++)
		if (g->workers[i].pid == pid)
			return true;
	return g->launcher_pid == pid || g->verifier.pid == pid;
}

static void generation_log_death(const struct worker_process *p, pid_t pid, int status)
{
	const char *then = p->generation->draining ? "" : "; it is started again";

	if (WIFSIGNALED(status))
		log_error("worker %u (process %ld) was ended by signal %d (%s)%s", p->number,
		          (long)pid, WTERMSIG(status), strsignal(WTERMSIG(status)), then);
	else if (WEXITSTATUS(status) != 0 || !p->generation->draining)
		log_error("worker %u (process %ld) exited with status %d%s", p->number, (long)pid,
		          WEXITSTATUS(status), then);
}

bool generation_died_quickly(uint64_t started)
{
	return clock_now() - started < GENERATION_QUICK_MS;
}

uint64_t generation_backoff(unsigned quick_deaths)
{
	uint64_t delay = 0;

	if (quick_deaths > 1)
		delay = (uint64_t)GENERATION_BACKOFF_MS
		        << (quick_deaths < 7 ? quick_deaths - 2 : 5);
	return delay < GENERATION_BACKOFF_MAX ? delay : GENERATION_BACKOFF_MAX;
}

static void generation_worker_died(struct worker_process *p, pid_t pid, int status)
{
	struct generation *g = p->generation;

	p->pid = 0;
	counters_release(&p->counters);
	generation_leave_seat(p);
	g->ready -= p->is_ready;
	generation_close(g, &p->control);
	generation_log_death(p, pid, status);
	if (g->draining) {
		if (generation_running(g) == 0)
			generation_end_helpers(g);
		return;
	}
	p->quick_deaths = generation_died_quickly(p->started) ? p->quick_deaths + 1 : 0;
	if (!g->was_ready && p->quick_deaths >= GENERATION_QUICK_MAX) {
		log_error("generation %u is given up: its workers end before they are ready",
		          g->number);
		supervisor_generation_failed(g->supervisor, g);
		return;
	}
	timer_set(&g->supervisor->loop.timers, &p->restart,
	          clock_now() + generation_backoff(p->quick_deaths));
}

bool generation_reaped(struct generation *g, pid_t pid, int status)
{
	if (pid == g->launcher_pid) {
		g->launcher_pid = 0;
		counters_release(&g->launcher_counters);
		generation_close(g, &g->launcher);
		supervisor_launcher_ended(g->supervisor, g, pid, status);
		return true;
	}
	if (pid == g->verifier.pid) {
		generation_verifier_died(g, status);
		return true;
	}
	for (size_t i = 0; i < g->worker_count; i++)
		if (g->workers[i].pid == pid) {
			generation_worker_died(&g->workers[i], pid, status);
			return true;
		}
	return false;
}

uint64_t generation_open(const struct generation *g, enum figure figure)
{
	uint64_t n = 0;

	for (size_t i = 0; i < g->worker_count; i++)
		n += counters_open_now(g->workers[i].counters, figure);
	return n;
}

bool generation_is_gone(const struct generation *g)
{
	return g->draining && g->launcher_pid == 0 && g->verifier.pid == 0 &&
	       generation_running(g) == 0;
}

void generation_free(struct generation *g)
{
	for (size_t i = 0; i < g->worker_count && g->workers; i++) {
		generation_leave_seat(&g->workers[i]);
		timer_stop(&g->supervisor->loop.timers, &g->workers[i].restart);
		generation_close(g, &g->workers[i].control);
		counters_release(&g->workers[i].counters);
	}
	counters_release(&g->launcher_counters);
	generation_end_helpers(g);
	timer_stop(&g->supervisor->loop.timers, &g->verifier.restart);
	counters_release(&g->verifier.counters);
	list_remove(&g->node);
	logs_close(g->config);
	config_free(g->config);
	free(g->workers);
	free(g->sockets);
	free(g);
}
