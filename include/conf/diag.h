#ifndef CONF_DIAG_H
#define CONF_DIAG_H

#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"

/* A file that was read, kept for the lines that messages show. */
struct source {
	struct str name; /* as it was given, or as the include that named it reads */
	struct str text;
	unsigned order; /* in which the files were read, for the order of messages */
};

/* A place in a source: what a caret points at. Lines and columns count from 1, columns in bytes. */
struct position {
	const struct source *source; /* NULL: nowhere in particular */
	uint32_t line, column;
	uint32_t width; /* bytes to underline, at least 1 */
};

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

/* So many lines are named at most for a message that holds for several. */
enum { DIAG_LINES = 12 };

struct diag_message {
	enum diag_level level;
	struct position at;
	struct str text;
	struct str help;           /* a suggestion, "did you mean 'root'?"; empty: none */
	struct position related;   /* a second place with its own caret; source NULL: none */
	struct str related_text;   /* "the block opens here" */
	uint32_t also[DIAG_LINES]; /* other lines of this file that it holds for, of also_count */
	uint32_t also_count;
};

/* Everything that is to be said about a configuration, collected while it is read. */
struct diag {
	struct arena arena;
	VEC(struct diag_message) messages;
	VEC(struct source *)
	sources; /* copies: messages outlive the configuration they are about */
	size_t errors, warnings, notes;
};

/* So many messages of a level are kept; more are only counted. */
enum { DIAG_SHOWN = 100 };

void diag_init(struct diag *diag);
void diag_end(struct diag *diag);

/* Adds a message; the result may be given a help text or a related place. NULL when memory is out or
 * enough of that level is shown (it still counts); diag_help and diag_relate take NULL. */
struct diag_message *diag_add(struct diag *diag, enum diag_level level, struct position at,
                              const char *format, ...) __attribute__((format(printf, 4, 5)));

void diag_help(struct diag *diag, struct diag_message *message, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
void diag_relate(struct diag *diag, struct diag_message *message, struct position at,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * Where the same was said before about another line of the same file, the message just added, which is
 * then gone, becomes a line number of that one. NULL is fine. True: it did, and is no longer counted.
 */
bool diag_fold(struct diag *diag, struct diag_message *message);

/*
 * Writes them as a compiler would: "file:line:column: error: text", the line, a caret with underline,
 * the help; in the order of files and lines. Control characters are escaped, long lines cut around the
 * caret, tabs kept in line. color: with terminal colours.
 */
void diag_print(const struct diag *diag, struct buf *out, bool color);

/*
 * The candidate nearest to the word, or the empty slice where none is near enough to be meant.
 * next(context, i) gives the i-th candidate and the empty slice behind the last.
 */
struct str diag_nearest(struct str word, struct str (*next)(const void *context, size_t i),
                        const void *context);

#endif
