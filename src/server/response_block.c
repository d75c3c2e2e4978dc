#include "server/response_block.h"

#include "base/clock.h"
#include "server/conn.h"
#include "server/output.h"
#include "server/response.h"
#include "server/response_head.h"
#include "server/worker.h"

#include <stdlib.h>

static const struct str block_close = STR("Connection: close\r\n\r\n");

/* Whether the answer to this request could be the one that the next request gets, too. */
static bool block_fits(const struct request *r)
{
	const struct file *file = r->decision.file;
	const struct settings *set = request_settings(r);

	return file->content && file->key.ptr && r->error_status == 0 && r->head.minor == 1 &&
	       r->framing.kind == FRAMING_NONE &&
	       (r->method == METHOD_GET || r->method == METHOD_HEAD) &&
	       !head_field(&r->head, FIELD_RANGE) && set->keepalive_header == 0;
}

static bool block_is_constant(const struct settings *set)
{
	if (set->expires.mode == EXPIRES_TIME || set->expires.mode == EXPIRES_MODIFIED)
		return false;
	for (size_t i = 0; i < set->headers.count; i++)
		if (!template_is_constant(&set->headers.items[i].value))
			return false;
	return true;
}

static struct file_block *block_find(const struct file *file, const struct request *r)
{
	struct file_block *b = file->blocks;

	while (b && (b->location != r->location || b->status != r->decision.status ||
	             b->variant != r->decision.variant))
		b = b->next;
	return b;
}

static void block_renew_date(struct file_block *b)
{
	time_t now = clock_cached.wall.tv_sec;

	if (b->date == now)
		return;
	memcpy(b->bytes + b->date_at, clock_http_date().ptr, clock_http_date().len);
	b->date = now;
}

/*
 *   bytes:  head … CRLF CRLF content
 * goes out as it is; a last answer has its "Connection: close" put in before the empty line.
 */
static void block_output(struct request *r, struct output *o, const struct file_block *b)
{
	bool has_body = r->method == METHOD_GET && b->len > b->head;

	o->framing = OUTPUT_NO_BODY;
	o->ended = true;
	o->is_shared = true;
	if (!r->close_after) {
		o->head = str_make(b->bytes, has_body ? b->len : b->head);
	} else {
		o->head = str_make(b->bytes, b->head - 2);
		o->before = block_close;
		if (has_body)
			o->after = str_make(b->bytes + b->head, b->len - b->head);
	}
	r->body_sent = has_body ? b->len - b->head : 0;
}

static bool block_send(struct request *r, struct file_block *b)
{
	struct output *o = arena_zero(&r->arena, sizeof *o);

	if (!o)
		return false;
	block_renew_date(b);
	r->close_after = response_closes(r, OUTPUT_LENGTH);
	block_output(r, o, b);
	r->response.status = r->decision.status;
	r->response_head = str_make(b->bytes, b->head);
	response_start(r, o);
	return true;
}

bool block_respond(struct request *r)
{
	struct file_block *b;

	if (!r->decision.file->blocks || !block_fits(r))
		return false;
	b = block_find(r->decision.file, r);
	return b && block_send(r, b);
}

bool block_make(struct request *r)
{
	static const struct str mark = STR("\r\nDate: ");
	struct file *file = r->decision.file;
	size_t body = r->decision.status == 200 ? (size_t)file->size : 0;
	struct file_block *b;
	const char *date;
	struct str head;

	/* One that is there could not be sent for want of memory: another would be no better. */
	if (!block_fits(r) || block_find(file, r) || !block_is_constant(request_settings(r)))
		return false;
	r->response.status = r->decision.status;
	r->close_after = false;
	head = response_head(r, OUTPUT_LENGTH);
	date = head.ptr ? memmem(head.ptr, head.len, mark.ptr, mark.len) : NULL;
	b = date ? malloc(sizeof *b + head.len + body) : NULL;
	if (!b)
		return false;
	*b = (struct file_block){ .location = r->location,
		                  .variant = r->decision.variant,
		                  .status = r->decision.status,
		                  .date = clock_cached.wall.tv_sec,
		                  .date_at = (uint32_t)((size_t)(date - head.ptr) + mark.len),
		                  .head = (uint32_t)head.len,
		                  .len = (uint32_t)(head.len + body) };
	memcpy(b->bytes, head.ptr, head.len);
	memcpy(b->bytes + head.len, file->content, body);
	file_cache_add_block(&r->worker->files, file, b);
	return block_send(r, b);
}
