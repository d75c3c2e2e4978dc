#ifndef SERVER_LOGS_H
#define SERVER_LOGS_H

#include "conf/config.h"

/* Opens every log of the configuration for appending. 0, or -1 with the reason logged and all closed. */
int logs_open(struct config *config);

/* Opens the files anew, after they were renamed; one that can't be opened keeps its old descriptor: -1 then. */
int logs_reopen(struct config *config);

/* The same for one log, which is a file. */
int log_reopen(struct config_log *log);

/*
 * Ends the file at the path: it becomes PATH.1, what was PATH.1 becomes PATH.2 and so on, and what would be
 * beyond `keep` is gone. An empty file of the same mode and owner takes its place, for log_reopen() to find.
 * Does nothing where the path no longer names the file that is open in log->fd. 0, or -1 with the reason
 * logged; the file then stands where it was.
 */
int log_rotate(const struct config_log *log, unsigned keep);

void logs_close(struct config *config);

/* Makes the main error_log the process's own. */
void logs_use(const struct config *config);

#endif
