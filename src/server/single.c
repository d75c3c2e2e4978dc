#include "server/single.h"

#include "base/clock.h"
#include "net/sock.h"
#include "server/launcher.h"
#include "server/logs.h"
#include "server/pidfile.h"
#include "server/privileges.h"
#include "server/sockets.h"
#include "server/verifier.h"
#include "server/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The launcher ends when `keep` closes, which the first process holds. */
static pid_t single_fork_launcher(struct config *config, struct sockets *sockets,
                                  struct counters *counters, int *keep, int *link)
{
	int control[2], worker[2];
	pid_t pid;

	if (sock_channel(control) != 0)
		return -1;
	if (sock_channel(worker) != 0) {
		close(control[0]);
		close(control[1]);
		return -1;
	}
	pid = fork();
	if (pid == 0) {
		struct launcher_start start = { config, control[1], &worker[1], 1, counters };

		close(control[0]);
		close(worker[0]);
		sockets_close(sockets, false);
		exit(launcher_run(&start));
	}
	close(control[1]);
	close(worker[1]);
	*keep = control[0];
	*link = worker[0];
	return pid;
}

/*
 * Worker and launcher count into one board, as under a supervisor; where there is no memory for it each
 * counts for itself. Returns the launcher's slot.
 */
static struct counters *single_count(struct worker_start *start)
{
	start->board = counters_map();
	start->counters = counters_take(start->board, COUNTERS_WORKER, 1);
	if (!start->board)
		return NULL;
	counters_started(start->counters, getpid());
	counter_set(start->counters, COUNTER_STARTED_AT, (uint64_t)clock_cached.wall.tv_sec);
	counter_set(start->counters, COUNTER_LOADED_AT, (uint64_t)clock_cached.wall.tv_sec);
	counter_set(start->counters, COUNTER_GENERATION, 1);
	return counters_take(start->board, COUNTERS_LAUNCHER, 1);
}

/* Where it is needed. Ends as the launcher does; nobody starts it again. False with the reason logged. */
static bool single_fork_verifier(const struct config *config, struct sockets *sockets, int *keep,
                                 int *link)
{
	pid_t parent = getpid(), pid = -1;
	int control[2] = { -1, -1 }, worker[2] = { -1, -1 };

	if (!verifier_is_needed(config))
		return true;
	if (sock_channel(control) == 0 && sock_channel(worker) == 0)
		pid = fork();
	if (pid == 0) {
		struct verifier_start start = { config, control[1], &worker[1], 1, parent };

		close(control[0]);
		close(worker[0]);
		sockets_close(sockets, false);
		exit(verifier_run(&start));
	}
	if (pid < 0)
		log_error("the verifier can't be started: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		if (control[i] >= 0 && (i == 1 || pid < 0))
			close(control[i]);
		if (worker[i] >= 0 && (i == 1 || pid < 0))
			close(worker[i]);
	}
	*keep = control[0];
	*link = worker[0];
	return pid > 0;
}

/* The worker closes the listening sockets it is given; those of `sockets` stay ours to unlink. */
static int single_serve(const struct handler_table *handlers, struct config *config,
                        struct sockets *sockets, int *fds)
{
	struct worker_start start = { .config = config,
		                      .handlers = handlers,
		                      .listeners = fds,
		                      .control = -1,
		                      .verifier = -1 };
	int keep = -1, keep_verifier = -1, status = 1;
	struct counters *aside = single_count(&start);
	pid_t launcher = single_fork_launcher(config, sockets, aside, &keep, &start.launcher);

	if (launcher < 0) {
		log_error("the launcher can't be started: %s", strerror(errno));
		counters_unmap(start.board);
		return 1;
	}
	sockets_announce(sockets);
	privileges_raise_files(config);
	for (size_t i = 0; i < config->listeners.len; i++)
		fds[i] = fds[i] < 0 ? -1 : dup(fds[i]);
	if (single_fork_verifier(config, sockets, &keep_verifier, &start.verifier) &&
	    privileges_drop(config) == 0)
		status = worker_run(&start);
	close(keep);
	if (keep_verifier >= 0)
		close(keep_verifier);
	/* Both end by themselves now. */
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	counters_unmap(start.board);
	return status;
}

int single_run(const struct handler_table *handlers, struct config *config)
{
	int *fds = calloc(config->listeners.len + 1, sizeof *fds);
	struct sockets sockets;
	struct pidfile pidfile;
	int status = 1;

	clock_update();
	sockets_init(&sockets);
	if (fds && logs_open(config) == 0) {
		logs_use(config);
		if (pidfile_open(&pidfile, config->pid_file.len > 0 ? config->pid_file.ptr : "") ==
		            0 &&
		    sockets_open(&sockets, config, 1, fds) == 0)
			status = single_serve(handlers, config, &sockets, fds);
		sockets_close(&sockets, true);
		pidfile_close(&pidfile);
		logs_close(config);
	}
	free(fds);
	config_free(config);
	return status;
}
