#include "net/child.h"

#include "net/signals.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const environment[] = { (char[]){ "ONLY=this" }, NULL };

/* Runs a line of shell with its output into a pipe; what it wrote, and its status as of wait(2). */
static void run_limited(const char *line, const struct child_limits *limits, char *out, size_t cap,
                        int *status)
{
	char *argv[] = { (char[]){ "name" }, (char[]){ "-c" }, (char *)(uintptr_t)line, NULL };
	struct child_failure failure;
	struct child_spec spec = { .program = "/bin/sh",
		                   .argv = argv,
		                   .envp = environment,
		                   .directory = "/tmp",
		                   .limits = *limits,
		                   .ignored = signals_ignored() };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), ends[2];
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	cr_assert(pipe2(ends, O_CLOEXEC) == 0);
	spec.fds[0] = null;
	spec.fds[1] = spec.fds[2] = ends[1];
	pid = child_start(&spec, &failure);
	cr_assert(gt(i32, pid, 0), "%s: step %d, %s", line, failure.step, strerror(failure.error));
	close(ends[1]);
	while (len < cap - 1 && (n = read(ends[0], out + len, cap - 1 - len)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	close(ends[0]);
	close(null);
	cr_assert(eq(i32, waitpid(pid, status, 0), pid));
}

static void run(const char *line, char *out, size_t cap, int *status)
{
	run_limited(line, &(struct child_limits){ 0 }, out, cap, status);
}

static const struct {
	const char *name, *line, *out;
	int status; /* of exit(3), or 256 + the signal */
} rows[] = {
	{ "its arguments are its own", "echo $0", "name\n", 0 },
	{ "its status is told", "exit 7", "", 7 },
	{ "so is the signal that ended it", "kill -9 $$", "", 256 + 9 },
	{ "it works in its directory", "pwd", "/tmp\n", 0 },
	{ "its environment is what was given", "/usr/bin/env | grep -c -v '^PWD=\\|^SHLVL=\\|^_='",
	  "1\n", 0 },
	{ "and nothing else", "echo $ONLY$HOME$PATH_NOT", "this\n", 0 },
	{ "standard error is there", "echo oh >&2", "oh\n", 0 },
	{ "standard input, too", "cat; echo end", "end\n", 0 },
	{ "it has three descriptors and no more",
	  "for i in 3 4 5 6 7 8 9 10 20 50; do"
	  " [ -e /proc/$$/fd/$i ] && echo $i; done; echo none",
	  "none\n", 0 },
	{ "its files are readable for all", "umask", "0022\n", 0 },
	{ "it leads a process group of its own",
	  "[ $(cut -d' ' -f5 /proc/$$/stat) = $$ ] && echo yes", "yes\n", 0 },
	{ "no signal is blocked", "exec grep SigBlk /proc/self/status",
	  "SigBlk:\t0000000000000000\n", 0 },
	{ "none is ignored, SIGPIPE neither", "exec grep SigIgn /proc/self/status",
	  "SigIgn:\t0000000000000000\n", 0 },
};

Test(child, a_program_starts_clean)
{
	sigset_t set;
	int inherited = open("/dev/null", O_RDONLY);                /* not even close-on-exec */
	const unsigned long ignore[4] = { (unsigned long)SIG_IGN }; /* as the kernel reads it */

	signal(SIGPIPE, SIG_IGN);
	/* One of the two that the library reserves: only the system call itself reaches it. */
	cr_assert(eq(long, syscall(SYS_rt_sigaction, 32, ignore, NULL, 8), 0));
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	umask(077);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char out[256];
		int status;

		run(rows[i].line, out, sizeof out, &status);
		cr_expect(eq(str, out, (char *)(uintptr_t)rows[i].out), "%s", rows[i].name);
		cr_expect(eq(i32, WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status),
		             rows[i].status),
		          "%s", rows[i].name);
	}
	close(inherited);
}

static const struct {
	const char *name, *line, *out;
	struct child_limits limits;
	int status; /* of exit(3), or 256 + the signal */
} limited[] = {
	{ "none was asked for", "ulimit -t", "unlimited\n", { 0 }, 0 },
	{ "processor time", "ulimit -S -t; ulimit -H -t", "7\n8\n", { .cpu = 7 }, 0 },
	{ "memory", "ulimit -v", "100000\n", { .memory = 102400000 }, 0 },
	{ "descriptors", "ulimit -n", "13\n", { .files = 13 }, 0 },
	{ "more of them than we may have", "[ $(ulimit -n) -ge 13 ]", "", { .files = 1 << 30 }, 0 },
	{ "processes",
	  "grep -c 'Max processes *99  *99 ' /proc/self/limits",
	  "1\n",
	  { .processes = 99 },
	  0 },
	{ "its time is up", "while :; do :; done", "", { .cpu = 1 }, 256 + SIGXCPU },
};

Test(child, its_limits_hold_for_it_alone)
{
	struct rlimit before[3], after[3];
	static const __rlimit_resource_t which[] = { RLIMIT_CPU, RLIMIT_AS, RLIMIT_NOFILE };

	for (size_t i = 0; i < 3; i++)
		getrlimit(which[i], &before[i]);
	for (size_t i = 0; i < sizeof limited / sizeof *limited; i++) {
		char out[256];
		int status;

		run_limited(limited[i].line, &limited[i].limits, out, sizeof out, &status);
		cr_expect(eq(str, out, (char *)(uintptr_t)limited[i].out), "%s", limited[i].name);
		cr_expect(eq(i32, WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status),
		             limited[i].status),
		          "%s", limited[i].name);
	}
	for (size_t i = 0; i < 3; i++) {
		getrlimit(which[i], &after[i]);
		cr_expect(after[i].rlim_cur == before[i].rlim_cur);
		cr_expect(after[i].rlim_max == before[i].rlim_max);
	}
}

static const struct {
	const char *name, *program, *directory;
	int fd; /* its standard input */
	enum child_step step;
	int error;
} failures[] = {
	{ "no such program", "/nowhere/at/all", "/tmp", 0, CHILD_EXEC, ENOENT },
	{ "a file that is no program", "/etc/passwd", "/tmp", 0, CHILD_EXEC, EACCES },
	{ "a directory", "/tmp", "/tmp", 0, CHILD_EXEC, EACCES },
	{ "no such directory to work in", "/bin/true", "/nowhere", 0, CHILD_DIRECTORY, ENOENT },
	{ "a descriptor that is not open", "/bin/true", "/tmp", 9999, CHILD_DESCRIPTORS, EBADF },
};

Test(child, a_start_that_fails_says_where_and_why_and_leaves_no_process)
{
	char *argv[] = { (char[]){ "x" }, NULL };

	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		struct child_failure failure = { 0 };
		struct child_spec spec = { .program = failures[i].program,
			                   .argv = argv,
			                   .envp = environment,
			                   .directory = failures[i].directory,
			                   .fds = { failures[i].fd, 1, 2 } };

		cr_expect(eq(i32, child_start(&spec, &failure), -1), "%s", failures[i].name);
		cr_expect(eq(i32, (int)failure.step, (int)failures[i].step), "%s",
		          failures[i].name);
		cr_expect(eq(i32, failure.error, failures[i].error), "%s: %s", failures[i].name,
		          strerror(failure.error));
		cr_expect(eq(i32, waitpid(-1, NULL, WNOHANG), -1), "%s: a child stays",
		          failures[i].name);
	}
}

Test(child, standard_descriptors_may_be_crossed)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" },
		         (char[]){ "cat; echo out; echo err >&2" }, NULL };
	struct child_failure failure;
	struct child_spec spec = {
		.program = "/bin/sh", .argv = argv, .envp = environment, .directory = "/"
	};
	char name[] = "/tmp/child-XXXXXX", out[32] = "";
	int file = mkstemp(name), status, old_in = dup(0), old_out = dup(1);
	pid_t pid;

	unlink(name);
	/* 0 becomes the file, and the program gets 0 as its output and 1 as its input. */
	dup2(file, 0);
	dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 1);
	spec.fds[0] = 1;
	spec.fds[1] = spec.fds[2] = 0;
	pid = child_start(&spec, &failure);
	dup2(old_in, 0);
	dup2(old_out, 1);
	cr_assert(gt(i32, pid, 0));
	cr_assert(eq(i32, waitpid(pid, &status, 0), pid));
	cr_assert(gt(i32, (int)pread(file, out, sizeof out - 1, 0), 0));
	cr_expect(eq(str, out, (char[]){ "out\nerr\n" }));
	close(file);
	close(old_in);
	close(old_out);
}
