#ifndef TESTS_MEMORY_H
#define TESTS_MEMORY_H

#include <stdbool.h>

/*
 * Memory that runs out: every malloc, calloc and realloc of the server and of the tests (not of the
 * libraries) passes through here, as the linker's --wrap has it.
 */
struct memory {
	bool counts;           /* only what is asked for now is counted, and may fail */
	unsigned long calls;   /* so far */
	unsigned long fail_at; /* this one fails; 0: none */
	unsigned long fails;   /* and so many after it */
	bool has_failed;
};

extern struct memory memory;

#endif
