#ifndef SERVER_SUPERVISOR_STATE_H
#define SERVER_SUPERVISOR_STATE_H

#include "server/generation.h"
#include "server/sockets.h"
#include "server/supervisor.h"

/* The supervisor's own state, for the files it is written in. */
struct supervisor {
	const struct supervisor_start *start;
	struct loop loop;
	struct watch signals;
	struct sockets sockets;
	struct list generations;    /* the oldest first; the newest is the current one */
	struct generation *current; /* the one that serves */
	struct generation *coming;  /* being started by a reload; NULL: none */
	struct shared *shared;
	struct timer stop_timer;
	unsigned generation_count;
	int parent; /* pipe to the process that waits for -D; -1: none */
	int status; /* of the exit */
	bool stopping;
};

/* All workers of the generation are ready. */
void supervisor_generation_ready(struct supervisor *sup, struct generation *g);

/* The generation can't get its workers to run. */
void supervisor_generation_failed(struct supervisor *sup, struct generation *g);

/* In a new child: closes everything that is the supervisor's alone. */
void supervisor_leave(struct supervisor *sup);

#endif
