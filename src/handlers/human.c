#include "handlers/human.h"

void human_size(struct buf *b, uint64_t bytes)
{
	static const char units[][3] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	uint64_t unit = 1000;
	size_t i = 0;

	if (bytes < 1000) {
		buf_u64(b, bytes);
		buf_text(b, " B");
		return;
	}
	while (i + 1 < sizeof units / sizeof *units && bytes / unit >= 1000) {
		unit *= 1000;
		i++;
	}
	buf_u64(b, bytes / unit);
	if (bytes / unit < 10) {
		buf_byte(b, '.');
		buf_u64(b, bytes % unit * 10 / unit);
	}
	buf_byte(b, ' ');
	buf_text(b, units[i]);
}

void human_time(struct buf *b, time_t when, bool local)
{
	struct tm tm = { 0 };

	if (local)
		localtime_r(&when, &tm);
	else
		gmtime_r(&when, &tm);
	buf_format(b, "%04d-%02d-%02d %02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
	           tm.tm_hour, tm.tm_min);
}

void human_iso_time(struct buf *b, time_t when)
{
	struct tm tm = { 0 };

	gmtime_r(&when, &tm);
	buf_format(b, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
	           tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Takes the digits off the front, without leading zeros. */
static struct str take_number(struct str *s)
{
	struct str digits = { s->ptr, 0 };

	while (digits.len < s->len && ascii_is_digit(s->ptr[digits.len]))
		digits.len++;
	*s = str_from_index(*s, digits.len);
	while (digits.len > 1 && digits.ptr[0] == '0')
		digits = str_from_index(digits, 1);
	return digits;
}

static int compare_numbers(struct str a, struct str b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return memcmp(a.ptr, b.ptr, a.len);
}

int human_compare(struct str a, struct str b)
{
	struct str x = a, y = b;

	while (x.len > 0 && y.len > 0) {
		int order;

		if (ascii_is_digit(x.ptr[0]) && ascii_is_digit(y.ptr[0])) {
			struct str m = take_number(&x), n = take_number(&y);

			order = compare_numbers(m, n);
		} else {
			order = (unsigned char)ascii_lower(x.ptr[0]) -
			        (unsigned char)ascii_lower(y.ptr[0]);
			x = str_from_index(x, 1);
			y = str_from_index(y, 1);
		}
		if (order != 0)
			return order;
	}
	if (x.len != y.len)
		return x.len < y.len ? -1 : 1;
	return str_compare(a, b); /* "A" and "a", "01" and "1": some fixed order */
}
