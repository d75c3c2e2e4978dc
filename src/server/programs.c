#include "server/programs.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/map.h"
#include "net/sock.h"
#include "server/launch_protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct programs {
	struct watch watch; /* the channel; fd -1: the launcher is gone */
	struct task task;
	struct loop *loop;
	struct map programs, spools; /* by id */
	struct list unsent;
	uint64_t last_id;
	struct grave grave;
};

struct program {
	uint64_t id;
	struct programs *owner;
	const struct program_events *events;
	void *context;
	bool has_started; /* until we hear that it has to wait */
	bool has_ended;
};

struct spool_request {
	uint64_t id;
	struct programs *owner;
	void (*got)(void *context, int fd, int error);
	void *context;
};

/* A message that must not be lost and found the channel full: END or RELEASE. */
struct unsent_request {
	struct list node;
	struct launch_request request;
	int fds[2];
	size_t fd_count;
};

static struct str key_of(const uint64_t *id)
{
	return str_make((const char *)id, sizeof *id);
}

/* ---- news ---------------------------------------------------------------------------------------------- */

static void programs_failed(struct program *p, int step, int error)
{
	p->has_ended = true;
	p->events->failed(p->context, step, error);
}

static void programs_exited(struct program *p, int status)
{
	p->has_ended = true;
	p->events->exited(p->context, status);
}

static void programs_spooled(struct programs *ps, struct spool_request *s, int fd, int error)
{
	void (*got)(void *context, int fd, int error) = s->got;
	void *context = s->context;

	map_remove(&ps->spools, key_of(&s->id));
	free(s);
	got(context, fd, error);
}

static void programs_hear(struct programs *ps, const struct launch_reply *reply, int fd)
{
	struct program *p = map_get(&ps->programs, key_of(&reply->id));
	struct spool_request *s = map_get(&ps->spools, key_of(&reply->id));

	if (s && reply->news == LAUNCH_SPOOLED) {
		programs_spooled(ps, s, fd, reply->value);
		return;
	}
	if (fd >= 0)
		close(fd);
	/* Nothing comes after the end, and what was given up in the meantime is no longer known. */
	if (!p || p->has_ended)
		return;
	switch ((enum launch_news)reply->news) {
	case LAUNCH_QUEUED:
		p->has_started = false;
		p->events->queued(p->context);
		return;
	case LAUNCH_STARTED:
		p->has_started = true;
		p->events->started(p->context);
		return;
	case LAUNCH_FAILED:
		programs_failed(p, reply->step, reply->value);
		return;
	case LAUNCH_EXITED:
		programs_exited(p, reply->value);
		return;
	case LAUNCH_SPOOLED:
		return;
	}
}

/* The launcher is gone, and with it every program: nobody may wait for one. */
static void programs_lost(struct programs *ps)
{
	struct program *p;
	struct spool_request *s;
	size_t at = 0;

	log_error("the link to the launcher is lost: no CGI program can run");
	loop_unwatch(ps->loop, &ps->watch); /* the supervisor may hold a copy of our end */
	loop_close(&ps->watch);
	while ((p = map_next(&ps->programs, &at))) {
		if (p->has_ended)
			continue;
		if (p->has_started)
			programs_exited(p, SIGKILL);
		else
			programs_failed(p, 0, EPIPE);
	}
	at = 0;
	while ((s = map_next(&ps->spools, &at)))
		programs_spooled(ps, s, -1, EPIPE);
}

/* One message: epoll tells of the next. */
static void programs_receive(struct programs *ps)
{
	struct launch_reply reply;
	int fd = -1;
	size_t count = 1;
	ssize_t n = sock_receive_message(ps->watch.fd, &reply, sizeof reply, &fd, &count);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n != (ssize_t)sizeof reply)
		programs_lost(ps);
	else
		programs_hear(ps, &reply, count == 1 ? fd : -1);
}

/* ---- messages ------------------------------------------------------------------------------------------ */

static void unsent_free(struct unsent_request *u)
{
	list_remove(&u->node);
	for (size_t i = 0; i < u->fd_count; i++)
		close(u->fds[i]);
	free(u);
}

/* Whether we want to hear of room, too: else each message that the launcher takes would wake us. */
static void programs_watch(struct programs *ps, bool for_room)
{
	if (loop_rewatch(ps->loop, &ps->watch, EPOLLIN | (for_room ? EPOLLOUT : 0)) != 0)
		log_error("the link to the launcher can't be watched: %s", strerror(errno));
}

static void programs_flush(struct programs *ps)
{
	if (list_is_empty(&ps->unsent))
		return;
	while (!list_is_empty(&ps->unsent)) {
		struct unsent_request *u = LIST_ENTRY(ps->unsent.next, struct unsent_request, node);

		if (sock_send_message(ps->watch.fd, &u->request, sizeof u->request, u->fds,
		                      u->fd_count) != 0 &&
		    (errno == EAGAIN || errno == ETOOMANYREFS))
			return;
		unsent_free(u);
	}
	programs_watch(ps, false);
}

static void programs_keep(struct programs *ps, const struct launch_request *request, const int *fds,
                          size_t fd_count)
{
	struct unsent_request *u = malloc(sizeof *u);

	if (!u) {
		log_error("out of memory: a program is left to its time limit");
		return;
	}
	if (list_is_empty(&ps->unsent))
		programs_watch(ps, true);
	*u = (struct unsent_request){ .request = *request };
	for (size_t i = 0; i < fd_count; i++) {
		u->fds[u->fd_count] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		u->fd_count += u->fds[u->fd_count] >= 0;
	}
	list_append(&ps->unsent, &u->node);
}

/* Sends it now or, in order, when there is room. */
static void programs_tell(struct programs *ps, const struct launch_request *request, const int *fds,
                          size_t fd_count)
{
	bool in_order = list_is_empty(&ps->unsent);

	if (ps->watch.fd < 0)
		return;
	if (in_order &&
	    sock_send_message(ps->watch.fd, request, sizeof *request, fds, fd_count) == 0)
		return;
	if (!in_order || errno == EAGAIN || errno == ETOOMANYREFS)
		programs_keep(ps, request, fds, fd_count);
}

static void programs_run(struct task *task)
{
	struct programs *ps = LIST_ENTRY(task, struct programs, task);

	if (ps->watch.fd < 0)
		return;
	programs_flush(ps);
	programs_receive(ps);
}

static void programs_ready(struct watch *watch, uint32_t events)
{
	struct programs *ps = LIST_ENTRY(watch, struct programs, watch);

	(void)events;
	loop_defer(ps->loop, &ps->task);
}

/* ---- opening and closing ------------------------------------------------------------------------------- */

struct programs *programs_open(struct loop *loop, int channel)
{
	struct programs *ps = calloc(1, sizeof *ps);

	if (!ps) {
		close(channel);
		return NULL;
	}
	ps->watch = (struct watch){ .fd = channel, .ready = programs_ready };
	ps->loop = loop;
	task_init(&ps->task, programs_run);
	list_init(&ps->unsent);
	map_init(&ps->programs);
	map_init(&ps->spools);
	if (loop_watch(loop, &ps->watch, EPOLLIN) == 0)
		return ps;
	close(channel);
	free(ps);
	return NULL;
}

static void programs_release(struct grave *grave)
{
	struct programs *ps = LIST_ENTRY(grave, struct programs, grave);

	map_end(&ps->programs);
	map_end(&ps->spools);
	free(ps);
}

void programs_close(struct programs *ps)
{
	size_t at = 0;
	void *handle;

	if (!ps)
		return;
	loop_unwatch(ps->loop, &ps->watch); /* the supervisor may hold a copy of our end */
	loop_close(&ps->watch);
	loop_forget(&ps->task);
	while (!list_is_empty(&ps->unsent))
		unsent_free(LIST_ENTRY(ps->unsent.next, struct unsent_request, node));
	while ((handle = map_next(&ps->programs, &at)))
		free(handle);
	at = 0;
	while ((handle = map_next(&ps->spools, &at)))
		free(handle);
	loop_bury(ps->loop, &ps->grave, programs_release);
}

/* ---- programs ------------------------------------------------------------------------------------------ */

static size_t strings_size(const char *const *strings, uint32_t *count)
{
	size_t size = 0;

	for (*count = 0; strings[*count]; (*count)++)
		size += strlen(strings[*count]) + 1;
	return size;
}

static void put_string(struct buf *b, const char *text)
{
	buf_add(b, str_make(text, strlen(text) + 1));
}

/* The start message, malloc'ed: head, program, directory, arguments, environment. */
static struct buf start_message(const struct program_spec *spec, struct launch_request *request)
{
	size_t size = sizeof *request + strlen(spec->program) + strlen(spec->directory) + 2;
	struct buf b = { 0 };

	size += strings_size(spec->argv, &request->argc);
	size += strings_size(spec->envp, &request->envc);
	if (size > LAUNCH_MESSAGE_MAX) {
		errno = EMSGSIZE;
		return b;
	}
	b = buf_fixed(malloc(size), size);
	if (!b.ptr)
		return b;
	buf_add(&b, str_make((const char *)request, sizeof *request));
	put_string(&b, spec->program);
	put_string(&b, spec->directory);
	for (uint32_t i = 0; i < request->argc; i++)
		put_string(&b, spec->argv[i]);
	for (uint32_t i = 0; i < request->envc; i++)
		put_string(&b, spec->envp[i]);
	return b;
}

/* 0, or -1 and errno. */
static int start_send(struct programs *ps, const struct program_spec *spec, uint64_t id)
{
	struct launch_request request = {
		.id = id, .time = spec->grace, .verb = LAUNCH_START, .limits = spec->limits
	};
	int fds[3], sent, error;
	size_t fd_count = 0;
	struct buf message;

	for (int i = 0; i < 3; i++) {
		if (spec->fds[i] < 0)
			continue;
		request.pipes |= 1u << i;
		fds[fd_count++] = spec->fds[i];
	}
	message = start_message(spec, &request);
	if (!message.ptr)
		return -1;
	/* The counts are known only now. */
	memcpy(message.ptr, &request, sizeof request);
	sent = sock_send_message(ps->watch.fd, message.ptr, message.len, fds, fd_count);
	error = errno == ETOOMANYREFS || errno == ENOBUFS ? EAGAIN : errno;
	free(message.ptr);
	errno = error;
	return sent;
}

struct program *programs_start(struct programs *ps, const struct program_spec *spec,
                               const struct program_events *events, void *context)
{
	struct program *p;
	int error;

	if (!ps || ps->watch.fd < 0) {
		errno = EPIPE;
		return NULL;
	}
	p = malloc(sizeof *p);
	if (!p)
		return NULL;
	*p = (struct program){ .id = ++ps->last_id,
		               .owner = ps,
		               .events = events,
		               .context = context,
		               .has_started = true };
	errno = ENOMEM;
	if (!map_put(&ps->programs, key_of(&p->id), p))
		goto fail_program;
	if (start_send(ps, spec, p->id) != 0)
		goto fail_map;
	return p;

fail_map:
	error = errno;
	map_remove(&ps->programs, key_of(&p->id));
	errno = error;
fail_program:
	error = errno;
	free(p);
	errno = error;
	return NULL;
}

static void program_free(struct program *p)
{
	map_remove(&p->owner->programs, key_of(&p->id));
	free(p);
}

void program_end(struct program *p)
{
	struct launch_request request = { .id = p->id, .verb = LAUNCH_END };

	/* What was left of the group of one that has exited was ended before it was reaped. */
	if (!p->has_ended)
		programs_tell(p->owner, &request, NULL, 0);
	program_free(p);
}

void program_release(struct program *p, uint64_t limit, const int fds[2])
{
	struct launch_request request = { .id = p->id, .verb = LAUNCH_RELEASE, .time = limit };
	int open[2];
	size_t count = 0;

	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			open[count++] = fds[i];
	if (!p->has_ended)
		programs_tell(p->owner, &request, open, count);
	program_free(p);
}

/* ---- spool files --------------------------------------------------------------------------------------- */

static int spool_send(struct programs *ps, const char *directory, uint64_t id)
{
	struct launch_request request = { .id = id, .verb = LAUNCH_SPOOL };
	size_t size = sizeof request + strlen(directory) + 1;
	char *message;
	int sent, error;

	if (size > LAUNCH_MESSAGE_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	message = malloc(size);
	if (!message)
		return -1;
	memcpy(message, &request, sizeof request);
	memcpy(message + sizeof request, directory, size - sizeof request);
	sent = sock_send_message(ps->watch.fd, message, size, NULL, 0);
	error = errno;
	free(message);
	errno = error;
	return sent;
}

struct spool_request *programs_spool(struct programs *ps, const char *directory,
                                     void (*got)(void *context, int fd, int error), void *context)
{
	struct spool_request *s;

	if (!ps || ps->watch.fd < 0) {
		errno = EPIPE;
		return NULL;
	}
	s = malloc(sizeof *s);
	if (!s)
		return NULL;
	*s = (struct spool_request){
		.id = ++ps->last_id, .owner = ps, .got = got, .context = context
	};
	if (map_put(&ps->spools, key_of(&s->id), s)) {
		if (spool_send(ps, directory, s->id) == 0)
			return s;
		map_remove(&ps->spools, key_of(&s->id));
	}
	free(s);
	return NULL;
}

void programs_spool_cancel(struct spool_request *s)
{
	/* The descriptor that still comes finds nobody and is closed. */
	map_remove(&s->owner->spools, key_of(&s->id));
	free(s);
}
