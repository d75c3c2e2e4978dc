#ifndef SERVER_PROGRAMS_H
#define SERVER_PROGRAMS_H

#include "net/child.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The worker's end of the link to the launcher (server/launcher.h): starts CGI programs, hears of their
 * end, and gets spool files for bodies whose length is not known.
 */
struct programs;

/* What became of a program; one callback for each piece of news. */
struct program_events {
	/* It has to wait for its turn; without this it was started at once. */
	void (*queued)(void *context);
	/* Its turn has come. */
	void (*started)(void *context);
	/* It never ran: the step (enum child_step) and errno. Also 0 and EAGAIN when its turn did not come in time. */
	void (*failed)(void *context, int step, int error);
	/* It has ended: a status as of wait(2). Nothing comes after this or failed(). */
	void (*exited)(void *context, int status);
};

struct program;

/* channel: to the launcher; taken over. NULL when memory is out. */
struct programs *programs_open(struct loop *loop, int channel);
void programs_close(struct programs *ps);

/* What to start. Everything is copied. */
struct program_spec {
	const char *program; /* absolute path */
	const char *directory;
	const char *const *argv; /* ended by NULL */
	const char *const *envp; /* ended by NULL */
	int fds[3];              /* become 0, 1, 2; stay the caller's; -1: /dev/null */
	uint64_t grace;          /* ms between TERM and KILL when it is ended */
	struct child_limits limits;
};

/*
 * Asks for a start. NULL and errno when it can't even be asked (EAGAIN: the launcher is overrun,
 * EMSGSIZE: the environment is too large, EPIPE: no launcher).
 */
struct program *programs_start(struct programs *ps, const struct program_spec *spec,
                               const struct program_events *events, void *context);

/*
 * Ends the program's process group: TERM, after its grace KILL. No callback comes any more and the
 * handle is gone. Also to be called for one that has exited by itself, when it is no longer of interest
 * (then only what is left of its group is ended).
 */
void program_end(struct program *program);

/*
 * Lets the program run on without us: no callback comes any more and the handle is gone, but its group
 * is ended only after `limit` ms (0: never), or with the launcher. The descriptors in fds (-1: none),
 * ends of pipes that it may still write into, are read empty by the launcher from then on; they stay the
 * caller's, who has taken them out of epoll and closes them.
 */
void program_release(struct program *program, uint64_t limit, const int fds[2]);

/*
 * Asks for an unnamed temporary file in client_body_temp_path. got(context, fd) comes later: the
 * descriptor, or -1 and errno in `error`. Returns a handle for programs_spool_cancel(), or NULL and errno.
 */
struct spool_request;
struct spool_request *programs_spool(struct programs *ps, const char *directory,
                                     void (*got)(void *context, int fd, int error), void *context);
void programs_spool_cancel(struct spool_request *spool);

#endif
