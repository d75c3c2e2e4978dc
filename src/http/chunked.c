#include "http/chunked.h"

/*
 *   chunk-size [ ext ] CRLF data CRLF … "0" [ ext ] CRLF trailer lines CRLF
 */
enum {
	CHUNKED_SIZE,
	CHUNKED_EXT,
	CHUNKED_SIZE_LF,
	CHUNKED_PAYLOAD,
	CHUNKED_DATA_CR,
	CHUNKED_DATA_LF,
	CHUNKED_LINE_START, /* of a trailer line, or of the empty line that ends it all */
	CHUNKED_TRAILER_NAME,
	CHUNKED_TRAILER_VALUE,
	CHUNKED_TRAILER_LF,
	CHUNKED_FINAL_LF,
	CHUNKED_DONE
};

enum { CHUNKED_DIGITS_MAX = 16 };

static enum chunked_event chunked_refuse(struct refusal *refusal, unsigned status,
                                         const char *reason)
{
	refuse(refusal, status, reason);
	return CHUNKED_BAD;
}

static enum chunked_event chunked_size(struct chunked *c, char byte, struct refusal *refusal)
{
	int digit = ascii_hex(byte);

	if (digit >= 0) {
		if (++c->digits > CHUNKED_DIGITS_MAX)
			return chunked_refuse(refusal, 400, "a chunk size of more than 16 digits");
		c->left = c->left << 4 | (uint64_t)digit;
		return CHUNKED_MORE;
	}
	if (c->digits == 0)
		return chunked_refuse(refusal, 400,
		                      "a chunk size that does not begin with a digit");
	if (byte == '\r')
		c->state = CHUNKED_SIZE_LF;
	else if (byte == ';' || byte == ' ' || byte == '\t')
		/* Blanks only before an extension (RFC 9112 section 7.1.1, "bad" white space). */
		c->state = CHUNKED_EXT;
	else
		return chunked_refuse(refusal, 400,
		                      byte == '\n' ? "a chunk size line ended in LF alone, not CRLF"
		                                   : "a byte in a chunk size that is no digit");
	c->extension += c->state == CHUNKED_EXT;
	return CHUNKED_MORE;
}

static enum chunked_event chunked_ext(struct chunked *c, char byte, struct refusal *refusal)
{
	unsigned char u = (unsigned char)byte;

	if (byte == '\r') {
		c->state = CHUNKED_SIZE_LF;
		return CHUNKED_MORE;
	}
	if ((u < 0x20 && byte != '\t') || u == 0x7f)
		return chunked_refuse(refusal, 400, "a control character in a chunk extension");
	if (++c->extension > CHUNKED_EXTENSION_MAX)
		return chunked_refuse(refusal, 431, "too many chunk extensions");
	return CHUNKED_MORE;
}

static enum chunked_event chunked_size_end(struct chunked *c, char byte, uint64_t max,
                                           struct refusal *refusal)
{
	if (byte != '\n')
		return chunked_refuse(refusal, 400, "a CR that no LF follows in a chunk size line");
	if (c->left > INT64_MAX)
		return chunked_refuse(refusal, 413, "a chunk that is too large");
	if (max > 0 && c->left > max)
		return chunked_refuse(refusal, 413, "the body is larger than this location takes");
	c->digits = 0;
	c->state = c->left > 0 ? CHUNKED_PAYLOAD : CHUNKED_LINE_START;
	return CHUNKED_MORE;
}

static enum chunked_event chunked_trailer(struct chunked *c, char byte, struct refusal *refusal)
{
	unsigned char u = (unsigned char)byte;

	if (++c->trailer > CHUNKED_TRAILER_MAX)
		return chunked_refuse(refusal, 431, "too many trailers");
	if (c->state == CHUNKED_LINE_START && byte == '\r')
		c->state = CHUNKED_FINAL_LF;
	else if (c->state == CHUNKED_TRAILER_VALUE && byte == '\r')
		c->state = CHUNKED_TRAILER_LF;
	else if (c->state == CHUNKED_TRAILER_NAME && byte == ':')
		c->state = CHUNKED_TRAILER_VALUE;
	else if (c->state == CHUNKED_TRAILER_VALUE && ((u >= 0x20 && u != 0x7f) || byte == '\t'))
		return CHUNKED_MORE;
	else if (c->state != CHUNKED_TRAILER_VALUE && u > 0x20 && u < 0x7f &&
	         !strchr("\"(),/:;<=>?@[\\]{}", byte))
		c->state = CHUNKED_TRAILER_NAME;
	else
		return chunked_refuse(refusal, 400, "a malformed trailer");
	return CHUNKED_MORE;
}

/* One byte of framing. */
static enum chunked_event chunked_byte(struct chunked *c, char byte, uint64_t max,
                                       struct refusal *refusal)
{
	switch (c->state) {
	case CHUNKED_SIZE:
		return chunked_size(c, byte, refusal);
	case CHUNKED_EXT:
		return chunked_ext(c, byte, refusal);
	case CHUNKED_SIZE_LF:
		return chunked_size_end(c, byte, max, refusal);
	case CHUNKED_DATA_CR:
	case CHUNKED_DATA_LF:
		if (byte != (c->state == CHUNKED_DATA_CR ? '\r' : '\n'))
			return chunked_refuse(refusal, 400, "a chunk that is not followed by CRLF");
		c->state = c->state == CHUNKED_DATA_CR ? CHUNKED_DATA_LF : CHUNKED_SIZE;
		return CHUNKED_MORE;
	case CHUNKED_TRAILER_LF:
	case CHUNKED_FINAL_LF:
		if (byte != '\n')
			return chunked_refuse(refusal, 400,
			                      "a CR that no LF follows in the trailers");
		if (c->state == CHUNKED_FINAL_LF) {
			c->state = CHUNKED_DONE;
			return CHUNKED_END;
		}
		c->state = CHUNKED_LINE_START;
		return CHUNKED_MORE;
	default:
		return chunked_trailer(c, byte, refusal);
	}
}

enum chunked_event chunked_next(struct chunked *c, struct str *in, uint64_t max, struct str *data,
                                struct refusal *refusal)
{
	if (c->state == CHUNKED_DONE)
		return CHUNKED_END;
	while (in->len > 0) {
		enum chunked_event event;

		if (c->state == CHUNKED_PAYLOAD) {
			*data = str_head(*in, c->left < in->len ? (size_t)c->left : in->len);
			*in = str_from_index(*in, data->len);
			c->left -= data->len;
			if (c->left == 0)
				c->state = CHUNKED_DATA_CR;
			return CHUNKED_DATA;
		}
		event = chunked_byte(c, in->ptr[0], max, refusal);
		if (event == CHUNKED_BAD)
			return event;
		*in = str_from_index(*in, 1);
		if (event == CHUNKED_END)
			return event;
	}
	return CHUNKED_MORE;
}
