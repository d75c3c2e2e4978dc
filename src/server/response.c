#include "server/response.h"

#include "base/clock.h"
#include "http/accept.h"
#include "http/date.h"
#include "http/escape.h"
#include "http/mime.h"
#include "http/statuses.h"
#include "net/io.h"
#include "net/timer.h"
#include "server/conn.h"
#include "server/error_page.h"
#include "server/output.h"
#include "server/range_body.h"
#include "server/response_head.h"
#include "server/trace.h"
#include "server/vars.h"
#include "server/worker.h"

enum {
	RESPONSE_INLINE =
	        32 *
	        1024, /* smaller pieces of files are read: one pread and one send beat send and sendfile */
	RESPONSE_DRAIN =
	        256 * 1024 /* so much of a body that nobody wants is read to keep the connection */
};

/* ---- framing and the connection's fate ------------------------------------------------------------- */

static enum output_framing response_framing(const struct request *r)
{
	const struct response *p = &r->response;

	if (r->method == METHOD_HEAD || r->head.method == METHOD_HEAD ||
	    status_is_bodiless(p->status))
		return p->body.length < 0 && !status_is_bodiless(p->status) && r->head.minor > 0
		               ? OUTPUT_CHUNKED
		               : OUTPUT_NO_BODY;
	if (p->body.length >= 0)
		return OUTPUT_LENGTH;
	return r->head.minor == 0 ? OUTPUT_UNTIL_CLOSE : OUTPUT_CHUNKED;
}

/* Whether what is still to come of the request's body is little enough to be read and thrown away. */
bool response_can_drain(const struct request *r)
{
	if (r->body_done || r->framing.kind == FRAMING_NONE)
		return true;
	if (r->continue_due) /* nobody knows whether the client will send it now (RFC 9110 section 10.1.1) */
		return false;
	return r->framing.kind == FRAMING_LENGTH && r->body_left <= RESPONSE_DRAIN;
}

bool response_closes(const struct request *r, enum output_framing framing)
{
	const struct settings *set = &r->server->self.settings;

	return r->close_after || r->is_refused || !r->framing.keep_alive ||
	       framing == OUTPUT_UNTIL_CLOSE || set->keepalive_timeout == 0 ||
	       r->worker->draining || r->conn->last ||
	       r->conn->requests >= set->keepalive_requests ||
	       (!response_can_drain(r) && r->response.status != 100 &&
	        (r->sink == NULL || r->sink == &sink_discard));
}

/* A small piece of a file is read into memory now; it then goes out with the head in one call. */
static bool response_inline(struct request *r)
{
	struct body *body = &r->response.body;
	struct span *span = &body->one;
	char *room;
	ssize_t n;

	if (body->spans != span || body->span_count != 1 || span->kind != SPAN_FILE ||
	    span->len > RESPONSE_INLINE)
		return true;
	room = arena_alloc(&r->arena, (size_t)span->len);
	if (!room)
		return false;
	n = io_pread(span->fd, room, (size_t)span->len, span->offset);
	if (n < 0 || (uint64_t)n < span->len)
		return false;
	*span = (struct span){ .kind = SPAN_MEMORY, .ptr = room, .len = span->len };
	return true;
}

/* Memory is out, or a file can't be read: what is left is a constant. */
static void response_emergency(struct request *r, struct output *o)
{
	static const char text[] = "HTTP/1.1 500 Internal Server Error\r\n"
	                           "Content-Length: 0\r\nConnection: close\r\n\r\n";

	request_log(r, LOG_ERROR,
	            "no answer could be made: out of memory, or a file that can't be read");
	r->response.status = 500;
	r->close_after = true;
	*o = (struct output){ .head = str_make(text, sizeof text - 1), .framing = OUTPUT_NO_BODY };
}

static struct output *response_output(struct request *r)
{
	struct output *o = arena_zero(&r->arena, sizeof *o);

	if (!o) { /* not even that: the connection is closed without a word */
		conn_wake(r->conn);
		r->conn->is_broken = true;
	}
	return o;
}

static void response_build(struct request *r, struct output *o)
{
	struct response *p = &r->response;

	if (!range_apply(r)) {
		response_emergency(r, o);
		return;
	}
	o->framing = response_framing(r);
	r->close_after = response_closes(r, o->framing);
	o->head = response_head(r, o->framing);
	r->response_head = o->head;
	if (r->method == METHOD_HEAD || r->head.method == METHOD_HEAD ||
	    status_is_bodiless(p->status))
		o->framing = OUTPUT_NO_BODY;
	o->body = &p->body;
	o->left = p->body.length > 0 ? (uint64_t)p->body.length : 0;
	if (!o->head.ptr || (o->framing == OUTPUT_LENGTH && !response_inline(r)))
		response_emergency(r, o);
}

/* An error page is looked up anew, but the client gets the status it is made for. */
static unsigned response_final_status(const struct request *r, unsigned status)
{
	if (r->error_status == 0)
		return status;
	switch (r->error_how) {
	case ERROR_CODE_OF_PAGE:
		return status;
	case ERROR_CODE_SET:
		return r->error_code;
	case ERROR_CODE_KEEP:
		break;
	}
	/* Only a redirect is an answer of its own. */
	return status >= 300 && status < 400 && status != 304 ? status : r->error_status;
}

void response_start(struct request *r, struct output *o)
{
	r->has_answer = true;
	r->advance = NULL;
	r->conn->output = o;
	r->conn->out = CONN_OUT_SEND;
	r->conn->progress = clock_now();
	conn_wake(r->conn);
}

void respond(struct request *r, unsigned status)
{
	struct output *o = response_output(r);

	if (!o)
		return;
	ASSERT(!r->has_answer);
	r->response.status = response_final_status(r, status);
	response_build(r, o);
	response_start(r, o);
}

/* ---- answers of our own ---------------------------------------------------------------------------- */

static struct buf *response_fields(struct request *r)
{
	struct buf *b = &r->response.fields;

	if (!b->ptr)
		*b = buf_in_arena(&r->arena, 256);
	return b;
}

bool response_lines(struct request *r, struct str lines)
{
	struct buf *b = response_fields(r);

	buf_add(b, lines);
	return !b->failed;
}

bool response_field(struct request *r, struct str name, struct str value)
{
	struct buf *b;

	if (!escape_is_field_safe(value) || !field_is_token(name))
		return false;
	b = response_fields(r);
	buf_add(b, name);
	buf_text(b, ": ");
	buf_add(b, value);
	buf_text(b, "\r\n");
	return !b->failed;
}

void respond_text(struct request *r, unsigned status, struct str type, struct str text)
{
	r->response.content_type = type;
	r->response.add_charset = true;
	body_memory(&r->response.body, text);
	respond(r, status);
}

void respond_redirect(struct request *r, unsigned status, struct str location)
{
	struct buf page = buf_in_arena(&r->arena, 256 + location.len);

	buf_text(&page,
	         "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Moved</title>\n"
	         "<link rel=\"icon\" href=\"data:,\">\n<p>This is now at <a href=\"");
	escape_html(&page, location);
	buf_text(&page, "\">another address</a>.</p></html>\n");
	r->response.location = location;
	r->response.content_type = STR_OF("text/html; charset=utf-8");
	body_memory(&r->response.body, page.failed ? str_make(NULL, 0) : buf_str(&page));
	respond(r, status);
}

/* The error_page of the location for this status, if it may be used. */
static const struct error_page *response_error_page(const struct request *r, unsigned status)
{
	const struct error_page_list *list;

	if (r->error_status != 0 || r->is_refused || !r->location)
		return NULL;
	list = &request_settings(r)->error_pages;
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].status == status)
			return &list->items[i];
	return NULL;
}

/* What a handler had prepared is not part of the error's answer. */
static void response_reset(struct request *r)
{
	unsigned allow = r->response.allow;
	struct buf kept = r->response.fields;

	/* Only what an error may carry stays: Allow, and fields that were added for it (Retry-After). */
	r->response = (struct response){ .allow = allow, .fields = kept };
	body_empty(&r->response.body);
}

static void response_use_error_page(struct request *r, const struct error_page *page,
                                    unsigned status)
{
	struct str uri;

	TRACE(r, "error_page", "there is one for %u", status);
	r->error_status = status;
	r->error_how = page->how;
	r->error_code = page->code;
	if (page->named != CONFIG_NONE) {
		redirect_to_named(r, page->named);
		return;
	}
	uri = vars_text(&page->uri, r);
	if (!uri.ptr || (page->is_url && !escape_is_field_safe(uri))) {
		respond_error(r, 500, "the error_page has no usable value");
		return;
	}
	if (page->is_url)
		respond_redirect(r, page->how == ERROR_CODE_SET ? page->code : 302, uri);
	else
		redirect_internally(r, uri);
}

static void respond_own_page(struct request *r, unsigned status, const char *reason)
{
	bool json = accept_prefers_json(&r->head);

	r->response.vary = STR_OF("Accept");
	r->response.content_type =
	        json ? STR_OF("application/problem+json") : STR_OF("text/html; charset=utf-8");
	response_lines(r, STR_OF("X-Content-Type-Options: nosniff\r\n"));
	if (!json)
		response_lines(r, STR_OF("Content-Security-Policy: default-src 'none'; style-src "
		                         "'unsafe-inline'; img-src data:\r\n"));
	body_memory(&r->response.body, json ? error_page_problem(r, status, reason)
	                                    : error_page_html(r, status, reason));
	r->error_how = ERROR_CODE_OF_PAGE; /* the status is final */
	respond(r, status);
}

void respond_error(struct request *r, unsigned status, const char *reason)
{
	const struct error_page *page = response_error_page(r, status);

	/* A refusal, by a limit too, has had its line, and 501 is the client's doing: none may fill the error log. */
	if (reason && status >= 400 && !r->is_refused && r->retry_after == 0)
		request_log(r, status >= 500 && status != 501 ? LOG_ERROR : LOG_INFO, "%u: %s",
		            status, reason);
	response_reset(r);
	r->sink = NULL;
	r->reason = reason;
	if (page) {
		response_use_error_page(r, page, status);
		return;
	}
	if (r->error_status != 0 && r->error_how == ERROR_CODE_KEEP)
		status = r->error_status;
	respond_own_page(r, status, reason);
}

void respond_interim(struct request *r, unsigned status, struct str fields)
{
	char room[512];
	struct buf b = buf_fixed(room, sizeof room); /* a long upload hears many of them */

	if (r->head.minor == 0)
		return; /* RFC 9110 section 15.2: never to HTTP/1.0 */
	if (fields.len > sizeof room - 128)
		b = buf_in_arena(&r->arena, 128 + fields.len);
	buf_format(&b, "HTTP/1.1 %u %.*s\r\n", status, STR_ARG(status_reason(status)));
	buf_add(&b, fields);
	buf_text(&b, "\r\n");
	if (!b.failed)
		conn_send_now(r->conn, buf_str(&b));
}
