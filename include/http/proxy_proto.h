#ifndef HTTP_PROXY_PROTO_H
#define HTTP_PROXY_PROTO_H

#include "base/str.h"
#include "http/refusal.h"

/* What a PROXY protocol header (versions 1 and 2) says about the connection. */
struct proxy_proto {
	bool is_local; /* LOCAL or UNKNOWN: the proxy speaks for itself (health checks); no addresses */
	unsigned family;                     /* 4, 6; 0: none or a Unix socket */
	uint8_t source[16], destination[16]; /* network order; 4 or 16 bytes of them */
	uint16_t source_port, destination_port;
	size_t size; /* bytes of the header, TLVs included */
};

enum { PROXY_PROTO_MAX = 4096 };

/*
 * Parses it at the start of data. PARSE_BAD: 400. TLVs of version 2 are passed over, its CRC32C is
 * not checked.
 */
enum parse proxy_proto_parse(struct str data, struct proxy_proto *out, struct refusal *refusal);

#endif
