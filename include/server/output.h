#ifndef SERVER_OUTPUT_H
#define SERVER_OUTPUT_H

#include "server/body.h"

struct conn;
struct request;

/* How a response's end is marked (RFC 9112 section 6). */
enum output_framing { OUTPUT_NO_BODY, OUTPUT_LENGTH, OUTPUT_CHUNKED, OUTPUT_UNTIL_CLOSE };

/* A response on its way out. */
struct output {
	struct str head; /* what is left of the head */
	struct body *body;
	enum output_framing framing;
	uint64_t left;            /* OUTPUT_LENGTH: bytes that were announced and not yet sent */
	struct span span;         /* the current one; len 0: none */
	char frame[24];           /* the current chunk's size line */
	struct str before, after; /* what is left of the framing around the span */
	bool is_shared; /* the head is others' too and may change once we are back in the loop */
	bool ended;     /* the body has said so */
};

enum output_state {
	OUTPUT_DONE,    /* all of it is with the kernel (or in the connection's out_buffer) */
	OUTPUT_BLOCKED, /* the socket has no room */
	OUTPUT_WAITING, /* the body has nothing yet */
	OUTPUT_BUDGET,  /* enough for one turn: others want to be served */
	OUTPUT_FAILED   /* the connection must be closed: it broke, or the body failed */
};

/* Sends as much as the socket takes. more: another answer follows at once, a small one may wait for it. */
enum output_state output_pump(struct conn *c, struct output *o, bool more);

/* Sends what was held back by `more`. OUTPUT_DONE, OUTPUT_BLOCKED or OUTPUT_FAILED. */
enum output_state output_flush(struct conn *c);

#endif
