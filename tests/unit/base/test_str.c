#include "base/str.h"

#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static const struct {
	const char *name;
	struct str a, b;
	bool equal, equal_nocase, starts, ends;
	int order; /* of a against b */
} pair_rows[] = {
	{ "two empty slices are equal", STR(""), STR(""), true, true, true, true, 0 },
	{ "a slice is equal to its like", STR("Host"), STR("Host"), true, true, true, true, 0 },
	{ "case counts but where it is said not to", STR("HOST"), STR("host"), false, true, false,
	  false, -1 },
	{ "the empty slice begins and ends everything", STR("a"), STR(""), false, false, true, true,
	  1 },
	{ "nothing longer begins or ends a slice", STR(""), STR("a"), false, false, false, false,
	  -1 },
	{ "a prefix stands before what it begins", STR("ab"), STR("abc"), false, false, false,
	  false, -1 },
	{ "a beginning is found", STR("abc"), STR("ab"), false, false, true, false, 1 },
	{ "an end is found", STR("x.gz"), STR(".gz"), false, false, false, true, 1 },
	{ "a NUL is a byte like another", STR("a\0b"), STR("a\0c"), false, false, false, false,
	  -1 },
	{ "bytes are compared unsigned", STR("\xff"), STR("a"), false, false, false, false, 1 },
	{ "@ and ` differ by 32 and are not letters", STR("@"), STR("`"), false, false, false,
	  false, -1 },
	{ "[ and { differ by 32 and are not letters", STR("["), STR("{"), false, false, false,
	  false, -1 },
	{ "only ASCII has case", STR("\xc3\x84"), STR("\xc3\xa4"), false, false, false, false, -1 },
};

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

Test(str, pairs)
{
	for (size_t i = 0; i < COUNT(pair_rows); i++) {
		const char *name = pair_rows[i].name;
		struct str a = guard_copy(pair_rows[i].a), b = guard_copy(pair_rows[i].b);

		cr_expect(str_eq(a, b) == pair_rows[i].equal, "%s", name);
		cr_expect(str_eq_nocase(a, b) == pair_rows[i].equal_nocase, "%s", name);
		cr_expect(str_starts_with(a, b) == pair_rows[i].starts, "%s", name);
		cr_expect(str_ends_with(a, b) == pair_rows[i].ends, "%s", name);
		cr_expect(eq(int, sign(str_compare(a, b)), pair_rows[i].order), "%s", name);
		cr_expect(eq(int, sign(str_compare(b, a)), -pair_rows[i].order), "%s", name);
		guard_free(a);
		guard_free(b);
	}
}

static const struct {
	const char *name;
	struct str s;
	char c;
	size_t first, last;
} find_rows[] = {
	{ "nothing is found in nothing", STR(""), '/', 0, 0 },
	{ "without it the answer is the length", STR("abc"), '/', 3, 3 },
	{ "one byte is first and last", STR("a/c"), '/', 1, 1 },
	{ "first and last differ", STR("/a/b/"), '/', 0, 4 },
	{ "a NUL is found", STR("ab\0"), '\0', 2, 2 },
	{ "a byte over 127 is found", STR("a\xff"), '\xff', 1, 1 },
};

Test(str, find)
{
	for (size_t i = 0; i < COUNT(find_rows); i++) {
		struct str s = guard_copy(find_rows[i].s);

		cr_expect(eq(sz, str_find(s, find_rows[i].c), find_rows[i].first), "%s",
		          find_rows[i].name);
		cr_expect(eq(sz, str_find_last(s, find_rows[i].c), find_rows[i].last), "%s",
		          find_rows[i].name);
		guard_free(s);
	}
}

static const struct {
	const char *name;
	struct str s, trimmed;
} trim_rows[] = {
	{ "nothing stays nothing", STR(""), STR("") },
	{ "only blanks leave nothing", STR(" \t \t"), STR("") },
	{ "both ends are trimmed", STR("\t a b \t"), STR("a b") },
	{ "what is inside stays", STR("a \t b"), STR("a \t b") },
	{ "CR and LF are no OWS (RFC 9110 section 5.6.3)", STR("\r\n a \r\n"), STR("\r\n a \r\n") },
	{ "a NUL is no OWS (RFC 9110 section 5.6.3)", STR(" \0 "), STR("\0") },
};

Test(str, trim)
{
	for (size_t i = 0; i < COUNT(trim_rows); i++) {
		struct str s = guard_copy(trim_rows[i].s);

		cr_expect(str_eq(str_trim(s), trim_rows[i].trimmed), "%s", trim_rows[i].name);
		guard_free(s);
	}
}

static const struct {
	const char *name;
	struct str s;
	size_t pieces;
	const char *piece[4];
} cut_rows[] = {
	{ "nothing is one empty piece", STR(""), 1, { "" } },
	{ "no separator is one piece", STR("abc"), 1, { "abc" } },
	{ "pieces come in order", STR("a,bc,d"), 3, { "a", "bc", "d" } },
	{ "a separator at both ends makes empty pieces", STR(",a,"), 3, { "", "a", "" } },
	{ "separators alone make empty pieces", STR(",,,"), 4, { "", "", "", "" } },
};

Test(str, cut)
{
	for (size_t i = 0; i < COUNT(cut_rows); i++) {
		struct str copy = guard_copy(cut_rows[i].s), rest = copy;
		size_t n = 0;

		do {
			struct str piece = str_cut(&rest, ',');

			cr_assert(lt(sz, n, cut_rows[i].pieces), "%s", cut_rows[i].name);
			cr_expect(str_eq(piece, str_from(cut_rows[i].piece[n])), "%s: piece %zu",
			          cut_rows[i].name, n);
			n++;
		} while (rest.ptr);
		cr_expect(eq(sz, n, cut_rows[i].pieces), "%s", cut_rows[i].name);
		cr_expect(eq(sz, rest.len, 0), "%s", cut_rows[i].name);
		guard_free(copy);
	}
}

static const struct {
	const char *name;
	struct str s;
	bool ok;
	uint64_t n;
} number_rows[] = {
	{ "nothing is no number", STR(""), false, 0 },
	{ "zero", STR("0"), true, 0 },
	{ "leading zeros count nothing", STR("0000000000000000000000000042"), true, 42 },
	{ "the greatest number of 64 bits", STR("18446744073709551615"), true, UINT64_MAX },
	{ "one more overflows in the addition", STR("18446744073709551616"), false, 0 },
	{ "ten times as much overflows in the multiplication", STR("184467440737095516150"), false,
	  0 },
	{ "a plus is no digit (RFC 9110 section 8.6)", STR("+1"), false, 0 },
	{ "a minus is no digit (RFC 9110 section 8.6)", STR("-1"), false, 0 },
	{ "a space before is no digit", STR(" 1"), false, 0 },
	{ "a space behind is no digit", STR("1 "), false, 0 },
	{ "hexadecimal is not read", STR("0x10"), false, 0 },
	{ "the byte before 0 is no digit", STR("1/"), false, 0 },
	{ "the byte behind 9 is no digit", STR("1:"), false, 0 },
	{ "a NUL is no digit", STR("1\0"), false, 0 },
	{ "a byte over 127 is no digit", STR("\xb2"), false, 0 },
};

Test(str, numbers)
{
	for (size_t i = 0; i < COUNT(number_rows); i++) {
		struct str s = guard_copy(number_rows[i].s);
		uint64_t n = 7;

		cr_expect(str_parse_u64(s, &n) == number_rows[i].ok, "%s", number_rows[i].name);
		cr_expect(eq(u64, n, number_rows[i].ok ? number_rows[i].n : 7),
		          "%s: a failure leaves the number alone", number_rows[i].name);
		guard_free(s);
	}
}

#define SIXTY "123456789012345678901234567890123456789012345678901234567890"

static const struct {
	const char *name;
	struct str a, b;
	unsigned limit, distance;
} distance_rows[] = {
	{ "equal words are not apart", STR("listen"), STR("listen"), 3, 0 },
	{ "nothing against nothing", STR(""), STR(""), 3, 0 },
	{ "nothing against a word is its length", STR(""), STR("abc"), 3, 3 },
	{ "one letter too many", STR("lissten"), STR("listen"), 3, 1 },
	{ "one letter too few", STR("liten"), STR("listen"), 3, 1 },
	{ "another letter", STR("lisden"), STR("listen"), 3, 1 },
	{ "two neighbours swapped are one step", STR("litsen"), STR("listen"), 3, 1 },
	{ "the first two swapped", STR("ab"), STR("ba"), 3, 1 },
	{ "kitten and sitting", STR("kitten"), STR("sitting"), 5, 3 },
	{ "what lies beyond the limit is limit + 1", STR("kitten"), STR("sitting"), 2, 3 },
	{ "quite another word", STR("root"), STR("autoindex"), 2, 3 },
	{ "63 bytes are compared", STR(SIXTY "abc"), STR(SIXTY "abd"), 3, 1 },
	{ "64 bytes are too far apart", STR(SIXTY "abcd"), STR(SIXTY "abcd"), 3, 4 },
};

Test(str, distance)
{
	for (size_t i = 0; i < COUNT(distance_rows); i++) {
		struct str a = guard_copy(distance_rows[i].a), b = guard_copy(distance_rows[i].b);
		unsigned limit = distance_rows[i].limit;

		cr_expect(eq(uint, str_distance(a, b, limit), distance_rows[i].distance), "%s",
		          distance_rows[i].name);
		cr_expect(eq(uint, str_distance(b, a, limit), distance_rows[i].distance),
		          "%s: the other way round", distance_rows[i].name);
		guard_free(a);
		guard_free(b);
	}
}

Test(str, slices)
{
	struct str s = STR("abc"), none = { NULL, 0 };

	cr_expect(str_eq(str_from_index(s, 1), STR_OF("bc")));
	cr_expect(eq(sz, str_from_index(s, 3).len, 0));
	cr_expect(eq(sz, str_from_index(s, 99).len, 0), "an index past the end is the end");
	cr_expect(eq(ptr, (void *)str_from_index(s, 99).ptr, (void *)(s.ptr + 3)));
	cr_expect(eq(ptr, (void *)str_from_index(none, 1).ptr, NULL));
	cr_expect(str_eq(str_head(s, 2), STR_OF("ab")));
	cr_expect(str_eq(str_head(s, 99), s));
	cr_expect(eq(sz, str_from(NULL).len, 0));
	cr_expect(str_eq(none, STR_OF("")), "an empty slice may have no address");
	cr_expect(str_eq(str_trim(none), none));
	cr_expect(eq(sz, str_find(none, 'a'), 0));
	cr_expect(eq(int, str_compare(none, none), 0));
	cr_expect(str_starts_with(none, none) && str_ends_with(none, none));
}

/* Against tables written out: the library's functions look at the locale. */
Test(str, ascii)
{
	static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
	static const char hex[] = "0123456789abcdef";

	for (int i = 1; i < 256; i++) {
		char c = (char)i;
		const char *up = strchr(upper, c), *low = strchr(lower, c);
		char small = up ? lower[up - upper] : c;
		const char *digit = strchr(hex, small);

		cr_expect(ascii_lower(c) == small, "byte %d", i);
		cr_expect(ascii_upper(c) == (low ? upper[low - lower] : c), "byte %d", i);
		cr_expect(ascii_is_alpha(c) == (up || low), "byte %d", i);
		cr_expect(ascii_is_digit(c) == (digit && digit - hex < 10), "byte %d", i);
		cr_expect(eq(int, ascii_hex(c), digit ? (int)(digit - hex) : -1), "byte %d", i);
	}
	cr_expect(eq(int, ascii_hex('\0'), -1));
	cr_expect(not(ascii_is_digit('\0') || ascii_is_alpha('\0')));
}
