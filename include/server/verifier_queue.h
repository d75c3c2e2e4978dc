#ifndef SERVER_VERIFIER_QUEUE_H
#define SERVER_VERIFIER_QUEUE_H

#include "base/list.h"
#include "server/verify_protocol.h"

/*
 * What waits to be checked: bounded over all and for each address, and taken in turns, so that one address
 * that fills its share delays another's question by one check and not by all of them.
 */
struct verifier_job {
	struct list node;
	const void *owner; /* the channel it came by */
	struct verify_request request;
};

struct verifier_queue {
	struct list waiting, free;
	size_t count;
	struct verify_address last; /* whose turn was last */
	struct verifier_job jobs[VERIFY_QUEUE];
};

void verifier_queue_init(struct verifier_queue *q);

/* Copies the question. False where there is no room for it. */
bool verifier_queue_add(struct verifier_queue *q, const void *owner,
                        const struct verify_request *request);

/* The next one, to be given back by verifier_queue_done(); NULL: none waits. */
struct verifier_job *verifier_queue_next(struct verifier_queue *q);

/* Gives it back; nothing of the password stays. */
void verifier_queue_done(struct verifier_queue *q, struct verifier_job *job);

/* Forgets what waits under this key; key NULL: everything of this owner. */
void verifier_queue_drop(struct verifier_queue *q, const void *owner, const struct verify_key *key);

#endif
