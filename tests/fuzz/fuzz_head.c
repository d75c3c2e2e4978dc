#include "fuzz.h"
#include "http/framing.h"
#include "http/host.h"

enum { CAP = 16 };

struct given {
	struct field fields[CAP];
	struct head head;
	struct refusal refusal;
	enum parse parse;
};

static void parse(struct str data, const struct head_limits *limits, struct given *given)
{
	given->head = (struct head){ .fields = given->fields, .field_cap = CAP };
	given->refusal = (struct refusal){ 0 };
	given->parse = head_parse(data, limits, &given->head, &given->refusal);
}

static bool is_within(struct str part, struct str whole)
{
	return part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

/* Every slice lies in the head, and none holds a byte that could end a line. */
static void check_slice(struct str part, struct str head)
{
	FUZZ_CHECK(is_within(part, head));
	for (size_t i = 0; i < part.len; i++)
		FUZZ_CHECK(part.ptr[i] != '\r' && part.ptr[i] != '\n' && part.ptr[i] != '\0');
}

static void check_complete(const struct given *given, struct str data,
                           const struct head_limits *limits)
{
	struct str whole = str_head(data, given->head.size);
	size_t known = 0;

	FUZZ_CHECK(given->head.size <= data.len && given->head.size <= limits->total_max);
	FUZZ_CHECK(str_ends_with(whole, STR_OF("\r\n\r\n")));
	FUZZ_CHECK(given->head.field_count <= limits->field_max);
	check_slice(given->head.method_name, whole);
	check_slice(given->head.target, whole);
	FUZZ_CHECK(field_is_token(given->head.method_name) && given->head.target.len > 0);
	for (size_t i = 0; i < given->head.field_count; i++) {
		const struct field *f = &given->fields[i];

		check_slice(f->name, whole);
		check_slice(f->value, whole);
		FUZZ_CHECK(field_is_token(f->name));
		FUZZ_CHECK(str_eq(str_trim(f->value), f->value));
		FUZZ_CHECK(f->id == field_find(f->name));
	}
	for (unsigned id = 0; id < FIELD_COUNT; id++)
		known += head_count(&given->head, (enum field_id)id);
	FUZZ_CHECK(known == given->head.field_count);
}

/* A prefix is partial, or has the verdict of the whole already. */
static void check_prefix(const struct given *prefix, const struct given *whole)
{
	if (prefix->parse == PARSE_PARTIAL)
		return;
	FUZZ_CHECK(prefix->parse == whole->parse);
	FUZZ_CHECK(prefix->refusal.status == whole->refusal.status);
	FUZZ_CHECK(prefix->refusal.reason == whole->refusal.reason);
	FUZZ_CHECK(prefix->parse != PARSE_COMPLETE || prefix->head.size == whole->head.size);
}

/* Framing and host read any head without complaint of the sanitizers; what they accept is sound. */
static void check_meaning(const struct head *head)
{
	const struct target none = { .form = TARGET_ORIGIN };
	struct refusal refusal;
	struct framing framing;
	struct host host;

	if (framing_decide(head, &framing, &refusal) == PARSE_COMPLETE) {
		FUZZ_CHECK((framing.kind == FRAMING_LENGTH) == (framing.length > 0));
		FUZZ_CHECK(framing.kind != FRAMING_CHUNKED ||
		           (!head->first[FIELD_CONTENT_LENGTH] && head->minor > 0));
	}
	if (host_decide(head, &none, &host, &refusal) == PARSE_COMPLETE)
		FUZZ_CHECK(host.name.len <= host.text.len && host.port <= 65535);
}

/* Three bytes for the limits, one for the cut, the rest is the head. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct head_limits limits;
	struct given whole, prefix;
	struct str bytes, part;

	if (size < 4)
		return 0;
	limits = (struct head_limits){
		.line_max = data[0] + 1u,
		.total_max = data[1] * 4u + 1,
		.field_max = data[2] % (CAP + 1),
	};
	bytes = fuzz_copy(str_make((const char *)data + 4, size - 4));
	part = fuzz_copy(str_head(bytes, bytes.len * data[3] / 255));
	parse(bytes, &limits, &whole);
	parse(part, &limits, &prefix);
	check_prefix(&prefix, &whole);
	if (whole.parse == PARSE_COMPLETE) {
		check_complete(&whole, bytes, &limits);
		check_meaning(&whole.head);
		FUZZ_CHECK(part.len >= whole.head.size || prefix.parse == PARSE_PARTIAL);
	}
	free((char *)bytes.ptr);
	free((char *)part.ptr);
	return 0;
}
