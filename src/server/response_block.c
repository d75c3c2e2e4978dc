#include "server/response_block.h"

#include "base/clock.h"
#include "server/conn.h"
#include "server/file.h"
#include "server/output.h"
#include "server/range_body.h"
#include "server/response.h"
#include "server/response_head.h"
#include "server/worker.h"

#include <stdlib.h>

enum {
	BLOCK_RANGE_MAX = 16 * 1024, /* bytes of a range that is made ready */
	BLOCK_RANGES = 8             /* of a file at a time */
};

static const struct str block_close = STR("Connection: close\r\n\r\n");

/* What an answer is the same for. */
struct block_key {
	unsigned status;
	struct range range; /* status 206 */
};

/* One range of a moderate size, asked for without conditions. */
static bool block_range(const struct request *r, struct range *range)
{
	size_t count;

	return r->method == METHOD_GET && r->decision.status == 200 &&
	       request_settings(r)->max_ranges > 0 && !head_field(&r->head, FIELD_IF_RANGE) &&
	       head_count(&r->head, FIELD_RANGE) == 1 &&
	       range_parse(head_value(&r->head, FIELD_RANGE), r->decision.file->size, range, 1,
	                   &count) == RANGE_PARTS &&
	       range->last - range->first < BLOCK_RANGE_MAX;
}

/* Whether the answer to this request could be the one that the next request gets, too. */
static bool block_fits(const struct request *r, struct block_key *key)
{
	const struct file *file = r->decision.file;

	if (!file->key.ptr || r->error_status != 0 || r->head.minor != 1 ||
	    r->framing.kind != FRAMING_NONE ||
	    (r->method != METHOD_GET && r->method != METHOD_HEAD) ||
	    request_settings(r)->keepalive_header != 0)
		return false;
	*key = (struct block_key){ .status = r->decision.status };
	if (!head_field(&r->head, FIELD_RANGE))
		return file->content || key->status == 304;
	key->status = 206;
	return block_range(r, &key->range);
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

static bool block_is(const struct file_block *b, const struct request *r,
                     const struct block_key *key)
{
	return b->location == r->location && b->status == key->status &&
	       b->variant == r->decision.variant && b->range.first == key->range.first &&
	       b->range.last == key->range.last;
}

static struct file_block *block_find(const struct file *file, const struct request *r,
                                     const struct block_key *key)
{
	struct file_block *b = file->blocks;

	while (b && !block_is(b, r, key))
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
	r->response.status = b->status;
	r->response_head = str_make(b->bytes, b->head);
	response_start(r, o);
	return true;
}

bool block_respond(struct request *r)
{
	struct file_block *b;
	struct block_key key;

	if (!r->decision.file->blocks || !block_fits(r, &key))
		return false;
	b = block_find(r->decision.file, r, &key);
	return b && block_send(r, b);
}

/* ---- making one -------------------------------------------------------------------------------------- */

/*
 * Ranges are made ready when the same one is asked for twice in a row: else every client that skips through
 * a film would leave one. A file that has had many starts again without any.
 */
static bool block_wants_range(struct request *r, const struct range *range)
{
	struct file *file = r->decision.file;
	struct range last = file->wanted;

	file->wanted = *range;
	if (last.first != range->first || last.last != range->last)
		return false;
	if (file->range_blocks < BLOCK_RANGES)
		return true;
	file_cache_forget(&r->worker->files, file);
	return false;
}

/* The head, and where the Date's value stands in it. Empty: it can't be made. */
static struct str block_head(struct request *r, size_t *date_at)
{
	static const struct str mark = STR("\r\nDate: ");
	struct str head = response_head(r, OUTPUT_LENGTH);
	const char *date = head.ptr ? memmem(head.ptr, head.len, mark.ptr, mark.len) : NULL;

	if (!date)
		return (struct str){ NULL, 0 };
	*date_at = (size_t)(date - head.ptr) + mark.len;
	return head;
}

/* The content, of which a part of a larger file is read; not where somebody writes to that meanwhile. */
static bool block_fill(const struct request *r, const struct block_key *key, char *to, size_t len)
{
	const struct file *file = r->decision.file;

	if (len == 0)
		return true;
	if (!file->content)
		return file_read_part(file, (off_t)key->range.first, to, len);
	memcpy(to, file->content + key->range.first, len);
	return true;
}

static struct file_block *block_build(struct request *r, const struct block_key *key)
{
	size_t date_at, body = key->status == 304 ? 0 : (size_t)r->response.body.length;
	struct str head = block_head(r, &date_at);
	struct file_block *b = head.ptr ? malloc(sizeof *b + head.len + body) : NULL;

	if (!b)
		return NULL;
	*b = (struct file_block){ .location = r->location,
		                  .variant = r->decision.variant,
		                  .status = key->status,
		                  .range = key->range,
		                  .date = clock_cached.wall.tv_sec,
		                  .date_at = (uint32_t)date_at,
		                  .head = (uint32_t)head.len,
		                  .len = (uint32_t)(head.len + body) };
	memcpy(b->bytes, head.ptr, head.len);
	if (block_fill(r, key, b->bytes + head.len, body))
		return b;
	free(b);
	return NULL;
}

bool block_make(struct request *r)
{
	struct file *file = r->decision.file;
	struct block_key key;
	struct file_block *b;

	/* One that is there could not be sent for want of memory: another would be no better. */
	if (!block_fits(r, &key) || block_find(file, r, &key) ||
	    !block_is_constant(request_settings(r)))
		return false;
	r->response.status = r->decision.status;
	r->close_after = false;
	if (key.status == 206) {
		if (!block_wants_range(r, &key.range) || !range_apply(r))
			return false;
		r->decision.status = 206; /* so it stays where the block fails */
	}
	b = block_build(r, &key);
	if (!b)
		return false;
	if (key.status == 206)
		file->range_blocks++;
	file_cache_add_block(&r->worker->files, file, b);
	return block_send(r, b);
}
