#include "handlers/upload_state.h"

#include "base/buf.h"
#include "base/sha1.h"
#include "net/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATE_MAX = 64 * 1024 };

static const char state_magic[8] = "webup 1";

const enum field_id upload_condition_fields[UPLOAD_CONDITIONS] = {
	FIELD_IF_MATCH,
	FIELD_IF_NONE_MATCH,
	FIELD_IF_MODIFIED_SINCE,
	FIELD_IF_UNMODIFIED_SINCE,
};

/* ---- names --------------------------------------------------------------------------------------------- */

static void print_hex(const unsigned char *bytes, size_t count, char *out)
{
	for (size_t i = 0; i < count; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

bool upload_token_make(char token[UPLOAD_TOKEN_SIZE])
{
	unsigned char chance[UPLOAD_TOKEN_DIGITS / 2];

	if (getrandom(chance, sizeof chance, GRND_NONBLOCK) != (ssize_t)sizeof chance)
		return false;
	print_hex(chance, sizeof chance, token);
	return true;
}

/* What both files are called: half of the digest is as much as the token has. */
static void state_names(struct upload_state *s, struct str token)
{
	unsigned char digest[SHA1_SIZE];
	char hex[UPLOAD_TOKEN_DIGITS + 1];

	sha1(token, digest);
	print_hex(digest, UPLOAD_TOKEN_DIGITS / 2, hex);
	snprintf(s->data_name, sizeof s->data_name, PATH_RESERVED "%s", hex);
	snprintf(s->name, sizeof s->name, PATH_RESERVED "%s.s", hex);
}

/* ---- the lock and the epoch ------------------------------------------------------------------------------ */

static int state_set_lock(const struct upload_state *s, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

	if (fcntl(s->fd, F_OFD_SETLK, &lock) == 0)
		return 0;
	if (errno == EACCES)
		errno = EAGAIN;
	return -1;
}

int upload_state_lock(const struct upload_state *s)
{
	return state_set_lock(s, F_WRLCK);
}

void upload_state_unlock(const struct upload_state *s)
{
	state_set_lock(s, F_UNLCK);
}

static int state_write(const struct upload_state *s, const void *data, size_t len, size_t at)
{
	ssize_t n = pwrite(s->fd, data, len, (off_t)at);

	if (n == (ssize_t)len)
		return 0;
	if (n >= 0)
		errno = ENOSPC;
	return -1;
}

int upload_state_save(const struct upload_state *s)
{
	return state_write(s, &s->record, sizeof s->record, 0);
}

int upload_state_take(struct upload_state *s)
{
	s->record.epoch++;
	return state_write(s, &s->record.epoch, sizeof s->record.epoch,
	                   offsetof(struct upload_record, epoch));
}

bool upload_state_is_mine(const struct upload_state *s)
{
	uint64_t epoch;

	return io_pread(s->fd, &epoch, sizeof epoch, offsetof(struct upload_record, epoch)) ==
	               (ssize_t)sizeof epoch &&
	       epoch == s->record.epoch;
}

/* ---- making ---------------------------------------------------------------------------------------------- */

static void state_text(struct buf *b, struct upload_state *s)
{
	const struct str strings[] = { s->path, s->user, s->below, s->file };

	memcpy(s->record.magic, state_magic, sizeof state_magic);
	for (size_t i = 0; i < 4; i++)
		s->record.lens[i] = (uint32_t)strings[i].len;
	for (size_t i = 0; i < UPLOAD_CONDITIONS; i++)
		s->record.condition_lens[i] = (uint32_t)s->conditions[i].len;
	buf_add(b, str_make((const char *)&s->record, sizeof s->record));
	for (size_t i = 0; i < 4; i++)
		buf_add(b, strings[i]);
	for (size_t i = 0; i < UPLOAD_CONDITIONS; i++)
		buf_add(b, s->conditions[i]);
}

static int state_create_files(struct upload_state *s)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
	char memory[STATE_MAX];
	struct buf text = buf_fixed(memory, sizeof memory);

	state_text(&text, s);
	if (text.failed) {
		errno = ENAMETOOLONG;
		return -1;
	}
	s->fd = openat(s->storedir, s->name, flags, 0600);
	if (s->fd < 0 || upload_state_lock(s) != 0 || state_write(s, text.ptr, text.len, 0) != 0)
		return -1;
	s->data = openat(s->dirfd, s->data_name, flags, 0600);
	return s->data < 0 ? -1 : 0;
}

int upload_state_create(struct upload_state *s, struct str token)
{
	int error;

	s->fd = s->data = -1;
	s->offset = 0;
	state_names(s, token);
	s->record.epoch = 1;
	if (state_create_files(s) == 0)
		return 0;
	error = errno;
	if (s->fd >= 0)
		unlinkat(s->storedir, s->name, 0);
	upload_state_close(s);
	errno = error;
	return -1;
}

/* ---- opening --------------------------------------------------------------------------------------------- */

/* The strings behind the record have to fill the file to its end. */
static bool state_strings(struct upload_state *s, struct str text)
{
	struct str *strings[] = { &s->path, &s->user, &s->below, &s->file };

	for (size_t i = 0; i < 4 + UPLOAD_CONDITIONS; i++) {
		struct str *to = i < 4 ? strings[i] : &s->conditions[i - 4];
		size_t len = i < 4 ? s->record.lens[i] : s->record.condition_lens[i - 4];

		if (len > text.len)
			return false;
		*to = str_head(text, len);
		text = str_from_index(text, len);
	}
	return text.len == 0;
}

/* 0, or -1 and errno: ENOENT for what no server of this version has written whole. */
static int state_read(struct upload_state *s, struct arena *arena)
{
	struct stat st;
	char *text;
	size_t size;

	if (fstat(s->fd, &st) != 0)
		return -1;
	errno = ENOENT;
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof s->record || st.st_size > STATE_MAX)
		return -1;
	size = (size_t)st.st_size;
	text = arena_alloc(arena, size);
	if (!text) {
		errno = ENOMEM;
		return -1;
	}
	if (io_pread(s->fd, text, size, 0) != (ssize_t)size)
		return -1;
	memcpy(&s->record, text, sizeof s->record);
	errno = ENOENT;
	if (memcmp(s->record.magic, state_magic, sizeof state_magic) != 0 ||
	    s->record.phase > UPLOAD_COMPLETE ||
	    !state_strings(s, str_make(text + sizeof s->record, size - sizeof s->record)))
		return -1;
	return 0;
}

/* Missing data, or a missing directory, is for the caller to understand. */
static int state_open_data(struct upload_state *s, enum path_links links)
{
	struct stat st;

	s->dirfd = path_open(s->storedir, s->below, O_RDONLY | O_DIRECTORY, links);
	if (s->dirfd >= 0)
		s->data = openat(s->dirfd, s->data_name,
		                 O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (s->data < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	if (fstat(s->data, &st) != 0)
		return -1;
	s->offset = (uint64_t)st.st_size;
	return lseek(s->data, 0, SEEK_END) < 0 ? -1 : 0;
}

static int state_open(struct upload_state *s, enum path_links links, struct arena *arena)
{
	struct stat st;
	int error;

	s->fd = openat(s->storedir, s->name,
	               O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	/* Removed while it was being opened: nobody will find it again. */
	if (s->fd >= 0 && upload_state_lock(s) == 0 && fstat(s->fd, &st) == 0) {
		errno = ENOENT;
		if (st.st_nlink > 0 && state_read(s, arena) == 0 && state_open_data(s, links) == 0)
			return 0;
	}
	error = errno;
	upload_state_close(s);
	errno = error;
	return -1;
}

int upload_state_open(struct upload_state *s, const struct upload_state_place *place,
                      struct str token, struct arena *arena)
{
	*s = (struct upload_state){
		.storedir = place->storedir, .fd = -1, .dirfd = -1, .data = -1
	};
	state_names(s, token);
	return state_open(s, place->links, arena);
}

int upload_state_open_name(struct upload_state *s, const struct upload_state_place *place,
                           const char *name, struct arena *arena)
{
	size_t len = strlen(name);

	*s = (struct upload_state){
		.storedir = place->storedir, .fd = -1, .dirfd = -1, .data = -1
	};
	if (len >= sizeof s->name || len < 2) {
		errno = EINVAL;
		return -1;
	}
	memcpy(s->name, name, len);
	memcpy(s->data_name, name, len - 2);
	return state_open(s, place->links, arena);
}

/* ---- the end --------------------------------------------------------------------------------------------- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void upload_state_close(struct upload_state *s)
{
	close_fd(&s->data);
	close_fd(&s->dirfd);
	close_fd(&s->fd);
}

/* The data first: it is never there without a state that leads to it. */
void upload_state_remove(struct upload_state *s)
{
	upload_state_take(s);
	if (s->dirfd >= 0)
		unlinkat(s->dirfd, s->data_name, 0);
	unlinkat(s->storedir, s->name, 0);
}

static uint64_t stat_changed_ms(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * 1000 + (uint64_t)st->st_mtim.tv_nsec / 1000000;
}

/*
 * Only bytes prolong what is unfinished: taking it over changes the state file, and who only asks again and again
 * is to keep nothing. What is finished is not taken over any more.
 */
uint64_t upload_state_left(const struct upload_state *s, uint64_t now_ms)
{
	uint64_t changed = 0, allowed = s->record.expire;
	struct stat st;

	if (fstat(s->data >= 0 ? s->data : s->fd, &st) == 0)
		changed = stat_changed_ms(&st);
	if (s->record.phase == UPLOAD_COMPLETE && allowed > UPLOAD_KEPT_MS)
		allowed = UPLOAD_KEPT_MS;
	if (changed > now_ms) /* the clock was set back: it begins anew */
		return allowed;
	return now_ms - changed < allowed ? allowed - (now_ms - changed) : 0;
}
