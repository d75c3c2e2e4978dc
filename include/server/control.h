#ifndef SERVER_CONTROL_H
#define SERVER_CONTROL_H

#include "net/loop.h"
#include "server/control_protocol.h"

#include <sys/types.h>

struct supervisor;

/*
 * The supervisor's end of `webserv -s VERB`: a socket beside the pid file with permissions of its own
 * (0600, and the peer's user must be ours or root). Whoever connects and says nothing, or rubbish, is sent
 * away; so many at once, no more.
 */
struct control {
	struct watch listener; /* fd -1: none */
	char *path;            /* of the socket; NULL: none */
	dev_t device;          /* of the file, by which it is known as ours … */
	ino_t inode;           /* … when it is time to remove it */
	struct list clients;
	size_t count;
	char *room;      /* CONTROL_TEXT bytes for … */
	struct buf said; /* … what is said about the reload that is under way */
};

void control_init(struct control *control);

/* Listens beside the pid file; "" is no file, and then no socket. What fails is logged: the server runs without it. */
void control_open(struct supervisor *sup, const char *pid_file);

/* Removes the socket, unless another process has put its own there; those who wait for something still get their answers. */
void control_close(struct supervisor *sup);

/* A reload begins: whoever asked for one until now waits for the outcome of this. What the log is told from now on goes to them too. */
void control_reload_begins(struct supervisor *sup);

/* The diagnostics of the configuration, as -t prints them. NULL: none are collected. */
struct buf *control_said(struct supervisor *sup);

/* Its outcome. */
void control_reload_ends(struct supervisor *sup, bool is_live);

/* An upgrade begins, and ends: as with a reload. */
void control_upgrade_begins(struct supervisor *sup);
void control_upgrade_ends(struct supervisor *sup, bool is_done, struct str outcome);

/* Why no reload and no upgrade will have an outcome any more: the server stops, or another took its place. */
void control_stopping(struct supervisor *sup, struct str why);

/* Everything has ended, the pid file is gone: says so to those who wait for it, and frees all. */
void control_end(struct control *control);

/* What `status` prints. */
void control_describe(const struct supervisor *sup, struct buf *out);

#endif
