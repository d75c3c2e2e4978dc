#include "handlers/status.h"

#include "handlers/handlers.h"
#include "http/accept.h"
#include "server/response.h"
#include "server/worker.h"

enum { STATUS_SIZE = 32 * 1024 /* what a document takes at first */ };

const struct status_quantile status_quantiles[STATUS_QUANTILES] = {
	{ "p50", "half of them within", 500 },
	{ "p90", "9 of 10 within", 900 },
	{ "p99", "99 of 100 within", 990 },
	{ "p999", "999 of 1000 within", 999 },
};

const struct counters *status_process(const struct status_report *report, uint32_t *at)
{
	uint32_t used = counters_used(report->board);

	while (*at < used) {
		const struct counters *slot = &report->board->slots[(*at)++].counters;

		if (atomic_load(&slot->role) != COUNTERS_FREE)
			return slot;
	}
	return NULL;
}

const char *status_role(const struct counters *process)
{
	switch ((enum counters_role)atomic_load(&process->role)) {
	case COUNTERS_SUPERVISOR:
		return "supervisor";
	case COUNTERS_LAUNCHER:
		return "launcher";
	case COUNTERS_VERIFIER:
		return "verifier";
	default:
		return "worker";
	}
}

void status_number(struct buf *b, enum metric_unit unit, uint64_t value)
{
	if (unit != METRIC_MS) {
		buf_u64(b, value);
		return;
	}
	buf_u64(b, value / 1000);
	buf_byte(b, '.');
	buf_u64_pad(b, value % 1000, 3);
}

/* nginx's ngx_http_stub_status_module, to the blank. The request that asks counts, as there. */
void status_stub(struct buf *b, const struct status_report *report)
{
	const uint64_t *v = report->figures.value;

	buf_format(b, "Active connections: %ju \n", (uintmax_t)v[FIGURE_ACTIVE]);
	buf_format(b, "server accepts handled requests\n %ju %ju %ju \n",
	           (uintmax_t)v[COUNTER_ACCEPTED], (uintmax_t)v[COUNTER_HANDLED],
	           (uintmax_t)v[FIGURE_REQUESTS]);
	buf_format(b, "Reading: %ju Writing: %ju Waiting: %ju \n", (uintmax_t)v[FIGURE_READING],
	           (uintmax_t)v[FIGURE_WRITING], (uintmax_t)v[FIGURE_WAITING]);
}

/* ---- the handler --------------------------------------------------------------------------------------- */

/* In the order in which they are preferred where a client takes several alike. */
static const struct format {
	enum status_format asked; /* the directive's argument that allows it */
	struct str type;          /* as Accept names it */
	struct str content_type;
	void (*write)(struct buf *b, const struct status_report *report);
	bool is_bare; /* chosen by Accept where the directive has no argument */
} formats[] = {
	{ STATUS_HTML, STR("text/html"), STR("text/html; charset=utf-8"), status_html, true },
	{ STATUS_JSON, STR("application/json"), STR("application/json"), status_json, true },
	{ STATUS_PROMETHEUS, STR("text/plain"), STR("text/plain; version=0.0.4; charset=utf-8"),
	  status_prometheus, true },
	{ STATUS_PROMETHEUS, STR("application/openmetrics-text"),
	  STR("application/openmetrics-text; version=1.0.0; charset=utf-8"), status_openmetrics,
	  true },
	{ STATUS_STUB, STR("text/plain"), STR("text/plain"), status_stub, false },
};

/* Of those that the location allows the one the client likes best; the first where it likes none. */
static const struct format *status_choose(const struct request *r)
{
	enum status_format asked = request_settings(r)->status;
	const struct format *best = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		const struct format *f = &formats[i];
		unsigned weight = accept_type(&r->head, f->type);

		if (asked == STATUS_BY_ACCEPT ? !f->is_bare : asked != f->asked)
			continue;
		if (!best || weight > most) {
			best = f;
			most = weight;
		}
	}
	return best;
}

static void status_fields(struct request *r, const struct format *format)
{
	enum status_format asked = request_settings(r)->status;

	r->response.content_type = format->content_type;
	if (asked == STATUS_BY_ACCEPT || asked == STATUS_PROMETHEUS)
		r->response.vary = STR_OF("Accept");
	response_field(r, STR_OF("Cache-Control"), STR_OF("no-store"));
	response_field(r, STR_OF("X-Content-Type-Options"), STR_OF("nosniff"));
	if (format->asked == STATUS_HTML)
		response_field(r, STR_OF("Content-Security-Policy"), str_from(status_policy));
}

void status_start(struct request *r)
{
	struct status_report *report = arena_alloc(&r->arena, sizeof *report);
	const struct format *format = status_choose(r);
	struct buf b = buf_in_arena(&r->arena, STATUS_SIZE);

	if (report) {
		report->r = r;
		report->board = r->worker->board;
		counters_sum(report->board, r->worker->counters, &report->figures);
		format->write(&b, report);
	}
	if (!report || b.failed) {
		respond_error(r, 500, "out of memory");
		return;
	}
	status_fields(r, format);
	body_memory(&r->response.body, buf_str(&b));
	r->sink = &sink_discard;
	respond(r, 200);
}
