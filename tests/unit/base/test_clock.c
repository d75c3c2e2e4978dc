#include "base/clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <unistd.h>

static const struct {
	const char *name, *zone;
	time_t wall;
	const char *http, *log, *iso;
} rows[] = {
	{ "the date of RFC 9110 section 5.6.7", "UTC0", 784111777, "Sun, 06 Nov 1994 08:49:37 GMT",
	  "06/Nov/1994:08:49:37 +0000", "1994-11-06T08:49:37+00:00" },
	{ "the epoch", "UTC0", 0, "Thu, 01 Jan 1970 00:00:00 GMT", "01/Jan/1970:00:00:00 +0000",
	  "1970-01-01T00:00:00+00:00" },
	{ "a second that 32 bits can not hold", "UTC0", 5380473599, "Fri, 01 Jul 2140 23:59:59 GMT",
	  "01/Jul/2140:23:59:59 +0000", "2140-07-01T23:59:59+00:00" },
	{ "the end of four digits", "UTC0", 253402300799, "Fri, 31 Dec 9999 23:59:59 GMT",
	  "31/Dec/9999:23:59:59 +0000", "9999-12-31T23:59:59+00:00" },
	{ "east of Greenwich the local day is the next", "NPT-5:45", 784148400,
	  "Sun, 06 Nov 1994 19:00:00 GMT", "07/Nov/1994:00:45:00 +0545",
	  "1994-11-07T00:45:00+05:45" },
	{ "west of Greenwich the local day is the one before", "NST3:30", 784080000,
	  "Sun, 06 Nov 1994 00:00:00 GMT", "05/Nov/1994:20:30:00 -0330",
	  "1994-11-05T20:30:00-03:30" },
	{ "less than an hour west keeps its sign", "AAA0:30", 784080000,
	  "Sun, 06 Nov 1994 00:00:00 GMT", "05/Nov/1994:23:30:00 -0030",
	  "1994-11-05T23:30:00-00:30" },
};

Test(clock, dates)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		setenv("TZ", rows[i].zone, 1);
		tzset();
		clock_set(i, rows[i].wall);
		cr_expect(eq(str, clock_cached.http_date, (char *)rows[i].http), "%s",
		          rows[i].name);
		cr_expect(eq(str, clock_cached.log_time, (char *)rows[i].log), "%s", rows[i].name);
		cr_expect(eq(str, clock_cached.iso_time, (char *)rows[i].iso), "%s", rows[i].name);
		cr_expect(str_eq(clock_http_date(), str_from(rows[i].http)), "%s", rows[i].name);
		cr_expect(eq(u64, clock_now(), i), "%s", rows[i].name);
	}
}

Test(clock, stopped_and_released)
{
	uint64_t before;

	clock_set(5, 784111777);
	clock_update();
	cr_expect(eq(u64, clock_now(), 5), "a stopped clock does not go on");
	cr_expect(eq(i64, clock_cached.wall.tv_sec, 784111777));
	clock_release();
	cr_expect(gt(i64, clock_cached.wall.tv_sec, 1700000000),
	          "a released clock is right at once");
	cr_expect(ne(str, clock_cached.http_date, (char *)"Sun, 06 Nov 1994 08:49:37 GMT"));

	before = clock_now();
	usleep(30000);
	cr_expect(eq(u64, clock_now(), before), "time stands still until it is read");
	clock_update();
	cr_expect(ge(u64, clock_now(), before + 20));
	cr_expect(le(u64, clock_now(), before + 5000));
}

Test(clock, agrees_with_the_precise_one)
{
	uint64_t us = clock_precise_us();

	clock_update();
	/* The coarse clock lags by a tick, the precise one was read before it. */
	cr_expect(ge(u64, clock_now() + 20, us / 1000));
	cr_expect(le(u64, clock_now(), us / 1000 + 5000));
	cr_expect(ge(u64, clock_precise_us(), us), "it never goes back");
}
