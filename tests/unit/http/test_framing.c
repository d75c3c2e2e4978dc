#include "http/framing.h"

#include "base/buf.h"
#include "heads.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>

/* "none", "length 5" or "chunked", then "has-length", "continue", "keep" or "close"; or "400 why". */
static struct str describe(unsigned minor, const char *lines, char *memory, size_t room)
{
	struct buf out = buf_fixed(memory, room);
	struct refusal refusal = { 0 };
	struct given_head given;
	struct framing f;

	given_head_make(&given, METHOD_POST, lines);
	given.head.minor = minor;
	if (framing_decide(&given.head, &f, &refusal) == PARSE_BAD) {
		buf_format(&out, "%u %s", refusal.status, refusal.reason);
	} else {
		if (f.kind == FRAMING_NONE)
			buf_text(&out, "none");
		if (f.kind == FRAMING_LENGTH)
			buf_format(&out, "length %" PRIu64, f.length);
		if (f.kind == FRAMING_CHUNKED)
			buf_text(&out, "chunked");
		buf_format(&out, "%s%s%s", f.has_length ? " has-length" : "",
		           f.expect_continue ? " continue" : "", f.keep_alive ? " keep" : " close");
	}
	given_head_end(&given);
	return buf_str(&out);
}

struct row {
	const char *name, *lines, *expected;
	unsigned minor;
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char memory[128];
		struct str got = describe(rows[i].minor, rows[i].lines, memory, sizeof memory);

		cr_expect(str_eq(got, str_from(rows[i].expected)), "%s: got %.*s", rows[i].name,
		          STR_ARG(got));
	}
}

#define CHECK(rows)   check_rows(rows, sizeof(rows) / sizeof *(rows))
#define CL            "Content-Length: "
#define TE            "Transfer-Encoding: "
#define BOTH          "400 Content-Length together with Transfer-Encoding"
#define DIFFER        "400 two Content-Length fields that differ"
#define LISTED        "400 Content-Length is a list"
#define NO_NUMBER     "400 Content-Length is not a number"
#define TOO_LARGE     "400 Content-Length is too large"
#define EMPTY_CODING  "400 empty element in Transfer-Encoding"
#define TWICE         "400 chunked twice in Transfer-Encoding"
#define NOT_LAST      "400 chunked is not the last Transfer-Encoding"
#define MALFORMED     "400 malformed Transfer-Encoding"
#define OTHER_CODING  "501 a Transfer-Encoding other than chunked"
#define OTHER_EXPECT  "417 Expect other than 100-continue"
#define OLD_TE        "400 Transfer-Encoding in HTTP/1.0"
#define LARGEST       "9223372036854775807"
#define LARGEST_AND_1 "9223372036854775808"

Test(framing, reads_lengths)
{
	static const struct row rows[] = {
		{ "no body announced (RFC 9112 section 6.3, 7)", "", "none keep", 1 },
		{ "a length (RFC 9112 section 6.2)", CL "5", "length 5 has-length keep", 1 },
		{ "a length in HTTP/1.0", CL "5", "length 5 has-length close", 0 },
		{ "a length of 0 is no body", CL "0", "none has-length keep", 1 },
		{ "zeros before a length", CL "0005", "length 5 has-length keep", 1 },
		{ "zeros before a long length", CL "00000000000000000000000012",
		  "length 12 has-length keep", 1 },
		{ "the largest length", CL LARGEST, "length " LARGEST " has-length keep", 1 },
		{ "one more than the largest", CL LARGEST_AND_1, TOO_LARGE, 1 },
		{ "2^64 (RFC 9110 section 8.6)", CL "18446744073709551616", TOO_LARGE, 1 },
		{ "2^64 + 5 must not become 5", CL "18446744073709551621", TOO_LARGE, 1 },
		{ "a length of 40 digits", CL "9999999999999999999999999999999999999999", TOO_LARGE,
		  1 },
		{ "the same length twice (RFC 9110 section 8.6)", CL "5\n" CL "5",
		  "length 5 has-length keep", 1 },
		{ "the same length three times", CL "5\n" CL "5\n" CL "5",
		  "length 5 has-length keep", 1 },
		{ "two lengths that differ (RFC 9112 section 6.3, 5)", CL "5\n" CL "6", DIFFER, 1 },
		{ "a third length that differs", CL "5\n" CL "5\n" CL "6", DIFFER, 1 },
		{ "one number written in two ways", CL "5\n" CL "05", DIFFER, 1 },
		{ "a length and an empty one", CL "5\n" CL, DIFFER, 1 },
		{ "a length and 0", CL "0\n" CL "5", DIFFER, 1 },
		{ "a second length in another case of its name", CL "5\ncontent-length: 6", DIFFER,
		  1 },
		{ "a list of the same length (RFC 9110 section 8.6)", CL "5, 5", LISTED, 1 },
		{ "a list of two lengths", CL "5,6", LISTED, 1 },
		{ "a list with an empty element", CL "5,", LISTED, 1 },
		{ "an empty length", CL, "400 empty Content-Length", 1 },
		{ "a minus sign", CL "-5", NO_NUMBER, 1 },
		{ "a plus sign", CL "+5", NO_NUMBER, 1 },
		{ "a space in it", CL "5 6", NO_NUMBER, 1 },
		{ "a hexadecimal length", CL "0x5", NO_NUMBER, 1 },
		{ "hexadecimal digits", CL "5a", NO_NUMBER, 1 },
		{ "a fraction", CL "5.0", NO_NUMBER, 1 },
		{ "an exponent", CL "5e1", NO_NUMBER, 1 },
		{ "a quoted length", CL "\"5\"", NO_NUMBER, 1 },
		{ "a semicolon behind it", CL "5;", NO_NUMBER, 1 },
		{ "digits of another script", CL "\xd9\xa5", NO_NUMBER, 1 },
		{ "a vertical tab before it", CL "\v5", NO_NUMBER, 1 },
	};

	CHECK(rows);
}

Test(framing, reads_codings)
{
	static const struct row rows[] = {
		{ "chunked (RFC 9112 section 6.1)", TE "chunked", "chunked keep", 1 },
		{ "chunked in any case (RFC 9112 section 7)", TE "cHuNkEd", "chunked keep", 1 },
		{ "a length before it (RFC 9112 section 6.3, 3)", CL "5\n" TE "chunked", BOTH, 1 },
		{ "a length behind it", TE "chunked\n" CL "5", BOTH, 1 },
		{ "a length of 0 with it", TE "chunked\n" CL "0", BOTH, 1 },
		{ "a malformed length with it", TE "chunked\n" CL "x", BOTH, 1 },
		{ "a length with another coding", TE "gzip\n" CL "5", BOTH, 1 },
		{ "a length with an empty coding", TE "\n" CL "5", BOTH, 1 },
		{ "in HTTP/1.0 (RFC 9112 section 6.1)", TE "chunked", OLD_TE, 0 },
		{ "in HTTP/1.0 with a length", TE "chunked\n" CL "5", OLD_TE, 0 },
		{ "another coding in HTTP/1.0", TE "identity", OLD_TE, 0 },
		{ "in a later HTTP/1.x", TE "chunked", "chunked keep", 2 },
		{ "another coding (RFC 9112 section 6.1)", TE "gzip", OTHER_CODING, 1 },
		{ "another coding before it", TE "gzip, chunked", OTHER_CODING, 1 },
		{ "another coding on a line before it", TE "gzip\n" TE "chunked", OTHER_CODING, 1 },
		{ "identity (removed by RFC 7230)", TE "identity", OTHER_CODING, 1 },
		{ "a name that contains it", TE "xchunked", OTHER_CODING, 1 },
		{ "a name that begins with it", TE "chunkedx", OTHER_CODING, 1 },
		{ "chunked twice (RFC 9112 section 7.1)", TE "chunked, chunked", TWICE, 1 },
		{ "chunked on two lines", TE "chunked\n" TE "chunked", TWICE, 1 },
		{ "chunked around another", TE "chunked, gzip, chunked", NOT_LAST, 1 },
		{ "chunked not last (RFC 9112 section 6.3, 4)", TE "chunked, gzip", NOT_LAST, 1 },
		{ "chunked not on the last line", TE "chunked\n" TE "gzip", NOT_LAST, 1 },
		{ "chunked, then identity", TE "chunked, identity", NOT_LAST, 1 },
		{ "chunked with a parameter (RFC 9112 section 7.1)", TE "chunked;a=b", MALFORMED,
		  1 },
		{ "another coding with a parameter", TE "gzip;q=1, chunked", MALFORMED, 1 },
		{ "chunked in quotes", TE "\"chunked\"", MALFORMED, 1 },
		{ "a space in the coding", TE "chun ked", MALFORMED, 1 },
		{ "a vertical tab before it", TE "\vchunked", MALFORMED, 1 },
		{ "a byte above ASCII behind it", TE "chunked\xa0", MALFORMED, 1 },
		{ "an empty line of codings", TE, EMPTY_CODING, 1 },
		{ "a comma before it", TE ", chunked", EMPTY_CODING, 1 },
		{ "a comma behind it", TE "chunked,", EMPTY_CODING, 1 },
		{ "an empty line before it", TE "\n" TE "chunked", EMPTY_CODING, 1 },
		{ "an empty line behind it", TE "chunked\n" TE, EMPTY_CODING, 1 },
		{ "TE is no Transfer-Encoding", "TE: chunked", "none keep", 1 },
	};

	CHECK(rows);
}

Test(framing, reads_expectations)
{
	static const struct row rows[] = {
		{ "with a length (RFC 9110 section 10.1.1)", CL "5\nExpect: 100-continue",
		  "length 5 has-length continue keep", 1 },
		{ "with chunks", TE "chunked\nExpect: 100-continue", "chunked continue keep", 1 },
		{ "in any case", CL "5\nExpect: 100-Continue", "length 5 has-length continue keep",
		  1 },
		{ "without a body there is nothing to wait for", "Expect: 100-continue",
		  "none keep", 1 },
		{ "with an empty body", CL "0\nExpect: 100-continue", "none has-length keep", 1 },
		{ "in HTTP/1.0 it is ignored (RFC 9110 section 10.1.1)",
		  CL "5\nExpect: 100-continue", "length 5 has-length close", 0 },
		{ "another expectation (RFC 9110 section 10.1.1)", CL "5\nExpect: the-best",
		  OTHER_EXPECT, 1 },
		{ "another one without a body", "Expect: 200-ok", OTHER_EXPECT, 1 },
		{ "another one in a list", CL "5\nExpect: 100-continue, b", OTHER_EXPECT, 1 },
		{ "another one on a second line", CL "5\nExpect: 100-continue\nExpect: b",
		  OTHER_EXPECT, 1 },
		{ "one with a value", CL "5\nExpect: 100-continue=1", OTHER_EXPECT, 1 },
		{ "the same one twice", CL "5\nExpect: 100-continue, 100-continue",
		  "length 5 has-length continue keep", 1 },
		{ "an empty one is none", CL "5\nExpect:", "length 5 has-length keep", 1 },
		{ "a bad length is worse", CL "x\nExpect: b", NO_NUMBER, 1 },
	};

	CHECK(rows);
}

Test(framing, decides_on_the_connection)
{
	static const struct row rows[] = {
		{ "HTTP/1.1 persists (RFC 9112 section 9.3)", "", "none keep", 1 },
		{ "unless it is closed (RFC 9112 section 9.6)", "Connection: close", "none close",
		  1 },
		{ "close in any case", "Connection: CLOSE", "none close", 1 },
		{ "close in a list", "Connection: te, close", "none close", 1 },
		{ "close on a second line", "Connection: te\nConnection: close", "none close", 1 },
		{ "keep-alive in HTTP/1.1", "Connection: keep-alive", "none keep", 1 },
		{ "close beats keep-alive", "Connection: keep-alive, close", "none close", 1 },
		{ "close before keep-alive", "Connection: close\nConnection: keep-alive",
		  "none close", 1 },
		{ "HTTP/1.0 does not persist (RFC 9112 section 9.3)", "", "none close", 0 },
		{ "unless it is kept", "Connection: keep-alive", "none keep", 0 },
		{ "kept in any case", "Connection: Keep-Alive", "none keep", 0 },
		{ "keep-alive on a second line", "Connection: te\nConnection: keep-alive",
		  "none keep", 0 },
		{ "close beats keep-alive in HTTP/1.0", "Connection: keep-alive, close",
		  "none close", 0 },
		{ "Keep-Alive alone does not keep it", "Keep-Alive: timeout=5", "none close", 0 },
		{ "Proxy-Connection is for a proxy", "Proxy-Connection: keep-alive", "none close",
		  0 },
		{ "another option is no close", "Connection: closed", "none keep", 1 },
		{ "a later HTTP/1.x persists", "", "none keep", 9 },
	};

	CHECK(rows);
}

/* What a refused head said about the connection is not to be believed. */
Test(framing, lets_nothing_of_a_refused_head_stand)
{
	struct refusal refusal = { 0 };
	struct given_head given;
	struct framing framing = { .keep_alive = true, .length = 7 };

	given_head_make(&given, METHOD_POST, CL "5\n" CL "6\nConnection: keep-alive");
	given.head.minor = 1;
	cr_expect(framing_decide(&given.head, &framing, &refusal) == PARSE_BAD);
	cr_expect(false == framing.keep_alive);
	cr_expect(framing.kind == FRAMING_NONE && framing.length == 0);
	given_head_end(&given);
}
