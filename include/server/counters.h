#ifndef SERVER_COUNTERS_H
#define SERVER_COUNTERS_H

#include "http/methods.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What the server counts. Each process has a slot of its own in shared memory, which it alone writes: no
 * lock, no bus traffic, and a reader adds the slots up whenever it wants. Nothing in a slot ever goes down. The
 * slot of a process that has ended keeps what it counted, and the next process that is given it counts on
 * from there; so no total goes back, whoever dies. What rises and falls (open connections) is the difference
 * of two counts.
 */

enum {
	COUNTERS_LINE = 64, /* bytes of a cache line: no two processes write to one */
	COUNTERS_SLOTS =
	        1280 /* two generations of the most workers, their launchers, the supervisor */
};

/* ---- histograms -------------------------------------------------------------------------------------- */

enum {
	HISTOGRAM_BOUNDS = 16,
	HISTOGRAM_SUM = HISTOGRAM_BOUNDS + 1, /* behind the bucket without a bound */
	HISTOGRAM_CELLS = HISTOGRAM_SUM + 1
};

/* The i-th bucket holds values of at most 2^(first + i * step). */
struct histogram {
	uint8_t first, step;
};

/* How long requests took, in ms: at most 1, 2, 4, … 32768. */
#define HISTOGRAM_DURATION \
	{                  \
		0, 1       \
	}
static const struct histogram histogram_duration = HISTOGRAM_DURATION;
/* What answers weigh on the wire, in bytes: at most 256, 1 Ki, 4 Ki, … 256 Gi. */
#define HISTOGRAM_SIZE \
	{              \
		8, 2   \
	}
static const struct histogram histogram_size = HISTOGRAM_SIZE;

static inline uint64_t histogram_bound(struct histogram h, unsigned i)
{
	return (uint64_t)1 << (h.first + i * h.step);
}

/* The bucket that a value falls into; HISTOGRAM_BOUNDS: above all bounds. */
static inline unsigned histogram_bucket(struct histogram h, uint64_t value)
{
	unsigned log = value <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(value - 1);
	unsigned i = log <= h.first ? 0 : (log - h.first + h.step - 1u) / h.step;

	return i < HISTOGRAM_BOUNDS ? i : HISTOGRAM_BOUNDS;
}

/* ---- what is counted --------------------------------------------------------------------------------- */

enum { COUNTERS_STATUSES = 500 /* from 100 on */ };

enum counter {
	COUNTER_ACCEPTED, /* connections: taken from a listener … */
	COUNTER_HANDLED,  /* … and not dropped for want of memory */
	COUNTER_CLOSED,
	COUNTER_HEADS_BEGUN, /* heads that did not come in one piece */
	COUNTER_HEADS_ENDED,
	COUNTER_RECEIVED, /* bytes */
	COUNTER_SENT,
	COUNTER_ENDED,      /* requests; those begun are the sum of COUNTER_METHOD */
	COUNTER_UNANSWERED, /* of them: the client left, or was not to be answered (444) */
	COUNTER_REFUSED_SYNTAX,
	COUNTER_REFUSED_SIZE,
	COUNTER_REFUSED_LATE,
	COUNTER_REFUSED_UNSUPPORTED,
	COUNTER_LATE_IDLE, /* connections given up because … nothing was asked */
	COUNTER_LATE_HEAD,
	COUNTER_LATE_BODY,
	COUNTER_LATE_SEND,
	COUNTER_LATE_RATE,       /* … the client was slower than client_min_rate */
	COUNTER_PROGRAMS_ASKED,  /* CGI programs, counted by the launcher: wanted … */
	COUNTER_PROGRAMS_TURNED, /* … out of the queue, however … */
	COUNTER_PROGRAMS_STARTED,
	COUNTER_PROGRAMS_ENDED,
	COUNTER_PROGRAMS_FAILED,    /* could not be started */
	COUNTER_PROGRAMS_IMPATIENT, /* left the queue after cgi_queue_timeout */
	COUNTER_PROGRAMS_LATE,      /* given up after cgi_timeout; counted by the workers */
	COUNTER_UPLOADS,            /* files stored */
	COUNTER_UPLOADED,           /* their bytes */
	COUNTER_LIMITED_CONN,       /* refused by limit_conn … */
	COUNTER_LIMITED_REQ,        /* … by limit_req … */
	COUNTER_LIMITED_CONN_DRY,   /* … or passed by limit_dry_run alone */
	COUNTER_LIMITED_REQ_DRY,
	COUNTER_CACHE_HITS,
	COUNTER_CACHE_MISSES,
	COUNTER_STARTED_AT, /* the supervisor's: UNIX times and numbers, set and not added to */
	COUNTER_LOADED_AT,
	COUNTER_GENERATION,
	COUNTER_RELOADS,
	COUNTER_RELOADS_FAILED,
	COUNTER_RESTARTS,                               /* workers started again after a death */
	COUNTER_METHOD,                                 /* METHOD_COUNT of them: requests begun */
	COUNTER_STATUS = COUNTER_METHOD + METHOD_COUNT, /* COUNTERS_STATUSES of them: answers */
	COUNTER_DURATION = COUNTER_STATUS + COUNTERS_STATUSES, /* HISTOGRAM_CELLS: ms */
	COUNTER_SIZE = COUNTER_DURATION + HISTOGRAM_CELLS,     /* HISTOGRAM_CELLS: bytes */
	COUNTER_COUNT = COUNTER_SIZE + HISTOGRAM_CELLS
};

/* What is worked out from the counts when they are read. */
enum figure {
	FIGURE_ACTIVE = COUNTER_COUNT, /* connections open now */
	FIGURE_READING,                /* of them: in the middle of a head */
	FIGURE_WRITING,                /* a request is being worked on */
	FIGURE_WAITING,                /* between requests */
	FIGURE_REQUESTS,
	FIGURE_RESPONSES,
	FIGURE_CLASS, /* five: 1xx to 5xx */
	FIGURE_PROGRAMS_QUEUED = FIGURE_CLASS + 5,
	FIGURE_PROGRAMS_RUNNING,
	FIGURE_WORKERS,
	FIGURE_COUNT
};

/* All of it, added up at one moment (or nearly: the others go on counting meanwhile). */
struct figures {
	uint64_t value[FIGURE_COUNT];
};

/* ---- slots ------------------------------------------------------------------------------------------- */

enum counters_role {
	COUNTERS_FREE,
	COUNTERS_SUPERVISOR,
	COUNTERS_WORKER,
	COUNTERS_LAUNCHER,
	COUNTERS_VERIFIER
};

/* One process's slot. Apart from `value` the supervisor writes it. */
struct counters {
	_Atomic uint64_t value[COUNTER_COUNT];
	_Atomic uint32_t role; /* enum counters_role */
	_Atomic uint32_t generation;
	_Atomic int32_t pid;
	_Atomic uint64_t memory;      /* resident bytes; 0: not sampled */
	_Atomic uint64_t descriptors; /* open; 0: not sampled */
};

/* All slots: memory that every process of the server shares. */
struct counters_board {
	_Atomic uint32_t used; /* slots beyond this were never taken */
	struct {
		_Alignas(COUNTERS_LINE) struct counters counters;
	} slots[COUNTERS_SLOTS];
};

/* Made by the first process before it starts others. NULL and errno when there is no memory for it. */
struct counters_board *counters_map(void);
void counters_unmap(struct counters_board *board);

/*
 * A slot for a process that is about to be started; only the process that made the board calls this. NULL
 * when all are taken: that process then counts for itself alone.
 */
struct counters *counters_take(struct counters_board *board, enum counters_role role,
                               unsigned generation);

/* The slot's process runs. NULL is fine. */
void counters_started(struct counters *slot, pid_t pid);

/* It has ended: what it had open is closed, what it counted stays. *slot becomes NULL; it may be NULL already. */
void counters_release(struct counters **slot);

/* So many slots were ever taken; what another process may have written there is not trusted. */
static inline uint32_t counters_used(const struct counters_board *board)
{
	uint32_t used = board ? atomic_load_explicit(&board->used, memory_order_relaxed) : 0;

	return used < COUNTERS_SLOTS ? used : COUNTERS_SLOTS;
}

/* How many of a figure that rises and falls (FIGURE_ACTIVE, …) the process of the slot has. NULL: 0. */
uint64_t counters_open_now(const struct counters *slot, enum figure figure);

/* Adds everything up. Without a board (NULL) what `own` counts is all there is. */
void counters_sum(const struct counters_board *board, const struct counters *own,
                  struct figures *sum);

/* ---- counting ---------------------------------------------------------------------------------------- */

/* A plain addition: nobody else writes there, and readers see the old value or the new. */
static inline void counter_add(struct counters *c, unsigned counter, uint64_t n)
{
	_Atomic uint64_t *at = &c->value[counter];

	atomic_store_explicit(at, atomic_load_explicit(at, memory_order_relaxed) + n,
	                      memory_order_relaxed);
}

static inline void counter_set(struct counters *c, unsigned counter, uint64_t n)
{
	atomic_store_explicit(&c->value[counter], n, memory_order_relaxed);
}

static inline void counter_observe(struct counters *c, unsigned counter, struct histogram h,
                                   uint64_t value)
{
	counter_add(c, counter + histogram_bucket(h, value), 1);
	counter_add(c, counter + HISTOGRAM_SUM, value);
}

/* An answer with this status. */
static inline void counter_status(struct counters *c, unsigned status)
{
	if (status >= 100 && status < 100 + COUNTERS_STATUSES)
		counter_add(c, COUNTER_STATUS + (status - 100), 1);
}

#endif
