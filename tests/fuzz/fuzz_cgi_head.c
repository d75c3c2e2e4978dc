#include "http/cgi_head.h"

#include "fuzz.h"

enum { FIELD_CAP = 64 };

struct result {
	enum parse parse;
	struct cgi_head head;
	struct field fields[FIELD_CAP];
	struct refusal refusal;
};

static void parse(struct str data, struct result *r)
{
	*r = (struct result){ .head.field_cap = FIELD_CAP };
	r->head.fields = r->fields;
	r->parse = cgi_head_parse(data, &r->head, &r->refusal);
}

static void check_slice(struct str data, struct str slice)
{
	FUZZ_CHECK(slice.len == 0 ||
	           (slice.ptr >= data.ptr && slice.ptr + slice.len <= data.ptr + data.len));
	for (size_t i = 0; i < slice.len; i++)
		FUZZ_CHECK(slice.ptr[i] != '\r' && slice.ptr[i] != '\n' && slice.ptr[i] != '\0');
}

static void check_complete(struct str data, const struct result *r)
{
	const struct cgi_head *head = &r->head;

	FUZZ_CHECK(head->status >= 200 && head->status <= 599);
	FUZZ_CHECK(head->size <= data.len && head->size <= CGI_HEAD_MAX);
	FUZZ_CHECK(head->size > 0 && data.ptr[head->size - 1] == '\n');
	FUZZ_CHECK(head->field_count <= FIELD_CAP);
	check_slice(data, head->reason);
	check_slice(data, head->location);
	for (size_t i = 0; i < head->field_count; i++) {
		check_slice(data, head->fields[i].name);
		check_slice(data, head->fields[i].value);
	}
}

/* The first two bytes say where to cut. A verdict on the front is the verdict on the whole. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct result whole, front;
	struct str all, cut;

	if (size < 2)
		return 0;
	all = fuzz_copy(str_make((const char *)data + 2, size - 2));
	cut = fuzz_copy(str_head(all, (size_t)data[0] | (size_t)data[1] << 8));
	parse(all, &whole);
	parse(cut, &front);
	if (whole.parse == PARSE_COMPLETE) {
		check_complete(all, &whole);
		FUZZ_CHECK((front.parse == PARSE_COMPLETE) == (cut.len >= whole.head.size));
		FUZZ_CHECK(front.parse != PARSE_BAD);
	}
	if (front.parse != PARSE_PARTIAL) {
		FUZZ_CHECK(front.parse == whole.parse);
		FUZZ_CHECK(front.refusal.reason == whole.refusal.reason);
		FUZZ_CHECK(front.head.size == whole.head.size &&
		           front.head.field_count == whole.head.field_count &&
		           front.head.status == whole.head.status &&
		           front.head.kind == whole.head.kind);
	}
	free((char *)cut.ptr);
	free((char *)all.ptr);
	return 0;
}
