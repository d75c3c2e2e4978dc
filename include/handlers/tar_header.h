#ifndef HANDLERS_TAR_HEADER_H
#define HANDLERS_TAR_HEADER_H

#include "base/str.h"

#include <time.h>

/*
 * The format of tar archives: ustar, and pax extended headers for what it has no room for (POSIX.1,
 * utility pax). Pure: entries in, bytes out.
 */

enum {
	TAR_BLOCK = 512,
	TAR_NAME_MAX = 4096 + 512,       /* bytes of an entry's name */
	TAR_HEADER_MAX = 12 * TAR_BLOCK, /* what one entry's headers come to at most */
	TAR_END = 2 * TAR_BLOCK          /* zeros that end an archive */
};

struct tar_entry {
	struct str
	        name; /* relative, without NUL, at most TAR_NAME_MAX; a directory's ends in a slash */
	uint64_t size; /* of the content that follows; 0 for a directory */
	time_t modified;
	bool is_directory;
	bool is_executable;
};

/* Writes the entry's headers, whole blocks, to out, which has room for TAR_HEADER_MAX bytes. How many bytes. */
size_t tar_header(const struct tar_entry *entry, char *out);

/* Zeros that follow a content of this size, up to the next block. */
static inline size_t tar_padding(uint64_t size)
{
	return (size_t)(-size % TAR_BLOCK);
}

#endif
