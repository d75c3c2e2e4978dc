#include "fuzz.h"
#include "http/host.h"

/* No segment is "." or "..", and where slashes are merged none is empty but the last. */
static void check_path(struct str path, bool merge)
{
	struct str rest = str_from_index(path, 1);

	FUZZ_CHECK(path.len > 0 && path.ptr[0] == '/' && path.ptr[path.len] == '\0');
	while (rest.len > 0) {
		struct str segment = str_cut(&rest, '/');

		FUZZ_CHECK(!str_eq(segment, STR_OF(".")) && !str_eq(segment, STR_OF("..")));
		FUZZ_CHECK(segment.len > 0 || !merge);
	}
}

/* A path that has been through it once comes through unchanged when its bytes are escaped again. */
static void check_again(struct str path, bool merge)
{
	char *raw = malloc(path.len * 3 + 1), *room = malloc(path.len * 3 + 2);
	static const char digits[] = "0123456789abcdef";
	struct refusal refusal;
	struct target again;
	size_t len = 0;

	FUZZ_CHECK(raw && room);
	for (size_t i = 0; i < path.len; i++) {
		unsigned char byte = (unsigned char)(path.ptr[i] ? path.ptr[i] : '/');

		if (path.ptr[i] == '/') {
			raw[len++] = '/';
			continue;
		}
		raw[len++] = '%';
		raw[len++] = digits[byte >> 4];
		raw[len++] = digits[byte & 15];
	}
	FUZZ_CHECK(target_parse_path(str_make(raw, len), merge, room, &again, &refusal) ==
	           PARSE_COMPLETE);
	FUZZ_CHECK(str_eq(again.path, path));
	free(raw);
	free(room);
}

static void check_forms(const struct target *t, enum method method, bool merge)
{
	struct host host;

	FUZZ_CHECK((t->form == TARGET_AUTHORITY) == (method == METHOD_CONNECT));
	FUZZ_CHECK(t->form != TARGET_ASTERISK || method == METHOD_OPTIONS);
	FUZZ_CHECK((t->form != TARGET_ABSOLUTE && t->form != TARGET_AUTHORITY) ||
	           t->authority.len > 0);
	(void)host_parse(t->authority, &host);
	if (t->form != TARGET_ORIGIN && t->form != TARGET_ABSOLUTE) {
		FUZZ_CHECK(t->path.len == 0);
		return;
	}
	check_path(t->path, merge);
	check_again(t->path, merge);
	FUZZ_CHECK(t->has_encoded_slash == (memchr(t->path.ptr, '\0', t->path.len) != NULL));
}

/* One byte for the method, one for merge_slashes, the rest is the target. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct refusal refusal = { 0 };
	struct target target;
	enum method method;
	struct str raw, out;
	bool merge;
	char *room;

	if (size < 2)
		return 0;
	method = (enum method)(data[0] % METHOD_COUNT);
	merge = data[1] & 1;
	raw = fuzz_copy(str_make((const char *)data + 2, size - 2));
	room = malloc(raw.len + 1);
	FUZZ_CHECK(room != NULL);
	if (target_parse(raw, method, merge, room, &target, &refusal) == PARSE_COMPLETE)
		check_forms(&target, method, merge);
	else
		FUZZ_CHECK(refusal.status == 400 && refusal.reason != NULL);
	if (target_parse_path(raw, merge, room, &target, &refusal) == PARSE_COMPLETE)
		check_path(target.path, merge);
	if (target_decode(raw, data[1] & 2, room, &out))
		FUZZ_CHECK(out.len <= raw.len);
	free(room);
	free((char *)raw.ptr);
	return 0;
}
