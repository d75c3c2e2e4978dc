#include "http/host.h"

#include "base/buf.h"
#include "guard.h"
#include "heads.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define BAD "bad"

/* "name:port", or "bad". */
static struct str describe(struct str authority, char *memory, size_t room)
{
	struct buf out = buf_fixed(memory, room);
	struct str copy = guard_copy(authority);
	struct host host;

	if (host_parse(copy, &host))
		buf_format(&out, "%.*s:%u", STR_ARG(host.name), (unsigned)host.port);
	else
		buf_text(&out, BAD);
	guard_free(copy);
	return buf_str(&out);
}

Test(host, parses_authorities)
{
	static const struct {
		const char *name, *authority, *expected;
	} rows[] = {
		{ "a name (RFC 9110 section 7.2)", "example.com", "example.com:0" },
		{ "a name and a port", "example.com:8080", "example.com:8080" },
		{ "an empty Host (RFC 9112 section 3.2)", "", ":0" },
		{ "its case is kept", "Example.COM", "Example.COM:0" },
		{ "an empty port (RFC 3986 section 3.2.3)", "a:", "a:0" },
		{ "a port with zeros before it", "a:00080", "a:80" },
		{ "the largest port", "a:65535", "a:65535" },
		{ "a port too large", "a:65536", BAD },
		{ "a port that would wrap", "a:65616", BAD },
		{ "a port of many digits", "a:4294967376", BAD },
		{ "port 0", "a:0", BAD },
		{ "a name for the port", "a:http", BAD },
		{ "a sign before the port", "a:+80", BAD },
		{ "a minus before the port", "a:-1", BAD },
		{ "a space before the port", "a: 80", BAD },
		{ "two ports", "a:80:80", BAD },
		{ "a port alone", ":80", BAD },
		{ "a colon alone", ":", BAD },
		{ "a final dot is dropped", "example.com.", "example.com:0" },
		{ "a final dot before the port", "example.com.:80", "example.com:80" },
		{ "a dot alone", ".", BAD },
		{ "a dot and a port", ".:80", BAD },
		{ "two dots", "a..b", BAD },
		{ "two dots alone", "..", BAD },
		{ "two final dots", "a..", BAD },
		{ "an IPv4 address (RFC 3986 section 3.2.2)", "127.0.0.1:80", "127.0.0.1:80" },
		{ "an IPv6 address (RFC 3986 section 3.2.2)", "[::1]", "[::1]:0" },
		{ "an IPv6 address and a port", "[2001:db8::1]:8080", "[2001:db8::1]:8080" },
		{ "an IPv6 address with an IPv4 tail", "[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]:0" },
		{ "the longest IPv6 address", "[1111:2222:3333:4444:5555:6666:255.255.255.255]",
		  "[1111:2222:3333:4444:5555:6666:255.255.255.255]:0" },
		{ "an IPv6 address and an empty port", "[::1]:", "[::1]:0" },
		{ "an IPv6 address without its bracket", "[::1", BAD },
		{ "an IPv6 address without brackets", "::1", BAD },
		{ "a bracket alone", "[", BAD },
		{ "empty brackets", "[]", BAD },
		{ "a name in brackets", "[example.com]", BAD },
		{ "an IPv4 address in brackets", "[127.0.0.1]", BAD },
		{ "text behind the brackets", "[::1]a", BAD },
		{ "text before the brackets", "a[::1]", BAD },
		{ "a zone (RFC 6874)", "[fe80::1%25eth0]", BAD },
		{ "an IPvFuture address", "[v1.a]", BAD },
		{ "nine groups", "[1:2:3:4:5:6:7:8:9]", BAD },
		{ "an address one byte longer than any",
		  "[1111:2222:3333:4444:5555:6666:255.255.255.255:]", BAD },
		{ "an address much longer than any",
		  "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa]", BAD },
		{ "every sub-delim and unreserved byte (RFC 3986 section 2)",
		  "aZ09-._~!$&'()*+,;=", "aZ09-._~!$&'()*+,;=:0" },
		{ "an escape (RFC 3986 section 2.1)", "a%c3%a4", "a%c3%a4:0" },
		{ "an escape cut short", "a%c", BAD },
		{ "a percent sign at the end", "a%", BAD },
		{ "an escape of no digits", "a%zz", BAD },
		{ "an escape whose first byte is no digit", "a%zc", BAD },
		{ "an escape whose second byte is no digit", "a%cz", BAD },
		{ "an escape with a digit 0", "a%0c%c0", "a%0c%c0:0" },
		{ "an underscore, as some names have it", "a_b", "a_b:0" },
		{ "a user's name (RFC 9110 section 4.2.4)", "user@a", BAD },
		{ "a user's name and password", "u:p@a", BAD },
		{ "a slash", "a/b", BAD },
		{ "a backslash", "a\\b", BAD },
		{ "a question mark", "a?b", BAD },
		{ "a fragment", "a#b", BAD },
		{ "a space", "a b", BAD },
		{ "a tab", "a\tb", BAD },
		{ "a quote", "a\"", BAD },
		{ "a byte above ASCII", "\xc3\xa4", BAD },
		{ "a whole URL", "http://a", BAD },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char memory[128];
		struct str got = describe(str_from(rows[i].authority), memory, sizeof memory);

		cr_expect(str_eq(got, str_from(rows[i].expected)), "%s: got %.*s", rows[i].name,
		          STR_ARG(got));
	}
}

Test(host, refuses_a_nul)
{
	char memory[128];
	struct str in_name = STR("a\0b"), at_end = STR("a\0"), in_address = STR("[::1\0]");
	struct str in_port = STR("a:8\0");

	cr_expect(str_eq(describe(in_name, memory, sizeof memory), STR_OF(BAD)));
	cr_expect(str_eq(describe(at_end, memory, sizeof memory), STR_OF(BAD)));
	cr_expect(str_eq(describe(in_address, memory, sizeof memory), STR_OF(BAD)));
	cr_expect(str_eq(describe(in_port, memory, sizeof memory), STR_OF(BAD)));
}

Test(host, decides_between_target_and_field)
{
	static const struct {
		const char *name;
		unsigned minor;
		enum target_form form;
		const char *authority, *lines, *expected;
	} rows[] = {
		{ "Host (RFC 9112 section 3.2)", 1, TARGET_ORIGIN, "", "Host: a:81", "a:81" },
		{ "an empty Host", 1, TARGET_ORIGIN, "", "Host:", ":0" },
		{ "HTTP/1.1 without Host (RFC 9112 section 3.2)", 1, TARGET_ORIGIN, "", "",
		  "400 HTTP/1.1 without a Host field" },
		{ "HTTP/1.0 without Host", 0, TARGET_ORIGIN, "", "", ":0" },
		{ "HTTP/1.0 with Host", 0, TARGET_ORIGIN, "", "Host: a", "a:0" },
		{ "two Host fields (RFC 9112 section 3.2)", 1, TARGET_ORIGIN, "",
		  "Host: a\nHost: b", "400 more than one Host field" },
		{ "the same Host twice", 1, TARGET_ORIGIN, "", "Host: a\nHost: a",
		  "400 more than one Host field" },
		{ "two Host fields in HTTP/1.0", 0, TARGET_ORIGIN, "", "Host: a\nhost: b",
		  "400 more than one Host field" },
		{ "a malformed Host (RFC 9112 section 3.2)", 1, TARGET_ORIGIN, "", "Host: a b",
		  "400 malformed Host field" },
		{ "a malformed Host in HTTP/1.0", 0, TARGET_ORIGIN, "", "Host: a/b",
		  "400 malformed Host field" },
		{ "the target wins (RFC 9112 section 3.2.2)", 1, TARGET_ABSOLUTE, "b:82",
		  "Host: a:81", "b:82" },
		{ "the target without a port does not take Host's", 1, TARGET_ABSOLUTE, "b",
		  "Host: a:81", "b:0" },
		{ "Host must be there all the same", 1, TARGET_ABSOLUTE, "b", "",
		  "400 HTTP/1.1 without a Host field" },
		{ "Host must be well-formed all the same", 1, TARGET_ABSOLUTE, "b", "Host: a b",
		  "400 malformed Host field" },
		{ "a malformed target", 1, TARGET_ABSOLUTE, "b:x", "Host: a",
		  "400 malformed host in the request target" },
		{ "OPTIONS for a server by its URL (RFC 9112 section 3.2.4)", 1, TARGET_ASTERISK,
		  "b", "Host: a", "b:0" },
		{ "OPTIONS *", 1, TARGET_ASTERISK, "", "Host: a", "a:0" },
		{ "CONNECT (RFC 9112 section 3.2.3)", 1, TARGET_AUTHORITY, "b:443", "Host: a",
		  "b:443" },
		{ "CONNECT without a port", 1, TARGET_AUTHORITY, "b:", "Host: a",
		  "400 CONNECT without a port" },
		{ "CONNECT to a malformed host", 1, TARGET_AUTHORITY, "b:x", "Host: a",
		  "400 malformed host in the request target" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct target target = {
			.form = rows[i].form,
			.authority = guard_copy(str_from(rows[i].authority)),
		};
		char memory[128];
		struct buf out = buf_fixed(memory, sizeof memory);
		struct refusal refusal = { 0 };
		struct given_head given;
		struct host host;

		given_head_make(&given, METHOD_GET, rows[i].lines);
		given.head.minor = rows[i].minor;
		if (host_decide(&given.head, &target, &host, &refusal) == PARSE_COMPLETE)
			buf_format(&out, "%.*s:%u", STR_ARG(host.name), (unsigned)host.port);
		else
			buf_format(&out, "%u %s", refusal.status, refusal.reason);
		cr_expect(str_eq(buf_str(&out), str_from(rows[i].expected)), "%s: got %.*s",
		          rows[i].name, STR_ARG(buf_str(&out)));
		given_head_end(&given);
		guard_free(target.authority);
	}
}

Test(host, keeps_the_text_as_sent)
{
	struct host host;

	cr_assert(host_parse(STR_OF("Example.com.:080"), &host));
	cr_expect(str_eq(host.text, STR_OF("Example.com.:080")));
	cr_expect(str_eq(host.name, STR_OF("Example.com")) && host.port == 80);
}
