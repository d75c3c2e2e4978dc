#ifndef SERVER_CONN_H
#define SERVER_CONN_H

#include "net/loop.h"
#include "net/sock.h"
#include "server/request.h"

/* What the input half waits for. */
enum conn_in {
	CONN_IN_IDLE,    /* the first byte of a request */
	CONN_IN_HEAD,    /* the rest of its head */
	CONN_IN_BODY,    /* its body */
	CONN_IN_DONE,    /* nothing: the request is complete, its answer is not */
	CONN_IN_DISCARD, /* whatever comes is thrown away until the client closes or time is up */
	CONN_IN_PROXY    /* the PROXY header, before the first request: listen ... proxy_protocol */
};

/* What the output half waits for. */
enum conn_out {
	CONN_OUT_IDLE,  /* a request */
	CONN_OUT_AWAIT, /* the handler's answer */
	CONN_OUT_SEND,  /* room in the socket, or the body's next span */
	CONN_OUT_SENT   /* the rest of the request's body, to be thrown away */
};

struct listener;

/*
 * One client connection. While it is idle this is all there is of it: no buffer, no request. Keep it
 * small; there may be a hundred thousand.
 */
struct conn {
	struct watch watch; /* first: the socket */
	struct task task;   /* conn_step, queued */
	struct timer timer;
	struct list node; /* in worker->idle or worker->busy */
	struct worker *worker;
	struct request *request;  /* at most one */
	struct conn_stash *stash; /* input bytes kept between steps; NULL: none */
	struct conn_out_buffer *
	        out_buffer; /* bytes of finished answers that the socket had no room for; NULL: none */
	struct output *output; /* what is being sent; lives in the request's arena */
	const struct listener *listener;
	uint64_t number;   /* $connection */
	uint64_t progress; /* ms: when bytes last moved, or the state's start */
	uint64_t
	        looked; /* ms: when it was last asked what the client has taken (server/conn_pace.h) */
	int64_t taken;     /* and what that was */
	uint32_t requests; /* begun so far */
	struct peer peer;
	struct peer proxied;              /* whom the PROXY header names; family 0: nobody */
	uint8_t in, out;                  /* enum conn_in, conn_out */
	bool can_read : 1, can_write : 1; /* the readiness bits */
	bool has_fin : 1;   /* the client has closed its side (RDHUP); it may still read */
	bool has_eof : 1;   /* and everything it sent has been read */
	bool is_broken : 1; /* reset, or an error on the socket */
	bool is_late : 1;   /* the timer has fired */
	bool last : 1;      /* close after this answer */
	bool is_dead : 1;   /* closed; in the graveyard */
	struct grave grave;
};

/* Takes over an accepted socket. False when memory is out; the socket is then closed. */
bool conn_open(struct worker *worker, const struct listener *listener, int fd,
               const struct sockaddr *address);

/* Queues the connection to run; idempotent. */
void conn_wake(struct conn *c);

/* The only place where a connection dies. */
void conn_close(struct conn *c);

/* Sends a few bytes now, or keeps them to be sent before anything else. */
void conn_send_now(struct conn *c, struct str bytes);

/* Tells an idle connection that the worker drains: its next answer says Connection: close. */
void conn_drain(struct conn *c);

#endif
