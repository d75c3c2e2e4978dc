#ifndef SERVER_FILE_CACHE_H
#define SERVER_FILE_CACHE_H

#include "base/path.h"
#include "base/str.h"

#include <sys/types.h>
#include <time.h>

enum file_kind {
	FILE_MISSING,   /* no such name, or a link that leads nowhere */
	FILE_FORBIDDEN, /* may not be read, or a link that is not allowed */
	FILE_REGULAR,
	FILE_DIRECTORY,
	FILE_SPECIAL, /* a device, FIFO or socket: never opened for reading, never blocks */
	FILE_FAILED   /* the system could not say (out of descriptors or memory, I/O error) */
};

enum { FILE_ETAG_SIZE = 48 };

/* One file as it was found. */
struct file {
	enum file_kind kind;
	int error; /* errno behind MISSING, FORBIDDEN and FAILED */
	int fd;    /* open for reading; -1 where there is none */
	uint64_t size;
	struct timespec modified;
	uint64_t inode, device;
	mode_t mode;
	uint32_t users; /* who holds it */
	uint8_t etag_len;
	char etag
	        [FILE_ETAG_SIZE]; /* strong: from modification time in nanoseconds, size and inode, with quotes */
};

/*
 * A view of the file system below the configured directories. The server's is `file_cache`; tests and
 * --explain bring their own.
 */
struct file_view {
	/*
	 * Looks `path` up below directory number `dir` (config.dirs) and opens it. Never NULL unless memory
	 * is out. To be given back by file_release().
	 */
	struct file *(*open)(struct file_view *view, int dir, struct str path,
	                     enum path_links links);
};

struct file_cache {
	struct file_view view;
	const int *dirs; /* descriptors, by index in config.dirs; -1: could not be opened */
};

void file_cache_init(struct file_cache *cache, const int *dirs);

/* Takes another hold of the file, or gives one back; the last one closes it. */
struct file *file_hold(struct file *file);
void file_release(struct file *file);

static inline struct str file_etag(const struct file *file)
{
	return str_make(file->etag, file->etag_len);
}

/* Fills kind, size, times, etag from an open descriptor, which it takes over. For files that never go through a view. */
void file_from_fd(struct file *file, int fd);

#endif
