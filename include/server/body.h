#ifndef SERVER_BODY_H
#define SERVER_BODY_H

#include "base/arena.h"
#include "base/str.h"

#include <sys/types.h>

/* A run of bytes: memory, or a piece of an open file that the kernel can send by itself. */
enum span_kind { SPAN_MEMORY, SPAN_FILE };
struct span {
	enum span_kind kind;
	const char *ptr; /* SPAN_MEMORY */
	int fd;          /* SPAN_FILE */
	off_t offset;
	uint64_t len; /* bytes, at least 1 */
};

/* What a body says when it is asked for its next span. */
enum body_next {
	BODY_SPAN, /* *span is set; it holds until the next call */
	BODY_WAIT, /* nothing yet; whoever has some will wake the connection */
	BODY_END,  /* that was all */
	BODY_FAILED /* it can't be completed: the connection must be cut, so that the client notices */
};

/*
 * A response body: something to pull spans from. The connection asks for the next one when its socket
 * has room, so back-pressure needs no code. What it uses lives in the request's arena.
 */
struct body {
	enum body_next (*next)(struct body *body, struct span *span);
	void *context;      /* the maker's */
	struct span *spans; /* for a body of spans: those left */
	size_t span_count;
	struct span one; /* room for the usual single span */
	int64_t length;  /* bytes in all; -1: not known before the end */
	bool is_last; /* set with a span: nothing comes behind it, and next() is not called again */
	bool is_rangeable; /* parts of it may be sent instead (a body of one file span) */
};

enum { BODY_UNKNOWN_LENGTH = -1 };

void body_empty(struct body *body);

/* The bytes must live as long as the request. */
void body_memory(struct body *body, struct str bytes);

/* A piece of an open file; rangeable. The descriptor stays the caller's. */
void body_file(struct body *body, int fd, off_t offset, uint64_t len);

/* Several spans, in the request's arena, in order. */
void body_spans(struct body *body, struct span *spans, size_t count);

/* Made as it is sent: next() produces it. */
void body_generator(struct body *body, enum body_next (*next)(struct body *body, struct span *span),
                    void *context, int64_t length);

#endif
