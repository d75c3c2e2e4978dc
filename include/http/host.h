#ifndef HTTP_HOST_H
#define HTTP_HOST_H

#include "http/head.h"
#include "http/target.h"

/* What the client thinks it is talking to. */
struct host {
	struct str text; /* as sent: "Example.com:8080" */
	struct str
	        name; /* without port and without a final dot: "Example.com", "[::1]"; empty where Host is empty */
	uint32_t port; /* 0: none given */
};

/*
 * Reads the authority: that of an absolute-form target wins over Host (RFC 9112 section 3.2.2), which
 * must be there and well-formed all the same. 400 for HTTP/1.1 without Host, Host twice, or an authority
 * that is not `uri-host [":" port]` (RFC 9110 section 7.2). PARSE_COMPLETE or PARSE_BAD.
 */
enum parse host_decide(const struct head *head, const struct target *target, struct host *host,
                       struct refusal *refusal);

/* Parses one authority without userinfo: a reg-name of unreserved and sub-delims and %XX, IPv4, [IPv6]. False: malformed. */
bool host_parse(struct str authority, struct host *host);

#endif
