#include "server/descriptors.h"
#include "server/generation.h"
#include "server/launcher.h"
#include "server/logs.h"
#include "server/privileges.h"
#include "server/supervisor_state.h"
#include "server/verifier.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

/* All that a worker may keep of what the fork gave it. */
static bool worker_close_others(const struct generation *g, const int *sockets, int control,
                                int launcher)
{
	size_t listeners = g->config->listeners.len, logs = g->config->logs.len, count = 0;
	int *keep = malloc((listeners + logs + 2) * sizeof *keep);

	if (!keep)
		return false;
	for (size_t i = 0; i < listeners; i++)
		keep[count++] = sockets[i];
	for (size_t i = 0; i < logs; i++)
		keep[count++] = g->config->logs.items[i].fd;
	keep[count++] = control;
	keep[count++] = launcher;
	descriptors_close_others(keep, count);
	free(keep);
	return true;
}

/* Each writes to the log of its own configuration; in the background nobody holds the terminal. */
static void child_begin(const struct generation *g)
{
	logs_use(g->config);
	log_main->copy = NULL;
	if (g->supervisor->start->daemon)
		descriptors_leave_terminal();
}

_Noreturn void generation_be_worker(struct worker_process *p, pid_t parent, int control,
                                    int launcher)
{
	struct generation *g = p->generation;
	const int *sockets = g->sockets + p->number * g->config->listeners.len;
	struct worker_start start = { .config = g->config,
		                      .handlers = g->supervisor->start->handlers,
		                      .listeners = sockets,
		                      .control = control,
		                      .launcher = launcher,
		                      .verifier = -1,
		                      .shared = g->supervisor->shared,
		                      .board = g->supervisor->board,
		                      .counters = p->counters,
		                      .number = p->number,
		                      .seat = p->seat };

	prctl(PR_SET_NAME, "webserv-worker");
	child_begin(g);
	privileges_raise_files(g->config);
	if (!worker_close_others(g, sockets, control, launcher) ||
	    privileges_drop(g->config) != 0 || privileges_die_with(parent) != 0)
		_exit(1);
	exit(worker_run(&start));
}

_Noreturn void generation_be_launcher(struct generation *g, int supervisor, const int *workers)
{
	struct launcher_start start = { .config = g->config,
		                        .supervisor = supervisor,
		                        .workers = workers,
		                        .worker_count = g->worker_count,
		                        .counters = g->launcher_counters };

	child_begin(g);
	exit(launcher_run(&start));
}

_Noreturn void generation_be_verifier(struct generation *g, pid_t parent, int supervisor)
{
	struct verifier_start start = { .config = g->config,
		                        .supervisor = supervisor,
		                        .parent = parent };

	child_begin(g);
	exit(verifier_run(&start));
}
