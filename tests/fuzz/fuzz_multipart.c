#include "http/multipart.h"

#include "base/buf.h"
#include "fuzz.h"

enum { TRACE_SIZE = 1 << 18, INPUT_MAX = 1 << 15 };

static void trace_slice(struct buf *trace, char mark, struct str s)
{
	buf_byte(trace, mark);
	buf_add(trace, s);
}

static void trace_part(struct buf *trace, const struct multipart_part *part)
{
	trace_slice(trace, '[', part->disposition.name);
	trace_slice(trace, part->disposition.has_filename ? '+' : '-', part->disposition.filename);
	trace_slice(trace, '|', part->content_type);
}

/* Feeds one piece and writes down what came. False once the body is refused. */
static bool feed(struct multipart *parser, struct str piece, struct buf *trace)
{
	struct str in = fuzz_copy(piece), rest = in;
	struct multipart_part part;
	struct refusal refusal = { 0, NULL };
	struct str data = { NULL, 0 };
	enum multipart_event event;

	do {
		event = multipart_next(parser, &rest, &part, &data, &refusal);
		if (event == MULTIPART_PART)
			trace_part(trace, &part);
		if (event == MULTIPART_DATA) {
			FUZZ_CHECK(data.len > 0);
			buf_add(trace, data);
		}
		if (event == MULTIPART_PART_END)
			buf_byte(trace, ';');
		if (event == MULTIPART_END)
			buf_byte(trace, '.');
	} while (event != MULTIPART_MORE && event != MULTIPART_BAD);
	FUZZ_CHECK(event == MULTIPART_BAD || rest.len == 0);
	FUZZ_CHECK((event == MULTIPART_BAD) == (refusal.reason != NULL));
	if (event == MULTIPART_BAD)
		buf_u64(trace, refusal.status);
	free((char *)in.ptr);
	return event != MULTIPART_BAD;
}

static struct str run(struct str body, size_t piece, char *memory)
{
	static struct multipart parser;
	struct buf trace = buf_fixed(memory, TRACE_SIZE);

	multipart_init(&parser, STR_OF("--X"));
	while (body.len > 0 && feed(&parser, str_head(body, piece), &trace))
		body = str_from_index(body, piece);
	buf_byte(&trace, multipart_is_complete(&parser) ? '!' : '~');
	FUZZ_CHECK(!trace.failed);
	return buf_str(&trace);
}

/*
 * The first byte is a size of pieces; whole, byte by byte and in these pieces must come to the
 * same.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char whole[TRACE_SIZE], bytes[TRACE_SIZE], pieces[TRACE_SIZE];
	struct str body = { (const char *)data + 1, size - 1 };
	struct str expected;

	if (size == 0 || size > INPUT_MAX)
		return 0;
	expected = run(body, body.len, whole);
	FUZZ_CHECK(str_eq(run(body, 1, bytes), expected));
	FUZZ_CHECK(str_eq(run(body, 2 + (size_t)data[0], pieces), expected));
	return 0;
}
