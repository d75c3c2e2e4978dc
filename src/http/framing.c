#include "http/framing.h"

/* What the Transfer-Encoding lines name, all of them together being one list. */
struct codings {
	bool chunked; /* seen; nothing may follow it */
	bool unknown;
};

/*
 * One line of Transfer-Encoding, element by element. An empty element is legal in a list (RFC 9110
 * section 5.6.1), but nobody sends one in good faith here, and servers disagree about it.
 */
static enum parse take_codings(struct str line, struct codings *codings, struct refusal *refusal)
{
	struct str rest = line;

	do {
		struct str coding = str_trim(str_cut(&rest, ','));

		if (coding.len == 0)
			return refuse(refusal, 400, "empty element in Transfer-Encoding");
		if (codings->chunked && str_eq_nocase(coding, STR_OF("chunked")))
			return refuse(refusal, 400, "chunked twice in Transfer-Encoding");
		if (codings->chunked)
			return refuse(refusal, 400, "chunked is not the last Transfer-Encoding");
		if (str_eq_nocase(coding, STR_OF("chunked")))
			codings->chunked = true;
		else if (field_is_token(coding))
			codings->unknown = true;
		else
			return refuse(refusal, 400, "malformed Transfer-Encoding");
	} while (rest.ptr);
	return PARSE_COMPLETE;
}

/* RFC 9112 sections 6.1 and 6.3 */
static enum parse decide_coding(const struct head *head, struct framing *framing,
                                struct refusal *refusal)
{
	const struct field *field = head_field(head, FIELD_TRANSFER_ENCODING);
	struct codings codings = { 0 };

	if (head->minor == 0)
		return refuse(refusal, 400, "Transfer-Encoding in HTTP/1.0");
	if (head->first[FIELD_CONTENT_LENGTH])
		return refuse(refusal, 400, "Content-Length together with Transfer-Encoding");
	for (; field; field = head_next(head, field)) {
		if (take_codings(field->value, &codings, refusal) == PARSE_BAD)
			return PARSE_BAD;
	}
	if (codings.unknown)
		return refuse(refusal, 501, "a Transfer-Encoding other than chunked");
	framing->kind = FRAMING_CHUNKED;
	return PARSE_COMPLETE;
}

/* Says which way a text is no length. */
static enum parse refuse_length(struct str text, struct refusal *refusal)
{
	if (text.len == 0)
		return refuse(refusal, 400, "empty Content-Length");
	if (str_find(text, ',') < text.len)
		return refuse(refusal, 400, "Content-Length is a list");
	for (size_t i = 0; i < text.len; i++) {
		if (!ascii_is_digit(text.ptr[i]))
			return refuse(refusal, 400, "Content-Length is not a number");
	}
	return refuse(refusal, 400, "Content-Length is too large");
}

/*
 * RFC 9110 section 8.6. Lines that repeat the very same digits are one; "5" and "05" count as different,
 * since somebody may read the latter as octal. Lengths have to fit the system's signed file offsets.
 */
static enum parse decide_length(const struct head *head, struct framing *framing,
                                struct refusal *refusal)
{
	const struct field *first = head_field(head, FIELD_CONTENT_LENGTH);
	const struct field *other = first;
	uint64_t length;

	if (!str_parse_u64(first->value, &length) || length > INT64_MAX)
		return refuse_length(first->value, refusal);
	while ((other = head_next(head, other)) != NULL) {
		if (!str_eq(first->value, other->value))
			return refuse(refusal, 400, "two Content-Length fields that differ");
	}
	framing->has_length = true;
	framing->length = length;
	framing->kind = length > 0 ? FRAMING_LENGTH : FRAMING_NONE;
	return PARSE_COMPLETE;
}

/* RFC 9110 section 10.1.1; in HTTP/1.0 a 100-continue is to be ignored. */
static enum parse decide_expect(const struct head *head, struct framing *framing,
                                struct refusal *refusal)
{
	const struct field *field = head_field(head, FIELD_EXPECT);

	for (; field; field = head_next(head, field)) {
		struct str list = field->value, element;

		while (field_list_next(&list, &element)) {
			if (!str_eq_nocase(element, STR_OF("100-continue")))
				return refuse(refusal, 417, "Expect other than 100-continue");
			framing->expect_continue = head->minor > 0 && framing->kind != FRAMING_NONE;
		}
	}
	return PARSE_COMPLETE;
}

/* RFC 9112 section 9.3; close beats keep-alive. */
static bool decide_keep_alive(const struct head *head)
{
	const struct field *field = head_field(head, FIELD_CONNECTION);
	bool keep_alive = head->minor > 0;

	for (; field; field = head_next(head, field)) {
		if (field_list_has(field->value, STR_OF("close")))
			return false;
		if (field_list_has(field->value, STR_OF("keep-alive")))
			keep_alive = true;
	}
	return keep_alive;
}

enum parse framing_decide(const struct head *head, struct framing *framing, struct refusal *refusal)
{
	enum parse parse = PARSE_COMPLETE;

	*framing = (struct framing){ 0 };
	if (head->first[FIELD_TRANSFER_ENCODING])
		parse = decide_coding(head, framing, refusal);
	else if (head->first[FIELD_CONTENT_LENGTH])
		parse = decide_length(head, framing, refusal);
	if (parse == PARSE_COMPLETE)
		parse = decide_expect(head, framing, refusal);
	framing->keep_alive = parse == PARSE_COMPLETE && decide_keep_alive(head);
	return parse;
}
