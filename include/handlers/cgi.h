#ifndef HANDLERS_CGI_H
#define HANDLERS_CGI_H

#include "net/loop.h"
#include "server/programs.h"
#include "server/request.h"

/*
 * The CGI handler from inside, in four files: cgi.c (the program's life), cgi_input.c (the request's
 * body to the program), cgi_output.c (its answer), cgi_failure.c (what is said when it fails, and its
 * stderr); cgi_env.c stands by itself.
 */

enum {
	CGI_BUFFER =
	        32 * 1024,   /* of what a program writes; grows to CGI_HEAD_MAX for a long header */
	CGI_LINE = 1000,     /* bytes of a stderr line that is logged as one */
	CGI_EXIT_WAIT = 1000 /* ms for news of its end when a program has closed stdout silently */
};

struct cgi;

/* Our end of a pipe to the program. */
struct cgi_pipe {
	struct watch watch; /* first; fd -1: closed */
	struct cgi *cgi;
	bool is_ready; /* the readiness bit: lost when the kernel says EAGAIN */
};

/* What becomes of the program when its request is done with it. */
enum cgi_fate {
	CGI_FATE_CLIENT, /* the client has gone: cgi_on_disconnect decides */
	CGI_FATE_FINISHED, /* it has answered: it may finish what it does besides, within cgi_timeout */
	CGI_FATE_CONDEMNED /* it has failed: it is ended */
};

/*
 * One program answering one request. Lives in malloc'ed memory of its own, not in the arena, because
 * events of the current batch may still name its watches when the request ends.
 */
struct cgi {
	struct request *request;
	const struct settings *settings;
	struct loop *loop;
	const char *path; /* of the script, or of the program of a cgi_pass */
	struct str name;  /* the last part of it, for messages */
	struct program *program;
	struct cgi_pipe input, output, errors;
	enum cgi_fate fate;
	uint64_t progress; /* ms: when bytes last moved either way */

	/* the news of it */
	bool has_started, has_failed, has_exited;
	int step, error; /* has_failed */
	int status;      /* has_exited */

	/* a body of unknown length is spooled first */
	struct spool_request *spooling;
	int spool; /* -1: none */
	int spool_error;

	/* what it writes: buffer[at] to buffer[len - 1] is still to be sent */
	char *buffer;
	size_t at, len, cap;
	size_t parsed; /* len when the header was last looked at */
	bool at_end;   /* stdout has ended, or broke */
	bool has_length, is_waiting, is_late;
	bool lives_on; /* its end was waited for in vain */
	uint64_t left; /* has_length: bytes still to come */

	/* what it writes to stderr */
	struct task log_task;
	char line[CGI_LINE];
	size_t line_len;

	struct grave grave;
};

/* Starts the program; length of the request's body or CGI_NO_LENGTH. Answers with an error where it can't. */
void cgi_launch(struct cgi *cgi, int64_t length);

/* Bytes have moved: the time limit begins anew. */
void cgi_moved(struct cgi *cgi);

/* Sets the request's deadline: none while the program is not what we wait for. */
void cgi_set_deadline(struct cgi *cgi);

/* Lets go of the program as its fate says, and of the pipes. Harmless the second time. */
void cgi_leave(struct cgi *cgi);

void cgi_pipe_close(struct cgi_pipe *pipe);

/* cgi_input.c: for bodies of known length, and for those that must be spooled to know it. */
extern const struct sink cgi_sink_pipe;
extern const struct sink cgi_sink_spool;

/* Asks for the spool file. Answers with an error where it can't. */
void cgi_spool(struct cgi *cgi);

/* True while it is the client that must go on, and not the program. */
bool cgi_client_owes(const struct cgi *cgi);

/* cgi_output.c: the request's advance() once the program is asked for; and the end of patience behind the header. */
void cgi_read_answer(struct cgi *cgi);

/* cgi_failure.c: each answers, and leaves the program. */
void cgi_fail_start(struct cgi *cgi, int step, int error);
void cgi_fail_silent(struct cgi *cgi);

/* cgi_failure.c: the limit that has ended it, as a reason; NULL: none that can be told from its end. */
const char *cgi_limit_met(const struct cgi *cgi);
void cgi_fail(struct cgi *cgi, unsigned status, const char *what);

/* cgi_failure.c: the task that logs what the program writes to stderr. */
void cgi_log_errors(struct task *task);

/* The same for the last time: what is there, and a line without its end. */
void cgi_log_last_errors(struct cgi *cgi);

#endif
