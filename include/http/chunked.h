#ifndef HTTP_CHUNKED_H
#define HTTP_CHUNKED_H

#include "base/str.h"
#include "http/refusal.h"

/* The state of a chunked body between two reads (RFC 9112 section 7.1). Starts zeroed. */
struct chunked {
	unsigned state;
	unsigned digits; /* of the chunk size being read */
	uint64_t left; /* bytes of the current chunk still to come, or its size while it is read */
	uint32_t extension; /* bytes of chunk extensions seen in this body */
	uint32_t trailer;   /* bytes of trailers seen */
};

enum {
	CHUNKED_EXTENSION_MAX =
	        4096, /* over a whole body: nobody needs them, attackers send them endlessly */
	CHUNKED_TRAILER_MAX = 8192
};

enum chunked_event {
	CHUNKED_MORE, /* all input is used up */
	CHUNKED_DATA, /* *data is a slice of the input: payload */
	CHUNKED_END, /* the final chunk and the trailers are through; what is left of the input is the next request */
	CHUNKED_BAD /* *refusal: 400, or 431 for too many extensions or trailers */
};

/*
 * Takes bytes off the front of *in up to the next event. Trailers are checked and dropped. Lines end in
 * CRLF only; sizes have 1 to 16 hexadecimal digits and no sign, space or prefix, and must not overflow.
 * max: the largest body allowed from here on (0: no limit); a chunk size over what is left of it is
 * refused with 413 as soon as its line ends.
 */
enum chunked_event chunked_next(struct chunked *chunked, struct str *in, uint64_t max,
                                struct str *data, struct refusal *refusal);

#endif
