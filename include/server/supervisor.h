#ifndef SERVER_SUPERVISOR_H
#define SERVER_SUPERVISOR_H

#include "conf/config.h"
#include "server/handler.h"
#include "server/sockets.h"

/* How the supervisor gets a configuration, now and at each reload. */
struct supervisor_start {
	struct config_source source;
	const struct handler_table *handlers;
	bool daemon;        /* -D, or the directive */
	char *const *argv;  /* the command line, to be started with again … */
	const char *binary; /* … as this file; NULL: it can't be known */
	/* Says where it listens once it does; sockets_announce(), or more. */
	void (*announce)(const struct sockets *sockets);
};

/*
 * Opens logs and listening sockets, starts launcher and workers, says where it listens, and runs until a
 * signal ends it. Reads no byte from a client. Takes over the configuration. Returns the exit status of the process: 0
 * ended as asked, 1 a failure at run time.
 */
int supervisor_run(const struct supervisor_start *start, struct config *config);

#endif
