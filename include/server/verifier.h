#ifndef SERVER_VERIFIER_H
#define SERVER_VERIFIER_H

#include "conf/config.h"

/*
 * The verifier process: checks passwords by crypt(3), which may take a quarter of a second each, at low
 * priority and one after the other, so that no worker ever waits in a call and requests elsewhere are not
 * slowed down. Only it reads the password files; it looks at them before each check, and once a second as
 * long as a worker may remember a verdict, and tells the workers of a change. Confined: it reads the
 * directories of those files, and nothing else. It is there only where some location has auth_basic.
 */
struct verifier_start {
	const struct config *config;
	int supervisor; /* channel; brings workers' channels and logs; its closing ends the verifier */
	const int *keep; /* descriptors beside the log that may stay open: workers' channels */
	size_t keep_count;
	pid_t parent; /* whose death ends it too */
};

/* Whether a verifier is needed. */
bool verifier_is_needed(const struct config *config);

/* Runs until the supervisor's channel closes. Returns the exit status. */
int verifier_run(const struct verifier_start *start);

/* On the supervisor's channel, each with one descriptor. */
enum verifier_message {
	VERIFIER_WORKER = 'w', /* another worker's channel to serve */
	VERIFIER_LOG = 'l'     /* the error log, opened anew */
};

#endif
