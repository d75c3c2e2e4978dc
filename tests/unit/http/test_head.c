#include "http/head.h"

#include "base/buf.h"
#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { CAP = 32 };

static const struct head_limits wide = { .line_max = 8192, .total_max = 32768, .field_max = CAP };

/* "GET /target 1.1 [Name=value] @size", "partial", or "400 the reason". */
static struct str describe(struct str data, const struct head_limits *limits, char *memory,
                           size_t room)
{
	struct field fields[CAP];
	struct head head = { .fields = fields, .field_cap = CAP };
	struct buf out = buf_fixed(memory, room);
	struct refusal refusal = { 0 };
	struct str in = guard_copy(data);
	enum parse parse = head_parse(in, limits, &head, &refusal);

	if (parse == PARSE_PARTIAL)
		buf_text(&out, "partial");
	if (parse == PARSE_BAD)
		buf_format(&out, "%u %s", refusal.status, refusal.reason);
	if (parse == PARSE_COMPLETE) {
		buf_format(&out, "%.*s %.*s 1.%u", STR_ARG(head.method_name), STR_ARG(head.target),
		           head.minor);
		for (size_t i = 0; i < head.field_count; i++)
			buf_format(&out, " [%.*s=%.*s]", STR_ARG(fields[i].name),
			           STR_ARG(fields[i].value));
		buf_format(&out, " @%zu", head.size);
	}
	guard_free(in);
	return buf_str(&out);
}

/*
 * What is said of a prefix is "partial" until the verdict falls, and from then on always the same: no
 * cut and no further byte changes it.
 */
static void check_prefixes(const char *name, struct str data, const struct head_limits *limits,
                           struct str whole)
{
	bool decided = false;

	for (size_t len = 0; len < data.len; len++) {
		char memory[1024];
		struct str got = describe(str_head(data, len), limits, memory, sizeof memory);
		bool is_partial = str_eq(got, STR_OF("partial"));

		cr_expect(str_eq(got, whole) || (is_partial && !decided), "%s: %zu bytes: %.*s",
		          name, len, STR_ARG(got));
		decided = decided || !is_partial;
	}
}

struct row {
	const char *name;
	struct str data;
	const char *expected;
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char memory[1024];
		struct str got = describe(rows[i].data, &wide, memory, sizeof memory);

		cr_expect(str_eq(got, str_from(rows[i].expected)), "%s: got %.*s", rows[i].name,
		          STR_ARG(got));
		check_prefixes(rows[i].name, rows[i].data, &wide, str_from(rows[i].expected));
	}
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof *(rows))

#define GET   "GET / HTTP/1.1\r\n"
#define LF    "400 line ended in LF alone, not CRLF"
#define CR    "400 carriage return without a line feed"
#define NUL   "400 NUL byte in a field line"
#define CTL   "400 control character in a field line"
#define VER   "400 malformed HTTP version"
#define METH  "400 illegal character in the method"
#define COLON "400 white space before the colon of a field"
#define FNAME "400 illegal character in a field name"
#define A15   "123456789012345"

Test(head, takes_request_lines)
{
	static const struct row rows[] = {
		{ "a request line alone (RFC 9112 section 2.1)", STR(GET "\r\n"), "GET / 1.1 @18" },
		{ "HTTP/1.0 (RFC 9112 section 2.3)", STR("GET / HTTP/1.0\r\n\r\n"),
		  "GET / 1.0 @18" },
		{ "a higher minor version is taken (RFC 9110 section 2.5)",
		  STR("GET / HTTP/1.9\r\n\r\n"), "GET / 1.9 @18" },
		{ "a method of one letter", STR("A / HTTP/1.1\r\n\r\n"), "A / 1.1 @16" },
		{ "a method of every kind of tchar (RFC 9110 section 5.6.2)",
		  STR("!#$%&'*+-.^_`|~09AZaz / HTTP/1.1\r\n\r\n"),
		  "!#$%&'*+-.^_`|~09AZaz / 1.1 @36" },
		{ "an absolute form (RFC 9112 section 3.2.2)",
		  STR("GET http://a/b?c HTTP/1.1\r\n\r\n"), "GET http://a/b?c 1.1 @29" },
		{ "an asterisk form (RFC 9112 section 3.2.4)", STR("OPTIONS * HTTP/1.1\r\n\r\n"),
		  "OPTIONS * 1.1 @22" },
		{ "an authority form (RFC 9112 section 3.2.3)",
		  STR("CONNECT a:80 HTTP/1.1\r\n\r\n"), "CONNECT a:80 1.1 @25" },
		{ "bytes above ASCII pass in a target", STR("GET /\xc3\xa4\xff HTTP/1.1\r\n\r\n"),
		  "GET /\xc3\xa4\xff 1.1 @21" },
		{ "a target that fills one vector", STR("GET /" A15 " HTTP/1.1\r\n\r\n"),
		  "GET /" A15 " 1.1 @33" },
		{ "a target that fills a vector but one byte",
		  STR("GET /12345678901234 HTTP/1.1\r\n\r\n"), "GET /12345678901234 1.1 @32" },
		{ "a target one byte longer than a vector", STR("GET /" A15 "6 HTTP/1.1\r\n\r\n"),
		  "GET /" A15 "6 1.1 @34" },
		{ "an empty line before the request line (RFC 9112 section 2.2)",
		  STR("\r\n" GET "\r\n"), "GET / 1.1 @20" },
		{ "eight empty lines before it", STR("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" GET "\r\n"),
		  "GET / 1.1 @34" },
		{ "what follows the head is left alone", STR(GET "\r\nbody\n\0\x01"),
		  "GET / 1.1 @18" },
		{ "a second request behind it is left alone", STR(GET "\r\n" GET "\r\n"),
		  "GET / 1.1 @18" },
		{ "a method is not known by its letters in another case (RFC 9110 section 9.1)",
		  STR("get / HTTP/1.1\r\n\r\n"), "get / 1.1 @18" },
		{ "nothing yet", STR(""), "partial" },
		{ "half a request line", STR("GET /inde"), "partial" },
		{ "empty lines only, so far", STR("\r\n\r\n"), "partial" },
		{ "no final empty line yet", STR(GET "Host: a\r\n"), "partial" },
	};

	CHECK(rows);
}

Test(head, refuses_request_lines)
{
	static const struct row rows[] = {
		{ "nine empty lines before it",
		  STR("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" GET "\r\n"),
		  "400 too many empty lines before the request line" },
		{ "an empty line of LF before it", STR("\n" GET "\r\n"), LF },
		{ "a bare CR before it", STR("\rGET / HTTP/1.1\r\n\r\n"), CR },
		{ "LF alone behind it (RFC 9112 section 2.2)", STR("GET / HTTP/1.1\n\n"), LF },
		{ "CR alone behind it", STR("GET / HTTP/1.1\r\r\n"), CR },
		{ "CR alone behind the target", STR("GET /\rHTTP/1.1\r\n\r\n"),
		  "400 request line without an HTTP version" },
		{ "HTTP/0.9 (a request line without a version)", STR("GET /\r\n"),
		  "400 request line without an HTTP version" },
		{ "HTTP/0.9 with LF", STR("GET /\n"), LF },
		{ "a method alone", STR("GET\r\n\r\n"), "400 request line without a target" },
		{ "a method alone with LF", STR("GET\n"), LF },
		{ "a method and a space", STR("GET \r\n\r\n"),
		  "400 request line without a target" },
		{ "a space before the method", STR(" GET / HTTP/1.1\r\n\r\n"),
		  "400 white space before the method" },
		{ "a tab before the method", STR("\tGET / HTTP/1.1\r\n\r\n"),
		  "400 white space before the method" },
		{ "two spaces behind the method (RFC 9112 section 3)",
		  STR("GET  / HTTP/1.1\r\n\r\n"), "400 more than one space behind the method" },
		{ "a tab behind the method", STR("GET\t/ HTTP/1.1\r\n\r\n"),
		  "400 white space before the method" },
		{ "two spaces behind the target", STR("GET /  HTTP/1.1\r\n\r\n"), VER },
		{ "a space in the target", STR("GET /a b HTTP/1.1\r\n\r\n"), VER },
		{ "a tab in the target", STR("GET /a\tb HTTP/1.1\r\n\r\n"),
		  "400 control character in the request line" },
		{ "DEL in the target", STR("GET /a\x7f HTTP/1.1\r\n\r\n"),
		  "400 control character in the request line" },
		{ "NUL in the target", STR("GET /a\0b HTTP/1.1\r\n\r\n"),
		  "400 NUL byte in the request line" },
		{ "NUL behind a vector of the target", STR("GET /" A15 "\0b HTTP/1.1\r\n\r\n"),
		  "400 NUL byte in the request line" },
		{ "a control in the first vector of the target",
		  STR("GET /\x01" A15 A15 " HTTP/1.1\r\n\r\n"),
		  "400 control character in the request line" },
		{ "NUL in the method", STR("G\0T / HTTP/1.1\r\n\r\n"),
		  "400 NUL byte in the request line" },
		{ "a colon in the method", STR("G:T / HTTP/1.1\r\n\r\n"), METH },
		{ "a slash in the method", STR("G/T / HTTP/1.1\r\n\r\n"), METH },
		{ "a byte above ASCII in the method", STR("G\xc4T / HTTP/1.1\r\n\r\n"), METH },
		{ "a TLS handshake (RFC 8446 section 5.1)", STR("\x16\x03\x01\x02\x00\x01\x00"),
		  "400 TLS handshake where plain HTTP is spoken" },
		{ "its first byte inside a method", STR("A\x16 / HTTP/1.1\r\n\r\n"), METH },
		{ "a JSON text", STR("{\"a\": 1}\r\n\r\n"), METH },
		{ "the name in lower case (RFC 9112 section 2.3)", STR("GET / http/1.1\r\n\r\n"),
		  VER },
		{ "another protocol", STR("GET / RTSP/1.0\r\n\r\n"), VER },
		{ "no minor version", STR("GET / HTTP/1\r\n\r\n"), VER },
		{ "no minor version but a point", STR("GET / HTTP/1.\r\n\r\n"), VER },
		{ "no number at all", STR("GET / HTTP/\r\n\r\n"), VER },
		{ "a comma for the point", STR("GET / HTTP/1,1\r\n\r\n"), VER },
		{ "a major version of two digits", STR("GET / HTTP/11.1\r\n\r\n"), VER },
		{ "a minor version of two digits", STR("GET / HTTP/1.10\r\n\r\n"),
		  "400 more behind the HTTP version" },
		{ "a sign in the version", STR("GET / HTTP/+1.1\r\n\r\n"), VER },
		{ "a space behind the version", STR("GET / HTTP/1.1 \r\n\r\n"),
		  "400 more behind the HTTP version" },
		{ "a tab behind the version", STR("GET / HTTP/1.1\t\r\n\r\n"),
		  "400 more behind the HTTP version" },
		{ "NUL behind the version", STR("GET / HTTP/1.1\0\r\n\r\n"),
		  "400 more behind the HTTP version" },
		{ "a version behind an LF", STR("GET /\nHTTP/1.1\r\n\r\n"), LF },
		{ "the preface of HTTP/2 (RFC 9113 section 3.4)",
		  STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
		  "505 HTTP of another major version than 1" },
		{ "HTTP/0.9 with its version", STR("GET / HTTP/0.9\r\n\r\n"),
		  "505 HTTP of another major version than 1" },
		{ "HTTP/3.0", STR("GET / HTTP/3.0\r\n\r\n"),
		  "505 HTTP of another major version than 1" },
		{ "a status line for a request", STR("HTTP/1.1 200 OK\r\n\r\n"), METH },
	};

	CHECK(rows);
}

Test(head, takes_field_lines)
{
	static const struct row rows[] = {
		{ "a field (RFC 9112 section 5)", STR(GET "Host: a\r\n\r\n"),
		  "GET / 1.1 [Host=a] @27" },
		{ "fields in their order", STR(GET "B: 1\r\nA: 2\r\nB: 3\r\n\r\n"),
		  "GET / 1.1 [B=1] [A=2] [B=3] @36" },
		{ "no space behind the colon", STR(GET "A:b\r\n\r\n"), "GET / 1.1 [A=b] @23" },
		{ "spaces and tabs around the value (RFC 9112 section 5.1)",
		  STR(GET "A: \t b \t \r\n\r\n"), "GET / 1.1 [A=b] @29" },
		{ "spaces and tabs in the value (RFC 9110 section 5.5)",
		  STR(GET "A: b \t c\r\n\r\n"), "GET / 1.1 [A=b \t c] @28" },
		{ "two tabs in a row in the value", STR(GET "A: b\t\tc\r\n\r\n"),
		  "GET / 1.1 [A=b\t\tc] @27" },
		{ "an empty value", STR(GET "A:\r\n\r\n"), "GET / 1.1 [A=] @22" },
		{ "a value of white space only", STR(GET "A: \t \r\n\r\n"), "GET / 1.1 [A=] @25" },
		{ "a colon in the value", STR(GET "A: b:c\r\n\r\n"), "GET / 1.1 [A=b:c] @26" },
		{ "a colon first in the value", STR(GET "A::b\r\n\r\n"), "GET / 1.1 [A=:b] @24" },
		{ "bytes above ASCII in the value (obs-text, RFC 9110 section 5.5)",
		  STR(GET "A: \x80\xff\r\n\r\n"), "GET / 1.1 [A=\x80\xff] @25" },
		{ "a name of one letter", STR(GET "x:1\r\n\r\n"), "GET / 1.1 [x=1] @23" },
		{ "a name with an underscore", STR(GET "a_b: c\r\n\r\n"), "GET / 1.1 [a_b=c] @26" },
		{ "a name with every kind of tchar (RFC 9110 section 5.6.2)",
		  STR(GET "!#$%&'*+-.^_`|~09AZaz: b\r\n\r\n"),
		  "GET / 1.1 [!#$%&'*+-.^_`|~09AZaz=b] @44" },
		{ "a value that fills one vector", STR(GET "A:" A15 "6\r\n\r\n"),
		  "GET / 1.1 [A=" A15 "6] @38" },
		{ "a value that fills a vector with its CR", STR(GET "A:" A15 "\r\n\r\n"),
		  "GET / 1.1 [A=" A15 "] @37" },
		{ "a value of two vectors and more", STR(GET "A:" A15 A15 "12345\r\n\r\n"),
		  "GET / 1.1 [A=" A15 A15 "12345] @57" },
		{ "a tab at a vector's end", STR(GET "A:" A15 "\tb\r\n\r\n"),
		  "GET / 1.1 [A=" A15 "\tb] @39" },
		{ "all visible bytes in a value",
		  STR(GET "A: !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\r\n\r\n"),
		  "GET / 1.1 [A=!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~] @55" },
	};

	CHECK(rows);
}

Test(head, refuses_field_lines)
{
	static const struct row rows[] = {
		{ "a space before the colon (RFC 9112 section 5.1)", STR(GET "Host : a\r\n\r\n"),
		  COLON },
		{ "a tab before the colon", STR(GET "Host\t: a\r\n\r\n"), COLON },
		{ "a space in the name", STR(GET "Ho st: a\r\n\r\n"), COLON },
		{ "a folded line (RFC 9112 section 5.2)", STR(GET "A: b\r\n c\r\n\r\n"),
		  "400 folded field line (obs-fold)" },
		{ "a line folded with a tab", STR(GET "A: b\r\n\tc\r\n\r\n"),
		  "400 folded field line (obs-fold)" },
		{ "a folded empty line", STR(GET "A: b\r\n \r\n\r\n"),
		  "400 folded field line (obs-fold)" },
		{ "white space before the first field (RFC 9112 section 2.2)",
		  STR(GET " A: b\r\n\r\n"), "400 white space before the first field" },
		{ "no name", STR(GET ": a\r\n\r\n"), "400 field line without a name" },
		{ "no colon", STR(GET "Host\r\n\r\n"), "400 field line without a colon" },
		{ "no colon and LF", STR(GET "Host\n\r\n"), LF },
		{ "LF behind a value (RFC 9112 section 2.2)", STR(GET "A: b\n\r\n"), LF },
		{ "LF behind an empty value", STR(GET "A:\n\r\n"), LF },
		{ "LF behind the head", STR(GET "A: b\r\n\n"), LF },
		{ "LF for the whole head", STR(GET "\n"), LF },
		{ "CR in a value", STR(GET "A: b\rc\r\n\r\n"), CR },
		{ "two CR behind a value", STR(GET "A: b\r\r\n\r\n"), CR },
		{ "CR first in a value", STR(GET "A: \rb\r\n\r\n"), CR },
		{ "CR at the end, then no LF", STR(GET "A: b\r\n\rX"), CR },
		{ "CR in a name", STR(GET "A\rB: c\r\n\r\n"), "400 field line without a colon" },
		{ "NUL in a value (RFC 9110 section 5.5)", STR(GET "A: b\0c\r\n\r\n"), NUL },
		{ "NUL first in a value", STR(GET "A: \0\r\n\r\n"), NUL },
		{ "NUL in a name", STR(GET "A\0B: c\r\n\r\n"), NUL },
		{ "NUL first in a line", STR(GET "\0A: c\r\n\r\n"), NUL },
		{ "a control in a value", STR(GET "A: b\x01\r\n\r\n"), CTL },
		{ "an escape in a value", STR(GET "A: \x1b[31m\r\n\r\n"), CTL },
		{ "0x1f in a value", STR(GET "A: \x1f\r\n\r\n"), CTL },
		{ "DEL in a value", STR(GET "A: b\x7f\r\n\r\n"), CTL },
		{ "a vertical tab before a value", STR(GET "A:\vb\r\n\r\n"), CTL },
		{ "a control at the last byte of a vector", STR(GET "A:" A15 "\x01\r\n\r\n"), CTL },
		{ "a control behind a vector", STR(GET "A:" A15 "6\x01\r\n\r\n"), CTL },
		{ "a control behind a tab", STR(GET "A:b\t\x01\r\n\r\n"), CTL },
		{ "a control in a name", STR(GET "A\x01: b\r\n\r\n"), FNAME },
		{ "a byte above ASCII in a name", STR(GET "\xc3\xa4: b\r\n\r\n"), FNAME },
		{ "a quote in a name", STR(GET "\"A\": b\r\n\r\n"), FNAME },
		{ "a slash in a name", STR(GET "A/B: b\r\n\r\n"), FNAME },
		{ "brackets around a name", STR(GET "(A): b\r\n\r\n"), FNAME },
		{ "a body without an empty line", STR(GET "A: b\r\n{}"), FNAME },
	};

	CHECK(rows);
}

/* A visible byte and no other may be in a value, a tab and a space included; two bytes of context. */
Test(head, takes_the_right_bytes)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		char value[] = GET "A: b_c\r\n\r\n", target[] = "GET /_ HTTP/1.1\r\n\r\n";
		bool is_value = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
		bool is_target = byte > 0x20 && byte != 0x7f;
		char memory[256];

		*strchr(value, '_') = (char)byte;
		*strchr(target, '_') = (char)byte;
		cr_expect(is_value == str_starts_with(describe(str_make(value, sizeof value - 1),
		                                               &wide, memory, sizeof memory),
		                                      STR_OF("GET")),
		          "0x%02x in a value", byte);
		cr_expect(is_target == str_starts_with(describe(str_make(target, sizeof target - 1),
		                                                &wide, memory, sizeof memory),
		                                       STR_OF("GET")),
		          "0x%02x in a target", byte);
	}
}

Test(head, keeps_its_limits)
{
	static const struct {
		const char *name;
		struct head_limits limits; /* line, total, fields */
		const char *data, *expected;
	} rows[] = {
		{ "a request line of exactly the limit (RFC 9112 section 3)",
		  { 14, 99, 9 },
		  GET "\r\n",
		  "GET / 1.1 @18" },
		{ "a request line one byte too long",
		  { 13, 99, 9 },
		  GET "\r\n",
		  "414 request line too long" },
		{ "a target that is too long, its line without an end",
		  { 13, 99, 9 },
		  "GET /abcdefghij",
		  "414 request line too long" },
		{ "a method that is too long",
		  { 13, 99, 9 },
		  "ABCDEFGHIJKLMNOPQ",
		  "414 request line too long" },
		{ "a target that ends at the limit",
		  { 13, 99, 9 },
		  "GET /abcdefgh HTTP/1.1\r\n\r\n",
		  "414 request line too long" },
		{ "a version cut by the limit",
		  { 16, 99, 9 },
		  "GET /abcd HTTP/1.1\r\n\r\n",
		  "414 request line too long" },
		{ "a fault before the limit comes first",
		  { 13, 99, 9 },
		  "GET /\x01"
		  "bcdefghijk",
		  "400 control character in the request line" },
		{ "a fault behind the limit comes too late",
		  { 13, 99, 9 },
		  "GET /abcdefghijkl\x01",
		  "414 request line too long" },
		{ "empty lines do not count for the line",
		  { 14, 99, 9 },
		  "\r\n\r\n" GET "\r\n",
		  "GET / 1.1 @22" },
		{ "a field line of exactly the limit (RFC 6585 section 5)",
		  { 14, 99, 9 },
		  GET "Abc: 123456789\r\n\r\n",
		  "GET / 1.1 [Abc=123456789] @34" },
		{ "a field line one byte too long",
		  { 14, 99, 9 },
		  GET "Abc: 1234567890\r\n\r\n",
		  "431 field line too long" },
		{ "one that is too long by its spaces",
		  { 14, 99, 9 },
		  GET "Abc: 123456789 \r\n\r\n",
		  "431 field line too long" },
		{ "a value that is too long, its line without an end",
		  { 14, 99, 9 },
		  GET "Abc: 1234567890",
		  "431 field line too long" },
		{ "a name that is too long",
		  { 14, 99, 9 },
		  GET "Abcdefghijklmno",
		  "431 field line too long" },
		{ "a colon at the limit",
		  { 14, 99, 9 },
		  GET "Abcdefghijklmn: 1\r\n\r\n",
		  "431 field line too long" },
		{ "white space up to the limit",
		  { 14, 99, 9 },
		  GET "A:              b\r\n\r\n",
		  "431 field line too long" },
		{ "tabs in a value up to the limit",
		  { 14, 99, 9 },
		  GET "A: b\tc\td\te\tf\tg\th\r\n\r\n",
		  "431 field line too long" },
		{ "a field line at its limit that ends in LF",
		  { 14, 99, 9 },
		  GET "Abc: 123456789\n\r\n",
		  LF },
		{ "as many field lines as are allowed",
		  { 99, 99, 2 },
		  GET "A:1\r\nB:2\r\n\r\n",
		  "GET / 1.1 [A=1] [B=2] @28" },
		{ "one field line too many",
		  { 99, 99, 2 },
		  GET "A:1\r\nB:2\r\nC:3\r\n\r\n",
		  "431 too many field lines" },
		{ "no field lines allowed and none sent",
		  { 99, 99, 0 },
		  GET "\r\n",
		  "GET / 1.1 @18" },
		{ "no field lines allowed and one sent",
		  { 99, 99, 0 },
		  GET "A",
		  "431 too many field lines" },
		{ "a folded line for one too many",
		  { 99, 99, 1 },
		  GET "A:1\r\n 2\r\n\r\n",
		  "431 too many field lines" },
		{ "a head of exactly the limit",
		  { 99, 27, 9 },
		  GET "Host: a\r\n\r\n",
		  "GET / 1.1 [Host=a] @27" },
		{ "a head of exactly the limit with bytes behind it",
		  { 99, 27, 9 },
		  GET "Host: a\r\n\r\nGET",
		  "GET / 1.1 [Host=a] @27" },
		{ "a head one byte too large",
		  { 99, 26, 9 },
		  GET "Host: a\r\n\r\n",
		  "431 request head too large" },
		{ "a head that fills the limit without an end",
		  { 99, 27, 9 },
		  GET "Host: abcdefg",
		  "431 request head too large" },
		{ "a request line that uses the whole limit up",
		  { 99, 12, 9 },
		  GET "\r\n",
		  "414 request line too long" },
		{ "a fault behind the limit of the head",
		  { 99, 24, 9 },
		  GET "Host: abc\x01",
		  "431 request head too large" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char memory[256];
		struct str data = str_from(rows[i].data), expected = str_from(rows[i].expected);
		struct str got = describe(data, &rows[i].limits, memory, sizeof memory);

		cr_expect(str_eq(got, expected), "%s: got %.*s", rows[i].name, STR_ARG(got));
		check_prefixes(rows[i].name, data, &rows[i].limits, expected);
	}
}

Test(head, never_writes_past_the_callers_fields)
{
	struct field fields[3] = { [2] = { .id = FIELD_TE } };
	struct head head = { .fields = fields, .field_cap = 2 };
	struct refusal refusal;
	enum parse parse =
	        head_parse(STR_OF(GET "A:1\r\nB:2\r\nC:3\r\n\r\n"), &wide, &head, &refusal);

	cr_expect(parse == PARSE_BAD && refusal.status == 431);
	cr_expect(fields[2].id == FIELD_TE && fields[2].name.ptr == NULL);
}
