#include "fuzz.h"
#include "http/chunked.h"

struct outcome {
	enum chunked_event event;
	struct refusal refusal;
	size_t used;
	size_t length;
	char *payload;
};

/* Feeds the bytes in pieces, each in a block of its own size. */
static struct outcome feed(struct str bytes, size_t piece, uint64_t max)
{
	struct outcome out = { .payload = malloc(bytes.len + 1) };
	struct chunked chunked = { 0 };

	FUZZ_CHECK(out.payload != NULL);
	while (out.used < bytes.len && out.event == CHUNKED_MORE) {
		struct str copy = fuzz_copy(str_head(str_from_index(bytes, out.used), piece));
		struct str rest = copy, data;

		while ((out.event = chunked_next(&chunked, &rest, max, &data, &out.refusal)) ==
		       CHUNKED_DATA) {
			FUZZ_CHECK(data.len > 0 && (max == 0 || data.len <= max));
			memcpy(out.payload + out.length, data.ptr, data.len);
			out.length += data.len;
		}
		FUZZ_CHECK(out.event != CHUNKED_MORE || rest.len == 0);
		out.used += copy.len - rest.len;
		free((char *)copy.ptr);
	}
	FUZZ_CHECK(chunked.extension <= CHUNKED_EXTENSION_MAX);
	FUZZ_CHECK(chunked.trailer <= CHUNKED_TRAILER_MAX);
	return out;
}

/* Two bytes for the limit, one for the pieces' size, the rest is the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t pieces[3] = { SIZE_MAX, 1 };
	struct outcome out[3];
	struct str bytes;
	uint64_t max;

	if (size < 3)
		return 0;
	max = (uint64_t)data[0] << 8 | data[1];
	pieces[2] = data[2] + 1u;
	bytes = str_make((const char *)data + 3, size - 3);
	for (size_t i = 0; i < 3; i++) {
		out[i] = feed(bytes, pieces[i], max);
		FUZZ_CHECK(out[i].event == out[0].event && out[i].used == out[0].used);
		FUZZ_CHECK(out[i].refusal.reason == out[0].refusal.reason);
		FUZZ_CHECK(str_eq(str_make(out[i].payload, out[i].length),
		                  str_make(out[0].payload, out[0].length)));
	}
	for (size_t i = 0; i < 3; i++)
		free(out[i].payload);
	return 0;
}
