#ifndef SERVER_CONTROL_PROTOCOL_H
#define SERVER_CONTROL_PROTOCOL_H

#include "base/buf.h"

/*
 * What is said over the control socket. The client sends one line, a verb; the server answers once, when
 * the outcome is known, and closes:
 *
 *     reload\n                      → 0 59\ngeneration 7 is live; …
 *
 * The answer's first line is the exit status and how many bytes of text follow it.
 */

enum control_verb {
	CONTROL_RELOAD,
	CONTROL_STOP,
	CONTROL_QUIT,
	CONTROL_REOPEN,
	CONTROL_UPGRADE,
	CONTROL_STATUS,
	CONTROL_VERBS
};

enum {
	CONTROL_LINE = 32,       /* bytes a line has at most, its end included */
	CONTROL_TEXT = 64 * 1024 /* of an answer's text; the rest is cut off */
};

enum control_result { CONTROL_COMPLETE, CONTROL_PARTIAL, CONTROL_BAD };

struct str control_verb_name(enum control_verb verb);

/* False: the word is no verb. */
bool control_verb_parse(struct str word, enum control_verb *verb);

/* What the server was sent so far. */
enum control_result control_request_parse(struct str bytes, enum control_verb *verb);

/* What the client was sent so far; *text is complete when the result is. */
enum control_result control_answer_parse(struct str bytes, int *status, struct str *text);

void control_answer_head(struct buf *out, int status, size_t len);

/* "server.pid.sock". False: it does not fit into what a socket's address can hold. */
bool control_socket_path(struct str pid_file, char *path, size_t cap);

#endif
