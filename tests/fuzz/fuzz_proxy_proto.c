#include "http/proxy_proto.h"

#include "fuzz.h"

static bool is_same(const struct proxy_proto *a, const struct proxy_proto *b)
{
	return a->is_local == b->is_local && a->family == b->family && a->size == b->size &&
	       a->source_port == b->source_port && a->destination_port == b->destination_port &&
	       memcmp(a->source, b->source, sizeof a->source) == 0 &&
	       memcmp(a->destination, b->destination, sizeof a->destination) == 0;
}

/* Every cut below PROXY_PROTO_MAX: partial first, then one verdict that stays. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = { (const char *)data, size };
	struct proxy_proto whole, front;
	struct refusal whole_refusal = { 0, NULL }, refusal = { 0, NULL };
	enum parse verdict = proxy_proto_parse(all, &whole, &whole_refusal);
	bool is_decided = false;

	FUZZ_CHECK(verdict != PARSE_COMPLETE ||
	           (whole.size <= size && whole.size <= PROXY_PROTO_MAX && whole.size >= 15));
	FUZZ_CHECK(verdict != PARSE_PARTIAL || size < PROXY_PROTO_MAX);
	for (size_t len = 0; len <= size && len <= 300; len++) {
		struct str cut = fuzz_copy(str_head(all, len));
		enum parse parse = proxy_proto_parse(cut, &front, &refusal);

		free((char *)cut.ptr);
		FUZZ_CHECK(!is_decided || parse == verdict);
		if (parse == PARSE_PARTIAL)
			continue;
		is_decided = true;
		FUZZ_CHECK(parse == verdict);
		FUZZ_CHECK(parse == PARSE_BAD ? refusal.reason == whole_refusal.reason
		                              : is_same(&front, &whole));
		FUZZ_CHECK(parse == PARSE_BAD || len >= whole.size);
	}
	return 0;
}
