#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include "base/str.h"

/* Bytes first to last, both included, as on the wire. */
struct range {
	uint64_t first, last;
};

enum range_verdict {
	RANGE_WHOLE, /* no range to honour: another unit, malformed, more than `cap` of them */
	RANGE_PARTS, /* *count ranges, each within the size */
	RANGE_UNSATISFIABLE /* well-formed, and not a byte of it exists: 416 */
};

/*
 * Reads a Range value against a representation of `size` bytes (RFC 9110 section 14.1.2). Ranges
 * that overlap or touch are joined into the place of the first of them; otherwise the order asked
 * for is kept. More than `cap` ranges asked for, before joining, make the whole field ignored
 * (section 14.2: a server may). A last-N range of an empty representation is all of it, which no
 * Content-Range can say: RANGE_WHOLE.
 */
enum range_verdict range_parse(struct str value, uint64_t size, struct range *ranges, size_t cap,
                               size_t *count);

#endif
