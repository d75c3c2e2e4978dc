#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include "http/head.h"

/*
 * The weight, 0 to 1000, that the Accept lines give the media type "type/subtype": the most
 * specific range that matches decides (RFC 9110 section 12.5.1). A range with parameters of its own
 * counts for less than the same without. Without the field, or where not one element of it is
 * readable, 1000.
 */
unsigned accept_type(const struct head *head, struct str type);

/*
 * The same for a content coding in Accept-Encoding (section 12.5.3): "identity" is acceptable
 * unless excluded by name or by `*;q=0`, but what the client names itself goes first: unnamed it
 * weighs 1. Without the field only identity is (a client that says nothing is sent nothing
 * unusual). x-gzip is gzip.
 */
unsigned accept_encoding(const struct head *head, struct str coding);

/*
 * The client would rather read JSON (application/json or problem+json) than HTML: its weight is
 * higher.
 */
bool accept_prefers_json(const struct head *head);

#endif
