#include "server/pidfile.h"

#include "base/log.h"
#include "net/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIDFILE_FLAGS = O_CLOEXEC | O_NOCTTY | O_NONBLOCK };

/* The process that holds the lock on the open file; 0: nobody, or we ourselves. */
static pid_t pidfile_locker(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
		return 0;
	return lock.l_pid;
}

pid_t pidfile_owner(const char *path)
{
	int fd = open(path, O_RDONLY | PIDFILE_FLAGS);
	pid_t owner = fd < 0 ? 0 : pidfile_locker(fd);

	if (fd >= 0)
		close(fd);
	return owner;
}

/* Whether the name still leads to the open file. */
static bool pidfile_is_named(int fd, const char *path)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_dev == named.st_dev &&
	       ours.st_ino == named.st_ino;
}

/* Open and locked, or -1. A server that ends at this moment may take the name away between the two: then again. */
static int pidfile_lock(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd;

	for (;;) {
		fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | PIDFILE_FLAGS, 0644);
		if (fd < 0) {
			log_error("pid file %s can't be written: %s", path, strerror(errno));
			return -1;
		}
		if (fcntl(fd, F_SETLK, &lock) != 0)
			break;
		if (pidfile_is_named(fd, path))
			return fd;
		close(fd);
	}
	if (errno == EACCES || errno == EAGAIN)
		log_error("pid file %s belongs to process %ld, which is running; stop it first, or "
		          "name another file",
		          path, (long)pidfile_locker(fd));
	else
		log_error("pid file %s can't be locked: %s", path, strerror(errno));
	close(fd);
	return -1;
}

/* Writes our number into the file, which is open and locked; it keeps its path. */
static int pidfile_fill(struct pidfile *pidfile, const char *path)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());

	if (ftruncate(pidfile->fd, 0) != 0 || io_write_all(pidfile->fd, text, (size_t)n) != 0) {
		log_error("pid file %s can't be written: %s", path, strerror(errno));
		close(pidfile->fd);
		pidfile->fd = -1;
		return -1;
	}
	/* Without memory for its name the file only stays behind, stale. */
	pidfile->path = strdup(path);
	return 0;
}

int pidfile_open(struct pidfile *pidfile, const char *path)
{
	*pidfile = (struct pidfile){ .fd = -1 };
	if (!*path)
		return 0;
	pidfile->fd = pidfile_lock(path);
	return pidfile->fd < 0 ? -1 : pidfile_fill(pidfile, path);
}

int pidfile_replace(struct pidfile *pidfile, const char *path, pid_t predecessor)
{
	pid_t owner = pidfile_owner(path);
	char aside[PATH_MAX];

	*pidfile = (struct pidfile){ .fd = -1 };
	if (!*path)
		return 0;
	if (owner != predecessor) /* not its, or none at all: as ever */
		return pidfile_open(pidfile, path);
	if ((size_t)snprintf(aside, sizeof aside, "%s.%ld", path, (long)getpid()) >= sizeof aside) {
		log_error("the path of the pid file is too long: %s", path);
		return -1;
	}
	pidfile->fd = pidfile_lock(aside);
	if (pidfile->fd < 0 || pidfile_fill(pidfile, path) != 0)
		return -1;
	if (rename(aside, path) == 0)
		return 0;
	log_error("pid file %s can't be replaced: %s", path, strerror(errno));
	unlink(aside);
	pidfile_close(pidfile);
	return -1;
}

void pidfile_close(struct pidfile *pidfile)
{
	/* Still locked, lest the next server's file be taken away. */
	if (pidfile->path && pidfile_is_named(pidfile->fd, pidfile->path))
		unlink(pidfile->path);
	free(pidfile->path);
	if (pidfile->fd >= 0)
		close(pidfile->fd);
	*pidfile = (struct pidfile){ .fd = -1 };
}
