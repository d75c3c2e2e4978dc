#ifndef TESTS_EXPOSITION_H
#define TESTS_EXPOSITION_H

#include <stdbool.h>

/*
 * Whether a text is what Prometheus reads: format 0.0.4, or OpenMetrics 1.0 (is_open), stricter than either:
 * every family with help and type before its samples, and in one piece; no series twice; counters end in
 * _total; a histogram's bounds and counts rise, its last bucket is +Inf and equals its count. What is wrong
 * first, in memory that the next call uses again; NULL: nothing.
 */
const char *exposition_fault(const char *text, bool is_open);

/* The value of the series as it is written ("webserv_requests_total", with its labels); -1: not there. */
double exposition_value(const char *text, const char *series);

#endif
