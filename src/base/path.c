#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * O_NONBLOCK: opening a FIFO must not wait for its writer. O_NOCTTY: a terminal must not become ours.
 */
enum { PATH_FLAGS = O_CLOEXEC | O_NOCTTY | O_NONBLOCK, PATH_LINK_HOPS = 40 };

/* ---- opening without links --------------------------------------------------------------------------- */

static int path_openat2(int dirfd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = { .flags = (uint64_t)(unsigned)(flags | PATH_FLAGS),
		                .resolve = resolve };

	if (flags & O_PATH) /* which goes with few other flags */
		how.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC);
	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
}

/* A kernel before 5.6, or a filter that forbids the call. */
static bool path_lacks_openat2(int error)
{
	return error == ENOSYS || error == EPERM;
}

static int path_close_with(int fd, int result)
{
	int error = errno;

	close(fd);
	errno = error;
	return result;
}

/* The same by hand: one openat() a component, none of which may be a link. */
static int path_open_steps(int dirfd, char *path, int flags)
{
	char *name = path;
	int at = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);

	while (at >= 0) {
		char *slash = strchr(name, '/');
		int next;

		if (strcmp(name, "..") == 0 || strncmp(name, "../", 3) == 0) {
			errno = EXDEV;
			return path_close_with(at, -1);
		}
		if (!slash)
			return path_close_with(at, openat(at, *name ? name : ".",
			                                  flags | PATH_FLAGS | O_NOFOLLOW));
		*slash = '\0';
		next = openat(at, *name ? name : ".",
		              O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		at = path_close_with(at, next);
		name = slash + 1;
	}
	return -1;
}

static int path_open_plain(int dirfd, char *path, int flags)
{
	int fd = path_openat2(dirfd, *path ? path : ".", flags,
	                      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);

	if (fd >= 0 || !path_lacks_openat2(errno))
		return fd;
	return path_open_steps(dirfd, path, flags);
}

/* ---- following links that stay below the root -------------------------------------------------------- */

/*
 * A walk keeps two texts: `done`, a path from the root that is known to hold no link, and `rest`, what
 * is still to be resolved. A link's target goes in front of `rest`; ".." takes a name off `done`.
 */
struct path_walk {
	int dirfd;
	char done[PATH_MAX_BYTES];
	char rest[PATH_MAX_BYTES];
	unsigned hops;
};

static int path_fail(int error)
{
	errno = error;
	return -1;
}

/* Removes the root's own path from an absolute link's target; -1 where it leads elsewhere. */
static int path_strip_root(int dirfd, char *target)
{
	char name[40], root[PATH_MAX_BYTES];
	ssize_t n;

	snprintf(name, sizeof name, "/proc/self/fd/%d", dirfd);
	n = readlink(name, root, sizeof root - 1);
	if (n <= 0)
		return path_fail(EXDEV);
	if (strncmp(target, root, (size_t)n) != 0 || (target[n] != '/' && target[n] != '\0'))
		return path_fail(EXDEV);
	memmove(target, target + n, strlen(target + n) + 1);
	return 0;
}

static int path_follow(struct path_walk *w, int link)
{
	char target[PATH_MAX_BYTES], joined[2 * PATH_MAX_BYTES];
	ssize_t n = readlinkat(link, "", target, sizeof target - 1);

	if (n < 0)
		return -1;
	target[n] = '\0';
	if (++w->hops > PATH_LINK_HOPS)
		return path_fail(ELOOP);
	if (target[0] == '/') {
		if (path_strip_root(w->dirfd, target) != 0)
			return -1;
		w->done[0] = '\0';
	}
	n = snprintf(joined, sizeof joined, "%s/%s", target, w->rest);
	if ((size_t)n >= sizeof w->rest)
		return path_fail(ENAMETOOLONG);
	memcpy(w->rest, joined, (size_t)n + 1);
	return 0;
}

/* Takes the first name off `rest`; false when there is none. */
static bool path_next_name(struct path_walk *w, char *name, size_t size)
{
	size_t skip = strspn(w->rest, "/"), len = strcspn(w->rest + skip, "/");

	if (len == 0 || len >= size)
		return false;
	memcpy(name, w->rest + skip, len);
	name[len] = '\0';
	memmove(w->rest, w->rest + skip + len, strlen(w->rest + skip + len) + 1);
	return true;
}

static int path_step(struct path_walk *w, const char *name)
{
	char try[2 * PATH_MAX_BYTES], copy[PATH_MAX_BYTES];
	struct stat st;
	int n, fd, result = 0;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		char *slash = strrchr(w->done, '/');

		if (!w->done[0])
			return path_fail(EXDEV);
		*(slash ? slash : w->done) = '\0';
		return 0;
	}
	n = snprintf(try, sizeof try, "%s%s%s", w->done, w->done[0] ? "/" : "", name);
	if ((size_t)n >= sizeof w->done)
		return path_fail(ENAMETOOLONG);
	memcpy(copy, try, (size_t)n + 1);
	fd = path_open_plain(w->dirfd, copy, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0)
		result = -1;
	else if (S_ISLNK(st.st_mode))
		result = path_follow(w, fd);
	else
		memcpy(w->done, try, (size_t)n + 1);
	return path_close_with(fd, result);
}

static int path_open_walk(int dirfd, const char *path, int flags)
{
	struct path_walk w = { .dirfd = dirfd };
	char name[256];

	snprintf(w.rest, sizeof w.rest, "%s", path);
	while (path_next_name(&w, name, sizeof name))
		if (path_step(&w, name) != 0)
			return -1;
	if (w.rest[strspn(w.rest, "/")] != '\0')
		return path_fail(ENAMETOOLONG);
	return path_open_plain(dirfd, w.done, flags);
}

/* ---- if_not_owner ------------------------------------------------------------------------------------ */

static int path_check_owner(int dirfd, const char *path)
{
	struct stat link, target;

	if (fstatat(dirfd, path, &link, AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	if (!S_ISLNK(link.st_mode))
		return 0;
	if (fstatat(dirfd, path, &target, 0) != 0)
		return -1;
	return link.st_uid == target.st_uid ? 0 : path_fail(ELOOP);
}

static int path_open_owner(int dirfd, char *path, int flags)
{
	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		int result;

		*slash = '\0';
		result = *path ? path_check_owner(dirfd, path) : 0;
		*slash = '/';
		if (result != 0)
			return -1;
	}
	if (path_check_owner(dirfd, path) != 0)
		return -1;
	return openat(dirfd, path, flags | PATH_FLAGS);
}

/* ---- the public face --------------------------------------------------------------------------------- */

/* A C string of the slice, "." for the root itself. */
static int path_text(struct str path, char text[PATH_MAX_BYTES])
{
	if (path.len >= PATH_MAX_BYTES)
		return path_fail(ENAMETOOLONG);
	if (path.len > 0 && memchr(path.ptr, '\0', path.len))
		return path_fail(EINVAL);
	if (path.len == 0)
		path = STR_OF(".");
	memcpy(text, path.ptr, path.len);
	text[path.len] = '\0';
	return 0;
}

int path_open(int dirfd, struct str path, int flags, enum path_links links)
{
	char text[PATH_MAX_BYTES];
	int fd;

	if (path_text(path, text) != 0)
		return -1;
	switch (links) {
	case PATH_LINKS_NONE:
		return path_open_plain(dirfd, text, flags);
	case PATH_LINKS_OWNER:
		return path_open_owner(dirfd, text, flags);
	case PATH_LINKS_ALL:
		return openat(dirfd, text, flags | PATH_FLAGS);
	case PATH_LINKS_INSIDE:
		break;
	}
	fd = path_openat2(dirfd, text, flags, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
	if (fd >= 0 || (errno != EXDEV && !path_lacks_openat2(errno)))
		return fd;
	/* An absolute link that leads back inside is refused by the kernel and allowed by us. */
	return path_open_walk(dirfd, text, flags);
}

int path_open_parent(int dirfd, struct str path, enum path_links links, struct str *name)
{
	size_t slash = str_find_last(path, '/');
	struct str parent = slash == path.len ? (struct str){ NULL, 0 } : str_head(path, slash);

	*name = slash == path.len ? path : str_from_index(path, slash + 1);
	if (name->len == 0 || str_eq(*name, STR_OF(".")) || str_eq(*name, STR_OF("..")))
		return path_fail(EINVAL);
	return path_open(dirfd, parent, O_RDONLY | O_DIRECTORY, links);
}

bool path_is_hidden(struct str path)
{
	static const struct str well_known = STR("/.well-known/");

	if (str_starts_with(path, well_known))
		path = str_from_index(path, well_known.len - 1);
	if (path.len > 0 && path.ptr[0] == '.')
		return true;
	for (size_t i = 0; i + 1 < path.len; i++)
		if (path.ptr[i] == '/' && path.ptr[i + 1] == '.')
			return true;
	return false;
}
