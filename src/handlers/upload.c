#include "handlers/upload.h"

#include "base/clock.h"
#include "handlers/handlers.h"
#include "handlers/resume.h"
#include "handlers/store.h"
#include "net/io.h"
#include "server/decide_steps.h"
#include "server/response.h"
#include "server/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what every upload does ------------------------------------------------------------------------- */

void upload_fail(struct request *r, unsigned status, const char *reason, struct str name)
{
	struct upload *u = r->state;

	u->is_over = true;
	u->current = NULL;
	if (u->resume)
		resume_failed(r, status);
	for (size_t i = 0; i < u->files.len; i++) /* gives the room back at once */
		path_temp_close(&u->files.items[i]->temp);
	respond_error(r, status, store_reason(r, reason, name));
}

void upload_fault(struct request *r, int error, struct str name)
{
	struct store_fault fault = store_fault_of(error);

	upload_fail(r, fault.status, fault.reason, name);
}

/* False where fewer bytes are left to be stored than these, and the request has been answered. */
static bool upload_has_room(struct request *r, int dirfd, uint64_t bytes, uint64_t *room)
{
	if (store_room(r, dirfd, room) != 0) {
		upload_fault(r, errno, str_make(NULL, 0));
		return false;
	}
	if (*room >= bytes)
		return true;
	if (request_settings(r)->upload_reserve == 0)
		upload_fault(r, ENOSPC, str_make(NULL, 0));
	else
		upload_fail(
		        r, 507,
		        "the disk has no room left for it but what is kept free (upload_reserve)",
		        str_make(NULL, 0));
	return false;
}

bool upload_may_begin(struct request *r, int dirfd)
{
	/* Of a chunked body nothing is known yet but that it will hardly be empty. */
	return upload_may_take(r, dirfd,
	                       r->framing.kind == FRAMING_CHUNKED ? 1 : r->framing.length);
}

bool upload_may_take(struct request *r, int dirfd, uint64_t bytes)
{
	struct upload *u = r->state;
	uint64_t room;

	if (!upload_has_room(r, dirfd, bytes, &room))
		return false;
	u->allowed = room < UPLOAD_LOOK ? room : UPLOAD_LOOK;
	return true;
}

/* Looks every few megabytes, and at each piece when the reserve is near: others fill the disk, too. */
bool upload_may_write(struct request *r, size_t bytes)
{
	struct upload *u = r->state;
	uint64_t room;

	if (request_settings(r)->upload_reserve == 0)
		return true;
	if (bytes > u->allowed) {
		if (!upload_has_room(r, u->dirfd, bytes, &room))
			return false;
		u->allowed = room < UPLOAD_LOOK ? room : UPLOAD_LOOK;
		if (u->allowed < bytes)
			u->allowed = bytes;
	}
	u->allowed -= bytes;
	return true;
}

static void upload_close_temp(void *subject)
{
	path_temp_close(subject);
}

/* A row for a file, without one. */
static struct upload_file *upload_push(struct request *r, struct str name)
{
	struct upload *u = r->state;
	struct upload_file *f = arena_zero(&r->arena, sizeof *f);
	struct upload_file **slot = f ? VEC_PUSH(&r->arena, &u->files) : NULL;

	if (!slot || !(name = arena_str(&r->arena, name)).ptr) {
		u->files.len -= slot != NULL;
		upload_fail(r, 500, "out of memory", str_make(NULL, 0));
		return NULL;
	}
	*slot = f;
	f->name = name;
	f->temp.fd = f->temp.dirfd = -1;
	if (!arena_defer(&r->arena, upload_close_temp, &f->temp)) {
		upload_fail(r, 500, "out of memory", str_make(NULL, 0));
		return NULL;
	}
	return f;
}

struct upload_file *upload_adopt(struct request *r, struct path_temp *temp, struct str name,
                                 uint64_t size)
{
	struct upload_file *f = upload_push(r, name);

	if (!f) {
		temp->hidden[0] = '\0';
		path_temp_close(temp);
		return NULL;
	}
	f->temp = *temp;
	f->size = size;
	return f;
}

struct upload_file *upload_add(struct request *r, struct str name)
{
	struct upload *u = r->state;
	struct upload_file *f = upload_push(r, name);
	int dirfd;

	if (!f)
		return NULL;
	dirfd = fcntl(u->dirfd, F_DUPFD_CLOEXEC, 3);
	if (dirfd < 0 || path_temp_open(&f->temp, dirfd, request_settings(r)->upload_access) != 0) {
		upload_fault(r, errno, f->name);
		return NULL;
	}
	return f;
}

static void upload_write(struct request *r, struct str data)
{
	struct upload *u = r->state;
	struct upload_file *f = u->current;

	if (!f || !upload_may_write(r, data.len))
		return;
	if (io_write_all(f->temp.fd, data.ptr, data.len) != 0) {
		upload_fault(r, errno, f->name);
		return;
	}
	f->size += data.len;
}

size_t upload_write_file(struct request *r, struct str data)
{
	upload_write(r, data);
	return data.len;
}

void upload_receive(struct request *r, const struct sink *sink)
{
	request_set_sink(r, sink);
	if (r->body_done)
		sink->end(r);
}

/* A name that is taken already is refused before its gigabytes have come; the commit will look again. */
static bool upload_name_is_free(struct request *r, struct str name)
{
	struct upload *u = r->state;
	struct stat st;

	if (request_settings(r)->upload_overwrite != OVERWRITE_OFF ||
	    fstatat(u->dirfd, name.ptr, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return true;
	upload_fault(r, EEXIST, name);
	return false;
}

static struct upload_file *upload_begin_file(struct request *r, struct str name)
{
	return upload_name_is_free(r, name) ? upload_add(r, name) : NULL;
}

/* Everything is there: names for all of it. */
void upload_finish(struct request *r)
{
	struct upload *u = r->state;
	struct upload_file *failed = NULL;

	if (upload_commit(u, request_settings(r)->upload_overwrite, &r->arena, &failed) != 0) {
		upload_fault(r, errno, failed->name);
		return;
	}
	file_cache_touch(&r->worker->files);
	upload_count(r);
	if (u->resume)
		resume_committed(r);
	upload_answer(r);
}

/* ---- forms (RFC 7578) --------------------------------------------------------------------------------- */

/* A part begins. Fields that are no files, and file fields left empty, are passed over. */
static void form_part(struct request *r, const struct disposition *d)
{
	struct upload *u = r->state;
	char room[FILENAME_MAX_BYTES + 1];
	struct str name;

	u->current = NULL;
	if (!d->has_filename || d->filename.len == 0)
		return;
	if (!filename_sanitise(d->filename, room, &name))
		upload_fail(r, 400, "no name that a file can be stored under", d->filename);
	else if (u->files.len == UPLOAD_FILES_MAX)
		upload_fail(r, 413, "too many files in one form", str_make(NULL, 0));
	else
		u->current = upload_begin_file(r, name);
}

static size_t form_write(struct request *r, struct str data)
{
	struct upload *u = r->state;
	size_t len = data.len;
	struct multipart_part part;
	struct refusal refusal;
	struct str piece;

	while (!u->is_over) {
		switch (multipart_next(&u->parser, &data, &part, &piece, &refusal)) {
		case MULTIPART_MORE:
			return len;
		case MULTIPART_PART:
			form_part(r, &part.disposition);
			break;
		case MULTIPART_DATA:
			upload_write(r, piece);
			break;
		case MULTIPART_PART_END:
			u->current = NULL;
			break;
		case MULTIPART_END:
			break;
		case MULTIPART_BAD:
			upload_fail(r, refusal.status, refusal.reason, str_make(NULL, 0));
			break;
		}
	}
	return len;
}

static void form_end(struct request *r)
{
	struct upload *u = r->state;

	if (u->is_over)
		return;
	if (!multipart_is_complete(&u->parser))
		upload_fail(r, 400, "the form ended before its closing boundary",
		            str_make(NULL, 0));
	else if (u->files.len == 0)
		upload_fail(r, 400, "the form holds no file", str_make(NULL, 0));
	else
		upload_finish(r);
}

static const struct sink form_sink = { .write = form_write, .end = form_end, .is_eager = true };

/* ---- raw bodies --------------------------------------------------------------------------------------- */

static void raw_end(struct request *r)
{
	struct upload *u = r->state;

	if (!u->is_over)
		upload_finish(r);
}

static const struct sink raw_sink = { .write = upload_write_file,
	                              .end = raw_end,
	                              .is_eager = true };

/* Content-Disposition names it, if anything does. False: the request has been answered. */
static bool raw_name(struct request *r, char *room, struct str *name)
{
	struct str value = head_value(&r->head, FIELD_CONTENT_DISPOSITION);
	char *decoded = arena_alloc(&r->arena, (size_t)2 * DISPOSITION_NAME_MAX);
	struct disposition d = { 0 };

	if (!decoded) {
		upload_fail(r, 500, "out of memory", str_make(NULL, 0));
		return false;
	}
	if (value.len > 0 && !disposition_parse(value, decoded, &d)) {
		upload_fail(r, 400, "a malformed Content-Disposition", str_make(NULL, 0));
		return false;
	}
	if (!d.has_filename || d.filename.len == 0) {
		*name = upload_name_generated(clock_cached.wall.tv_sec, room);
		return true;
	}
	if (filename_sanitise(d.filename, room, name))
		return true;
	upload_fail(r, 400, "no name that a file can be stored under", d.filename);
	return false;
}

static void raw_start(struct request *r)
{
	struct upload *u = r->state;
	char room[FILENAME_MAX_BYTES + 1];
	struct str name;

	if (r->framing.kind == FRAMING_NONE && !r->framing.has_length &&
	    !r->decision.is_resumable) {
		upload_fail(r, 400, "a POST without a body: there is nothing to store",
		            str_make(NULL, 0));
		return;
	}
	if (!raw_name(r, room, &name))
		return;
	if (r->decision.is_resumable) {
		if (upload_name_is_free(r, name))
			resume_create(r, name);
		return;
	}
	u->current = upload_begin_file(r, name);
	if (u->current)
		upload_receive(r, &raw_sink);
}

/* ---- POST --------------------------------------------------------------------------------------------- */

/* The directory that the URI names where it is one of the store's own, else the store itself. */
static int upload_open_directory(struct request *r, struct str *below)
{
	enum path_links links = store_links(request_settings(r));
	struct str path, rest, target = r->target.path;
	int dir, fd = -1;

	if (target.len > 0 && target.ptr[target.len - 1] == '/' &&
	    decide_locate(r, target, &dir, &path) && store_holds(r, dir, path, &rest) &&
	    rest.len > 0)
		fd = path_open(store_dir(r), rest, O_RDONLY | O_DIRECTORY, links);
	*below = fd >= 0 ? rest : str_make("", 0);
	return fd >= 0 ? fd
	               : path_open(store_dir(r), str_make("", 0), O_RDONLY | O_DIRECTORY, links);
}

bool upload_keep_directory(struct request *r, struct upload *u)
{
	int error = errno;

	if (u->dirfd >= 0 && arena_defer_fd(&r->arena, u->dirfd))
		return true;
	if (u->dirfd >= 0) {
		close(u->dirfd);
		error = ENOMEM;
	}
	upload_fault(r, error, str_make(NULL, 0));
	return false;
}

static struct upload *upload_open(struct request *r)
{
	struct upload *u = arena_zero(&r->arena, sizeof *u);

	if (!u) {
		respond_error(r, 500, "out of memory");
		return NULL;
	}
	r->state = u;
	u->head = &r->head;
	u->dirfd = upload_open_directory(r, &u->below);
	return upload_keep_directory(r, u) && upload_may_begin(r, u->dirfd) ? u : NULL;
}

/*
 * A server may pass Upload-Complete: ?1 over, and of a form we do: what is stored is what is in it, and that is only
 * seen as it comes. But then there is no second piece, and the limit is that of every body.
 */
static bool form_may_come(struct request *r)
{
	struct upload_fields fields;

	upload_fields_read(&r->head, &fields);
	if (!fields.complete)
		respond_error(r, 415, "a form can't come in pieces: send the file itself");
	else if (r->body_max > 0 && r->framing.length > r->body_max)
		respond_error(r, 413, "the body is larger than this location takes");
	return !r->has_answer && !r->redo;
}

void upload_start(struct request *r)
{
	struct str type = head_value(&r->head, FIELD_CONTENT_TYPE), boundary;
	bool is_form = str_eq_nocase(str_trim(str_head(type, str_find(type, ';'))),
	                             STR_OF("multipart/form-data"));
	struct upload *u;

	if (upload_is_forged(r)) {
		respond_error(r, 403, "a page of another site may not upload here");
		return;
	}
	if (is_form && !multipart_boundary(type, &boundary)) {
		respond_error(r, 400, "a form without a valid boundary");
		return;
	}
	if (is_form && r->decision.is_resumable && !form_may_come(r))
		return;
	u = upload_open(r);
	if (!u)
		return;
	if (!is_form) {
		raw_start(r);
		return;
	}
	multipart_init(&u->parser, boundary);
	upload_receive(r, &form_sink);
}
