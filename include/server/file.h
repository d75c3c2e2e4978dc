#ifndef SERVER_FILE_H
#define SERVER_FILE_H

#include "server/file_cache.h"

/*
 * Looks the file up on disk. One that is regular and at most `entry` bytes long is read whole, unless it
 * changes meanwhile. NULL when memory is out.
 */
struct file *file_open(int dirfd, struct str path, enum path_links links, size_t entry);

/* Reads len bytes of an open file. False where they are not there, or not those of the version that `file` describes. */
bool file_read_part(const struct file *file, off_t offset, char *to, size_t len);

/* Whether the name still leads to the very same state of the very same file (or still to none). */
bool file_is_unchanged(const struct file *file, int dirfd, struct str path);

#endif
