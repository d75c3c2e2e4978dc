#include "server/conn_input.h"

#include "net/io.h"
#include "server/worker.h"

#include <errno.h>
#include <stdlib.h>

enum {
	INPUT_HEAD_ROOM = 32 * 1024, /* a read for a head: a whole pipeline of them */
	INPUT_BODY_ROOM =
	        64 * 1024, /* what a sink without room leaves is kept with the connection */
	INPUT_STASH_ROOM = 16 * 1024
};

/* Bytes kept between two steps. */
struct conn_stash {
	size_t at, len, cap; /* unread: data[at] to data[len - 1] */
	char data[];
};

void conn_input_open(struct conn *c)
{
	struct conn_stash *s = c->stash;

	c->worker->input = s ? str_make(s->data + s->at, s->len - s->at) : str_make(NULL, 0);
	c->worker->cork_len = 0;
}

static bool input_is_stashed(const struct conn *c)
{
	const char *at = c->worker->input.ptr;

	return c->stash && at >= c->stash->data && at <= c->stash->data + c->stash->cap;
}

void conn_input_drop(struct conn *c)
{
	free(c->stash);
	c->stash = NULL;
}

/* Makes the stash hold the input, with room for `more` bytes behind it. */
static bool input_stash(struct conn *c, size_t more)
{
	struct str in = c->worker->input;
	struct conn_stash *s = c->stash;

	if (input_is_stashed(c) && s->cap - s->len >= more) {
		s->at = (size_t)(in.ptr - s->data);
		return true;
	}
	s = malloc(sizeof *s + in.len + more);
	if (!s)
		return false;
	*s = (struct conn_stash){ .len = in.len, .cap = in.len + more };
	if (in.len > 0)
		memcpy(s->data, in.ptr, in.len);
	free(c->stash);
	c->stash = s;
	c->worker->input = str_make(s->data, in.len);
	return true;
}

bool conn_input_keep(struct conn *c)
{
	struct worker *w = c->worker;

	if (w->input.len == 0) {
		conn_input_drop(c);
		return true;
	}
	return input_stash(c, 0);
}

void conn_input_take(struct conn *c, size_t n)
{
	c->worker->input = str_from_index(c->worker->input, n);
}

/* A read shorter than its room has emptied the socket, unless the client's end is in it too. */
static enum fill input_filled(struct conn *c, ssize_t n, size_t room)
{
	if (n < 0) {
		if (!io_would_block(errno))
			return FILL_BROKEN;
		c->can_read = false;
		return FILL_BLOCKED;
	}
	if (n == 0) {
		c->has_eof = true;
		c->can_read = false;
		return FILL_END;
	}
	counter_add(c->worker->counters, COUNTER_RECEIVED, (uint64_t)n);
	if ((size_t)n < room && !c->has_fin)
		c->can_read = false;
	return FILL_DATA;
}

/* Files take a large read cheaper than many small ones: 64 KiB at a time cost 1.8 times 1 MiB. */
static size_t input_room(const struct conn *c, enum conn_input_use use)
{
	const struct sink *sink = c->request ? c->request->sink : NULL;

	if (use == CONN_INPUT_HEAD)
		return INPUT_HEAD_ROOM;
	return sink && sink->is_eager ? WORKER_SCRATCH : INPUT_BODY_ROOM;
}

enum fill conn_input_fill(struct conn *c, enum conn_input_use use)
{
	struct worker *w = c->worker;
	struct conn_stash *s;
	enum fill result;
	size_t room;
	ssize_t n;

	if (!c->can_read)
		return c->has_eof ? FILL_END : FILL_BLOCKED;
	if (w->input.len == 0) {
		room = input_room(c, use);
		n = io_recv(c->watch.fd, w->scratch, room, 0);
		result = input_filled(c, n, room);
		if (result == FILL_DATA)
			w->input = str_make(w->scratch, (size_t)n);
		return result;
	}
	if (!input_stash(c, INPUT_STASH_ROOM))
		return FILL_BROKEN;
	s = c->stash;
	room = s->cap - s->len;
	n = io_recv(c->watch.fd, s->data + s->len, room, 0);
	result = input_filled(c, n, room);
	if (result == FILL_DATA) {
		s->len += (size_t)n;
		w->input.len += (size_t)n;
	}
	return result;
}

/* ---- bodies ---------------------------------------------------------------------------------------- */

/* Gives the sink what it takes of the data. */
static size_t body_offer(struct request *r, struct str data)
{
	const struct sink *sink = r->sink;
	size_t taken;

	if (!sink && !r->has_answer)
		return 0; /* the handler has not said yet what is to become of it */
	if (!sink)
		sink = &sink_discard;
	taken = sink->write(r, data);
	r->body_received += taken;
	return taken;
}

static enum feed body_feed_length(struct conn *c)
{
	struct request *r = c->request;
	struct str data = str_head(c->worker->input,
	                           (size_t)(r->body_left < SIZE_MAX ? r->body_left : SIZE_MAX));
	size_t taken;

	if (data.len == 0)
		return r->body_left == 0 ? FEED_DONE : FEED_MORE;
	taken = body_offer(r, data);
	conn_input_take(c, taken);
	r->body_left -= taken;
	if (r->body_left == 0)
		return FEED_DONE;
	return taken < data.len ? FEED_FULL : FEED_MORE;
}

/*
 * Offers decoded payload, the first bytes of the input. What the sink does not take stays there, marked
 * as decoded already.
 */
static bool body_offer_payload(struct conn *c, size_t n)
{
	struct request *r = c->request;
	size_t taken = body_offer(r, str_head(c->worker->input, n));

	conn_input_take(c, taken);
	r->payload_ready = n - taken;
	return r->payload_ready == 0;
}

/* So many payload bytes may still come; 1 where none may, as 0 means no limit: see body_is_too_long(). */
static uint64_t body_allowance(const struct request *r)
{
	if (r->body_max == 0 || r->has_answer)
		return 0;
	return r->body_max > r->body_received ? r->body_max - r->body_received : 1;
}

static bool body_is_too_long(const struct request *r, size_t more)
{
	return r->body_max > 0 && !r->has_answer && r->body_received + more > r->body_max;
}

static enum feed body_feed_chunked(struct conn *c, struct refusal *refusal)
{
	struct request *r = c->request;
	struct str *in = &c->worker->input, data;

	if (r->payload_ready > 0 && !body_offer_payload(c, r->payload_ready))
		return FEED_FULL;
	for (;;) {
		switch (chunked_next(&r->chunked, in, body_allowance(r), &data, refusal)) {
		case CHUNKED_MORE:
			return FEED_MORE;
		case CHUNKED_END:
			return FEED_DONE;
		case CHUNKED_BAD:
			return FEED_BAD;
		case CHUNKED_DATA:
			break;
		}
		if (body_is_too_long(r, data.len)) {
			refuse(refusal, 413, "the body is larger than this location takes");
			return FEED_BAD;
		}
		*in = str_make(data.ptr, data.len + in->len);
		if (!body_offer_payload(c, data.len))
			return FEED_FULL;
	}
}

enum feed conn_body_feed(struct conn *c, struct refusal *refusal)
{
	if (c->request->framing.kind == FRAMING_CHUNKED)
		return body_feed_chunked(c, refusal);
	return body_feed_length(c);
}
