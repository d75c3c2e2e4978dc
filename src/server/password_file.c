#include "server/password_file.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

int password_file_descriptor(struct str path)
{
	static const struct str ways[] = { STR("/dev/fd/"), STR("/proc/self/fd/") };
	uint64_t fd;

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		if (str_starts_with(path, ways[i]) &&
		    str_parse_u64(str_from_index(path, ways[i].len), &fd) && fd <= INT_MAX)
			return (int)fd;
	return -1;
}

void password_file_init(struct password_file *file, const char *path)
{
	*file = (struct password_file){ .path = path };
	arena_init(&file->arena, NULL);
	map_init(&file->by_user);
}

static void password_file_clear(struct password_file *file)
{
	map_end(&file->by_user);
	arena_end(&file->arena);
	file->usual = str_make(NULL, 0);
	file->is_readable = false;
}

void password_file_end(struct password_file *file)
{
	password_file_clear(file);
}

/* A line that can't be used leaves its name without a password, never without the need of one. */
static bool password_file_add(struct password_file *file, const struct htpasswd_line *line)
{
	struct htpasswd_line *copy;

	if (line->fault) {
		log_warn("%s:%u: %s%s: the line is left out", file->path, line->number,
		         line->hash.len > 0 ? "the password is " : "the line ", line->fault);
		return true;
	}
	if (map_get(&file->by_user, line->user))
		return true;
	copy = arena_alloc(&file->arena, sizeof *copy);
	if (!copy)
		return false;
	*copy = *line;
	if (file->usual.len == 0)
		file->usual = line->hash;
	return map_put(&file->by_user, copy->user, copy);
}

static bool password_file_parse(struct password_file *file, int fd,
                                const struct password_library *library)
{
	struct str text = htpasswd_read(fd, &file->arena);
	struct htpasswd_line line;
	unsigned number = 0;

	if (!text.ptr)
		return false;
	while (htpasswd_next(&text, &number, library, &line))
		if (!password_file_add(file, &line)) {
			errno = ENOMEM;
			return false;
		}
	return true;
}

static void password_file_load(struct password_file *file, const struct password_library *library)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), error;

	password_file_clear(file);
	/* What is noted is what was opened: a change while it is read is seen at the next look. */
	file->is_readable =
	        fd >= 0 && fstat(fd, &file->st) == 0 && password_file_parse(file, fd, library);
	error = file->is_readable ? 0 : errno;
	if (fd >= 0)
		close(fd);
	if (!file->is_readable)
		password_file_clear(file);
	if (error != 0 && error != file->error)
		log_error("%s can't be read, nobody it guards is let in: %s", file->path,
		          strerror(error));
	file->error = error;
}

static bool password_file_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

bool password_file_refresh(struct password_file *file, const struct password_library *library)
{
	bool was_readable = file->is_readable;
	struct stat st;

	if (was_readable && stat(file->path, &st) == 0 && password_file_is_same(&st, &file->st))
		return false;
	password_file_load(file, library);
	return was_readable || file->is_readable;
}

bool password_file_admits(const struct password_file *file, struct password_library *library,
                          struct str user, struct str password)
{
	const struct htpasswd_line *line = map_get(&file->by_user, user);
	struct str hash = line ? line->hash : file->usual;
	bool matches = hash.len > 0 && password_matches(library, hash, password);

	return line && matches;
}
