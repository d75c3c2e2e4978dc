#include "handlers/handlers.h"
#include "handlers/resume.h"
#include "handlers/store.h"
#include "handlers/upload.h"
#include "server/response.h"
#include "server/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct str no_name = { NULL, 0 };

/* A name in a URI is stored as it is or not at all: the answer's Location must be the address asked for. */
static bool put_name_is_good(const struct request *r, struct str name)
{
	char room[FILENAME_MAX_BYTES + 1];
	struct str good;

	while (request_settings(r)->dotfiles && name.len > 0 && name.ptr[0] == '.')
		name = str_from_index(name, 1);
	return filename_sanitise(name, room, &good) && str_eq(good, name);
}

/* A file of this name may be there now, and may be replaced or not. */
enum put_state { PUT_FREE, PUT_REPLACES, PUT_REFUSED };

static enum put_state put_refuse(struct request *r, unsigned status, const char *reason)
{
	upload_fail(r, status, reason, no_name);
	return PUT_REFUSED;
}

/* Judges what is there: before the body is asked for, and again when it has come (RFC 9110 section 13.2). */
static enum put_state put_look(struct request *r, const struct upload *u, struct str name)
{
	struct stat st;
	bool exists = fstatat(u->dirfd, name.ptr, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (exists && S_ISDIR(st.st_mode))
		return put_refuse(r, 409, store_fault_of(EISDIR).reason);
	if (store_judge(r, u->head, u->dirfd, name) != PRECONDITION_PROCEED)
		return put_refuse(r, 412, NULL);
	if (exists && request_settings(r)->upload_overwrite != OVERWRITE_ON)
		return put_refuse(r, 409, store_fault_of(EEXIST).reason);
	return exists ? PUT_REPLACES : PUT_FREE;
}

/* 0: it has its name. -1: it has not, and the request may have been answered already. */
static int put_commit(struct request *r, struct upload *u, enum put_state *state)
{
	struct upload_file *f = u->files.items[0];

	*state = put_look(r, u, f->name);
	if (*state == PUT_FREE) {
		if (path_temp_link(&f->temp, f->name, false) == 0)
			return 0;
		if (errno != EEXIST)
			return -1;
		*state = put_look(r, u, f->name); /* somebody was faster */
	}
	return *state == PUT_REFUSED ? -1 : path_temp_link(&f->temp, f->name, true);
}

/* What a client needs for its next If-Match (RFC 9110 section 9.3.4). */
static void put_validators(struct request *r, const struct upload_file *f)
{
	struct file *file = arena_zero(&r->arena, sizeof *file);

	if (!file || !request_settings(r)->etag)
		return;
	file_from_fd(file, f->temp.fd); /* which stays the temporary file's to close */
	r->response.etag = file_etag(file);
	r->response.modified = file->modified.tv_sec;
}

void put_finish(struct request *r)
{
	struct upload *u = r->state;
	enum put_state state;

	if (put_commit(r, u, &state) != 0) {
		if (!u->is_over)
			upload_fault(r, errno, no_name);
		return;
	}
	file_cache_touch(&r->worker->files);
	upload_count(r);
	if (u->resume)
		resume_committed(r);
	put_validators(r, u->files.items[0]);
	if (state == PUT_FREE) {
		upload_answer(r);
		return;
	}
	body_empty(&r->response.body);
	respond(r, 204);
}

static void put_end(struct request *r)
{
	struct upload *u = r->state;

	if (!u->is_over)
		put_finish(r);
}

static const struct sink put_sink = { .write = upload_write_file,
	                              .end = put_end,
	                              .is_eager = true };

/* Opens the parent directory, which has to be there. */
static bool put_open(struct request *r, struct upload *u, struct str *name)
{
	struct str path = r->decision.store_path;
	enum path_links links = store_links(request_settings(r));

	u->dirfd = path_open_parent(store_dir(r), path, links, name);
	if (u->dirfd < 0 && errno == ENOENT)
		upload_fail(r, 409, "the directory it would be in does not exist", no_name);
	else if (upload_keep_directory(r, u) && !put_name_is_good(r, *name))
		upload_fail(r, 400, "a name that can't be stored", no_name);
	u->below = str_head(path, path.len - name->len);
	return !u->is_over;
}

void put_start(struct request *r)
{
	struct upload *u = arena_zero(&r->arena, sizeof *u);
	struct str name;

	r->state = u;
	if (!u) {
		respond_error(r, 500, "out of memory");
		return;
	}
	u->head = &r->head;
	if (upload_is_forged(r)) {
		upload_fail(r, 403, "a page of another site may not upload here", no_name);
		return;
	}
	if (!put_open(r, u, &name) || put_look(r, u, name) == PUT_REFUSED ||
	    !upload_may_begin(r, u->dirfd))
		return;
	if (r->decision.is_resumable)
		resume_create(r, name);
	else if ((u->current = upload_add(r, name)))
		upload_receive(r, &put_sink);
}
