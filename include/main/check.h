#ifndef MAIN_CHECK_H
#define MAIN_CHECK_H

#include "conf/config.h"
#include "main/options.h"

/*
 * Loads a configuration and prints every message about it to stderr; for OPTIONS_EXPLAIN only where it can't
 * be used. NULL: it can't (exit status 2).
 */
struct config *check_load(const struct config_source *source, enum options_action action);

/*
 * OPTIONS_TEST: says that it is good and what was read, or what stands against it. OPTIONS_DUMP: says so
 * on stderr and prints it as it is in force. The exit status.
 */
int check_report(const struct config *config, enum options_action action);

#endif
