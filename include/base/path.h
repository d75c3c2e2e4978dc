#ifndef BASE_PATH_H
#define BASE_PATH_H

#include "base/str.h"

#include <limits.h>

#include <sys/types.h>

/* How symbolic links below a root are treated (directive disable_symlinks). */
enum path_links {
	PATH_LINKS_INSIDE, /* followed where they stay below the root */
	PATH_LINKS_NONE,   /* refused */
	PATH_LINKS_OWNER,  /* followed where link and target have one owner */
	PATH_LINKS_ALL     /* followed anywhere */
};

enum { PATH_MAX_BYTES = 4096 };

/*
 * Opens `path` below the directory dirfd. "" is the root itself, and leading slashes count nothing, as
 * if the directory were the file system's root. flags as for open(2), without O_CREAT; O_CLOEXEC,
 * O_NOCTTY and O_NONBLOCK are added, so that a FIFO or a device can't block. The descriptor, or -1 and
 * errno: EXDEV for ".." in the path and for a link that leads out; ELOOP for a link that is not allowed;
 * EINVAL for a NUL in the path; ENAMETOOLONG. Only links, and only with PATH_LINKS_OWNER and
 * PATH_LINKS_ALL, lead out of the root.
 */
int path_open(int dirfd, struct str path, int flags, enum path_links links);

/*
 * Splits a relative path into an open directory (to be closed by the caller) and its last name.
 * -1 and errno as path_open; EINVAL where the last name is empty, "." or "..".
 */
int path_open_parent(int dirfd, struct str path, enum path_links links, struct str *name);

/* How every name begins that is ours alone: of files that are still being written. */
#define PATH_RESERVED ".upload-"

enum { PATH_TEMP_NAME = 48 };

/*
 * A file being written that has no name yet: it appears whole under its name, or not at all.
 * Where the file system knows no O_TMPFILE it has a hidden name of its own until then.
 */
struct path_temp {
	int fd;                      /* open for writing and reading; -1: none */
	int dirfd;                   /* the directory it will appear in, owned */
	char hidden[PATH_TEMP_NAME]; /* "" for an O_TMPFILE */
};

/* Makes one in the directory dirfd, which it then owns also on failure. 0, or -1 and errno. */
int path_temp_open(struct path_temp *temp, int dirfd, mode_t mode);

/*
 * Gives it its name. replace: an existing file is exchanged atomically; else EEXIST. 0, or -1 and errno;
 * on failure the temporary file is still there and another name may be tried.
 */
int path_temp_link(struct path_temp *temp, struct str name, bool replace);

/* Closes it; what got no name is gone. Safe to call twice. */
void path_temp_close(struct path_temp *temp);

/* True for a name that begins with a dot in any segment, "/.well-known/" at the start excepted. */
bool path_is_hidden(struct str path);

/* True where a segment begins with PATH_RESERVED: nobody may read, write or list it by its name. */
bool path_is_reserved(struct str path);

#endif
