#ifndef MAIN_CHECK_H
#define MAIN_CHECK_H

#include "conf/config.h"

/*
 * Loads a configuration and prints every message about it to stderr. NULL: it can't be used (exit
 * status 2).
 */
struct config *check_load(const struct config_source *source);

/* -t and -T: says that it is good and what was read, or prints it as it is in force. The exit status. */
int check_report(const struct config *config, bool dump);

#endif
