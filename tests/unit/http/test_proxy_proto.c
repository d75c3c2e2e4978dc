#include "http/proxy_proto.h"

#include "base/buf.h"
#include "guard.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* "4 1.2.3.4:5 6.7.8.9:10 @size", "local @size", "unix @size", "partial" or "bad 400". */
static struct str describe(struct str data, char *memory, size_t room)
{
	struct buf out = buf_fixed(memory, room);
	struct str in = guard_copy(data);
	struct refusal refusal = { 0 };
	struct proxy_proto p;
	enum parse parse = proxy_proto_parse(in, &p, &refusal);
	char source[64], destination[64];

	guard_free(in);
	if (parse == PARSE_PARTIAL) {
		buf_text(&out, "partial");
	} else if (parse == PARSE_BAD) {
		buf_format(&out, "bad %u", refusal.status);
	} else if (p.is_local || p.family == 0) {
		buf_format(&out, "%s @%zu", p.is_local ? "local" : "unix", p.size);
	} else {
		int family = p.family == 4 ? AF_INET : AF_INET6;

		inet_ntop(family, p.source, source, sizeof source);
		inet_ntop(family, p.destination, destination, sizeof destination);
		buf_format(&out, "%u %s:%u %s:%u @%zu", p.family, source, p.source_port,
		           destination, p.destination_port, p.size);
	}
	return buf_str(&out);
}

#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define V4                 \
	"\xc0\x00\x02\x01" \
	"\xc0\x00\x02\x02" \
	"\xdc\x04"         \
	"\x01\xbb"
#define A16 "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0"
#define V6                    \
	A16 "\x01" A16 "\x02" \
	    "\xdc\x04"        \
	    "\x01\xbb"
#define U36  "/tmp/socket\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define U108 U36 U36 U36
#define BAD  "bad 400"

/* 107 bytes with the CRLF: the longest line that version 1 allows (section 2.1). */
#define LONGEST                                                  \
	"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff " \
	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"

static const struct {
	const char *name;
	struct str data;
	const char *expected;
} rows[] = {
	{ "version 1 over IPv4 (section 2.1)", STR("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"),
	  "4 192.0.2.1:56324 192.0.2.2:443 @42" },
	{ "version 1 and a request behind it",
	  STR("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\nGET / HTTP/1.1\r\n"),
	  "4 192.0.2.1:56324 192.0.2.2:443 @42" },
	{ "version 1 over IPv6 (section 2.1)",
	  STR("PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n"),
	  "6 2001:db8::1:56324 2001:db8::2:443 @46" },
	{ "version 1 with IPv6 in full",
	  STR("PROXY TCP6 ffff:f:f:f:f:f:f:ffff ffff:f:f:f:f:f:f:fffe 65535 0\r\n"),
	  "6 ffff:f:f:f:f:f:f:ffff:65535 ffff:f:f:f:f:f:f:fffe:0 @64" },
	{ "version 1 with IPv4 mapped into IPv6", STR("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"),
	  "6 ::ffff:192.0.2.1:1 ::1:2 @37" },
	{ "version 1 of unknown protocol, alone (section 2.1)", STR("PROXY UNKNOWN\r\n"),
	  "local @15" },
	{ "version 1 of unknown protocol, the rest is ignored (section 2.1)",
	  STR("PROXY UNKNOWN what ever\r\n"), "local @25" },
	{ "version 1 of the greatest length (section 2.1)", STR(LONGEST), "local @107" },
	{ "version 1 with the least ports", STR("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n"),
	  "4 0.0.0.0:0 255.255.255.255:65535 @44" },
	{ "nothing yet", STR(""), "partial" },
	{ "a line without its end", STR("PROXY TCP4 192.0.2.1 192.0.2.2 5632"), "partial" },
	{ "a line without its LF", STR("PROXY UNKNOWN\r"), "partial" },
	{ "a line too long",
	  STR("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655355\r\n"),
	  BAD },
	{ "a line ended in LF alone", STR("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\n"), BAD },
	{ "a line of LF at once", STR("PROXY \n"), BAD },
	{ "a line with nothing in it", STR("PROXY \r\n"), BAD },
	{ "a request without the header", STR("GET / HTTP/1.1\r\n"), BAD },
	{ "a TLS hello without the header", STR("\x16\x03\x01\x02"), BAD },
	{ "the word in lower case", STR("proxy TCP4 1.1.1.1 1.1.1.1 1 1\r\n"), BAD },
	{ "the word with a tab", STR("PROXY\tTCP4 1.1.1.1 1.1.1.1 1 1\r\n"), BAD },
	{ "another method that begins alike", STR("PROPFIND / HTTP/1.1\r\n"), BAD },
	{ "empty lines before a request", STR("\r\n\r\nGET /"), BAD },
	{ "another protocol", STR("PROXY UDP4 1.1.1.1 1.1.1.1 1 1\r\n"), BAD },
	{ "a protocol that begins like unknown", STR("PROXY UNKNOWNS\r\n"), BAD },
	{ "a protocol in lower case", STR("PROXY tcp4 1.1.1.1 1.1.1.1 1 1\r\n"), BAD },
	{ "two spaces between the fields", STR("PROXY TCP4  1.1.1.1 1.1.1.1 1 1\r\n"), BAD },
	{ "a space at the end", STR("PROXY TCP4 1.1.1.1 1.1.1.1 1 1 \r\n"), BAD },
	{ "a field too many", STR("PROXY TCP4 1.1.1.1 1.1.1.1 1 1 1\r\n"), BAD },
	{ "a field too few", STR("PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n"), BAD },
	{ "no fields", STR("PROXY TCP4\r\n"), BAD },
	{ "an address of three numbers", STR("PROXY TCP4 1.1.1 1.1.1.1 1 1\r\n"), BAD },
	{ "an address with a number over 255", STR("PROXY TCP4 1.1.1.256 1.1.1.1 1 1\r\n"), BAD },
	{ "an address with a leading zero", STR("PROXY TCP4 1.1.1.01 1.1.1.1 1 1\r\n"), BAD },
	{ "an address of the other family", STR("PROXY TCP4 ::1 ::1 1 1\r\n"), BAD },
	{ "an IPv4 address as IPv6", STR("PROXY TCP6 1.1.1.1 1.1.1.1 1 1\r\n"), BAD },
	{ "an IPv6 address with a zone", STR("PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n"), BAD },
	{ "an IPv6 address in brackets", STR("PROXY TCP6 [::1] [::1] 1 1\r\n"), BAD },
	{ "a NUL behind an address", STR("PROXY TCP4 1.1.1.1\0 1.1.1.1 1 1\r\n"), BAD },
	{ "an address longer than any",
	  STR("PROXY TCP6 11111111111111111111111111111111111111111111111111 ::1 1 1\r\n"), BAD },
	{ "a port over 65535", STR("PROXY TCP4 1.1.1.1 1.1.1.1 65536 1\r\n"), BAD },
	{ "a port with a leading zero (section 2.1)", STR("PROXY TCP4 1.1.1.1 1.1.1.1 01 1\r\n"),
	  BAD },
	{ "a port with a sign", STR("PROXY TCP4 1.1.1.1 1.1.1.1 +1 1\r\n"), BAD },
	{ "a port of nothing", STR("PROXY TCP4 1.1.1.1 1.1.1.1 1 \r\n"), BAD },
	{ "version 2 over IPv4 (section 2.2)", STR(SIG "\x21\x11\x00\x0c" V4),
	  "4 192.0.2.1:56324 192.0.2.2:443 @28" },
	{ "version 2 and a request behind it", STR(SIG "\x21\x11\x00\x0c" V4 "GET /"),
	  "4 192.0.2.1:56324 192.0.2.2:443 @28" },
	{ "version 2 over IPv6 (section 2.2)", STR(SIG "\x21\x21\x00\x24" V6),
	  "6 2001:db8::1:56324 2001:db8::2:443 @52" },
	{ "version 2 over a Unix socket (section 2.2)", STR(SIG "\x21\x31\x00\xd8" U108 U108),
	  "unix @232" },
	{ "version 2 with TLVs, which are passed over (section 2.2)",
	  STR(SIG "\x21\x11\x00\x16" V4 "\x02\x00\x03"
	          "abc"
	          "\x04\x00\x01\x00"),
	  "4 192.0.2.1:56324 192.0.2.2:443 @38" },
	{ "version 2 of the proxy itself: a health check (section 2.2)",
	  STR(SIG "\x20\x00\x00\x00"), "local @16" },
	{ "version 2 of the proxy itself: its addresses are ignored (section 2.2)",
	  STR(SIG "\x20\x11\x00\x0c" V4), "local @28" },
	{ "version 2 of the proxy itself: its family is ignored (section 2.2)",
	  STR(SIG "\x20\xff\x00\x01"
	          "x"),
	  "local @17" },
	{ "version 2 of no family is as unknown (section 2.2)",
	  STR(SIG "\x21\x00\x00\x02"
	          "xy"),
	  "local @18" },
	{ "version 1 in the binary form", STR(SIG "\x11\x11\x00\x0c" V4), BAD },
	{ "version 3", STR(SIG "\x31\x11\x00\x0c" V4), BAD },
	{ "an unknown command (section 2.2)", STR(SIG "\x22\x11\x00\x0c" V4), BAD },
	{ "an unknown family (section 2.2)", STR(SIG "\x21\x41\x00\x0c" V4), BAD },
	{ "an unknown transport (section 2.2)", STR(SIG "\x21\x13\x00\x0c" V4), BAD },
	{ "UDP, which can't be what this connection is", STR(SIG "\x21\x12\x00\x0c" V4), BAD },
	{ "IPv4 with too few bytes", STR(SIG "\x21\x11\x00\x0b" V4), BAD },
	{ "IPv6 with the bytes of IPv4", STR(SIG "\x21\x21\x00\x0c" V4), BAD },
	{ "a Unix socket without its paths", STR(SIG "\x21\x31\x00\x00"), BAD },
	{ "a length over what we take", STR(SIG "\x21\x11\x0f\xf1" V4), BAD },
	{ "the greatest length that we take, not yet here", STR(SIG "\x21\x11\x0f\xf0" V4),
	  "partial" },
	{ "a signature with a wrong last byte", STR("\r\n\r\n\0\r\nQUIT\r\x21\x11"), BAD },
};

Test(proxy_proto, gives_one_verdict_at_every_split_point)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char memory[256];
		struct str got = describe(rows[i].data, memory, sizeof memory);
		bool is_decided = false;

		cr_expect(str_eq(got, str_from(rows[i].expected)), "%s: got %.*s", rows[i].name,
		          STR_ARG(got));
		for (size_t len = 0; len < rows[i].data.len; len++) {
			got = describe(str_head(rows[i].data, len), memory, sizeof memory);
			if (!is_decided && str_eq(got, STR_OF("partial")))
				continue;
			is_decided = true;
			cr_expect(str_eq(got, str_from(rows[i].expected)),
			          "%s: cut at %zu, got %.*s", rows[i].name, len, STR_ARG(got));
		}
	}
}

/* A header counts as whole with its last byte, not before. */
Test(proxy_proto, waits_for_the_last_byte)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str data = rows[i].data;
		struct refusal refusal;
		struct proxy_proto p;

		if (proxy_proto_parse(data, &p, &refusal) != PARSE_COMPLETE)
			continue;
		cr_expect(proxy_proto_parse(str_head(data, p.size - 1), &p, &refusal) ==
		                  PARSE_PARTIAL,
		          "%s", rows[i].name);
	}
}
