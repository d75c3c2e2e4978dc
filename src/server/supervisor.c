#include "base/clock.h"
#include "net/io.h"
#include "net/signals.h"
#include "server/logs.h"
#include "server/pidfile.h"
#include "server/supervisor_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SUPERVISOR_STOP_GRACE =
	        1000, /* ms a worker gets beyond the limit it was told before it is killed */
	SUPERVISOR_DIAGNOSTICS = 64 * 1024
};

void supervisor_leave(struct supervisor *sup)
{
	for (struct list *n = sup->generations.next; n != &sup->generations; n = n->next) {
		struct generation *g = LIST_ENTRY(n, struct generation, node);

		loop_close(&g->launcher);
		for (size_t i = 0; i < g->worker_count; i++)
			loop_close(&g->workers[i].control);
	}
	loop_close(&sup->signals);
	if (sup->parent >= 0)
		close(sup->parent);
	if (sup->loop.epoll >= 0)
		close(sup->loop.epoll);
}

/* ---- the background ---------------------------------------------------------------------------------- */

/*
 * The first process waits until the server listens, or has said why it can't: whoever started it finds
 * the port open when the command returns. In the child *pipe_end is where to report; the parent never returns.
 */
static int supervisor_daemonize(int *pipe_end)
{
	int ends[2];
	pid_t child;

	if (io_pipe(ends) != 0 || (child = fork()) < 0) {
		log_error("can't go to the background: %s", strerror(errno));
		return -1;
	}
	if (child > 0) {
		char status = 1;
		int result;

		close(ends[1]);
		if (io_read(ends[0], &status, 1) == 1)
			_exit(status);
		_exit(waitpid(child, &result, 0) == child && WIFEXITED(result) ? WEXITSTATUS(result)
		                                                               : 1);
	}
	close(ends[0]);
	setsid();
	*pipe_end = ends[1];
	return 0;
}

/* The terminal is let go before the waiting parent returns. */
static void supervisor_detach(struct supervisor *sup)
{
	static const char done = 0;
	int null;

	if (sup->parent < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		for (int fd = 0; fd <= STDERR_FILENO; fd++)
			dup2(null, fd);
		close(null);
	}
	if (io_write(sup->parent, &done, 1) != 1)
		log_warn("the starting process is gone already");
	close(sup->parent);
	sup->parent = -1;
}

/* ---- generations ------------------------------------------------------------------------------------- */

static struct generation *supervisor_start_generation(struct supervisor *sup, struct config *config)
{
	int *sockets = calloc(config->listeners.len + 1, sizeof *sockets);

	if (!sockets || logs_open(config) != 0) {
		free(sockets);
		config_free(config);
		return NULL;
	}
	if (sockets_open(&sup->sockets, config, sockets) != 0) {
		free(sockets);
		logs_close(config);
		config_free(config);
		return NULL;
	}
	return generation_start(sup, config, sockets);
}

void supervisor_generation_ready(struct supervisor *sup, struct generation *g)
{
	struct generation *old = sup->current;

	sup->current = g;
	if (sup->coming == g)
		sup->coming = NULL;
	sockets_keep(&sup->sockets);
	logs_use(g->config);
	if (!old) {
		sockets_announce(&sup->sockets);
		supervisor_detach(sup);
		return;
	}
	log_notice("generation %u is live; generation %u drains", g->number, old->number);
	generation_drain(old, old->config->worker_shutdown_timeout, false);
}

void supervisor_generation_failed(struct supervisor *sup, struct generation *g)
{
	log_error(
	        "generation %u: its workers end before they are ready; the messages above say why",
	        g->number);
	if (sup->coming == g)
		sup->coming = NULL;
	g->draining = true;
	generation_kill(g);
	loop_close(&g->launcher);
	if (sup->current) {
		sockets_give_up(&sup->sockets);
		return;
	}
	sup->status = 1;
	sup->stopping = true;
}

/* Frees the generations that are gone; ends the loop when we are stopping and none is left. */
static void supervisor_sweep(struct supervisor *sup)
{
	for (struct list *n = sup->generations.next, *next; n != &sup->generations; n = next) {
		struct generation *g = LIST_ENTRY(n, struct generation, node);

		next = n->next;
		if (!generation_is_gone(g))
			continue;
		if (sup->current == g)
			sup->current = NULL;
		log_info("generation %u has ended", g->number);
		generation_free(g);
	}
	if (sup->stopping && list_is_empty(&sup->generations))
		sup->loop.stopping = true;
}

/* ---- signals ----------------------------------------------------------------------------------------- */

static void supervisor_stop(struct supervisor *sup, bool patient)
{
	uint64_t limit = patient || !sup->current ? 0 : sup->current->config->shutdown_timeout;

	log_notice(patient ? "stopping when the last request is done" : "stopping");
	sup->stopping = true;
	for (struct list *n = sup->generations.next; n != &sup->generations; n = n->next)
		generation_drain(LIST_ENTRY(n, struct generation, node), limit, true);
	if (!patient)
		timer_set(&sup->loop.timers, &sup->stop_timer,
		          clock_now() + limit + SUPERVISOR_STOP_GRACE);
	supervisor_sweep(sup);
}

static void supervisor_stop_now(struct timer *timer)
{
	struct supervisor *sup = LIST_ENTRY(timer, struct supervisor, stop_timer);

	for (struct list *n = sup->generations.next; n != &sup->generations; n = n->next)
		generation_kill(LIST_ENTRY(n, struct generation, node));
}

static void supervisor_log_diagnostics(const struct diag *diag)
{
	char *room = malloc(SUPERVISOR_DIAGNOSTICS);
	struct buf text = buf_fixed(room, room ? SUPERVISOR_DIAGNOSTICS : 0);
	struct str rest;

	diag_print(diag, &text, false);
	rest = buf_str(&text);
	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');

		if (line.len > 0)
			log_error("%.*s", STR_ARG(line));
	}
	free(room);
}

static void supervisor_reload(struct supervisor *sup)
{
	struct config *config;
	struct diag diag;

	if (sup->coming || sup->stopping) {
		log_warn("a reload is under way already; this one is ignored");
		return;
	}
	diag_init(&diag);
	config = config_load(&sup->start->source, &diag);
	if (!config) {
		supervisor_log_diagnostics(&diag);
		log_error("the new configuration can't be used; the old one stays in force");
	}
	diag_end(&diag);
	if (!config)
		return;
	sup->coming = supervisor_start_generation(sup, config);
	if (!sup->coming) {
		sockets_give_up(&sup->sockets);
		log_error(
		        "the new configuration can't be put in place; the old one stays in force");
	}
}

static void supervisor_reopen(struct supervisor *sup)
{
	for (struct list *n = sup->generations.next; n != &sup->generations; n = n->next) {
		struct generation *g = LIST_ENTRY(n, struct generation, node);

		logs_reopen(g->config);
		generation_send_logs(g);
	}
	if (sup->current)
		logs_use(sup->current->config);
	log_notice("logs reopened");
}

static void supervisor_reap(struct supervisor *sup)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (struct list *n = sup->generations.next; n != &sup->generations; n = n->next)
			if (generation_reaped(LIST_ENTRY(n, struct generation, node), pid, status))
				break;
	supervisor_sweep(sup);
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
			log_error("an upgrade in place is not available in this version");
			break;
		default:
			supervisor_reap(sup);
		}
	}
}

/* ---- life -------------------------------------------------------------------------------------------- */

static int supervisor_init(struct supervisor *sup)
{
	static const int handled[] = { SIGTERM, SIGINT,  SIGQUIT, SIGHUP,
		                       SIGUSR1, SIGUSR2, SIGCHLD, 0 };

	list_init(&sup->generations);
	sockets_init(&sup->sockets);
	clock_update();
	sup->shared = mmap(NULL, sizeof *sup->shared, PROT_READ | PROT_WRITE,
	                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sup->shared == MAP_FAILED || loop_init(&sup->loop) != 0)
		return -1;
	sup->signals = (struct watch){ .fd = signals_open(handled), .ready = supervisor_signal };
	if (sup->signals.fd < 0 || loop_watch(&sup->loop, &sup->signals, EPOLLIN) != 0)
		return -1;
	return timer_start(&sup->loop.timers, &sup->stop_timer, supervisor_stop_now, TIMER_NEVER)
	               ? 0
	               : -1;
}

static void supervisor_end(struct supervisor *sup)
{
	sockets_close(&sup->sockets, true);
	timer_stop(&sup->loop.timers, &sup->stop_timer);
	loop_close(&sup->signals);
	loop_end(&sup->loop);
	munmap(sup->shared, sizeof *sup->shared);
}

static void supervisor_serve(struct supervisor *sup, struct config *config)
{
	if (!supervisor_start_generation(sup, config)) {
		sup->status = 1;
		return;
	}
	loop_run(&sup->loop);
}

int supervisor_run(const struct supervisor_start *start, struct config *config)
{
	struct supervisor sup = { .start = start, .parent = -1, .signals.fd = -1 };
	/* The first configuration may be replaced and freed; its pid file stays ours. */
	char *pid_file = config->pid_file.len > 0 ? strdup(config->pid_file.ptr) : NULL;

	if ((start->daemon && supervisor_daemonize(&sup.parent) != 0) ||
	    (pid_file && pidfile_write(pid_file) != 0)) {
		config_free(config);
		free(pid_file);
		return 1;
	}
	if (supervisor_init(&sup) == 0)
		supervisor_serve(&sup, config);
	else
		log_error("the supervisor can't start: %s", strerror(errno));
	supervisor_end(&sup);
	if (pid_file)
		pidfile_remove(pid_file);
	free(pid_file);
	return sup.status;
}
