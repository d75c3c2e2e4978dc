#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include "base/str.h"
#include "http/methods.h"
#include "http/refusal.h"

/* The four forms of RFC 9112 section 3.2. */
enum target_form { TARGET_ORIGIN, TARGET_ABSOLUTE, TARGET_AUTHORITY, TARGET_ASTERISK };

/*
 * A request target, taken apart. `path` is decoded once, its dot segments resolved, and it always begins
 * with a slash (empty for the authority and asterisk forms). An encoded slash (%2f) is data and never
 * separates segments: it stands in `path` as a NUL byte, which can't come from anywhere else (%00 is
 * refused) and can't be in a file's name.
 */
struct target {
	enum target_form form;
	struct str authority; /* absolute and authority form, as sent */
	struct str raw_path;  /* as sent, without the query; "/" where an absolute form has none */
	struct str query;     /* as sent, behind the question mark */
	bool has_query;       /* "/a?" has an empty one */
	bool has_encoded_slash;
	struct str path;
};

/*
 * Parses a target (never partial). `room` takes the decoded path and must hold raw.len + 1 bytes; a NUL
 * follows it. merge_slashes: runs of slashes become one. 400 for a byte that is not allowed in a URI
 * (controls, space, DEL, `"<>\^`{|}` pass, as browsers send them, but a `#` does not), a bad escape, %00,
 * `..` above the root, a form that does not go with the method (asterisk: OPTIONS only; authority:
 * CONNECT only and CONNECT has no other), a scheme other than http or https, userinfo in the authority.
 * Bytes of 0x80 and above are passed as they are.
 */
enum parse target_parse(struct str raw, enum method method, bool merge_slashes, char *room,
                        struct target *target, struct refusal *refusal);

/*
 * The same for a path and query made by ourselves (`error_page`, `try_files`, a program's local
 * redirect): origin form only. A space and a `#` may be in it, as people write them in a configuration.
 */
enum parse target_parse_path(struct str raw, bool merge_slashes, char *room, struct target *target,
                             struct refusal *refusal);

/*
 * Decodes %XX in s into room (at least s.len bytes). False for a bad escape; room is then unspecified.
 * plus: `+` is a space, as in forms.
 */
bool target_decode(struct str s, bool plus, char *room, struct str *out);

#endif
