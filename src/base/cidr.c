#include "base/cidr.h"

#include <arpa/inet.h>
#include <sys/socket.h>

static unsigned cidr_width(unsigned family)
{
	return family == AF_INET ? 32 : 128;
}

static bool cidr_parse_address(struct str text, struct cidr *out)
{
	char copy[INET6_ADDRSTRLEN] = "";

	if (text.len == 0 || text.len >= sizeof copy || memchr(text.ptr, '\0', text.len))
		return false;
	memcpy(copy, text.ptr, text.len);
	*out = (struct cidr){ .family = memchr(text.ptr, ':', text.len) ? AF_INET6 : AF_INET };
	out->bits = (uint8_t)cidr_width(out->family);
	return inet_pton(out->family, copy, out->bytes) == 1;
}

static void cidr_unmap(struct cidr *range)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (range->family != AF_INET6 || range->bits < 96 ||
	    memcmp(range->bytes, mapped, sizeof mapped) != 0)
		return;
	memmove(range->bytes, range->bytes + 12, 4);
	memset(range->bytes + 4, 0, 12);
	range->family = AF_INET;
	range->bits = (uint8_t)(range->bits - 96);
}

/* Clears what is behind the prefix. True where nothing was there. */
static bool cidr_mask(struct cidr *range)
{
	bool was_clear = true;

	for (unsigned i = 0; i < sizeof range->bytes; i++) {
		unsigned kept = range->bits > 8 * i ? range->bits - 8 * i : 0;
		uint8_t mask = (uint8_t)(kept >= 8 ? 0xffu : 0xff00u >> kept);

		was_clear &= (range->bytes[i] & ~mask) == 0;
		range->bytes[i] &= mask;
	}
	return was_clear;
}

bool cidr_parse(struct str text, struct cidr *out, bool *is_exact)
{
	struct str rest = text, address = str_cut(&rest, '/');
	uint64_t bits;

	*is_exact = true;
	if (str_eq(text, STR_OF("unix:"))) {
		*out = (struct cidr){ .family = AF_UNIX };
		return true;
	}
	if (!cidr_parse_address(address, out))
		return false;
	if (rest.ptr) {
		if (!str_parse_u64(rest, &bits) || bits > cidr_width(out->family))
			return false;
		out->bits = (uint8_t)bits;
	}
	*is_exact = cidr_mask(out);
	cidr_unmap(out);
	return true;
}

bool cidr_parse_host(struct str text, struct cidr *out, uint16_t *port)
{
	size_t close = str_find(text, ']'), colon = str_find(text, ':');
	struct str host = text, rest = { NULL, 0 };
	uint64_t n = 0;

	if (text.len > 0 && text.ptr[0] == '[') {
		if (close == text.len)
			return false;
		host = str_from_index(str_head(text, close), 1);
		rest = str_from_index(text, close + 1);
		if (!memchr(host.ptr, ':', host.len))
			return false;
	} else if (colon < text.len && str_find_last(text, ':') == colon) {
		host = str_head(text, colon);
		rest = str_from_index(text, colon);
	}
	if (rest.len > 0 &&
	    (rest.ptr[0] != ':' || !str_parse_u64(str_from_index(rest, 1), &n) || n > UINT16_MAX))
		return false;
	*port = (uint16_t)n;
	if (!cidr_parse_address(host, out))
		return false;
	cidr_unmap(out);
	return true;
}

bool cidr_contains(const struct cidr *range, unsigned family, const uint8_t *bytes)
{
	unsigned whole = range->bits / 8, rest = range->bits % 8;

	if (range->family == AF_UNSPEC)
		return true;
	if (range->family != family)
		return false;
	return memcmp(range->bytes, bytes, whole) == 0 &&
	       (rest == 0 || (range->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0);
}

void cidr_print(const struct cidr *range, struct buf *out)
{
	char text[INET6_ADDRSTRLEN];

	if (range->family == AF_UNSPEC)
		buf_text(out, "all");
	else if (range->family == AF_UNIX)
		buf_text(out, "unix:");
	else if (inet_ntop(range->family, range->bytes, text, sizeof text))
		buf_text(out, text);
	if (range->family != AF_UNIX && range->family != AF_UNSPEC &&
	    range->bits < cidr_width(range->family)) {
		buf_byte(out, '/');
		buf_u64(out, range->bits);
	}
}
