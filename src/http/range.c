#include "http/range.h"

/* Takes digits off the front; a number too large for 64 bits is as good as the largest. */
static bool take_number(struct str *s, uint64_t *out)
{
	uint64_t value = 0;
	size_t i = 0;

	for (; i < s->len && ascii_is_digit(s->ptr[i]); i++) {
		unsigned digit = (unsigned)(s->ptr[i] - '0');

		value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
	}
	*s = str_from_index(*s, i);
	*out = value;
	return i > 0;
}

/* What one element of the set comes to. */
enum spec { SPEC_BAD, SPEC_NOTHING, SPEC_RANGE, SPEC_ALL_OF_NOTHING };

/* "-N": the last N bytes, or all of them; of an empty representation that is all of nothing. */
static enum spec suffix_parse(struct str s, uint64_t size, struct range *out)
{
	uint64_t length;

	if (!take_number(&s, &length) || s.len > 0)
		return SPEC_BAD;
	if (length == 0)
		return SPEC_NOTHING;
	if (size == 0)
		return SPEC_ALL_OF_NOTHING;
	*out = (struct range){ .first = length < size ? size - length : 0, .last = size - 1 };
	return SPEC_RANGE;
}

/* "F-", "F-L" or "-N" against a representation of `size` bytes. */
static enum spec spec_parse(struct str s, uint64_t size, struct range *out)
{
	uint64_t first, last = UINT64_MAX;

	if (s.len > 0 && s.ptr[0] == '-')
		return suffix_parse(str_from_index(s, 1), size, out);
	if (!take_number(&s, &first) || s.len == 0 || s.ptr[0] != '-')
		return SPEC_BAD;
	s = str_from_index(s, 1);
	if (s.len > 0 && (!take_number(&s, &last) || s.len > 0 || last < first))
		return SPEC_BAD;
	if (first >= size)
		return SPEC_NOTHING;
	*out = (struct range){ .first = first, .last = last < size ? last : size - 1 };
	return SPEC_RANGE;
}

static bool range_touches(const struct range *a, const struct range *b)
{
	return a->first <= b->last + 1 && b->first <= a->last + 1;
}

/*
 * Those already there touch none of each other, so one pass is enough: the first that the new one
 * touches grows, later ones that it also touches vanish into it.
 */
static size_t ranges_join(struct range *ranges, size_t count, struct range added)
{
	struct range *place = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct range r = ranges[i];

		if (!range_touches(&r, &added)) {
			ranges[kept++] = r;
			continue;
		}
		added.first = r.first < added.first ? r.first : added.first;
		added.last = r.last > added.last ? r.last : added.last;
		if (!place)
			place = &ranges[kept++];
	}
	if (!place)
		place = &ranges[kept++];
	*place = added;
	return kept;
}

/*
 * The set behind "bytes=", or false where the unit is another (section 14.1: names are in any
 * case).
 */
static bool range_set(struct str value, struct str *set)
{
	size_t equals = str_find(value, '=');

	*set = str_from_index(value, equals + 1);
	return equals < value.len && str_eq_nocase(str_head(value, equals), STR_OF("bytes"));
}

enum range_verdict range_parse(struct str value, uint64_t size, struct range *ranges, size_t cap,
                               size_t *count)
{
	struct str set;
	size_t asked = 0;
	bool is_whole = false;

	*count = 0;
	if (!range_set(value, &set))
		return RANGE_WHOLE;
	while (set.len > 0) {
		struct str element = str_trim(str_cut(&set, ','));
		struct range range;
		enum spec spec;

		if (element.len == 0)
			continue;
		spec = spec_parse(element, size, &range);
		if (spec == SPEC_BAD || ++asked > cap)
			return RANGE_WHOLE;
		if (spec == SPEC_ALL_OF_NOTHING)
			is_whole = true;
		if (spec == SPEC_RANGE)
			*count = ranges_join(ranges, *count, range);
	}
	if (asked == 0 || is_whole)
		return RANGE_WHOLE;
	return *count > 0 ? RANGE_PARTS : RANGE_UNSATISFIABLE;
}
