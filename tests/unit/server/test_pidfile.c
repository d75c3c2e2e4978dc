#include "server/pidfile.h"

#include "base/log.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/webserv-pidfile-XXXXXX";
static char path[64];

static void open_directory(void)
{
	cr_assert(mkdtemp(directory) != NULL);
	snprintf(path, sizeof path, "%s/x.pid", directory);
	log_main->fd = -1; /* what is refused is said in the log; here it is only noise */
}

static void close_directory(void)
{
	unlink(path);
	rmdir(directory);
}

TestSuite(pidfile, .init = open_directory, .fini = close_directory);

static long written(void)
{
	FILE *f = fopen(path, "r");
	long pid = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%ld", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

static void leave(const char *text)
{
	FILE *f = fopen(path, "w");

	cr_assert(f != NULL);
	fputs(text, f);
	fclose(f);
}

/* A process that holds the file until it is killed. */
static pid_t start_holder(void)
{
	struct pidfile other;
	char done;
	int ends[2];
	pid_t pid;

	cr_assert(zero(int, pipe(ends)));
	pid = fork();
	if (pid == 0) {
		if (pidfile_open(&other, path) != 0 || write(ends[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	cr_assert(eq(sz, (size_t)read(ends[0], &done, 1), 1));
	close(ends[0]);
	return pid;
}

Test(pidfile, holds_our_id_until_it_is_closed)
{
	struct pidfile p;

	cr_assert(zero(int, pidfile_open(&p, path)));
	cr_expect(eq(long, written(), (long)getpid()));
	pidfile_close(&p);
	cr_expect(eq(long, written(), -1), "the file is gone");
	pidfile_close(&p);
}

Test(pidfile, a_stale_one_is_replaced_whatever_is_in_it)
{
	/* Even the number of a process that lives: it went to another one since. */
	static const char *const left[] = { "", "999999999\n", "nonsense", "1\n",
		                            "1234567890123456789012345678901234567890\n" };

	for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
		struct pidfile p;

		leave(left[i]);
		cr_expect(zero(int, pidfile_open(&p, path)), "%s is replaced", left[i]);
		cr_expect(eq(long, written(), (long)getpid()), "%s is replaced", left[i]);
		pidfile_close(&p);
	}
}

Test(pidfile, a_live_one_is_refused_and_named)
{
	pid_t holder = start_holder();
	struct pidfile p;

	cr_expect(eq(int, (int)pidfile_owner(path), (int)holder));
	cr_expect(eq(int, pidfile_open(&p, path), -1));
	cr_expect(eq(long, written(), (long)holder), "the file is as it was");
	pidfile_close(&p);
	cr_expect(eq(long, written(), (long)holder), "closing what was not opened removes nothing");
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	cr_expect(eq(int, (int)pidfile_owner(path), 0), "its owner is dead");
	cr_assert(zero(int, pidfile_open(&p, path)));
	cr_expect(eq(long, written(), (long)getpid()));
	pidfile_close(&p);
}

Test(pidfile, a_file_that_another_has_put_there_is_not_removed)
{
	struct pidfile p;

	cr_assert(zero(int, pidfile_open(&p, path)));
	unlink(path);
	leave("42\n");
	pidfile_close(&p);
	cr_expect(eq(long, written(), 42));
}

Test(pidfile, none_is_none)
{
	struct pidfile p;

	cr_expect(zero(int, pidfile_open(&p, "")));
	cr_expect(eq(int, p.fd, -1));
	pidfile_close(&p);
	cr_expect(eq(int, pidfile_open(&p, "/nonexistent/x.pid"), -1));
	cr_expect(eq(int, (int)pidfile_owner("/nonexistent/x.pid"), 0));
}

Test(pidfile, a_link_is_not_followed)
{
	struct pidfile p;
	char target[80];
	struct stat st;

	snprintf(target, sizeof target, "%s.victim", path);
	cr_assert(zero(int, symlink(target, path)));
	cr_expect(eq(int, pidfile_open(&p, path), -1));
	cr_expect(ne(int, stat(target, &st), 0));
}
