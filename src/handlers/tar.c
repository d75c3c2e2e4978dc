#include "handlers/handlers.h"
#include "handlers/listing.h"
#include "handlers/tar_header.h"
#include "http/disposition.h"
#include "net/io.h"
#include "server/decide_steps.h"
#include "server/response.h"
#include "server/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A directory and all that is in it as a tar archive, made while it is sent. What is held of it is one
 * buffer, one open file, and one open directory for each level.
 */

enum {
	TAR_DEPTH = 32,         /* directories within each other, the first included */
	TAR_BUFFER = 64 * 1024, /* bytes made at once */
	TAR_ENTRIES = 64,       /* names looked at before others have their turn */
	TAR_TOP_MAX = 255,      /* bytes of the name that all others begin with */
	TAR_URI_MAX = 2 * PATH_MAX_BYTES
};

struct tar_level {
	struct listing listing;
	dev_t device;
	ino_t inode;
};

struct tar {
	struct request *r;
	const struct location
	        *location; /* that answers for the directory: others' files are left out */
	struct str top;    /* what the directory is called in the archive */
	struct tar_level levels[TAR_DEPTH];
	size_t depth;
	unsigned looked; /* names since others had their turn */

	/* The entry's path below that of r->decision's dir; a directory's ends in a slash, or is empty. */
	char path[PATH_MAX_BYTES];
	size_t path_len;
	size_t base; /* so much of it is the directory that was asked for */

	int fd; /* the file being read; -1: none */
	off_t offset;
	uint64_t left;  /* bytes of it that are still to come */
	uint64_t zeros; /* and then so many */
	bool has_begun;
	bool is_ended; /* the last zeros are on their way */
	size_t len;
	char out[TAR_BUFFER];
};

static void tar_close_file(struct tar *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

static void tar_close(void *subject)
{
	struct tar *t = subject;

	tar_close_file(t);
	while (t->depth > 0)
		closedir(t->levels[--t->depth].listing.dir);
}

/* ---- names --------------------------------------------------------------------------------------------- */

static struct str tar_path(const struct tar *t)
{
	return str_make(t->path, t->path_len);
}

/* The entry's name below the directory. */
static struct str tar_below(const struct tar *t)
{
	return str_from_index(tar_path(t), t->base);
}

static bool tar_append(struct tar *t, struct str text)
{
	if (text.len >= sizeof t->path - t->path_len)
		return false;
	if (text.len > 0)
		memcpy(t->path + t->path_len, text.ptr, text.len);
	t->path_len += text.len;
	return true;
}

static void tar_leave_out(struct tar *t, enum log_level level, const char *why)
{
	request_log(t->r, level, "%.*s is left out of the archive: %s", STR_ARG(tar_path(t)), why);
}

/* Whether GET of it would be answered by this location, and with its bytes: what is guarded stays so. */
static bool tar_may_show(const struct tar *t)
{
	const struct request *r = t->r;
	char room[TAR_URI_MAX];
	struct buf uri = buf_fixed(room, sizeof room);

	buf_add(&uri, r->target.path);
	buf_add(&uri, tar_below(t));
	return !uri.failed && route_location(r->server, buf_str(&uri)) == t->location &&
	       !decide_path_is_program(r, buf_str(&uri));
}

/* ---- entries ------------------------------------------------------------------------------------------- */

static void tar_add_header(struct tar *t, const struct stat *st)
{
	char room[TAR_NAME_MAX];
	struct buf name = buf_fixed(room, sizeof room);
	bool is_directory = S_ISDIR(st->st_mode);
	struct tar_entry entry = { .size = is_directory ? 0 : (uint64_t)st->st_size,
		                   .modified = st->st_mtim.tv_sec,
		                   .is_directory = is_directory,
		                   .is_executable = (st->st_mode & 0111) != 0 };

	buf_add(&name, t->top);
	buf_byte(&name, '/');
	buf_add(&name, tar_below(t));
	ASSERT(!name.failed);
	entry.name = buf_str(&name);
	t->len += tar_header(&entry, t->out + t->len);
}

/* Takes the descriptor of the directory that the path names. False and errno where the system will not. */
static bool tar_descend(struct tar *t, int fd, const struct stat *st)
{
	DIR *dir = fdopendir(fd);

	if (!dir) {
		close(fd);
		return false;
	}
	t->levels[t->depth++] =
	        (struct tar_level){ .listing = { .r = t->r, .path = tar_path(t), .dir = dir },
		                    .device = st->st_dev,
		                    .inode = st->st_ino };
	return true;
}

/* A link may lead back up: once is enough. */
static bool tar_is_within(const struct tar *t, const struct stat *st)
{
	for (size_t i = 0; i < t->depth; i++)
		if (t->levels[i].device == st->st_dev && t->levels[i].inode == st->st_ino)
			return true;
	return false;
}

/* Each of the next three takes the descriptor. False: the archive can't go on. */
static bool tar_add_directory(struct tar *t, int fd, const struct stat *st)
{
	bool is_within = tar_is_within(t, st);

	if (!is_within && t->depth < TAR_DEPTH) {
		tar_add_header(t, st);
		return tar_descend(t, fd, st);
	}
	tar_leave_out(t, is_within ? LOG_INFO : LOG_WARN,
	              is_within ? "it is a directory that it lies in" : "it lies too deep");
	close(fd);
	return true;
}

static void tar_add_file(struct tar *t, int fd, const struct stat *st)
{
	tar_add_header(t, st);
	t->fd = fd;
	t->offset = 0;
	t->left = (uint64_t)st->st_size;
	t->zeros = tar_padding(t->left);
	if (t->left == 0)
		tar_close_file(t);
}

/* What was found by its name is judged again by its descriptor: it may be another by now. */
static bool tar_add(struct tar *t, int fd, bool is_directory)
{
	struct stat st;

	if (fstat(fd, &st) != 0) {
		close(fd);
		return false;
	}
	if (is_directory && S_ISDIR(st.st_mode))
		return tar_add_directory(t, fd, &st);
	if (!is_directory && S_ISREG(st.st_mode)) {
		tar_add_file(t, fd, &st);
		return true;
	}
	tar_leave_out(t, LOG_INFO, "it has changed");
	close(fd);
	return true;
}

/* One that can't be had is left out, as GET of it would be refused; want of memory or descriptors is another matter. */
static bool tar_take(struct tar *t, const struct listing_entry *entry)
{
	int fd;

	if (!tar_append(t, entry->name) ||
	    !tar_append(t, entry->is_directory ? STR_OF("/") : STR_OF(""))) {
		tar_leave_out(t, LOG_WARN, "the name of something in it is too long");
		return true;
	}
	if (!tar_may_show(t))
		return true;
	fd = path_open(t->r->worker->dirs[t->r->decision.dir], tar_path(t), O_RDONLY,
	               request_settings(t->r)->links);
	if (fd >= 0)
		return tar_add(t, fd, entry->is_directory);
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
		return false;
	tar_leave_out(t, LOG_INFO, strerror(errno));
	return true;
}

/* One name further. False and errno: the archive can't go on. */
static bool tar_step(struct tar *t)
{
	struct tar_level *level = &t->levels[t->depth - 1];
	struct listing_entry entry;

	t->path_len = level->listing.path.len;
	t->looked++;
	switch (listing_step(&level->listing, &entry)) {
	case LISTING_ENTRY:
		return tar_take(t, &entry);
	case LISTING_LEFT_OUT:
		return true;
	case LISTING_FAILED:
		return false;
	case LISTING_END:
		break;
	}
	closedir(level->listing.dir);
	t->depth--;
	if (t->depth == 0) {
		t->is_ended = true;
		t->zeros = TAR_END;
	}
	return true;
}

/* ---- bytes --------------------------------------------------------------------------------------------- */

/* The size was promised: what has grown is cut off, what is missing is zeros. */
static bool tar_read(struct tar *t)
{
	size_t room = TAR_BUFFER - t->len;
	size_t want = t->left < room ? (size_t)t->left : room;
	ssize_t n = io_pread(t->fd, t->out + t->len, want, t->offset);

	if (n < 0)
		return false;
	t->offset += n;
	t->len += (size_t)n;
	t->left -= (uint64_t)n;
	if (n == 0) {
		request_log(
		        t->r, LOG_WARN,
		        "%.*s became shorter while it was sent: its end is zeros in the archive",
		        STR_ARG(tar_path(t)));
		t->zeros += t->left;
		t->left = 0;
	}
	if (t->left == 0)
		tar_close_file(t);
	return true;
}

static void tar_fill(struct tar *t)
{
	size_t room = TAR_BUFFER - t->len;
	size_t n = t->zeros < room ? (size_t)t->zeros : room;

	memset(t->out + t->len, 0, n);
	t->len += n;
	t->zeros -= n;
}

/* Whether another name may be looked at in this turn, and has room. */
static bool tar_may_step(const struct tar *t)
{
	return !t->is_ended && t->looked < TAR_ENTRIES && TAR_BUFFER - t->len >= TAR_HEADER_MAX;
}

/* Fills the buffer as far as it goes. False and errno: the archive can't go on. */
static bool tar_make(struct tar *t)
{
	while (t->len < TAR_BUFFER) {
		if (t->left > 0) {
			if (!tar_read(t))
				return false;
		} else if (t->zeros > 0) {
			tar_fill(t);
		} else if (!tar_may_step(t)) {
			break;
		} else if (!tar_step(t)) {
			return false;
		}
	}
	return true;
}

/* A failure cuts the connection, so that nobody takes what came for the whole. */
static enum body_next tar_next(struct body *body, struct span *span)
{
	struct tar *t = body->context;

	if (t->has_begun)
		t->len = 0;
	t->has_begun = true; /* with the header of the directory itself, made before */
	if (!tar_make(t)) {
		request_log(t->r, LOG_ERROR, "the archive is broken off at %.*s: %s",
		            STR_ARG(tar_path(t)), strerror(errno));
		return BODY_FAILED;
	}
	if (t->len > 0) {
		*span = (struct span){ .kind = SPAN_MEMORY, .ptr = t->out, .len = t->len };
		return BODY_SPAN;
	}
	if (t->is_ended)
		return BODY_END;
	t->looked = 0;
	request_wake(t->r);
	return BODY_WAIT;
}

/* ---- the handler --------------------------------------------------------------------------------------- */

static bool top_is_good(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alpha(name.ptr[i]) && !ascii_is_digit(name.ptr[i]) &&
		    !strchr(".-", name.ptr[i]))
			return false;
	return name.len > 0 && name.ptr[0] != '.';
}

/* The directory's own name as the URI has it; for the root that of the host. */
static struct str tar_top(const struct request *r)
{
	struct str path = str_head(r->target.path, r->target.path.len - 1);
	struct str name = str_from_index(path, str_find_last(path, '/') + 1);

	if (path.len > 0 && name.len > 0 && name.len <= TAR_TOP_MAX)
		return name;
	return top_is_good(r->host.name) && r->host.name.len <= TAR_TOP_MAX ? r->host.name
	                                                                    : STR_OF("files");
}

/* Opens the directory and begins with it. False and errno where it can't be. */
static bool tar_open(struct tar *t, struct request *r)
{
	struct str base = r->decision.path;
	struct stat st;
	int fd;

	t->r = r;
	t->fd = -1;
	t->top = tar_top(r);
	t->location = route_location(r->server, r->target.path);
	if (!tar_append(t, base) ||
	    (base.len > 0 && base.ptr[base.len - 1] != '/' && !tar_append(t, STR_OF("/")))) {
		errno = ENAMETOOLONG;
		return false;
	}
	t->base = t->path_len;
	/* A descriptor of its own: the file's is shared, and so would be the place in the directory. */
	fd = openat(r->decision.file->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) != 0) {
		close(fd);
		return false;
	}
	return tar_add_directory(t, fd, &st);
}

static bool tar_fields(struct request *r, const struct tar *t)
{
	struct buf name = buf_in_arena(&r->arena, t->top.len + 8);
	struct buf value = buf_in_arena(&r->arena, 4 * t->top.len + 64);

	buf_add(&name, t->top);
	buf_text(&name, ".tar");
	disposition_attachment(&value, buf_str(&name));
	r->response.content_type = STR_OF("application/x-tar");
	return !name.failed && !value.failed &&
	       response_field(r, STR_OF("Content-Disposition"), buf_str(&value)) &&
	       response_field(r, STR_OF("Cache-Control"), STR_OF("no-cache")) &&
	       response_field(r, STR_OF("X-Content-Type-Options"), STR_OF("nosniff"));
}

void tar_start(struct request *r)
{
	struct tar *t = arena_zero(&r->arena, sizeof *t);

	if (!t || !arena_defer(&r->arena, tar_close, t)) {
		respond_error(r, 500, "out of memory");
		return;
	}
	if (!tar_open(t, r)) {
		respond_error(r, errno == EACCES ? 403 : 500, "the directory could not be read");
		return;
	}
	if (!tar_fields(r, t)) {
		respond_error(r, 500, "out of memory");
		return;
	}
	body_generator(&r->response.body, tar_next, t, BODY_UNKNOWN_LENGTH);
	r->sink = &sink_discard;
	respond(r, 200);
}
