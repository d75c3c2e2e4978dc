#ifndef SERVER_PIDFILE_H
#define SERVER_PIDFILE_H

#include <sys/types.h>

/*
 * The file that holds our process id. It is locked while we live, so that a stale one is told from a
 * live one even where its number has gone to another process since.
 */
struct pidfile {
	char *path; /* NULL: none */
	int fd;
};

/*
 * Writes our process id. A file that a dead server left is replaced; one whose server lives is refused.
 * "" is no file at all. 0, or -1 with the reason logged. Not for a path that we hold already.
 */
int pidfile_open(struct pidfile *pidfile, const char *path);

/*
 * The same for a process that takes the place of another, whose file it replaces in one step: at every
 * moment the path names a locked file with a process that serves. *pidfile holds nothing yet.
 */
int pidfile_replace(struct pidfile *pidfile, const char *path, pid_t predecessor);

/* Removes the file, unless the path names another one now. Harmless where there is none. */
void pidfile_close(struct pidfile *pidfile);

/* The process of the running server whose file this is, or 0: there is none. */
pid_t pidfile_owner(const char *path);

#endif
