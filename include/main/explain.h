#ifndef MAIN_EXPLAIN_H
#define MAIN_EXPLAIN_H

#include "conf/config.h"
#include "main/options.h"

/*
 * --explain: says on stdout how the request would be answered and why, rule by rule, by letting the
 * server's own code decide and answer it; programs, uploads and deletions are described and not carried out, nothing
 * is sent and no log written. The exit status: 0; 1 where no listener would take the request; 2 for
 * a request that can't be read.
 */
int explain_run(const struct options *options, const struct config *config);

#endif
