#include "http/chunked.h"

#include "base/buf.h"
#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/*
 * Feeds the bytes in pieces of the given size; the first piece has `first` bytes. What comes out is the
 * payload in quotes, then "more", "end +rest" with the number of bytes left over, or "400 why".
 */
static struct str describe(struct str data, size_t first, size_t piece, uint64_t max, char *memory,
                           size_t room)
{
	struct buf out = buf_fixed(memory, room);
	struct chunked chunked = { 0 };
	struct refusal refusal = { 0 };
	enum chunked_event event = CHUNKED_MORE;
	size_t at = 0;

	buf_byte(&out, '\'');
	while (at < data.len && event == CHUNKED_MORE) {
		struct str copy =
		        guard_copy(str_head(str_from_index(data, at), at == 0 ? first : piece));
		struct str rest = copy, payload;

		while ((event = chunked_next(&chunked, &rest, max, &payload, &refusal)) ==
		       CHUNKED_DATA)
			buf_add(&out, payload);
		cr_expect(event != CHUNKED_MORE || rest.len == 0, "all input is used up");
		at += copy.len - rest.len;
		guard_free(copy);
	}
	buf_byte(&out, '\'');
	if (event == CHUNKED_MORE)
		buf_text(&out, " more");
	if (event == CHUNKED_END)
		buf_format(&out, " end +%zu", data.len - at);
	if (event == CHUNKED_BAD)
		buf_format(&out, " %u %s", refusal.status, refusal.reason);
	return buf_str(&out);
}

struct row {
	const char *name;
	struct str data;
	const char *expected;
};

/* Whole, byte by byte, and in two pieces cut at every place: always the same. */
static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct str data = rows[i].data, expected = str_from(rows[i].expected);
		char memory[256];
		struct str got = describe(data, data.len, data.len, 0, memory, sizeof memory);

		cr_expect(str_eq(got, expected), "%s: got %.*s", rows[i].name, STR_ARG(got));
		got = describe(data, 1, 1, 0, memory, sizeof memory);
		cr_expect(str_eq(got, expected), "%s byte by byte: got %.*s", rows[i].name,
		          STR_ARG(got));
		for (size_t cut = 1; cut < data.len; cut++) {
			got = describe(data, cut, data.len, 0, memory, sizeof memory);
			cr_expect(str_eq(got, expected), "%s cut at %zu: got %.*s", rows[i].name,
			          cut, STR_ARG(got));
		}
	}
}

#define CHECK(rows)  check_rows(rows, sizeof(rows) / sizeof *(rows))
#define LAST         "0\r\n\r\n"
#define NO_DIGIT     " 400 chunk size that does not begin with a digit"
#define BAD_DIGIT    " 400 chunk size with a byte that is no digit"
#define SIZE_LF      " 400 chunk size line ended in LF alone, not CRLF"
#define SIZE_CR      " 400 carriage return without a line feed in a chunk size line"
#define LONGER       " 400 chunk longer than its size"
#define CHUNK_CR     " 400 carriage return without a line feed behind a chunk"
#define EXT_CONTROL  " 400 control character in a chunk extension"
#define TRAILER_LF   " 400 trailer line ended in LF alone, not CRLF"
#define TRAILER_CR   " 400 carriage return without a line feed in a trailer"
#define TRAILER_NAME " 400 illegal character in the name of a trailer"
#define TOO_MANY     " 400 chunk size of more than 16 digits"

Test(chunked, takes_chunks)
{
	static const struct row rows[] = {
		{ "an empty body (RFC 9112 section 7.1)", STR(LAST), "'' end +0" },
		{ "one chunk", STR("3\r\nabc\r\n" LAST), "'abc' end +0" },
		{ "two chunks", STR("3\r\nabc\r\n2\r\nde\r\n" LAST), "'abcde' end +0" },
		{ "a hexadecimal size in small letters", STR("a\r\n0123456789\r\n" LAST),
		  "'0123456789' end +0" },
		{ "a hexadecimal size in capitals", STR("A\r\n0123456789\r\n" LAST),
		  "'0123456789' end +0" },
		{ "a size of two digits", STR("10\r\n0123456789abcdef\r\n" LAST),
		  "'0123456789abcdef' end +0" },
		{ "zeros before a size", STR("0003\r\nabc\r\n" LAST), "'abc' end +0" },
		{ "a size of 16 digits", STR("0000000000000003\r\nabc\r\n" LAST), "'abc' end +0" },
		{ "a final chunk of several zeros", STR("000\r\n\r\n"), "'' end +0" },
		{ "line ends in a chunk are payload", STR("4\r\n\r\n\r\n\r\n" LAST),
		  "'\r\n\r\n' end +0" },
		{ "a chunk that looks like the last one", STR("5\r\n" LAST "\r\n" LAST),
		  "'" LAST "' end +0" },
		{ "the next request is left alone (RFC 9112 section 9.3.2)",
		  STR("1\r\na\r\n" LAST "GET / HTTP/1.1"), "'a' end +14" },
		{ "an empty line behind it is left alone", STR(LAST "\r\n"), "'' end +2" },
		{ "nothing yet", STR(""), "'' more" },
		{ "half a size", STR("1"), "'' more" },
		{ "half a chunk", STR("5\r\nab"), "'ab' more" },
		{ "a chunk without its line end", STR("2\r\nab"), "'ab' more" },
		{ "a chunk with half of its line end", STR("2\r\nab\r"), "'ab' more" },
		{ "no last chunk yet", STR("2\r\nab\r\n"), "'ab' more" },
		{ "no final empty line yet", STR("0\r\n"), "'' more" },
		{ "half of the final empty line", STR("0\r\n\r"), "'' more" },
	};

	CHECK(rows);
}

Test(chunked, refuses_sizes)
{
	static const struct row rows[] = {
		{ "no size (RFC 9112 section 7.1)", STR("\r\nabc\r\n"), "''" NO_DIGIT },
		{ "a plus sign", STR("+3\r\nabc\r\n"), "''" NO_DIGIT },
		{ "a minus sign", STR("-3\r\nabc\r\n"), "''" NO_DIGIT },
		{ "a space before the size", STR(" 3\r\nabc\r\n"), "''" NO_DIGIT },
		{ "a tab before the size", STR("\t3\r\nabc\r\n"), "''" NO_DIGIT },
		{ "an extension without a size", STR(";a=b\r\n"), "''" NO_DIGIT },
		{ "a letter for the size", STR("g\r\n"), "''" NO_DIGIT },
		{ "an empty line of LF", STR("\n"), "''" NO_DIGIT },
		{ "NUL for the size", STR("\0\r\n"), "''" NO_DIGIT },
		{ "a prefix of hexadecimal numbers", STR("0x3\r\nabc\r\n"), "''" BAD_DIGIT },
		{ "a letter in the size", STR("3g\r\n"), "''" BAD_DIGIT },
		{ "a space behind the size (BWS, RFC 9112 section 7.1.1)", STR("3 \r\nabc\r\n"),
		  "''" BAD_DIGIT },
		{ "a tab behind the size", STR("3\t\r\nabc\r\n"), "''" BAD_DIGIT },
		{ "a space before an extension", STR("3 ;a\r\nabc\r\n"), "''" BAD_DIGIT },
		{ "two numbers", STR("3 3\r\nabc\r\n"), "''" BAD_DIGIT },
		{ "a comma", STR("3,3\r\n"), "''" BAD_DIGIT },
		{ "an underscore between digits", STR("1_0\r\n"), "''" BAD_DIGIT },
		{ "NUL behind the size", STR("3\0\r\n"), "''" BAD_DIGIT },
		{ "a digit of another script", STR("\xd9\xa3\r\n"), "''" NO_DIGIT },
		{ "LF alone behind the size (RFC 9112 section 2.2)", STR("3\nabc\r\n"),
		  "''" SIZE_LF },
		{ "CR alone behind the size", STR("3\rabc\r\n"), "''" SIZE_CR },
		{ "two CR behind the size", STR("3\r\r\nabc\r\n"), "''" SIZE_CR },
		{ "LF alone behind the last size", STR("0\n\r\n"), "''" SIZE_LF },
		{ "17 digits", STR("00000000000000003\r\nabc\r\n"), "''" TOO_MANY },
		{ "an overflow of 64 bits", STR("10000000000000003\r\nabc\r\n"), "''" TOO_MANY },
		{ "more than a file can have", STR("8000000000000000\r\n"),
		  "'' 413 chunk size too large" },
		{ "the largest number of 16 digits", STR("ffffffffffffffff\r\n"),
		  "'' 413 chunk size too large" },
		{ "the largest size that a file can have", STR("7fffffffffffffff\r\nab"),
		  "'ab' more" },
	};

	CHECK(rows);
}

Test(chunked, refuses_ends_of_chunks)
{
	static const struct row rows[] = {
		{ "a chunk longer than its size", STR("2\r\nabc\r\n"), "'ab'" LONGER },
		{ "a chunk shorter than its size", STR("4\r\nabc\r\n" LAST), "'abc\r'" LONGER },
		{ "LF alone behind a chunk", STR("2\r\nab\n" LAST), "'ab'" LONGER },
		{ "no line end behind a chunk", STR("2\r\nab" LAST), "'ab'" LONGER },
		{ "CR alone behind a chunk", STR("2\r\nab\r0\r\n\r\n"), "'ab'" CHUNK_CR },
		{ "two CR behind a chunk", STR("2\r\nab\r\r\n"), "'ab'" CHUNK_CR },
		{ "two line ends behind a chunk", STR("2\r\nab\r\n\r\n"), "'ab'" NO_DIGIT },
		{ "NUL behind a chunk", STR("2\r\nab\0"), "'ab'" LONGER },
	};

	CHECK(rows);
}

Test(chunked, passes_over_extensions)
{
	static const struct row rows[] = {
		{ "a name (RFC 9112 section 7.1.1)", STR("3;a\r\nabc\r\n" LAST), "'abc' end +0" },
		{ "a name and a value", STR("3;a=b\r\nabc\r\n" LAST), "'abc' end +0" },
		{ "two of them", STR("3;a=b;c=d\r\nabc\r\n" LAST), "'abc' end +0" },
		{ "a quoted value", STR("3;a=\"b;c\"\r\nabc\r\n" LAST), "'abc' end +0" },
		{ "white space in one (BWS, RFC 9112 section 7.1.1)",
		  STR("3; a =\tb\r\nabc\r\n" LAST), "'abc' end +0" },
		{ "an empty one", STR("3;\r\nabc\r\n" LAST), "'abc' end +0" },
		{ "one at the last chunk", STR("0;a=b\r\n\r\n"), "'' end +0" },
		{ "digits in one are no size", STR("3;ff\r\nabc\r\n" LAST), "'abc' end +0" },
		{ "bytes above ASCII", STR("3;a=\xc3\xa4\r\nabc\r\n" LAST), "'abc' end +0" },
		{ "LF in one (RFC 9112 section 2.2)", STR("3;a\nabc\r\n"),
		  "'' 400 chunk extension ended in LF alone, not CRLF" },
		{ "CR in one", STR("3;a\rb\r\nabc\r\n"), "''" SIZE_CR },
		{ "CR in a quoted value", STR("3;a=\"\rb\"\r\nabc\r\n"), "''" SIZE_CR },
		{ "NUL in one", STR("3;a\0\r\nabc\r\n"), "''" EXT_CONTROL },
		{ "a control in one", STR("3;a\x01\r\nabc\r\n"), "''" EXT_CONTROL },
		{ "DEL in one", STR("3;a\x7f\r\nabc\r\n"), "''" EXT_CONTROL },
	};

	CHECK(rows);
}

Test(chunked, checks_trailers)
{
	static const struct row rows[] = {
		{ "a trailer is dropped (RFC 9112 section 7.1.2)", STR("0\r\nA: b\r\n\r\n"),
		  "'' end +0" },
		{ "two trailers", STR("0\r\nA: b\r\nC:d\r\n\r\nGET"), "'' end +3" },
		{ "an empty value", STR("0\r\nA:\r\n\r\n"), "'' end +0" },
		{ "a tab and bytes above ASCII in a value", STR("0\r\nA:\t\xff\r\n\r\n"),
		  "'' end +0" },
		{ "a trailer without its end", STR("0\r\nA: b\r\n"), "'' more" },
		{ "a length in a trailer changes nothing",
		  STR("0\r\nContent-Length: 5\r\n\r\nabcde"), "'' end +5" },
		{ "LF alone behind a trailer (RFC 9112 section 2.2)", STR("0\r\nA: b\n\r\n"),
		  "''" TRAILER_LF },
		{ "LF alone at the end", STR("0\r\n\n"), "''" TRAILER_LF },
		{ "LF alone behind the trailers", STR("0\r\nA: b\r\n\n"), "''" TRAILER_LF },
		{ "CR alone at the end", STR("0\r\n\rGET"), "''" TRAILER_CR },
		{ "CR in a value", STR("0\r\nA: b\rc\r\n\r\n"), "''" TRAILER_CR },
		{ "two CR behind a value", STR("0\r\nA: b\r\r\n\r\n"), "''" TRAILER_CR },
		{ "a folded line (RFC 9112 section 5.2)", STR("0\r\nA: b\r\n c\r\n\r\n"),
		  "'' 400 folded trailer line (obs-fold)" },
		{ "white space before the first trailer", STR("0\r\n A: b\r\n\r\n"),
		  "'' 400 folded trailer line (obs-fold)" },
		{ "a space before the colon (RFC 9112 section 5.1)", STR("0\r\nA : b\r\n\r\n"),
		  "'' 400 white space in the name of a trailer" },
		{ "no name", STR("0\r\n: b\r\n\r\n"), "'' 400 trailer line without a name" },
		{ "no colon", STR("0\r\nAb\r\n\r\n"), "'' 400 trailer line without a colon" },
		{ "no colon and LF", STR("0\r\nAb\n\r\n"), "'' 400 trailer line without a colon" },
		{ "a request for a trailer", STR("0\r\nGET / HTTP/1.1\r\n"),
		  "'' 400 white space in the name of a trailer" },
		{ "an illegal byte in a name", STR("0\r\nA/b: c\r\n\r\n"), "''" TRAILER_NAME },
		{ "NUL in a name", STR("0\r\nA\0: c\r\n\r\n"), "''" TRAILER_NAME },
		{ "NUL in a value", STR("0\r\nA: \0\r\n\r\n"),
		  "'' 400 control character in a trailer" },
		{ "DEL in a value", STR("0\r\nA: \x7f\r\n\r\n"),
		  "'' 400 control character in a trailer" },
	};

	CHECK(rows);
}

Test(chunked, keeps_the_bodys_limit)
{
	static const char too_long[] = " 413 the body is larger than this location takes";
	static const struct {
		const char *name, *data, *payload, *verdict;
		uint64_t max;
	} rows[] = {
		{ "no limit", "5\r\nabcde\r\n" LAST, "'abcde'", " end +0", 0 },
		{ "a chunk of exactly the limit", "5\r\nabcde\r\n" LAST, "'abcde'", " end +0", 5 },
		{ "a chunk one byte longer", "5\r\nabcde\r\n" LAST, "''", too_long, 4 },
		{ "its line tells, before any payload", "5\r\n", "''", too_long, 4 },
		{ "half of its line does not", "5\r", "''", " more", 4 },
		{ "an enormous chunk", "ffffffffffffffff\r\n", "''", too_long, 4 },
		{ "the last chunk is never too long", LAST, "''", " end +0", 1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str data = str_from(rows[i].data);
		char memory[128], expected[128];
		struct buf wanted = buf_fixed(expected, sizeof expected);
		struct str got =
		        describe(data, data.len, data.len, rows[i].max, memory, sizeof memory);

		buf_text(&wanted, rows[i].payload);
		buf_text(&wanted, rows[i].verdict);
		cr_expect(str_eq(got, buf_str(&wanted)), "%s: got %.*s", rows[i].name,
		          STR_ARG(got));
	}
}

/* `front`, then n bytes of filling, then `back`. */
static struct str filled(char *memory, const char *front, size_t n, const char *back)
{
	size_t at = strlen(front), end = strlen(back);

	memcpy(memory, front, at);
	memset(memory + at, 'x', n);
	memcpy(memory + at + n, back, end);
	return str_make(memory, at + n + end);
}

static void check_filled(const char *name, struct str data, const char *expected)
{
	char memory[256];
	struct str got = describe(data, data.len, data.len, 0, memory, sizeof memory);

	cr_expect(str_eq(got, str_from(expected)), "%s: got %.*s", name, STR_ARG(got));
	got = describe(data, 1000, 1000, 0, memory, sizeof memory);
	cr_expect(str_eq(got, str_from(expected)), "%s in pieces: got %.*s", name, STR_ARG(got));
}

Test(chunked, counts_extensions_and_trailers_over_the_whole_body)
{
	static char memory[CHUNKED_TRAILER_MAX + 64];
	const size_t ext = CHUNKED_EXTENSION_MAX, trailer = CHUNKED_TRAILER_MAX;

	check_filled("an extension of exactly the limit", filled(memory, "0;", ext - 1, "\r\n\r\n"),
	             "'' end +0");
	check_filled("an extension one byte longer", filled(memory, "0;", ext, "\r\n\r\n"),
	             "'' 431 too many chunk extensions");
	check_filled("two extensions of exactly the limit",
	             filled(memory, "1;", ext - 3, "\r\na\r\n0;b\r\n\r\n"), "'a' end +0");
	check_filled("two extensions longer than that",
	             filled(memory, "1;", ext - 3, "\r\na\r\n0;bc\r\n\r\n"),
	             "'a' 431 too many chunk extensions");
	check_filled("a semicolon that is one too many",
	             filled(memory, "1;", ext - 1, "\r\na\r\n0;\r\n\r\n"),
	             "'a' 431 too many chunk extensions");
	check_filled("a trailer of exactly the limit, its CRLF included",
	             filled(memory, "0\r\nA:", trailer - 4, "\r\n\r\n"), "'' end +0");
	check_filled("a trailer one byte longer",
	             filled(memory, "0\r\nA:", trailer - 3, "\r\n\r\n"),
	             "'' 431 too many trailers");
	check_filled("a trailer of nothing but a name", filled(memory, "0\r\n", trailer + 1, ""),
	             "'' 431 too many trailers");
	check_filled("a second trailer beyond the limit",
	             filled(memory, "0\r\nA:", trailer - 4, "\r\nB:\r\n\r\n"),
	             "'' 431 too many trailers");
}

/* What has been refused stays refused, and what has ended stays ended: asking again changes nothing. */
Test(chunked, answers_the_same_when_asked_again)
{
	static const struct row rows[] = {
		{ "an end", STR(LAST "3\r\nabc"), "" },
		{ "a bad size", STR("g\r\n"), "" },
		{ "too many digits", STR("00000000000000000\r\n"), "" },
		{ "an LF alone", STR("3\n"), "" },
		{ "a chunk too long", STR("1\r\nab\r\n"), "" },
		{ "a bad trailer", STR("0\r\nA b: c\r\n"), "" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct chunked chunked = { 0 };
		struct refusal refusal = { 0 }, again = { 0 };
		struct str rest = rows[i].data, left, payload;
		enum chunked_event event;

		do
			event = chunked_next(&chunked, &rest, 0, &payload, &refusal);
		while (event == CHUNKED_DATA);
		cr_assert(event == CHUNKED_END || event == CHUNKED_BAD, "%s", rows[i].name);
		left = rest;
		cr_expect(chunked_next(&chunked, &rest, 0, &payload, &again) == event, "%s",
		          rows[i].name);
		cr_expect(rest.ptr == left.ptr && rest.len == left.len, "%s", rows[i].name);
		cr_expect(again.reason == refusal.reason, "%s", rows[i].name);
	}
}
