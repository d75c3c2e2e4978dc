#include "base/log.h"
#include "server/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* PATH.n, for n 0 the path itself. False: that is longer than a path can be. */
static bool rotate_name(char name[PATH_MAX], const char *path, unsigned n)
{
	int len = n == 0 ? snprintf(name, PATH_MAX, "%s", path)
	                 : snprintf(name, PATH_MAX, "%s.%u", path, n);

	return len > 0 && len < PATH_MAX;
}

/* 0, also where there is nothing to be renamed. */
static int rotate_rename(const char *path, unsigned from, unsigned to)
{
	char old[PATH_MAX], new[PATH_MAX];

	if (!rotate_name(old, path, from) || !rotate_name(new, path, to)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return rename(old, new) == 0 || errno == ENOENT ? 0 : -1;
}

/* The oldest first, so that each finds its new name free; the one that is to go is replaced. */
static int rotate_count_up(const char *path, unsigned keep)
{
	for (unsigned n = keep; n > 0; n--)
		if (rotate_rename(path, n - 1, n) != 0)
			return -1;
	return 0;
}

/* Whoever could read the old one can read the new one, and nobody else. */
static int rotate_begin(const char *path, const struct stat *old)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);

	if (fd < 0)
		return -1;
	if (old->st_uid != geteuid() || old->st_gid != getegid()) {
		/* Only root may give it away; what it can't be given it need not have. */
		if (fchown(fd, old->st_uid, old->st_gid) != 0)
			log_info("%s does not get the owner of the last one: %s", path,
			         strerror(errno));
	}
	if (fchmod(fd, old->st_mode & 07777) != 0)
		log_info("%s does not get the mode of the last one: %s", path, strerror(errno));
	close(fd);
	return 0;
}

int log_rotate(const struct config_log *log, unsigned keep)
{
	const char *path = log->path.ptr;
	struct stat ours, there;

	if (fstat(log->fd, &ours) != 0)
		goto fail;
	if (stat(path, &there) != 0 || there.st_dev != ours.st_dev || there.st_ino != ours.st_ino)
		return 0;
	if (rotate_count_up(path, keep) != 0)
		goto fail;
	if (rotate_begin(path, &ours) == 0)
		return 0;
	log_error("the log %s can't be begun anew: %s", path, strerror(errno));
	if (rotate_rename(path, 1, 0) != 0)
		log_error("and %s.1 can't be renamed back: %s", path, strerror(errno));
	return -1;

fail:
	log_error("the log %s can't be rotated: %s", path, strerror(errno));
	return -1;
}
