#include "server/limiter.h"

#include "base/clock.h"
#include "server/request.h"
#include "server/worker.h"

#include <errno.h>

enum {
	LIMITER_LINES = 4, /* of the log, in a second and a worker */
	LIMITER_WINDOW_MS = 1000,
	LIMITER_NS = 1000000000
};

enum limiter_kind { LIMITER_CONN, LIMITER_REQ };

/* A limit that the request was counted in: it is not asked again. In the request's arena. */
struct limiter_count {
	struct limiter_count *next;
	uint64_t id;
};

/* ---- what the log hears ---------------------------------------------------------------------------------- */

static void limiter_window_ends(struct timer *timer)
{
	struct limiter *l = LIST_ENTRY(timer, struct limiter, timer);

	if (l->suppressed > 0)
		log_warn("limits: %llu more requests like these",
		         (unsigned long long)l->suppressed);
	l->said = 0;
	l->suppressed = 0;
}

static void limiter_name(struct buf *b, const struct settings *set, enum limiter_kind kind)
{
	if (kind == LIMITER_CONN) {
		buf_format(b, "limit_conn %u", set->limit_conn.most);
	} else {
		buf_text(b, "limit_req ");
		limit_req_print(&set->limit_req, b);
	}
}

static void limiter_say(struct limiter *l, struct request *r, enum limiter_kind kind)
{
	const struct settings *set = request_settings(r);
	char memory[128];
	struct buf text = buf_fixed(memory, sizeof memory);

	if (l->said == LIMITER_LINES) {
		l->suppressed++;
		return;
	}
	if (l->said++ == 0)
		timer_set(&l->loop->timers, &l->timer, clock_now() + LIMITER_WINDOW_MS);
	peer_print(&r->peer, &text);
	buf_text(&text, set->limit_dry_run ? " would be over " : " is over ");
	limiter_name(&text, set, kind);
	request_log(r, LOG_WARN, "limits: %.*s", STR_ARG(buf_str(&text)));
}

/* One limit has said no. */
static enum gate_answer limiter_refuse(struct request *r, enum limiter_kind kind, uint64_t wait)
{
	struct limiter *l = &r->worker->limiter;
	bool is_dry = request_settings(r)->limit_dry_run;
	uint64_t seconds = (wait + LIMITER_NS - 1) / LIMITER_NS;

	counter_add(r->worker->counters,
	            (is_dry ? COUNTER_LIMITED_CONN_DRY : COUNTER_LIMITED_CONN) + kind, 1);
	limiter_say(l, r, kind);
	if (is_dry)
		return GATE_PASS;
	r->retry_after = seconds > 0 ? (uint32_t)seconds : 1;
	return GATE_LIMITED;
}

/* ---- one request ----------------------------------------------------------------------------------------- */

static bool limiter_has_counted(const struct request *r, uint64_t id)
{
	for (const struct limiter_count *count = r->counted; count; count = count->next)
		if (count->id == id)
			return true;
	return false;
}

static bool limiter_remember(struct request *r, uint64_t id)
{
	struct limiter_count *count = arena_alloc(&r->arena, sizeof *count);

	if (!count)
		return false;
	*count = (struct limiter_count){ .next = r->counted, .id = id };
	r->counted = count;
	return true;
}

/* An IPv6 client has a whole /64 to choose its addresses from. */
static uint64_t limiter_key(const struct limits *limits, const struct request *r, uint64_t id)
{
	struct str address =
	        str_make((const char *)r->peer.bytes, r->peer.family == AF_INET ? 4 : 8);

	return limits_key(limits, id, r->peer.family, address);
}

static void limiter_release(void *hold)
{
	limits_leave(hold);
}

/* Requests at once: counted until the request ends. */
static enum gate_answer limiter_conn(struct limiter *l, struct request *r)
{
	const struct limit_conn *limit = &request_settings(r)->limit_conn;
	struct limits_hold *hold;

	if (limit->most == 0 || limiter_has_counted(r, limit->place.id))
		return GATE_PASS;
	if (!limiter_remember(r, limit->place.id))
		return GATE_LIMITED;
	if (limits_enter(l->limits, l->seat, limiter_key(l->limits, r, limit->place.id),
	                 limit->most, &hold) != LIMITS_ENTERED)
		return limiter_refuse(r, LIMITER_CONN, 0);
	if (arena_defer(&r->arena, limiter_release, hold))
		return GATE_PASS;
	limits_leave(hold);
	return GATE_LIMITED;
}

/* Requests in a time. */
static enum gate_answer limiter_req(struct limiter *l, struct request *r)
{
	const struct limit_req *limit = &request_settings(r)->limit_req;
	struct limits_rate rate = { .burst = limit->burst };
	uint64_t wait;

	if (limit->rate == 0 || limiter_has_counted(r, limit->place.id))
		return GATE_PASS;
	if (!limiter_remember(r, limit->place.id))
		return GATE_LIMITED;
	rate.interval = (uint64_t)LIMITER_NS * (limit->is_minutely ? 60 : 1) / limit->rate;
	wait = limits_take(l->limits, limiter_key(l->limits, r, limit->place.id), &rate,
	                   clock_now());
	return wait == 0 ? GATE_PASS : limiter_refuse(r, LIMITER_REQ, wait);
}

enum gate_answer limiter_ask(struct gate *gate, struct request *r)
{
	struct limiter *l = &r->worker->limiter;

	(void)gate;
	/* Where it was refused before, this is the way to the error page. */
	if (!l->limits || r->retry_after > 0 ||
	    (r->peer.family != AF_INET && r->peer.family != AF_INET6))
		return GATE_PASS;
	/* What memory ran out for must not pass unseen: then the answer is a 429 of a second. */
	r->retry_after = 1;
	if (limiter_conn(l, r) == GATE_LIMITED || limiter_req(l, r) == GATE_LIMITED)
		return GATE_LIMITED;
	r->retry_after = 0;
	return GATE_PASS;
}

/* ---- life ------------------------------------------------------------------------------------------------ */

static bool limiter_is_needed(const struct config *config)
{
	for (size_t i = 0; i < config->locations.len; i++) {
		const struct settings *set = &config->locations.items[i]->settings;

		if (set->limit_conn.most > 0 || set->limit_req.rate > 0)
			return true;
	}
	return false;
}

int limiter_open(struct limiter *limiter, struct worker *worker, struct limits *limits,
                 unsigned seat)
{
	*limiter = (struct limiter){ .loop = &worker->loop, .seat = seat };
	if (!limiter_is_needed(worker->config))
		return 0;
	if (!timer_start(&limiter->loop->timers, &limiter->timer, limiter_window_ends,
	                 TIMER_NEVER)) {
		errno = ENOMEM;
		return -1;
	}
	limiter->limits = limits;
	if (limits)
		return 0;
	limiter->limits = limits_open();
	if (!limiter->limits)
		return -1;
	limiter->owns_limits = true;
	limiter->seat = limits_seat_take(limiter->limits);
	return 0;
}

void limiter_close(struct limiter *limiter)
{
	if (!limiter->limits)
		return;
	limiter_window_ends(&limiter->timer);
	timer_stop(&limiter->loop->timers, &limiter->timer);
	if (limiter->owns_limits)
		limits_close(limiter->limits);
	limiter->limits = NULL;
}
