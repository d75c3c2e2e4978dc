#include "base/cidr.h"

#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <sys/socket.h>

static const struct {
	const char *name, *text;
	const char *printed; /* NULL: refused */
	bool is_exact;
} parse_rows[] = {
	{ "one IPv4 address", "192.0.2.1", "192.0.2.1", true },
	{ "an IPv4 range", "192.0.2.0/24", "192.0.2.0/24", true },
	{ "all of IPv4", "0.0.0.0/0", "0.0.0.0/0", true },
	{ "a range of one address is that address", "192.0.2.1/32", "192.0.2.1", true },
	{ "bits behind the prefix are cleared", "192.0.2.77/25", "192.0.2.0/25", false },
	{ "one IPv6 address", "2001:db8::1", "2001:db8::1", true },
	{ "an IPv6 range", "2001:db8::/32", "2001:db8::/32", true },
	{ "an IPv6 range that ends within a byte", "2001:db8:ff::/41", "2001:db8:80::/41", false },
	{ "all of IPv6", "::/0", "::/0", true },
	{ "a mapped address is IPv4 (RFC 4291 section 2.5.5.2)", "::ffff:192.0.2.1", "192.0.2.1",
	  true },
	{ "a mapped range is IPv4", "::ffff:10.0.0.0/104", "10.0.0.0/8", true },
	{ "a range that holds more than the mapped ones stays IPv6", "::ffff:0:0/95",
	  "::fffe:0:0/95", false },
	{ "every Unix socket", "unix:", "unix:", true },
	{ "nothing", "", NULL, false },
	{ "a name", "localhost", NULL, false },
	{ "an IPv4 prefix of 33 bits", "192.0.2.0/33", NULL, false },
	{ "an IPv6 prefix of 129 bits", "::/129", NULL, false },
	{ "a prefix without a number", "192.0.2.0/", NULL, false },
	{ "a negative prefix", "192.0.2.0/-1", NULL, false },
	{ "two prefixes", "192.0.2.0/8/8", NULL, false },
	{ "a netmask", "192.0.2.0/255.255.255.0", NULL, false },
	{ "three numbers", "192.0.2", NULL, false },
	{ "a leading zero, which some read as octal", "192.0.2.010", NULL, false },
	{ "brackets", "[::1]", NULL, false },
	{ "a port", "192.0.2.1:80", NULL, false },
	{ "a zone", "fe80::1%eth0", NULL, false },
	{ "spaces", " 192.0.2.1", NULL, false },
	{ "a path", "unix:/run/x.sock", NULL, false },
	{ "a text longer than any address", "2001:0db8:0000:0000:0000:0000:0000:0000:0000:00001",
	  NULL, false },
};

Test(cidr, texts_are_ranges)
{
	for (size_t i = 0; i < sizeof parse_rows / sizeof *parse_rows; i++) {
		char memory[64];
		struct buf out = buf_fixed(memory, sizeof memory);
		struct cidr range;
		bool is_exact, good;

		good = cidr_parse(guard_copy(str_from(parse_rows[i].text)), &range, &is_exact);
		cr_expect(eq(int, good, parse_rows[i].printed != NULL), "%s", parse_rows[i].name);
		if (!good || !parse_rows[i].printed)
			continue;
		cidr_print(&range, &out);
		buf_byte(&out, '\0');
		cr_expect(eq(str, memory, (char *)parse_rows[i].printed), "%s", parse_rows[i].name);
		cr_expect(eq(int, is_exact, parse_rows[i].is_exact), "%s", parse_rows[i].name);
	}
}

static const struct {
	const char *name, *text;
	const char *printed; /* NULL: refused */
	unsigned port;
} host_rows[] = {
	{ "a bare IPv4 address", "192.0.2.1", "192.0.2.1", 0 },
	{ "IPv4 with a port", "192.0.2.1:8080", "192.0.2.1", 8080 },
	{ "a bare IPv6 address", "2001:db8::1", "2001:db8::1", 0 },
	{ "IPv6 in brackets", "[2001:db8::1]", "2001:db8::1", 0 },
	{ "IPv6 in brackets with a port", "[2001:db8::1]:65535", "2001:db8::1", 65535 },
	{ "a mapped address", "::ffff:192.0.2.1", "192.0.2.1", 0 },
	{ "nothing", "", NULL, 0 },
	{ "the word for nobody", "unknown", NULL, 0 },
	{ "a port that is too high", "192.0.2.1:65536", NULL, 0 },
	{ "a colon without a port", "192.0.2.1:", NULL, 0 },
	{ "a port of letters", "192.0.2.1:http", NULL, 0 },
	{ "a bracket that is not closed", "[2001:db8::1", NULL, 0 },
	{ "text behind the bracket", "[2001:db8::1]x", NULL, 0 },
	{ "IPv4 in brackets", "[192.0.2.1]", NULL, 0 },
	{ "empty brackets", "[]", NULL, 0 },
	{ "a range", "192.0.2.0/24", NULL, 0 },
};

Test(cidr, hosts_may_have_ports)
{
	for (size_t i = 0; i < sizeof host_rows / sizeof *host_rows; i++) {
		char memory[64];
		struct buf out = buf_fixed(memory, sizeof memory);
		struct cidr host;
		uint16_t port = 1;
		bool good = cidr_parse_host(guard_copy(str_from(host_rows[i].text)), &host, &port);

		cr_expect(eq(int, good, host_rows[i].printed != NULL), "%s", host_rows[i].name);
		if (!good || !host_rows[i].printed)
			continue;
		cidr_print(&host, &out);
		buf_byte(&out, '\0');
		cr_expect(eq(str, memory, (char *)host_rows[i].printed), "%s", host_rows[i].name);
		cr_expect(eq(uint, port, host_rows[i].port), "%s", host_rows[i].name);
	}
}

static const struct {
	const char *name, *range, *address;
	bool is_in;
} in_rows[] = {
	{ "an address is in itself", "192.0.2.1", "192.0.2.1", true },
	{ "and not in its neighbour", "192.0.2.1", "192.0.2.0", false },
	{ "the first of a range", "192.0.2.128/25", "192.0.2.128", true },
	{ "the last of a range", "192.0.2.128/25", "192.0.2.255", true },
	{ "the one before a range", "192.0.2.128/25", "192.0.2.127", false },
	{ "a range of whole bytes", "10.0.0.0/8", "10.255.0.1", true },
	{ "another first byte", "10.0.0.0/8", "11.0.0.1", false },
	{ "a prefix of 31 bits", "192.0.2.2/31", "192.0.2.3", true },
	{ "behind a prefix of 31 bits", "192.0.2.2/31", "192.0.2.4", false },
	{ "all of IPv4 has IPv4", "0.0.0.0/0", "255.1.2.3", true },
	{ "and no IPv6", "0.0.0.0/0", "::1", false },
	{ "all of IPv6 has no IPv4", "::/0", "192.0.2.1", false },
	{ "an IPv6 range", "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "behind an IPv6 range", "2001:db8::/33", "2001:db8:8000::1", false },
	{ "the last bit of IPv6", "2001:db8::/127", "2001:db8::1", true },
	{ "a mapped range holds the IPv4 address", "::ffff:192.0.2.0/120", "192.0.2.9", true },
	{ "a range holds the mapped address", "192.0.2.0/24", "::ffff:192.0.2.9", true },
	{ "Unix sockets are in their own", "unix:", "unix:", true },
	{ "and in no range of addresses", "0.0.0.0/0", "unix:", false },
	{ "no address is a Unix socket", "unix:", "192.0.2.1", false },
};

Test(cidr, ranges_hold_addresses)
{
	static const struct cidr all = { .family = AF_UNSPEC };
	static const uint8_t none[16];

	for (size_t i = 0; i < sizeof in_rows / sizeof *in_rows; i++) {
		struct cidr range, address;
		bool is_exact;

		cr_assert(cidr_parse(str_from(in_rows[i].range), &range, &is_exact), "%s",
		          in_rows[i].name);
		cr_assert(cidr_parse(str_from(in_rows[i].address), &address, &is_exact), "%s",
		          in_rows[i].name);
		cr_expect(eq(int, cidr_contains(&range, address.family, address.bytes),
		             in_rows[i].is_in),
		          "%s", in_rows[i].name);
		cr_expect(cidr_contains(&all, address.family, address.bytes), "%s",
		          in_rows[i].name);
		cr_expect(eq(int, cidr_contains(&range, AF_UNSPEC, none), 0),
		          "nobody is in no range: %s", in_rows[i].name);
	}
	cr_expect(cidr_contains(&all, AF_UNSPEC, none));
}
