#ifndef TESTS_BASE_REFUSE_H
#define TESTS_BASE_REFUSE_H

#include <stdint.h>

/*
 * From now on, in this process and for good, the system call `number` fails with `error` where argument
 * `arg` has all the bits of `mask`: a kernel that lacks the call or the flag, or a sandbox that forbids it.
 */
void refuse_call(long number, unsigned arg, uint32_t mask, int error);

#endif
