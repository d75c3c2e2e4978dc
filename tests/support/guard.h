#ifndef TESTS_GUARD_H
#define TESTS_GUARD_H

#include "base/str.h"

/*
 * A copy of the bytes that ends right before a page nobody may touch: whoever reads one byte too far is
 * killed on the spot. Hold at most a few thousand at once; guard_free() gives one back.
 */
struct str guard_copy(struct str s);
void guard_free(struct str s);

#endif
