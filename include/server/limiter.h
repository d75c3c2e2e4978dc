#ifndef SERVER_LIMITER_H
#define SERVER_LIMITER_H

#include "net/loop.h"
#include "server/gate.h"
#include "server/limits.h"

struct worker;

/*
 * The worker's side of limit_conn and limit_req: asks the shared accounts (server/limits.h) once for each
 * limit that a request meets on its way, internal redirects included, and says in the log what was refused,
 * though never more than a few lines a second. The error page of a refusal is not asked about again.
 */

struct limiter {
	struct loop *loop;
	struct limits *limits; /* NULL: the configuration has no limit */
	unsigned seat;
	bool owns_limits;
	struct timer timer;  /* the end of a second in which something was logged */
	unsigned said;       /* lines in it */
	uint64_t suppressed; /* refusals without a line of their own */
};

/*
 * limits: the shared ones, with the worker's seat there; NULL: it makes its own, where the configuration has
 * a limit. 0, or -1 and errno.
 */
int limiter_open(struct limiter *limiter, struct worker *worker, struct limits *limits,
                 unsigned seat);

/* Every request must have ended. Harmless on one that is zeroed. */
void limiter_close(struct limiter *limiter);

/* struct gate's `limits`, with r->worker->limiter. Sets r->retry_after. */
enum gate_answer limiter_ask(struct gate *gate, struct request *r);

#endif
