#ifndef SERVER_RESPONSE_BLOCK_H
#define SERVER_RESPONSE_BLOCK_H

#include "server/request.h"

/*
 * The short way for files in memory: the whole answer was put together once, for this location and this
 * status, and is sent again with nothing but its Date renewed. Taken by plain GET and HEAD requests where no header
 * depends on the request; everything else goes through respond().
 */

/* Answers r->decision (a file with content) from a block, if there is one. False: nothing was done. */
bool block_respond(struct request *r);

/* Makes the block out of r->response, which is complete, and answers with it. False: nothing was done. */
bool block_make(struct request *r);

#endif
