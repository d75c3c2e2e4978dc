#include "server/generation.h"

#include "base/clock.h"
#include "net/sock.h"
#include "server/launcher.h"
#include "server/logs.h"
#include "server/privileges.h"
#include "server/supervisor_state.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	GENERATION_QUICK_MS = 1000,  /* a worker that lived shorter died quickly */
	GENERATION_QUICK_MAX = 10,   /* so many in a row before it was ever ready: give up */
	GENERATION_BACKOFF_MS = 100, /* doubled with each quick death … */
	GENERATION_BACKOFF_MAX = 5000
};

/* ---- in the child ------------------------------------------------------------------------------------ */

static void child_close_workers(struct generation *g)
{
	for (size_t i = 0; i < g->worker_count; i++)
		loop_close(&g->workers[i].control);
}

static _Noreturn void generation_worker_main(struct worker_process *p, pid_t parent, int control,
                                             int launcher)
{
	struct generation *g = p->generation;
	struct supervisor *sup = g->supervisor;
	struct worker_start start = { .config = g->config,
		                      .handlers = sup->start->handlers,
		                      .listeners = g->sockets,
		                      .control = control,
		                      .launcher = launcher,
		                      .shared = sup->shared,
		                      .number = p->number };

	prctl(PR_SET_NAME, "webserv-worker");
	loop_close(&g->launcher);
	child_close_workers(g);
	supervisor_leave(sup);
	privileges_raise_files(g->config);
	if (privileges_drop(g->config) != 0 || privileges_die_with(parent) != 0)
		_exit(1);
	_exit(worker_run(&start));
}

static _Noreturn void generation_launcher_main(struct generation *g, int channel,
                                               const int *workers)
{
	struct supervisor *sup = g->supervisor;
	struct launcher_start start = { .config = g->config,
		                        .supervisor = channel,
		                        .workers = workers,
		                        .worker_count = g->worker_count };

	prctl(PR_SET_NAME, "webserv-launch");
	loop_close(&g->launcher);
	child_close_workers(g);
	for (struct list *n = sup->sockets.entries.next; n != &sup->sockets.entries; n = n->next)
		close(LIST_ENTRY(n, struct socket_entry, node)->fd);
	supervisor_leave(sup);
	_exit(launcher_run(&start));
}

/* ---- starting ---------------------------------------------------------------------------------------- */

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
		loop_close(watch);
		return;
	}
	if (message[0] != WORKER_READY || p->is_ready)
		return;
	p->is_ready = true;
	if (++g->ready == g->worker_count && !g->was_ready) {
		g->was_ready = true;
		supervisor_generation_ready(g->supervisor, g);
	}
}

/* launcher_end: the worker's end of its channel to the launcher; closed here in any case. */
static int generation_fork_worker(struct worker_process *p, int launcher_end)
{
	struct generation *g = p->generation;
	pid_t parent = getpid();
	int ends[2];

	if (sock_channel(ends) != 0) {
		close(launcher_end);
		return -1;
	}
	p->pid = fork();
	if (p->pid == 0) {
		close(ends[0]);
		generation_worker_main(p, parent, ends[1], launcher_end);
	}
	close(launcher_end);
	close(ends[1]);
	if (p->pid < 0) {
		p->pid = 0;
		close(ends[0]);
		return -1;
	}
	p->control = (struct watch){ .fd = ends[0], .ready = generation_control };
	p->started = clock_now();
	p->is_ready = false;
	return loop_watch(&g->supervisor->loop, &p->control, EPOLLIN);
}

/* A channel between launcher and worker for one that is started again; the launcher gets its end by message. */
static int generation_restart_worker(struct worker_process *p)
{
	static const char message = LAUNCHER_WORKER;
	struct generation *g = p->generation;
	int ends[2], result;

	if (sock_channel(ends) != 0)
		return -1;
	result = sock_send_message(g->launcher.fd, &message, 1, &ends[0], 1);
	close(ends[0]);
	if (result != 0) {
		close(ends[1]);
		return -1;
	}
	return generation_fork_worker(p, ends[1]);
}

static void generation_restart_due(struct timer *timer)
{
	struct worker_process *p = LIST_ENTRY(timer, struct worker_process, restart);

	if (p->generation->draining || p->pid != 0)
		return;
	if (generation_restart_worker(p) != 0) {
		log_error("worker %u can't be started: %s", p->number, strerror(errno));
		timer_set(&p->generation->supervisor->loop.timers, &p->restart,
		          clock_now() + GENERATION_BACKOFF_MAX);
	}
}

/* The launcher tells nothing; that its channel closes while it should live is the news. */
static void generation_launcher_news(struct watch *watch, uint32_t events)
{
	(void)events;
	loop_close(watch);
}

static int generation_fork_launcher(struct generation *g, const int *workers)
{
	int ends[2];

	if (sock_channel(ends) != 0)
		return -1;
	g->launcher = (struct watch){ .fd = ends[0], .ready = generation_launcher_news };
	g->launcher_pid = fork();
	if (g->launcher_pid == 0)
		generation_launcher_main(g, ends[1], workers);
	close(ends[1]);
	if (g->launcher_pid < 0) {
		g->launcher_pid = 0;
		return -1;
	}
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
	result = 0;

end:
	for (size_t i = 0; i < made; i++) {
		if (here[i] >= 0)
			close(here[i]);
		if (there[i] >= 0)
			close(there[i]);
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
	return 0;
}

struct generation *generation_start(struct supervisor *sup, struct config *config, int *sockets)
{
	struct generation *g = calloc(1, sizeof *g);
	int *ends = calloc(2 * (size_t)config->worker_processes, sizeof *ends);

	if (g) {
		*g = (struct generation){ .supervisor = sup,
			                  .config = config,
			                  .sockets = sockets,
			                  .launcher.fd = -1,
			                  .number = ++sup->generation_count };
		list_append(&sup->generations, &g->node);
	}
	if (g && ends && generation_init(g) == 0 &&
	    generation_fork_all(g, ends, ends + config->worker_processes) == 0) {
		free(ends);
		return g;
	}
	log_error("launcher and workers can't be started: %s", strerror(errno));
	free(ends);
	if (!g) {
		config_free(config);
		free(sockets);
		return NULL;
	}
	g->draining = true;
	generation_kill(g);
	loop_close(&g->launcher);
	while (g->launcher_pid > 0 && waitpid(g->launcher_pid, NULL, 0) < 0 && errno == EINTR)
		;
	for (size_t i = 0; i < g->worker_count && g->workers; i++)
		if (g->workers[i].pid > 0)
			waitpid(g->workers[i].pid, NULL, 0);
	generation_free(g);
	return NULL;
}

/* ---- talking to it ----------------------------------------------------------------------------------- */

static void generation_send(struct worker_process *p, const void *data, size_t len, const int *fd)
{
	if (p->control.fd >= 0 && sock_send_message(p->control.fd, data, len, fd, fd ? 1 : 0) != 0)
		log_warn("worker %u could not be told: %s", p->number, strerror(errno));
}

void generation_drain(struct generation *g, uint64_t limit, bool close_idle)
{
	char message[1 + sizeof limit + 1] = { WORKER_DRAIN };

	memcpy(message + 1, &limit, sizeof limit);
	message[1 + sizeof limit] = close_idle;
	g->draining = true;
	for (size_t i = 0; i < g->worker_count; i++)
		generation_send(&g->workers[i], message, sizeof message, NULL);
	if (generation_running(g) == 0)
		loop_close(&g->launcher);
}

void generation_send_logs(struct generation *g)
{
	for (size_t i = 0; i < g->config->logs.len; i++) {
		const struct config_log *log = &g->config->logs.items[i];
		char message[2] = { WORKER_REOPEN, (char)i };

		if (log->sink != LOG_SINK_FILE)
			continue;
		for (size_t w = 0; w < g->worker_count; w++)
			generation_send(&g->workers[w], message, sizeof message, &log->fd);
	}
}

void generation_kill(struct generation *g)
{
	for (size_t i = 0; i < g->worker_count && g->workers; i++)
		if (g->workers[i].pid > 0)
			kill(g->workers[i].pid, SIGKILL);
}

/* ---- deaths ------------------------------------------------------------------------------------------ */

size_t generation_running(const struct generation *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->worker_count && g->workers; i++)
		n += g->workers[i].pid > 0;
	return n;
}

static void generation_log_death(const struct worker_process *p, pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		log_error(
		        "worker %u (process %ld) was ended by signal %d (%s); it is started again",
		        p->number, (long)pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		log_error("worker %u (process %ld) exited with status %d; it is started again",
		          p->number, (long)pid, WEXITSTATUS(status));
}

/* Started again at once the first time; later the longer the more often it has died quickly. */
static void generation_worker_died(struct worker_process *p, pid_t pid, int status)
{
	struct generation *g = p->generation;
	uint64_t delay = 0;

	p->pid = 0;
	g->ready -= p->is_ready;
	loop_close(&p->control);
	if (g->draining) {
		if (generation_running(g) == 0)
			loop_close(&g->launcher);
		return;
	}
	generation_log_death(p, pid, status);
	p->quick_deaths = clock_now() - p->started < GENERATION_QUICK_MS ? p->quick_deaths + 1 : 0;
	if (!g->was_ready && p->quick_deaths >= GENERATION_QUICK_MAX) {
		supervisor_generation_failed(g->supervisor, g);
		return;
	}
	if (p->quick_deaths > 1)
		delay = (uint64_t)GENERATION_BACKOFF_MS
		        << (p->quick_deaths < 7 ? p->quick_deaths - 2 : 5);
	if (delay > GENERATION_BACKOFF_MAX)
		delay = GENERATION_BACKOFF_MAX;
	timer_set(&g->supervisor->loop.timers, &p->restart, clock_now() + delay);
}

bool generation_reaped(struct generation *g, pid_t pid, int status)
{
	if (pid == g->launcher_pid) {
		g->launcher_pid = 0;
		if (!g->draining)
			log_error("the launcher (process %ld) died; programs can't be started "
			          "until the next reload",
			          (long)pid);
		return true;
	}
	for (size_t i = 0; i < g->worker_count; i++)
		if (g->workers[i].pid == pid) {
			generation_worker_died(&g->workers[i], pid, status);
			return true;
		}
	return false;
}

bool generation_is_gone(const struct generation *g)
{
	return g->draining && g->launcher_pid == 0 && generation_running(g) == 0;
}

void generation_free(struct generation *g)
{
	for (size_t i = 0; i < g->worker_count && g->workers; i++) {
		timer_stop(&g->supervisor->loop.timers, &g->workers[i].restart);
		loop_close(&g->workers[i].control);
	}
	loop_close(&g->launcher);
	list_remove(&g->node);
	logs_close(g->config);
	config_free(g->config);
	free(g->workers);
	free(g->sockets);
	free(g);
}
