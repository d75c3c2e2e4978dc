#include "server/conn_parts.h"

#include "base/clock.h"
#include "server/conn_input.h"
#include "server/output.h"

#include <stdlib.h>
#include <unistd.h>

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
		            .in = listener->conf->proxy_protocol ? CONN_IN_PROXY : CONN_IN_IDLE,
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
	counter_add(worker->counters, COUNTER_HANDLED, 1);
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
	counter_add(w->counters, COUNTER_CLOSED, 1);
	if (c->in == CONN_IN_HEAD)
		counter_add(w->counters, COUNTER_HEADS_ENDED, 1);
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
static uint64_t conn_limit(struct conn *c)
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
	if (pace_wants_body(c))
		deadline = c->progress + set->client_body_timeout;
	if (pace_wants_room(c))
		return conn_least(deadline, c->progress + set->send_timeout);
	if (c->out == CONN_OUT_AWAIT || c->out == CONN_OUT_SEND)
		deadline = conn_least(deadline,
		                      conn_least(c->request->deadline, conn_fin_deadline(c)));
	return deadline;
}

/* When to look again: at the limit, or at what may move it. */
static uint64_t conn_deadline(struct conn *c)
{
	return conn_least(conn_limit(c), pace_next(c));
}

/* Whose time was up. A close that lingers has an end of its own, and is none of these. */
static void conn_count_late(const struct conn *c)
{
	struct counters *counters = c->worker->counters;

	if (c->in == CONN_IN_HEAD || c->in == CONN_IN_PROXY)
		counter_add(counters, COUNTER_LATE_HEAD, 1);
	else if (c->in == CONN_IN_BODY)
		counter_add(counters, COUNTER_LATE_BODY, 1);
	else if (c->request || c->out_buffer)
		counter_add(counters, COUNTER_LATE_SEND, 1);
	else if (c->in == CONN_IN_IDLE)
		counter_add(counters, COUNTER_LATE_IDLE, 1);
}

/* The deadline has really passed. True where the connection goes on. */
static bool conn_expire(struct conn *c)
{
	static const struct refusal late = { 408, "the request did not arrive in time" };
	struct request *r = c->request;

	if (c->in == CONN_IN_HEAD ||
	    (c->in == CONN_IN_BODY && r && !r->has_answer && r->deadline > clock_now())) {
		conn_count_late(c);
		conn_refuse(c, &late);
		return !c->is_dead;
	}
	if (r && r->deadline <= clock_now() && r->on_deadline) {
		r->deadline = TIMER_NEVER;
		r->on_deadline(r);
		return !c->is_dead;
	}
	conn_count_late(c);
	if (c->in == CONN_IN_PROXY)
		log_info("a connection is closed: no PROXY header came in time");
	conn_close(c);
	return false;
}

/* Slower than client_min_rate. True where the connection goes on. */
static bool conn_expire_slow(struct conn *c)
{
	static const struct refusal slow = {
		408, "the body came more slowly than the server allows (client_min_rate)"
	};

	counter_add(c->worker->counters, COUNTER_LATE_RATE, 1);
	if (c->in == CONN_IN_BODY && !c->request->has_answer) {
		conn_refuse(c, &slow);
		return !c->is_dead;
	}
	request_log(c->request, LOG_NOTICE,
	            "the connection is closed: its client was slower than client_min_rate");
	conn_close(c);
	return false;
}

/* The timer has fired. True where the connection goes on. */
static bool conn_late(struct conn *c, uint64_t now)
{
	pace_look(c, now);
	if (pace_is_too_slow(c))
		return conn_expire_slow(c);
	return conn_limit(c) > now || conn_expire(c);
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

/* A reset: nobody is there to answer to, but what had come before it may still be wanted. */
static void conn_break(struct conn *c)
{
	const struct request *r = c->request;

	if (c->in == CONN_IN_BODY && r->sink && r->sink->keeps && !r->has_answer) {
		c->can_read = true;
		conn_advance_in(c);
	}
	conn_close(c);
}

static void conn_step(struct task *task)
{
	struct conn *c = LIST_ENTRY(task, struct conn, task);
	uint64_t now = clock_now();

	conn_input_open(c);
	if (c->is_broken) {
		conn_break(c);
		return;
	}
	pace_begin_step(c, now);
	if (c->is_late) {
		c->is_late = false;
		if (!conn_late(c, now))
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
	pace_end_step(c, now);
	timer_set(&c->worker->loop.timers, &c->timer, conn_deadline(c));
}
