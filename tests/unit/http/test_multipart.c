#include "http/multipart.h"

#include "base/buf.h"
#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { TRACE_SIZE = 65536 };

/*
 * What a body was taken for, in one line: "[name|filename|type]data;" for each part ("-": no
 * filename), "." at the closing delimiter, "!400" where it was refused, "~" where it ended too
 * early.
 */
struct trace {
	struct multipart parser;
	struct buf text;
	bool is_over;
	char memory[TRACE_SIZE];
};

static void trace_begin(struct trace *t, struct str boundary)
{
	t->text = buf_fixed(t->memory, sizeof t->memory);
	t->is_over = false;
	multipart_init(&t->parser, boundary);
}

static void trace_part(struct buf *text, const struct multipart_part *part)
{
	buf_byte(text, '[');
	buf_add(text, part->disposition.name);
	buf_byte(text, '|');
	buf_add(text, part->disposition.has_filename ? part->disposition.filename : STR_OF("-"));
	buf_byte(text, '|');
	buf_add(text, part->content_type);
	buf_byte(text, ']');
}

static void trace_feed(struct trace *t, struct str piece)
{
	struct str in = guard_copy(piece), rest = in;
	struct multipart_part part;
	struct refusal refusal;
	struct str data = { NULL, 0 };

	while (!t->is_over) {
		switch (multipart_next(&t->parser, &rest, &part, &data, &refusal)) {
		case MULTIPART_MORE:
			cr_assert(rest.len == 0);
			guard_free(in);
			return;
		case MULTIPART_PART:
			trace_part(&t->text, &part);
			break;
		case MULTIPART_DATA:
			cr_assert(data.len > 0);
			buf_add(&t->text, data);
			break;
		case MULTIPART_PART_END:
			buf_byte(&t->text, ';');
			break;
		case MULTIPART_END:
			buf_byte(&t->text, '.');
			break;
		case MULTIPART_BAD:
			buf_byte(&t->text, '!');
			buf_u64(&t->text, refusal.status);
			t->is_over = true;
		}
	}
	guard_free(in);
}

static struct str trace_end(struct trace *t)
{
	if (!t->is_over && !multipart_is_complete(&t->parser))
		buf_byte(&t->text, '~');
	return buf_str(&t->text);
}

#define CD    "Content-Disposition: form-data; "
#define PLAIN "--X\r\n" CD "name=a\r\n\r\n"

static const struct {
	const char *name, *body, *expected;
} rows[] = {
	{ "one field (RFC 7578 section 4)", PLAIN "hello\r\n--X--\r\n", "[a|-|]hello;." },
	{ "two fields", PLAIN "hello\r\n" PLAIN "bye\r\n--X--\r\n", "[a|-|]hello;[a|-|]bye;." },
	{ "a file with its type",
	  "--X\r\n" CD
	  "name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/plain\r\n\r\nhi\r\n--X--",
	  "[f|x.txt|text/plain]hi;." },
	{ "a file whose name is empty: none was chosen",
	  "--X\r\n" CD "name=f; filename=\"\"\r\n\r\n\r\n--X--", "[f||];." },
	{ "an empty value", PLAIN "\r\n--X--", "[a|-|];." },
	{ "an empty value whose head's end is the delimiter's CRLF (RFC 2046 section 5.1.1)",
	  PLAIN "--X--", "[a|-|];." },
	{ "no part at all", "--X--\r\n", "." },
	{ "no line end behind the end", PLAIN "hello\r\n--X--", "[a|-|]hello;." },
	{ "a CRLF before the first delimiter", "\r\n" PLAIN "hello\r\n--X--", "[a|-|]hello;." },
	{ "a preamble is ignored (RFC 2046 section 5.1.1)",
	  "This is a form.\r\nReally.\r\n" PLAIN "hello\r\n--X--", "[a|-|]hello;." },
	{ "a preamble that looks like a delimiter but for its line's start",
	  "see --X\r\n" PLAIN "hello\r\n--X--", "[a|-|]hello;." },
	{ "a preamble that begins like a delimiter", "--Y\r\n" PLAIN "hello\r\n--X--",
	  "[a|-|]hello;." },
	{ "a preamble of one dash", "-\r\n" PLAIN "hello\r\n--X--", "[a|-|]hello;." },
	{ "an epilogue is ignored (RFC 2046 section 5.1.1)",
	  PLAIN "hello\r\n--X--\r\nThe end.\r\n" PLAIN "no\r\n--X--", "[a|-|]hello;." },
	{ "an epilogue right behind the dashes is ignored", PLAIN "hello\r\n--X--more",
	  "[a|-|]hello;." },
	{ "white space behind the boundary is padding (RFC 2046 section 5.1.1)",
	  "--X \t \r\n" CD "name=a\r\n\r\nhello\r\n--X-- \r\n", "[a|-|]hello;." },
	{ "padding behind a later boundary",
	  PLAIN "hello\r\n--X  \r\n" CD "name=b\r\n\r\nbye\r\n--X--", "[a|-|]hello;[b|-|]bye;." },
	{ "a line break is data", PLAIN "one\r\ntwo\r\n\r\n--X--", "[a|-|]one\r\ntwo\r\n;." },
	{ "a bare LF is data", PLAIN "one\ntwo\n\r\n--X--", "[a|-|]one\ntwo\n;." },
	{ "a bare CR is data", PLAIN "one\rtwo\r\r\n--X--", "[a|-|]one\rtwo\r;." },
	{ "a delimiter behind LF alone is data", PLAIN "one\n--X\n\r\n--X--",
	  "[a|-|]one\n--X\n;." },
	{ "a delimiter behind CR alone is data", PLAIN "one\r--X\r\r\n--X--",
	  "[a|-|]one\r--X\r;." },
	{ "dashes and the boundary within a line are data", PLAIN "one--X\r\n--X--",
	  "[a|-|]one--X;." },
	{ "a line of one dash is data", PLAIN "one\r\n-\r\n--X--", "[a|-|]one\r\n-;." },
	{ "a line of two dashes is data", PLAIN "one\r\n--\r\n--X--", "[a|-|]one\r\n--;." },
	{ "a line with another boundary is data", PLAIN "one\r\n--Y\r\n--X--",
	  "[a|-|]one\r\n--Y;." },
	{ "the boundary in another case is data", PLAIN "one\r\n--x\r\n--X--",
	  "[a|-|]one\r\n--x;." },
	{ "two CRs before the delimiter: one is data", PLAIN "one\r\r\n--X--", "[a|-|]one\r;." },
	{ "two CRLFs before the delimiter: one is data", PLAIN "one\r\n\r\n--X--",
	  "[a|-|]one\r\n;." },
	{ "a delimiter begun twice", PLAIN "one\r\n-\r\n--\r\n--X--", "[a|-|]one\r\n-\r\n--;." },
	{ "data that begins like the delimiter", PLAIN "--Y\r\n--X--", "[a|-|]--Y;." },
	{ "data that begins with a dash", PLAIN "-\r\n--X--", "[a|-|]-;." },
	{ "data that begins with CRLF", PLAIN "\r\none\r\n--X--", "[a|-|]\r\none;." },
	{ "data of CR only", PLAIN "\r\r\n--X--", "[a|-|]\r;." },
	{ "bytes above 0x7f are data", PLAIN "\xff\xc3\x28\r\n--X--", "[a|-|]\xff\xc3\x28;." },
	{ "field names are in any case, without white space",
	  "--X\r\ncontent-DISPOSITION:form-data;name=a\r\ncontent-type:a/b\r\n\r\nhi\r\n--X--",
	  "[a|-|a/b]hi;." },
	{ "other header fields are ignored (RFC 7578 section 4.8)",
	  "--X\r\nX-Other: 1\r\n" CD "name=a\r\nContent-Length: 2\r\n\r\nhi\r\n--X--",
	  "[a|-|]hi;." },
	{ "a part's name is decoded", "--X\r\n" CD "name=\"a%22b\"\r\n\r\nhi\r\n--X--",
	  "[a\"b|-|]hi;." },
	{ "Content-Transfer-Encoding binary changes nothing (RFC 7578 section 4.7)",
	  "--X\r\nContent-Transfer-Encoding: BINARY\r\n" CD "name=a\r\n\r\nhi\r\n--X--",
	  "[a|-|]hi;." },
	{ "Content-Transfer-Encoding base64 is refused rather than stored (RFC 7578 section 4.7)",
	  "--X\r\nContent-Transfer-Encoding: base64\r\n" CD "name=a\r\n\r\naGk=\r\n--X--", "!400" },
	{ "an empty body is incomplete", "", "~" },
	{ "a body without a delimiter is incomplete", "hello", "~" },
	{ "a body that ends in the first delimiter is incomplete", "--", "~" },
	{ "a body that ends in a head is incomplete", "--X\r\n" CD "name=a\r\n", "~" },
	{ "a body that ends in data is incomplete", PLAIN "hello", "[a|-|]hello~" },
	{ "a body that ends behind a boundary is incomplete", PLAIN "hello\r\n--X",
	  "[a|-|]hello;~" },
	{ "a body that ends after one of two dashes is incomplete", PLAIN "hello\r\n--X-",
	  "[a|-|]hello;~" },
	{ "a body whose end is a plain delimiter is incomplete", PLAIN "hello\r\n--X\r\n",
	  "[a|-|]hello;~" },
	{ "a boundary that goes on is refused", PLAIN "hello\r\n--Xtra\r\n", "[a|-|]hello;!400" },
	{ "a boundary and one dash is refused", PLAIN "hello\r\n--X-\r\n", "[a|-|]hello;!400" },
	{ "a boundary line ended in LF alone is refused", "--X\n" CD "name=a\n\nhi\n--X--",
	  "!400" },
	{ "a boundary line with something behind its padding is refused", "--X  a\r\n", "!400" },
	{ "dashes behind padding are refused", PLAIN "hello\r\n--X --\r\n", "[a|-|]hello;!400" },
	{ "a CR behind a boundary without LF is refused", "--X\r\r\n", "!400" },
	{ "a header line ended in LF alone is refused", "--X\r\n" CD "name=a\n\r\nhi\r\n--X--",
	  "!400" },
	{ "a header line ended in LF alone is refused, not read as if a byte shorter",
	  "--X\r\n" CD "name=ab\n\r\nhi\r\n--X--", "!400" },
	{ "a bare CR in a head is refused", "--X\r\n" CD "name=a\r;b=c\r\n\r\nhi\r\n--X--",
	  "!400" },
	{ "a control in a head is refused", "--X\r\n" CD "name=\"a\x01\"\r\n\r\nhi\r\n--X--",
	  "!400" },
	{ "a folded header line is refused", "--X\r\n" CD "\r\n name=a\r\n\r\nhi\r\n--X--",
	  "!400" },
	{ "a header line without a colon is refused", "--X\r\nhello\r\n\r\nhi\r\n--X--", "!400" },
	{ "a header line without a name is refused", "--X\r\n: x\r\n\r\nhi\r\n--X--", "!400" },
	{ "white space before a colon is refused",
	  "--X\r\nContent-Disposition : form-data; name=a\r\n\r\nhi\r\n--X--", "!400" },
	{ "a part without a head is refused (RFC 7578 section 4.2)", "--X\r\n\r\nhi\r\n--X--",
	  "!400" },
	{ "a part without Content-Disposition is refused (RFC 7578 section 4.2)",
	  "--X\r\nContent-Type: text/plain\r\n\r\nhi\r\n--X--", "!400" },
	{ "a part with two Content-Dispositions is refused",
	  "--X\r\n" CD "name=a\r\n" CD "name=b\r\n\r\nhi\r\n--X--", "!400" },
	{ "a disposition other than form-data is refused (RFC 7578 section 4.2)",
	  "--X\r\nContent-Disposition: attachment; name=a\r\n\r\nhi\r\n--X--", "!400" },
	{ "a malformed disposition is refused", "--X\r\n" CD "name=\"a\r\n\r\nhi\r\n--X--",
	  "!400" },
};

static struct trace whole, pieces;

Test(multipart, gives_the_same_at_every_split_point)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str body = str_from(rows[i].body);

		trace_begin(&whole, STR_OF("X"));
		trace_feed(&whole, body);
		cr_expect(str_eq(trace_end(&whole), str_from(rows[i].expected)), "%s: got %.*s",
		          rows[i].name, STR_ARG(buf_str(&whole.text)));
		for (size_t at = 0; at <= body.len; at++) {
			trace_begin(&pieces, STR_OF("X"));
			trace_feed(&pieces, str_head(body, at));
			trace_feed(&pieces, str_from_index(body, at));
			cr_expect(str_eq(trace_end(&pieces), str_from(rows[i].expected)),
			          "%s: cut at %zu, got %.*s", rows[i].name, at,
			          STR_ARG(buf_str(&pieces.text)));
		}
		trace_begin(&pieces, STR_OF("X"));
		for (size_t at = 0; at < body.len; at++)
			trace_feed(&pieces, str_make(body.ptr + at, 1));
		cr_expect(str_eq(trace_end(&pieces), str_from(rows[i].expected)),
		          "%s: byte by byte, got %.*s", rows[i].name,
		          STR_ARG(buf_str(&pieces.text)));
	}
}

/* A boundary whose own bytes repeat: a failed match must not hide one that began within it. */
Test(multipart, finds_a_boundary_made_of_dashes)
{
	static const char body[] = "------\r\n" CD "name=a\r\n\r\n-----\r\n---\r\n\r\n------"
	                           "--\r\n";
	struct str text = STR(body);

	for (size_t at = 0; at <= text.len; at++) {
		trace_begin(&pieces, STR_OF("----"));
		trace_feed(&pieces, str_head(text, at));
		trace_feed(&pieces, str_from_index(text, at));
		cr_expect(str_eq(trace_end(&pieces), STR_OF("[a|-|]-----\r\n---\r\n;.")),
		          "cut at %zu, got %.*s", at, STR_ARG(buf_str(&pieces.text)));
	}
}

/* A head of exactly MULTIPART_HEAD_MAX bytes passes, one byte more is 413. */
Test(multipart, limits_a_head)
{
	static const char front[] = "--X\r\n" CD "name=a\r\nX-Pad: ";
	size_t fixed = sizeof front - 1 - 5 + 4; /* without the boundary line, with the CRLFs */

	for (size_t extra = 0; extra < 2; extra++) {
		static char memory[8192];
		struct buf body = buf_fixed(memory, sizeof memory);

		buf_text(&body, front);
		for (size_t i = fixed; i < MULTIPART_HEAD_MAX + extra; i++)
			buf_byte(&body, 'p');
		buf_text(&body, "\r\n\r\nhi\r\n--X--");
		trace_begin(&whole, STR_OF("X"));
		trace_feed(&whole, buf_str(&body));
		cr_expect(str_eq(trace_end(&whole), extra ? STR_OF("!413") : STR_OF("[a|-|]hi;.")),
		          "%.*s", STR_ARG(buf_str(&whole.text)));
	}
}

Test(multipart, limits_the_parts)
{
	struct multipart parser;
	struct multipart_part part;
	struct refusal refusal = { 0 };
	struct str data;
	size_t parts = 0;

	multipart_init(&parser, STR_OF("X"));
	for (;;) {
		struct str in = STR(PLAIN "hi\r\n");
		enum multipart_event event = MULTIPART_PART;

		while (event != MULTIPART_MORE && event != MULTIPART_BAD) {
			event = multipart_next(&parser, &in, &part, &data, &refusal);
			parts += event == MULTIPART_PART;
		}
		if (event == MULTIPART_BAD)
			break;
		cr_assert(parts <= MULTIPART_PARTS_MAX);
	}
	cr_expect(eq(sz, parts, MULTIPART_PARTS_MAX));
	cr_expect(eq(uint, refusal.status, 413));
}

#define SEVENTY "0123456789012345678901234567890123456789012345678901234567890123456789"

static const struct {
	const char *name, *content_type, *boundary; /* NULL: none */
} boundary_rows[] = {
	{ "a token (RFC 7578 section 4.1)", "multipart/form-data; boundary=abc", "abc" },
	{ "a browser's", "multipart/form-data; boundary=----WebKitFormBoundaryAbC123",
	  "----WebKitFormBoundaryAbC123" },
	{ "a quoted one (RFC 2046 section 5.1.1)", "multipart/form-data; boundary=\"a b:c\"",
	  "a b:c" },
	{ "the type is in any case", "Multipart/FORM-Data;Boundary=abc", "abc" },
	{ "other parameters are passed over", "multipart/form-data; charset=utf-8; boundary=abc",
	  "abc" },
	{ "seventy bytes are allowed (RFC 2046 section 5.1.1)",
	  "multipart/form-data; boundary=" SEVENTY, SEVENTY },
	{ "seventy-one are not", "multipart/form-data; boundary=" SEVENTY "0", NULL },
	{ "none at all", "multipart/form-data", NULL },
	{ "an empty one", "multipart/form-data; boundary=", NULL },
	{ "an empty one in quotes", "multipart/form-data; boundary=\"\"", NULL },
	{ "one that ends in a space (RFC 2046 section 5.1.1)",
	  "multipart/form-data; boundary=\"abc \"", NULL },
	{ "one with a byte that is not allowed", "multipart/form-data; boundary=\"a@b\"", NULL },
	{ "one with an escape", "multipart/form-data; boundary=\"a\\\"b\"", NULL },
	{ "another multipart type", "multipart/mixed; boundary=abc", NULL },
	{ "another type", "application/x-www-form-urlencoded", NULL },
	{ "the empty value", "", NULL },
};

Test(multipart, reads_the_boundary)
{
	for (size_t i = 0; i < sizeof boundary_rows / sizeof *boundary_rows; i++) {
		struct str type = guard_copy(str_from(boundary_rows[i].content_type));
		struct str boundary = { NULL, 0 };
		bool ok = multipart_boundary(type, &boundary);

		cr_expect(ok == (boundary_rows[i].boundary != NULL), "%s", boundary_rows[i].name);
		if (ok)
			cr_expect(str_eq(boundary, str_from(boundary_rows[i].boundary)), "%s",
			          boundary_rows[i].name);
		guard_free(type);
	}
}
