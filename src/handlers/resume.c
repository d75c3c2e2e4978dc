#include "handlers/resume.h"

#include "base/clock.h"
#include "handlers/store.h"
#include "net/io.h"
#include "net/timer.h"
#include "server/response.h"
#include "server/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	RESUME_RETRY_MS =
	        5, /* until the lock is asked for again: it is held for one piece of work */
	RESUME_TRIES = 1000,  /* a process that holds it for longer is not at work */
	RESUME_TELL_MS = 2000 /* between two words about how much is there */
};

static const struct str no_name = { NULL, 0 };

static void resume_close(void *subject)
{
	upload_state_close(subject);
}

struct resume *resume_begin(struct request *r, struct upload *u)
{
	struct resume *resume = arena_zero(&r->arena, sizeof *resume);

	if (resume) {
		resume->state.fd = resume->state.dirfd = resume->state.data = -1;
		resume->state.storedir = store_dir(r);
	}
	if (!resume || !arena_defer(&r->arena, resume_close, &resume->state)) {
		upload_fail(r, 500, "out of memory", no_name);
		return NULL;
	}
	upload_fields_read(&r->head, &resume->fields);
	u->resume = resume;
	return resume;
}

/* ---- waiting for the lock -------------------------------------------------------------------------------- */

bool resume_wait(struct request *r, void (*again)(struct request *r))
{
	struct upload *u = r->state;

	if (++u->resume->tries > RESUME_TRIES) {
		response_field(r, STR_OF("Retry-After"), STR_OF("1"));
		upload_fail(r, 503, "another process keeps this upload locked", no_name);
		return false;
	}
	r->deadline = clock_now() + RESUME_RETRY_MS;
	r->on_deadline = again;
	return true;
}

/* The connection goes on anyhow, and offers what the sink did not take. */
static void resume_go_on(struct request *r)
{
	(void)r;
}

/* Under the lock: a later request has taken the upload over. What came of it until then counts. */
static void resume_lose(struct request *r)
{
	upload_fail(r, 409, "another request has taken this upload over", no_name);
}

/* ---- how long it is ----------------------------------------------------------------------------------------- */

/* The whole's length as far as this request tells. False: it tells two. */
static bool resume_told_length(const struct request *r, uint64_t *length)
{
	const struct resume *resume = ((const struct upload *)r->state)->resume;
	uint64_t from = resume->state.offset, sent = r->framing.length;
	bool is_last = resume->fields.complete && r->framing.kind != FRAMING_CHUNKED;

	*length = resume->fields.has_length ? resume->fields.length : UPLOAD_LENGTH_UNKNOWN;
	if (!is_last)
		return true;
	if (*length != UPLOAD_LENGTH_UNKNOWN && *length != from + sent)
		return false;
	*length = from + sent;
	return true;
}

bool resume_fits(struct request *r)
{
	struct upload *u = r->state;
	struct upload_state *s = &u->resume->state;
	uint64_t most = request_settings(r)->client_max_body_size, length;
	uint64_t end = s->offset + r->framing.length; /* 0 for a chunked one */

	if (!resume_told_length(r, &length) ||
	    (s->record.length != UPLOAD_LENGTH_UNKNOWN && length != UPLOAD_LENGTH_UNKNOWN &&
	     s->record.length != length)) {
		resume_refuse(r, RESUME_INCONSISTENT);
		return false;
	}
	if (length == UPLOAD_LENGTH_UNKNOWN)
		length = s->record.length;
	if (length != UPLOAD_LENGTH_UNKNOWN && end > length) {
		resume_refuse(r, RESUME_INCONSISTENT);
		return false;
	}
	if (length != UPLOAD_LENGTH_UNKNOWN && length > end)
		end = length;
	if (most > 0 && end > most) {
		resume_field_limit(r, request_settings(r)->upload_resumable.expire);
		upload_fail(r, 413, "larger than this location takes", no_name);
		return false;
	}
	s->record.length = length;
	return upload_may_take(r, u->dirfd, end - s->offset);
}

/* ---- the body ---------------------------------------------------------------------------------------------- */

/* More than was said, or than is allowed: nothing good can come of it, so it goes. False: answered. */
static bool resume_takes(struct request *r, size_t more)
{
	struct upload *u = r->state;
	struct upload_state *s = &u->resume->state;
	uint64_t most = request_settings(r)->client_max_body_size, end = s->offset + more;

	if (s->record.length != UPLOAD_LENGTH_UNKNOWN && end > s->record.length) {
		upload_state_remove(s);
		r->close_after = true;
		resume_refuse(r, RESUME_INCONSISTENT);
		return false;
	}
	if (most > 0 && end > most) {
		upload_state_remove(s);
		resume_field_limit(r, 0);
		upload_fail(r, 413, "larger than this location takes", no_name);
		return false;
	}
	return true;
}

/* Under the lock. A write that breaks off may have written something: that counts as well. */
static void resume_append(struct request *r, struct str data)
{
	struct upload *u = r->state;
	struct upload_state *s = &u->resume->state;

	if (!upload_state_is_mine(s)) {
		resume_lose(r);
		return;
	}
	if (!resume_takes(r, data.len) || !upload_may_write(r, data.len))
		return;
	if (io_write_all(s->data, data.ptr, data.len) != 0) {
		upload_fault(r, errno, no_name);
		return;
	}
	s->offset += data.len;
	if (clock_now() - u->resume->told >= RESUME_TELL_MS) {
		u->resume->told = clock_now();
		resume_tell_offset(r);
	}
}

static size_t resume_write(struct request *r, struct str data)
{
	struct upload *u = r->state;

	if (u->is_over)
		return data.len;
	if (upload_state_lock(&u->resume->state) != 0)
		return resume_wait(r, resume_go_on) ? 0 : data.len;
	u->resume->tries = 0;
	r->deadline = TIMER_NEVER;
	resume_append(r, data);
	upload_state_unlock(&u->resume->state);
	return data.len;
}

/* The bytes become the file's, which gets its name by the rules of the method that began it. */
static void resume_finish(struct request *r)
{
	struct upload *u = r->state;
	struct resume *resume = u->resume;
	struct upload_state *s = &resume->state;
	struct path_temp temp = { .fd = s->data, .dirfd = s->dirfd };

	if (s->record.length != UPLOAD_LENGTH_UNKNOWN && s->record.length != s->offset) {
		resume_refuse(r, RESUME_INCONSISTENT);
		return;
	}
	s->record.length = s->offset;
	s->record.phase = UPLOAD_COMMITTING;
	if (upload_state_save(s) != 0 || fchmod(s->data, request_settings(r)->upload_access) != 0) {
		upload_fault(r, errno, s->file);
		return;
	}
	memcpy(temp.hidden, s->data_name, sizeof temp.hidden);
	resume->is_committing = true;
	s->data = s->dirfd = -1;
	if (!upload_adopt(r, &temp, s->file, s->offset))
		return;
	if (s->record.is_put)
		put_finish(r);
	else
		upload_finish(r);
}

static void resume_end(struct request *r)
{
	struct upload *u = r->state;
	struct upload_state *s = &u->resume->state;

	if (u->is_over)
		return;
	if (upload_state_lock(s) != 0) {
		resume_wait(r, resume_end);
		return;
	}
	r->deadline = TIMER_NEVER;
	if (!upload_state_is_mine(s))
		resume_lose(r);
	else if (u->resume->fields.complete)
		resume_finish(r);
	else
		resume_answer_partial(r);
	upload_state_unlock(s);
}

static const struct sink resume_sink = {
	.write = resume_write, .end = resume_end, .is_eager = true, .keeps = true
};

void resume_receive(struct request *r)
{
	struct upload *u = r->state;

	r->body_max = 0; /* the limit is the whole's: resume_takes() */
	u->resume->told = clock_now();
	upload_receive(r, &resume_sink);
}

/* ---- the end ------------------------------------------------------------------------------------------------ */

/* The state stays a while, so that a client that missed the answer can learn that it was one. */
void resume_committed(struct request *r)
{
	struct upload *u = r->state;
	struct upload_state *s = &u->resume->state;
	struct upload_file *f = u->files.items[0];

	if (f->temp.hidden[0]) /* linked, not renamed */
		unlinkat(f->temp.dirfd, f->temp.hidden, 0);
	f->temp.hidden[0] = '\0';
	s->record.phase = UPLOAD_COMPLETE;
	s->record.stored = s->offset;
	if (upload_state_save(s) != 0)
		request_log(r, LOG_WARN, "the state of a finished upload could not be written: %s",
		            strerror(errno));
	u->is_over = true;
	resume_field_complete(r, true);
}

/* Where the server is at fault the client may try again; a name that is taken stays taken. */
void resume_failed(struct request *r, unsigned status)
{
	struct upload *u = r->state;
	struct upload_state *s = &u->resume->state;

	if (!u->resume->is_committing)
		return;
	u->resume->is_committing = false;
	if (status >= 500) {
		for (size_t i = 0; i < u->files.len; i++)
			u->files.items[i]->temp.hidden[0] = '\0';
		s->record.phase = UPLOAD_PARTIAL;
		upload_state_save(s);
		return;
	}
	upload_state_remove(s); /* the data goes with the temporary file that it is now */
	resume_field_complete(r, true);
}

/* ---- creation ------------------------------------------------------------------------------------------------ */

static void resume_record(struct request *r, struct upload_state *s, struct str name)
{
	struct upload *u = r->state;

	s->record.is_put = r->method == METHOD_PUT;
	s->record.expire = request_settings(r)->upload_resumable.expire;
	s->path = r->target.path;
	s->user = r->remote_user;
	s->below = u->below;
	s->file = name;
	for (size_t i = 0; i < UPLOAD_CONDITIONS && s->record.is_put; i++)
		s->conditions[i] = head_value(&r->head, upload_condition_fields[i]);
}

void resume_create(struct request *r, struct str name)
{
	struct upload *u = r->state;
	struct resume *resume = resume_begin(r, u);

	if (!resume)
		return;
	name = arena_str(&r->arena, name);
	resume->is_creation = true;
	resume->state.record.length = UPLOAD_LENGTH_UNKNOWN;
	if (!resume_fits(r))
		return;
	resume_record(r, &resume->state, name);
	resume->state.dirfd = fcntl(u->dirfd, F_DUPFD_CLOEXEC, 3);
	if (!name.ptr || !upload_token_make(resume->token) || resume->state.dirfd < 0 ||
	    upload_state_create(&resume->state, str_from(resume->token)) != 0) {
		upload_fault(r, name.ptr ? errno : ENOMEM, name);
		return;
	}
	upload_state_unlock(&resume->state);
	resume_tell_location(r);
	resume_receive(r);
}
