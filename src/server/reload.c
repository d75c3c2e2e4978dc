#include "base/clock.h"
#include "server/daemon.h"
#include "server/logs.h"
#include "server/supervisor_state.h"

#include <errno.h>
#include <stdlib.h>

enum { RELOAD_DIAGNOSTICS = 64 * 1024 };

struct generation *supervisor_start_generation(struct supervisor *sup, struct config *config)
{
	size_t workers = config->worker_processes;
	int *sockets = calloc(config->listeners.len * workers + 1, sizeof *sockets);

	if (!sockets) {
		log_error("out of memory");
		goto fail;
	}
	if (logs_open(config) != 0)
		goto fail;
	if (sockets_open(&sup->sockets, config, workers, sockets) != 0) {
		logs_close(config);
		goto fail;
	}
	return generation_start(sup, config, sockets);

fail:
	free(sockets);
	config_free(config);
	return NULL;
}

/* The file follows its directive. Where the new one can't be had the old one stays. */
static void reload_pidfile(struct supervisor *sup, const struct config *config)
{
	const char *wanted = config->pid_file.len > 0 ? config->pid_file.ptr : "";
	struct pidfile next;

	if (strcmp(wanted, sup->pidfile.path ? sup->pidfile.path : "") == 0 ||
	    pidfile_open(&next, wanted) != 0)
		return;
	pidfile_close(&sup->pidfile);
	sup->pidfile = next;
	control_close(sup);
	control_open(sup, wanted);
}

void supervisor_generation_ready(struct supervisor *sup, struct generation *g)
{
	struct generation *old = sup->current;

	if (g->draining) /* told to stop while it was starting */
		return;
	if (sup->inheritance.is_open && !inherit_take_over(sup, g->config)) {
		supervisor_generation_failed(sup, g);
		return;
	}
	sup->current = g;
	sup->coming = NULL;
	supervisor_watch_processes(sup, g->config);
	supervisor_rotate_all(sup, g);
	counter_set(sup->counters, COUNTER_GENERATION, g->number);
	counter_set(sup->counters, COUNTER_LOADED_AT, (uint64_t)clock_cached.wall.tv_sec);
	sockets_keep(&sup->sockets);
	logs_use(g->config);
	if (!old) {
		sup->start->announce(&sup->sockets);
		daemon_listens(sup->report);
		sup->report = -1;
		loop_defer(&sup->loop, &sup->work); /* a reload may be wanted already */
		return;
	}
	reload_pidfile(sup, g->config);
	counter_add(sup->counters, COUNTER_RELOADS, 1);
	generation_drain(old, old->config->worker_shutdown_timeout, false);
	/* Said when the old workers have been told: who reads it can rely on it. */
	log_notice("generation %u serves; generation %u finishes what it has", g->number,
	           old->number);
	control_reload_ends(sup, true);
	loop_defer(&sup->loop, &sup->work);
}

static void reload_failed(struct supervisor *sup)
{
	counter_add(sup->counters, COUNTER_RELOADS_FAILED, 1);
	control_reload_ends(sup, false);
}

void supervisor_generation_failed(struct supervisor *sup, struct generation *g)
{
	generation_abandon(g);
	if (sup->current) {
		sup->coming = NULL;
		sockets_give_up(&sup->sockets);
		reload_failed(sup);
	} else {
		sup->status = 1;
		sup->stopping = true;
	}
	loop_defer(&sup->loop, &sup->work);
}

/* Whoever waits for the outcome gets the diagnostics as they are, not as the log has them. */
static void reload_tell(struct supervisor *sup, const struct diag *diag)
{
	struct buf *out = control_said(sup);

	if (out)
		diag_print(diag, out, false);
}

static void reload_log(const struct diag *diag)
{
	char *room = malloc(RELOAD_DIAGNOSTICS);
	struct buf text = buf_fixed(room, room ? RELOAD_DIAGNOSTICS : 0);
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

static struct config *reload_load(struct supervisor *sup)
{
	struct buf *copy = log_main->copy;
	struct diag diag;
	struct config *config;

	diag_init(&diag);
	config = config_load(&sup->start->source, &diag);
	reload_tell(sup, &diag);
	if (!config) {
		log_main->copy = NULL;
		reload_log(&diag);
		log_error("the new configuration can't be used; the old one stays in force");
		log_main->copy = copy;
	}
	diag_end(&diag);
	return config;
}

void supervisor_reload(struct supervisor *sup)
{
	struct config *config;

	sup->reload_wanted = sup->coming || upgrade_is_running(sup);
	if (sup->reload_wanted || sup->stopping)
		return;
	control_reload_begins(sup);
	config = reload_load(sup);
	if (!config) {
		reload_failed(sup);
		return;
	}
	sup->coming = supervisor_start_generation(sup, config);
	if (sup->coming)
		return;
	sockets_give_up(&sup->sockets);
	reload_failed(sup);
	log_error("the new configuration can't be put in place; the old one stays in force");
}
