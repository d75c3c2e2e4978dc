#ifndef SERVER_TRACE_H
#define SERVER_TRACE_H

#include "server/request.h"

/* Who wants to hear how a decision comes about: --explain. A request without one pays a branch at each step. */
struct trace {
	/* r->location was chosen for r->target.path, or is the named one it was sent to. */
	void (*located)(struct trace *trace, struct request *r);
	/* A step and what came of it. topic: a directive's name or a word; text: a sentence's fragment. */
	void (*say)(struct trace *trace, const char *topic, const char *text);
};

/* Calls say() with the formatted text. Only through TRACE(). */
void trace_say(struct request *r, const char *topic, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#define TRACE(r, ...)                                        \
	do {                                                 \
		if (__builtin_expect((r)->trace != NULL, 0)) \
			trace_say(r, __VA_ARGS__);           \
	} while (0)

/* The file below a configured directory as a person would name it, in the arena; controls are escaped. */
const char *trace_file_name(struct request *r, int dir, struct str path);

/* A decoded path, with what is not printable escaped. */
const char *trace_path(struct request *r, struct str path);

/* What was found there: "a file of 120 bytes", "nothing". */
const char *trace_file_kind(struct request *r, const struct file *file);

#endif
