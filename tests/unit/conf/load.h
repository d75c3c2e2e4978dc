#ifndef TESTS_CONF_LOAD_H
#define TESTS_CONF_LOAD_H

#include "conf/config.h"

/* The variables that configurations in tests may use: the contract's, in alphabetical order. */
extern const struct template_names load_names;

/* A configuration loaded from text or a file, with what was said about it. */
struct loaded {
	struct arena arena;
	struct diag diag;
	struct config *config; /* NULL: refused */
};

/* The prefix is tests/conf, which has www/, www/uploads/ and bin/. Ended with loaded_end(). */
void loaded_text(struct loaded *loaded, const char *text);
void loaded_file(struct loaded *loaded, const char *path);
/* The same with another prefix; NULL: the working directory. */
void loaded_file_in(struct loaded *loaded, const char *prefix, const char *path);
void loaded_end(struct loaded *loaded);

/*
 * What diag_print() writes, as a C string: without what depends on who runs the tests (that it is root
 * or not), and with PREFIX and CWD in place of the directories.
 */
char *loaded_messages(struct loaded *loaded);

/* What config_dump() writes, as a C string. The configuration must be there. */
char *loaded_dump(struct loaded *loaded);

/* A file's bytes as a C string in the arena; NULL where it can't be read. */
char *load_read(struct arena *arena, const char *path);

#endif
