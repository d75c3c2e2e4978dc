#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "base/str.h"
#include "server/counters.h"

/* What is shown of the counters: one row for each metric, from which every format is written. */

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* How a value is written. Milliseconds are told to programs in seconds, as their name says. */
enum metric_unit { METRIC_PLAIN, METRIC_BYTES, METRIC_MS, METRIC_TIME };

enum { METRIC_NAME = 24 /* room for the name of one value of several */ };

/*
 * Neighbouring rows of one name are one family, told apart by the value of their label. A row is either one
 * figure, or `count` of them in a sequence, which name() names; or the HISTOGRAM_CELLS of a histogram.
 */
struct metric {
	const char *section; /* where people find it; NULL: where the row before is */
	struct str name;   /* in JSON; Prometheus reads webserv_NAME, and _total behind a counter */
	const char *label; /* what tells the family's values apart; NULL: it has one */
	const char *is;    /* the label's value; NULL: name() */
	struct str (*name_of)(unsigned i, char room[METRIC_NAME]);
	const char *title; /* for people; NULL: the label's value */
	const char
	        *help; /* one sentence without the full stop; NULL: the family's first row has it */
	enum metric_kind kind;
	enum metric_unit unit;
	uint16_t at;                /* enum counter or figure */
	uint16_t count;             /* 0: one */
	bool is_sparse;             /* those that are 0 are left out */
	struct histogram histogram; /* METRIC_HISTOGRAM */
};

extern const struct metric metrics[];
extern const size_t metric_count;

/* Whether the row begins a family. */
bool metric_is_first(size_t row);

/* The value of the label for the i-th figure of the row. */
struct str metric_label(const struct metric *m, unsigned i, char room[METRIC_NAME]);

/* How many figures the row has; 1 for a histogram. */
static inline unsigned metric_width(const struct metric *m)
{
	return m->count > 0 ? m->count : 1;
}

/* How many values the histogram has seen. */
uint64_t metric_observed(const struct metric *m, const struct figures *f);

/*
 * So that `of_thousand` of a thousand values are at most this: a bound of the histogram, which is as close as
 * it knows. False where there are no values, or the answer lies above all bounds.
 */
bool metric_quantile(const struct metric *m, const struct figures *f, unsigned of_thousand,
                     uint64_t *bound);

#endif
