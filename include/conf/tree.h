#ifndef CONF_TREE_H
#define CONF_TREE_H

#include "conf/config.h"
#include "conf/lexer.h"

/* One statement: a name, its arguments, and a block of further statements or none. */
struct node {
	struct token name;
	struct token *args;
	size_t arg_count;
	bool has_block;
	bool is_faulty;       /* a word of it is: nothing more is said about it */
	bool is_default;      /* made from the text of a row's default */
	struct position open; /* the '{' */
	struct node *children;
	struct node *next;
};

enum {
	TREE_BLOCKS_MAX = 64,
	TREE_INCLUDES_MAX = 32,
	TREE_FILES_MAX = 10000,
	TREE_ARGS_MAX = 8192,
	TREE_FILE_BYTES = 8 << 20,
	TREE_ALL_BYTES = 64 << 20
};

/* What reading needs and counts. */
struct tree {
	struct config *config; /* texts and words go to its arena, names to its files */
	struct arena *scratch; /* nodes go here */
	struct diag *diag;
	struct tree_file *open; /* the file being read and those that include it */
	size_t files, bytes;
};

/*
 * Reads the main file (or its text, if that is given) with everything it includes. Faults are reported,
 * and what could be read is returned, so that later stages report theirs in the same run.
 */
struct node *tree_load(struct tree *tree, const struct config_source *source);

/* One statement out of a constant text, for defaults: `name` with the words of `text`. */
struct node *tree_from_text(struct tree *tree, struct str name, const char *text);

/* Puts the nodes of an include in place of `statement`; *tail is where the next node will be linked. */
struct node **tree_include(struct tree *tree, const struct node *statement, unsigned depth,
                           bool raw, struct node **tail);

/* Parses a source into nodes linked from *tail; returns the new tail. raw: no directive names in here. */
struct node **tree_parse(struct tree *tree, const struct source *source, unsigned depth, bool raw,
                         struct node **tail);

/* An absolute path: `path` itself, or below the prefix of the configuration. A C string, not normalised. */
struct str tree_absolute(const struct config *config, struct arena *arena, struct str path);

/*
 * Room for one more item in a list that has only items and count: it grows when the count is a power of
 * two. Only for lists that were begun by the caller; inherited ones are shared.
 */
#define LIST_ADD(arena, list)                                                                     \
	((list)->items = list_grow((arena), (list)->items, (list)->count, sizeof *(list)->items), \
	 &(list)->items[(list)->count++])
void *list_grow(struct arena *arena, void *items, size_t count, size_t item_size);

#endif
