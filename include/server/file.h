#ifndef SERVER_FILE_H
#define SERVER_FILE_H

#include "server/file_cache.h"

/*
 * Looks the file up on disk. One that is regular and at most `entry` bytes long is read whole, unless it
 * changes meanwhile. NULL when memory is out.
 */
struct file *file_open(int dirfd, struct str path, enum path_links links, size_t entry);

/* Whether the name still leads to the very same state of the very same file (or still to none). */
bool file_is_unchanged(const struct file *file, int dirfd, struct str path);

#endif
