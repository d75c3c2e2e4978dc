#include "server/body.h"

static enum body_next body_next_span(struct body *body, struct span *span)
{
	if (body->span_count == 0)
		return BODY_END;
	*span = *body->spans++;
	body->span_count--;
	return BODY_SPAN;
}

void body_empty(struct body *body)
{
	*body = (struct body){ .next = body_next_span };
}

static void body_single(struct body *body, struct span span)
{
	*body = (struct body){ .next = body_next_span, .length = (int64_t)span.len, .one = span };
	body->spans = &body->one;
	body->span_count = span.len > 0;
}

void body_memory(struct body *body, struct str bytes)
{
	body_single(body, (struct span){ .kind = SPAN_MEMORY, .ptr = bytes.ptr, .len = bytes.len });
}

void body_file(struct body *body, int fd, off_t offset, uint64_t len)
{
	body_single(body,
	            (struct span){ .kind = SPAN_FILE, .fd = fd, .offset = offset, .len = len });
	body->is_rangeable = true;
}

void body_spans(struct body *body, struct span *spans, size_t count)
{
	*body = (struct body){ .next = body_next_span, .spans = spans, .span_count = count };
	for (size_t i = 0; i < count; i++)
		body->length += (int64_t)spans[i].len;
}

void body_generator(struct body *body, enum body_next (*next)(struct body *body, struct span *span),
                    void *context, int64_t length)
{
	*body = (struct body){ .next = next, .context = context, .length = length };
}
