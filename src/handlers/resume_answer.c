#include "handlers/resume.h"

#include "base/clock.h"
#include "http/escape.h"
#include "server/response.h"
#include "server/response_head.h"

static uint64_t now_ms(void)
{
	return (uint64_t)clock_cached.wall.tv_sec * 1000 +
	       (uint64_t)clock_cached.wall.tv_nsec / 1000000;
}

static struct resume *resume_of(const struct request *r)
{
	return ((struct upload *)r->state)->resume;
}

static void field_number(struct request *r, struct str name, uint64_t n)
{
	char memory[24];
	struct buf b = buf_fixed(memory, sizeof memory);

	buf_u64(&b, n);
	response_field(r, name, buf_str(&b));
}

struct str resume_location(struct request *r)
{
	struct buf b = buf_in_arena(&r->arena, 2 * r->target.path.len + 64);

	escape_path(&b, r->target.path);
	buf_text(&b, "?upload=");
	buf_text(&b, resume_of(r)->token);
	return b.failed ? str_make(NULL, 0) : buf_str(&b);
}

/* ---- fields ---------------------------------------------------------------------------------------------- */

void resume_field_complete(struct request *r, bool complete)
{
	response_field(r, STR_OF("Upload-Complete"), complete ? STR_OF("?1") : STR_OF("?0"));
}

void resume_field_offset(struct request *r)
{
	field_number(r, STR_OF("Upload-Offset"), resume_of(r)->state.offset);
}

/* Section "Limits" of the draft: a Dictionary of structured fields. */
static void print_limits(const struct request *r, uint64_t left_ms, struct buf *out)
{
	uint64_t most = request_settings(r)->client_max_body_size;

	if (most > 0) {
		buf_text(out, "max-size=");
		buf_u64(out, most);
		buf_text(out, ", ");
	}
	buf_text(out, "max-age=");
	buf_u64(out, left_ms / 1000);
}

void resume_print_limit(const struct request *r, uint64_t left_ms, struct buf *out)
{
	buf_text(out, "Upload-Limit: ");
	print_limits(r, left_ms, out);
	buf_text(out, "\r\n");
}

void resume_field_limit(struct request *r, uint64_t left_ms)
{
	char memory[80];
	struct buf b = buf_fixed(memory, sizeof memory);

	print_limits(r, left_ms, &b);
	response_field(r, STR_OF("Upload-Limit"), buf_str(&b));
}

static void field_limit_now(struct request *r)
{
	resume_field_limit(r, upload_state_left(&resume_of(r)->state, now_ms()));
}

void resume_describe(struct request *r)
{
	response_field(r, STR_OF("Accept-Patch"), STR_OF("application/partial-upload"));
	resume_field_limit(r, request_settings(r)->upload_resumable.expire);
}

/* ---- interim responses ------------------------------------------------------------------------------------- */

void resume_tell_location(struct request *r)
{
	struct str location = resume_location(r);
	struct buf b = buf_in_arena(&r->arena, location.len + 128);

	response_location(&b, r, location); /* as the final response's will be */
	resume_print_limit(r, resume_of(r)->state.record.expire, &b);
	if (location.len > 0 && !b.failed)
		respond_interim(r, 104, buf_str(&b));
}

void resume_tell_offset(struct request *r)
{
	char memory[48];
	struct buf b = buf_fixed(memory, sizeof memory);

	buf_text(&b, "Upload-Offset: ");
	buf_u64(&b, resume_of(r)->state.offset);
	buf_text(&b, "\r\n");
	respond_interim(r, 104, buf_str(&b));
}

/* ---- answers ----------------------------------------------------------------------------------------------- */

static const struct {
	unsigned status;
	const char *type, *title;
} problems[] = {
	[RESUME_MISMATCH] = { 409, "mismatching-upload-offset",
	                      "offset from request does not match offset of resource" },
	[RESUME_COMPLETED] = { 400, "completed-upload", "upload is already completed" },
	[RESUME_INCONSISTENT] = { 400, "inconsistent-upload-length",
	                          "inconsistent length values for upload" },
};

void resume_refuse(struct request *r, enum resume_problem problem)
{
	struct upload *u = r->state;
	struct buf b = buf_in_arena(&r->arena, 256);

	buf_format(&b,
	           "{\"type\":\"https://iana.org/assignments/http-problem-types#%s\",\"title\":"
	           "\"%s\",\"status\":%u",
	           problems[problem].type, problems[problem].title, problems[problem].status);
	if (problem == RESUME_MISMATCH) {
		buf_format(&b, ",\"expected-offset\":%llu,\"provided-offset\":%llu",
		           (unsigned long long)u->resume->state.offset,
		           (unsigned long long)u->resume->fields.offset);
		resume_field_offset(r);
	}
	buf_text(&b, "}\n");
	u->is_over = true;
	r->sink = NULL;
	r->reason = problems[problem].title;
	request_log(r, LOG_INFO, "%u: %s", problems[problem].status, r->reason);
	r->response.content_type = STR_OF("application/problem+json");
	response_field(r, STR_OF("X-Content-Type-Options"), STR_OF("nosniff"));
	body_memory(&r->response.body, b.failed ? str_make(NULL, 0) : buf_str(&b));
	respond(r, problems[problem].status);
}

void resume_answer_state(struct request *r)
{
	const struct upload_state *s = &resume_of(r)->state;
	bool complete = s->record.phase == UPLOAD_COMPLETE;

	resume_field_complete(r, complete);
	resume_field_offset(r);
	if (s->record.length != UPLOAD_LENGTH_UNKNOWN)
		field_number(r, STR_OF("Upload-Length"), s->record.length);
	field_limit_now(r);
	response_field(r, STR_OF("Cache-Control"), STR_OF("no-store"));
	r->sink = &sink_discard;
	body_empty(&r->response.body);
	respond(r, 204);
}

void resume_answer_partial(struct request *r)
{
	struct upload *u = r->state;

	u->is_over = true;
	resume_field_complete(r, false);
	resume_field_offset(r);
	field_limit_now(r);
	if (u->resume->is_creation)
		r->response.location = resume_location(r);
	body_empty(&r->response.body);
	respond(r, u->resume->is_creation ? 201 : 204);
}
