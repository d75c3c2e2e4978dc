#include "handlers/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COMMIT_TRIES = 64 /* names found free that another took before us */ };

static bool name_is_taken(int dirfd, struct str name, uint64_t n)
{
	char room[FILENAME_MAX_BYTES + 1];
	struct stat st;

	return fstatat(dirfd, upload_name_numbered(name, n, room).ptr, &st, AT_SYMLINK_NOFOLLOW) ==
	       0;
}

/*
 * The first free number behind a taken name. Doubling, then halving: the thousandth photo.jpg costs
 * twenty looks, not a thousand. Where there are gaps it may find one of them.
 */
static uint64_t name_free_number(int dirfd, struct str name)
{
	uint64_t taken = 0, free = 1;

	while (name_is_taken(dirfd, name, free)) {
		taken = free;
		free *= 2;
	}
	while (free - taken > 1) {
		uint64_t middle = taken + (free - taken) / 2;

		if (name_is_taken(dirfd, name, middle))
			taken = middle;
		else
			free = middle;
	}
	return free;
}

static int commit_numbered(struct upload *u, struct upload_file *f, struct arena *arena)
{
	char *room = arena_alloc(arena, FILENAME_MAX_BYTES + 1);
	struct str name = f->name;

	for (unsigned i = 0; room && i < COMMIT_TRIES; i++) {
		if (path_temp_link(&f->temp, name, false) == 0) {
			f->name = name;
			f->is_linked = true;
			return 0;
		}
		if (errno != EEXIST)
			return -1;
		name = upload_name_numbered(f->name, name_free_number(u->dirfd, f->name), room);
	}
	errno = room ? EEXIST : ENOMEM;
	return -1;
}

static bool name_is_directory(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/*
 * Replaces in a way that can be undone: the new file gets a hidden name, and the two change places in one
 * step. What was replaced waits under the hidden name until every file of the form has its own.
 */
static int commit_exchange(struct upload *u, struct upload_file *f)
{
	int error;

	upload_name_hidden(f->hidden);
	if (path_temp_link(&f->temp, str_from(f->hidden), false) != 0) {
		f->hidden[0] = '\0';
		return -1;
	}
	if (name_is_directory(u->dirfd, f->name.ptr))
		errno = EISDIR;
	else if (renameat2(u->dirfd, f->hidden, u->dirfd, f->name.ptr, RENAME_EXCHANGE) == 0)
		return 0;
	error = errno;
	unlinkat(u->dirfd, f->hidden, 0);
	f->hidden[0] = '\0';
	errno = error;
	return -1;
}

static int commit_replacing(struct upload *u, struct upload_file *f)
{
	if (path_temp_link(&f->temp, f->name, false) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	/* A single file has nothing to be undone with. */
	return u->files.len == 1 ? path_temp_link(&f->temp, f->name, true) : commit_exchange(u, f);
}

static int commit_one(struct upload *u, struct upload_file *f, enum upload_overwrite overwrite,
                      struct arena *arena)
{
	int result = -1;

	switch (overwrite) {
	case OVERWRITE_OFF:
		result = path_temp_link(&f->temp, f->name, false);
		break;
	case OVERWRITE_ON:
		result = commit_replacing(u, f);
		break;
	case OVERWRITE_RENAME:
		return commit_numbered(u, f, arena);
	}
	f->is_linked = result == 0;
	return result;
}

/* The latest first: a form may hold two files of one name. */
static void commit_undo(struct upload *u)
{
	for (size_t i = u->files.len; i-- > 0;) {
		struct upload_file *f = u->files.items[i];

		if (!f->is_linked)
			continue;
		if (f->hidden[0]) {
			renameat2(u->dirfd, f->hidden, u->dirfd, f->name.ptr, RENAME_EXCHANGE);
			unlinkat(u->dirfd, f->hidden, 0);
		} else {
			unlinkat(u->dirfd, f->name.ptr, 0);
		}
		f->is_linked = false;
	}
}

int upload_commit(struct upload *u, enum upload_overwrite overwrite, struct arena *arena,
                  struct upload_file **failed)
{
	for (size_t i = 0; i < u->files.len; i++) {
		*failed = u->files.items[i];
		if (commit_one(u, *failed, overwrite, arena) != 0) {
			int error = errno;

			commit_undo(u);
			errno = error;
			return -1;
		}
	}
	for (size_t i = 0; i < u->files.len; i++)
		if (u->files.items[i]->hidden[0])
			unlinkat(u->dirfd, u->files.items[i]->hidden, 0);
	return 0;
}
