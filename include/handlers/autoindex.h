#ifndef HANDLERS_AUTOINDEX_H
#define HANDLERS_AUTOINDEX_H

#include "handlers/listing.h"

/* How a listing is written: once for people, once for programs. */
struct autoindex_writer {
	void (*open)(struct buf *b, const struct listing *l);
	void (*entry)(struct buf *b, const struct listing *l, const struct listing_entry *entry,
	              bool is_first);
	void (*close)(struct buf *b, const struct listing *l);
};

extern const struct autoindex_writer autoindex_html; /* autoindex_html.c */
extern const struct autoindex_writer autoindex_json; /* autoindex.c */

#endif
