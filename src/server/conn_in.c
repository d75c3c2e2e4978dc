#include "server/conn_parts.h"

#include "base/clock.h"
#include "http/proxy_proto.h"
#include "server/access.h"
#include "server/conn_input.h"
#include "server/response.h"

/* ---- the input half -------------------------------------------------------------------------------- */

static void conn_begin_request(struct conn *c, struct request *r)
{
	r->conn = c;
	r->peer = c->peer;
	r->listener = c->listener->conf;
	r->server = r->listener->default_server;
	r->location = &r->server->self;
	c->request = r;
	c->requests++;
	if (c->in == CONN_IN_HEAD) {
		counter_add(c->worker->counters, COUNTER_HEADS_ENDED, 1);
		c->in = CONN_IN_IDLE;
	}
	c->out = CONN_OUT_AWAIT;
	list_remove(&c->node);
	list_append(&c->worker->busy, &c->node);
}

/* The head is bad: nothing behind it can be trusted to be a request. */
enum advance conn_refuse(struct conn *c, const struct refusal *refusal)
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

static enum advance conn_take_head(struct conn *c, const struct head *head)
{
	struct worker *w = c->worker;
	struct request *r = request_begin(w, head, str_head(w->input, head->size));
	struct refusal refusal;

	if (!r)
		return conn_dead(c);
	conn_begin_request(c, r);
	conn_input_take(c, head->size);
	if (request_read_head(r, &refusal) != PARSE_COMPLETE)
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
		counter_add(c->worker->counters, COUNTER_HEADS_BEGUN, 1);
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
	if (r->sink)
		r->sink->end(r);
	return ADVANCE_MOVED;
}

static enum advance conn_advance_body(struct conn *c)
{
	struct request *r = c->request;
	struct refusal refusal;

	/* Nobody has said yet what is to become of it: a password is being checked, a program asked for. */
	if (!r->sink && !r->has_answer)
		return ADVANCE_STALLED;
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

/* ---- the PROXY header ------------------------------------------------------------------------------ */

static enum advance conn_refuse_proxy(struct conn *c, const char *reason)
{
	char memory[64];
	struct buf peer = buf_fixed(memory, sizeof memory);

	peer_print(&c->peer, &peer);
	log_info("a connection from %.*s is closed: %s", (int)peer.len, peer.ptr, reason);
	return conn_dead(c);
}

/* LOCAL and UNKNOWN name nobody: the proxy speaks for itself. */
static void conn_take_proxy(struct conn *c, const struct proxy_proto *header)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(header->source_port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		                   .sin6_port = htons(header->source_port) };

	conn_input_take(c, header->size);
	c->in = CONN_IN_IDLE;
	if (header->is_local || header->family == 0)
		return;
	memcpy(&v4.sin_addr, header->source, sizeof v4.sin_addr);
	memcpy(&v6.sin6_addr, header->source, sizeof v6.sin6_addr);
	peer_from(&c->proxied, header->family == 4 ? (const struct sockaddr *)(const void *)&v4
	                                           : (const struct sockaddr *)(const void *)&v6);
}

static enum advance conn_advance_proxy(struct conn *c)
{
	struct proxy_proto header = { 0 };
	struct refusal refusal;

	for (;;) {
		switch (c->worker->input.len > 0
		                ? proxy_proto_parse(c->worker->input, &header, &refusal)
		                : PARSE_PARTIAL) {
		case PARSE_COMPLETE:
			conn_take_proxy(c, &header);
			return ADVANCE_MOVED;
		case PARSE_BAD:
			return conn_refuse_proxy(c, refusal.reason);
		case PARSE_PARTIAL:
			break;
		}
		switch (conn_input_fill(c, CONN_INPUT_HEAD)) {
		case FILL_DATA:
			break;
		case FILL_END:
			return conn_refuse_proxy(c, "it ended before its PROXY header");
		case FILL_BROKEN:
			return conn_dead(c);
		case FILL_BLOCKED:
			return ADVANCE_STALLED;
		}
	}
}

enum advance conn_advance_in(struct conn *c)
{
	switch ((enum conn_in)c->in) {
	case CONN_IN_IDLE:
	case CONN_IN_HEAD:
		return conn_advance_head(c);
	case CONN_IN_BODY:
		return conn_advance_body(c);
	case CONN_IN_DISCARD:
		return conn_advance_discard(c);
	case CONN_IN_PROXY:
		return conn_advance_proxy(c);
	case CONN_IN_DONE:
		break;
	}
	return ADVANCE_STALLED;
}
