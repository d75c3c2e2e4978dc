#include "server/conn_pace.h"

#include "server/conn_parts.h"

enum {
	PACE_FIRST_LOOK = 1000, /* ms after the socket has filled up */
	PACE_LOOKS = 8,         /* so often in a send_timeout */
	PACE_LOOK_MOST = 10000  /* ms between two looks */
};

static const struct settings *pace_settings(const struct conn *c)
{
	return c->request ? &c->request->server->self.settings : conn_settings(c);
}

static uint64_t pace_least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

bool pace_wants_body(const struct conn *c)
{
	const struct request *r = c->request;

	return c->in == CONN_IN_BODY && r && c->worker->input.len == 0 && !c->stash &&
	       (r->sink || r->has_answer);
}

bool pace_wants_room(const struct conn *c)
{
	return !c->can_write && (c->out == CONN_OUT_SEND || (!c->request && c->out_buffer));
}

void pace_begin_step(struct conn *c, uint64_t now)
{
	struct request *r = c->request;

	if (!r || r->pace.since == 0)
		return;
	r->pace.waited += now - r->pace.since;
	r->pace.since = 0;
}

void pace_end_step(struct conn *c, uint64_t now)
{
	struct request *r = c->request;

	if (r && pace_settings(c)->client_min_rate > 0 &&
	    (pace_wants_body(c) || pace_wants_room(c)))
		r->pace.since = now;
}

/* ---- send_timeout -------------------------------------------------------------------------------------- */

static uint64_t pace_between_looks(const struct conn *c)
{
	return pace_least(pace_settings(c)->send_timeout / PACE_LOOKS + 1, PACE_LOOK_MOST);
}

/* A look that is older than the last bytes we gave to the kernel says nothing of them. */
static bool pace_has_looked(const struct conn *c)
{
	return c->looked >= c->progress;
}

void pace_look(struct conn *c, uint64_t now)
{
	uint64_t timeout = pace_settings(c)->send_timeout;
	int64_t taken;
	bool is_total;

	if (!pace_wants_room(c) || !sock_taken(c->watch.fd, &taken, &is_total))
		return;
	if (pace_has_looked(c) && taken > c->taken)
		c->progress = now;
	else if (!pace_has_looked(c) && c->progress + timeout <= now)
		c->progress =
		        now - timeout + pace_between_looks(c); /* we come late: look once more */
	c->taken = taken;
	c->looked = now;
}

/* ---- client_min_rate ----------------------------------------------------------------------------------- */

/*
 * Bytes of the answer that have been taken, as far as it can be told: the difference of two such is right, the first
 * one may be too much (earlier answers on the connection, or what lies in the kernel), never too little.
 */
static int64_t pace_taken(const struct conn *c)
{
	const struct request *r = c->request;
	int64_t sent = (int64_t)r->bytes_sent, taken;
	bool is_total;

	if (sent == 0)
		return 0;
	if (!sock_taken(c->watch.fd, &taken, &is_total))
		return sent;
	if (is_total)
		return taken;
	return r->pace.is_marked ? sent + taken : sent;
}

bool pace_is_too_slow(struct conn *c)
{
	struct request *r = c->request;
	struct pace *p = r ? &r->pace : NULL;
	uint64_t rate = pace_settings(c)->client_min_rate, moved, waited;
	int64_t taken;

	if (!p || rate == 0 || p->waited < PACE_WINDOW)
		return false;
	taken = pace_taken(c);
	moved = r->body_received - p->received;
	moved += taken > p->taken ? (uint64_t)(taken - p->taken) : 0;
	waited = p->waited;
	if (!p->is_marked) {
		p->is_marked = true;
		taken = pace_taken(c);
	}
	*p = (struct pace){ .received = r->body_received, .taken = taken, .is_marked = true };
	return moved / rate * 1000 + moved % rate * 1000 / rate < waited;
}

uint64_t pace_next(const struct conn *c)
{
	const struct request *r = c->request;
	uint64_t next = TIMER_NEVER;

	if (pace_wants_room(c))
		next = pace_has_looked(c)
		               ? c->looked + pace_between_looks(c)
		               : c->progress + pace_least(PACE_FIRST_LOOK,
		                                          pace_settings(c)->send_timeout / 2);
	if (r && r->pace.since > 0)
		next = pace_least(next, r->pace.waited >= PACE_WINDOW
		                                ? r->pace.since
		                                : r->pace.since + PACE_WINDOW - r->pace.waited);
	return next;
}
