#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include "conf/config.h"
#include "net/loop.h"
#include "server/access_log.h"
#include "server/counters.h"
#include "server/file_cache.h"
#include "server/handler.h"
#include "server/limiter.h"

/* A listening socket, as a worker uses it. */
struct listener {
	struct watch watch;
	const struct listener_conf *conf;
	struct worker *worker;
};

/* What the supervisor gives a worker. Descriptors are the worker's to close. */
struct worker_start {
	const struct config *config;
	const struct handler_table *handlers;
	const int *listeners;  /* listening sockets, by index in config->listeners; -1: none */
	int control;           /* channel to the supervisor; -1: none */
	int launcher;          /* channel to the launcher; -1: none */
	int verifier;          /* channel to the verifier; -1: it comes over `control` */
	struct shared *shared; /* memory that all workers see */
	struct counters_board *board; /* what all processes count; NULL: nobody shares it */
	struct counters *counters;    /* this worker's slot of it; NULL: it counts for itself */
	unsigned number;              /* counts the workers from 0 */
	unsigned seat;                /* in shared->limits */
};

/* Memory that the supervisor makes and every worker of every generation sees. Starts zeroed. */
struct shared {
	_Atomic uint64_t file_epoch; /* see server/file_cache.h */
	struct limits *limits;       /* mapped before any worker was started; NULL: none yet */
};

enum { WORKER_SCRATCH = 1024 * 1024, WORKER_CORK = 64 * 1024 };

/* One process's worth of server: a loop, its listeners and connections. */
struct worker {
	struct loop loop;
	const struct config *config;
	const struct handler_table *handlers;
	struct listener *listeners;
	size_t listener_count;
	struct watch control; /* messages from the supervisor */
	struct watch signals;
	struct programs *programs; /* the link to the launcher; NULL: no program can run */
	struct file_cache files;
	struct shared alone; /* stands in where no memory is shared */
	struct counters_board *board;
	struct counters *counters; /* never NULL */
	struct counters alone_counters;
	uint64_t cache_hits, cache_misses; /* of the file cache, as far as they are counted */
	struct gate *gate;                 /* limits and passwords; NULL: everybody passes */
	struct gate own_gate;
	struct auth *auth; /* NULL: no location has auth_basic */
	struct limiter limiter;
	int *dirs;                /* descriptors by index in config->dirs */
	struct arena_pool arenas; /* for requests */
	struct access_logs logs;
	struct list idle; /* connections between requests, the longest idle first */
	struct list busy;
	size_t conn_count;
	uint64_t conn_number;
	struct timer listen_timer; /* tries to listen again after a shortage of descriptors */
	struct timer drain_timer;  /* the end of patience when draining */
	struct timer house_timer;  /* when handlers->keep_house() is called next */
	void *house;               /* that function's own */
	bool listening, draining;
	char *scratch;    /* WORKER_SCRATCH bytes that every read goes into */
	struct str input; /* unread bytes of the connection that is being stepped */
	char *cork;       /* answers gathered while a pipeline is worked off */
	size_t cork_len;
	struct field *fields; /* room for the head being parsed */
	size_t field_cap;
	uint64_t id_key[2]; /* for request ids */
	uint64_t id_next;
	char hostname[65];
};

/* What supervisor and worker say to each other: one byte, sometimes with descriptors. */
enum worker_message {
	WORKER_READY = 'r', /* up: the loop is about to run */
	/*
	 * Down: stop listening, finish what is there, exit. Then the limit in ms (0: none) as a uint64_t,
	 * and a byte: 1 closes idle connections at once (a stop), 0 answers them once more (a reload).
	 */
	WORKER_DRAIN = 'd',
	WORKER_REOPEN = 'o',    /* down: a worker_log_message and that log's new descriptor */
	WORKER_REOPENED = 'n',  /* up: it is in use, and the old one is closed */
	WORKER_LOG_GROWN = 'g', /* up: a worker_log_message; look whether it is to be rotated */
	WORKER_VERIFIER =
	        'v' /* down: a channel to the verifier, the first or in place of the last */
};

struct worker_log_message {
	char kind; /* enum worker_message */
	char unused[3];
	uint32_t log; /* index in config.logs */
};

/*
 * The two ends of worker_run(), for whoever turns the loop by hand. open: 0, or -1 and errno; the worker
 * is then good for nothing and the process should end. close() drops every connection and gives
 * everything back, the descriptors of the start included.
 */
int worker_open(struct worker *w, const struct worker_start *start);
void worker_close(struct worker *w);

/* Runs until drained. Returns the exit status of the process. */
int worker_run(const struct worker_start *start);

/* Accounts for a connection that is gone: the listeners may have waited for its descriptor. */
void worker_connection_closed(struct worker *w);

#endif
