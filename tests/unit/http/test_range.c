#include "http/range.h"

#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { CAP = 16 };

static const char *const verdict_names[] = {
	[RANGE_WHOLE] = "whole",
	[RANGE_PARTS] = "parts",
	[RANGE_UNSATISFIABLE] = "416",
};

/* The verdict in words, or the ranges: "0-4 9-9". */
static void describe(struct str value, uint64_t size, size_t cap, char *out, size_t room)
{
	struct range ranges[CAP];
	size_t count = 99, len = 0;
	enum range_verdict verdict = range_parse(value, size, ranges, cap, &count);

	if (verdict != RANGE_PARTS) {
		(void)snprintf(out, room, "%s", verdict_names[verdict]);
		return;
	}
	out[0] = '\0';
	for (size_t i = 0; i < count && len < room; i++)
		len += (size_t)snprintf(out + len, room - len, "%s%" PRIu64 "-%" PRIu64,
		                        i > 0 ? " " : "", ranges[i].first, ranges[i].last);
}

static const struct {
	const char *name, *value;
	uint64_t size;
	const char *expected;
} rows[] = {
	{ "the first 500 bytes (RFC 9110 section 14.1.2)", "bytes=0-499", 10000, "0-499" },
	{ "the second 500 bytes (RFC 9110 section 14.1.2)", "bytes=500-999", 10000, "500-999" },
	{ "the last 500 bytes (RFC 9110 section 14.1.2)", "bytes=-500", 10000, "9500-9999" },
	{ "from a position to the end (RFC 9110 section 14.1.2)", "bytes=9500-", 10000,
	  "9500-9999" },
	{ "the first and the last byte (RFC 9110 section 14.1.2)", "bytes=0-0,-1", 10000,
	  "0-0 9999-9999" },
	{ "the first, middle and last 1000 bytes (RFC 9110 section 14.1.2)",
	  "bytes= 0-999, 4500-5499, -1000", 10000, "0-999 4500-5499 9000-9999" },
	{ "the second 500 said in two pieces that touch (RFC 9110 section 14.1.2)",
	  "bytes=500-600,601-999", 10000, "500-999" },
	{ "the second 500 said in two pieces that overlap (RFC 9110 section 14.1.2)",
	  "bytes=500-700,601-999", 10000, "500-999" },
	{ "one byte", "bytes=7-7", 10, "7-7" },
	{ "the whole as a range is still a range", "bytes=0-", 10, "0-9" },
	{ "a last position past the end is clamped (RFC 9110 section 14.1.2)", "bytes=5-99", 10,
	  "5-9" },
	{ "a suffix longer than all is all (RFC 9110 section 14.1.2)", "bytes=-99", 10, "0-9" },
	{ "a suffix as long as all is all", "bytes=-10", 10, "0-9" },
	{ "a suffix of one byte", "bytes=-1", 10, "9-9" },
	{ "leading zeros count for nothing", "bytes=0000000000000000000000002-0003", 10, "2-3" },
	{ "a start at the end cannot be satisfied (RFC 9110 section 14.1.2)", "bytes=10-", 10,
	  "416" },
	{ "a start past the end cannot be satisfied", "bytes=11-12", 10, "416" },
	{ "a suffix of length zero cannot be satisfied (RFC 9110 section 14.1.2)", "bytes=-0", 10,
	  "416" },
	{ "several that cannot be satisfied", "bytes=10-,20-30,-0", 10, "416" },
	{ "one that can among some that cannot", "bytes=10-,3-4,-0", 10, "3-4" },
	{ "an empty file has no first byte", "bytes=0-0", 0, "416" },
	{ "an empty file has no start", "bytes=0-", 0, "416" },
	{ "the last bytes of an empty file are all of it (RFC 9110 section 14.1.2)", "bytes=-5", 0,
	  "whole" },
	{ "no last bytes of an empty file are none", "bytes=-0", 0, "416" },
	{ "an empty file, both kinds", "bytes=0-0,-1", 0, "whole" },
	{ "a file of one byte has its first", "bytes=0-0", 1, "0-0" },
	{ "the unit is in any case (RFC 9110 section 14.1)", "BYTES=0-1", 10, "0-1" },
	{ "the unit is in mixed case", "Bytes=0-1", 10, "0-1" },
	{ "another unit is ignored (RFC 9110 section 14.2)", "lines=0-1", 10, "whole" },
	{ "a unit that begins like bytes is another", "bytesx=0-1", 10, "whole" },
	{ "a unit cut short is another", "byte=0-1", 10, "whole" },
	{ "no unit is malformed", "=0-1", 10, "whole" },
	{ "no equals sign is malformed", "bytes 0-1", 10, "whole" },
	{ "the unit alone is malformed", "bytes", 10, "whole" },
	{ "an empty value is malformed", "", 10, "whole" },
	{ "an empty set is malformed", "bytes=", 10, "whole" },
	{ "a set of commas is malformed", "bytes=,,", 10, "whole" },
	{ "empty elements are passed over (RFC 9110 section 5.6.1)", "bytes=,0-1,,3-4,", 10,
	  "0-1 3-4" },
	{ "white space around elements is passed over (RFC 9110 section 5.6.1)", "bytes=0-1 ,\t3-4",
	  10, "0-1 3-4" },
	{ "white space within an element is malformed", "bytes=0 -1", 10, "whole" },
	{ "white space before the equals sign is malformed", "bytes =0-1", 10, "whole" },
	{ "a last before the first is malformed (RFC 9110 section 14.1.2)", "bytes=5-4", 10,
	  "whole" },
	{ "one malformed element spoils the set", "bytes=0-1,5-4", 10, "whole" },
	{ "a word is malformed", "bytes=abc", 10, "whole" },
	{ "a number alone is malformed", "bytes=5", 10, "whole" },
	{ "a dash alone is malformed", "bytes=-", 10, "whole" },
	{ "two dashes are malformed", "bytes=1--2", 10, "whole" },
	{ "a negative suffix is malformed", "bytes=--5", 10, "whole" },
	{ "a plus sign is malformed", "bytes=+1-2", 10, "whole" },
	{ "a hexadecimal number is malformed", "bytes=0x1-0x2", 10, "whole" },
	{ "something behind the last position is malformed", "bytes=1-2x", 10, "whole" },
	{ "something behind a suffix is malformed", "bytes=-2x", 10, "whole" },
	{ "a second unit is malformed", "bytes=0-1,bytes=3-4", 10, "whole" },
	{ "a semicolon does not separate", "bytes=0-1;3-4", 10, "whole" },
	{ "a last position over 64 bits is clamped", "bytes=5-99999999999999999999999999", 10,
	  "5-9" },
	{ "a first position over 64 bits cannot be satisfied", "bytes=99999999999999999999999999-",
	  10, "416" },
	{ "both over 64 bits are not compared", "bytes=99999999999999999999-88888888888888888888",
	  10, "416" },
	{ "a suffix over 64 bits is all", "bytes=-99999999999999999999999999", 10, "0-9" },
	{ "2 to the 64th does not wrap to 0", "bytes=18446744073709551616-", 10, "416" },
	{ "a suffix of 2 to the 64th does not wrap to 0", "bytes=-18446744073709551616", 10,
	  "0-9" },
	{ "the largest size and the last byte of it", "bytes=-1", UINT64_MAX,
	  "18446744073709551614-18446744073709551614" },
	{ "the largest size, joined at its end", "bytes=18446744073709551613-,0-0,-1", UINT64_MAX,
	  "18446744073709551613-18446744073709551614 0-0" },
	{ "the order asked for is kept (RFC 9110 section 14.2)", "bytes=8-9,0-1,4-5", 10,
	  "8-9 0-1 4-5" },
	{ "a gap of one byte is kept", "bytes=0-1,3-4", 10, "0-1 3-4" },
	{ "a range before the one it touches joins it", "bytes=5-6,3-4", 10, "3-6" },
	{ "the same range twice is one", "bytes=2-4,2-4", 10, "2-4" },
	{ "a range within another vanishes", "bytes=0-9,2-4", 10, "0-9" },
	{ "a range around another takes its place", "bytes=2-4,0-9", 10, "0-9" },
	{ "joined ranges stand in the place of the first", "bytes=4-5,0-0,6-7", 10, "4-7 0-0" },
	{ "one range may bridge two others", "bytes=0-1,8-8,4-5,2-3", 10, "0-5 8-8" },
	{ "one range may swallow all others", "bytes=1-1,3-3,5-5,7-7,0-", 10, "0-9" },
	{ "a suffix joins what it overlaps", "bytes=5-7,-3", 10, "5-9" },
	{ "sixteen are as many as allowed",
	  "bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,"
	  "30-30",
	  99,
	  "0-0 2-2 4-4 6-6 8-8 10-10 12-12 14-14 16-16 18-18 20-20 22-22 24-24 26-26 28-28 30-30" },
	{ "seventeen are ignored, even if they would join (RFC 9110 section 14.2)",
	  "bytes=0-0,1-1,0-0,1-1,0-0,1-1,0-0,1-1,0-0,1-1,0-0,1-1,0-0,1-1,0-0,1-1,0-0", 99,
	  "whole" },
	{ "seventeen of which one exists are ignored",
	  "bytes=99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,99-,0-0", 99,
	  "whole" },
};

Test(range, parses)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str value = guard_copy(str_from(rows[i].value));
		char got[512];

		describe(value, rows[i].size, CAP, got, sizeof got);
		cr_expect(eq(str, got, (char *)rows[i].expected), "%s", rows[i].name);
		guard_free(value);
	}
}

Test(range, honours_the_cap_it_is_given)
{
	char got[64];

	describe(STR_OF("bytes=0-0"), 10, 0, got, sizeof got);
	cr_expect(eq(str, got, "whole"), "max_ranges 0 ignores every range");
	describe(STR_OF("bytes=0-0"), 10, 1, got, sizeof got);
	cr_expect(eq(str, got, "0-0"), "a cap of 1 allows one");
	describe(STR_OF("bytes=0-0,2-2"), 10, 1, got, sizeof got);
	cr_expect(eq(str, got, "whole"), "a cap of 1 ignores two");
}

/* Every set of up to three ranges of a six-byte file, against a map of bytes drawn one by one. */
Test(range, covers_exactly_the_bytes_asked_for)
{
	for (unsigned n = 0; n < 36 * 36 * 36; n++) {
		unsigned f[3] = { n % 6, n / 36 % 6, n / 1296 % 6 };
		unsigned l[3] = { n / 6 % 6, n / 216 % 6, n / 7776 % 6 };
		unsigned wanted = 0, got = 0;
		struct range ranges[3];
		size_t count;
		char text[64];

		if (f[0] > l[0] || f[1] > l[1] || f[2] > l[2])
			continue;
		for (unsigned i = 0; i < 3; i++) {
			for (unsigned at = f[i]; at <= l[i]; at++)
				wanted |= 1u << at;
		}
		(void)snprintf(text, sizeof text, "bytes=%u-%u,%u-%u,%u-%u", f[0], l[0], f[1], l[1],
		               f[2], l[2]);
		cr_assert(range_parse(str_from(text), 6, ranges, 3, &count) == RANGE_PARTS, "%s",
		          text);
		for (size_t i = 0; i < count; i++) {
			for (uint64_t at = ranges[i].first; at <= ranges[i].last; at++) {
				cr_assert(0 == (got & 1u << at), "%s sends a byte twice", text);
				got |= 1u << at;
			}
			for (size_t k = 0; k < i; k++)
				cr_assert(ranges[k].last + 1 < ranges[i].first ||
				                  ranges[i].last + 1 < ranges[k].first,
				          "%s leaves two that touch", text);
		}
		cr_assert(got == wanted, "%s sends other bytes", text);
	}
}
