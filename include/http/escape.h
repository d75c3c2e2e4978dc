#ifndef HTTP_ESCAPE_H
#define HTTP_ESCAPE_H

#include "base/buf.h"

/* Bytes of the UTF-8 character at the front; 0: none (RFC 3629: overlong, a surrogate, cut off). */
size_t escape_utf8_size(struct str s);

/*
 * Text into HTML, also within quoted attributes: & < > " ' become references; bytes that are no
 * valid UTF-8 become U+FFFD.
 */
void escape_html(struct buf *out, struct str text);

/*
 * The inside of a JSON string (RFC 8259 section 7): " \ and controls escaped, `<` too, so that it
 * may stand in a page; bad UTF-8 becomes U+FFFD.
 */
void escape_json(struct buf *out, struct str text);

/*
 * A decoded path as a URI path: everything but unreserved, sub-delims, `:`, `@` and `/`
 * percent-encoded; a NUL (an encoded slash, see http/target.h) becomes %2F. Leading slashes and
 * backslashes collapse into one, so that it never reads as "//host".
 */
void escape_path(struct buf *out, struct str path);

/*
 * One path segment: as escape_path, but a slash is encoded too, and a colon, so that it may stand
 * first in a relative reference.
 */
void escape_segment(struct buf *out, struct str segment);

/* Into a log line: `"`, `\`, controls and bytes above 0x7e as \xXX, as nginx writes them. */
void escape_log(struct buf *out, struct str text);

/* True where the value may stand in a header line: no CR, LF, NUL or other control but HTAB. */
bool escape_is_field_safe(struct str value);

#endif
