#ifndef CONF_DIRECTIVES_H
#define CONF_DIRECTIVES_H

#include "base/str.h"

struct value_type;

/* Where a directive may stand. */
enum {
	DIRECTIVE_MAIN = 1, /* at the top or in http */
	DIRECTIVE_SERVER = 2,
	DIRECTIVE_LOCATION = 4,
	DIRECTIVE_EVENTS = 8,
	DIRECTIVE_MANY = 255 /* as max: any number of arguments */
};

/* What its offset counts from. */
enum directive_target {
	TARGET_NONE, /* the build stage deals with it by name */
	TARGET_CONFIG,
	TARGET_SERVER,
	TARGET_SETTINGS
};

enum directive_inherit {
	INHERIT_VALUE, /* the inner value replaces the outer one; a list as a whole */
	INHERIT_MERGE, /* the type's merge() joins the inner list and the outer one */
	INHERIT_NEVER  /* holds for its own level only */
};

/*
 * One row for each directive, and the row finishes the job: checking, parsing, inheriting, defaults,
 * the dump and the manual all come from here. A new directive is a row and a field to put it in.
 */
struct directive {
	struct str name;
	unsigned where;
	uint8_t min, max; /* arguments */
	bool repeatable;  /* may stand more than once on a level */
	bool is_block;
	bool is_early;   /* others refer to it: read before them */
	bool is_content; /* has no effect behind a `return` */
	enum directive_target target;
	enum directive_inherit inherit;
	size_t offset, size;
	size_t gate; /* INHERIT_MERGE: offset of a flag that stops inheriting when off; 0: none */
	const struct value_type *type;
	const void *detail; /* what the type needs to know: a range, a list of words */
	const char *usual;  /* the default as an argument text; NULL: none, all zero */
	const char *syntax; /* the arguments, for messages and the manual */
	const char *doc;    /* a paragraph for the manual */
};

extern const struct directive directives[];
extern const size_t directive_count;

/* The row, or NULL. */
const struct directive *directive_find(struct str name);

/* True for our own and for every nginx directive that foreign.c knows by its full name. */
bool directive_is_known(struct str name);

/* For diag_nearest(): the i-th name. */
struct str directive_name_at(const void *unused, size_t i);

/* ---- nginx's other directives ----------------------------------------------------------------------- */

enum foreign_kind {
	FOREIGN_IGNORED, /* tuning without a meaning here: accepted, with a note */
	FOREIGN_REFUSED /* would change what is served or who is served: an error with the nearest way */
};

struct foreign {
	struct str name; /* ends in '*': every name that begins so */
	enum foreign_kind kind;
	const char *advice; /* the nearest way; NULL: none */
};

/* The row that fits best (a full name before a family), or NULL. */
const struct foreign *foreign_find(struct str name);

/* The i-th row, or NULL behind the last: for the manual. */
const struct foreign *foreign_at(size_t i);

#endif
