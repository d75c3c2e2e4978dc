#include "handlers/status.h"

/*
 * Prometheus' text format 0.0.4, and OpenMetrics 1.0, which differs in three things: a counter's _total
 * belongs to its samples and not to the family's name, its help has to be escaped alike, and it has an end.
 */

static const char *const kinds[] = {
	[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"
};

static void text_name(struct buf *b, const struct metric *m, bool has_total)
{
	buf_text(b, "webserv_");
	buf_add(b, m->name);
	buf_text(b, m->kind == METRIC_COUNTER && has_total ? "_total" : "");
}

static void text_family(struct buf *b, const struct metric *m, bool is_open)
{
	buf_text(b, "# HELP ");
	text_name(b, m, !is_open);
	buf_format(b, " %s.\n# TYPE ", m->help);
	text_name(b, m, !is_open);
	buf_format(b, " %s\n", kinds[m->kind]);
}

static void text_histogram(struct buf *b, const struct metric *m, const struct figures *f)
{
	uint64_t seen = 0;

	for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		seen += f->value[m->at + i];
		text_name(b, m, false);
		buf_text(b, "_bucket{le=\"");
		if (i < HISTOGRAM_BOUNDS)
			status_number(b, m->unit, histogram_bound(m->histogram, i));
		else
			buf_text(b, "+Inf");
		buf_text(b, "\"} ");
		buf_u64(b, seen);
		buf_byte(b, '\n');
	}
	text_name(b, m, false);
	buf_text(b, "_sum ");
	status_number(b, m->unit, f->value[m->at + HISTOGRAM_SUM]);
	buf_byte(b, '\n');
	text_name(b, m, false);
	buf_text(b, "_count ");
	buf_u64(b, seen);
	buf_byte(b, '\n');
}

static void text_samples(struct buf *b, const struct metric *m, const struct figures *f)
{
	char room[METRIC_NAME];

	for (unsigned i = 0; i < metric_width(m); i++) {
		uint64_t value = f->value[m->at + i];

		if (m->is_sparse && value == 0)
			continue;
		text_name(b, m, true);
		if (m->label)
			buf_format(b, "{%s=\"%.*s\"}", m->label, STR_ARG(metric_label(m, i, room)));
		buf_byte(b, ' ');
		status_number(b, m->unit, value);
		buf_byte(b, '\n');
	}
}

/* Of each process what the supervisor samples; nothing before the first time. */
static void text_processes(struct buf *b, const struct status_report *report, const char *name,
                           const char *help, size_t offset)
{
	const struct counters *p;
	uint32_t at = 0;

	buf_format(b, "# HELP webserv_%s %s.\n# TYPE webserv_%s gauge\n", name, help, name);
	while ((p = status_process(report, &at))) {
		const void *field = (const char *)p + offset;
		uint64_t value = atomic_load((const _Atomic uint64_t *)field);

		if (value > 0)
			buf_format(b, "webserv_%s{role=\"%s\",pid=\"%d\"} %ju\n", name,
			           status_role(p), (int)atomic_load(&p->pid), (uintmax_t)value);
	}
}

static void text_write(struct buf *b, const struct status_report *report, bool is_open)
{
	if (request_settings(report->r)->server_tokens)
		buf_text(b, "# HELP webserv_build_info The version that runs, always 1.\n"
		            "# TYPE webserv_build_info gauge\n"
		            "webserv_build_info{version=\"" WEBSERV_VERSION "\"} 1\n");
	for (size_t i = 0; i < metric_count; i++) {
		if (metric_is_first(i))
			text_family(b, &metrics[i], is_open);
		if (metrics[i].kind == METRIC_HISTOGRAM)
			text_histogram(b, &metrics[i], &report->figures);
		else
			text_samples(b, &metrics[i], &report->figures);
	}
	text_processes(b, report, "process_memory_bytes",
	               "Resident memory of the server's processes",
	               offsetof(struct counters, memory));
	text_processes(b, report, "process_open_descriptors",
	               "Open descriptors of the server's processes",
	               offsetof(struct counters, descriptors));
	buf_text(b, is_open ? "# EOF\n" : "");
}

void status_prometheus(struct buf *b, const struct status_report *report)
{
	text_write(b, report, false);
}

void status_openmetrics(struct buf *b, const struct status_report *report)
{
	text_write(b, report, true);
}
