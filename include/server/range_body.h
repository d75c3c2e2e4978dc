#ifndef SERVER_RANGE_BODY_H
#define SERVER_RANGE_BODY_H

#include "server/request.h"

/*
 * Ranges as a transform of the response: where the request asks for parts of a 200 to GET whose body may
 * be divided, the body becomes those parts, the status 206 or 416, and Content-Range or the multipart
 * type are set (RFC 9110 section 14). Handlers never hear of it. False when memory is out.
 */
bool range_apply(struct request *r);

#endif
