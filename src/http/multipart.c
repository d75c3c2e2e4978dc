#include "http/multipart.h"

#include "http/field.h"

/*
 *      preamble CRLF --boundary padding CRLF  head lines  CRLF  data CRLF --boundary -- epilogue
 *      `-- PREAMBLE --------' `- DELIMITED -'`----- HEAD -----'`- FIRST, DATA -----'
 *
 * The CRLF before the dashes belongs to the delimiter (RFC 2046 section 5.1.1). At the start of the
 * body and of a part's data it has been seen already, as the start of the line or as the end of the
 * head: there `matched` begins at 2, and those two bytes are no data when the match fails.
 */
enum state {
	STATE_PREAMBLE,
	STATE_DELIMITED, /* right behind the boundary */
	STATE_PADDING,   /* spaces and tabs behind it */
	STATE_PADDING_CR,
	STATE_DASH, /* one of the two dashes of the closing delimiter */
	STATE_HEAD,
	STATE_FIRST, /* no byte of the part's data is certain yet */
	STATE_DATA,
	STATE_DONE
};

enum { BORROWED_CRLF = 2 };

static enum multipart_event bad(struct refusal *refusal, unsigned status, const char *reason)
{
	(void)refuse(refusal, status, reason);
	return MULTIPART_BAD;
}

/* bchars of RFC 2046 section 5.1.1. */
static bool is_boundary_byte(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) ||
	       (c != '\0' && strchr("'()+_,-./:=? ", c) != NULL);
}

bool multipart_boundary(struct str content_type, struct str *boundary)
{
	struct str type = str_trim(str_head(content_type, str_find(content_type, ';')));

	if (!str_eq_nocase(type, STR_OF("multipart/form-data")) ||
	    !field_parameter(content_type, STR_OF("boundary"), boundary) || boundary->len == 0 ||
	    boundary->len > MULTIPART_BOUNDARY_MAX || boundary->ptr[boundary->len - 1] == ' ')
		return false;
	for (size_t i = 0; i < boundary->len; i++) {
		if (!is_boundary_byte(boundary->ptr[i]))
			return false;
	}
	return true;
}

void multipart_init(struct multipart *parser, struct str boundary)
{
	boundary = str_head(boundary, MULTIPART_BOUNDARY_MAX);
	parser->state = STATE_PREAMBLE;
	parser->matched = BORROWED_CRLF;
	parser->parts = 0;
	parser->head_len = 0;
	parser->delimiter_len = 4 + (unsigned)boundary.len;
	memcpy(parser->delimiter, "\r\n--", 4);
	memcpy(parser->delimiter + 4, boundary.ptr, boundary.len);
}

bool multipart_is_complete(const struct multipart *parser)
{
	return parser->state == STATE_DONE;
}

/*
 * The index of the first byte of `in` where the delimiter begins, or may begin and the input ends
 * before that is certain. A CR stands in the delimiter only at its front, so a failed match can't
 * hide another.
 */
static size_t delimiter_find(const struct multipart *parser, struct str in)
{
	struct str delimiter = str_make(parser->delimiter, parser->delimiter_len);

	for (size_t at = 0; at < in.len; at++) {
		const char *cr = memchr(in.ptr + at, '\r', in.len - at);

		if (!cr)
			return in.len;
		at = (size_t)(cr - in.ptr);
		if (str_starts_with(delimiter, str_head(str_from_index(in, at), delimiter.len)))
			return at;
	}
	return in.len;
}

/* Goes on with a match begun earlier. False where the next byte does not fit it. */
static bool delimiter_continue(struct multipart *parser, struct str *in)
{
	size_t i = 0;

	for (; i < in->len && parser->matched < parser->delimiter_len; i++) {
		if (in->ptr[i] != parser->delimiter[parser->matched])
			break;
		parser->matched++;
	}
	*in = str_from_index(*in, i);
	return in->len == 0 || parser->matched == parser->delimiter_len;
}

/*
 * Reads data up to the delimiter. MULTIPART_DATA: *data, of which none belongs to a delimiter; it
 * may be empty. MULTIPART_PART_END: the delimiter is through. MULTIPART_MORE: all input is used up.
 */
static enum multipart_event data_next(struct multipart *parser, struct str *in, struct str *data)
{
	unsigned borrowed = parser->state == STATE_DATA ? 0 : BORROWED_CRLF;
	size_t at;

	if (parser->matched > 0) {
		if (delimiter_continue(parser, in))
			return parser->matched == parser->delimiter_len ? MULTIPART_PART_END
			                                                : MULTIPART_MORE;
		*data = str_make(parser->delimiter + borrowed, parser->matched - borrowed);
		parser->matched = 0;
		if (parser->state == STATE_FIRST)
			parser->state = STATE_DATA;
		return MULTIPART_DATA;
	}
	at = delimiter_find(parser, *in);
	*data = str_head(*in, at);
	*in = str_from_index(*in, at);
	if (at > 0)
		return MULTIPART_DATA;
	if (in->len == 0)
		return MULTIPART_MORE;
	(void)delimiter_continue(parser, in);
	return parser->matched == parser->delimiter_len ? MULTIPART_PART_END : MULTIPART_MORE;
}

/* Takes the bytes between a boundary and the part's head, or those that close the whole. */
static enum multipart_event delimited_byte(struct multipart *parser, char c,
                                           struct refusal *refusal)
{
	bool is_blank = c == ' ' || c == '\t';

	if (parser->state == STATE_DASH && c == '-') {
		parser->state = STATE_DONE;
		return MULTIPART_END;
	}
	if (parser->state == STATE_DELIMITED && c == '-') {
		parser->state = STATE_DASH;
		return MULTIPART_MORE;
	}
	if (parser->state == STATE_PADDING_CR && c == '\n') {
		if (++parser->parts > MULTIPART_PARTS_MAX)
			return bad(refusal, 413, "too many parts in a form");
		parser->state = STATE_HEAD;
		parser->head_len = 0;
		return MULTIPART_MORE;
	}
	if (parser->state == STATE_DASH || parser->state == STATE_PADDING_CR ||
	    (!is_blank && c != '\r'))
		return bad(refusal, 400, "a multipart boundary that does not end its line");
	parser->state = is_blank ? STATE_PADDING : STATE_PADDING_CR;
	return MULTIPART_MORE;
}

/* Files are stored as they come, so a part that is encoded once more would be stored spoilt. */
static bool is_plain_encoding(struct str value)
{
	return str_eq_nocase(value, STR_OF("binary")) || str_eq_nocase(value, STR_OF("8bit")) ||
	       str_eq_nocase(value, STR_OF("7bit"));
}

/* One line of a part's head; fields other than these are ignored (RFC 7578 section 4.8). */
static enum multipart_event head_line(struct multipart *parser, struct str line,
                                      struct multipart_part *part, struct refusal *refusal)
{
	size_t colon = str_find(line, ':');
	struct str name = str_head(line, colon);
	struct str value = str_trim(str_from_index(line, colon + 1));

	if (colon == line.len || !field_is_token(name))
		return bad(refusal, 400, "a malformed header line in a part of a form");
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return bad(refusal, 400, "a control character in the head of a part");
	}
	if (str_eq_nocase(name, STR_OF("Content-Disposition"))) {
		if (part->disposition.type.len > 0)
			return bad(refusal, 400, "Content-Disposition twice in a part");
		if (!disposition_parse(value, parser->room, &part->disposition) ||
		    !str_eq_nocase(part->disposition.type, STR_OF("form-data")))
			return bad(refusal, 400, "a malformed Content-Disposition in a part");
	} else if (str_eq_nocase(name, STR_OF("Content-Type"))) {
		part->content_type = value;
	} else if (str_eq_nocase(name, STR_OF("Content-Transfer-Encoding")) &&
	           !is_plain_encoding(value)) {
		return bad(refusal, 400, "a part with a Content-Transfer-Encoding");
	}
	return MULTIPART_PART;
}

/* The head is whole: CRLF-ended lines and the empty one. */
static enum multipart_event head_finish(struct multipart *parser, struct multipart_part *part,
                                        struct refusal *refusal)
{
	struct str lines = str_make(parser->head, parser->head_len - 2);

	*part = (struct multipart_part){ 0 };
	while (lines.len > 0) {
		struct str line = str_cut(&lines, '\n');

		/* The byte before LF is a CR: head_byte() has seen to it. */
		line.len--;
		if (head_line(parser, line, part, refusal) == MULTIPART_BAD)
			return MULTIPART_BAD;
	}
	if (part->disposition.type.len == 0)
		return bad(refusal, 400, "a part without Content-Disposition");
	parser->state = STATE_FIRST;
	parser->matched = BORROWED_CRLF;
	return MULTIPART_PART;
}

static enum multipart_event head_byte(struct multipart *parser, char c, struct multipart_part *part,
                                      struct refusal *refusal)
{
	const char *head = parser->head;
	unsigned len = parser->head_len;

	if (len == MULTIPART_HEAD_MAX)
		return bad(refusal, 413, "too long a head of a part");
	if (c == '\n' && (len == 0 || head[len - 1] != '\r'))
		return bad(refusal, 400, "a line ended in LF alone in the head of a part");
	parser->head[parser->head_len++] = c;
	if (c == '\n' && (len == 1 || (len >= 3 && head[len - 2] == '\n')))
		return head_finish(parser, part, refusal);
	return MULTIPART_MORE;
}

/* Everything between the delimiter and the data goes byte by byte: it is short. */
static enum multipart_event small_next(struct multipart *parser, struct str *in,
                                       struct multipart_part *part, struct refusal *refusal)
{
	char c = in->ptr[0];

	*in = str_from_index(*in, 1);
	if (parser->state == STATE_HEAD)
		return head_byte(parser, c, part, refusal);
	return delimited_byte(parser, c, refusal);
}

enum multipart_event multipart_next(struct multipart *parser, struct str *in,
                                    struct multipart_part *part, struct str *data,
                                    struct refusal *refusal)
{
	while (in->len > 0 && parser->state != STATE_DONE) {
		bool is_preamble = parser->state == STATE_PREAMBLE;
		enum multipart_event event;

		if (!is_preamble && parser->state != STATE_FIRST && parser->state != STATE_DATA) {
			event = small_next(parser, in, part, refusal);
			if (event != MULTIPART_MORE)
				return event;
			continue;
		}
		event = data_next(parser, in, data);
		if (event == MULTIPART_PART_END) {
			parser->state = STATE_DELIMITED;
			parser->matched = 0;
		}
		if (!is_preamble &&
		    (event == MULTIPART_PART_END || (event == MULTIPART_DATA && data->len > 0)))
			return event;
	}
	*in = str_from_index(*in, in->len);
	return MULTIPART_MORE;
}
