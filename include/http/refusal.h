#ifndef HTTP_REFUSAL_H
#define HTTP_REFUSAL_H

/*
 * Why a request was refused: the error type of everything that parses. `reason` is a static sentence
 * fragment for the client and the log ("line ended in LF alone, not CRLF").
 */
struct refusal {
	unsigned status;
	const char *reason;
};

/* What a parser that may be given half of its input says. */
enum parse { PARSE_COMPLETE, PARSE_PARTIAL, PARSE_BAD };

static inline enum parse refuse(struct refusal *refusal, unsigned status, const char *reason)
{
	refusal->status = status;
	refusal->reason = reason;
	return PARSE_BAD;
}

#endif
