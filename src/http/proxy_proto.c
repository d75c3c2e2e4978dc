#include "http/proxy_proto.h"

#include <arpa/inet.h>

/*
 * "The PROXY protocol", versions 1 & 2, https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
 */

enum {
	V1_MAX = 107, /* the longest line of version 1, its CRLF included (section 2.1) */
	V2_FIXED = 16 /* signature, version and command, family, length (section 2.2) */
};

static const struct str v1_start = STR("PROXY ");
static const struct str v2_signature = STR("\r\n\r\n\0\r\nQUIT\n");

/*
 * The text of an address into network order; inet_pton takes no leading zeros and no short forms.
 */
static bool take_address(struct str text, unsigned family, uint8_t out[16])
{
	char copy[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof copy)
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return strlen(copy) == text.len &&
	       inet_pton(family == 4 ? AF_INET : AF_INET6, copy, out) == 1;
}

static bool take_port(struct str text, uint16_t *out)
{
	uint64_t port;

	if (!str_parse_u64(text, &port) || port > 65535 || (text.len > 1 && text.ptr[0] == '0'))
		return false;
	*out = (uint16_t)port;
	return true;
}

/* "TCP4 192.0.2.1 192.0.2.2 56324 443": single spaces and nothing else. */
static bool v1_addresses(struct str line, struct proxy_proto *out)
{
	struct str protocol = str_cut(&line, ' ');
	struct str source, destination, source_port;

	if (str_eq(protocol, STR_OF("TCP4")))
		out->family = 4;
	else if (str_eq(protocol, STR_OF("TCP6")))
		out->family = 6;
	else
		return false;
	source = str_cut(&line, ' ');
	destination = str_cut(&line, ' ');
	source_port = str_cut(&line, ' ');
	return take_address(source, out->family, out->source) &&
	       take_address(destination, out->family, out->destination) &&
	       take_port(source_port, &out->source_port) && take_port(line, &out->destination_port);
}

static enum parse v1_parse(struct str data, struct proxy_proto *out, struct refusal *refusal)
{
	struct str window = str_head(data, V1_MAX);
	size_t end = str_find(window, '\n');
	struct str line;

	if (end == window.len) {
		if (window.len == V1_MAX)
			return refuse(refusal, 400, "too long a PROXY line");
		return PARSE_PARTIAL;
	}
	if (window.ptr[end - 1] != '\r')
		return refuse(refusal, 400, "a PROXY line ended in LF alone");
	out->size = end + 1;
	line = str_from_index(str_head(window, end - 1), v1_start.len);
	if (str_eq(line, STR_OF("UNKNOWN")) || str_starts_with(line, STR_OF("UNKNOWN "))) {
		out->is_local = true;
		return PARSE_COMPLETE;
	}
	if (!v1_addresses(line, out))
		return refuse(refusal, 400, "a malformed PROXY line");
	return PARSE_COMPLETE;
}

/* The address blocks of version 2: both addresses, then both ports where there are any. */
struct v2_block {
	unsigned char code; /* family in the high half, transport in the low */
	unsigned family;
	size_t address_size;
	size_t size;
};

static const struct v2_block v2_blocks[] = {
	{ 0x00, 0, 0, 0 },   /* unspecified */
	{ 0x11, 4, 4, 12 },  /* TCP over IPv4 */
	{ 0x21, 6, 16, 36 }, /* TCP over IPv6 */
	{ 0x31, 0, 0, 216 }, /* a Unix stream socket */
};

static const struct v2_block *v2_block_find(unsigned char code)
{
	for (size_t i = 0; i < sizeof v2_blocks / sizeof *v2_blocks; i++) {
		if (v2_blocks[i].code == code)
			return &v2_blocks[i];
	}
	return NULL;
}

static uint16_t big_endian(const char *at)
{
	return (uint16_t)((unsigned char)at[0] << 8 | (unsigned char)at[1]);
}

static enum parse v2_addresses(struct str block, const struct v2_block *row,
                               struct proxy_proto *out, struct refusal *refusal)
{
	size_t n = row->address_size;

	if (block.len < row->size)
		return refuse(refusal, 400, "a PROXY header too short for its addresses");
	out->family = row->family;
	out->is_local = row->code == 0;
	if (n == 0)
		return PARSE_COMPLETE;
	memcpy(out->source, block.ptr, n);
	memcpy(out->destination, block.ptr + n, n);
	out->source_port = big_endian(block.ptr + 2 * n);
	out->destination_port = big_endian(block.ptr + 2 * n + 2);
	return PARSE_COMPLETE;
}

/*
 *      0            12        13        14      16          16 + length
 *      | signature  | 2 | cmd | fam | t | length | addresses, TLVs |
 */
static enum parse v2_parse(struct str data, struct proxy_proto *out, struct refusal *refusal)
{
	size_t have = data.len;
	const struct v2_block *row;
	bool is_local;

	if (have > 12 && (unsigned char)data.ptr[12] >> 1 != 0x20 >> 1)
		return refuse(refusal, 400, "an unknown version or command in a PROXY header");
	if (have < V2_FIXED)
		return PARSE_PARTIAL;
	is_local = data.ptr[12] == 0x20;
	out->size = V2_FIXED + (size_t)big_endian(data.ptr + 14);
	row = v2_block_find((unsigned char)data.ptr[13]);
	if (!row && !is_local)
		return refuse(refusal, 400, "an address family a PROXY header can't have here");
	if (out->size > PROXY_PROTO_MAX)
		return refuse(refusal, 400, "too long a PROXY header");
	if (have < out->size)
		return PARSE_PARTIAL;
	if (is_local) { /* its addresses are to be ignored */
		out->is_local = true;
		return PARSE_COMPLETE;
	}
	return v2_addresses(str_head(str_from_index(data, V2_FIXED), out->size - V2_FIXED), row,
	                    out, refusal);
}

enum parse proxy_proto_parse(struct str data, struct proxy_proto *out, struct refusal *refusal)
{
	*out = (struct proxy_proto){ 0 };
	if (str_starts_with(data, v1_start))
		return v1_parse(data, out, refusal);
	if (str_starts_with(data, v2_signature))
		return v2_parse(data, out, refusal);
	if (str_starts_with(v1_start, data) || str_starts_with(v2_signature, data))
		return PARSE_PARTIAL;
	return refuse(refusal, 400, "no PROXY header where the listener wants one");
}
