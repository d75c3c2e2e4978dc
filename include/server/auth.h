#ifndef SERVER_AUTH_H
#define SERVER_AUTH_H

#include "conf/config.h"
#include "net/loop.h"
#include "server/gate.h"
#include "server/verify_protocol.h"

/*
 * The worker's side of auth_basic: reads what the client sent, asks the verifier, and remembers its verdicts
 * for a while, so that a browser's hundred requests cost one check, and a wrong password repeated at once
 * costs one too. What is remembered is a keyed hash of name and password, under a key that this process drew.
 * The same question asked by several requests is asked of the verifier once.
 */
struct auth;

enum {
	AUTH_CACHE = 1024,  /* verdicts remembered, those awaited included */
	AUTH_PENDING = 128, /* questions open at the verifier; more are GATE_BUSY */
	AUTH_ATTEMPTS = 3,  /* so often one is asked: a question may be what ended a verifier */
	AUTH_PATIENCE_MS = 30000 /* after which a request is answered 503 */
};

/* A request's part in a question; in its arena. */
struct auth_wait {
	struct list node; /* in the question's waiters; linked to itself: none is open */
	struct request *request;
	struct auth_entry *entry; /* NULL: none is open */
	struct verify_key key;
	enum verify_verdict verdict; /* 0: not known yet */
};

/*
 * channel: to the verifier, taken over; -1: none yet. is_replaceable: another one comes when the verifier
 * dies, so that questions wait for it. NULL when memory is out.
 */
struct auth *auth_open(struct loop *loop, int channel, bool is_replaceable);

/* Every request must have ended. NULL is fine. */
void auth_close(struct auth *auth);

/* A verifier's channel in place of the last one: what is open is asked again there. Taken over. */
void auth_use_verifier(struct auth *auth, int channel);

/* How many verdicts are remembered, those awaited included. */
size_t auth_remembered(const struct auth *auth);

/* struct gate's `password`, with r->worker->auth. Sets r->remote_user or r->challenge. */
enum gate_answer auth_password(struct gate *gate, struct request *r);

/* Makes r->challenge for the location's realm: GATE_UNAUTHORIZED, or GATE_FAILED when memory is out. */
enum gate_answer auth_challenge(struct request *r);

#endif
