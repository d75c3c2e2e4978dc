#include "handlers/cgi.h"

#include "http/cgi_head.h"
#include "http/statuses.h"
#include "net/io.h"
#include "server/response.h"
#include "server/worker.h"

#include <errno.h>

enum { CGI_FIELDS = 200 }; /* most header fields that a program may send */

/* ---- reading ------------------------------------------------------------------------------------------- */

/* Makes the buffer hold at least cap bytes. False when memory is out. */
static bool output_reserve(struct cgi *cgi, size_t cap)
{
	char *buffer;

	if (cgi->cap >= cap)
		return true;
	buffer = arena_alloc(&cgi->request->arena, cap);
	if (!buffer)
		return false;
	if (cgi->len > 0)
		memcpy(buffer, cgi->buffer, cgi->len);
	cgi->buffer = buffer;
	cgi->cap = cap;
	return true;
}

/* Reads once, behind what is there. False where nothing came: no more for now, or the end. */
static bool output_fill(struct cgi *cgi)
{
	ssize_t n;

	if (!cgi->output.is_ready || cgi->at_end)
		return false;
	n = io_read(cgi->output.watch.fd, cgi->buffer + cgi->len, cgi->cap - cgi->len);
	if (n < 0 && io_would_block(errno)) {
		cgi->output.is_ready = false;
		return false;
	}
	cgi_moved(cgi);
	if (n <= 0) {
		cgi->at_end = true;
		return false;
	}
	cgi->len += (size_t)n;
	return true;
}

/* ---- the body ------------------------------------------------------------------------------------------ */

static enum body_next body_wait(struct cgi *cgi)
{
	/* The time that the client took to read is not the program's. */
	if (!cgi->is_waiting)
		cgi_moved(cgi);
	cgi->is_waiting = true;
	cgi_set_deadline(cgi);
	return BODY_WAIT;
}

/* Its output may have ended because its time was up: that is known only once the program is gone. */
static bool body_end_is_open(const struct cgi *cgi)
{
	return cgi->settings->cgi_limits.cpu > 0 && !cgi->has_exited && !cgi->lives_on &&
	       (!cgi->has_length || cgi->left > 0);
}

static enum body_next body_end(struct cgi *cgi)
{
	if (body_end_is_open(cgi))
		return body_wait(cgi);
	cgi->fate = CGI_FATE_FINISHED;
	/* What still comes of the request's body can have no effect on the answer. */
	cgi_pipe_close(&cgi->input);
	if (cgi->has_length && cgi->left == 0)
		return BODY_END;
	if (cgi_limit_met(cgi)) {
		request_log(cgi->request, LOG_ERROR, "%.*s: %s: the answer is cut",
		            STR_ARG(cgi->name), cgi_limit_met(cgi));
		return BODY_FAILED;
	}
	if (!cgi->has_length)
		return BODY_END;
	request_log(cgi->request, LOG_ERROR,
	            "%.*s: its output ended %llu bytes before its Content-Length",
	            STR_ARG(cgi->name), (unsigned long long)cgi->left);
	return BODY_FAILED;
}

/* What is in the buffer, but never more than the program has announced. */
static enum body_next body_take(struct cgi *cgi, struct span *span)
{
	size_t n = cgi->len - cgi->at;

	if (cgi->has_length && n > cgi->left) {
		request_log(cgi->request, LOG_ERROR,
		            "%.*s: its output is longer than its Content-Length: cut",
		            STR_ARG(cgi->name));
		n = (size_t)cgi->left;
	}
	*span = (struct span){ .kind = SPAN_MEMORY, .ptr = cgi->buffer + cgi->at, .len = n };
	cgi->left -= cgi->has_length ? n : 0;
	cgi->at = cgi->len;
	cgi->is_waiting = false;
	cgi->request->deadline = TIMER_NEVER;
	return BODY_SPAN;
}

/*
 * A program that ends right behind what it wrote is noticed now, so that the end of the answer leaves with
 * the rest of it and not by a send of its own.
 */
static enum body_next body_take_last(struct cgi *cgi, struct body *body, struct span *span)
{
	if (!cgi->has_length && cgi->len < cgi->cap)
		output_fill(cgi);
	if (cgi->at_end && !cgi->has_length && !body_end_is_open(cgi) && !cgi_limit_met(cgi))
		body->is_last = body_end(cgi) == BODY_END;
	return body_take(cgi, span);
}

static enum body_next output_next(struct body *body, struct span *span)
{
	struct cgi *cgi = body->context;

	if (cgi->is_late)
		return BODY_FAILED;
	if (cgi->has_length && cgi->left == 0)
		return body_end(cgi);
	if (cgi->at < cgi->len)
		return body_take_last(cgi, body, span);
	cgi->at = cgi->len = 0;
	if (output_fill(cgi))
		return body_take_last(cgi, body, span);
	return cgi->at_end ? body_end(cgi) : body_wait(cgi);
}

/* ---- the header ---------------------------------------------------------------------------------------- */

/* The slices point into the buffer, which the body goes through next: what is kept is copied. */
static bool answer_field(struct request *r, const struct field *f)
{
	struct response *p = &r->response;

	switch (f->id) {
	case FIELD_CONTENT_TYPE:
		p->content_type = arena_str(&r->arena, f->value);
		return p->content_type.ptr != NULL;
	case FIELD_LOCATION:
		p->location = arena_str(&r->arena, f->value);
		return p->location.ptr != NULL;
	case FIELD_DATE:
		p->has_date = true;
		break;
	case FIELD_SERVER:
		p->has_server = true;
		break;
	default:
		break;
	}
	return response_field(r, f->name, f->value);
}

static bool answer_fields(struct request *r, const struct cgi_head *head)
{
	for (size_t i = 0; i < head->field_count; i++)
		if (!answer_field(r, &head->fields[i]))
			return false;
	/* An error page keeps the status it was made for, and so its phrase. */
	if (r->error_status == 0 && head->reason.len > 0) {
		r->response.reason = arena_str(&r->arena, head->reason);
		return r->response.reason.ptr != NULL;
	}
	return true;
}

/* RFC 3875 section 6.2.2: looked up anew by us. The program has said all that it had to say. */
static void answer_redirect(struct cgi *cgi, struct str location)
{
	struct request *r = cgi->request;
	struct str target = arena_str(&r->arena, location);

	if (!target.ptr) {
		cgi_fail(cgi, 500, "out of memory");
		return;
	}
	cgi->fate = CGI_FATE_FINISHED;
	cgi_leave(cgi);
	request_set_sink(r, &sink_discard);
	r->on_deadline = NULL;
	r->wants_fin_grace = false;
	redirect_internally(r, target);
}

static void answer_document(struct cgi *cgi, const struct cgi_head *head)
{
	struct request *r = cgi->request;
	bool has_document = head->kind != CGI_CLIENT_REDIRECT || head->has_length;

	if (!answer_fields(r, head)) {
		r->response.fields = (struct buf){ 0 };
		cgi_fail(cgi, 502, "a header field that can't be passed on");
		return;
	}
	cgi->at = head->size;
	cgi->has_length = head->has_length;
	cgi->left = head->length;
	r->response.is_programs = true;
	if (has_document)
		body_generator(&r->response.body, output_next, cgi,
		               head->has_length ? (int64_t)head->length : BODY_UNKNOWN_LENGTH);
	else
		body_empty(&r->response.body);
	/* Where no body is sent nobody reads on: the program is let go with the request, but not ended. */
	if (!has_document || r->head.method == METHOD_HEAD || status_is_bodiless(head->status)) {
		cgi->fate = CGI_FATE_FINISHED;
		cgi_pipe_close(&cgi->input);
	}
	r->deadline = TIMER_NEVER;
	file_cache_touch(&r->worker->files);
	respond(r, head->status);
}

/* Looks at the header so far. False while more of it must come. */
static bool answer_parse(struct cgi *cgi)
{
	struct field fields[CGI_FIELDS];
	struct cgi_head head = { .fields = fields, .field_cap = CGI_FIELDS };
	struct refusal refusal;
	const char *from = cgi->buffer + cgi->parsed;

	/* Only the end of a line, or of our patience, can change anything. */
	if (cgi->len < CGI_HEAD_MAX && !memchr(from, '\n', cgi->len - cgi->parsed))
		return false;
	cgi->parsed = cgi->len;
	switch (cgi_head_parse(str_make(cgi->buffer, cgi->len), &head, &refusal)) {
	case PARSE_PARTIAL:
		return false;
	case PARSE_BAD:
		cgi_fail(cgi, refusal.status, refusal.reason);
		return true;
	case PARSE_COMPLETE:
		break;
	}
	if (head.kind == CGI_LOCAL_REDIRECT)
		answer_redirect(cgi, head.location);
	else
		answer_document(cgi, &head);
	return true;
}

void cgi_read_answer(struct cgi *cgi)
{
	if (!cgi->output.is_ready && !cgi->at_end)
		return;
	if (!output_reserve(cgi, CGI_BUFFER)) {
		cgi_fail(cgi, 500, "out of memory");
		return;
	}
	while (output_fill(cgi)) {
		if (answer_parse(cgi))
			return;
		if (cgi->len == cgi->cap && !output_reserve(cgi, CGI_HEAD_MAX)) {
			cgi_fail(cgi, 500, "out of memory");
			return;
		}
	}
	/* Nothing more can come from one that is gone; one that is alive may be about to say why it ends. */
	if (cgi->has_exited)
		cgi_fail_silent(cgi);
}
