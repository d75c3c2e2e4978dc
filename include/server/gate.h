#ifndef SERVER_GATE_H
#define SERVER_GATE_H

struct request;

/*
 * What stands between a request and its answer that configuration and head alone cannot tell: limits that
 * are counted, and passwords that somebody has to check. decide() asks; the worker has the real one,
 * --explain and tests bring their own.
 */
enum gate_answer {
	GATE_PASS,
	GATE_LIMITED,      /* 429, with r->retry_after */
	GATE_UNAUTHORIZED, /* 401: no password, or a wrong one */
	GATE_WAIT,         /* being checked: the request is woken and decided anew */
	GATE_BUSY,         /* 503: too many wait to be checked already */
	GATE_FAILED        /* 503: nobody can check it, which the log explains */
};

struct gate {
	/* limit_conn and limit_req of r->location: GATE_PASS or GATE_LIMITED. Counts a request once, however often asked. */
	enum gate_answer (*limits)(struct gate *gate, struct request *r);
	/* auth_basic of r->location: any but GATE_LIMITED. */
	enum gate_answer (*password)(struct gate *gate, struct request *r);
};

#endif
