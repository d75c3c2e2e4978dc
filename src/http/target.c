#include "http/target.h"

#include "http/scan.h"

/* The byte that "%XX" at the start of s stands for, or -1. */
static int escaped_byte(struct str s)
{
	int high, low;

	if (s.len < 3)
		return -1;
	high = ascii_hex(s.ptr[1]);
	low = ascii_hex(s.ptr[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/*
 * Bytes that may be in a target: of the visible ASCII ones all but `#`, which begins a fragment and is
 * never sent (RFC 9110 section 7.1), though RFC 3986 wants some of them escaped; and whatever is above.
 */
static enum parse check_bytes(struct str raw, struct refusal *refusal)
{
	const char *end = raw.ptr + raw.len;

	if (scan_text(raw.ptr, end, ' ') == end && !memchr(raw.ptr, '#', raw.len))
		return PARSE_COMPLETE;
	for (size_t i = 0; i < raw.len; i++) {
		unsigned char byte = (unsigned char)raw.ptr[i];

		if (byte < ' ' || byte == 0x7f)
			return refuse(refusal, 400, "control character in the target");
		if (byte == ' ')
			return refuse(refusal, 400, "space in the target");
		if (byte == '#')
			return refuse(refusal, 400, "fragment (#) in the target");
	}
	return PARSE_COMPLETE;
}

/*
 * The decoded path as it is written.
 *
 *      /docs/a/..%2fb/         in `room`:  / d o c s / a / . . NUL b
 *                                          ^ start       ^ segment    ^ end
 *
 * A slash in the room is always a separator, as an encoded one has become NUL.
 */
struct writer {
	char *start;
	char *segment; /* behind the last separator */
	char *end;
};

/* Takes the last separator and the segment before it back; false at the root. */
static bool climb(struct writer *w)
{
	if (w->segment == w->start + 1)
		return false;
	for (w->end = w->segment - 1; w->end[-1] != '/'; w->end--)
		;
	w->segment = w->end;
	return true;
}

/*
 * A segment is complete: "." and ".." are resolved (RFC 3986 section 5.2.4), which leaves the separator
 * before them standing, so that "/a/." is "/a/". Of any other segment the separator behind it is kept.
 */
static enum parse end_segment(struct writer *w, bool is_last, bool merge, struct refusal *refusal)
{
	struct str segment = str_make(w->segment, (size_t)(w->end - w->segment));

	if (str_eq(segment, STR_OF("..")))
		return climb(w) ? PARSE_COMPLETE
		                : refuse(refusal, 400, "path that climbs above the root");
	if (str_eq(segment, STR_OF("."))) {
		w->end = w->segment;
		return PARSE_COMPLETE;
	}
	if (is_last || (merge && segment.len == 0))
		return PARSE_COMPLETE;
	*w->end++ = '/';
	w->segment = w->end;
	return PARSE_COMPLETE;
}

/* Decodes "%XX" at the start of s. */
static enum parse take_escape(struct writer *w, struct str s, struct refusal *refusal)
{
	int byte = escaped_byte(s);

	if (byte < 0)
		return refuse(refusal, 400, "percent sign without two hexadecimal digits");
	if (byte == '\0')
		return refuse(refusal, 400, "encoded NUL in the path");
	*w->end++ = byte == '/' ? '\0' : (char)byte;
	return PARSE_COMPLETE;
}

/* How many bytes at the start of s stand for themselves, up to the next separator or escape. */
static size_t plain_length(struct str s)
{
	size_t i = 0;

	while (i < s.len && s.ptr[i] != '/' && s.ptr[i] != '%')
		i++;
	return i;
}

/* One pass over the raw path; its first byte is a slash. Nothing written is longer than what was read. */
static enum parse decode_path(struct str raw, bool merge, char *room, struct target *target,
                              struct refusal *refusal)
{
	struct writer w = { .start = room, .segment = room + 1, .end = room + 1 };
	enum parse parse = PARSE_COMPLETE;

	room[0] = '/';
	for (size_t i = 1; i < raw.len && parse == PARSE_COMPLETE; i++) {
		if (raw.ptr[i] == '%') {
			parse = take_escape(&w, str_from_index(raw, i), refusal);
			i += 2;
		} else if (raw.ptr[i] == '/') {
			parse = end_segment(&w, false, merge, refusal);
		} else {
			size_t run = plain_length(str_from_index(raw, i));

			memcpy(w.end, raw.ptr + i, run);
			w.end += run;
			i += run - 1;
		}
	}
	if (parse == PARSE_COMPLETE)
		parse = end_segment(&w, true, merge, refusal);
	if (parse != PARSE_COMPLETE)
		return parse;
	*w.end = '\0';
	target->path = str_make(room, (size_t)(w.end - room));
	target->has_encoded_slash = memchr(room, '\0', target->path.len) != NULL;
	return PARSE_COMPLETE;
}

/* path [ "?" query ]. A query may hold anything, a lone percent sign included, as browsers send it. */
static enum parse take_path(struct str raw, bool merge, char *room, struct target *target,
                            struct refusal *refusal)
{
	size_t mark = str_find(raw, '?');

	target->has_query = mark < raw.len;
	if (target->has_query)
		target->query = str_from_index(raw, mark + 1);
	target->raw_path = STR_OF("/");
	if (mark > 0)
		target->raw_path = str_head(raw, mark);
	return decode_path(target->raw_path, merge, room, target, refusal);
}

/* Takes "http://" or "https://" off the front; any case (RFC 3986 section 3.1). */
static bool take_scheme(struct str *raw)
{
	static const struct str schemes[] = { STR("http://"), STR("https://") };

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		if (str_eq_nocase(str_head(*raw, schemes[i].len), schemes[i])) {
			*raw = str_from_index(*raw, schemes[i].len);
			return true;
		}
	}
	return false;
}

static size_t authority_length(struct str s)
{
	size_t i = 0;

	while (i < s.len && s.ptr[i] != '/' && s.ptr[i] != '?')
		i++;
	return i;
}

/* absolute-form = absolute-URI (RFC 9112 section 3.2.2) */
static enum parse take_absolute(struct str raw, enum method method, bool merge, char *room,
                                struct target *target, struct refusal *refusal)
{
	struct str rest = raw;
	size_t len;

	if (!take_scheme(&rest)) {
		size_t colon = str_find(raw, ':');

		if (str_starts_with(str_from_index(raw, colon), STR_OF("://")))
			return refuse(refusal, 400, "scheme other than http or https");
		return refuse(refusal, 400, "target that is neither a path nor an http URL");
	}
	len = authority_length(rest);
	if (len == 0)
		return refuse(refusal, 400, "URL without a host");
	target->form = TARGET_ABSOLUTE;
	target->authority = str_head(rest, len);
	if (str_find(target->authority, '@') < len) /* RFC 9110 section 4.2.4 */
		return refuse(refusal, 400, "user name in the URL");
	rest = str_from_index(rest, len);
	if (rest.len > 0 || method != METHOD_OPTIONS)
		return take_path(rest, merge, room, target, refusal);
	target->form = TARGET_ASTERISK; /* RFC 9112 section 3.2.4 */
	return PARSE_COMPLETE;
}

static enum parse take_authority(struct str raw, struct target *target, struct refusal *refusal)
{
	if (authority_length(raw) < raw.len || str_find(raw, ':') == raw.len)
		return refuse(refusal, 400, "CONNECT with a target other than host:port");
	if (str_find(raw, '@') < raw.len)
		return refuse(refusal, 400, "user name in the target of CONNECT");
	target->form = TARGET_AUTHORITY;
	target->authority = raw;
	return PARSE_COMPLETE;
}

enum parse target_parse(struct str raw, enum method method, bool merge_slashes, char *room,
                        struct target *target, struct refusal *refusal)
{
	*target = (struct target){ .form = TARGET_ORIGIN };
	room[0] = '\0';
	if (raw.len == 0)
		return refuse(refusal, 400, "empty target");
	if (check_bytes(raw, refusal) == PARSE_BAD)
		return PARSE_BAD;
	if (method == METHOD_CONNECT)
		return take_authority(raw, target, refusal);
	if (raw.ptr[0] == '/')
		return take_path(raw, merge_slashes, room, target, refusal);
	if (!str_eq(raw, STR_OF("*")))
		return take_absolute(raw, method, merge_slashes, room, target, refusal);
	if (method != METHOD_OPTIONS)
		return refuse(refusal, 400, "target * with a method other than OPTIONS");
	target->form = TARGET_ASTERISK;
	return PARSE_COMPLETE;
}

enum parse target_parse_path(struct str raw, bool merge_slashes, char *room, struct target *target,
                             struct refusal *refusal)
{
	*target = (struct target){ .form = TARGET_ORIGIN };
	room[0] = '\0';
	if (raw.len == 0 || raw.ptr[0] != '/')
		return refuse(refusal, 400, "path that does not begin with a slash");
	for (size_t i = 0; i < raw.len; i++) {
		if ((unsigned char)raw.ptr[i] < ' ' || raw.ptr[i] == 0x7f)
			return refuse(refusal, 400, "control character in the path");
	}
	return take_path(raw, merge_slashes, room, target, refusal);
}

bool target_decode(struct str s, bool plus, char *room, struct str *out)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		int byte = (unsigned char)s.ptr[i];

		if (byte == '%') {
			byte = escaped_byte(str_from_index(s, i));
			if (byte < 0)
				return false;
			i += 2;
		} else if (plus && byte == '+') {
			byte = ' ';
		}
		room[len++] = (char)byte;
	}
	*out = str_make(room, len);
	return true;
}
