#include "net/child.h"

#include "net/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The three descriptors to 0, 1 and 2. They are first moved above 2, so that a source which itself is
 * 0, 1 or 2 isn't overwritten before its turn.
 */
static int child_descriptors(const int fds[3])
{
	int high[3];

	for (int i = 0; i < 3; i++)
		if ((high[i] = fcntl(fds[i], F_DUPFD, 3)) < 0)
			return -1;
	for (int i = 0; i < 3; i++)
		if (dup2(high[i], i) < 0)
			return -1;
	return close_range(3, ~0U, 0);
}

/* At most the hard limit that holds already: to raise that one takes a privilege. */
static int child_limit(int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit limit;

	if (soft == 0)
		return 0;
	if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
		return -1;
	if (limit.rlim_max > hard)
		limit.rlim_max = hard;
	limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
	return setrlimit((__rlimit_resource_t)resource, &limit);
}

/* Limits are a process's own, so that the parent's stay as they are although its memory is shared. */
static int child_limits(const struct child_limits *limits)
{
	if (child_limit(RLIMIT_CPU, limits->cpu, limits->cpu + 1) != 0 ||
	    child_limit(RLIMIT_AS, limits->memory, limits->memory) != 0 ||
	    child_limit(RLIMIT_NOFILE, limits->files, limits->files) != 0)
		return -1;
	return child_limit(RLIMIT_NPROC, limits->processes, limits->processes);
}

static _Noreturn void child_fail(volatile struct child_failure *failure, enum child_step step)
{
	failure->step = step;
	failure->error = errno;
	_exit(127);
}

/* Runs in the child, on the parent's memory: system calls only. */
static _Noreturn void child_run(const struct child_spec *spec,
                                volatile struct child_failure *failure)
{
	setpgid(0, 0);
	if (child_descriptors(spec->fds) != 0)
		child_fail(failure, CHILD_DESCRIPTORS);
	if (chdir(spec->directory) != 0)
		child_fail(failure, CHILD_DIRECTORY);
	if (child_limits(&spec->limits) != 0)
		child_fail(failure, CHILD_LIMITS);
	umask(022);
	signals_restore(spec->ignored);
	execve(spec->program, spec->argv, spec->envp);
	child_fail(failure, CHILD_EXEC);
}

/* The parent sleeps in vfork() until the child has its own memory or is gone. Nothing may be inlined into this frame. */
static __attribute__((noinline)) pid_t child_vfork(const struct child_spec *spec,
                                                   volatile struct child_failure *failure)
{
	pid_t pid = vfork();

	if (pid == 0)
		child_run(spec, failure);
	return pid;
}

pid_t child_start(const struct child_spec *spec, struct child_failure *failure)
{
	volatile struct child_failure shared = { .step = CHILD_FORK, .error = 0 };
	sigset_t all, before;
	pid_t pid;

	/* No handler of ours may run in the child while it shares our memory. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = child_vfork(spec, &shared);
	if (pid < 0)
		shared.error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	failure->step = shared.step;
	failure->error = shared.error;
	if (pid < 0 || shared.error == 0)
		return pid;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return -1;
}
