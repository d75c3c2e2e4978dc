#include "http/upload_fields.h"

enum { INTEGER_DIGITS = 15, DECIMAL_WHOLE_DIGITS = 12, DECIMAL_FRACTION_DIGITS = 3 };

/* ---- what may stand behind an item: parameters (RFC 9651 section 4.2.3.2) ----------------------------- */

/* Takes n bytes off the front. */
static void skip(struct str *s, size_t n)
{
	*s = str_from_index(*s, n);
}

static bool begins_with(struct str s, char c)
{
	return s.len > 0 && s.ptr[0] == c;
}

static size_t digits_at(struct str s, size_t from)
{
	size_t n = 0;

	while (from + n < s.len && ascii_is_digit(s.ptr[from + n]))
		n++;
	return n;
}

/* Section 4.2.4: an Integer of 15 digits, a Decimal of 12 and 3. */
static bool take_number(struct str *s)
{
	size_t sign = begins_with(*s, '-'), whole = digits_at(*s, sign), fraction = 0;

	if (whole == 0 || whole > INTEGER_DIGITS)
		return false;
	skip(s, sign + whole);
	if (!begins_with(*s, '.'))
		return true;
	fraction = digits_at(*s, 1);
	skip(s, 1 + fraction);
	return whole <= DECIMAL_WHOLE_DIGITS && fraction > 0 && fraction <= DECIMAL_FRACTION_DIGITS;
}

/* Section 4.2.5. */
static bool take_string(struct str *s)
{
	for (size_t i = 1; i < s->len; i++) {
		char c = s->ptr[i];

		if (c == '"') {
			skip(s, i + 1);
			return true;
		}
		if (c < 0x20 || c == 0x7f)
			return false;
		if (c == '\\' && (++i == s->len || (s->ptr[i] != '"' && s->ptr[i] != '\\')))
			return false;
	}
	return false;
}

/* Section 4.2.6. */
static bool take_token(struct str *s)
{
	size_t n = 1;

	while (n < s->len &&
	       (field_tchar[(unsigned char)s->ptr[n]] || s->ptr[n] == ':' || s->ptr[n] == '/'))
		n++;
	skip(s, n);
	return true;
}

/* Section 4.2.7. */
static bool take_bytes(struct str *s)
{
	size_t n = 1;

	while (n < s->len && (ascii_is_alpha(s->ptr[n]) || ascii_is_digit(s->ptr[n]) ||
	                      s->ptr[n] == '+' || s->ptr[n] == '/' || s->ptr[n] == '='))
		n++;
	if (n == s->len || s->ptr[n] != ':')
		return false;
	skip(s, n + 1);
	return true;
}

/* Section 4.2.8. */
static bool take_boolean(struct str *s, bool *out)
{
	if (s->len < 2 || s->ptr[0] != '?' || (s->ptr[1] != '0' && s->ptr[1] != '1'))
		return false;
	*out = s->ptr[1] == '1';
	skip(s, 2);
	return true;
}

/* Section 4.2.9: a number of seconds without a fraction. */
static bool take_date(struct str *s)
{
	size_t sign, digits;

	skip(s, 1);
	sign = begins_with(*s, '-');
	digits = digits_at(*s, sign);
	skip(s, sign + digits);
	return digits > 0 && digits <= INTEGER_DIGITS;
}

static bool is_lower_hex(char c)
{
	return ascii_is_digit(c) || (c >= 'a' && c <= 'f');
}

/* Section 4.2.10, but for whether what is escaped is UTF-8: nobody reads it. */
static bool take_display(struct str *s)
{
	if (s->len < 2 || s->ptr[1] != '"')
		return false;
	for (size_t i = 2; i < s->len; i++) {
		char c = s->ptr[i];

		if (c == '"') {
			skip(s, i + 1);
			return true;
		}
		if (c < 0x20 || c == 0x7f)
			return false;
		if (c == '%' && (i + 2 >= s->len || !is_lower_hex(s->ptr[i + 1]) ||
		                 !is_lower_hex(s->ptr[i + 2])))
			return false;
	}
	return false;
}

/* Section 4.2.3.1. */
static bool take_bare_item(struct str *s)
{
	bool ignored;

	if (s->len == 0)
		return false;
	if (ascii_is_digit(s->ptr[0]) || s->ptr[0] == '-')
		return take_number(s);
	if (ascii_is_alpha(s->ptr[0]) || s->ptr[0] == '*')
		return take_token(s);
	switch (s->ptr[0]) {
	case '"':
		return take_string(s);
	case ':':
		return take_bytes(s);
	case '?':
		return take_boolean(s, &ignored);
	case '@':
		return take_date(s);
	case '%':
		return take_display(s);
	default:
		return false;
	}
}

static bool is_key_start(char c)
{
	return c == '*' || (c >= 'a' && c <= 'z');
}

/* Section 4.2.3.3. */
static bool take_key(struct str *s)
{
	size_t n = 1;

	if (s->len == 0 || !is_key_start(s->ptr[0]))
		return false;
	while (n < s->len && (is_key_start(s->ptr[n]) || ascii_is_digit(s->ptr[n]) ||
	                      s->ptr[n] == '_' || s->ptr[n] == '-' || s->ptr[n] == '.'))
		n++;
	skip(s, n);
	return true;
}

/* Whether nothing but parameters, and spaces at the end, is left. */
static bool ends_well(struct str s)
{
	while (begins_with(s, ';')) {
		skip(&s, 1);
		while (begins_with(s, ' '))
			skip(&s, 1);
		if (!take_key(&s))
			return false;
		if (!begins_with(s, '='))
			continue;
		skip(&s, 1);
		if (!take_bare_item(&s))
			return false;
	}
	while (begins_with(s, ' '))
		skip(&s, 1);
	return s.len == 0;
}

/* ---- tokens ---------------------------------------------------------------------------------------------- */

bool upload_token_is_good(struct str token)
{
	size_t i = 0;

	while (i < token.len && is_lower_hex(token.ptr[i]))
		i++;
	return i == token.len && token.len == UPLOAD_TOKEN_DIGITS;
}

/* ---- the items ---------------------------------------------------------------------------------------- */

static struct str without_leading_spaces(struct str s)
{
	while (begins_with(s, ' '))
		skip(&s, 1);
	return s;
}

bool upload_item_boolean(struct str value, bool *out)
{
	bool found;

	value = without_leading_spaces(value);
	if (!take_boolean(&value, &found) || !ends_well(value))
		return false;
	*out = found;
	return true;
}

/* "-0" is an Integer, and not negative. */
bool upload_item_integer(struct str value, uint64_t *out)
{
	size_t sign, digits;
	uint64_t found;

	value = without_leading_spaces(value);
	sign = begins_with(value, '-');
	digits = digits_at(value, sign);
	if (digits == 0 || digits > INTEGER_DIGITS ||
	    !str_parse_u64(str_make(value.ptr + sign, digits), &found) ||
	    !ends_well(str_from_index(value, sign + digits)) || (sign && found > 0))
		return false;
	*out = found;
	return true;
}

/* Two lines are one list (RFC 9651 section 4.2), and a list is no Item. */
static struct str only_value(const struct head *head, enum field_id id)
{
	const struct field *f = head_field(head, id);

	return f && !head_next(head, f) ? f->value : str_make(NULL, 0);
}

void upload_fields_read(const struct head *head, struct upload_fields *out)
{
	*out = (struct upload_fields){ 0 };
	out->has_complete =
	        upload_item_boolean(only_value(head, FIELD_UPLOAD_COMPLETE), &out->complete);
	out->has_offset = upload_item_integer(only_value(head, FIELD_UPLOAD_OFFSET), &out->offset);
	out->has_length = upload_item_integer(only_value(head, FIELD_UPLOAD_LENGTH), &out->length);
}
