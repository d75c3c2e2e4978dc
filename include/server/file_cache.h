#ifndef SERVER_FILE_CACHE_H
#define SERVER_FILE_CACHE_H

#include "base/list.h"
#include "base/map.h"
#include "base/path.h"
#include "conf/config.h"
#include "http/range.h"

#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

enum file_kind {
	FILE_MISSING,   /* no such name, or a link that leads nowhere */
	FILE_FORBIDDEN, /* may not be read, or a link that is not allowed */
	FILE_REGULAR,
	FILE_DIRECTORY,
	FILE_SPECIAL, /* a device, FIFO or socket: never read, never blocks */
	FILE_FAILED   /* the system could not say (out of descriptors or memory, I/O error) */
};

enum { FILE_ETAG_SIZE = 56 };

struct location;
struct variant;

/*
 * An answer made beforehand: head and content in one piece, so that it leaves by one send without a byte
 * being formatted. One for each location that serves the file, as itself or in place of its plain sibling,
 * each status and (a few) ranges; only Date changes, in place.
 */
struct file_block {
	struct file_block *next;
	const struct location *location;
	const struct variant *variant; /* what the file stood for; NULL: itself */
	unsigned status;
	struct range range; /* status 206 */
	time_t date;        /* the second that stands in it */
	uint32_t date_at;   /* where the 29 bytes of the Date value are */
	uint32_t head;      /* bytes of the head, its final empty line included */
	uint32_t len;       /* bytes in all */
	char bytes[];
};

/* One file as it was found. */
struct file {
	enum file_kind kind;
	int error; /* errno behind MISSING, FORBIDDEN and FAILED */
	int fd;    /* open for reading; -1 where there is none: always so when `content` is there */
	uint64_t size;
	struct timespec modified, changed;
	uint64_t inode, device;
	mode_t mode;
	uint32_t users; /* who holds it, the cache included */
	uint8_t etag_len;
	char etag
	        [FILE_ETAG_SIZE]; /* strong: modification time in nanoseconds and size, with quotes */
	char *content;            /* the whole file, where it is small enough; else NULL */

	/* the cache's own */
	struct file_block *blocks;
	struct range
	        wanted; /* what was last asked for of it, lest one be made for every range there is */
	uint8_t range_blocks;
	struct list node; /* in one of file_cache.lists, the longest unused first */
	struct str key;   /* NULL: not in the cache */
	uint64_t checked; /* ms: when it was last compared with the disk */
	uint64_t epoch;   /* and what file_cache.epoch was then */
	size_t weight;    /* bytes it counts for */
};

/*
 * A view of the file system below the configured directories. The server's is `file_cache`; tests and
 * --explain bring their own.
 */
struct file_view {
	/*
	 * Looks `path` up below directory number `dir` (config.dirs). Never NULL unless memory is out. To be
	 * given back by file_release().
	 */
	struct file *(*open)(struct file_view *view, int dir, struct str path,
	                     enum path_links links);
};

enum file_list { FILE_LIST_CONTENT, FILE_LIST_FD, FILE_LIST_MISSING, FILE_LISTS };

/*
 * Files looked up before: small ones with their content, larger ones as an open descriptor, missing ones
 * as a name. An entry older than `valid`, or than the last change that we made ourselves (`epoch`, shared
 * by all workers), is compared with the disk before it is used. A file read while somebody writes it is
 * not kept: never the head of one version with the body of another.
 */
struct file_cache {
	struct file_view view;
	const int *dirs; /* descriptors, by index in config.dirs; -1: could not be opened */
	struct file_cache_limits limits;
	_Atomic uint64_t *epoch;
	struct map map;
	struct list lists[FILE_LISTS];
	size_t counts[FILE_LISTS];
	size_t weight;
	uint64_t hits, misses;
};

void file_cache_init(struct file_cache *cache, const int *dirs,
                     const struct file_cache_limits *limits, _Atomic uint64_t *epoch);
void file_cache_end(struct file_cache *cache);

/* Something below the roots was changed by us: every entry, in every worker, is looked at anew. */
static inline void file_cache_touch(struct file_cache *cache)
{
	atomic_fetch_add_explicit(cache->epoch, 1, memory_order_relaxed);
}

/* Gives the file a block for a location; it counts against the limits. The block is then the file's. */
void file_cache_add_block(struct file_cache *cache, struct file *file, struct file_block *block);

/* The next request for its name looks at the disk again. Who holds the file keeps it. */
void file_cache_forget(struct file_cache *cache, struct file *file);

/* Takes another hold of the file, or gives one back; the last one frees it. */
struct file *file_hold(struct file *file);
void file_release(struct file *file);

static inline struct str file_etag(const struct file *file)
{
	return str_make(file->etag, file->etag_len);
}

/* Fills kind, size, times, etag from an open descriptor, which it takes over. For files that never go through a view. */
void file_from_fd(struct file *file, int fd);

#endif
