#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include "http/head.h"

/*
 * The weight, 0 to 1000, that the Accept lines give the media type "type/subtype": the most specific
 * range that matches decides (RFC 9110 section 12.5.1). Without the field 1000.
 */
unsigned accept_type(const struct head *head, struct str type);

/*
 * The same for a content coding in Accept-Encoding (section 12.5.3): "identity" is acceptable unless
 * excluded by name or by `*;q=0`; without the field only identity is (a client that says nothing is sent
 * nothing unusual). x-gzip is gzip.
 */
unsigned accept_encoding(const struct head *head, struct str coding);

/* True where the client would rather read JSON than HTML: the weight of json is above that of html. */
bool accept_prefers_json(const struct head *head);

#endif
