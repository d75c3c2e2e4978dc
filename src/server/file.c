#include "server/file.h"

#include "base/log.h"
#include "net/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum file_kind file_kind_of_error(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
	case EINVAL:
	case EBADF: /* the root itself could not be opened */
		return FILE_MISSING;
	case EACCES:
	case EPERM:
	case ELOOP:
	case EXDEV:
		return FILE_FORBIDDEN;
	case ENXIO: /* a socket, or a FIFO without a reader */
	case ENODEV:
		return FILE_SPECIAL;
	default:
		return FILE_FAILED;
	}
}

static void file_make_etag(struct file *file)
{
	int n = snprintf(file->etag, sizeof file->etag, "\"%llx.%lx-%llx\"",
	                 (unsigned long long)file->modified.tv_sec,
	                 (unsigned long)file->modified.tv_nsec, (unsigned long long)file->size);

	file->etag_len = (uint8_t)n;
}

static void file_from_stat(struct file *file, const struct stat *st)
{
	file->kind = S_ISREG(st->st_mode)   ? FILE_REGULAR
	             : S_ISDIR(st->st_mode) ? FILE_DIRECTORY
	                                    : FILE_SPECIAL;
	file->size = (uint64_t)st->st_size;
	file->modified = st->st_mtim;
	file->changed = st->st_ctim;
	file->inode = st->st_ino;
	file->device = st->st_dev;
	file->mode = st->st_mode;
	if (file->kind == FILE_REGULAR)
		file_make_etag(file);
}

void file_from_fd(struct file *file, int fd)
{
	struct stat st;

	*file = (struct file){ .fd = fd, .users = 1 };
	list_init(&file->node);
	if (fstat(fd, &st) == 0) {
		file_from_stat(file, &st);
		return;
	}
	file->kind = FILE_FAILED;
	file->error = errno;
}

static bool file_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool file_matches(const struct file *file, const struct stat *st)
{
	return file->inode == st->st_ino && file->device == st->st_dev &&
	       file->size == (uint64_t)st->st_size && file->mode == st->st_mode &&
	       file_same_time(file->modified, st->st_mtim) &&
	       file_same_time(file->changed, st->st_ctim);
}

bool file_is_unchanged(const struct file *file, int dirfd, struct str path)
{
	char name[PATH_MAX_BYTES];
	struct stat st;

	if (path.len == 0 || path.len >= sizeof name)
		return false;
	memcpy(name, path.ptr, path.len);
	name[path.len] = '\0';
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return file->kind == FILE_MISSING && file_kind_of_error(errno) == FILE_MISSING;
	return file->kind == FILE_REGULAR && file_matches(file, &st);
}

bool file_read_part(const struct file *file, off_t offset, char *to, size_t len)
{
	struct stat st;

	return io_pread(file->fd, to, len, offset) == (ssize_t)len && fstat(file->fd, &st) == 0 &&
	       file_matches(file, &st);
}

/* The whole of a small file; kept only when nobody wrote to it between the two looks. */
static void file_read(struct file *file)
{
	size_t size = (size_t)file->size;
	char *content = malloc(size + 1);
	struct stat st;

	if (!content)
		return;
	/* One byte more is asked for: a file that grew is noticed. */
	if (io_pread(file->fd, content, size + 1, 0) != (ssize_t)size ||
	    fstat(file->fd, &st) != 0 || !file_matches(file, &st)) {
		free(content);
		return;
	}
	file->content = content;
	close(file->fd);
	file->fd = -1;
}

struct file *file_open(int dirfd, struct str path, enum path_links links, size_t entry)
{
	struct file *file = malloc(sizeof *file);
	int fd;

	if (!file)
		return NULL;
	fd = path_open(dirfd, path, O_RDONLY, links);
	if (fd < 0) {
		*file = (struct file){
			.kind = file_kind_of_error(errno), .error = errno, .fd = -1, .users = 1
		};
		list_init(&file->node);
		return file;
	}
	file_from_fd(file, fd);
	if (file->kind == FILE_REGULAR && file->size <= entry)
		file_read(file);
	return file;
}

struct file *file_hold(struct file *file)
{
	file->users++;
	return file;
}

void file_release(struct file *file)
{
	ASSERT(file->users > 0);
	if (--file->users > 0)
		return;
	while (file->blocks) {
		struct file_block *block = file->blocks;

		file->blocks = block->next;
		free(block);
	}
	free(file->content);
	if (file->fd >= 0)
		close(file->fd);
	free(file);
}
