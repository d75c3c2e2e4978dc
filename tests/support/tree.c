#include "tree.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void tree_open(struct tree *t)
{
	*t = (struct tree){ .root = "/tmp/tree-XXXXXX" };
	cr_assert(mkdtemp(t->root) != NULL);
	t->rootfd = open(t->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tree_put(t, "www/", NULL);
	tree_put(t, "store/", NULL);
}

static int tree_remove(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

void tree_close(struct tree *t)
{
	close(t->rootfd);
	nftw(t->root, tree_remove, 8, FTW_DEPTH | FTW_PHYS);
}

void tree_touch(struct tree *t, const char *name, time_t modified)
{
	const struct timespec times[2] = { { .tv_sec = modified }, { .tv_sec = modified } };

	cr_assert(utimensat(t->rootfd, name, times, 0) == 0, "%s", name);
}

static int tree_create(struct tree *t, const char *name)
{
	int fd = openat(t->rootfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	cr_assert(fd >= 0, "%s", name);
	return fd;
}

void tree_put(struct tree *t, const char *name, const char *text)
{
	int fd;

	if (name[strlen(name) - 1] == '/') {
		cr_assert(mkdirat(t->rootfd, name, 0755) == 0, "%s", name);
		return;
	}
	fd = tree_create(t, name);
	cr_assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", name);
	close(fd);
	tree_touch(t, name, TREE_TIME);
}

void tree_put_size(struct tree *t, const char *name, size_t size)
{
	int fd = tree_create(t, name);
	FILE *file = fdopen(fd, "w");

	for (size_t i = 0; i < size; i++)
		putc("0123456789abcdef"[i % 16], file);
	fclose(file);
	tree_touch(t, name, TREE_TIME);
}

char *tree_read(struct tree *t, const char *name)
{
	int fd = openat(t->rootfd, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text;

	if (fd < 0)
		return NULL;
	cr_assert(fstat(fd, &st) == 0);
	text = calloc(1, (size_t)st.st_size + 1);
	cr_assert(read(fd, text, (size_t)st.st_size) == st.st_size, "%s", name);
	close(fd);
	return text;
}
