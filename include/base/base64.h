#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/str.h"

/*
 * Base64 (RFC 4648 section 4) read strictly: the usual alphabet only, padded to whole groups, the bits
 * behind the last byte zero, so that no two texts mean the same bytes. False where the text is not that, or
 * does not fit into cap bytes.
 */
bool base64_decode(struct str text, char *out, size_t cap, size_t *len);

#endif
