#ifndef SERVER_SOCKETS_H
#define SERVER_SOCKETS_H

#include "base/list.h"
#include "conf/config.h"

/* A listening socket that the supervisor holds, by the text of its address in the configuration. */
struct socket_entry {
	struct list node;
	int fd;
	size_t copy; /* of those that share the port (`reuseport`): 0, 1, … */
	bool wanted; /* by the configuration being put in place */
	bool is_new;
	bool is_borrowed; /* the process that we are to replace has it too */
	char text[];      /* "127.0.0.1:8080" */
};

/* All of them. A reload takes over those whose address stays, so that nothing queued in them is lost. */
struct sockets {
	struct list entries;
};

void sockets_init(struct sockets *sockets);

/*
 * Finds or opens the sockets of the configuration's listeners: fds[w * listeners + i] is what worker w has
 * for listener i, -1: nothing. It is a socket of the worker's own where the listener says `reuseport`. 0, or
 * -1 with the reason logged: then nothing has changed. Call sockets_keep() or sockets_give_up() next.
 */
int sockets_open(struct sockets *sockets, const struct config *config, size_t workers, int *fds);

/* The configuration is in place: closes what it does not want. */
void sockets_keep(struct sockets *sockets);

/* It failed: closes what was opened for it. */
void sockets_give_up(struct sockets *sockets);

/* Closes all; unlinks Unix sockets where `unlink_files`. */
void sockets_close(struct sockets *sockets, bool unlink_files);

/*
 * Takes a listening socket that was inherited: the listener with this text gets it. It is borrowed, and
 * its file not ours to remove, until sockets_own(). False: it is none, or memory is out.
 */
bool sockets_adopt(struct sockets *sockets, int fd, struct str text);
void sockets_own(struct sockets *sockets);

/* Says where it listens, a line each, on stdout. */
void sockets_announce(const struct sockets *sockets);

#endif
