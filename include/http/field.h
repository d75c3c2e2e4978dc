#ifndef HTTP_FIELD_H
#define HTTP_FIELD_H

#include "base/str.h"

/* Header fields that the server itself reads or must treat in a special way: rows of one table. */
enum field_id {
	FIELD_OTHER,
	FIELD_ACCEPT,
	FIELD_ACCEPT_ENCODING,
	FIELD_AUTHORIZATION,
	FIELD_CONNECTION,
	FIELD_CONTENT_DISPOSITION,
	FIELD_CONTENT_ENCODING,
	FIELD_CONTENT_LENGTH,
	FIELD_CONTENT_RANGE,
	FIELD_CONTENT_TYPE,
	FIELD_COOKIE,
	FIELD_DATE,
	FIELD_EXPECT,
	FIELD_HOST,
	FIELD_IF_MATCH,
	FIELD_IF_MODIFIED_SINCE,
	FIELD_IF_NONE_MATCH,
	FIELD_IF_RANGE,
	FIELD_IF_UNMODIFIED_SINCE,
	FIELD_KEEP_ALIVE,
	FIELD_LAST_MODIFIED,
	FIELD_LOCATION,
	FIELD_ORIGIN,
	FIELD_PROXY,
	FIELD_PROXY_AUTHORIZATION,
	FIELD_PROXY_CONNECTION,
	FIELD_RANGE,
	FIELD_REFERER,
	FIELD_SEC_FETCH_DEST,
	FIELD_SEC_FETCH_MODE,
	FIELD_SEC_FETCH_SITE,
	FIELD_SERVER,
	FIELD_SET_COOKIE,
	FIELD_STATUS,
	FIELD_TE,
	FIELD_TRAILER,
	FIELD_TRANSFER_ENCODING,
	FIELD_UPGRADE,
	FIELD_UPLOAD_COMPLETE,
	FIELD_UPLOAD_LENGTH,
	FIELD_UPLOAD_OFFSET,
	FIELD_USER_AGENT,
	FIELD_X_FORWARDED_FOR,
	FIELD_X_REQUEST_ID,
	FIELD_COUNT
};

enum {
	FIELD_SINGLETON = 1, /* twice in one head is an error or ambiguous */
	FIELD_LIST = 2,      /* several lines are one comma-separated list (RFC 9110 section 5.3) */
	FIELD_HOP = 4,       /* meant for the next hop only (RFC 9110 section 7.6.1) */
	FIELD_NO_CGI =
	        8 /* never an HTTP_* meta-variable (RFC 3875 section 4.1.18, and HTTP_PROXY) */
};

struct field_info {
	struct str name; /* as it is written on the wire: "Content-Length" */
	unsigned flags;
};

/* The row of a name in any case; FIELD_OTHER where there is none. */
enum field_id field_find(struct str name);

const struct field_info *field_info(enum field_id id);

/* A token of RFC 9110 section 5.6.2: at least one tchar and nothing else. */
bool field_is_token(struct str s);

/* The bytes allowed in a token. */
extern const bool field_tchar[256];

/*
 * True where the comma-separated list has this element, in any case: "close" in "keep-alive, Close".
 * Quoted strings are passed over, parameters behind `;` ignored.
 */
bool field_list_has(struct str list, struct str element);

/*
 * Takes the next element off a comma-separated list, trimmed; empty elements are skipped
 * (RFC 9110 section 5.6.1) and commas in quoted strings do not separate. False at the end.
 */
bool field_list_next(struct str *list, struct str *element);

/*
 * The value of parameter `name` (any case) in `value; name=token; name="quoted"`, as written: without
 * quotes, backslashes still in it. False where it is missing or malformed.
 */
bool field_parameter(struct str value, struct str name, struct str *out);

#endif
