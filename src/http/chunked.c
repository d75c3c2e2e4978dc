#include "http/chunked.h"

#include "http/field.h"

/*
 *      4;name=value CRLF  data CRLF  0 CRLF  name: value CRLF  CRLF
 *      | size | ext |            |   size    | trailers      | last
 */
enum state {
	SIZE,
	EXTENSION,
	SIZE_LF,
	PAYLOAD,
	PAYLOAD_CR,
	PAYLOAD_LF,
	LINE_START, /* of a trailer line, or of the empty line that ends it all */
	NAME,
	VALUE,
	VALUE_LF,
	LAST_LF,
	DONE
};

enum { DIGITS_MAX = 16 };

/* Text that may stand in an extension or a trailer's value: no control but the tab. */
static bool is_text(unsigned char byte)
{
	return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

/* What a step works on. It judges one byte; having refused it, it has changed nothing. */
struct step {
	struct chunked *c;
	uint64_t max;
	struct refusal *refusal;
};

/*
 * chunk-size = 1*HEXDIG. The grammar lets white space follow before an extension's semicolon (RFC 9112
 * section 7.1.1, BWS); servers disagree about it, and nobody sends it.
 */
static enum parse take_size(const struct step *step, unsigned char byte)
{
	struct chunked *c = step->c;
	int digit = ascii_hex((char)byte);

	if (digit >= 0) {
		if (c->digits == DIGITS_MAX)
			return refuse(step->refusal, 400, "chunk size of more than 16 digits");
		c->digits++;
		c->left = c->left << 4 | (unsigned)digit;
		return PARSE_COMPLETE;
	}
	if (c->digits == 0)
		return refuse(step->refusal, 400, "chunk size that does not begin with a digit");
	if (byte == '\n')
		return refuse(step->refusal, 400, "chunk size line ended in LF alone, not CRLF");
	if (byte != '\r' && byte != ';')
		return refuse(step->refusal, 400, "chunk size with a byte that is no digit");
	if (byte == ';' && c->extension == CHUNKED_EXTENSION_MAX)
		return refuse(step->refusal, 431, "too many chunk extensions");
	c->extension += byte == ';';
	c->state = byte == ';' ? EXTENSION : SIZE_LF;
	return PARSE_COMPLETE;
}

/* Names and values of extensions mean nothing to us: they are counted and dropped. */
static enum parse take_extension(const struct step *step, unsigned char byte)
{
	struct chunked *c = step->c;

	if (byte == '\r') {
		c->state = SIZE_LF;
		return PARSE_COMPLETE;
	}
	if (byte == '\n')
		return refuse(step->refusal, 400, "chunk extension ended in LF alone, not CRLF");
	if (!is_text(byte))
		return refuse(step->refusal, 400, "control character in a chunk extension");
	if (c->extension == CHUNKED_EXTENSION_MAX)
		return refuse(step->refusal, 431, "too many chunk extensions");
	c->extension++;
	return PARSE_COMPLETE;
}

static enum parse take_size_lf(const struct step *step, unsigned char byte)
{
	struct chunked *c = step->c;

	if (byte != '\n')
		return refuse(step->refusal, 400,
		              "carriage return without a line feed in a chunk size line");
	if (step->max > 0 && c->left > step->max)
		return refuse(step->refusal, 413, "the body is larger than this location takes");
	if (c->left > INT64_MAX) /* what a file offset can't count */
		return refuse(step->refusal, 413, "chunk size too large");
	c->digits = 0;
	c->state = c->left > 0 ? PAYLOAD : LINE_START;
	return PARSE_COMPLETE;
}

static enum parse take_payload_cr(const struct step *step, unsigned char byte)
{
	if (byte != '\r')
		return refuse(step->refusal, 400, "chunk longer than its size");
	step->c->state = PAYLOAD_LF;
	return PARSE_COMPLETE;
}

static enum parse take_payload_lf(const struct step *step, unsigned char byte)
{
	if (byte != '\n')
		return refuse(step->refusal, 400,
		              "carriage return without a line feed behind a chunk");
	step->c->state = SIZE;
	return PARSE_COMPLETE;
}

static enum parse take_line_start(const struct step *step, unsigned char byte)
{
	if (byte == '\n')
		return refuse(step->refusal, 400, "trailer line ended in LF alone, not CRLF");
	if (byte == ' ' || byte == '\t')
		return refuse(step->refusal, 400, "folded trailer line (obs-fold)");
	if (byte != '\r' && !field_tchar[byte])
		return refuse(step->refusal, 400, "trailer line without a name");
	step->c->state = byte == '\r' ? LAST_LF : NAME;
	return PARSE_COMPLETE;
}

static enum parse take_name(const struct step *step, unsigned char byte)
{
	if (byte == ' ' || byte == '\t')
		return refuse(step->refusal, 400, "white space in the name of a trailer");
	if (byte == '\r' || byte == '\n')
		return refuse(step->refusal, 400, "trailer line without a colon");
	if (byte != ':' && !field_tchar[byte])
		return refuse(step->refusal, 400, "illegal character in the name of a trailer");
	if (byte == ':')
		step->c->state = VALUE;
	return PARSE_COMPLETE;
}

static enum parse take_value(const struct step *step, unsigned char byte)
{
	if (byte == '\n')
		return refuse(step->refusal, 400, "trailer line ended in LF alone, not CRLF");
	if (byte != '\r' && !is_text(byte))
		return refuse(step->refusal, 400, "control character in a trailer");
	if (byte == '\r')
		step->c->state = VALUE_LF;
	return PARSE_COMPLETE;
}

static enum parse take_trailer_lf(const struct step *step, unsigned char byte)
{
	if (byte != '\n')
		return refuse(step->refusal, 400,
		              "carriage return without a line feed in a trailer");
	step->c->state = step->c->state == LAST_LF ? DONE : LINE_START;
	return PARSE_COMPLETE;
}

static enum parse (*const steps[])(const struct step *step, unsigned char byte) = {
	[SIZE] = take_size,
	[EXTENSION] = take_extension,
	[SIZE_LF] = take_size_lf,
	[PAYLOAD_CR] = take_payload_cr,
	[PAYLOAD_LF] = take_payload_lf,
	[LINE_START] = take_line_start,
	[NAME] = take_name,
	[VALUE] = take_value,
	[VALUE_LF] = take_trailer_lf,
	[LAST_LF] = take_trailer_lf,
};

/* One byte of framing. The empty line at the end is no trailer and is not counted. */
static enum parse take_byte(const struct step *step, unsigned char byte)
{
	struct chunked *c = step->c;
	bool in_trailer = c->state >= NAME || (c->state == LINE_START && byte != '\r');

	if (c->state == LAST_LF || !in_trailer)
		return steps[c->state](step, byte);
	if (c->trailer == CHUNKED_TRAILER_MAX)
		return refuse(step->refusal, 431, "too many trailers");
	if (steps[c->state](step, byte) == PARSE_BAD)
		return PARSE_BAD;
	c->trailer++;
	return PARSE_COMPLETE;
}

static void take_payload(struct chunked *c, struct str *in, struct str *data)
{
	*data = str_head(*in, c->left < in->len ? (size_t)c->left : in->len);
	*in = str_from_index(*in, data->len);
	c->left -= data->len;
	if (c->left == 0)
		c->state = PAYLOAD_CR;
}

enum chunked_event chunked_next(struct chunked *chunked, struct str *in, uint64_t max,
                                struct str *data, struct refusal *refusal)
{
	const struct step step = { .c = chunked, .max = max, .refusal = refusal };

	while (chunked->state != DONE && in->len > 0) {
		if (chunked->state == PAYLOAD) {
			take_payload(chunked, in, data);
			return CHUNKED_DATA;
		}
		if (take_byte(&step, (unsigned char)in->ptr[0]) == PARSE_BAD)
			return CHUNKED_BAD;
		*in = str_from_index(*in, 1);
	}
	return chunked->state == DONE ? CHUNKED_END : CHUNKED_MORE;
}
