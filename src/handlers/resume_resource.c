#include "handlers/resume.h"

#include "base/clock.h"
#include "handlers/handlers.h"
#include "handlers/store.h"
#include "net/timer.h"
#include "server/response.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is answered at the address of an upload that has been begun: HEAD, GET, PATCH and DELETE. */

static const struct str no_name = { NULL, 0 };

/* The file had its name when the process was killed, and the state did not know yet. */
static void resume_catch_up(struct upload_state *s)
{
	struct stat st;

	if (s->record.phase == UPLOAD_COMMITTING && s->data >= 0 && fstat(s->data, &st) == 0 &&
	    st.st_nlink > 1) {
		unlinkat(s->dirfd, s->data_name, 0);
		close(s->data);
		s->data = -1;
	}
	if (s->record.phase == UPLOAD_COMMITTING && s->data < 0) {
		s->record.phase = UPLOAD_COMPLETE;
		s->record.stored = s->record.length;
		upload_state_save(s);
	}
	if (s->record.phase == UPLOAD_COMPLETE)
		s->offset = s->record.stored;
}

/* Under the lock. False: it is not there for this request, and that is answered. */
static bool resume_is_there(struct request *r)
{
	struct upload_state *s = &((struct upload *)r->state)->resume->state;
	uint64_t now = (uint64_t)clock_cached.wall.tv_sec * 1000 +
	               (uint64_t)clock_cached.wall.tv_nsec / 1000000;
	bool is_mine = str_eq(s->path, r->target.path) && str_eq(s->user, r->remote_user);

	resume_catch_up(s);
	if (is_mine && upload_state_left(s, now) == 0)
		upload_state_remove(s);
	else if (is_mine && (s->data >= 0 || s->record.phase == UPLOAD_COMPLETE))
		return true;
	upload_fail(r, 404, "there is no such upload, or no longer", no_name);
	return false;
}

/* The preconditions are those of the request that began it (RFC 9110 section 13.2). */
static void resume_conditions(struct upload *u)
{
	struct resume *resume = u->resume;
	struct head *head = &resume->head;

	head->fields = resume->head_fields;
	for (size_t i = 0; i < UPLOAD_CONDITIONS; i++) {
		struct str value = resume->state.conditions[i];
		enum field_id id = upload_condition_fields[i];

		if (value.len == 0)
			continue;
		head->fields[head->field_count] =
		        (struct field){ .name = field_info(id)->name, .value = value, .id = id };
		head->first[id] = (uint16_t)++head->field_count;
	}
	head->method = METHOD_PUT;
	u->head = head;
}

static bool resume_open_directory(struct request *r, struct upload *u)
{
	u->below = u->resume->state.below;
	u->dirfd = fcntl(u->resume->state.dirfd, F_DUPFD_CLOEXEC, 3);
	return upload_keep_directory(r, u);
}

static void resume_patch(struct request *r)
{
	struct upload *u = r->state;
	struct resume *resume = u->resume;
	struct upload_state *s = &resume->state;

	if (s->record.phase == UPLOAD_COMPLETE) {
		bool is_empty = r->framing.kind != FRAMING_CHUNKED && r->framing.length == 0;

		resume_refuse(r, is_empty ? RESUME_COMPLETED : RESUME_INCONSISTENT);
		return;
	}
	if (upload_state_take(s) != 0) {
		upload_fault(r, errno, no_name);
		return;
	}
	if (resume->fields.offset != s->offset) {
		resume_refuse(r, RESUME_MISMATCH);
		return;
	}
	resume_conditions(u);
	if (!resume_open_directory(r, u) || !resume_fits(r))
		return;
	s->record.phase = UPLOAD_PARTIAL;
	if (upload_state_save(s) != 0)
		upload_fault(r, errno, no_name);
}

static void resume_cancel(struct request *r)
{
	upload_state_remove(&((struct upload *)r->state)->resume->state);
	r->sink = &sink_discard;
	body_empty(&r->response.body);
	respond(r, 204);
}

/* Whoever asks is the one upload's one client: what it began before is over, wherever that is (section Concurrency). */
static void resume_look(struct request *r)
{
	struct upload_state *s = &((struct upload *)r->state)->resume->state;

	if (s->record.phase != UPLOAD_COMPLETE && upload_state_take(s) != 0)
		upload_fault(r, errno, no_name);
	else
		resume_answer_state(r);
}

/* Finds it, as soon as nobody else works at it. */
static void resume_enter(struct request *r)
{
	struct upload *u = r->state;
	struct resume *resume = u->resume;
	struct upload_state_place place = { store_dir(r), store_links(request_settings(r)) };

	if (upload_state_open(&resume->state, &place, r->decision.text, &r->arena) != 0) {
		if (errno == EAGAIN)
			resume_wait(r, resume_enter);
		else if (errno == ENOENT)
			upload_fail(r, 404, "there is no such upload, or no longer", no_name);
		else
			upload_fault(r, errno, no_name);
		return;
	}
	resume->tries = 0;
	r->deadline = TIMER_NEVER;
	if (resume_is_there(r)) {
		if (r->method == METHOD_PATCH)
			resume_patch(r);
		else if (r->method == METHOD_DELETE)
			resume_cancel(r);
		else
			resume_look(r);
	}
	upload_state_unlock(&resume->state);
	if (!r->has_answer && !r->redo)
		resume_receive(r);
}

/* What a PATCH has to say of itself. False: answered. */
static bool resume_patch_is_good(struct request *r)
{
	const struct upload_fields *fields = &((struct upload *)r->state)->resume->fields;
	struct str type = head_value(&r->head, FIELD_CONTENT_TYPE);

	if (!str_eq_nocase(str_trim(str_head(type, str_find(type, ';'))),
	                   STR_OF("application/partial-upload"))) {
		response_field(r, STR_OF("Accept-Patch"), STR_OF("application/partial-upload"));
		upload_fail(r, 415, "what is appended must be application/partial-upload", no_name);
	} else if (!fields->has_offset || !fields->has_complete) {
		upload_fail(r, 400, "Upload-Offset and Upload-Complete must be there", no_name);
	} else {
		return true;
	}
	return false;
}

void resume_start(struct request *r)
{
	struct upload *u = arena_zero(&r->arena, sizeof *u);
	bool changes = r->method == METHOD_PATCH || r->method == METHOD_DELETE;

	r->state = u;
	if (!u) {
		respond_error(r, 500, "out of memory");
		return;
	}
	u->head = &r->head;
	if (changes && upload_is_forged(r)) {
		upload_fail(r, 403, "a page of another site may not upload here", no_name);
		return;
	}
	if (resume_begin(r, u) && (r->method != METHOD_PATCH || resume_patch_is_good(r)))
		resume_enter(r);
}
