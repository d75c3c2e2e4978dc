#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "base/str.h"

#include <stdlib.h>

/* libFuzzer calls this for every input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the run: what must hold for every input does not. */
#define FUZZ_CHECK(condition)     \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

/* The bytes in a block of their own size, so that the sanitizer sees a read too far; free(ptr). */
static inline struct str fuzz_copy(struct str s)
{
	char *block = malloc(s.len ? s.len : 1);

	FUZZ_CHECK(block != NULL);
	if (s.len > 0)
		memcpy(block, s.ptr, s.len);
	return str_make(block, s.len);
}

#endif
