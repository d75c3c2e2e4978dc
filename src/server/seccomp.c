#include "server/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define SECCOMP_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SECCOMP_ARCH AUDIT_ARCH_AARCH64
#endif

/* The sanitizers' run time makes calls of its own; a build with them goes without this filter. */
#if defined(SECCOMP_ARCH) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

/* Open, read and send; accept; files in stores; memory and time; an orderly or an abrupt end. */
static const unsigned short seccomp_worker[] = {
	SYS_recvfrom,
	SYS_sendto,
	SYS_sendmsg,
	SYS_recvmsg,
	SYS_sendfile,
	SYS_read,
	SYS_write,
	SYS_readv,
	SYS_writev,
	SYS_pread64,
	SYS_pwrite64,
	SYS_splice,
	SYS_accept4,
	SYS_close,
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
	SYS_epoll_pwait,
	SYS_epoll_ctl,
	SYS_shutdown,
	SYS_getsockopt,
	SYS_setsockopt,
	SYS_getsockname,
	SYS_getpeername,
	SYS_pipe2,
	SYS_fcntl,
	SYS_dup,
	SYS_dup3,
	SYS_ppoll,
#ifdef SYS_poll
	SYS_poll,
#endif
	SYS_openat,
	SYS_openat2,
	SYS_newfstatat,
	SYS_fstat,
	SYS_statx,
	SYS_getdents64,
	SYS_lseek,
	SYS_readlinkat,
#ifdef SYS_readlink
	SYS_readlink,
#endif
	SYS_fchmod,
	SYS_ftruncate,
	SYS_fallocate,
	SYS_fstatfs,
	SYS_fsync,
	SYS_fdatasync,
	SYS_linkat,
	SYS_renameat,
	SYS_renameat2,
	SYS_unlinkat,
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_mprotect,
	SYS_madvise,
	SYS_brk,
	SYS_futex,
	SYS_getrandom,
	SYS_clock_gettime,
	SYS_gettimeofday,
	SYS_clock_nanosleep,
	SYS_rt_sigprocmask,
	SYS_rt_sigaction,
	SYS_rt_sigreturn,
	SYS_restart_syscall,
	SYS_getpid,
	SYS_gettid,
	SYS_tgkill,
	SYS_exit,
	SYS_exit_group,
};

/* Messages, password files, memory for the hashes, time, the log, and the end. */
static const unsigned short seccomp_verifier[] = {
	SYS_sendmsg,        SYS_recvmsg,       SYS_read,         SYS_write,
	SYS_close,
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
	SYS_epoll_pwait,    SYS_epoll_ctl,     SYS_ppoll,
#ifdef SYS_poll
	SYS_poll,
#endif
	SYS_openat,         SYS_newfstatat,    SYS_fstat,        SYS_statx,
	SYS_lseek,          SYS_mmap,          SYS_munmap,       SYS_mremap,
	SYS_mprotect,       SYS_madvise,       SYS_brk,          SYS_futex,
	SYS_getrandom,      SYS_clock_gettime, SYS_gettimeofday, SYS_clock_nanosleep,
	SYS_rt_sigprocmask, SYS_rt_sigaction,  SYS_rt_sigreturn, SYS_restart_syscall,
	SYS_getpid,         SYS_gettid,        SYS_tgkill,       SYS_exit,
	SYS_exit_group,
};

static const struct {
	const unsigned short *calls;
	unsigned count;
} seccomp_profiles[] = {
	[SECCOMP_WORKER] = { seccomp_worker, sizeof seccomp_worker / sizeof seccomp_worker[0] },
	[SECCOMP_VERIFIER] = { seccomp_verifier,
	                       sizeof seccomp_verifier / sizeof seccomp_verifier[0] },
};

enum {
	SECCOMP_HEAD = 4,  /* architecture, then load the number */
	SECCOMP_ROOM = 128 /* more instructions than any profile has */
};

_Static_assert(sizeof seccomp_worker / sizeof seccomp_worker[0] + SECCOMP_HEAD + 2 <= SECCOMP_ROOM,
               "the longest profile fits");

/* Another architecture's numbers mean other calls: that can only be an attack. */
static void seccomp_write_head(struct sock_filter *f)
{
	f[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	                                    offsetof(struct seccomp_data, arch));
	f[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SECCOMP_ARCH, 1, 0);
	f[2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	f[3] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	                                    offsetof(struct seccomp_data, nr));
}

int seccomp_enter(enum seccomp_profile profile)
{
	const unsigned short *calls = seccomp_profiles[profile].calls;
	unsigned count = seccomp_profiles[profile].count;
	struct sock_filter f[SECCOMP_ROOM];
	struct sock_fprog program = { .len = (unsigned short)(SECCOMP_HEAD + count + 2),
		                      .filter = f };

	seccomp_write_head(f);
	for (unsigned i = 0; i < count; i++)
		f[SECCOMP_HEAD + i] = (struct sock_filter)BPF_JUMP(
		        BPF_JMP | BPF_JEQ | BPF_K, calls[i], (unsigned char)(count - i), 0);
	f[SECCOMP_HEAD + count] =
	        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	f[SECCOMP_HEAD + count + 1] =
	        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : -1;
}

#else

int seccomp_enter(enum seccomp_profile profile)
{
	(void)profile;
	errno = ENOSYS;
	return -1;
}

#endif
