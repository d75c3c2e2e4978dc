#include "base/clock.h"
#include "handlers/human.h"
#include "handlers/status.h"
#include "http/escape.h"
#include "http/statuses.h"
#include "server/page.h"

/* ---- values for people --------------------------------------------------------------------------------- */

/* "1 234 567", with spaces that do not break. */
static void html_grouped(struct buf *b, uint64_t n)
{
	uint64_t unit = 1;

	while (n / unit >= 1000)
		unit *= 1000;
	buf_u64(b, n / unit);
	while (unit > 1) {
		n %= unit;
		unit /= 1000;
		buf_text(b, "&#8239;");
		buf_u64_pad(b, n / unit, 3);
	}
}

/* "3 d 4 h", "4 h 5 min", "12 s": the two largest units. */
static void html_span(struct buf *b, uint64_t seconds)
{
	if (seconds >= 86400)
		buf_format(b, "%ju d %ju h", (uintmax_t)(seconds / 86400),
		           (uintmax_t)(seconds % 86400 / 3600));
	else if (seconds >= 3600)
		buf_format(b, "%ju h %ju min", (uintmax_t)(seconds / 3600),
		           (uintmax_t)(seconds % 3600 / 60));
	else if (seconds >= 60)
		buf_format(b, "%ju min %ju s", (uintmax_t)(seconds / 60),
		           (uintmax_t)(seconds % 60));
	else
		buf_format(b, "%ju s", (uintmax_t)seconds);
}

static void html_value(struct buf *b, enum metric_unit unit, uint64_t value)
{
	switch (unit) {
	case METRIC_BYTES:
		human_size(b, value);
		return;
	case METRIC_MS:
		status_number(b, unit, value);
		buf_text(b, "&#160;s");
		return;
	case METRIC_TIME:
		human_time(b, (time_t)value, false);
		buf_text(b, " UTC");
		return;
	case METRIC_PLAIN:
		html_grouped(b, value);
		return;
	}
}

/* ---- tables -------------------------------------------------------------------------------------------- */

static void html_row_open(struct buf *b, struct str title)
{
	buf_text(b, "<tr><th scope=\"row\">");
	escape_html(b, title);
	buf_text(b, "</th><td>");
}

static void html_row_close(struct buf *b)
{
	buf_text(b, "</td></tr>\n");
}

/* "404 Not Found" for a status, else the label itself. */
static void html_title(struct buf *b, const struct metric *m, unsigned i)
{
	char room[METRIC_NAME];

	if (m->title) {
		buf_text(b, m->title);
		return;
	}
	buf_add(b, metric_label(m, i, room));
	if (m->at == COUNTER_STATUS) {
		buf_byte(b, ' ');
		buf_add(b, status_reason(100 + i));
	}
}

static void html_figures(struct buf *b, const struct metric *m, const struct figures *f)
{
	for (unsigned i = 0; i < metric_width(m); i++) {
		char memory[96];
		struct buf title = buf_fixed(memory, sizeof memory);

		if (m->is_sparse && f->value[m->at + i] == 0)
			continue;
		html_title(&title, m, i);
		html_row_open(b, buf_str(&title));
		html_value(b, m->unit, f->value[m->at + i]);
		html_row_close(b);
	}
}

static void html_histogram(struct buf *b, const struct metric *m, const struct figures *f)
{
	for (size_t i = 0; i < STATUS_QUANTILES; i++) {
		char memory[96];
		struct buf title = buf_fixed(memory, sizeof memory);
		uint64_t bound;

		buf_format(&title, "%s: %s", m->title, status_quantiles[i].title);
		html_row_open(b, buf_str(&title));
		if (metric_quantile(m, f, status_quantiles[i].of_thousand, &bound))
			html_value(b, m->unit, bound);
		else
			buf_text(b, "\xe2\x80\x93");
		html_row_close(b);
	}
}

static void html_section(struct buf *b, const char *title)
{
	buf_text(b, "<table>\n<caption>");
	buf_text(b, title);
	buf_text(b, "</caption>\n<tbody>\n");
}

static void html_sections(struct buf *b, const struct figures *f)
{
	for (size_t i = 0; i < metric_count; i++) {
		const struct metric *m = &metrics[i];

		if (m->section && i > 0)
			buf_text(b, "</tbody>\n</table>\n");
		if (m->section)
			html_section(b, m->section);
		if (m->kind == METRIC_HISTOGRAM)
			html_histogram(b, m, f);
		else
			html_figures(b, m, f);
	}
	buf_text(b, "</tbody>\n</table>\n");
}

/* What was never sampled is told by a dash. */
static void html_cell(struct buf *b, uint64_t value, enum metric_unit unit)
{
	buf_text(b, "<td>");
	if (value > 0)
		html_value(b, unit, value);
	else
		buf_text(b, "\xe2\x80\x93");
	buf_text(b, "</td>");
}

static void html_processes(struct buf *b, const struct status_report *report)
{
	const struct counters *p;
	uint32_t at = 0;

	buf_text(b, "<table class=\"wide\">\n<caption>Processes</caption>\n<thead><tr>"
	            "<th scope=\"col\">Role</th><th scope=\"col\">PID</th>"
	            "<th scope=\"col\">Generation</th><th scope=\"col\">Memory</th>"
	            "<th scope=\"col\">Open files</th></tr></thead>\n<tbody>\n");
	while ((p = status_process(report, &at))) {
		buf_format(b, "<tr><th scope=\"row\">%s</th><td>%d</td>", status_role(p),
		           (int)atomic_load(&p->pid));
		html_cell(b, atomic_load(&p->generation), METRIC_PLAIN);
		html_cell(b, atomic_load(&p->memory), METRIC_BYTES);
		html_cell(b, atomic_load(&p->descriptors), METRIC_PLAIN);
		buf_text(b, "</tr>\n");
	}
	buf_text(b, "</tbody>\n</table>\n");
}

/* ---- the page ------------------------------------------------------------------------------------------ */

/* The few figures that are looked at first. */
static void html_card(struct buf *b, const char *title, uint64_t value, enum metric_unit unit)
{
	buf_format(b, "<div><dt>%s</dt><dd>", title);
	html_value(b, unit, value);
	buf_text(b, "</dd></div>\n");
}

static void html_cards(struct buf *b, const struct figures *f)
{
	uint64_t now = (uint64_t)clock_cached.wall.tv_sec, start = f->value[COUNTER_STARTED_AT];

	buf_text(b, "<dl>\n<div><dt>Running for</dt><dd>");
	html_span(b, start > 0 && now > start ? now - start : 0);
	buf_text(b, "</dd></div>\n");
	html_card(b, "Open connections", f->value[FIGURE_ACTIVE], METRIC_PLAIN);
	html_card(b, "Requests", f->value[FIGURE_REQUESTS], METRIC_PLAIN);
	html_card(b, "Failed (5xx)", f->value[FIGURE_CLASS + 4], METRIC_PLAIN);
	html_card(b, "Sent", f->value[COUNTER_SENT], METRIC_BYTES);
	buf_text(b, "</dl>\n");
}

void status_html(struct buf *b, const struct status_report *report)
{
	const struct figures *f = &report->figures;

	page_open(b, STR_OF("Server status"), status_style);
	buf_text(b, "<main>\n<div class=\"bar\"><h1>Server status</h1>\n"
	            "<button id=\"hold\" type=\"button\" aria-pressed=\"false\" hidden>Pause"
	            "</button></div>\n<div id=\"live\">\n<p>As of <time datetime=\"");
	human_iso_time(b, clock_cached.wall.tv_sec);
	buf_text(b, "\">");
	human_iso_time(b, clock_cached.wall.tv_sec);
	buf_text(b, "</time></p>\n");
	html_cards(b, f);
	buf_text(b, "<div class=\"tables\">\n");
	html_sections(b, f);
	buf_text(b, "</div>\n");
	html_processes(b, report);
	buf_text(b, "</div>\n<p id=\"said\" role=\"status\"></p>\n</main>\n<script>");
	for (size_t i = 0; status_script[i]; i++)
		buf_text(b, status_script[i]);
	buf_text(b, "</script>\n");
	page_close(b, report->r, false);
}
