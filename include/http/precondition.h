#ifndef HTTP_PRECONDITION_H
#define HTTP_PRECONDITION_H

#include "http/head.h"

#include <time.h>

/* What the selected representation can be compared by. */
struct validators {
	bool exists;     /* there is a current representation at all */
	struct str etag; /* with its quotes; empty: none */
	time_t modified; /* 0: not known */
};

/* Directive if_modified_since. */
enum since_mode { SINCE_BEFORE, SINCE_EXACT, SINCE_OFF };

enum precondition {
	PRECONDITION_PROCEED,
	PRECONDITION_NOT_MODIFIED, /* 304, for GET and HEAD */
	PRECONDITION_FAILED        /* 412 */
};

/*
 * Judges If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of RFC
 * 9110 section 13.2.2. Several lines of one field are one list. `now` as in date_parse.
 */
enum precondition precondition_judge(const struct head *head, const struct validators *validators,
                                     enum since_mode since, time_t now);

/* If-Range (RFC 9110 section 13.1.5): whether the Range may be honoured. True without the field. */
bool precondition_range_applies(const struct head *head, const struct validators *validators,
                                time_t now);

#endif
