#ifndef HANDLERS_STATUS_H
#define HANDLERS_STATUS_H

#include "server/metrics.h"
#include "server/request.h"

/*
 * The server's figures in their formats. Each writer goes through the rows of server/metrics.c, so that
 * a new row is in all of them; only nginx's text is fixed.
 */
struct status_report {
	struct request *r;
	const struct counters_board *board; /* NULL: of this process only */
	struct figures figures;
};

/* Percentiles that are told of histograms, in thousandths, and their names. */
enum { STATUS_QUANTILES = 4 };
struct status_quantile {
	const char *name, *title;
	unsigned of_thousand;
};
extern const struct status_quantile status_quantiles[STATUS_QUANTILES];

/*
 * The next process of the server, from *at (0 at first) on, which moves; NULL behind the last. Its
 * fields are read with relaxed loads.
 */
const struct counters *status_process(const struct status_report *report, uint32_t *at);

/* "supervisor", "worker", "launcher", "verifier". */
const char *status_role(const struct counters *process);

/* A value for programs: milliseconds as seconds with three decimals, all else as it is. */
void status_number(struct buf *b, enum metric_unit unit, uint64_t value);

/* The writers. Each adds a whole document to the buffer, or sets its `failed`. */
void status_html(struct buf *b, const struct status_report *report);
void status_json(struct buf *b, const struct status_report *report);
void status_prometheus(struct buf *b, const struct status_report *report);
void status_openmetrics(struct buf *b, const struct status_report *report);
void status_stub(struct buf *b, const struct status_report *report);

/* status_page.c: what the page is made of besides its figures; the script has the policy's digest. */
extern const char *const status_style[];
extern const char *const status_script[];
extern const char status_policy[];

#endif
