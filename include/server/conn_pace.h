#ifndef SERVER_CONN_PACE_H
#define SERVER_CONN_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct conn;

/*
 * How fast a client gives and takes (client_min_rate), and whether it takes anything at all (send_timeout). The
 * kernel wakes us for room only when there is much of it; a client that reads slowly from a large buffer would
 * look like one that reads nothing. So the socket is asked now and then, while it has no room, and only then.
 */

enum {
	PACE_WINDOW =
	        10000 /* ms of waiting for the client: the grace, then what an average is taken over */
};

/* In a request: the time in which nothing but its client was waited for, and what had moved at the window's start. */
struct pace {
	uint64_t since;    /* ms: when the present waiting began; 0: it is not waited for */
	uint64_t waited;   /* ms, in this window */
	uint64_t received; /* bytes of its body */
	int64_t taken;     /* bytes of the answer */
	bool is_marked;    /* those two are of the window's start; else this is the first one */
};

/* Whether the body's next bytes are all that the input half waits for; room in the socket, the output half. */
bool pace_wants_body(const struct conn *c);
bool pace_wants_room(const struct conn *c);

/* Around each step of the connection: its client is not waited for while it runs. */
void pace_begin_step(struct conn *c, uint64_t now);
void pace_end_step(struct conn *c, uint64_t now);

/* Notes in c->progress that the client has taken something that we have not heard of. */
void pace_look(struct conn *c, uint64_t now);

/* Whether a window is over in which less moved than client_min_rate says. Begins the next one. */
bool pace_is_too_slow(struct conn *c);

/* When to wake up for pace_look() and pace_is_too_slow(); TIMER_NEVER: for neither. */
uint64_t pace_next(const struct conn *c);

#endif
