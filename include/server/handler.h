#ifndef SERVER_HANDLER_H
#define SERVER_HANDLER_H

#include "server/decide.h"

struct request;

/*
 * What carries out one kind of decision. start() ends with exactly one respond*() or
 * redirect_internally(), now or later: then it has set a sink, or r->advance and r->deadline, or
 * registered something that will wake the request. It is cleaned up by closers in the request's arena only.
 */
struct handler {
	void (*start)(struct request *r);
};

/* One for each decision kind; main passes handlers/table.c down. */
struct handler_table {
	struct handler rows[DECIDE_COUNT];
};

#endif
