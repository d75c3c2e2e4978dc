#include "server/conn.h"

#include "base/clock.h"
#include "net/io.h"
#include "server/conn_input.h"
#include "server/output.h"
#include "server/response.h"
#include "server/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	CONN_ROUNDS = 64,      /* in one turn, before the others have theirs */
	CONN_LINGER_MS = 5000, /* how long unread input is thrown away before a close */
	CONN_LINGER_BYTES = 64 << 20,
	CONN_FIN_GRACE_MS =
	        3000 /* a client that closed its side gets so long while a program works for it */
};

struct conn_out_buffer {
	size_t at, len;
	char data[];
};

/* ---- birth and death ------------------------------------------------------------------------------- */

static void conn_step(struct task *task);

/* Events only mark what is possible now. */
static void conn_ready(struct watch *watch, uint32_t events)
{
	struct conn *c = (struct conn *)(void *)watch;

	if (events & (EPOLLIN | EPOLLRDHUP))
		c->can_read = true;
	if (events & EPOLLOUT)
		c->can_write = true;
	if (events & EPOLLRDHUP)
		c->has_fin = true;
	if (events & (EPOLLERR | EPOLLHUP))
		c->is_broken = true;
	conn_wake(c);
}

static void conn_fire(struct timer *timer)
{
	struct conn *c = LIST_ENTRY(timer, struct conn, timer);

	c->is_late = true;
	conn_wake(c);
}

static const struct settings *conn_settings(const struct conn *c)
{
	return &c->listener->conf->default_server->self.settings;
}

static void conn_free(struct grave *grave)
{
	free(LIST_ENTRY(grave, struct conn, grave));
}

bool conn_open(struct worker *worker, const struct listener *listener, int fd,
               const struct sockaddr *address)
{
	struct conn *c = malloc(sizeof *c);

	if (!c)
		goto fail;
	*c = (struct conn){ .watch = { .fd = fd, .ready = conn_ready },
		            .worker = worker,
		            .listener = listener,
		            .number = ++worker->conn_number,
		            .progress = clock_now(),
		            .can_write = true };
	task_init(&c->task, conn_step);
	list_init(&c->node);
	peer_from(&c->peer, address);
	if (!timer_start(&worker->loop.timers, &c->timer, conn_fire,
	                 c->progress + conn_settings(c)->client_header_timeout))
		goto fail;
	if (loop_watch(&worker->loop, &c->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) != 0) {
		timer_stop(&worker->loop.timers, &c->timer);
		goto fail;
	}
	list_append(&worker->idle, &c->node);
	worker->conn_count++;
	return true;

fail:
	free(c);
	close(fd);
	return false;
}

void conn_wake(struct conn *c)
{
	if (!c->is_dead)
		loop_defer(&c->worker->loop, &c->task);
}

void conn_close(struct conn *c)
{
	struct worker *w = c->worker;

	if (c->is_dead)
		return;
	if (c->request) {
		request_end(c->request);
		c->request = NULL;
	}
	c->is_dead = true;
	conn_input_drop(c);
	free(c->out_buffer);
	c->out_buffer = NULL;
	w->cork_len = 0;
	timer_stop(&w->loop.timers, &c->timer);
	loop_forget(&c->task);
	list_remove(&c->node);
	loop_close(&c->watch);
	loop_bury(&w->loop, &c->grave, conn_free);
	worker_connection_closed(w);
}

void conn_drain(struct conn *c)
{
	c->last = true;
}

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

/* ---- the input half -------------------------------------------------------------------------------- */

enum advance { ADVANCE_STALLED, ADVANCE_MOVED, ADVANCE_DEAD };

static enum advance conn_dead(struct conn *c)
{
	conn_close(c);
	return ADVANCE_DEAD;
}

static void conn_begin_request(struct conn *c, struct request *r)
{
	r->conn = c;
	r->listener = c->listener->conf;
	r->server = r->listener->default_server;
	r->location = &r->server->self;
	c->request = r;
	c->requests++;
	c->out = CONN_OUT_AWAIT;
	list_remove(&c->node);
	list_append(&c->worker->busy, &c->node);
}

/* The head is bad: nothing behind it can be trusted to be a request. */
static enum advance conn_refuse(struct conn *c, const struct refusal *refusal)
{
	struct request *r = c->request;

	if (!r) {
		struct head none = { .minor = 1 };

		r = request_begin(c->worker, &none, str_make(NULL, 0));
		if (!r)
			return conn_dead(c);
		conn_begin_request(c, r);
	}
	c->in = CONN_IN_DONE;
	r->is_refused = true;
	request_log(r, LOG_NOTICE, "refused with %u: %s", refusal->status, refusal->reason);
	respond_error(r, refusal->status, refusal->reason);
	return ADVANCE_MOVED;
}

/* Target, host and framing, each of which may refuse; then the server, and the first decision. */
static enum parse conn_read_head(struct request *r, struct refusal *refusal)
{
	char *room = arena_alloc(&r->arena, r->head.target.len + 1);
	bool merge = r->server->self.settings.merge_slashes;
	enum parse p;

	if (!room)
		return refuse(refusal, 500, "out of memory");
	/* The method decides how a target reads; an unknown one is answered before that can matter. */
	p = target_parse(r->head.target, r->method, merge, room, &r->target, refusal);
	if (p == PARSE_COMPLETE)
		p = host_decide(&r->head, &r->target, &r->host, refusal);
	if (p == PARSE_COMPLETE)
		p = framing_decide(&r->head, &r->framing, refusal);
	if (p != PARSE_COMPLETE)
		return p;
	r->server = route_server(r->listener, r->host.name);
	r->location = &r->server->self;
	if (r->server->self.settings.merge_slashes != merge)
		p = target_parse(r->head.target, r->method, !merge, room, &r->target, refusal);
	r->body_left = r->framing.length;
	r->body_done = r->framing.kind == FRAMING_NONE;
	r->continue_due = r->framing.expect_continue;
	return p;
}

static enum advance conn_take_head(struct conn *c, const struct head *head)
{
	struct worker *w = c->worker;
	struct request *r = request_begin(w, head, str_head(w->input, head->size));
	struct refusal refusal;

	if (!r)
		return conn_dead(c);
	conn_begin_request(c, r);
	conn_input_take(c, head->size);
	if (conn_read_head(r, &refusal) != PARSE_COMPLETE)
		return conn_refuse(c, &refusal);
	c->in = r->body_done ? CONN_IN_DONE : CONN_IN_BODY;
	c->progress = clock_now();
	request_route(r);
	return ADVANCE_MOVED;
}

static enum advance conn_parse_head(struct conn *c)
{
	struct worker *w = c->worker;
	const struct settings *set = conn_settings(c);
	struct head_limits limits = { .line_max = set->header_line_max,
		                      .total_max = set->header_total_max,
		                      .field_max = set->max_headers };
	struct head head = { .fields = w->fields, .field_cap = w->field_cap };
	struct refusal refusal;

	switch (head_parse(w->input, &limits, &head, &refusal)) {
	case PARSE_COMPLETE:
		return conn_take_head(c, &head);
	case PARSE_BAD:
		return conn_refuse(c, &refusal);
	case PARSE_PARTIAL:
		break;
	}
	if (c->in == CONN_IN_IDLE) {
		c->in = CONN_IN_HEAD;
		c->progress = clock_now();
	}
	return ADVANCE_STALLED;
}

/* The client has closed its side between requests, or in the middle of a head. */
static enum advance conn_input_ended(struct conn *c)
{
	static const struct refusal cut = { 400, "the body ended before its announced end" };

	if (c->in != CONN_IN_BODY)
		return conn_dead(c);
	c->request->close_after = true;
	c->request->body_done = true;
	if (c->request->has_answer) {
		c->in = CONN_IN_DONE;
		return ADVANCE_MOVED;
	}
	return conn_refuse(c, &cut);
}

static enum advance conn_advance_head(struct conn *c)
{
	enum advance a = ADVANCE_STALLED;

	if (c->out_buffer) /* earlier answers must leave first: what a client does not read stays bounded */
		return ADVANCE_STALLED;
	if (c->worker->input.len > 0 && c->in == CONN_IN_IDLE)
		a = conn_parse_head(c);
	while (a == ADVANCE_STALLED) {
		switch (conn_input_fill(c, CONN_INPUT_HEAD)) {
		case FILL_DATA:
			a = conn_parse_head(c);
			break;
		case FILL_END:
			return conn_input_ended(c);
		case FILL_BROKEN:
			return conn_dead(c);
		case FILL_BLOCKED:
			return ADVANCE_STALLED;
		}
	}
	return a;
}

/* The sink has taken what it wants for now, or everything has been said about this body. */
static enum advance conn_body_complete(struct conn *c)
{
	struct request *r = c->request;

	r->body_done = true;
	c->in = CONN_IN_DONE;
	if (r->sink && !r->has_answer)
		r->sink->end(r);
	return ADVANCE_MOVED;
}

static enum advance conn_advance_body(struct conn *c)
{
	struct request *r = c->request;
	struct refusal refusal;

	for (;;) {
		switch (conn_body_feed(c, &refusal)) {
		case FEED_DONE:
			return conn_body_complete(c);
		case FEED_BAD:
			r->close_after = true;
			r->body_done = true;
			if (!r->has_answer)
				return conn_refuse(c, &refusal);
			c->in = CONN_IN_DONE;
			return ADVANCE_MOVED;
		case FEED_FULL:
			return ADVANCE_STALLED;
		case FEED_MORE:
			break;
		}
		if (r->has_answer &&
		    r->close_after) /* what is still to come is the lingering close's */
			return ADVANCE_STALLED;
		if (r->continue_due && !r->has_answer) {
			r->continue_due = false;
			respond_interim(r, 100, str_make(NULL, 0));
		}
		switch (conn_input_fill(c, CONN_INPUT_BODY)) {
		case FILL_DATA:
			c->progress = clock_now();
			break;
		case FILL_END:
			return conn_input_ended(c);
		case FILL_BROKEN:
			return conn_dead(c);
		case FILL_BLOCKED:
			return ADVANCE_STALLED;
		}
	}
}

static enum advance conn_advance_discard(struct conn *c)
{
	for (unsigned round = 0; round < CONN_ROUNDS; round++) {
		switch (conn_input_fill(c, CONN_INPUT_BODY)) {
		case FILL_DATA:
			c->worker->input.len = 0;
			break;
		case FILL_END:
		case FILL_BROKEN:
			return conn_dead(c);
		case FILL_BLOCKED:
			return ADVANCE_STALLED;
		}
	}
	conn_wake(c);
	return ADVANCE_STALLED;
}

static enum advance conn_advance_in(struct conn *c)
{
	switch ((enum conn_in)c->in) {
	case CONN_IN_IDLE:
	case CONN_IN_HEAD:
		return conn_advance_head(c);
	case CONN_IN_BODY:
		return conn_advance_body(c);
	case CONN_IN_DISCARD:
		return conn_advance_discard(c);
	case CONN_IN_DONE:
		break;
	}
	return ADVANCE_STALLED;
}

/* ---- the output half ------------------------------------------------------------------------------- */

static enum advance conn_await(struct conn *c)
{
	struct request *r = c->request;

	if (r->redo)
		request_route(r);
	else if (r->advance)
		r->advance(r);
	return r->has_answer || r->redo ? ADVANCE_MOVED : ADVANCE_STALLED;
}

/* The answer is out. What is left of the request's body is thrown away, or the connection closed. */
static enum advance conn_sent(struct conn *c)
{
	c->out = CONN_OUT_SENT;
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

static enum advance conn_advance_out(struct conn *c)
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

/* ---- what is waited for, and how long --------------------------------------------------------------- */

static uint64_t conn_least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A client that has closed its side may still be reading; while a program works, that is believed for 3 s. */
static uint64_t conn_fin_deadline(struct conn *c)
{
	struct request *r = c->request;

	if (!c->has_fin || !r->wants_fin_grace || c->in != CONN_IN_DONE)
		return TIMER_NEVER;
	if (r->fin_deadline == 0)
		r->fin_deadline = clock_now() + CONN_FIN_GRACE_MS;
	return r->fin_deadline;
}

/* The one place where it is computed when a state is given up. */
static uint64_t conn_deadline(struct conn *c)
{
	const struct settings *set =
	        c->request ? &c->request->server->self.settings : conn_settings(c);
	uint64_t deadline = TIMER_NEVER;

	if (c->in == CONN_IN_DISCARD)
		return c->progress + CONN_LINGER_MS;
	if (c->in == CONN_IN_HEAD)
		return c->progress + set->client_header_timeout;
	if (!c->request)
		return c->progress + (c->out_buffer     ? set->send_timeout
		                      : c->requests > 0 ? set->keepalive_timeout
		                                        : set->client_header_timeout);
	if (c->in == CONN_IN_BODY && !c->worker->input.len && !c->stash)
		deadline = c->progress + set->client_body_timeout;
	if (c->out == CONN_OUT_SEND && !c->can_write)
		return conn_least(deadline, c->progress + set->send_timeout);
	if (c->out == CONN_OUT_AWAIT || c->out == CONN_OUT_SEND)
		deadline = conn_least(deadline,
		                      conn_least(c->request->deadline, conn_fin_deadline(c)));
	return deadline;
}

/* The deadline has really passed. True where the connection goes on. */
static bool conn_expire(struct conn *c)
{
	static const struct refusal late = { 408, "the request did not arrive in time" };
	struct request *r = c->request;

	if (c->in == CONN_IN_HEAD ||
	    (c->in == CONN_IN_BODY && r && !r->has_answer && r->deadline > clock_now())) {
		conn_refuse(c, &late);
		return !c->is_dead;
	}
	if (r && r->deadline <= clock_now() && r->on_deadline) {
		r->deadline = TIMER_NEVER;
		r->on_deadline(r);
		return !c->is_dead;
	}
	conn_close(c);
	return false;
}

/* ---- the one spot the machine runs from ------------------------------------------------------------- */

static bool conn_run(struct conn *c)
{
	for (unsigned round = 0; round < CONN_ROUNDS; round++) {
		enum advance in = conn_advance_in(c), out;

		if (in == ADVANCE_DEAD)
			return false;
		out = conn_advance_out(c);
		if (out == ADVANCE_DEAD)
			return false;
		if (in == ADVANCE_STALLED && out == ADVANCE_STALLED)
			return true;
	}
	conn_wake(c);
	return true;
}

static void conn_step(struct task *task)
{
	struct conn *c = LIST_ENTRY(task, struct conn, task);
	uint64_t now = clock_now();

	conn_input_open(c);
	if (c->is_broken) { /* a reset: nobody is there to answer to */
		conn_close(c);
		return;
	}
	if (c->is_late) {
		c->is_late = false;
		if (conn_deadline(c) <= now && !conn_expire(c))
			return;
	}
	if (!conn_run(c))
		return;
	if (c->worker->cork_len > 0 && output_flush(c) == OUTPUT_FAILED) {
		conn_close(c);
		return;
	}
	if (!conn_input_keep(c) || c->is_broken) {
		conn_close(c);
		return;
	}
	timer_set(&c->worker->loop.timers, &c->timer, conn_deadline(c));
}
