#ifndef HTTP_STATUSES_H
#define HTTP_STATUSES_H

#include "base/str.h"

/* One row for each status code that is registered or that this server sends. */
struct status {
	unsigned code;
	struct str reason; /* RFC 9110 section 15 */
	struct str
	        advice; /* one sentence for the person who sees the error page; empty below 400 */
};

/* The row, or NULL. */
const struct status *status_find(unsigned code);

/* The reason phrase; empty for a code without a row. */
struct str status_reason(unsigned code);

/* No response to this status has a body: 1xx, 204, 304 (RFC 9112 section 6.3). */
static inline bool status_is_bodiless(unsigned code)
{
	return code < 200 || code == 204 || code == 304;
}

#endif
