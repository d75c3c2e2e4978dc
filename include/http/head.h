#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "base/str.h"
#include "http/field.h"
#include "http/methods.h"
#include "http/refusal.h"

/* One field line. The slices point into the bytes that were parsed. */
struct field {
	struct str name;
	struct str value; /* without the white space around it */
	enum field_id id;
};

/* A request head, parsed: the request line and the field lines in the order they came. */
struct head {
	struct str method_name; /* as sent */
	struct str target;      /* as sent */
	enum method method;
	unsigned minor;       /* HTTP/1.minor; any 1.x above 1.1 is answered as 1.1 */
	struct field *fields; /* the caller's room for `field_cap` of them */
	size_t field_cap;
	size_t field_count;
	uint16_t first[FIELD_COUNT]; /* 1 + the index of the first field of this kind; 0: none */
	size_t size; /* bytes of the whole head, leading empty lines and the final one included */
};

/* Directives client_header_buffer_size, large_client_header_buffers and max_headers. */
struct head_limits {
	size_t line_max;  /* longest line without its CRLF */
	size_t total_max; /* the whole head */
	size_t field_max; /* number of field lines; never above head.field_cap */
};

/*
 * Parses one request head at the start of data (RFC 9112 sections 2 to 5). `fields` and `field_cap` must
 * be set; the rest is written. PARSE_PARTIAL: nothing is wrong so far, more bytes are needed (limits are
 * enforced on what has come). PARSE_BAD: *refusal says why:
 *   400 bare CR, bare LF, NUL or another control, white space before the colon or at a line's start
 *       (obs-fold), an empty or illegal name, a missing or malformed version, more than 8 leading empty lines
 *   414 request line longer than line_max   431 field line too long, too many lines, head too large
 *   505 a major version other than 1
 * A pure function: the same bytes give the same answer, however they were cut before.
 */
enum parse head_parse(struct str data, const struct head_limits *limits, struct head *head,
                      struct refusal *refusal);

/* Lets the head's slices point to a copy of the bytes they were parsed from. */
void head_rebase(struct head *head, const char *from, const char *to);

/* The first field of this kind, or NULL. */
static inline const struct field *head_field(const struct head *head, enum field_id id)
{
	return head->first[id] ? &head->fields[head->first[id] - 1] : NULL;
}

/* Its value, or the empty slice with a NULL pointer. */
static inline struct str head_value(const struct head *head, enum field_id id)
{
	return head->first[id] ? head->fields[head->first[id] - 1].value : (struct str){ NULL, 0 };
}

/* The next field of the same kind after `field`, or NULL. */
const struct field *head_next(const struct head *head, const struct field *field);

/* The first field with this name in any case, known or not; NULL where there is none. */
const struct field *head_find(const struct head *head, struct str name);

/* How many lines of this kind there are. */
size_t head_count(const struct head *head, enum field_id id);

#endif
