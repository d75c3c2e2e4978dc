#ifndef BASE_CIDR_H
#define BASE_CIDR_H

#include "base/buf.h"

/*
 * Ranges of addresses: "192.0.2.0/24", "2001:db8::/32", one address, or every Unix socket. An IPv4-mapped
 * IPv6 address or range is the IPv4 one it stands for (RFC 4291 section 2.5.5.2), so that each client
 * has one form only.
 */
struct cidr {
	uint8_t bytes[16]; /* network order, zeros behind the prefix; IPv4 uses the first four */
	uint8_t bits;
	uint8_t family; /* AF_INET, AF_INET6, AF_UNIX; AF_UNSPEC: every address */
};

/* ADDR, ADDR/BITS or "unix:". False where the text is none. *is_exact: no bit was set behind the prefix. */
bool cidr_parse(struct str text, struct cidr *out, bool *is_exact);

/* A client's address as proxies write it: ADDR, ADDR:PORT or [ADDR]:PORT; *port is 0 where there is none. */
bool cidr_parse_host(struct str text, struct cidr *out, uint16_t *port);

/* Whether the address is in the range. AF_UNSPEC as its family: only in the range of every address. */
bool cidr_contains(const struct cidr *range, unsigned family, const uint8_t *bytes);

/* As cidr_parse() reads it back; "all" for AF_UNSPEC. */
void cidr_print(const struct cidr *range, struct buf *out);

#endif
