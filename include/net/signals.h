#ifndef NET_SIGNALS_H
#define NET_SIGNALS_H

#include <signal.h>

/*
 * Signals as events: the ones in the list (ended by 0) are blocked and delivered through a descriptor
 * (signalfd), to be watched like any other. SIGPIPE and SIGXFSZ are ignored, so that a write fails with
 * an error instead. The descriptor, or -1 and errno.
 */
int signals_open(const int *list);

/* The next signal that came, or 0. */
int signals_next(int fd);

/* Everything back to what a new program expects: default actions, nothing blocked. Async-signal-safe. */
void signals_restore(void);

#endif
