#ifndef HTTP_UPLOAD_FIELDS_H
#define HTTP_UPLOAD_FIELDS_H

#include "http/head.h"

/*
 * The request fields of resumable uploads (draft-ietf-httpbis-resumable-upload): Items of structured
 * fields (RFC 9651), whose parameters mean nothing here. A field with any other value, or on two lines, counts as
 * not sent.
 */
struct upload_fields {
	bool has_complete, complete; /* Upload-Complete: a Boolean */
	bool has_offset, has_length;
	uint64_t offset; /* Upload-Offset: an Integer that is not negative */
	uint64_t length; /* Upload-Length: likewise, of the whole */
};

void upload_fields_read(const struct head *head, struct upload_fields *out);

/* What names an upload that comes in pieces: 32 hexadecimal digits, 128 bits of chance. */
enum { UPLOAD_TOKEN_DIGITS = 32 };
bool upload_token_is_good(struct str token);

/* An Item that is a Boolean, or an Integer that is not negative (RFC 9651 section 4.2). False: something else. */
bool upload_item_boolean(struct str value, bool *out);
bool upload_item_integer(struct str value, uint64_t *out);

#endif
