#ifndef MANUAL_TEXTS_H
#define MANUAL_TEXTS_H

#include "base/buf.h"
#include "base/vec.h"

/*
 * The texts of the manual, as they are written: ../README.md tells the marks. What a table of the server
 * knows (forms, defaults, places, names) is not in them: tables.c joins the two.
 */

/* One "== name" and what stands below it. */
struct manual_text {
	struct str name;
	struct str example; /* of a directive: one statement */
	struct str nginx;   /* of a directive: the difference */
	struct str what;    /* may be empty for a directive: its row's sentence is used */
};

/* "= title" and its entries, in the order written. */
struct manual_group {
	struct str title;
	VEC(struct manual_text) texts;
};

struct manual {
	struct arena arena;              /* all slices point into it */
	const char *dir;                 /* www/manual */
	VEC(struct manual_group) groups; /* of directives */
	struct manual_group variables, options;
};

/* Reads all entries below dir (which must live on). False: *problem says why, and nothing is left open. */
bool manual_open(struct manual *manual, const char *dir, struct buf *problem);
void manual_close(struct manual *manual);

/* The whole of dir/name. ptr is NULL where it can't be read, with errno. */
struct str manual_file(struct manual *manual, const char *name);

/* The whole of dir/source/name.txt, likewise. */
struct str manual_prose(struct manual *manual, const char *name);

/* The entry with this name, or NULL. */
const struct manual_text *manual_find(const struct manual_group *group, struct str name);
const struct manual_text *manual_find_directive(const struct manual *manual, struct str name);

#endif
