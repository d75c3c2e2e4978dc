#ifndef SERVER_RESPONSE_HEAD_H
#define SERVER_RESPONSE_HEAD_H

#include "server/output.h"
#include "server/request.h"

/* The parts respond() is made of, for the other file that answers (server/response_block.c). */

/* The head for r->response with this framing, in the arena; r->close_after is settled. ptr NULL: memory is out. */
struct str response_head(struct request *r, enum output_framing framing);

/* The line "Location: ...", in which absolute_redirect gives a path of our own the host that was asked for, if any. */
void response_location(struct buf *b, const struct request *r, struct str location);

/* Whether the connection must close after this answer (RFC 9112 section 9.3). */
bool response_closes(const struct request *r, enum output_framing framing);

/* Whether what is still to come of the request's body is little enough to be read and thrown away. */
bool response_can_drain(const struct request *r);

/* Hands the output to the connection: the request has its answer. */
void response_start(struct request *r, struct output *o);

#endif
