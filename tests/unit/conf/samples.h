#ifndef TESTS_CONF_SAMPLES_H
#define TESTS_CONF_SAMPLES_H

#include <stddef.h>

/* What is written in a level, and the line of the dump that it leads to; NULL: the same. */
struct sample {
	enum { AT_MAIN, AT_SERVER, AT_LOCATION } where;
	const char *text, *dumped;
};

/* At least one for each directive that has a value, all of them valid. */
extern const struct sample samples[];
extern const size_t sample_count;

#endif
