#ifndef HTTP_MULTIPART_H
#define HTTP_MULTIPART_H

#include "base/str.h"
#include "http/disposition.h"
#include "http/refusal.h"

enum {
	MULTIPART_BOUNDARY_MAX = 70, /* RFC 2046 section 5.1.1 */
	MULTIPART_HEAD_MAX = 4096,   /* the header lines of one part */
	MULTIPART_PARTS_MAX = 10000
};

/*
 * A push parser for multipart/form-data (RFC 7578): give it the body in pieces of any size, take
 * events. It allocates nothing; bytes that turned out not to be a delimiter are handed back from
 * its own copy of the delimiter. Initialise with multipart_init().
 */
struct multipart {
	unsigned state;
	unsigned matched; /* bytes of the delimiter seen so far */
	unsigned parts;
	unsigned delimiter_len;
	char delimiter[4 + MULTIPART_BOUNDARY_MAX]; /* CRLF "--" boundary */
	unsigned head_len;
	char head[MULTIPART_HEAD_MAX];       /* the part's header lines as they come in */
	char room[2 * DISPOSITION_NAME_MAX]; /* its names, decoded */
};

/* A part's header. The slices point into the parser and hold until the next event. */
struct multipart_part {
	struct disposition disposition;
	struct str content_type; /* empty: none */
};

enum multipart_event {
	MULTIPART_MORE, /* all input is used up */
	MULTIPART_PART, /* a part begins: *part */
	MULTIPART_DATA, /* *data: bytes of the part */
	MULTIPART_PART_END,
	MULTIPART_END, /* the closing delimiter is through; what follows is ignored: MORE from here on */
	MULTIPART_BAD /* *refusal: 400, or 413 for too many parts or too long a part header */
};

/*
 * The boundary of a Content-Type value; false where it is no multipart/form-data or has no valid
 * boundary.
 */
bool multipart_boundary(struct str content_type, struct str *boundary);

void multipart_init(struct multipart *parser, struct str boundary);

/* Takes bytes off the front of *in up to the next event. */
enum multipart_event multipart_next(struct multipart *parser, struct str *in,
                                    struct multipart_part *part, struct str *data,
                                    struct refusal *refusal);

/* True once the closing delimiter has come: a body that ends before is incomplete. */
bool multipart_is_complete(const struct multipart *parser);

#endif
