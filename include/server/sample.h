#ifndef SERVER_SAMPLE_H
#define SERVER_SAMPLE_H

#include "server/counters.h"

/*
 * Puts into its slot how much memory a process holds and how many descriptors it has open, as /proc tells;
 * workers can't ask there. What can't be read is 0: not known. A NULL slot is fine.
 */
void sample_process(struct counters *slot, pid_t pid);

#endif
