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

static int path_fail(int error)
{
	errno = error;
	return -1;
}

static int path_close_with(int fd, int result)
{
	int error = errno;

	close(fd);
	errno = error;
	return result;
}

/*
 * One name in the directory `at`. A link is refused, or followed where it and its target have one owner:
 * the target is judged by the descriptor that was opened, so that nobody can exchange it in between.
 * Only a caller's own O_NOFOLLOW asks for the link itself.
 */
static int path_open_name(int at, const char *name, int flags, bool owned)
{
	struct stat link = { 0 }, target;
	bool is_link = fstatat(at, name, &link, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(link.st_mode);
	int fd;

	if (!is_link || flags & O_NOFOLLOW)
		return openat(at, name, flags | PATH_FLAGS | O_NOFOLLOW);
	if (!owned)
		return path_fail(ELOOP);
	fd = openat(at, name, flags | PATH_FLAGS);
	if (fd >= 0 && (fstat(fd, &target) != 0 || target.st_uid != link.st_uid))
		return path_close_with(fd, path_fail(ELOOP));
	return fd;
}

/* By hand, component by component. No name is "..": path_text() refuses it, and a walk resolves it. */
static int path_open_steps(int dirfd, char *path, int flags, bool owned)
{
	char *name = path;
	int at = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);

	while (at >= 0) {
		char *slash = strchr(name, '/');

		if (!slash)
			return path_close_with(
			        at, path_open_name(at, *name ? name : ".", flags, owned));
		*slash = '\0';
		at = path_close_with(
		        at, path_open_name(at, *name ? name : ".", O_PATH | O_DIRECTORY, owned));
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
	return path_open_steps(dirfd, path, flags, false);
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

/*
 * Takes the root's own path off an absolute link's target; EXDEV where it leads elsewhere. The root is
 * told by device and inode, not by name: a root that is itself reached through links is found, and no
 * /proc is needed, which a confined process can't read. The last place that is the root counts.
 */
static int path_strip_root(int dirfd, char *target)
{
	struct stat root, st;
	char *rest = NULL;

	if (fstat(dirfd, &root) != 0)
		return -1;
	for (char *end = target; end; end = *end ? strchrnul(end + 1, '/') : NULL) {
		char kept = *end;
		int found;

		*end = '\0';
		found = stat(end == target ? "/" : target, &st);
		*end = kept;
		if (found != 0)
			break;
		if (st.st_dev == root.st_dev && st.st_ino == root.st_ino)
			rest = end;
	}
	if (!rest)
		return path_fail(EXDEV);
	memmove(target, rest, strlen(rest) + 1);
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
	char name[NAME_MAX + 1];

	if (path[strlen(path) - 1] == '/')
		flags |= O_DIRECTORY;
	snprintf(w.rest, sizeof w.rest, "%s", path);
	while (path_next_name(&w, name, sizeof name))
		if (path_step(&w, name) != 0)
			return -1;
	if (w.rest[strspn(w.rest, "/")] != '\0')
		return path_fail(ENAMETOOLONG);
	return path_open_plain(dirfd, w.done, flags);
}

/* ---- the public face --------------------------------------------------------------------------------- */

/* openat() itself would follow it out of the directory, before any link is looked at. */
static bool path_has_parent(struct str path)
{
	while (path.len > 0)
		if (str_eq(str_cut(&path, '/'), STR_OF("..")))
			return true;
	return false;
}

/* A C string of the slice, relative whatever it begins with; "." for the root itself. */
static int path_text(struct str path, char text[PATH_MAX_BYTES])
{
	while (path.len > 0 && path.ptr[0] == '/')
		path = str_from_index(path, 1);
	if (path.len >= PATH_MAX_BYTES)
		return path_fail(ENAMETOOLONG);
	if (path.len > 0 && memchr(path.ptr, '\0', path.len))
		return path_fail(EINVAL);
	if (path_has_parent(path))
		return path_fail(EXDEV);
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
		return path_open_steps(dirfd, text, flags, true);
	case PATH_LINKS_ALL:
		return openat(dirfd, text, flags | PATH_FLAGS);
	case PATH_LINKS_INSIDE:
		break;
	}
	fd = path_openat2(dirfd, text, flags, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
	if (fd >= 0 || (errno != EXDEV && errno != EAGAIN && !path_lacks_openat2(errno)))
		return fd;
	/*
	 * EXDEV: an absolute link that leads back inside is refused by the kernel and allowed by us. EAGAIN:
	 * something was renamed, anywhere, while the kernel went through a link with "..".
	 */
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

bool path_is_reserved(struct str path)
{
	static const struct str reserved = STR(PATH_RESERVED);

	while (path.len > 0)
		if (str_starts_with(str_cut(&path, '/'), reserved))
			return true;
	return false;
}
