#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include "http/head.h"

enum framing_kind { FRAMING_NONE, FRAMING_LENGTH, FRAMING_CHUNKED };

/* How the request's body is delimited and what is to become of the connection. */
struct framing {
	enum framing_kind kind;
	uint64_t
	        length; /* FRAMING_LENGTH: bytes, at least 1; a Content-Length of 0 is FRAMING_NONE */
	bool has_length; /* Content-Length was sent, 0 included */
	bool expect_continue; /* "Expect: 100-continue" from an HTTP/1.1 client that has a body to send */
	bool keep_alive; /* the client allows another request (RFC 9112 section 9.3) */
};

/*
 * Reads the framing of a request (RFC 9112 section 6) and refuses whatever two servers could read
 * differently: 400 Content-Length with Transfer-Encoding, differing or listed or malformed or too large
 * Content-Length, Transfer-Encoding in HTTP/1.0, chunked twice or not last; 501 another coding;
 * 417 an Expect other than 100-continue. PARSE_COMPLETE or PARSE_BAD.
 */
enum parse framing_decide(const struct head *head, struct framing *framing,
                          struct refusal *refusal);

#endif
