#ifndef TESTS_TREE_H
#define TESTS_TREE_H

#include <stddef.h>
#include <time.h>

/* When every file of a tree was last changed, 1994-11-05 00:00:00 UTC, unless the test says otherwise. */
enum { TREE_TIME = 783993600 };

/* A fresh directory with www/ and store/ in it; removed at the end with all that was put there. */
struct tree {
	char root[32];
	int rootfd;
};

void tree_open(struct tree *t);
void tree_close(struct tree *t);

/* Writes a file below the root; a name that ends in a slash is a directory to be made. */
void tree_put(struct tree *t, const char *name, const char *text);

/* A file of this many bytes, "0123456789abcdef" over and over. */
void tree_put_size(struct tree *t, const char *name, size_t size);

/* Sets a file's time of change. */
void tree_touch(struct tree *t, const char *name, time_t modified);

/* The file's bytes as a C string, malloc'ed; NULL: there is none. */
char *tree_read(struct tree *t, const char *name);

#endif
