#include "base/str.h"

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
			return false;
	return true;
}

bool str_starts_with(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq(str_head(s, prefix.len), prefix);
}

bool str_ends_with(struct str s, struct str suffix)
{
	return s.len >= suffix.len && str_eq(str_from_index(s, s.len - suffix.len), suffix);
}

int str_compare(struct str a, struct str b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

size_t str_find(struct str s, char c)
{
	const char *at = s.len > 0 ? memchr(s.ptr, c, s.len) : NULL;

	return at ? (size_t)(at - s.ptr) : s.len;
}

size_t str_find_last(struct str s, char c)
{
	const char *at = s.len > 0 ? memrchr(s.ptr, c, s.len) : NULL;

	return at ? (size_t)(at - s.ptr) : s.len;
}

static bool str_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
	while (s.len > 0 && str_is_blank(s.ptr[0]))
		s = str_from_index(s, 1);
	while (s.len > 0 && str_is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

struct str str_cut(struct str *rest, char sep)
{
	size_t at = str_find(*rest, sep);
	struct str before = str_head(*rest, at);

	*rest = at == rest->len ? (struct str){ NULL, 0 } : str_from_index(*rest, at + 1);
	return before;
}

bool str_parse_u64(struct str s, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_is_digit(s.ptr[i]) || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(s.ptr[i] - '0'), &n))
			return false;
	}
	*out = n;
	return true;
}

enum { STR_DISTANCE_MAX = 63 };

static unsigned str_min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Damerau and Levenshtein's distance in its "optimal string alignment" form, over three rows of the table. */
unsigned str_distance(struct str a, struct str b, unsigned limit)
{
	unsigned rows[3][STR_DISTANCE_MAX + 1];
	unsigned distance;

	if (a.len > STR_DISTANCE_MAX || b.len > STR_DISTANCE_MAX)
		return limit + 1;
	for (unsigned j = 0; j <= b.len; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

		now[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			bool same = a.ptr[i - 1] == b.ptr[j - 1];

			now[j] = str_min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + !same);
			if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] &&
			    a.ptr[i - 2] == b.ptr[j - 1] && before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
	}
	distance = rows[a.len % 3][b.len];
	return distance > limit ? limit + 1 : distance;
}
