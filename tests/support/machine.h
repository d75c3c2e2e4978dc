#ifndef TESTS_MACHINE_H
#define TESTS_MACHINE_H

#include "net/io.h"
#include "server/conn.h"
#include "server/request.h"
#include "server/worker.h"
#include "tree.h"

/*
 * A worker without processes, its loop turned by hand: a configuration from a text, files in a directory
 * of its own, clients that are the other ends of socket pairs, a clock that moves only when told, and
 * system calls that fail when the test wants them to.
 */
struct machine {
	struct tree tree;
	struct diag diag;
	struct config *config;
	struct worker worker;
	struct arena arena; /* for what was received */
	uint64_t now;       /* ms */
	time_t wall;
};

/* The clock at the start: Sun, 06 Nov 1994 08:49:37 GMT. */
enum { MACHINE_NOW = 1000000, MACHINE_WALL = 784111777 };

/* open makes the tree, start the worker; between them files can be put. Each %s in the text is the root. */
void machine_open(struct machine *m);
void machine_start(struct machine *m, const char *config);

/* Also checks that no connection is counted twice or forgotten. */
void machine_close(struct machine *m);

/* A new client: its end of the connection, which does not block. */
int machine_client(struct machine *m);

/* The connection with this number (the first is 1); NULL where it is closed. */
struct conn *machine_conn(struct machine *m, uint64_t number);

/* Turns the loop until there is nothing left to do. */
void machine_settle(struct machine *m);

/* One turn that does not sleep. */
void machine_turn(struct machine *m);

/* Moves the clock on and lets what is due happen. */
void machine_wait(struct machine *m, uint64_t ms);

/* The client sends these bytes. */
void machine_say(struct machine *m, int client, struct str bytes);

/*
 * Everything that comes for the client until nothing more does, as a C string, in memory that lives as
 * long as the machine. *ended (may be NULL): the connection's end came, too.
 */
struct str machine_hear(struct machine *m, int client, bool *ended);

/* A new client says this, hears the answers and goes. Request ids in them read as 32 times `#`. */
struct str machine_exchange(struct machine *m, struct str bytes);

/* Replaces every request id (32 hexadecimal digits) in place. */
void machine_mask_ids(struct str text);

/*
 * A request without a connection, from its head (lines ended by LF, without the empty one), up to the
 * point where its server is known: for decide(), variables and the like. To be ended by request_end().
 */
struct request *machine_request(struct machine *m, const char *head);

/* How many descriptors this process has open. */
size_t machine_descriptors(void);

/* Bytes allocated now, where a sanitizer counts them; else 0. */
size_t machine_memory(void);

/* ---- system calls that misbehave ----------------------------------------------------------------------- */

struct machine_io {
	unsigned long calls;   /* so far */
	unsigned long fail_at; /* this one fails; 0: none */
	int error;             /* with this errno */
	size_t send_max;       /* bytes that one call sends; 0: any number */
	size_t recv_max;       /* bytes that one call receives */
	bool interrupts;       /* every other call is ended by a signal */
	bool swallows;         /* sendfile says that it has sent everything, and sends nothing */
	const char *failed;    /* the name of the call that failed */
};

extern struct machine_io machine_io;

/* Clears the account and the orders; io_active is the machine's from machine_start() on. */
void machine_io_reset(void);

#endif
