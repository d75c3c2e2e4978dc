#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include "base/str.h"

#include <time.h>

enum { DATE_SIZE = 29 };

/*
 * Reads an HTTP date in any of the three forms of RFC 9110 section 5.6.7. `now` settles the century
 * of the two-digit form: a date that seems more than 50 years ahead is in the past. False: not a
 * date.
 */
bool date_parse(struct str s, time_t now, time_t *out);

/*
 * Writes the preferred form, exactly DATE_SIZE bytes without a NUL. Years 0 to 9999; others are
 * clamped.
 */
void date_format(time_t when, char out[DATE_SIZE]);

/*
 * Days since 1970-01-01 of a proleptic Gregorian date, month 1 to 12; also for listings and
 * archives.
 */
int64_t date_days(int64_t year, unsigned month, unsigned day);

#endif
