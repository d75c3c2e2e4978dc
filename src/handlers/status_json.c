#include "base/clock.h"
#include "handlers/status.h"

/* Names and labels are ours and need no escaping. */
static void json_key(struct buf *b, struct str name)
{
	buf_byte(b, '"');
	buf_add(b, name);
	buf_text(b, "\":");
}

/* {"count":…,"sum":…,"p50":…,"buckets":[[bound, how many are at most that],…]}; null: above all bounds. */
static void json_histogram(struct buf *b, const struct metric *m, const struct figures *f)
{
	uint64_t seen = 0, bound;

	buf_text(b, "{\"count\":");
	buf_u64(b, metric_observed(m, f));
	buf_text(b, ",\"sum\":");
	status_number(b, m->unit, f->value[m->at + HISTOGRAM_SUM]);
	for (size_t i = 0; i < STATUS_QUANTILES; i++) {
		buf_byte(b, ',');
		json_key(b, str_from(status_quantiles[i].name));
		if (metric_quantile(m, f, status_quantiles[i].of_thousand, &bound))
			status_number(b, m->unit, bound);
		else
			buf_text(b, "null");
	}
	buf_text(b, ",\"buckets\":[");
	for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		seen += f->value[m->at + i];
		buf_text(b, i > 0 ? ",[" : "[");
		if (i < HISTOGRAM_BOUNDS)
			status_number(b, m->unit, histogram_bound(m->histogram, i));
		else
			buf_text(b, "null");
		buf_byte(b, ',');
		buf_u64(b, seen);
		buf_byte(b, ']');
	}
	buf_text(b, "]}");
}

/* The members of a row with a label. */
static void json_members(struct buf *b, const struct metric *m, const struct figures *f)
{
	char room[METRIC_NAME];

	for (unsigned i = 0; i < metric_width(m); i++) {
		uint64_t value = f->value[m->at + i];

		if (m->is_sparse && value == 0)
			continue;
		if (b->ptr[b->len - 1] != '{')
			buf_byte(b, ',');
		json_key(b, metric_label(m, i, room));
		status_number(b, m->unit, value);
	}
}

static void json_row(struct buf *b, size_t row, const struct figures *f)
{
	const struct metric *m = &metrics[row];
	bool is_last = row + 1 == metric_count || metric_is_first(row + 1);

	if (metric_is_first(row)) {
		buf_text(b, ",\n");
		json_key(b, m->name);
		buf_text(b, m->label ? "{" : "");
	}
	if (b->failed)
		return;
	if (m->label)
		json_members(b, m, f);
	else if (m->kind == METRIC_HISTOGRAM)
		json_histogram(b, m, f);
	else
		status_number(b, m->unit, f->value[m->at]);
	buf_text(b, m->label && is_last ? "}" : "");
}

static void json_process(struct buf *b, const struct counters *p)
{
	buf_format(b, "{\"role\":\"%s\",\"pid\":%d,\"generation\":%u", status_role(p),
	           (int)atomic_load(&p->pid), atomic_load(&p->generation));
	buf_format(b, ",\"memory_bytes\":%ju,\"descriptors\":%ju}",
	           (uintmax_t)atomic_load(&p->memory), (uintmax_t)atomic_load(&p->descriptors));
}

void status_json(struct buf *b, const struct status_report *report)
{
	const struct counters *p;
	uint32_t at = 0;

	buf_format(b, "{\"server\":\"webserv%s\"",
	           request_settings(report->r)->server_tokens ? "/" WEBSERV_VERSION : "");
	buf_format(b, ",\n\"time_seconds\":%jd", (intmax_t)clock_cached.wall.tv_sec);
	for (size_t i = 0; i < metric_count; i++)
		json_row(b, i, &report->figures);
	buf_text(b, ",\n\"processes\":[");
	for (bool is_first = true; (p = status_process(report, &at)); is_first = false) {
		buf_text(b, is_first ? "" : ",\n");
		json_process(b, p);
	}
	buf_text(b, "]\n}\n");
}
