#ifndef NET_CHILD_H
#define NET_CHILD_H

#include <stdint.h>
#include <sys/types.h>

/* Where a start failed. */
enum child_step { CHILD_FORK, CHILD_DIRECTORY, CHILD_DESCRIPTORS, CHILD_LIMITS, CHILD_EXEC };

/* What a program may use; 0: what the parent may. */
struct child_limits {
	uint64_t cpu;       /* seconds of processor time; SIGXCPU, and SIGKILL a second later */
	uint64_t memory;    /* bytes of address space */
	uint64_t files;     /* descriptors */
	uint64_t processes; /* of its user in all; does not bind root */
};

/* A program to be started. Everything is borrowed. */
struct child_spec {
	const char *program; /* absolute path */
	char *const *argv;
	char *const *envp;
	const char *directory; /* to work in */
	int fds[3];            /* become 0, 1 and 2 */
	struct child_limits limits;
	uint64_t ignored; /* signals_ignored(): asked once, and not for each start */
};

/* Why it could not be started. */
struct child_failure {
	enum child_step step;
	int error; /* errno */
};

/*
 * Starts the program in a process group of its own with default signals, an empty mask, umask 022, its
 * limits (never above the hard ones that hold for us) and no descriptors but the three. The memory is
 * shared until the exec (vfork), so that its cost does not depend on how large we are, and a failed exec
 * is known at once. The process id, or -1 and *failure.
 */
pid_t child_start(const struct child_spec *spec, struct child_failure *failure);

#endif
