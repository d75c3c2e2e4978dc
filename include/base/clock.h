#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/str.h"

#include <time.h>

/*
 * The time as of the last clock_update(), read once a loop turn and free to look at afterwards.
 * `now` is monotonic milliseconds and drives every timer; `wall` drives dates and logs and may jump.
 */
struct clock {
	uint64_t now;         /* ms, CLOCK_MONOTONIC */
	struct timespec wall; /* CLOCK_REALTIME */
	char http_date[30]; /* "Sun, 06 Nov 1994 08:49:37 GMT" and a NUL (RFC 9110 section 5.6.7) */
	char log_time[28];  /* "06/Nov/1994:08:49:37 +0000", local, as the combined log wants it */
	char iso_time[26];  /* "1994-11-06T08:49:37+00:00", local */
	bool is_set;        /* a test has stopped the clock */
};

extern struct clock clock_cached;

/* Reads the system's clocks; formats the dates where the second has changed. */
void clock_update(void);

/* For tests: stops the clock at these times until clock_release(). */
void clock_set(uint64_t now_ms, time_t wall);
void clock_release(void);

static inline uint64_t clock_now(void)
{
	return clock_cached.now;
}

/* The current Date value, 29 bytes. */
static inline struct str clock_http_date(void)
{
	return str_make(clock_cached.http_date, 29);
}

/* Microseconds of CLOCK_MONOTONIC read right now, for request times in logs. */
uint64_t clock_precise_us(void);

#endif
