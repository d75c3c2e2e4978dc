#ifndef TESTS_STAGE_H
#define TESTS_STAGE_H

#include "server/conn.h"
#include "server/worker.h"

enum { STAGE_FIELDS = 32, STAGE_HEAD = 2048, STAGE_CONFIG = 4096 };

/*
 * A stage for handlers: a real configuration and everything of a worker that they touch, in front of a
 * connection without a socket. What they answer stays in the request for the test to look at.
 */
struct stage {
	char root[32]; /* a fresh directory, removed at the end */
	int rootfd;
	struct config *config;
	struct diag diag;
	struct worker worker;
	struct listener listener;
	struct conn conn;
	struct field fields[STAGE_FIELDS];
	struct request *r; /* NULL: none yet */
};

/*
 * server: what stands in the one server block; each %s in it is the root, which has two empty directories,
 * store and dir. Fails the test when it is wrong.
 */
void stage_open(struct stage *stage, const char *server);
void stage_close(struct stage *stage);

/* A file below the root with this text; directories are made for names that end in a slash. */
void stage_put(struct stage *stage, const char *name, const char *text);

/* The text of the file `name` below the root, in the request's arena; ptr NULL: there is none. */
struct str stage_file(struct stage *stage, const char *name);

/* How many names the directory holds, hidden ones included. */
size_t stage_count(struct stage *stage, const char *directory);

/*
 * Begins a request from its head (lines ended by LF, without the empty one), after the last one was ended, and
 * lets it be decided and started. The body is still to come.
 */
void stage_request(struct stage *stage, const char *head);

/* Gives the sink the body in pieces of this size, and then its end. */
void stage_body(struct stage *stage, struct str body, size_t piece);

/* The answer's status, or 0; its body, pulled to the end. */
unsigned stage_status(const struct stage *stage);
struct str stage_text(struct stage *stage);

/* A substring of the answer's body or further fields. */
bool stage_says(struct stage *stage, const char *text);

#endif
