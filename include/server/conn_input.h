#ifndef SERVER_CONN_INPUT_H
#define SERVER_CONN_INPUT_H

#include "server/conn.h"

/*
 * A connection's unread bytes. While it is being stepped they are worker->input, usually in the worker's
 * one big buffer; what is left when the step ends is copied to a stash of the connection's own, so that a
 * connection that waits for nothing but its next request holds no buffer at all.
 */

/* What the bytes are read for: how much room a read gets. */
enum conn_input_use { CONN_INPUT_HEAD, CONN_INPUT_BODY };

enum fill { FILL_DATA, FILL_BLOCKED, FILL_END, FILL_BROKEN };

/* Begins and ends a step. keep: false when memory is out. */
void conn_input_open(struct conn *c);
bool conn_input_keep(struct conn *c);

/* Frees the stash. */
void conn_input_drop(struct conn *c);

/* Reads more, behind what is there. */
enum fill conn_input_fill(struct conn *c, enum conn_input_use use);

/* The first n bytes are used up. */
void conn_input_take(struct conn *c, size_t n);

enum feed {
	FEED_MORE, /* all input is used up, the body is not at its end */
	FEED_FULL, /* the sink has no room */
	FEED_DONE, /* the body is complete */
	FEED_BAD   /* *refusal */
};

/* Hands the body bytes among the input to the request's sink; undoes chunked. */
enum feed conn_body_feed(struct conn *c, struct refusal *refusal);

#endif
