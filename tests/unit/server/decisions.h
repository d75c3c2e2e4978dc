#ifndef TESTS_SERVER_DECISIONS_H
#define TESTS_SERVER_DECISIONS_H

#include "machine.h"

/* One question to decide(). The answer is a pattern of live_matches() for what decision_text() says. */
struct question {
	const char *name;    /* a sentence */
	const char *request; /* its head, lines ended by LF */
	const char *answer;
};

/* A file system that exists only here: names below the root of the tree, directories with a final slash. */
struct fake_file {
	const char *name;
	enum file_kind kind;
	int error; /* errno behind FORBIDDEN, FAILED */
};

/* Asks all of them, of a machine with this configuration. files: ended by one without a name. */
void expect_decisions(const char *config, const struct fake_file *files,
                      const struct question *questions, size_t count);

#endif
