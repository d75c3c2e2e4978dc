#include "server/conn_parts.h"

#include "base/clock.h"
#include "server/output.h"
#include "server/response_head.h"

#include <sys/socket.h>

/* ---- the end of a request, and of a connection ----------------------------------------------------- */

/*
 * A close with unread input makes the kernel send a reset, which can overtake our last bytes. So the
 * write side is closed first, and what still comes is thrown away for a while (RFC 9112 section 9.6).
 */
static void conn_linger(struct conn *c)
{
	bool has_input = c->worker->input.len > 0 || c->can_read || c->in == CONN_IN_BODY;

	if (!has_input || c->has_eof) {
		conn_close(c);
		return;
	}
	shutdown(c->watch.fd, SHUT_WR);
	c->worker->input.len = 0;
	c->in = CONN_IN_DISCARD;
	c->out = CONN_OUT_IDLE;
	c->progress = clock_now();
	timer_set(&c->worker->loop.timers, &c->timer, c->progress + CONN_LINGER_MS);
}

static void conn_end_request(struct conn *c)
{
	bool closes = c->request->close_after || c->last;

	request_end(c->request);
	c->request = NULL;
	c->output = NULL;
	c->out = CONN_OUT_IDLE;
	if (closes && output_flush(c) == OUTPUT_BLOCKED) {
		c->last =
		        true; /* what is held back goes out first; conn_advance_out() comes back here */
		c->in = CONN_IN_DONE;
		return;
	}
	if (closes) {
		conn_linger(c);
		return;
	}
	c->in = CONN_IN_IDLE;
	c->progress = clock_now();
	list_remove(&c->node);
	list_append(&c->worker->idle, &c->node);
}

/* ---- the output half ------------------------------------------------------------------------------- */

static enum advance conn_await(struct conn *c)
{
	struct request *r = c->request;
	bool had_sink = r->sink;

	if (r->redo)
		request_route(r);
	else if (r->advance)
		r->advance(r);
	/* A body that nobody wanted before is wanted now. */
	return r->has_answer || r->redo || (r->sink && !had_sink) ? ADVANCE_MOVED : ADVANCE_STALLED;
}

/* The answer is out. What is left of the request's body is thrown away, or the connection closed. */
static enum advance conn_sent(struct conn *c)
{
	struct request *r = c->request;

	c->out = CONN_OUT_SENT;
	/* A program may answer without reading; the rest of a long body is not worth the connection. */
	if (c->in == CONN_IN_BODY) {
		r->sink = &sink_discard;
		r->close_after = r->close_after || !response_can_drain(r);
	}
	if (c->in == CONN_IN_DONE || c->request->close_after)
		conn_end_request(c);
	return c->is_dead ? ADVANCE_DEAD : ADVANCE_MOVED;
}

static enum advance conn_send(struct conn *c)
{
	bool more = c->worker->input.len > 0 && c->in == CONN_IN_DONE && !c->request->close_after;

	if (!c->can_write)
		return ADVANCE_STALLED;
	switch (output_pump(c, c->output, more)) {
	case OUTPUT_DONE:
		return conn_sent(c);
	case OUTPUT_BUDGET:
		conn_wake(c);
		return ADVANCE_STALLED;
	case OUTPUT_BLOCKED:
	case OUTPUT_WAITING:
		return ADVANCE_STALLED;
	case OUTPUT_FAILED:
		break;
	}
	return conn_dead(c);
}

static enum advance conn_flush(struct conn *c)
{
	if (!c->out_buffer || !c->can_write)
		return ADVANCE_STALLED;
	switch (output_flush(c)) {
	case OUTPUT_FAILED:
		return conn_dead(c);
	case OUTPUT_DONE:
		break;
	default:
		return ADVANCE_STALLED;
	}
	if (c->last && c->in == CONN_IN_DONE)
		conn_linger(c);
	return c->is_dead ? ADVANCE_DEAD : ADVANCE_MOVED;
}

enum advance conn_advance_out(struct conn *c)
{
	switch ((enum conn_out)c->out) {
	case CONN_OUT_AWAIT:
		return conn_await(c);
	case CONN_OUT_SEND:
		return conn_send(c);
	case CONN_OUT_SENT:
		if (c->in != CONN_IN_DONE)
			return ADVANCE_STALLED;
		conn_end_request(c);
		return c->is_dead ? ADVANCE_DEAD : ADVANCE_MOVED;
	case CONN_OUT_IDLE:
		break;
	}
	return conn_flush(c);
}

void conn_send_now(struct conn *c, struct str bytes)
{
	struct worker *w = c->worker;

	if (!c->out_buffer && w->cork_len + bytes.len <= WORKER_CORK) {
		memcpy(w->cork + w->cork_len, bytes.ptr, bytes.len);
		w->cork_len += bytes.len;
		if (output_flush(c) != OUTPUT_FAILED)
			return;
	}
	c->is_broken = true;
	conn_wake(c);
}
