#include "net/signals.h"

#include <stdint.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

int signals_open(const int *list)
{
	sigset_t set;

	sigemptyset(&set);
	for (; *list; list++)
		sigaddset(&set, *list);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int signals_next(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

/* As the kernel knows it; all zero is the default action with no flags and an empty mask. */
struct signals_kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

/*
 * By the system call itself, here and below, because the library won't touch the two signals it reserves
 * (32 and 33), which whoever started us may have left ignored.
 */
uint64_t signals_ignored(void)
{
	struct signals_kernel_action action;
	uint64_t ignored = 0;

	for (long i = 1; i < NSIG; i++)
		if (syscall(SYS_rt_sigaction, i, NULL, &action, sizeof action.mask) == 0 &&
		    (uintptr_t)action.handler == (uintptr_t)SIG_IGN)
			ignored |= UINT64_C(1) << (i - 1);
	return ignored;
}

void signals_restore(uint64_t ignored)
{
	struct signals_kernel_action standard = { 0 };
	sigset_t none;

	/* The kernel keeps ignored signals ignored over an exec; a program should not find SIGPIPE so. */
	for (long i = 1; ignored != 0; i++, ignored >>= 1)
		if (ignored & 1)
			syscall(SYS_rt_sigaction, i, &standard, NULL, sizeof standard.mask);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
