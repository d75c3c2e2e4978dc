#ifndef SERVER_SUPERVISOR_STATE_H
#define SERVER_SUPERVISOR_STATE_H

#include "server/control.h"
#include "server/generation.h"
#include "server/pidfile.h"
#include "server/sockets.h"
#include "server/supervisor.h"
#include "server/upgrade.h"

/* The supervisor's own state, for the files it is written in: supervisor.c (its life and the signals), reload.c, upgrade.c and inherit.c. */
struct supervisor {
	const struct supervisor_start *start;
	struct loop loop;
	struct watch signals;
	struct task work; /* what signals and deaths leave to be done after the events */
	struct sockets sockets;
	struct control control;
	struct pidfile pidfile;
	struct upgrade upgrade;         /* to the binary as it is now */
	struct inheritance inheritance; /* from the process that served before */
	struct list generations;        /* the oldest first */
	struct generation *current;     /* the one that serves */
	struct generation *coming;      /* being started by a reload; NULL: none */
	struct shared *shared;
	struct counters_board *board;
	struct counters *counters; /* our own slot */
	struct timer stop_timer;
	struct timer sample_timer; /* runs while some location shows what is sampled */
	struct timer renew_timer;  /* a generation without its launcher is replaced */
	unsigned generation_count;
	uint64_t rotate_again; /* ms: when rotating may be tried, after it could not be done */
	int report;            /* daemon_listens() */
	int status;            /* of the exit */
	bool reload_wanted, upgrade_wanted; /* when what is under way has ended */
	bool stopping;
};

/* In a for's head: over sup->generations, the oldest first; generation_at(n) is the one. */
#define EACH_GENERATION(sup, n)                   \
	struct list *n = (sup)->generations.next; \
	n != &(sup)->generations;                 \
	n = n->next

static inline struct generation *generation_at(struct list *node)
{
	return LIST_ENTRY(node, struct generation, node);
}

/* A generation for the configuration, which it takes over. NULL with the reason logged; nothing has changed then. */
struct generation *supervisor_start_generation(struct supervisor *sup, struct config *config);

/* Loads the configuration anew and starts a generation for it; on any error the old one stays. */
void supervisor_reload(struct supervisor *sup);

/* Ends it: at once, which leaves requests in flight shutdown_timeout, or patiently, when the last is done. */
void supervisor_stop(struct supervisor *sup, bool patient);

/* Another process serves: drains, and leaves the sockets to it. */
void supervisor_hand_over(struct supervisor *sup, pid_t heir);

/* Rotates a log of the generation, or all of them, where they have become large enough (rotation.c). */
void supervisor_rotate(struct supervisor *sup, struct generation *g, size_t index);
void supervisor_rotate_all(struct supervisor *sup, struct generation *g);

/* Opens the logs anew. False: some could not be had (logged), and keep their old files. */
bool supervisor_reopen(struct supervisor *sup);

/* Samples the processes once a second from now on, or no longer, as the configuration has figures to show. */
void supervisor_watch_processes(struct supervisor *sup, const struct config *config);

/* ---- what a generation tells ------------------------------------------------------------------------- */

/* All its workers are ready. */
void supervisor_generation_ready(struct supervisor *sup, struct generation *g);

/* It can't serve, for a reason that was logged. */
void supervisor_generation_failed(struct supervisor *sup, struct generation *g);

/* Its launcher has ended, as it should or not: status as of wait(2). */
void supervisor_launcher_ended(struct supervisor *sup, struct generation *g, pid_t pid, int status);

#endif
