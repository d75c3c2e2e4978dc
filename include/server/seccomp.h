#ifndef SERVER_SECCOMP_H
#define SERVER_SECCOMP_H

enum seccomp_profile { SECCOMP_WORKER, SECCOMP_VERIFIER };

/*
 * Installs the filter: the system calls that such a process makes are allowed by number alone, which the kernel
 * answers from a bitmap; every other one fails with ENOSYS. Needs no_new_privs. 0, or -1 and errno
 * (ENOSYS where this machine's calls are not known here).
 */
int seccomp_enter(enum seccomp_profile profile);

#endif
