#ifndef SERVER_DECIDE_H
#define SERVER_DECIDE_H

#include "conf/config.h"
#include "server/file_cache.h"
#include "server/gate.h"

struct request;

/* What is to be done about a request. One handler each (handlers/table.c). */
enum decision_kind {
	DECIDE_ERROR,    /* status; error_page applies */
	DECIDE_CLOSE,    /* return 444: nothing is sent */
	DECIDE_RETURN,   /* location->settings.ret */
	DECIDE_REDIRECT, /* status, `text` is the Location: a directory without its slash */
	DECIDE_FILE,     /* file; status 200, 304 or 412 */
	DECIDE_LISTING,  /* file is the directory */
	DECIDE_TAR,      /* likewise, with all that is in it */
	DECIDE_CGI,      /* command, script_name, path_info, file */
	DECIDE_UPLOAD,   /* POST into the store */
	DECIDE_PUT,      /* store_path below the store */
	DECIDE_DELETE,
	DECIDE_RESUME,  /* text is the token of an upload that comes in pieces */
	DECIDE_STATUS,  /* location->settings.status: the figures */
	DECIDE_OPTIONS, /* allow */
	DECIDE_WAIT,    /* nothing yet: the gate wakes the request, which is decided anew */
	DECIDE_COUNT
};

/* A file in a coding (RFC 9110 section 8.4.1) that lies beside it under a longer name. */
struct variant {
	struct str coding; /* as in Content-Encoding */
	struct str suffix; /* of the sibling's name */
	struct str tag;    /* the end of its ETag */
	const char *directive;
};

struct decision {
	enum decision_kind kind;
	unsigned status;
	const char *reason; /* why, for the log and the error page; may be NULL */
	struct str text;    /* DECIDE_REDIRECT: a relative Location, encoded */
	struct file *file;  /* held by the request's arena; may be NULL */
	const struct variant *
	        variant; /* DECIDE_FILE: what `file` is beside the one that `path` names; NULL: that itself */
	bool varies;     /* DECIDE_FILE: another Accept-Encoding might have got another */
	struct str etag; /* DECIDE_FILE: of what is sent; empty: none */
	int dir;         /* directory that `path` is below */
	struct str path; /* of the file, relative, C string */
	const struct command
	        *command; /* DECIDE_CGI: the program, or the interpreter; NULL: the file itself */
	bool is_whole_location; /* DECIDE_CGI by cgi_pass: no script file */
	struct str script_name; /* DECIDE_CGI: the URI path that names the program, decoded */
	struct str path_info;   /* the rest, decoded, encoded slashes decoded too; empty: none */
	struct str
	        store_path; /* DECIDE_PUT, DECIDE_DELETE: relative to the store, no final slash */
	bool is_resumable;  /* DECIDE_UPLOAD, DECIDE_PUT: what is sent may come in pieces;
	                     * DECIDE_OPTIONS: uploads may */
	bool had_slash;     /* DECIDE_DELETE: the URI ended in a slash */
	unsigned allow;     /* METHOD_BIT()s of what this resource answers, for Allow */
};

/*
 * Decides: which location, and what to do. Reads the request's head, target, server and method, writes
 * r->location and r->decision, and touches the world only through `view` and `gate` (NULL: everybody passes);
 * so tests and --explain run it as the server does. Internal redirects of its own (index, try_files) change r->target and go round
 * again, at most 10 times in a request's life, counted in r->redirects.
 */
void decide(struct request *r, struct file_view *view, struct gate *gate);

/*
 * The server for a host name on a listener: exact, then the narrowest range of addresses, then the longest *.name, then
 * the longest name.*, else the default.
 */
const struct server_conf *route_server(const struct listener_conf *listener, struct str host);

/* The location for a decoded path by nginx's rules, or &server->self. */
const struct location *route_location(const struct server_conf *server, struct str path);

#endif
