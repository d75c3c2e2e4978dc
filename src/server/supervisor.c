#include "base/clock.h"
#include "net/signals.h"
#include "server/daemon.h"
#include "server/logs.h"
#include "server/orphans.h"
#include "server/sample.h"
#include "server/supervisor_state.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SUPERVISOR_STOP_GRACE =
	        1000, /* ms a worker gets beyond the limit it was told before it is killed */
	SUPERVISOR_SAMPLES = 1000,   /* ms between two looks at the processes */
	SUPERVISOR_RENEW_WAIT = 5000 /* ms between generations whose launchers die young */
};

/* ---- generations that end ---------------------------------------------------------------------------- */

/* After the events of a turn, because those may name what is freed here. */
static void supervisor_work(struct task *task)
{
	struct supervisor *sup = LIST_ENTRY(task, struct supervisor, work);

	for (struct list *n = sup->generations.next, *next; n != &sup->generations; n = next) {
		struct generation *g = generation_at(n);

		next = n->next;
		if (!generation_is_gone(g))
			continue;
		if (sup->current == g)
			sup->current = NULL;
		if (sup->coming == g)
			sup->coming = NULL;
		log_info("generation %u has ended", g->number);
		generation_free(g);
	}
	if (sup->stopping)
		sup->loop.stopping =
		        list_is_empty(&sup->generations) && sup->inheritance.channel.fd < 0;
	else if (sup->reload_wanted)
		supervisor_reload(sup);
	else if (sup->upgrade_wanted)
		supervisor_upgrade(sup);
}

static bool supervisor_knows(const void *context, pid_t pid)
{
	const struct supervisor *sup = context;

	for (EACH_GENERATION(sup, n))
		if (generation_has(generation_at(n), pid))
			return true;
	return pid == sup->upgrade.pid;
}

/*
 * What it had started is ended with it. Another launcher needs new channels to every worker: that is a
 * new generation.
 */
void supervisor_launcher_ended(struct supervisor *sup, struct generation *g, pid_t pid, int status)
{
	size_t programs = orphans_kill(supervisor_knows, sup);
	uint64_t now = clock_now();

	if (g->draining || sup->stopping)
		return;
	log_error("the launcher (process %ld) was ended by %s %d; its %zu programs are ended and "
	          "a new generation is started",
	          (long)pid, WIFSIGNALED(status) ? "signal" : "exit status",
	          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), programs);
	timer_set(&sup->loop.timers, &sup->renew_timer,
	          now - g->started < SUPERVISOR_RENEW_WAIT ? now + SUPERVISOR_RENEW_WAIT : now);
}

static void supervisor_renew(struct timer *timer)
{
	supervisor_reload(LIST_ENTRY(timer, struct supervisor, renew_timer));
}

/* ---- what the processes hold -------------------------------------------------------------------------- */

static void supervisor_sample(struct timer *timer)
{
	struct supervisor *sup = LIST_ENTRY(timer, struct supervisor, sample_timer);

	for (EACH_GENERATION(sup, n))
		generation_sample(generation_at(n));
	sample_process(sup->counters, getpid());
	timer_set(&sup->loop.timers, &sup->sample_timer, clock_now() + SUPERVISOR_SAMPLES);
}

void supervisor_watch_processes(struct supervisor *sup, const struct config *config)
{
	bool wanted = false;

	for (size_t i = 0; i < config->locations.len; i++) {
		enum status_format status = config->locations.items[i]->settings.status;

		wanted |= status != STATUS_OFF && status != STATUS_STUB;
	}
	timer_set(&sup->loop.timers, &sup->sample_timer, wanted ? clock_now() : TIMER_NEVER);
}

/* ---- signals ----------------------------------------------------------------------------------------- */

void supervisor_stop(struct supervisor *sup, bool patient)
{
	const struct config *config = sup->current ? sup->current->config : NULL;
	uint64_t limit = !config   ? 0
	                 : patient ? config->worker_shutdown_timeout
	                           : config->shutdown_timeout;

	log_notice(patient ? "stopping when the last request is done" : "stopping");
	sup->stopping = true;
	upgrade_abandon(sup);
	control_stopping(sup, STR_OF("the server was told to stop\n"));
	inherit_tell(sup, patient ? UPGRADE_QUIT : UPGRADE_STOP);
	/* At once, lest somebody be let in whom no worker takes. */
	sockets_close(&sup->sockets, true);
	for (EACH_GENERATION(sup, n))
		generation_drain(generation_at(n), limit, true);
	if (!patient)
		timer_set(&sup->loop.timers, &sup->stop_timer,
		          clock_now() + limit + SUPERVISOR_STOP_GRACE);
	loop_defer(&sup->loop, &sup->work);
}

static void supervisor_stop_now(struct timer *timer)
{
	struct supervisor *sup = LIST_ENTRY(timer, struct supervisor, stop_timer);

	for (EACH_GENERATION(sup, n))
		generation_kill(generation_at(n));
}

void supervisor_hand_over(struct supervisor *sup, pid_t heir)
{
	log_notice("process %ld serves; this one finishes what it has", (long)heir);
	sup->stopping = true;
	control_stopping(sup, STR_OF("the server has just been upgraded; ask again\n"));
	control_close(sup);
	sockets_close(&sup->sockets, false);
	pidfile_close(&sup->pidfile);
	for (EACH_GENERATION(sup, n))
		generation_drain(generation_at(n),
		                 generation_at(n)->config->worker_shutdown_timeout, false);
	loop_defer(&sup->loop, &sup->work);
}

bool supervisor_reopen(struct supervisor *sup)
{
	bool good = true;

	for (EACH_GENERATION(sup, n)) {
		good &= logs_reopen(generation_at(n)->config) == 0;
		generation_send_logs(generation_at(n));
	}
	if (sup->current)
		logs_use(sup->current->config);
	inherit_tell(sup, UPGRADE_REOPEN);
	log_notice(good ? "logs reopened" : "logs reopened, but not all of them");
	return good;
}

static void supervisor_reap(struct supervisor *sup)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (upgrade_reaped(sup, pid, status))
			continue;
		for (EACH_GENERATION(sup, n))
			if (generation_reaped(generation_at(n), pid, status))
				break;
	}
	loop_defer(&sup->loop, &sup->work);
}

static void supervisor_signal(struct watch *watch, uint32_t events)
{
	struct supervisor *sup = LIST_ENTRY(watch, struct supervisor, signals);
	int signal;

	(void)events;
	while ((signal = signals_next(watch->fd)) != 0) {
		switch (signal) {
		case SIGTERM:
		case SIGINT:
		case SIGQUIT:
			supervisor_stop(sup, signal == SIGQUIT);
			break;
		case SIGHUP:
			supervisor_reload(sup);
			break;
		case SIGUSR1:
			supervisor_reopen(sup);
			break;
		case SIGUSR2:
			supervisor_upgrade(sup);
			break;
		default:
			supervisor_reap(sup);
		}
	}
}

/* ---- life -------------------------------------------------------------------------------------------- */

static bool supervisor_logs_requests(const struct config *config)
{
	for (size_t i = 0; i < config->locations.len; i++)
		if (config->locations.items[i]->settings.access_log.log != CONFIG_NONE)
			return true;
	return false;
}

/* What whoever starts us should know, though it is no fault of the configuration. */
static void supervisor_remark(const struct supervisor *sup, const struct config *config)
{
	int log = config->settings.error_log.log;

	if (!supervisor_logs_requests(config))
		log_notice("access_log is off: requests are not logged");
	if (sup->report >= 0 && (log < 0 || config->logs.items[log].sink != LOG_SINK_FILE))
		log_warn("in the background the error log goes nowhere: name a file in error_log");
}

static int supervisor_init(struct supervisor *sup)
{
	static const int handled[] = { SIGTERM, SIGINT,  SIGQUIT, SIGHUP,
		                       SIGUSR1, SIGUSR2, SIGCHLD, 0 };

	clock_update();
	/* The programs of a launcher that dies come to us. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sup->shared = mmap(NULL, sizeof *sup->shared, PROT_READ | PROT_WRITE,
	                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sup->shared == MAP_FAILED)
		return -1;
	sup->board = counters_map();
	sup->shared->limits = limits_open();
	if (!sup->board || !sup->shared->limits || loop_init(&sup->loop) != 0)
		return -1;
	sup->counters = counters_take(sup->board, COUNTERS_SUPERVISOR, 0);
	counters_started(sup->counters, getpid());
	counter_set(sup->counters, COUNTER_STARTED_AT, (uint64_t)clock_cached.wall.tv_sec);
	sup->signals.fd = signals_open(handled);
	if (sup->signals.fd < 0 || loop_watch(&sup->loop, &sup->signals, EPOLLIN) != 0 ||
	    !timer_start(&sup->loop.timers, &sup->stop_timer, supervisor_stop_now, TIMER_NEVER) ||
	    !timer_start(&sup->loop.timers, &sup->renew_timer, supervisor_renew, TIMER_NEVER) ||
	    !timer_start(&sup->loop.timers, &sup->sample_timer, supervisor_sample, TIMER_NEVER) ||
	    !upgrade_init(sup))
		return -1;
	return 0;
}

static void supervisor_end(struct supervisor *sup)
{
	control_close(sup);
	upgrade_end(sup);
	inherit_end(sup);
	sockets_close(&sup->sockets, true);
	timer_stop(&sup->loop.timers, &sup->stop_timer);
	timer_stop(&sup->loop.timers, &sup->renew_timer);
	timer_stop(&sup->loop.timers, &sup->sample_timer);
	loop_close(&sup->signals);
	loop_bury_dead(&sup->loop);
	loop_end(&sup->loop);
	limits_close(sup->shared->limits);
	munmap(sup->shared, sizeof *sup->shared);
	counters_unmap(sup->board);
}

static void supervisor_serve(struct supervisor *sup, struct config *config)
{
	supervisor_remark(sup, config);
	if (!sup->inheritance.is_open)
		control_open(sup, config->pid_file.len > 0 ? config->pid_file.ptr : "");
	sup->coming = supervisor_start_generation(sup, config);
	if (sup->coming)
		loop_run(&sup->loop);
	else
		sup->status = 1;
}

/* In the background, with the pid file; an heir is there already, and gets the file when it serves. */
static bool supervisor_settle(struct supervisor *sup, const struct config *config)
{
	if (!inherit_begin(sup))
		return false;
	if (sup->inheritance.is_open)
		return true;
	if (sup->start->daemon && (sup->report = daemon_start()) < 0)
		return false;
	return pidfile_open(&sup->pidfile, config->pid_file.len > 0 ? config->pid_file.ptr : "") ==
	       0;
}

int supervisor_run(const struct supervisor_start *start, struct config *config)
{
	struct supervisor sup = { .start = start,
		                  .report = -1,
		                  .pidfile = { .fd = -1 },
		                  .signals = { .fd = -1, .ready = supervisor_signal } };

	list_init(&sup.generations);
	sockets_init(&sup.sockets);
	control_init(&sup.control);
	task_init(&sup.work, supervisor_work);
	if (!supervisor_settle(&sup, config)) {
		config_free(config);
		return 1;
	}
	if (supervisor_init(&sup) == 0) {
		supervisor_serve(&sup, config);
		supervisor_end(&sup);
	} else {
		log_error("the supervisor can't start: %s", strerror(errno));
		inherit_end(&sup);
		config_free(config);
		sup.status = 1;
	}
	pidfile_close(&sup.pidfile);
	control_end(&sup.control);
	return sup.status;
}
