#include "handlers/handlers.h"
#include "handlers/resume.h"
#include "http/escape.h"
#include "net/timer.h"
#include "server/conn.h"
#include "server/response.h"
#include "server/vars.h"

void redirect_start(struct request *r)
{
	r->sink = &sink_discard;
	respond_redirect(r, r->decision.status, r->decision.text);
}

/* A Location may hold variables that a client chose: controls are refused, blanks and the like encoded. */
static struct str return_location(struct request *r, struct str text)
{
	struct buf b = buf_in_arena(&r->arena, text.len + 32);

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c <= 0x20 || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\')
			buf_format(&b, "%%%02X", c);
		else
			buf_byte(&b, (char)c);
	}
	return b.failed ? str_make(NULL, 0) : buf_str(&b);
}

void return_start(struct request *r)
{
	const struct return_rule *rule = &request_settings(r)->ret;
	struct str text = vars_text(&rule->text, r);

	if (rule->has_text && !text.ptr) {
		respond_error(r, 500, "out of memory");
		return;
	}
	r->sink = &sink_discard;
	if (rule->is_redirect) {
		text = return_location(r, text);
		if (text.ptr)
			respond_redirect(r, rule->code, text);
		else
			respond_error(r, 500, "out of memory");
		return;
	}
	if (!rule->has_text && rule->code >= 300) {
		respond_error(r, rule->code, NULL);
		return;
	}
	respond_text(r, rule->code,
	             request_settings(r)->default_type.len > 0 ? request_settings(r)->default_type
	                                                       : STR_OF("text/plain"),
	             text);
}

void close_start(struct request *r)
{
	r->conn->is_broken = true;
	conn_wake(r->conn);
}

void error_start(struct request *r)
{
	/* RFC 9110 section 15.5.6: a 405 says what would be answered. */
	r->response.allow = r->decision.status == 405 ? r->decision.allow : 0;
	respond_error(r, r->decision.status, r->decision.reason);
}

void options_start(struct request *r)
{
	r->sink = &sink_discard;
	r->response.allow = r->decision.allow;
	if (r->decision.is_resumable)
		resume_describe(r);
	body_empty(&r->response.body);
	respond(r, 200);
}
