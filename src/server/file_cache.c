#include "server/file_cache.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static enum file_kind file_kind_of_error(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
	case EINVAL:
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

void file_from_fd(struct file *file, int fd)
{
	struct stat st;

	*file = (struct file){ .fd = fd, .users = 1 };
	if (fstat(fd, &st) != 0) {
		file->kind = FILE_FAILED;
		file->error = errno;
		return;
	}
	file->kind = S_ISREG(st.st_mode)   ? FILE_REGULAR
	             : S_ISDIR(st.st_mode) ? FILE_DIRECTORY
	                                   : FILE_SPECIAL;
	file->size = (uint64_t)st.st_size;
	file->modified = st.st_mtim;
	file->inode = st.st_ino;
	file->device = st.st_dev;
	file->mode = st.st_mode;
	if (file->kind == FILE_REGULAR)
		file_make_etag(file);
}

static void file_open(struct file *file, int dirfd, struct str path, enum path_links links)
{
	int fd = path_open(dirfd, path, O_RDONLY, links);

	if (fd >= 0) {
		file_from_fd(file, fd);
		return;
	}
	*file = (struct file){
		.kind = file_kind_of_error(errno), .error = errno, .fd = -1, .users = 1
	};
}

static struct file *file_cache_open(struct file_view *view, int dir, struct str path,
                                    enum path_links links)
{
	struct file_cache *cache = (struct file_cache *)(void *)view;
	struct file *file = malloc(sizeof *file);

	if (file)
		file_open(file, cache->dirs[dir], path, links);
	return file;
}

void file_cache_init(struct file_cache *cache, const int *dirs)
{
	*cache = (struct file_cache){ .view.open = file_cache_open, .dirs = dirs };
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
	if (file->fd >= 0)
		close(file->fd);
	free(file);
}
