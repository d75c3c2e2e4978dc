#include "http/disposition.h"

#include "http/escape.h"
#include "http/field.h"

/* Parameters seen so far: twice the same is an error (RFC 6266 section 4.1). */
enum { SEEN_NAME = 1, SEEN_FILENAME = 2, SEEN_EXTENDED = 4 };

/* A parameter of the value; `raw` is without quotes, escapes still in it. */
struct parameter {
	struct str name, raw;
	bool is_quoted;
};

static struct str skip_blanks(struct str s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
		s = str_from_index(s, 1);
	return s;
}

static struct str take_token(struct str *s)
{
	struct str token = { s->ptr, 0 };

	while (token.len < s->len && field_tchar[(unsigned char)s->ptr[token.len]])
		token.len++;
	*s = str_from_index(*s, token.len);
	return token;
}

/*
 * The inside of a quoted string whose opening quote is gone; a backslash before `"` or `\` takes it
 * along.
 */
static bool take_quoted(struct str *s, struct str *raw)
{
	size_t i = 0;

	for (; i < s->len && s->ptr[i] != '"'; i++) {
		if (s->ptr[i] == '\\' && i + 1 < s->len &&
		    (s->ptr[i + 1] == '"' || s->ptr[i + 1] == '\\'))
			i++;
	}
	if (i >= s->len)
		return false;
	*raw = str_head(*s, i);
	*s = str_from_index(*s, i + 1);
	return escape_is_field_safe(*raw);
}

/* token "=" ( token / quoted-string ) off the front. */
static bool take_parameter(struct str *s, struct parameter *p)
{
	p->name = take_token(s);
	if (p->name.len == 0 || s->len == 0 || s->ptr[0] != '=')
		return false;
	*s = str_from_index(*s, 1);
	p->is_quoted = s->len > 0 && s->ptr[0] == '"';
	if (p->is_quoted) {
		*s = str_from_index(*s, 1);
		return take_quoted(s, &p->raw);
	}
	p->raw = take_token(s);
	return p->raw.len > 0;
}

/* The byte that a %XX at the front stands for; -1: it is none. */
static int percent_value(struct str s)
{
	int high, low;

	if (s.len < 3 || s.ptr[0] != '%')
		return -1;
	high = ascii_hex(s.ptr[1]);
	low = ascii_hex(s.ptr[2]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/*
 * Undoes \" and \\, and of the percent forms only those that browsers write for `"`, CR and LF: any
 * other percent sign in a file's name is sent as it is.
 */
static bool decode_quoted(struct str raw, char *room, struct str *out)
{
	size_t len = 0;

	for (size_t i = 0; i < raw.len; i++) {
		char c = raw.ptr[i];
		char next = i + 1 < raw.len ? raw.ptr[i + 1] : '\0';
		int value = percent_value(str_from_index(raw, i));

		if (c == '\\' && (next == '"' || next == '\\')) {
			c = next;
			i++;
		} else if (value == '"' || value == '\r' || value == '\n') {
			c = (char)value;
			i += 2;
		}
		if (len == DISPOSITION_NAME_MAX)
			return false;
		room[len++] = c;
	}
	*out = str_make(room, len);
	return true;
}

/* attr-char of RFC 8187 section 3.2.1: a tchar but for `*`, `'` and `%`. */
static bool is_attr_char(char c)
{
	return field_tchar[(unsigned char)c] && c != '*' && c != '\'' && c != '%';
}

static bool is_utf8(struct str s)
{
	while (s.len > 0) {
		size_t size = escape_utf8_size(s);

		if (size == 0)
			return false;
		s = str_from_index(s, size);
	}
	return true;
}

/* The value-chars of an ext-value: %XX and attr-char. */
static bool decode_extended(struct str raw, char *room, struct str *out)
{
	size_t len = 0;

	for (size_t i = 0; i < raw.len; i++) {
		int value = percent_value(str_from_index(raw, i));

		if (len == DISPOSITION_NAME_MAX || (value < 0 && !is_attr_char(raw.ptr[i])))
			return false;
		room[len++] = value < 0 ? raw.ptr[i] : (char)value;
		i += value < 0 ? 0 : 2;
	}
	*out = str_make(room, len);
	return is_utf8(*out);
}

/*
 * charset "'" [ language ] "'" value-chars (RFC 8187 section 3.2.1). Only UTF-8 must be understood;
 * one in another charset is passed over, so that a plain filename beside it counts (RFC 6266
 * section 4.3).
 */
static bool take_extended(struct str raw, char *room, struct disposition *out, unsigned *seen)
{
	struct str charset = str_cut(&raw, '\'');

	if (!raw.ptr || str_find(raw, '\'') == raw.len)
		return false;
	(void)str_cut(&raw, '\'');
	if (!str_eq_nocase(charset, STR_OF("UTF-8")))
		return true;
	*seen |= SEEN_EXTENDED;
	out->has_filename = true;
	return decode_extended(raw, room, &out->filename);
}

static bool decode_plain(const struct parameter *p, char *room, struct str *out)
{
	if (p->is_quoted)
		return decode_quoted(p->raw, room, out);
	if (p->raw.len > DISPOSITION_NAME_MAX)
		return false;
	memcpy(room, p->raw.ptr, p->raw.len);
	*out = str_make(room, p->raw.len);
	return true;
}

/* room: the name in its first half, the file name in the second. */
static bool apply_parameter(const struct parameter *p, char *room, struct disposition *out,
                            unsigned *seen)
{
	char *second = room + DISPOSITION_NAME_MAX;

	if (str_eq_nocase(p->name, STR_OF("name"))) {
		if (*seen & SEEN_NAME)
			return false;
		*seen |= SEEN_NAME;
		return decode_plain(p, room, &out->name);
	}
	if (str_eq_nocase(p->name, STR_OF("filename"))) {
		bool is_overruled = *seen & SEEN_EXTENDED;

		if (*seen & SEEN_FILENAME)
			return false;
		*seen |= SEEN_FILENAME;
		out->has_filename = true;
		return is_overruled || decode_plain(p, second, &out->filename);
	}
	if (str_eq_nocase(p->name, STR_OF("filename*")))
		return !(*seen & SEEN_EXTENDED) && !p->is_quoted &&
		       take_extended(p->raw, second, out, seen);
	return true;
}

bool disposition_parse(struct str value, char *room, struct disposition *out)
{
	struct str rest = str_trim(value);
	unsigned seen = 0;

	*out = (struct disposition){ .type = take_token(&rest) };
	if (out->type.len == 0)
		return false;
	for (rest = skip_blanks(rest); rest.len > 0; rest = skip_blanks(rest)) {
		struct parameter parameter;

		if (rest.ptr[0] != ';')
			return false;
		rest = skip_blanks(str_from_index(rest, 1));
		if (rest.len == 0 || rest.ptr[0] == ';') /* RFC 9110 section 5.6.6 */
			continue;
		if (!take_parameter(&rest, &parameter) ||
		    !apply_parameter(&parameter, room, out, &seen))
			return false;
	}
	return true;
}

static bool is_dot_or_space(char c)
{
	return c == '.' || c == ' ';
}

/* What lies behind the last slash or backslash, without dots and spaces at its ends. */
static struct str bare_name(struct str sent)
{
	size_t start = sent.len;

	while (start > 0 && sent.ptr[start - 1] != '/' && sent.ptr[start - 1] != '\\')
		start--;
	sent = str_from_index(sent, start);
	while (sent.len > 0 && is_dot_or_space(sent.ptr[0]))
		sent = str_from_index(sent, 1);
	while (sent.len > 0 && is_dot_or_space(sent.ptr[sent.len - 1]))
		sent.len--;
	return sent;
}

/* At most `max` bytes of s, no character split; a byte that is part of none counts as one. */
static struct str cut_at_character(struct str s, size_t max)
{
	size_t len = 0;

	while (len < s.len) {
		size_t size = escape_utf8_size(str_from_index(s, len));

		if (len + (size ? size : 1) > max)
			break;
		len += size ? size : 1;
	}
	return str_head(s, len);
}

/*
 * Appends s; every byte that may not be in a name becomes one `_`, so lengths stay what they were.
 */
static size_t append_clean(char *room, size_t len, struct str s)
{
	while (s.len > 0) {
		size_t size = escape_utf8_size(s);

		if (size == 0 || (unsigned char)s.ptr[0] < 0x20 || s.ptr[0] == 0x7f) {
			room[len++] = '_';
			size = 1;
		} else {
			memcpy(room + len, s.ptr, size);
			len += size;
		}
		s = str_from_index(s, size);
	}
	return len;
}

/* A longer "extension" is the rest of a sentence and not worth a name's beginning. */
enum { EXTENSION_KEPT_MAX = 32 };

bool filename_sanitise(struct str sent, char *room, struct str *out)
{
	struct str name = bare_name(sent);
	size_t dot = str_find_last(name, '.');
	struct str extension = str_from_index(name, dot);
	size_t len;

	if (name.len == 0)
		return false;
	if (name.len <= FILENAME_MAX_BYTES || extension.len > EXTENSION_KEPT_MAX)
		extension.len = 0;
	name = str_head(name, name.len - extension.len);
	name = cut_at_character(name, FILENAME_MAX_BYTES - extension.len);
	if (extension.len == 0)
		name = bare_name(name);
	len = append_clean(room, 0, name);
	len = append_clean(room, len, extension);
	room[len] = '\0';
	*out = str_make(room, len);
	return true;
}

/* ---- writing one --------------------------------------------------------------------------------------- */

/* What every client reads alike in a quoted string: some take a percent sign for an escape. */
static bool attachment_is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '%' && c != '/';
}

/* attr-char of RFC 8187 section 3.2.1. */
static bool attachment_is_attr(char c)
{
	return field_tchar[(unsigned char)c] && c != '*' && c != '\'' && c != '%';
}

/* A character of `size` bytes; 0: one byte that is no UTF-8. */
static void attachment_character(struct buf *out, struct str character, size_t size)
{
	static const char digits[] = "0123456789ABCDEF";

	if (size == 0) {
		buf_byte(out, '_');
		return;
	}
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)character.ptr[i];

		if (attachment_is_attr(character.ptr[i])) {
			buf_byte(out, character.ptr[i]);
			continue;
		}
		buf_byte(out, '%');
		buf_byte(out, digits[c >> 4]);
		buf_byte(out, digits[c & 15]);
	}
}

void disposition_attachment(struct buf *out, struct str filename)
{
	bool is_plain = true;
	size_t size;

	buf_text(out, "attachment; filename=\"");
	for (size_t i = 0; i<filename.len; i += size> 0 ? size : 1) {
		bool plain = attachment_is_plain(filename.ptr[i]);

		size = escape_utf8_size(str_from_index(filename, i));
		buf_byte(out, plain ? filename.ptr[i] : '_');
		is_plain = is_plain && plain;
	}
	buf_byte(out, '"');
	if (is_plain)
		return;
	buf_text(out, "; filename*=UTF-8''");
	for (size_t i = 0; i<filename.len; i += size> 0 ? size : 1) {
		struct str rest = str_from_index(filename, i);

		size = escape_utf8_size(rest);
		attachment_character(out, rest, size);
	}
}
