#include "http/escape.h"

/* U+FFFD, the replacement character. */
static const struct str replacement = STR("\xef\xbf\xbd");

static const char hex_upper[] = "0123456789ABCDEF";

/*
 * The lead bytes by class, and what the second byte may be: it alone rules out overlong forms (c0,
 * c1, e0 80..9f, f0 80..8f), surrogates (ed a0..bf) and what lies above U+10FFFF (f4 90.., f5..).
 */
static const struct {
	unsigned char lead_first, lead_last, second_first, second_last;
	unsigned char size;
} utf8_classes[] = {
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static bool utf8_fits(struct str s, size_t class)
{
	unsigned char lead = (unsigned char)s.ptr[0];
	size_t size = utf8_classes[class].size;

	if (lead < utf8_classes[class].lead_first || lead > utf8_classes[class].lead_last ||
	    s.len < size)
		return false;
	for (size_t i = 1; i < size; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		unsigned char first = i == 1 ? utf8_classes[class].second_first : 0x80;
		unsigned char last = i == 1 ? utf8_classes[class].second_last : 0xbf;

		if (c < first || c > last)
			return false;
	}
	return true;
}

size_t escape_utf8_size(struct str s)
{
	if (s.len == 0)
		return 0;
	if ((unsigned char)s.ptr[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof utf8_classes / sizeof *utf8_classes; i++) {
		if (utf8_fits(s, i))
			return utf8_classes[i].size;
	}
	return 0;
}

/* What stands for the ASCII byte c in HTML; empty where it stands for itself. */
static struct str html_reference(char c)
{
	switch (c) {
	case '&':
		return STR_OF("&amp;");
	case '<':
		return STR_OF("&lt;");
	case '>':
		return STR_OF("&gt;");
	case '"':
		return STR_OF("&quot;");
	case '\'':
		return STR_OF("&#39;");
	default:
		return STR_OF("");
	}
}

/* ASCII but for the five: most of any text. */
static bool html_is_plain(char c)
{
	unsigned char u = (unsigned char)c;

	return u < 0x80 && u != '&' && u != '<' && u != '>' && u != '"' && u != '\'';
}

void escape_html(struct buf *out, struct str text)
{
	size_t run = 0; /* bytes at the front that stand for themselves */

	while (run < text.len) {
		if (html_is_plain(text.ptr[run])) {
			run++;
			continue;
		}
		size_t size = escape_utf8_size(str_from_index(text, run));
		struct str instead = size ? html_reference(text.ptr[run]) : replacement;

		if (instead.len == 0) {
			run += size;
			continue;
		}
		buf_add(out, str_head(text, run));
		buf_add(out, instead);
		text = str_from_index(text, run + 1);
		run = 0;
	}
	buf_add(out, text);
}

/* The short forms of RFC 8259 section 7, else \u00XX; `room` holds the six bytes of that. */
static struct str json_escape(char c, char room[6])
{
	static const char shorts[][2] = {
		{ '"', '"' },  { '\\', '\\' }, { '\b', 'b' }, { '\f', 'f' },
		{ '\n', 'n' }, { '\r', 'r' },  { '\t', 't' },
	};

	room[0] = '\\';
	for (size_t i = 0; i < sizeof shorts / sizeof *shorts; i++) {
		if (shorts[i][0] == c) {
			room[1] = shorts[i][1];
			return str_make(room, 2);
		}
	}
	if ((unsigned char)c >= 0x20 && c != '<')
		return str_make(room, 0);
	memcpy(room, "\\u00", 4);
	room[4] = hex_upper[(unsigned char)c >> 4];
	room[5] = hex_upper[c & 15];
	return str_make(room, 6);
}

void escape_json(struct buf *out, struct str text)
{
	char room[6];
	size_t run = 0;

	while (run < text.len) {
		size_t size = escape_utf8_size(str_from_index(text, run));
		struct str instead = size ? json_escape(text.ptr[run], room) : replacement;

		if (instead.len == 0) {
			run += size;
			continue;
		}
		buf_add(out, str_head(text, run));
		buf_add(out, instead);
		text = str_from_index(text, run + 1);
		run = 0;
	}
	buf_add(out, text);
}

/*
 * unreserved and sub-delims of RFC 3986 section 2, and `@`: what stands for itself anywhere in a
 * path.
 */
static bool is_path_byte(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) ||
	       (c != '\0' && strchr("-._~!$&'()*+,;=@", c) != NULL);
}

static void percent_encode(struct buf *out, struct str text, const char *also_plain)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		char code[3] = { '%', hex_upper[(unsigned char)c >> 4], hex_upper[c & 15] };

		if (c == '\0')
			buf_add(out, STR_OF("%2F"));
		else if (is_path_byte(c) || strchr(also_plain, c) != NULL)
			buf_byte(out, c);
		else
			buf_add(out, str_make(code, sizeof code));
	}
}

void escape_path(struct buf *out, struct str path)
{
	size_t leading = 0;

	while (leading < path.len && (path.ptr[leading] == '/' || path.ptr[leading] == '\\'))
		leading++;
	if (leading > 0)
		buf_byte(out, '/');
	percent_encode(out, str_from_index(path, leading), "/:");
}

/*
 * A colon in the first segment of a relative reference would end a scheme (RFC 3986 section 4.2).
 */
void escape_segment(struct buf *out, struct str segment)
{
	percent_encode(out, segment, "");
}

void escape_log(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		char code[4] = { '\\', 'x', hex_upper[c >> 4], hex_upper[c & 15] };

		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
			buf_add(out, str_make(code, sizeof code));
		else
			buf_byte(out, (char)c);
	}
}

/* A byte at a time: below a space, or DEL. */
static bool field_bytes_are_safe(struct str value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* Eight at a time where none of the eight is suspect: a byte is less than n where x - n borrows from its top bit. */
bool escape_is_field_safe(struct str value)
{
	static const uint64_t ones = UINT64_MAX / 255, tops = ones << 7;

	for (; value.len >= sizeof ones; value = str_from_index(value, sizeof ones)) {
		uint64_t x, del;

		memcpy(&x, value.ptr, sizeof x);
		del = x ^ ones * 0x7f;
		if ((((x - ones * 0x20) & ~x) | ((del - ones) & ~del)) & tops &&
		    !field_bytes_are_safe(str_head(value, sizeof x)))
			return false;
	}
	return field_bytes_are_safe(value);
}
