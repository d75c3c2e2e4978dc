#ifndef HANDLERS_LISTING_H
#define HANDLERS_LISTING_H

#include "server/request.h"

#include <dirent.h>

/* Reading a directory for autoindex.c: what a reader may fetch, and nothing else. */

enum { LISTING_SORTED_MAX = 10000 /* more entries are streamed in the order the disk has them */ };

struct listing_entry {
	struct str name;
	uint64_t size; /* of a file */
	time_t modified;
	bool is_directory;
};

struct listing {
	struct request *r;
	struct str path; /* of the directory, below that of r->decision */
	DIR *dir;        /* closed with the request's arena */
	VEC(struct listing_entry) entries;
	bool is_long; /* more than LISTING_SORTED_MAX: entries is empty, read by listing_next() */
	bool can_upload, can_delete;
};

/* Reads and sorts the directory of r->decision. False and errno when it can't be read. */
bool listing_read(struct request *r, struct listing *l);

/*
 * The next entry in the disk's order; its name holds until the next call. Left out: names beginning with
 * a dot (unless `dotfiles allow`), what is neither file nor directory, and links that may not be followed.
 */
bool listing_next(struct listing *l, struct listing_entry *entry);

/* The same in steps, each of which looks at one name only. */
enum listing_step { LISTING_ENTRY, LISTING_LEFT_OUT, LISTING_END, LISTING_FAILED /* errno */ };
enum listing_step listing_step(struct listing *l, struct listing_entry *entry);

/* Directories first, then by name as people sort. For qsort. */
int listing_compare(const void *a, const void *b);

#endif
