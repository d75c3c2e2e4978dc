#ifndef SERVER_SINGLE_H
#define SERVER_SINGLE_H

#include "conf/config.h"
#include "server/handler.h"

/*
 * `master_process off`: the same worker in the first process, with a launcher but without a supervisor,
 * for a debugger. TERM, INT and QUIT end it; it can't reload. Takes the configuration over. The exit status.
 */
int single_run(const struct handler_table *handlers, struct config *config);

#endif
