#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include "conf/config.h"
#include "http/chunked.h"
#include "http/framing.h"
#include "http/host.h"
#include "http/target.h"
#include "net/sock.h"
#include "server/body.h"
#include "server/conn_pace.h"
#include "server/decide.h"

struct auth_wait;
struct conn;
struct limiter_count;
struct trace;
struct worker;
struct request;

/*
 * Where a request's body goes. write() takes as much as it has room for and says how much; less than
 * offered means "wait", and whoever waits for room wakes the connection. end() comes once, when the body
 * is complete. A sink that fails answers with respond_error() and takes everything: once there is an answer,
 * the connection discards what still comes.
 */
struct sink {
	size_t (*write)(struct request *r, struct str data);
	void (*end)(struct request *r);
	bool is_eager; /* always takes everything at once (a file): reads may be large */
	bool keeps; /* what came before a connection was reset counts: it is still read and written */
};

/* The response as a handler fills it in before respond(). Every slice lives in the request's arena or longer. */
struct response {
	unsigned status;
	struct str reason;       /* empty: the usual phrase */
	struct str content_type; /* empty: none */
	bool add_charset;        /* the location's charset goes with it where the type is text */
	struct str etag;
	time_t modified;     /* 0: no Last-Modified */
	struct str location; /* ready for the wire */
	unsigned allow;      /* METHOD_BIT()s; 0: no Allow */
	struct str vary;
	struct str encoding; /* Content-Encoding; empty: none */
	struct buf fields;   /* further whole lines, "Name: value\r\n"; use response_field() */
	struct body body;
	bool is_programs; /* made by a CGI program: no range, no Content-Type of ours, Server and Date may be in fields */
	bool has_date, has_server;
	bool is_cacheable; /* expires applies: a file */
};

struct request {
	struct arena arena;
	struct conn *conn;     /* NULL: decided without a connection (--explain, tests) */
	struct worker *worker; /* likewise */
	struct trace *trace;   /* hears how it is decided (--explain); NULL: nobody */
	const struct config *config;
	const struct listener_conf *listener;
	struct peer peer; /* the client; family 0: nobody (--explain) */
	struct head head; /* as the client sent it */
	struct framing framing;
	struct host host;
	struct target target;   /* changes with internal redirects */
	struct str request_uri; /* the target as sent */
	enum method method;     /* GET after an internal redirect; HEAD stays */
	const struct server_conf *server;
	const struct location *location;
	struct decision decision;
	struct response response;
	struct str response_head; /* as it was sent */

	/* internal redirects */
	unsigned redirects;
	bool is_internal;             /* the target is ours: `internal` locations answer */
	bool redo;                    /* decide again */
	const struct location *named; /* the next decision's location is this one */
	unsigned error_status;        /* the status an error page is made for; 0: none */
	enum error_code error_how;
	unsigned error_code;

	/* auth_basic */
	struct str remote_user; /* who has logged in; ptr NULL: nobody */
	struct str challenge;   /* what a 401 says in WWW-Authenticate; empty: nothing */
	struct auth_wait *auth; /* server/auth.h; NULL: no password was asked for */

	/* limit_conn and limit_req */
	struct limiter_count *counted; /* the limits it was counted in (server/limiter.h) */
	uint32_t retry_after;          /* seconds; not 0: one of them has refused it */

	/* the body */
	const struct sink *sink;
	struct chunked chunked;
	uint64_t body_left;     /* FRAMING_LENGTH: bytes still to come */
	size_t payload_ready;   /* chunked: input bytes that are decoded and wait for the sink */
	uint64_t body_received; /* payload bytes */
	uint64_t body_max;      /* client_max_body_size of the location; 0: no limit */
	bool continue_due;      /* a 100 must be sent before the first byte can come */
	bool body_done;

	/* what the handler waits for */
	void (*advance)(
	        struct request *
	                r); /* called when the connection is woken while no answer is there; may be NULL */
	uint64_t deadline; /* ms; TIMER_NEVER: none. When it passes, on_deadline() is called */
	void (*on_deadline)(struct request *r);
	void *state; /* the handler's, in the arena */
	uint64_t
	        fin_deadline; /* when a client that has closed its side is given up; 0: not yet closed */
	struct pace pace;     /* client_min_rate */
	bool wants_fin_grace; /* a client that has closed its side is waited for only 3 s (programs) */

	/* the account */
	uint64_t started; /* ms, clock_now() */
	time_t started_wall;
	uint64_t bytes_sent; /* on the wire */
	uint64_t body_sent;  /* of the body alone */
	bool has_answer;     /* respond() was called */
	bool close_after;    /* the answer says Connection: close */
	bool is_refused;     /* the head was bad: nothing of it may be trusted */
	const char *reason;  /* why it was refused or failed, for the log and the page */
	char id[33];         /* 32 hex digits once request_id() was asked */
	struct str given_id; /* the id that a trusted proxy gave it; empty: none */
};

static inline const struct settings *request_settings(const struct request *r)
{
	return &r->location->settings;
}

/*
 * The request's id, the same in logs, error pages and programs: 32 hexadecimal digits, or the token of at
 * most 128 bytes that a trusted proxy sent as X-Request-Id.
 */
struct str request_id(struct request *r);

/* Logs to the error log of the request's server, with its id. */
void request_log(struct request *r, enum log_level level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The address that the client came to. False: nobody is connected, or it can't be told. */
bool request_local_peer(const struct request *r, struct peer *local);

/* Wakes the request's connection: it will run from the loop's queue. Idempotent; the only way back up. */
void request_wake(struct request *r);

/*
 * Decides and starts the handler, again for every internal redirect. On return there is an answer, or
 * the handler waits for the body or for a wake.
 */
void request_route(struct request *r);

/* Makes the request's target another one of this server (a path with an optional query) and decides anew, as GET. */
void redirect_internally(struct request *r, struct str uri);

/* Goes to a named location with the target as it is; the method stays. */
void redirect_to_named(struct request *r, int named);

/* Takes the body of the request into this sink. Before it is set nothing of the body is read. */
void request_set_sink(struct request *r, const struct sink *sink);

/*
 * The life of a request: begin takes the parsed head over (copied into the new request's arena), end
 * logs, counts and frees. NULL when memory is out. bytes: what the head was parsed from.
 */
struct request *request_begin(struct worker *w, const struct head *head, struct str bytes);
void request_end(struct request *r);

/*
 * Reads what the head says beyond its syntax: target, host, framing; any of them may refuse it. Finds the server
 * and, behind trusted proxies, the client. Needs r->listener, r->server (its default one) and r->peer.
 */
enum parse request_read_head(struct request *r, struct refusal *refusal);

/* Throws away what comes. */
extern const struct sink sink_discard;

/* Whether nobody wants what is still to come of the body: there is an answer, and no sink but the bin. */
static inline bool request_discards(const struct request *r)
{
	return r->has_answer && (!r->sink || r->sink == &sink_discard);
}

#endif
