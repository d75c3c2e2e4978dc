#include "http/range.h"

#include "base/buf.h"
#include "fuzz.h"

enum { CAP = 40 };

/* Each within the size, none of them touching another. */
static void check_ranges(const struct range *ranges, size_t count, uint64_t size)
{
	for (size_t i = 0; i < count; i++) {
		FUZZ_CHECK(ranges[i].first <= ranges[i].last && ranges[i].last < size);
		for (size_t k = 0; k < i; k++)
			FUZZ_CHECK(ranges[k].last + 1 < ranges[i].first ||
			           ranges[i].last + 1 < ranges[k].first);
	}
}

/* Asked for as they were given, the ranges come back the same. */
static void check_again(const struct range *ranges, size_t count, uint64_t size)
{
	char memory[CAP * 44];
	struct buf text = buf_fixed(memory, sizeof memory);
	struct range again[CAP];
	size_t again_count;

	buf_text(&text, "bytes=");
	for (size_t i = 0; i < count; i++) {
		buf_u64(&text, ranges[i].first);
		buf_byte(&text, '-');
		buf_u64(&text, ranges[i].last);
		buf_byte(&text, ',');
	}
	FUZZ_CHECK(!text.failed);
	FUZZ_CHECK(range_parse(buf_str(&text), size, again, CAP, &again_count) == RANGE_PARTS);
	FUZZ_CHECK(again_count == count);
	FUZZ_CHECK(memcmp(again, ranges, count * sizeof *ranges) == 0);
}

/* One byte for the cap, eight for the size, the rest is the value. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct range ranges[CAP];
	struct str value;
	uint64_t total;
	size_t count = CAP + 1, cap;
	enum range_verdict verdict;

	if (size < 1 + sizeof total)
		return 0;
	cap = data[0] % (CAP + 1);
	memcpy(&total, data + 1, sizeof total);
	value = fuzz_copy(str_make((const char *)data + 9, size - 9));
	verdict = range_parse(value, total, ranges, cap, &count);
	FUZZ_CHECK(count <= cap);
	FUZZ_CHECK(verdict != RANGE_PARTS || count > 0);
	if (verdict == RANGE_PARTS) {
		check_ranges(ranges, count, total);
		check_again(ranges, count, total);
	}
	free((char *)value.ptr);
	return 0;
}
