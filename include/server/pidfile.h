#ifndef SERVER_PIDFILE_H
#define SERVER_PIDFILE_H

#include <sys/types.h>

/*
 * Writes our process id to the file. One that a dead process left is replaced; one whose process lives
 * is refused. 0, or -1 with the reason logged.
 */
int pidfile_write(const char *path);

/* Removes the file if it is still ours. */
void pidfile_remove(const char *path);

/* The id in the file, or 0 where there is none or its process is not alive. */
pid_t pidfile_read(const char *path);

#endif
