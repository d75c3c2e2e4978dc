#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* A name that nobody else uses and that no listing shows. */
static void temp_hidden_name(char name[PATH_TEMP_NAME])
{
	uint64_t n = 0;

	if (getrandom(&n, sizeof n, GRND_NONBLOCK) != (ssize_t)sizeof n)
		n = (uint64_t)getpid() << 32 | (uint64_t)(uintptr_t)&n;
	snprintf(name, PATH_TEMP_NAME, PATH_RESERVED "%016llx", (unsigned long long)n);
}

int path_temp_open(struct path_temp *temp, int dirfd, mode_t mode)
{
	int error;

	*temp = (struct path_temp){ .dirfd = dirfd };
	temp->fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	if (temp->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
		temp_hidden_name(temp->hidden);
		temp->fd = openat(dirfd, temp->hidden,
		                  O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
		if (temp->fd < 0)
			temp->hidden[0] = '\0';
	}
	if (temp->fd >= 0 && fchmod(temp->fd, mode) == 0) /* whatever the umask says */
		return 0;
	error = errno;
	path_temp_close(temp);
	errno = error;
	return -1;
}

/* A second name for the open file; EEXIST where it is taken. */
static int temp_link(const struct path_temp *temp, const char *name)
{
	char proc[40];

	if (temp->hidden[0])
		return linkat(temp->dirfd, temp->hidden, temp->dirfd, name, 0);
	/* Needs CAP_DAC_READ_SEARCH, or the same credentials since Linux 6.10; no /proc. */
	if (linkat(temp->fd, "", temp->dirfd, name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno == EEXIST)
		return -1;
	snprintf(proc, sizeof proc, "/proc/self/fd/%d", temp->fd);
	return linkat(AT_FDCWD, proc, temp->dirfd, name, AT_SYMLINK_FOLLOW);
}

/*
 * linkat() can't replace; so the file gets a hidden name first, and that is exchanged in one step. Where
 * the exchange fails it keeps the hidden name: one that had a name and lost it can't be linked again.
 */
static int temp_replace(struct path_temp *temp, const char *name)
{
	char other[sizeof temp->hidden];

	if (!temp->hidden[0]) {
		temp_hidden_name(other);
		if (temp_link(temp, other) != 0)
			return -1;
		memcpy(temp->hidden, other, sizeof other);
	}
	if (renameat(temp->dirfd, temp->hidden, temp->dirfd, name) != 0)
		return -1;
	temp->hidden[0] = '\0';
	return 0;
}

int path_temp_link(struct path_temp *temp, struct str name, bool replace)
{
	char text[256];

	if (name.len == 0 || name.len >= sizeof text || memchr(name.ptr, '/', name.len) ||
	    memchr(name.ptr, '\0', name.len)) {
		errno = name.len >= sizeof text ? ENAMETOOLONG : EINVAL;
		return -1;
	}
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	return replace ? temp_replace(temp, text) : temp_link(temp, text);
}

void path_temp_close(struct path_temp *temp)
{
	if (temp->hidden[0])
		unlinkat(temp->dirfd, temp->hidden, 0);
	temp->hidden[0] = '\0';
	if (temp->fd >= 0)
		close(temp->fd);
	if (temp->dirfd >= 0)
		close(temp->dirfd);
	temp->fd = temp->dirfd = -1;
}
