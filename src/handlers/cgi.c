#include "handlers/cgi.h"

#include "base/clock.h"
#include "handlers/cgi_env.h"
#include "handlers/handlers.h"
#include "net/io.h"
#include "server/response.h"
#include "server/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- news, which only mark and wake ------------------------------------------------------------------ */

static void cgi_queued(void *context)
{
	struct cgi *cgi = context;

	cgi->has_started = false;
	/* The launcher says when that has been too long. */
	cgi->progress = clock_now() + cgi->request->config->cgi_queue_timeout;
	request_wake(cgi->request);
}

static void cgi_started(void *context)
{
	struct cgi *cgi = context;

	cgi->has_started = true;
	cgi_moved(cgi);
	request_wake(cgi->request);
}

static void cgi_failed(void *context, int step, int error)
{
	struct cgi *cgi = context;

	cgi->has_failed = true;
	cgi->step = step;
	cgi->error = error;
	request_wake(cgi->request);
}

static void cgi_exited(void *context, int status)
{
	struct cgi *cgi = context;

	cgi->has_exited = true;
	cgi->status = status;
	cgi->output.is_ready = true; /* look once more: what it wrote is in the pipe by now */
	request_wake(cgi->request);
}

static const struct program_events cgi_events = { cgi_queued, cgi_started, cgi_failed, cgi_exited };

static void cgi_pipe_ready(struct watch *watch, uint32_t events)
{
	struct cgi_pipe *pipe = (struct cgi_pipe *)(void *)watch;

	(void)events;
	pipe->is_ready = true;
	request_wake(pipe->cgi->request);
}

static void cgi_errors_ready(struct watch *watch, uint32_t events)
{
	struct cgi_pipe *pipe = (struct cgi_pipe *)(void *)watch;

	(void)events;
	loop_defer(pipe->cgi->loop, &pipe->cgi->log_task);
}

/* ---- time ---------------------------------------------------------------------------------------------- */

void cgi_moved(struct cgi *cgi)
{
	cgi->progress = clock_now();
}

void cgi_set_deadline(struct cgi *cgi)
{
	uint64_t patience = cgi->settings->cgi_timeout;

	if (cgi->at_end && patience > CGI_EXIT_WAIT)
		patience = CGI_EXIT_WAIT;
	cgi->request->deadline = cgi_client_owes(cgi) ? TIMER_NEVER : cgi->progress + patience;
}

/* No progress for cgi_timeout. */
static void cgi_late(struct request *r)
{
	struct cgi *cgi = r->state;

	/* What has come in the very turn that the time was up counts still. */
	if (cgi->output.is_ready && !cgi->at_end)
		cgi_moved(cgi);
	cgi_set_deadline(cgi);
	if (r->deadline > clock_now()) {
		request_wake(r);
		return;
	}
	counter_add(r->worker->counters, COUNTER_PROGRAMS_LATE, 1);
	if (!r->has_answer && cgi->at_end) {
		cgi_fail_silent(cgi);
		return;
	}
	/* It closed its output but runs on: how it ends says nothing about its answer. */
	if (cgi->at_end) {
		cgi->lives_on = true;
		request_wake(r);
		return;
	}
	if (!r->has_answer) {
		cgi_fail(cgi, 504, "it did not answer in time (cgi_timeout)");
		return;
	}
	request_log(r, LOG_ERROR,
	            "%.*s: nothing more came in time (cgi_timeout): the answer is cut",
	            STR_ARG(cgi->name));
	cgi->fate = CGI_FATE_CONDEMNED;
	cgi->is_late = true;
	request_wake(r);
}

/* ---- letting go ---------------------------------------------------------------------------------------- */

void cgi_pipe_close(struct cgi_pipe *pipe)
{
	loop_close(&pipe->watch);
	pipe->is_ready = false;
}

/*
 * The launcher reads on what the program may still write. Its copies keep the pipes open behind our
 * close, and epoll goes by the open pipe, not by our descriptor: hence out of epoll first.
 */
static void cgi_release(struct cgi *cgi, uint64_t limit)
{
	int drains[2] = { -1, -1 };

	if (!cgi->at_end && cgi->output.watch.fd >= 0) {
		loop_unwatch(cgi->loop, &cgi->output.watch);
		drains[0] = cgi->output.watch.fd;
	}
	if (cgi->errors.watch.fd >= 0) {
		loop_unwatch(cgi->loop, &cgi->errors.watch);
		drains[1] = cgi->errors.watch.fd;
	}
	program_release(cgi->program, limit, drains);
}

static void cgi_leave_program(struct cgi *cgi)
{
	if (cgi->fate == CGI_FATE_FINISHED)
		cgi_release(cgi, cgi->settings->cgi_timeout);
	else if (cgi->fate == CGI_FATE_CLIENT && cgi->settings->cgi_continue && cgi->has_started)
		cgi_release(cgi, 0);
	else
		program_end(cgi->program);
	cgi->program = NULL;
}

void cgi_leave(struct cgi *cgi)
{
	/* It may have written below the roots: what was looked up before is looked at anew. */
	if (cgi->has_started)
		file_cache_touch(&cgi->request->worker->files);
	cgi_pipe_close(&cgi->input);
	cgi_log_last_errors(cgi);
	loop_forget(&cgi->log_task);
	if (cgi->program)
		cgi_leave_program(cgi);
	if (cgi->spooling)
		programs_spool_cancel(cgi->spooling);
	cgi->spooling = NULL;
	if (cgi->spool >= 0)
		close(cgi->spool);
	cgi->spool = -1;
	cgi_pipe_close(&cgi->output);
	cgi_pipe_close(&cgi->errors);
}

static void cgi_free(struct grave *grave)
{
	free(LIST_ENTRY(grave, struct cgi, grave));
}

/* The request ends: its arena calls this. */
static void cgi_close(void *subject)
{
	struct cgi *cgi = subject;

	cgi_leave(cgi);
	loop_bury(cgi->loop, &cgi->grave, cgi_free);
}

/* ---- starting ------------------------------------------------------------------------------------------ */

/*
 * A pipe of which we keep the end that `ours` says (0 reads, 1 writes), non-blocking and watched. The
 * program's end, or -1 and errno.
 */
static int cgi_pipe_open(struct cgi_pipe *pipe, struct cgi *cgi, int ours,
                         void (*ready)(struct watch *watch, uint32_t events))
{
	uint32_t events = ours == 0 ? EPOLLIN | EPOLLRDHUP | EPOLLET : EPOLLOUT | EPOLLET;
	int ends[2];

	if (io_pipe(ends) != 0)
		return -1;
	pipe->cgi = cgi;
	pipe->watch = (struct watch){ .fd = ends[ours], .ready = ready };
	pipe->is_ready = ours == 1;
	/* A new pipe has no other flags to keep. */
	if (fcntl(ends[ours], F_SETFL, O_NONBLOCK) == 0 &&
	    loop_watch(cgi->loop, &pipe->watch, events) == 0)
		return ends[1 - ours];
	close(ends[1 - ours]);
	cgi_pipe_close(pipe);
	return -1;
}

/* What becomes 0, 1 and 2 of the program. The ends that are ours to close after the start. 0, or -1 and errno. */
static int cgi_open_pipes(struct cgi *cgi, bool has_stream, int fds[3])
{
	fds[0] = cgi->spool;
	if (has_stream && (fds[0] = cgi_pipe_open(&cgi->input, cgi, 1, cgi_pipe_ready)) < 0)
		return -1;
	if ((fds[1] = cgi_pipe_open(&cgi->output, cgi, 0, cgi_pipe_ready)) < 0)
		goto fail_input;
	if ((fds[2] = cgi_pipe_open(&cgi->errors, cgi, 0, cgi_errors_ready)) < 0)
		goto fail_output;
	return 0;

fail_output:
	close(fds[1]);
fail_input:
	if (has_stream)
		close(fds[0]);
	return -1;
}

/* [script], [interpreter, its arguments, script], or [program, its arguments]; never the query string. */
static const char *const *cgi_arguments(struct cgi *cgi)
{
	const struct command *c = cgi->request->decision.command;
	size_t count = 0, args = c ? c->args.count : 0;
	const char **argv = arena_alloc(&cgi->request->arena, (args + 3) * sizeof *argv);

	if (!argv)
		return NULL;
	if (c)
		argv[count++] = c->program.ptr;
	for (size_t i = 0; i < args; i++)
		argv[count++] = c->args.items[i].ptr;
	if (!cgi->request->decision.is_whole_location)
		argv[count++] = cgi->path;
	argv[count] = NULL;
	return argv;
}

/* A program works where it lies. */
static const char *cgi_directory(struct cgi *cgi)
{
	struct str path = str_from(cgi->path);
	size_t slash = str_find_last(path, '/');

	return slash == 0 ? "/" : arena_str(&cgi->request->arena, str_head(path, slash)).ptr;
}

static struct child_limits cgi_limits(const struct settings *settings)
{
	const struct cgi_limits *limits = &settings->cgi_limits;

	return (struct child_limits){ .cpu = (limits->cpu + 999) / 1000,
		                      .memory = limits->memory,
		                      .files = limits->files,
		                      .processes = limits->processes };
}

/* 0, or -1 and errno. */
static int cgi_ask(struct cgi *cgi, const int fds[3], int64_t length)
{
	struct request *r = cgi->request;
	struct program_spec spec = {
		.program = r->decision.command ? r->decision.command->program.ptr : cgi->path,
		.directory = cgi_directory(cgi),
		.argv = cgi_arguments(cgi),
		.envp = cgi_environment(r, length),
		.fds = { fds[0], fds[1], fds[2] },
		.grace = cgi->settings->cgi_grace,
		.limits = cgi_limits(cgi->settings),
	};

	errno = ENOMEM;
	if (!spec.directory || !spec.argv || !spec.envp)
		return -1;
	cgi->program = programs_start(r->worker->programs, &spec, &cgi_events, cgi);
	return cgi->program ? 0 : -1;
}

void cgi_launch(struct cgi *cgi, int64_t length)
{
	struct request *r = cgi->request;
	bool has_stream = length > 0 && cgi->spool < 0;
	int fds[3], error;

	cgi_moved(cgi);
	if (cgi_open_pipes(cgi, has_stream, fds) != 0) {
		cgi_fail_start(cgi, 0, errno);
		return;
	}
	error = cgi_ask(cgi, fds, length) == 0 ? 0 : errno;
	close(fds[1]);
	close(fds[2]);
	if (has_stream)
		close(fds[0]);
	if (cgi->spool >= 0)
		close(cgi->spool);
	cgi->spool = -1;
	if (error != 0) {
		cgi_fail_start(cgi, 0, error);
		return;
	}
	cgi->has_started = true;
	if (has_stream)
		request_set_sink(r, &cgi_sink_pipe);
	cgi_set_deadline(cgi);
}

static void cgi_advance(struct request *r)
{
	struct cgi *cgi = r->state;

	if (cgi->spool_error != 0) {
		cgi_fail_start(cgi, 0, cgi->spool_error);
		return;
	}
	if (cgi->has_failed) {
		cgi_fail_start(cgi, cgi->step, cgi->error);
		return;
	}
	cgi_read_answer(cgi);
	if (r->advance)
		cgi_set_deadline(cgi);
}

static struct cgi *cgi_new(struct request *r)
{
	struct cgi *cgi = calloc(1, sizeof *cgi);
	struct str path;

	if (!cgi)
		return NULL;
	cgi->request = r;
	cgi->settings = request_settings(r);
	cgi->loop = &r->worker->loop;
	cgi->spool = cgi->input.watch.fd = cgi->output.watch.fd = cgi->errors.watch.fd = -1;
	cgi->input.cgi = cgi->output.cgi = cgi->errors.cgi = cgi;
	task_init(&cgi->log_task, cgi_log_errors);
	cgi->path = cgi_script_path(r);
	path = str_from(cgi->path);
	cgi->name = str_from_index(path, str_find_last(path, '/') + 1);
	cgi_moved(cgi);
	if (cgi->path && arena_defer(&r->arena, cgi_close, cgi))
		return cgi;
	free(cgi);
	return NULL;
}

void cgi_start(struct request *r)
{
	bool has_body = cgi_has_body(r);
	struct cgi *cgi = cgi_new(r);

	if (!cgi) {
		respond_error(r, 500, "out of memory");
		return;
	}
	r->state = cgi;
	r->advance = cgi_advance;
	r->on_deadline = cgi_late;
	r->wants_fin_grace = !cgi->settings->cgi_continue;
	if (has_body && r->framing.kind == FRAMING_CHUNKED)
		cgi_spool(cgi);
	else
		cgi_launch(cgi, has_body ? (int64_t)r->framing.length : CGI_NO_LENGTH);
}
