#include "server/orphans.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_spared(const void *context, pid_t pid)
{
	return *(const pid_t *)context == pid;
}

/* A child that only waits; own_group, own_session: what it makes of itself first. */
static pid_t start(bool own_group, bool own_session)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (own_group)
			setpgid(0, 0);
		if (own_session)
			setsid();
		for (;;)
			pause();
	}
	if (own_group)
		setpgid(pid, pid);
	while (own_session && getsid(pid) != pid)
		usleep(1000);
	return pid;
}

/* Whether it dies within the time that a killed process takes. */
static bool dies(pid_t pid)
{
	for (int i = 0; i < 300; i++) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return true;
		usleep(1000);
	}
	return false;
}

Test(orphans, programs_are_killed_and_our_own_processes_are_not)
{
	pid_t known = start(false, false), program = start(true, false), left = start(false, true);

	cr_expect(eq(sz, orphans_kill(is_spared, &known), 1));
	cr_expect(dies(program), "one in a group of its own");
	cr_expect(zero(int, kill(known, 0)), "a worker lives");
	cr_expect(not(dies(left)), "who went to a session of its own did so on purpose");
	kill(known, SIGKILL);
	kill(left, SIGKILL);
}

Test(orphans, those_of_a_dead_launcher_come_to_us_with_their_groups)
{
	pid_t launcher, nobody = 0;
	int status;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	launcher = fork();
	if (launcher == 0) {
		pid_t leader = start(true, false);

		/* A second process in the program's group. */
		if (fork() == 0) {
			setpgid(0, leader);
			for (;;)
				pause();
		}
		usleep(50000);
		_exit(0);
	}
	waitpid(launcher, &status, 0);
	cr_expect(ge(sz, orphans_kill(is_spared, &nobody), 1));
	for (int i = 0; i < 2; i++)
		cr_expect(gt(int, waitpid(-1, &status, 0), 0));
	cr_expect(eq(int, waitpid(-1, &status, 0), -1));
	cr_expect(eq(int, errno, ECHILD), "nobody is left");
}
