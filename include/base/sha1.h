#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include "base/str.h"

enum { SHA1_SIZE = 20 };

/* SHA-1 (FIPS 180-4) of the bytes. For {SHA} password lines only: it is no longer good for anything else. */
void sha1(struct str data, unsigned char digest[SHA1_SIZE]);

#endif
