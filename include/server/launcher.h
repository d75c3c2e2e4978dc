#ifndef SERVER_LAUNCHER_H
#define SERVER_LAUNCHER_H

#include "conf/config.h"
#include "server/counters.h"

/*
 * The launcher process: the parent of every CGI program. Small and started before any cache exists, so
 * that starting a program costs little, and apart from the workers, so that their confinement need not
 * allow them to execute anything. It serves one channel for each worker; a channel that closes ends that
 * worker's programs, and when the supervisor's closes all are ended and it exits.
 */
struct launcher_start {
	const struct config *config;
	int supervisor; /* channel; only its closing is of interest. Also brings more workers' channels */
	const int *workers; /* channels */
	size_t worker_count;
	struct counters *counters; /* where it counts programs; NULL: nowhere that others see */
};

/* Runs until the supervisor's channel closes and the programs are gone. Returns the exit status. */
int launcher_run(const struct launcher_start *start);

/* On the supervisor's channel, each with one descriptor. */
enum launcher_message {
	LAUNCHER_WORKER = 'w', /* another worker's channel to serve */
	LAUNCHER_LOG = 'l'     /* the error log, opened anew */
};

#endif
