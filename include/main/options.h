#ifndef MAIN_OPTIONS_H
#define MAIN_OPTIONS_H

#include "base/buf.h"
#include "server/control_protocol.h"

enum options_action {
	OPTIONS_RUN,
	OPTIONS_TEST,
	OPTIONS_DUMP,
	OPTIONS_EXPLAIN,
	OPTIONS_VERSION,
	OPTIONS_HELP,
	OPTIONS_SIGNAL
};

enum { OPTIONS_HEADERS_MAX = 64 };

/* The command line, understood. */
struct options {
	enum options_action action;
	const char *config; /* "conf/default.conf" where none is named; NULL with --root */
	const char *prefix; /* NULL: the working directory */
	bool daemon;
	enum control_verb verb;                   /* of OPTIONS_SIGNAL */
	const char *explain;                      /* OPTIONS_EXPLAIN: "METHOD URL" */
	const char *headers[OPTIONS_HEADERS_MAX]; /* and further fields, "Name: value" */
	size_t header_count;
	const char *from; /* the client's address; NULL: 127.0.0.1 */

	const char
	        *root; /* --root: serve this directory; config is then NULL. NULL: serve CONFIG */
	const char *listen; /* NULL: 127.0.0.1:8080 */
	const char *auth;   /* USER:PASSWORD, in the memory of argv; NULL: everybody */
	bool upload, spa;
};

/* Reads the command line. False: a message that says what to do is in `message`; the exit status is 2. */
bool options_parse(int argc, char *const *argv, struct options *out, struct buf *message);

/*
 * Every option is a row, and the row does the work. `argument` names what must follow it; NULL: nothing.
 */
struct option_row {
	const char *group; /* in --help: the heading before this row; NULL: none */
	char letter;       /* 0: none */
	struct str name;
	const char *argument;
	const char *help;
	/* False: it is wrong, and the message says how. */
	bool (*apply)(struct options *o, const char *argument, struct buf *message);
};

/* The i-th row, or NULL behind the last: for the manual. */
const struct option_row *options_row(size_t i);

/* The text of --help. */
void options_help(struct buf *out);

#endif
