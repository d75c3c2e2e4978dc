#include "http/date.h"

#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

enum { NOW = 1795521600 /* Tue, 24 Nov 2026 12:00:00 GMT */ };

static const struct {
	const char *name, *text;
	bool ok;
	int64_t seconds;
} parse_rows[] = {
	{ "IMF-fixdate is the preferred form (RFC 9110 section 5.6.7)",
	  "Sun, 06 Nov 1994 08:49:37 GMT", true, 784111777 },
	{ "the RFC 850 form is read (RFC 9110 section 5.6.7)", "Sunday, 06-Nov-94 08:49:37 GMT",
	  true, 784111777 },
	{ "the asctime form is read (RFC 9110 section 5.6.7)", "Sun Nov  6 08:49:37 1994", true,
	  784111777 },
	{ "asctime's day of two digits is read", "Wed Nov 16 08:49:37 1994", true, 784975777 },
	{ "asctime's day may be padded with a zero", "Sun Nov 06 08:49:37 1994", true, 784111777 },
	{ "the epoch is 0", "Thu, 01 Jan 1970 00:00:00 GMT", true, 0 },
	{ "one second before the epoch is negative", "Wed, 31 Dec 1969 23:59:59 GMT", true, -1 },
	{ "a date past 2038 is read in 64 bits", "Tue, 19 Jan 2038 03:14:08 GMT", true,
	  INT64_C(2147483648) },
	{ "the last second of four digits is read", "Fri, 31 Dec 9999 23:59:59 GMT", true,
	  INT64_C(253402300799) },
	{ "the year 0001 is read", "Mon, 01 Jan 0001 00:00:00 GMT", true, INT64_C(-62135596800) },
	{ "the 29th of February of 2000 exists", "Tue, 29 Feb 2000 00:00:00 GMT", true, 951782400 },
	{ "the 29th of February of 2024 exists", "Thu, 29 Feb 2024 00:00:00 GMT", true,
	  1709164800 },
	{ "the 29th of February of 1900 does not exist", "Thu, 29 Feb 1900 00:00:00 GMT", false,
	  0 },
	{ "the 29th of February of 2023 does not exist", "Wed, 29 Feb 2023 00:00:00 GMT", false,
	  0 },
	{ "a leap second falls on the next minute (RFC 9110 section 5.6.7)",
	  "Sat, 31 Dec 2016 23:59:60 GMT", true, 1483228800 },
	{ "a second of 61 is none", "Sat, 31 Dec 2016 23:59:61 GMT", false, 0 },
	{ "a minute of 60 is none", "Sun, 06 Nov 1994 08:60:37 GMT", false, 0 },
	{ "an hour of 24 is none", "Sun, 06 Nov 1994 24:00:00 GMT", false, 0 },
	{ "a day of 00 is none", "Sun, 00 Nov 1994 08:49:37 GMT", false, 0 },
	{ "the 31st of November does not exist", "Thu, 31 Nov 1994 08:49:37 GMT", false, 0 },
	{ "the 32nd of December does not exist", "Thu, 32 Dec 1994 08:49:37 GMT", false, 0 },
	{ "a weekday that is wrong for the date is let pass", "Mon, 06 Nov 1994 08:49:37 GMT", true,
	  784111777 },
	{ "a weekday that is no name is refused", "Sux, 06 Nov 1994 08:49:37 GMT", false, 0 },
	{ "a month that is no name is refused", "Sun, 06 Nox 1994 08:49:37 GMT", false, 0 },
	{ "names are case-sensitive (RFC 9110 section 5.6.7)", "sun, 06 nov 1994 08:49:37 GMT",
	  false, 0 },
	{ "gmt in lower case is refused", "Sun, 06 Nov 1994 08:49:37 gmt", false, 0 },
	{ "another zone is refused", "Sun, 06 Nov 1994 08:49:37 UTC", false, 0 },
	{ "a numeric zone is refused", "Sun, 06 Nov 1994 08:49:37 +0000", false, 0 },
	{ "a missing zone is refused", "Sun, 06 Nov 1994 08:49:37", false, 0 },
	{ "a day of one digit is refused in IMF-fixdate", "Sun, 6 Nov 1994 08:49:37 GMT", false,
	  0 },
	{ "a day padded with a space is refused in IMF-fixdate", "Sun,  6 Nov 1994 08:49:37 GMT",
	  false, 0 },
	{ "a year of two digits is refused in IMF-fixdate", "Sun, 06 Nov 94 08:49:37 GMT", false,
	  0 },
	{ "a year of four digits is refused in the RFC 850 form",
	  "Sunday, 06-Nov-1994 08:49:37 GMT", false, 0 },
	{ "a short weekday is refused in the RFC 850 form", "Sun, 06-Nov-94 08:49:37 GMT", false,
	  0 },
	{ "a long weekday is refused in IMF-fixdate", "Sunday, 06 Nov 1994 08:49:37 GMT", false,
	  0 },
	{ "a sign among the digits is refused", "Sun, 06 Nov 1994 08:49:+7 GMT", false, 0 },
	{ "two spaces between the parts are refused", "Sun, 06 Nov  1994 08:49:37 GMT", false, 0 },
	{ "a byte behind the date is refused", "Sun, 06 Nov 1994 08:49:37 GMT ", false, 0 },
	{ "Netscape's length parameter is refused", "Sun, 06 Nov 1994 08:49:37 GMT; length=9",
	  false, 0 },
	{ "a list of dates is refused",
	  "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT", false, 0 },
	{ "asctime with a zone is refused", "Sun Nov  6 08:49:37 1994 GMT", false, 0 },
	{ "a number of seconds is refused", "784111777", false, 0 },
	{ "an ISO date is refused", "1994-11-06T08:49:37Z", false, 0 },
	{ "the empty value is refused", "", false, 0 },
	{ "two digits that would be 49 years ahead are", "Saturday, 01-Jan-70 00:00:00 GMT", true,
	  INT64_C(3155760000) },
	{ "two digits exactly 50 years ahead are (RFC 9110 section 5.6.7)",
	  "Tuesday, 24-Nov-76 12:00:00 GMT", true, INT64_C(3373444800) },
	{ "two digits a second more than 50 years ahead are in the past",
	  "Wednesday, 24-Nov-76 12:00:01 GMT", true, 217684801 },
	{ "two digits 51 years ahead are in the past", "Saturday, 01-Jan-77 00:00:00 GMT", true,
	  220924800 },
	{ "two digits of this year are this year", "Thursday, 01-Jan-26 00:00:00 GMT", true,
	  1767225600 },
	{ "the century decides whether the 29th of February exists",
	  "Tuesday, 29-Feb-00 00:00:00 GMT", true, 951782400 },
};

Test(date, parses_the_three_forms)
{
	for (size_t i = 0; i < sizeof parse_rows / sizeof *parse_rows; i++) {
		struct str text = guard_copy(str_from(parse_rows[i].text));
		time_t when = 0;
		bool ok = date_parse(text, NOW, &when);

		cr_expect(ok == parse_rows[i].ok, "%s", parse_rows[i].name);
		cr_expect(eq(i64, when, parse_rows[i].seconds), "%s", parse_rows[i].name);
		guard_free(text);
	}
}

Test(date, refuses_every_proper_prefix)
{
	static const char *const dates[] = { "Sun, 06 Nov 1994 08:49:37 GMT",
		                             "Sunday, 06-Nov-94 08:49:37 GMT",
		                             "Sun Nov  6 08:49:37 1994" };

	for (size_t i = 0; i < 3; i++) {
		for (size_t len = 0; len < strlen(dates[i]); len++) {
			struct str text = guard_copy(str_make(dates[i], len));
			time_t when = 0;

			cr_expect(not(date_parse(text, NOW, &when)), "%.*s", STR_ARG(text));
			guard_free(text);
		}
	}
}

static const struct {
	const char *name, *text;
	int64_t now, seconds;
} century_rows[] = {
	{ "in 2099 the year 05 is 2105", "Thursday, 01-Jan-05 00:00:00 GMT", INT64_C(4083955200),
	  INT64_C(4260211200) },
	{ "in 1970 the year 95 is 1995", "Sunday, 01-Jan-95 00:00:00 GMT", 0, 788918400 },
	{ "in 2000 the year 72 is 1972", "Tuesday, 29-Feb-72 00:00:00 GMT", 978220800, 68169600 },
};

Test(date, settles_the_century_by_the_clock)
{
	for (size_t i = 0; i < sizeof century_rows / sizeof *century_rows; i++) {
		time_t when = 0;

		cr_expect(date_parse(str_from(century_rows[i].text), century_rows[i].now, &when),
		          "%s", century_rows[i].name);
		cr_expect(eq(i64, when, century_rows[i].seconds), "%s", century_rows[i].name);
	}
}

static const struct {
	const char *name;
	int64_t when;
	const char *text;
} format_rows[] = {
	{ "the example of RFC 9110 section 5.6.7", 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" },
	{ "the epoch was a Thursday", 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
	{ "a second before the epoch", -1, "Wed, 31 Dec 1969 23:59:59 GMT" },
	{ "a leap day", 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
	{ "the last day of a leap year", 978220800, "Sun, 31 Dec 2000 00:00:00 GMT" },
	{ "the first of March in a year divisible by 100", INT64_C(-2203891200),
	  "Thu, 01 Mar 1900 00:00:00 GMT" },
	{ "past 2038", INT64_C(2147483648), "Tue, 19 Jan 2038 03:14:08 GMT" },
	{ "the last second of four digits", INT64_C(253402300799),
	  "Fri, 31 Dec 9999 23:59:59 GMT" },
	{ "a later one is clamped", INT64_C(253402300800), "Fri, 31 Dec 9999 23:59:59 GMT" },
	{ "the largest time is clamped", INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT" },
	{ "the first second of the year 0", INT64_C(-62167219200),
	  "Sat, 01 Jan 0000 00:00:00 GMT" },
	{ "an earlier one is clamped", INT64_C(-62167219201), "Sat, 01 Jan 0000 00:00:00 GMT" },
	{ "the smallest time is clamped", INT64_MIN, "Sat, 01 Jan 0000 00:00:00 GMT" },
};

Test(date, formats)
{
	for (size_t i = 0; i < sizeof format_rows / sizeof *format_rows; i++) {
		char text[DATE_SIZE + 1] = { 0 };

		date_format(format_rows[i].when, text);
		cr_expect(eq(str, text, (char *)format_rows[i].text), "%s", format_rows[i].name);
	}
}

/* The C library is the second opinion, over all of the years that four digits can say. */
Test(date, agrees_with_the_library_and_with_itself)
{
	for (int64_t t = -62167219200; t < 253402300800; t += 86400 * 53 + 3607) {
		char ours[DATE_SIZE + 1] = { 0 }, theirs[64];
		time_t when = (time_t)t, back = 0;
		struct tm tm;

		gmtime_r(&when, &tm);
		(void)snprintf(theirs, sizeof theirs, "%04d-%02d-%02d %02d:%02d:%02d %d",
		               tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		               tm.tm_sec, tm.tm_wday);
		date_format(when, ours);
		cr_assert(date_parse(str_from(ours), NOW, &back), "%s", ours);
		cr_assert(eq(i64, back, t), "%s against %s", ours, theirs);
		cr_assert(eq(i64,
		             date_days(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1,
		                       (unsigned)tm.tm_mday) *
		                     86400,
		             t - (tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec)),
		          "%s", theirs);
		cr_assert(memcmp(ours, &"SunMonTueWedThuFriSat"[tm.tm_wday * 3], 3) == 0, "%s",
		          ours);
	}
}

static const struct {
	const char *name;
	int64_t year;
	unsigned month, day;
	int64_t days;
} day_rows[] = {
	{ "the epoch is day 0", 1970, 1, 1, 0 },
	{ "the day before it is -1", 1969, 12, 31, -1 },
	{ "a leap day", 2000, 2, 29, 11016 },
	{ "a leap day 400 years on", 2400, 2, 29, 157113 },
	{ "no leap day in 1900", 1900, 3, 1, -25508 },
	{ "the year 1", 1, 1, 1, -719162 },
	{ "the year 0 is a leap year", 0, 2, 29, -719469 },
	{ "the year -1", -1, 12, 31, -719529 },
};

Test(date, counts_days)
{
	for (size_t i = 0; i < sizeof day_rows / sizeof *day_rows; i++)
		cr_expect(eq(i64, date_days(day_rows[i].year, day_rows[i].month, day_rows[i].day),
		             day_rows[i].days),
		          "%s", day_rows[i].name);
}
