#include "server/output.h"

#include "base/buf.h"
#include "base/clock.h"
#include "net/io.h"
#include "server/conn.h"
#include "server/worker.h"

#include <errno.h>
#include <stdlib.h>

enum {
	OUTPUT_TURN = 1 << 20,  /* bytes for one connection before the others have their turn */
	OUTPUT_VECTORS = 5,     /* gathered answers, head, chunk size, data, chunk end */
	OUTPUT_CORK_MAX = 16384 /* larger answers are not copied to wait for the next one */
};

/* Bytes of finished answers for which the socket had no room. */
struct conn_out_buffer {
	size_t at, len;
	char data[];
};

static void output_frame(struct output *o)
{
	struct buf frame = buf_fixed(o->frame, sizeof o->frame);

	buf_hex(&frame, o->span.len);
	buf_text(&frame, "\r\n");
	o->before = buf_str(&frame);
	o->after = o->body->is_last ? STR_OF("\r\n0\r\n\r\n") : STR_OF("\r\n");
	o->ended = o->body->is_last;
}

/* The body has ended: nothing may be missing from what was announced (RFC 9112 section 8). */
static bool output_end(struct output *o)
{
	o->ended = true;
	if (o->framing == OUTPUT_CHUNKED)
		o->after = STR_OF("0\r\n\r\n");
	return o->framing != OUTPUT_LENGTH || o->left == 0;
}

/* Pulls the next span once the last one and its framing are through. */
static enum output_state output_pull(struct output *o)
{
	if (o->span.len > 0 || o->before.len > 0 || o->after.len > 0 || o->ended)
		return OUTPUT_DONE;
	if (o->framing == OUTPUT_NO_BODY) {
		o->ended = true;
		return OUTPUT_DONE;
	}
	switch (o->body->next(o->body, &o->span)) {
	case BODY_SPAN:
		if (o->framing == OUTPUT_CHUNKED)
			output_frame(o);
		if (o->framing == OUTPUT_LENGTH && o->span.len > o->left)
			return OUTPUT_FAILED;
		return OUTPUT_DONE;
	case BODY_WAIT:
		o->span.len = 0;
		return OUTPUT_WAITING;
	case BODY_END:
		o->span.len = 0;
		return output_end(o) ? OUTPUT_DONE : OUTPUT_FAILED;
	case BODY_FAILED:
		break;
	}
	o->span.len = 0;
	return OUTPUT_FAILED;
}

static struct str output_held(const struct conn *c)
{
	const struct conn_out_buffer *b = c->out_buffer;

	if (b)
		return str_make(b->data + b->at, b->len - b->at);
	return str_make(c->worker->cork, c->worker->cork_len);
}

/* What was sent of the gathered answers; what was not is kept with the connection, since others use the cork. */
static bool output_consume_held(struct conn *c, size_t n)
{
	struct worker *w = c->worker;
	struct conn_out_buffer *b = c->out_buffer;

	if (b) {
		b->at += n;
		if (b->at == b->len) {
			free(b);
			c->out_buffer = NULL;
		}
		return true;
	}
	if (n < w->cork_len) {
		b = malloc(sizeof *b + w->cork_len - n);
		if (!b)
			return false;
		*b = (struct conn_out_buffer){ .len = w->cork_len - n };
		memcpy(b->data, w->cork + n, b->len);
		c->out_buffer = b;
	}
	w->cork_len = 0;
	return true;
}

static size_t output_take(struct str *s, size_t n)
{
	size_t taken = n < s->len ? n : s->len;

	*s = str_from_index(*s, taken);
	return taken;
}

/* Accounts for n sent bytes of the response itself, in the order in which they stood. */
static void output_consume(struct conn *c, struct output *o, size_t n)
{
	struct request *r = c->request;

	r->bytes_sent += n;
	n -= output_take(&o->head, n);
	n -= output_take(&o->before, n);
	if (o->span.len > 0 && o->span.kind == SPAN_MEMORY) {
		size_t taken = n < o->span.len ? n : o->span.len;

		o->span.ptr += taken;
		o->span.len -= taken;
		o->left -= o->framing == OUTPUT_LENGTH ? taken : 0;
		r->body_sent += taken;
		n -= taken;
	}
	if (o->span.len == 0)
		output_take(&o->after, n);
}

static void output_vector(struct iovec *vectors, size_t *count, struct str bytes)
{
	if (bytes.len > 0)
		vectors[(*count)++] = (struct iovec){ (void *)bytes.ptr, bytes.len };
}

/* The memory that stands before the next file span, or before the point where we must wait. */
static size_t output_gather(const struct conn *c, const struct output *o, struct iovec *vectors)
{
	size_t count = 0;

	output_vector(vectors, &count, output_held(c));
	if (!o)
		return count;
	output_vector(vectors, &count, o->head);
	output_vector(vectors, &count, o->before);
	if (o->span.len > 0 && o->span.kind == SPAN_FILE)
		return count;
	if (o->span.len > 0)
		output_vector(vectors, &count, str_make(o->span.ptr, o->span.len));
	output_vector(vectors, &count, o->after);
	return count;
}

static enum output_state output_error(struct conn *c)
{
	if (!io_would_block(errno))
		return OUTPUT_FAILED;
	c->can_write = false;
	return OUTPUT_BLOCKED;
}

/* What is left of a head that others use too is copied, before they renew its date. */
static bool output_unshare(struct conn *c, struct output *o)
{
	if (o->is_shared && o->head.len > 0) {
		o->head = arena_str(&c->request->arena, o->head);
		o->is_shared = false;
	}
	return o->head.len == 0 || o->head.ptr;
}

/* Sends the vectors and accounts for them; *sent counts against the turn's budget. */
static enum output_state output_send(struct conn *c, struct output *o, const struct iovec *vectors,
                                     size_t count, uint64_t *sent)
{
	bool more = o && o->span.len > 0 && o->span.kind == SPAN_FILE;
	size_t held = output_held(c).len, wanted = 0;
	ssize_t n = io_send(c->watch.fd, vectors, count, more);

	for (size_t i = 0; i < count; i++)
		wanted += vectors[i].iov_len;
	if (n < 0) {
		enum output_state state = output_error(c);

		/* The cork is shared: even when nothing could be sent it has to be emptied. */
		return output_consume_held(c, 0) ? state : OUTPUT_FAILED;
	}
	*sent += (uint64_t)n;
	c->progress = clock_now();
	counter_add(c->worker->counters, COUNTER_SENT, (uint64_t)n);
	if (!output_consume_held(c, (size_t)n < held ? (size_t)n : held))
		return OUTPUT_FAILED;
	if (o && (size_t)n > held)
		output_consume(c, o, (size_t)n - held);
	if ((size_t)n == wanted)
		return OUTPUT_DONE;
	if (o && !output_unshare(c, o))
		return OUTPUT_FAILED;
	c->can_write =
	        false; /* the kernel took what it had room for and will tell when there is more */
	return OUTPUT_BLOCKED;
}

static enum output_state output_send_file(struct conn *c, struct output *o, uint64_t *sent)
{
	uint64_t want = o->span.len < OUTPUT_TURN ? o->span.len : OUTPUT_TURN;
	ssize_t n = io_sendfile(c->watch.fd, o->span.fd, &o->span.offset, (size_t)want);

	if (n < 0)
		return output_error(c);
	if (n ==
	    0) /* the file has shrunk: the announced length can't be kept (the client must see that) */
		return OUTPUT_FAILED;
	o->span.len -= (uint64_t)n;
	o->left -= o->framing == OUTPUT_LENGTH ? (uint64_t)n : 0;
	c->request->bytes_sent += (uint64_t)n;
	c->request->body_sent += (uint64_t)n;
	*sent += (uint64_t)n;
	c->progress = clock_now();
	counter_add(c->worker->counters, COUNTER_SENT, (uint64_t)n);
	return OUTPUT_DONE;
}

/* A small answer that another one will follow at once joins the others in the cork. */
static bool output_cork(struct conn *c, struct output *o)
{
	struct worker *w = c->worker;
	struct iovec vectors[OUTPUT_VECTORS];
	size_t count, total = 0, at = w->cork_len;

	if (c->out_buffer || o->framing == OUTPUT_CHUNKED ||
	    (o->span.len > 0 && o->span.kind == SPAN_FILE) ||
	    (o->framing == OUTPUT_LENGTH && o->left > o->span.len))
		return false;
	w->cork_len = 0; /* what is held already stays where it is */
	count = output_gather(c, o, vectors);
	w->cork_len = at;
	for (size_t i = 0; i < count; i++)
		total += vectors[i].iov_len;
	if (total > OUTPUT_CORK_MAX || at + total > WORKER_CORK)
		return false;
	for (size_t i = 0; i < count; i++) {
		memcpy(w->cork + w->cork_len, vectors[i].iov_base, vectors[i].iov_len);
		w->cork_len += vectors[i].iov_len;
	}
	output_consume(c, o, total);
	o->ended = true;
	return true;
}

/* One round: pull a span, then one system call. OUTPUT_DONE here: go on. */
static enum output_state output_round(struct conn *c, struct output *o, bool more, uint64_t *sent,
                                      bool *finished)
{
	struct iovec vectors[OUTPUT_VECTORS];
	enum output_state pulled = output_pull(o);
	size_t count;

	if (pulled == OUTPUT_FAILED)
		return OUTPUT_FAILED;
	if (more && pulled == OUTPUT_DONE && output_cork(c, o)) {
		*finished = true;
		return OUTPUT_DONE;
	}
	count = output_gather(c, o, vectors);
	if (count > 0)
		return output_send(c, o, vectors, count, sent);
	if (o->span.len > 0)
		return output_send_file(c, o, sent);
	*finished = o->ended;
	return pulled;
}

enum output_state output_pump(struct conn *c, struct output *o, bool more)
{
	uint64_t sent = 0;
	bool finished = false;

	while (!finished) {
		enum output_state state = output_round(c, o, more, &sent, &finished);

		if (state != OUTPUT_DONE)
			return state;
		if (!finished && sent >= OUTPUT_TURN)
			return OUTPUT_BUDGET;
	}
	return OUTPUT_DONE;
}

enum output_state output_flush(struct conn *c)
{
	struct iovec vectors[OUTPUT_VECTORS];
	uint64_t sent = 0;
	size_t count = output_gather(c, NULL, vectors);

	return count == 0 ? OUTPUT_DONE : output_send(c, NULL, vectors, count, &sent);
}
