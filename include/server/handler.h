#ifndef SERVER_HANDLER_H
#define SERVER_HANDLER_H

#include "server/decide.h"

struct request;
struct worker;

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
	/*
	 * Tidies up what handlers keep on disk, a little at a time, in the first worker: says after how many ms it
	 * wants to be called again (TIMER_NEVER: not at all). NULL: there is nothing of the kind. The end gives back
	 * what it holds meanwhile.
	 */
	uint64_t (*keep_house)(struct worker *w);
	void (*keep_house_end)(struct worker *w);
};

#endif
