#include "http/date.h"

enum { SECONDS_PER_DAY = 86400, NAME_SHORT = 3 };

/* 0000-01-01 00:00:00 and 9999-12-31 23:59:59: what four digits of a year can say. */
#define DATE_FIRST INT64_C(-62167219200)
#define DATE_LAST  INT64_C(253402300799)

static const struct str day_names[] = {
	STR("Sunday"),   STR("Monday"), STR("Tuesday"),  STR("Wednesday"),
	STR("Thursday"), STR("Friday"), STR("Saturday"),
};

static const struct str month_names[] = {
	STR("Jan"), STR("Feb"), STR("Mar"), STR("Apr"), STR("May"), STR("Jun"),
	STR("Jul"), STR("Aug"), STR("Sep"), STR("Oct"), STR("Nov"), STR("Dec"),
};

/* A date taken apart; month 1 to 12. */
struct civil {
	int64_t year;
	unsigned month, day, hour, minute, second;
	bool is_two_digit; /* year is 0 to 99 and its century unknown */
};

/* The three forms of RFC 9110 section 5.6.7, in strftime's letters. */
static const char *const date_forms[] = {
	"%a, %d %b %Y %H:%M:%S GMT", /* IMF-fixdate */
	"%A, %d-%b-%y %H:%M:%S GMT", /* RFC 850 */
	"%a %b %e %H:%M:%S %Y",      /* asctime */
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/*
 * Counted in years that begin on the 1st of March, the leap day is the last of its year and the
 * months before it have a regular rhythm: 31 30 31 30 31 | 31 30 31 30 31 | 31 .. = (153 m + 2) / 5
 * days. 719468 days lie between 0000-03-01 and 1970-01-01.
 */
int64_t date_days(int64_t year, unsigned month, unsigned day)
{
	unsigned from_march = (month + 9) % 12;
	int64_t y = year - (month <= 2);

	return 365 * y + floor_div(y, 4) - floor_div(y, 100) + floor_div(y, 400) +
	       (153 * from_march + 2) / 5 + day - 1 - 719468;
}

/* The inverse: guesses the year from the mean length of one and corrects by at most one. */
static struct civil civil_of_days(int64_t days)
{
	struct civil civil = { 0 };
	int64_t year = floor_div(400 * days, 146097) + 1970;
	unsigned month = 12;

	while (date_days(year, 1, 1) > days)
		year--;
	while (date_days(year + 1, 1, 1) <= days)
		year++;
	while (date_days(year, month, 1) > days)
		month--;
	civil.year = year;
	civil.month = month;
	civil.day = (unsigned)(days - date_days(year, month, 1)) + 1;
	return civil;
}

static unsigned days_in_month(int64_t year, unsigned month)
{
	int64_t next = month == 12 ? date_days(year + 1, 1, 1) : date_days(year, month + 1, 1);

	return (unsigned)(next - date_days(year, month, 1));
}

static int64_t civil_seconds(const struct civil *c)
{
	return date_days(c->year, c->month, c->day) * SECONDS_PER_DAY + c->hour * 3600 +
	       c->minute * 60 + c->second;
}

/* Takes exactly `width` digits off the front. */
static bool take_number(struct str *s, unsigned width, unsigned *out)
{
	unsigned value = 0;

	if (s->len < width)
		return false;
	for (unsigned i = 0; i < width; i++) {
		if (!ascii_is_digit(s->ptr[i]))
			return false;
		value = value * 10 + (unsigned)(s->ptr[i] - '0');
	}
	*out = value;
	*s = str_from_index(*s, width);
	return true;
}

/* Takes one of the names, cut to `width` bytes (0: in full), off the front; *out counts from 1. */
static bool take_name(struct str *s, const struct str *names, size_t count, size_t width,
                      unsigned *out)
{
	for (size_t i = 0; i < count; i++) {
		struct str name = width ? str_head(names[i], width) : names[i];

		if (!str_eq(str_head(*s, name.len), name))
			continue;
		*out = (unsigned)i + 1;
		*s = str_from_index(*s, name.len);
		return true;
	}
	return false;
}

/* asctime pads the day of the month with a space. */
static bool take_padded_day(struct str *s, unsigned *out)
{
	if (s->len == 0 || s->ptr[0] != ' ')
		return take_number(s, 2, out);
	*s = str_from_index(*s, 1);
	return take_number(s, 1, out);
}

/*
 * The weekday must be a name but is not compared with the date: it says nothing that the date does
 * not.
 */
static bool take_part(struct str *s, char letter, struct civil *c)
{
	unsigned number = 0;
	bool ok = false;

	switch (letter) {
	case 'a':
		return take_name(s, day_names, 7, NAME_SHORT, &number);
	case 'A':
		return take_name(s, day_names, 7, 0, &number);
	case 'b':
		return take_name(s, month_names, 12, NAME_SHORT, &c->month);
	case 'd':
		return take_number(s, 2, &c->day);
	case 'e':
		return take_padded_day(s, &c->day);
	case 'H':
		return take_number(s, 2, &c->hour);
	case 'M':
		return take_number(s, 2, &c->minute);
	case 'S':
		return take_number(s, 2, &c->second);
	default: /* Y or y */
		ok = take_number(s, letter == 'Y' ? 4 : 2, &number);
		c->is_two_digit = letter == 'y';
		c->year = number;
		return ok;
	}
}

static bool match_form(struct str s, const char *form, struct civil *c)
{
	for (; *form != '\0'; form++) {
		if (*form == '%') {
			if (!take_part(&s, *++form, c))
				return false;
			continue;
		}
		if (s.len == 0 || s.ptr[0] != *form)
			return false;
		s = str_from_index(s, 1);
	}
	return s.len == 0;
}

/*
 * The latest year with these two digits in which the date lies no more than 50 years ahead of now.
 */
static int64_t year_with_century(struct civil c, time_t now)
{
	int64_t this_year = civil_of_days(floor_div(now, SECONDS_PER_DAY)).year;
	int64_t year = floor_div(this_year, 100) * 100 + 100 + c.year;

	for (;; year -= 100) {
		c.year = year - 50;
		if (civil_seconds(&c) <= now)
			return year;
	}
}

/* A second of 60 is in the grammar for leap seconds; it falls on the next minute's first. */
static bool civil_is_valid(const struct civil *c)
{
	return c->day >= 1 && c->day <= days_in_month(c->year, c->month) && c->hour <= 23 &&
	       c->minute <= 59 && c->second <= 60;
}

bool date_parse(struct str s, time_t now, time_t *out)
{
	for (size_t i = 0; i < sizeof date_forms / sizeof *date_forms; i++) {
		struct civil civil = { 0 };

		if (!match_form(s, date_forms[i], &civil))
			continue;
		if (civil.is_two_digit)
			civil.year = year_with_century(civil, now);
		if (!civil_is_valid(&civil))
			return false;
		*out = (time_t)civil_seconds(&civil);
		return true;
	}
	return false;
}

static void put_number(char *at, unsigned width, int64_t value)
{
	while (width-- > 0) {
		at[width] = (char)('0' + value % 10);
		value /= 10;
	}
}

void date_format(time_t when, char out[DATE_SIZE])
{
	int64_t t = when < DATE_FIRST ? DATE_FIRST : when > DATE_LAST ? DATE_LAST : when;
	int64_t days = floor_div(t, SECONDS_PER_DAY);
	int64_t second = t - days * SECONDS_PER_DAY;
	struct civil c = civil_of_days(days);
	int64_t weekday = (days % 7 + 7 + 4) % 7; /* 1970-01-01 was a Thursday */

	/* Sun, 06 Nov 1994 08:49:37 GMT
	 * 0    5  8   12   17 20 23 26  */
	memcpy(out, "Sun, 06 Nov 1994 08:49:37 GMT", DATE_SIZE);
	memcpy(out, day_names[weekday].ptr, 3);
	put_number(out + 5, 2, c.day);
	memcpy(out + 8, month_names[c.month - 1].ptr, 3);
	put_number(out + 12, 4, c.year);
	put_number(out + 17, 2, second / 3600);
	put_number(out + 20, 2, second / 60 % 60);
	put_number(out + 23, 2, second % 60);
}
