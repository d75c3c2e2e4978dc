#ifndef SERVER_PRIVILEGES_H
#define SERVER_PRIVILEGES_H

#include "conf/config.h"

/*
 * Becomes `user` for good, where the configuration names one and we are root: supplementary groups,
 * group ids, user ids, and proof that there is no way back. 0, or -1 with the reason logged.
 */
int privileges_drop(const struct config *config);

/*
 * Has the kernel kill this process when its parent dies. To be called after the ids have changed, which
 * clears it. parent: the id saved before the fork. -1 where the parent is gone already.
 */
int privileges_die_with(pid_t parent);

/* Raises the limit of open files to what the configured connections need, as far as it goes. */
void privileges_raise_files(const struct config *config);

#endif
