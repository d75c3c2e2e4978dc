#ifndef SERVER_CONN_PARTS_H
#define SERVER_CONN_PARTS_H

#include "server/conn.h"
#include "server/worker.h"

/*
 * The connection's two half-machines, for the three files they are written in: conn.c (life, deadlines,
 * and the step that runs both), conn_in.c and conn_out.c.
 */

enum {
	CONN_ROUNDS = 64,      /* in one turn, before the others have theirs */
	CONN_LINGER_MS = 5000, /* how long unread input is thrown away before a close */
	CONN_FIN_GRACE_MS =
	        3000 /* a client that closed its side gets so long while a program works for it */
};

/* What became of a half when it was let go on. */
enum advance {
	ADVANCE_STALLED, /* it waits for something */
	ADVANCE_MOVED,   /* the other half may have something to do now */
	ADVANCE_DEAD     /* the connection is closed: touch it no more */
};

enum advance conn_advance_in(struct conn *c);
enum advance conn_advance_out(struct conn *c);

/* Answers with an error and trusts nothing more of the input. */
enum advance conn_refuse(struct conn *c, const struct refusal *refusal);

static inline enum advance conn_dead(struct conn *c)
{
	conn_close(c);
	return ADVANCE_DEAD;
}

/* The settings that hold before a request has named a server. */
static inline const struct settings *conn_settings(const struct conn *c)
{
	return &c->listener->conf->default_server->self.settings;
}

#endif
