#ifndef SERVER_SANDBOX_H
#define SERVER_SANDBOX_H

#include "conf/config.h"

/*
 * Confines the calling process, a worker that has opened what it needs, for the rest of its life:
 * no new privileges, no capabilities beyond those for files, a Landlock domain that holds the configured
 * roots (read) and stores (write) and nothing else, no TCP connect or bind, and a seccomp filter that
 * leaves it the few system calls it uses, execve not among them. What the kernel lacks is said in one log
 * line. 0; -1 with the reason logged where `sandbox require` can't be kept.
 */
int sandbox_enter(const struct config *config);

/*
 * The same for the verifier: it reads the files in the directories of the password files (where an edited
 * one is a new file), and talks over the channels it has.
 */
int sandbox_enter_verifier(const struct config *config);

/* The policy, for -T: one line each, as comments. */
void sandbox_describe(const struct config *config, struct buf *out);

#endif
