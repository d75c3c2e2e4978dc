#ifndef SERVER_LOGS_H
#define SERVER_LOGS_H

#include "conf/config.h"

/* Opens every log of the configuration for appending. 0, or -1 with the reason logged and all closed. */
int logs_open(struct config *config);

/* Opens the files anew, after they were renamed; one that can't be opened keeps its old descriptor: -1 then. */
int logs_reopen(struct config *config);

void logs_close(struct config *config);

/* Makes the main error_log the process's own. */
void logs_use(const struct config *config);

#endif
