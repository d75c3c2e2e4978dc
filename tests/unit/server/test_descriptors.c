#include "server/descriptors.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST = 20, LAST = 30 }; /* the descriptors that the test opens */

struct keep_row {
	const char *name;
	int keep[6];
	size_t count;
};

static const struct keep_row keep_rows[] = {
	{ "none is kept", { 0 }, 0 },
	{ "one is kept", { 25 }, 1 },
	{ "the first and the last are kept", { 30, 20 }, 2 },
	{ "neighbours are kept", { 24, 22, 23 }, 3 },
	{ "-1, standard streams and one given twice are harmless", { 26, -1, 2, 26, 0, 28 }, 6 },
	{ "one that is not open is harmless", { 27, 500 }, 2 },
};

static bool is_kept(const struct keep_row *row, int fd)
{
	for (size_t i = 0; i < row->count; i++)
		if (row->keep[i] == fd)
			return true;
	return false;
}

/* In a child, whose descriptors are its own. The status: 0, or the first descriptor that is wrong. */
static int run(const struct keep_row *row)
{
	int keep[6], status;
	pid_t pid = fork();

	if (pid > 0) {
		waitpid(pid, &status, 0);
		return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	}
	for (int fd = FIRST; fd <= LAST; fd++)
		dup2(STDERR_FILENO, fd);
	memcpy(keep, row->keep, sizeof keep);
	descriptors_close_others(keep, row->count);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			_exit(100 + fd);
	for (int fd = 3; fd <= LAST; fd++)
		if ((fcntl(fd, F_GETFD) >= 0) != (is_kept(row, fd)))
			_exit(fd);
	_exit(0);
}

Test(descriptors, only_those_named_stay_open)
{
	for (size_t i = 0; i < sizeof keep_rows / sizeof *keep_rows; i++)
		cr_expect(eq(int, run(&keep_rows[i]), 0), "%s", keep_rows[i].name);
}
