#ifndef SERVER_GENERATION_H
#define SERVER_GENERATION_H

#include "conf/config.h"
#include "net/loop.h"
#include "server/handler.h"
#include "server/worker.h"

struct generation;

/* One worker process, as the supervisor knows it. */
struct worker_process {
	struct watch control; /* first: messages from the worker; fd -1: none */
	struct generation *generation;
	struct timer restart;
	struct counters *counters; /* its slot; NULL: none */
	pid_t pid;                 /* 0: not running */
	uint64_t started;          /* ms */
	unsigned number;
	unsigned seat;         /* in shared->limits, while it runs */
	unsigned quick_deaths; /* in a row */
	unsigned unanswered;   /* WORKER_REOPEN messages that it has not obeyed yet */
	bool is_ready;
};

/* The verifier process, where the configuration needs one. */
struct verifier_process {
	struct watch control; /* fd -1: none */
	struct timer restart;
	pid_t pid;                 /* 0: not running */
	struct counters *counters; /* its slot; NULL: none */
	uint64_t started;          /* ms */
	unsigned quick_deaths;     /* in a row */
};

/*
 * One configuration in operation: its launcher and workers. A reload makes a new one beside the old,
 * which drains and goes when its last process has ended.
 */
struct generation {
	struct list node; /* in supervisor.generations, the oldest first */
	struct supervisor *supervisor;
	struct config *config;
	int *sockets; /* as of sockets_open(); the descriptors are borrowed */
	struct worker_process *workers;
	size_t worker_count;
	size_t ready;
	struct watch launcher; /* the channel to it; fd -1: closed */
	pid_t launcher_pid;    /* 0: gone */
	struct counters *launcher_counters;
	struct verifier_process verifier;
	uint64_t started; /* ms */
	unsigned number;
	bool was_ready; /* all workers were, once */
	bool draining;
};

/*
 * Starts launcher and workers. Takes the configuration and the array over, also on failure. NULL with
 * the reason logged; nothing is left running then.
 */
struct generation *generation_start(struct supervisor *sup, struct config *config, int *sockets);

/* Lets its workers finish: limit ms (0: none); close_idle as in WORKER_DRAIN. */
void generation_drain(struct generation *g, uint64_t limit, bool close_idle);

/* Looks how much memory and how many descriptors its processes hold. */
void generation_sample(const struct generation *g);

/* Kills what is left of its workers. */
void generation_kill(struct generation *g);

/* The same, and starts none again; its launcher ends what it has started, and itself. */
void generation_abandon(struct generation *g);

/* Whether the process is its launcher or one of its workers. */
bool generation_has(const struct generation *g, pid_t pid);

/* Whether the process was one of its own, which is then accounted for (and perhaps started again). */
bool generation_reaped(struct generation *g, pid_t pid, int status);

/* How many connections or requests (FIGURE_ACTIVE, FIGURE_WRITING) its workers have. */
uint64_t generation_open(const struct generation *g, enum figure figure);

/* True when no process is left: it may be freed. */
bool generation_is_gone(const struct generation *g);
void generation_free(struct generation *g);

/* How many of its workers still run. */
size_t generation_running(const struct generation *g);

/* Sends a worker a message, with a descriptor where fd is not NULL. False, and it was logged: it could not. */
bool generation_tell(struct worker_process *p, const void *data, size_t len, const int *fd);

/* ---- logs (generation_logs.c) -------------------------------------------------------------------------- */

/* Sends the processes the log descriptors of the configuration, or one of them, which were opened anew. */
void generation_send_logs(struct generation *g);
void generation_send_log(struct generation *g, size_t log);

/* A worker says something about logs. */
void generation_log_news(struct worker_process *p, const char *message, size_t len);

/* Whether all its workers write to what they were last sent. */
bool generation_has_reopened(const struct generation *g);

/* ---- the verifier (generation_verifier.c) -------------------------------------------------------------- */

/* Prepares what is below, for a generation whose workers are there but do not run. False: memory is out. */
bool generation_init_verifier(struct generation *g);

/* Starts it where it is needed, and links every worker that runs to it. 0, or -1 and errno. */
int generation_start_verifier(struct generation *g);

/* A worker that has just been started gets its link. */
void generation_link_verifier(struct worker_process *p);

/* It has ended: it is started again as long as a worker runs. */
void generation_verifier_died(struct generation *g, int status);

/* No worker needs it any more. */
void generation_end_verifier(struct generation *g);

/*
 * How long to wait before a process is started again that has died so often in a row soon after its start:
 * not at all the first time.
 */
uint64_t generation_backoff(unsigned quick_deaths);

/* Whether a process that was started then has died soon. */
bool generation_died_quickly(uint64_t started);

/* ---- the processes (generation_child.c) -------------------------------------------------------------- */

/* In a forked child: what it is, until it exits. parent: the supervisor's id. The descriptors are its own. */
_Noreturn void generation_be_worker(struct worker_process *p, pid_t parent, int control,
                                    int launcher);
_Noreturn void generation_be_launcher(struct generation *g, int supervisor, const int *workers);
_Noreturn void generation_be_verifier(struct generation *g, pid_t parent, int supervisor);

#endif
