#ifndef HTTP_BASIC_AUTH_H
#define HTTP_BASIC_AUTH_H

#include "base/buf.h"

/* What a client says in `Authorization: Basic` (RFC 7617 section 2). */
struct basic_auth {
	struct str user, password; /* in the room given */
};

enum { BASIC_AUTH_USER_MAX = 255, BASIC_AUTH_PASSWORD_MAX = 511, BASIC_AUTH_ROOM = 768 };

/*
 * Reads the value of the field. False where it is of another scheme, no strict Base64, has no colon, a
 * control character (RFC 7617 section 2), or more bytes than those limits.
 */
bool basic_auth_parse(struct str value, char room[BASIC_AUTH_ROOM], struct basic_auth *out);

/* The challenge, a value for WWW-Authenticate (RFC 7617 sections 2 and 2.1). */
void basic_auth_challenge(struct buf *out, struct str realm);

#endif
