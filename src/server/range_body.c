#include "server/range_body.h"

#include "base/clock.h"
#include "http/precondition.h"
#include "http/range.h"
#include "server/response.h"

static bool range_is_wanted(const struct request *r)
{
	const struct response *p = &r->response;
	struct validators v = { .exists = true, .etag = p->etag, .modified = p->modified };

	/* RFC 9110 section 14.2: Range is defined for GET only, and for what would be a 200. */
	return p->status == 200 && r->method == METHOD_GET && p->body.is_rangeable &&
	       request_settings(r)->max_ranges > 0 && head_count(&r->head, FIELD_RANGE) == 1 &&
	       precondition_range_applies(&r->head, &v, clock_cached.wall.tv_sec);
}

static struct str range_field(struct request *r, const struct range *range, uint64_t size)
{
	struct buf b = buf_in_arena(&r->arena, 72);

	buf_text(&b, "bytes ");
	if (range) {
		buf_u64(&b, range->first);
		buf_byte(&b, '-');
		buf_u64(&b, range->last);
	} else {
		buf_byte(&b, '*');
	}
	buf_byte(&b, '/');
	buf_u64(&b, size);
	return b.failed ? str_make(NULL, 0) : buf_str(&b);
}

static void range_unsatisfiable(struct request *r, uint64_t size)
{
	static const char text[] = "The file has no such range of bytes.\n";

	r->response.status = 416;
	r->response.content_type = STR_OF("text/plain");
	r->response.etag = (struct str){ NULL, 0 };
	r->response.encoding = (struct str){ NULL, 0 };
	r->response.modified = 0;
	r->response.is_cacheable = false;
	body_memory(&r->response.body, str_make(text, sizeof text - 1));
	response_field(r, STR_OF("Content-Range"), range_field(r, NULL, size));
}

static struct span range_slice(const struct span *whole, const struct range *range)
{
	struct span part = *whole;

	part.len = range->last - range->first + 1;
	if (part.kind == SPAN_MEMORY)
		part.ptr += range->first;
	else
		part.offset += (off_t)range->first;
	return part;
}

static void range_single(struct request *r, const struct range *range, uint64_t size)
{
	struct span *whole = &r->response.body.one;

	r->response.status = 206;
	*whole = range_slice(whole, range);
	r->response.body.length = (int64_t)whole->len;
	response_field(r, STR_OF("Content-Range"), range_field(r, range, size));
}

/* The head of one part: CRLF "--" boundary, its type and its place (RFC 9110 section 14.6). */
static struct str range_part_head(struct request *r, const struct range *range, uint64_t size,
                                  bool is_first)
{
	struct buf b = buf_in_arena(&r->arena, 192);

	if (!is_first)
		buf_text(&b, "\r\n");
	buf_text(&b, "--");
	buf_add(&b, request_id(r));
	if (r->response.content_type.len > 0) {
		buf_text(&b, "\r\nContent-Type: ");
		buf_add(&b, r->response.content_type);
	}
	buf_text(&b, "\r\nContent-Range: ");
	buf_add(&b, range_field(r, range, size));
	buf_text(&b, "\r\n\r\n");
	return b.failed ? str_make(NULL, 0) : buf_str(&b);
}

static struct span range_memory(struct str s)
{
	return (struct span){ .kind = SPAN_MEMORY, .ptr = s.ptr, .len = s.len };
}

/* The boundary is the request's id: nobody who wrote the file can have known it. */
static bool range_multipart(struct request *r, const struct range *ranges, size_t count,
                            uint64_t size)
{
	struct span *spans = arena_alloc(&r->arena, sizeof *spans * (2 * count + 1));
	struct buf type = buf_in_arena(&r->arena, 80), end = buf_in_arena(&r->arena, 48);

	if (!spans)
		return false;
	for (size_t i = 0; i < count; i++) {
		spans[2 * i] = range_memory(range_part_head(r, &ranges[i], size, i == 0));
		spans[2 * i + 1] = range_slice(&r->response.body.one, &ranges[i]);
		if (!spans[2 * i].ptr)
			return false;
	}
	buf_text(&end, "\r\n--");
	buf_add(&end, request_id(r));
	buf_text(&end, "--\r\n");
	buf_text(&type, "multipart/byteranges; boundary=");
	buf_add(&type, request_id(r));
	if (end.failed || type.failed)
		return false;
	spans[2 * count] = range_memory(buf_str(&end));
	body_spans(&r->response.body, spans, 2 * count + 1);
	r->response.status = 206;
	r->response.content_type = buf_str(&type);
	r->response.add_charset = false;
	return true;
}

bool range_apply(struct request *r)
{
	const struct settings *set = request_settings(r);
	uint64_t size = (uint64_t)r->response.body.length;
	struct range *ranges;
	size_t count;

	if (!head_field(&r->head, FIELD_RANGE) || !range_is_wanted(r))
		return true;
	ranges = arena_alloc(&r->arena, sizeof *ranges * set->max_ranges);
	if (!ranges)
		return false;
	switch (range_parse(head_value(&r->head, FIELD_RANGE), size, ranges, set->max_ranges,
	                    &count)) {
	case RANGE_WHOLE:
		return true;
	case RANGE_UNSATISFIABLE:
		range_unsatisfiable(r, size);
		return true;
	case RANGE_PARTS:
		break;
	}
	/* Content-Encoding would be said of the parts' frame, too: the whole is the clear answer. */
	if (count > 1 && r->response.encoding.len > 0)
		return true;
	if (count > 1)
		return range_multipart(r, ranges, count, size);
	range_single(r, &ranges[0], size);
	return true;
}
