#include "http/target.h"

/* Bytes that may stand in a target. A `#` begins a fragment, which is never sent (RFC 9112 section 3.2). */
static bool target_byte_is_allowed(char c)
{
	unsigned char u = (unsigned char)c;

	return u > 0x20 && u != 0x7f && u != '#';
}

/* The byte that %XX at s[i] stands for, or -1. */
static int target_escape(struct str s, size_t i)
{
	int high, low;

	if (i + 2 >= s.len)
		return -1;
	high = ascii_hex(s.ptr[i + 1]);
	low = ascii_hex(s.ptr[i + 2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Decodes once. An encoded slash becomes NUL, see http/target.h. */
static enum parse target_decode_path(struct target *t, char *room, size_t *len,
                                     struct refusal *refusal)
{
	struct str raw = t->raw_path;
	size_t n = 0;

	for (size_t i = 0; i < raw.len; i++) {
		int byte = (unsigned char)raw.ptr[i];

		if (byte == '%') {
			byte = target_escape(raw, i);
			if (byte < 0)
				return refuse(
				        refusal, 400,
				        "a percent sign that two hexadecimal digits do not follow");
			if (byte == 0)
				return refuse(refusal, 400, "an encoded NUL in the path");
			if (byte == '/') {
				t->has_encoded_slash = true;
				byte = 0;
			}
			i += 2;
		}
		room[n++] = (char)byte;
	}
	*len = n;
	return PARSE_COMPLETE;
}

/* Back to the slash that begins the last segment written; false above the root. */
static bool target_climb(const char *room, size_t *out)
{
	size_t at = *out;

	if (at <= 1)
		return false;
	at--; /* the slash behind the segment that is taken back */
	while (at > 0 && room[at - 1] != '/')
		at--;
	*out = at;
	return true;
}

/*
 * RFC 3986 section 5.2.4, in place: segments "." go, ".." take the one before with them. Each segment is
 * copied with the slash behind it; `out` always stands behind a slash.
 */
static enum parse target_remove_dots(char *room, size_t *len, bool merge, struct refusal *refusal)
{
	size_t in = 1, out = 1;

	while (in < *len) {
		const char *slash = memchr(room + in, '/', *len - in);
		size_t segment = slash ? (size_t)(slash - room) - in : *len - in;
		size_t whole = segment + (slash ? 1 : 0);

		if (segment == 1 && room[in] == '.') {
			/* nothing is written: the path ends in the slash before it */
		} else if (segment == 2 && room[in] == '.' && room[in + 1] == '.') {
			if (!target_climb(room, &out))
				return refuse(refusal, 400, "a path that climbs above the root");
		} else if (segment > 0 || !merge) {
			memmove(room + out, room + in, whole);
			out += whole;
		}
		in += whole;
	}
	*len = out;
	return PARSE_COMPLETE;
}

/* raw: from the path on, with its query. */
static enum parse target_origin(struct str raw, bool merge, char *room, struct target *t,
                                struct refusal *refusal)
{
	size_t mark = str_find(raw, '?'), len = 0;
	enum parse p;

	t->raw_path = str_head(raw, mark);
	t->has_query = mark < raw.len;
	t->query = t->has_query ? str_from_index(raw, mark + 1) : (struct str){ NULL, 0 };
	p = target_decode_path(t, room, &len, refusal);
	if (p == PARSE_COMPLETE)
		p = target_remove_dots(room, &len, merge, refusal);
	room[p == PARSE_COMPLETE ? len : 0] = '\0';
	t->path = str_make(room, len);
	return p;
}

/* scheme "://" authority path [ "?" query ] (RFC 9112 section 3.2.2) */
static enum parse target_absolute(struct str raw, enum method method, bool merge, char *room,
                                  struct target *t, struct refusal *refusal)
{
	static const struct str http = STR("http://"), https = STR("https://");
	struct str rest;
	size_t end = 0;

	if (str_eq_nocase(str_head(raw, http.len), http))
		rest = str_from_index(raw, http.len);
	else if (str_eq_nocase(str_head(raw, https.len), https))
		rest = str_from_index(raw, https.len);
	else
		return refuse(refusal, 400, "a target that is neither a path nor an http address");
	while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
		end++;
	t->form = TARGET_ABSOLUTE;
	t->authority = str_head(rest, end);
	if (end == 0 || str_find(t->authority, '@') < end)
		return refuse(refusal, 400,
		              end == 0 ? "an address without a host"
		                       : "a user name in the target's address");
	rest = str_from_index(rest, end);
	if (rest.len == 0 && method == METHOD_OPTIONS) {
		t->form =
		        TARGET_ASTERISK; /* RFC 9112 section 3.2.4: its last proxy would send `*` */
		return PARSE_COMPLETE;
	}
	if (rest.len > 0 && rest.ptr[0] == '/')
		return target_origin(rest, merge, room, t, refusal);
	t->raw_path = STR_OF("/");
	t->has_query = rest.len > 0;
	t->query = str_from_index(rest, 1);
	room[0] = '/';
	room[1] = '\0';
	t->path = str_make(room, 1);
	return PARSE_COMPLETE;
}

enum parse target_parse(struct str raw, enum method method, bool merge_slashes, char *room,
                        struct target *target, struct refusal *refusal)
{
	*target = (struct target){ .form = TARGET_ORIGIN };
	room[0] = '\0';
	for (size_t i = 0; i < raw.len; i++)
		if (!target_byte_is_allowed(raw.ptr[i]))
			return refuse(refusal, 400,
			              raw.ptr[i] == '#' ? "a fragment in the target"
			                                : "a byte that no target may have");
	if (raw.len == 0)
		return refuse(refusal, 400, "an empty target");
	if (method == METHOD_CONNECT) {
		target->form = TARGET_AUTHORITY;
		target->authority = raw;
		return PARSE_COMPLETE;
	}
	if (raw.ptr[0] == '/')
		return target_origin(raw, merge_slashes, room, target, refusal);
	if (raw.len == 1 && raw.ptr[0] == '*') {
		target->form = TARGET_ASTERISK;
		return method == METHOD_OPTIONS
		               ? PARSE_COMPLETE
		               : refuse(refusal, 400, "the target * goes with OPTIONS only");
	}
	return target_absolute(raw, method, merge_slashes, room, target, refusal);
}

enum parse target_parse_path(struct str raw, bool merge_slashes, char *room, struct target *target,
                             struct refusal *refusal)
{
	*target = (struct target){ .form = TARGET_ORIGIN };
	room[0] = '\0';
	if (raw.len == 0 || raw.ptr[0] != '/')
		return refuse(refusal, 400, "a path that does not begin with a slash");
	return target_origin(raw, merge_slashes, room, target, refusal);
}

bool target_decode(struct str s, bool plus, char *room, struct str *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		int byte = (unsigned char)s.ptr[i];

		if (byte == '%') {
			byte = target_escape(s, i);
			if (byte < 0)
				return false;
			i += 2;
		} else if (plus && byte == '+') {
			byte = ' ';
		}
		room[n++] = (char)byte;
	}
	*out = str_make(room, n);
	return true;
}
