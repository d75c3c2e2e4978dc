#ifndef NET_SIGNALS_H
#define NET_SIGNALS_H

#include <signal.h>
#include <stdint.h>

/*
 * Signals as events: the ones in the list (ended by 0) are blocked and delivered through a descriptor
 * (signalfd), to be watched like any other. SIGPIPE and SIGXFSZ are ignored, so that a write fails with
 * an error instead. The descriptor, or -1 and errno.
 */
int signals_open(const int *list);

/* The next signal that came, or 0. */
int signals_next(int fd);

/* Those that this process ignores, which a program that it executes would ignore as well: bit n - 1 is signal n. */
uint64_t signals_ignored(void);

/*
 * Everything back to what a new program expects: nothing blocked, the default action for those in `ignored`
 * (an exec sees to the others). Async-signal-safe.
 */
void signals_restore(uint64_t ignored);

#endif
