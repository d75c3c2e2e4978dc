#ifndef MAIN_CONTROL_H
#define MAIN_CONTROL_H

#include "conf/config.h"
#include "server/control_protocol.h"

/*
 * Tells the running server and waits for the outcome, which goes to stdout, or to stderr where it was
 * refused. The exit status: 0 done, 1 refused or not running.
 */
int control_run(const struct config_source *source, enum control_verb verb);

#endif
