#include "handlers/cgi.h"

#include "net/child.h"
#include "net/io.h"
#include "server/response.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

/* ---- what went wrong ----------------------------------------------------------------------------------- */

/* Why a program could not be started: the first row that fits. */
static const struct failure {
	int step;        /* -1: any */
	int error;       /* 0: any */
	bool for_script; /* only where the file itself was to be run */
	unsigned status;
	const char *text;
} failure_rows[] = {
	{ CHILD_EXEC, EACCES, true, 403, "it is not executable (chmod +x)" },
	{ CHILD_EXEC, EACCES, false, 502, "its program may not be executed" },
	{ CHILD_EXEC, ENOENT, true, 502,
	  "its interpreter is missing, or its first line ends in CRLF" },
	{ CHILD_EXEC, ENOENT, false, 502, "its program or that one's interpreter is missing" },
	{ CHILD_EXEC, ENOEXEC, true, 502, "it has no #! line and is no program of this machine" },
	{ CHILD_EXEC, ENOEXEC, false, 502, "its program is none of this machine" },
	{ CHILD_EXEC, ETXTBSY, false, 503, "it is being written" },
	{ CHILD_EXEC, E2BIG, false, 431, "the header fields do not fit into its environment" },
	{ CHILD_DIRECTORY, 0, false, 502, "its directory can't be entered" },
	{ CHILD_LIMITS, 0, false, 502, "its limits can't be set (cgi_limit)" },
	{ -1, EMSGSIZE, false, 431, "the header fields do not fit into its environment" },
	{ -1, EAGAIN, false, 503, "too many programs are running (cgi_max_processes)" },
	{ -1, EMFILE, false, 503, "too many files are open" },
	{ -1, ENFILE, false, 503, "too many files are open" },
	{ -1, ENOMEM, false, 503, "out of memory" },
	{ -1, EPIPE, false, 503, "the process that starts programs is not there" },
	{ -1, ENOSPC, false, 507, "no space for the request's body" },
	{ -1, EDQUOT, false, 507, "no space for the request's body" },
	{ -1, EFBIG, false, 507, "no space for the request's body" },
};

static const struct failure *failure_find(const struct cgi *cgi, int step, int error)
{
	bool is_script = !cgi->request->decision.command;

	for (size_t i = 0; i < sizeof failure_rows / sizeof *failure_rows; i++) {
		const struct failure *row = &failure_rows[i];

		if ((row->step == -1 || row->step == step) &&
		    (row->error == 0 || row->error == error) && (is_script || !row->for_script))
			return row;
	}
	return NULL;
}

/* "NAME: what", in the arena: the line in the log and on the page. */
static const char *failure_text(struct cgi *cgi, const char *what)
{
	struct buf b = buf_in_arena(&cgi->request->arena, 128);

	buf_add(&b, cgi->name);
	buf_text(&b, ": ");
	buf_text(&b, what);
	buf_byte(&b, '\0');
	return b.failed ? what : b.ptr;
}

void cgi_fail(struct cgi *cgi, unsigned status, const char *what)
{
	struct request *r = cgi->request;
	const char *text = failure_text(cgi, what);

	cgi->fate = CGI_FATE_CONDEMNED;
	cgi_leave(cgi);
	r->deadline = TIMER_NEVER;
	r->on_deadline = NULL;
	r->advance = NULL;
	r->wants_fin_grace = false;
	/* Whoever runs the server must hear of this one too, though it is below 500. */
	if (status == 403)
		request_log(r, LOG_ERROR, "403: %s", text);
	if (status == 503)
		response_field(r, STR_OF("Retry-After"), STR_OF("5"));
	respond_error(r, status, text);
}

void cgi_fail_start(struct cgi *cgi, int step, int error)
{
	const struct failure *row = failure_find(cgi, step, error);
	char text[128];
	struct buf b = buf_fixed(text, sizeof text - 1);

	if (row) {
		cgi_fail(cgi, row->status, row->text);
		return;
	}
	buf_format(&b, "it could not be started (%s)", strerror(error));
	text[b.len] = '\0';
	cgi_fail(cgi, 502, text);
}

const char *cgi_limit_met(const struct cgi *cgi)
{
	bool has_met = cgi->settings->cgi_limits.cpu > 0 && cgi->has_exited &&
	               WIFSIGNALED(cgi->status) && WTERMSIG(cgi->status) == SIGXCPU;

	return has_met ? "its processor time is used up (cgi_limit cpu)" : NULL;
}

/* It ended, or closed its stdout, before a header was complete. */
void cgi_fail_silent(struct cgi *cgi)
{
	char text[128];
	struct buf b = buf_fixed(text, sizeof text - 1);

	if (!cgi->has_exited)
		buf_text(&b, "it closed its output");
	else if (cgi_limit_met(cgi))
		buf_text(&b, cgi_limit_met(cgi));
	else if (WIFSIGNALED(cgi->status))
		buf_format(&b, "signal %d ended it", WTERMSIG(cgi->status));
	else
		buf_format(&b, "it exited with status %d", WEXITSTATUS(cgi->status));
	buf_text(&b, cgi->len > 0 ? " in the middle of its header" : " before it sent a header");
	text[b.len] = '\0';
	cgi_fail(cgi, 502, text);
}

/* ---- stderr -------------------------------------------------------------------------------------------- */

static void errors_log_line(struct cgi *cgi, struct str line)
{
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (line.len > 0)
		request_log(cgi->request, LOG_ERROR, "%.*s: %.*s", STR_ARG(cgi->name),
		            STR_ARG(line));
}

/* Logs the whole lines in the buffer, and a full buffer as if it were one. */
static void errors_log_lines(struct cgi *cgi)
{
	struct str rest = str_make(cgi->line, cgi->line_len);
	size_t end;

	while ((end = str_find(rest, '\n')) < rest.len) {
		errors_log_line(cgi, str_head(rest, end));
		rest = str_from_index(rest, end + 1);
	}
	if (rest.len == CGI_LINE) {
		errors_log_line(cgi, rest);
		rest.len = 0;
	}
	memmove(cgi->line, rest.ptr, rest.len);
	cgi->line_len = rest.len;
}

/* One read. False where nothing more is there. */
static bool errors_read(struct cgi *cgi)
{
	ssize_t n;

	if (cgi->errors.watch.fd < 0)
		return false;
	n = io_read(cgi->errors.watch.fd, cgi->line + cgi->line_len, CGI_LINE - cgi->line_len);
	if (n < 0 && io_would_block(errno))
		return false;
	if (n <= 0) {
		cgi_pipe_close(&cgi->errors);
		return false;
	}
	cgi->line_len += (size_t)n;
	errors_log_lines(cgi);
	return true;
}

void cgi_log_errors(struct task *task)
{
	struct cgi *cgi = LIST_ENTRY(task, struct cgi, log_task);

	/* A little in each turn: a program that floods its stderr must not keep the others waiting. */
	for (int i = 0; i < 16; i++)
		if (!errors_read(cgi))
			return;
	loop_defer(cgi->loop, task);
}

void cgi_log_last_errors(struct cgi *cgi)
{
	for (int i = 0; i < 64 && errors_read(cgi); i++)
		;
	errors_log_line(cgi, str_make(cgi->line, cgi->line_len));
	cgi->line_len = 0;
}
