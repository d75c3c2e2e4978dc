#ifndef HTTP_CGI_HEAD_H
#define HTTP_CGI_HEAD_H

#include "base/str.h"
#include "http/head.h"
#include "http/refusal.h"

/* The four kinds of response of RFC 3875 section 6.2. */
enum cgi_kind {
	CGI_DOCUMENT,
	CGI_LOCAL_REDIRECT,
	CGI_CLIENT_REDIRECT,
	CGI_CLIENT_REDIRECT_DOCUMENT
};

/* A program's header block, parsed. */
struct cgi_head {
	enum cgi_kind kind;
	unsigned status;   /* from Status; 200 without it, 302 for a client redirect without it */
	struct str reason; /* the program's own phrase; empty: the usual one */
	struct str location;
	struct field
	        *fields; /* the caller's room for field_cap of them: those to pass on, in order */
	size_t field_cap;
	size_t field_count;
	bool has_content_type;
	bool has_length;
	uint64_t length;
	size_t size; /* bytes of the block, the empty line included */
};

enum { CGI_HEAD_MAX = 65536 };

/*
 * Parses what a program wrote first (RFC 3875 section 6.3). Lines may end in CRLF or LF. `fields`
 * gets every field but Status, Content-Length, Location of a local redirect, and the hop-by-hop
 * ones (Connection, Keep-Alive, Transfer-Encoding, TE, Trailer, Upgrade, Proxy-Connection).
 * PARSE_PARTIAL: no empty line yet and less than CGI_HEAD_MAX bytes. PARSE_BAD (502): no header at
 * all (first line without a colon), a first line "HTTP/...", a NUL or other control, a bad name, a
 * Status that is not three digits of 200 to 599, no Content-Type, Location or Status, a malformed
 * or differing Content-Length, too large a block.
 */
enum parse cgi_head_parse(struct str data, struct cgi_head *head, struct refusal *refusal);

#endif
