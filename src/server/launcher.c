#include "server/launcher.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/io.h"
#include "net/signals.h"
#include "net/sock.h"
#include "server/descriptors.h"
#include "server/launcher_state.h"
#include "server/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	LAUNCHER_SPARE_FDS = 64, /* besides those that waiting programs hold */
	LAUNCHER_LINGER = 1000   /* ms after the longest grace, for killed processes to go away */
};

/* ---- the channels to the workers --------------------------------------------------------------- */

/* A reply that is waiting for room in the socket. */
struct unsent_reply {
	struct list node;
	struct launch_reply reply;
	int fd; /* ours, -1: none */
};

static void channel_release(struct grave *grave)
{
	struct launcher_channel *channel = LIST_ENTRY(grave, struct launcher_channel, grave);

	map_end(&channel->jobs);
	free(channel);
}

/* The worker is gone, or must be treated so: its programs go with it. */
static void channel_close(struct launcher_channel *channel)
{
	size_t at = 0;
	struct job *job;

	if (channel->watch.fd < 0)
		return;
	/* A sister process may hold a copy of our end, and epoll goes by the open socket: out of it first. */
	loop_unwatch(&channel->launcher->loop, &channel->watch);
	loop_close(&channel->watch);
	loop_forget(&channel->task);
	list_remove(&channel->node);
	while ((job = map_next(&channel->jobs, &at)))
		job_end(job);
	while (!list_is_empty(&channel->unsent)) {
		struct unsent_reply *u =
		        LIST_ENTRY(channel->unsent.next, struct unsent_reply, node);

		list_remove(&u->node);
		if (u->fd >= 0)
			close(u->fd);
		free(u);
	}
	loop_bury(&channel->launcher->loop, &channel->grave, channel_release);
}

/* Whether we want to hear of room, too: else each message that the worker takes would wake us. */
static void channel_watch(struct launcher_channel *channel, bool for_room)
{
	if (loop_rewatch(&channel->launcher->loop, &channel->watch,
	                 EPOLLIN | (for_room ? EPOLLOUT : 0)) != 0)
		log_error("a worker's channel can't be watched: %s", strerror(errno));
}

/* Keeps the reply for later. Without memory the worker would wait for ever: it is let go instead. */
static void channel_keep(struct launcher_channel *channel, const struct launch_reply *reply, int fd)
{
	struct unsent_reply *u = malloc(sizeof *u);

	if (!u) {
		log_error("out of memory: a worker's programs are ended");
		loop_defer(&channel->launcher->loop, &channel->task);
		shutdown(channel->watch.fd, SHUT_RDWR);
		return;
	}
	if (list_is_empty(&channel->unsent))
		channel_watch(channel, true);
	*u = (struct unsent_reply){ .reply = *reply };
	u->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0 && u->fd < 0)
		u->reply.value = errno;
	list_append(&channel->unsent, &u->node);
}

void channel_reply(struct launcher_channel *channel, const struct launch_reply *reply, int fd)
{
	bool in_order = list_is_empty(&channel->unsent);

	if (channel->watch.fd < 0)
		return;
	if (in_order &&
	    sock_send_message(channel->watch.fd, reply, sizeof *reply, &fd, fd >= 0) == 0)
		return;
	/* Any other error means that the worker is gone, which its channel tells by itself. */
	if (!in_order || errno == EAGAIN || errno == ETOOMANYREFS)
		channel_keep(channel, reply, fd);
}

static void channel_flush(struct launcher_channel *channel)
{
	if (list_is_empty(&channel->unsent))
		return;
	while (!list_is_empty(&channel->unsent)) {
		struct unsent_reply *u =
		        LIST_ENTRY(channel->unsent.next, struct unsent_reply, node);

		if (sock_send_message(channel->watch.fd, &u->reply, sizeof u->reply, &u->fd,
		                      u->fd >= 0) != 0)
			return;
		list_remove(&u->node);
		if (u->fd >= 0)
			close(u->fd);
		free(u);
	}
	channel_watch(channel, false);
}

static void channel_spool(struct launcher_channel *channel, const struct launch_request *request,
                          struct str directory)
{
	struct launch_reply reply = { .id = request->id, .news = LAUNCH_SPOOLED };
	int fd = -1;

	if (directory.len == 0 || directory.ptr[directory.len - 1] != '\0')
		errno = EINVAL;
	else
		fd = spool_open(directory.ptr);
	reply.value = fd < 0 ? errno : 0;
	channel_reply(channel, &reply, fd);
	if (fd >= 0)
		close(fd);
}

/* Does what a message asks and takes the descriptors out of fds that it keeps. */
static void channel_serve(struct launcher_channel *channel, const struct launch_request *request,
                          struct str strings, int *fds, size_t fd_count)
{
	struct job *job = map_get(&channel->jobs, str_make((const char *)&request->id, 8));

	switch ((enum launch_verb)request->verb) {
	case LAUNCH_START:
		if (!job)
			job_ask(channel, request, strings, fds, fd_count);
		return;
	case LAUNCH_END:
		if (job)
			job_end(job);
		return;
	case LAUNCH_RELEASE:
		for (size_t i = 0; i < fd_count; i++) {
			drain_open(channel->launcher, fds[i]);
			fds[i] = -1;
		}
		if (job)
			job_release(job, request->time);
		return;
	case LAUNCH_SPOOL:
		channel_spool(channel, request, strings);
		return;
	}
	log_error("a worker sent a message that the launcher does not know");
}

/* One message: epoll tells of the next. */
static void channel_receive(struct launcher_channel *channel)
{
	char *message = channel->launcher->message;
	struct launch_request request;
	int fds[SOCK_MESSAGE_FDS];
	size_t fd_count = SOCK_MESSAGE_FDS;
	ssize_t n = sock_receive_message(channel->watch.fd, message, LAUNCH_MESSAGE_MAX, fds,
	                                 &fd_count);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 && !(n < 0 && errno == EMSGSIZE)) {
		channel_close(channel);
		return;
	}
	if (n >= (ssize_t)sizeof request) {
		memcpy(&request, message, sizeof request);
		channel_serve(channel, &request,
		              str_make(message + sizeof request, (size_t)n - sizeof request), fds,
		              fd_count);
	}
	for (size_t i = 0; i < fd_count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void channel_run(struct task *task)
{
	struct launcher_channel *channel = LIST_ENTRY(task, struct launcher_channel, task);

	channel_flush(channel);
	channel_receive(channel);
}

static void channel_ready(struct watch *watch, uint32_t events)
{
	struct launcher_channel *channel = LIST_ENTRY(watch, struct launcher_channel, watch);

	(void)events;
	loop_defer(&channel->launcher->loop, &channel->task);
}

/* Serves another worker; takes the descriptor over. */
static bool channel_open(struct launcher *l, int fd)
{
	struct launcher_channel *channel = malloc(sizeof *channel);

	if (!channel)
		goto fail;
	*channel = (struct launcher_channel){ .watch = { .fd = fd, .ready = channel_ready },
		                              .launcher = l };
	task_init(&channel->task, channel_run);
	list_init(&channel->unsent);
	map_init(&channel->jobs);
	if (loop_watch(&l->loop, &channel->watch, EPOLLIN) != 0)
		goto fail;
	list_append(&l->channels, &channel->node);
	return true;

fail:
	log_error("the launcher can't serve a worker: %s", strerror(errno));
	free(channel);
	close(fd);
	return false;
}

/* ---- the supervisor and the end ------------------------------------------------------------------ */

static void launcher_patience(struct timer *timer)
{
	struct launcher *l = LIST_ENTRY(timer, struct launcher, patience);

	log_error("%zu programs would not end", l->running_count);
	l->loop.stopping = true;
}

static void launcher_end(struct launcher *l)
{
	uint64_t grace;

	loop_unwatch(&l->loop, &l->supervisor);
	loop_close(&l->supervisor);
	l->is_ending = true;
	while (!list_is_empty(&l->channels))
		channel_close(LIST_ENTRY(l->channels.next, struct launcher_channel, node));
	grace = jobs_end_all(l);
	timer_set(&l->loop.timers, &l->patience, clock_now() + grace + LAUNCHER_LINGER);
}

static void launcher_use_log(int fd)
{
	if (log_main->fd > STDERR_FILENO)
		close(log_main->fd);
	log_main->fd = fd;
}

static void launcher_listen(struct task *task)
{
	struct launcher *l = LIST_ENTRY(task, struct launcher, supervisor_task);
	char message[16];
	int fd;

	while (l->supervisor.fd >= 0) {
		size_t count = 1;
		ssize_t n = sock_receive_message(l->supervisor.fd, message, sizeof message, &fd,
		                                 &count);

		if (n < 0 && (errno == EAGAIN || errno == EMSGSIZE))
			return;
		if (n <= 0)
			launcher_end(l);
		else if (message[0] == LAUNCHER_WORKER && count == 1)
			channel_open(l, fd);
		else if (message[0] == LAUNCHER_LOG && count == 1)
			launcher_use_log(fd);
		else if (count == 1)
			close(fd);
	}
}

static void launcher_supervisor_ready(struct watch *watch, uint32_t events)
{
	struct launcher *l = LIST_ENTRY(watch, struct launcher, supervisor);

	(void)events;
	loop_defer(&l->loop, &l->supervisor_task);
}

static void launcher_signals(struct task *task)
{
	struct launcher *l = LIST_ENTRY(task, struct launcher, signals_task);

	while (signals_next(l->signals.fd) != 0)
		;
	jobs_reap(l);
}

static void launcher_signals_ready(struct watch *watch, uint32_t events)
{
	struct launcher *l = LIST_ENTRY(watch, struct launcher, signals);

	(void)events;
	loop_defer(&l->loop, &l->signals_task);
}

/* ---- the process ------------------------------------------------------------------------------------ */

/* Everything that a fork of the supervisor inherits and a launcher has no use for. */
static bool launcher_close_others(const struct launcher_start *start)
{
	int *keep = malloc((start->worker_count + 2) * sizeof *keep);
	size_t count = 0;

	if (!keep)
		return false;
	keep[count++] = start->supervisor;
	keep[count++] = log_main->fd;
	for (size_t i = 0; i < start->worker_count; i++)
		keep[count++] = start->workers[i];
	descriptors_close_others(keep, count);
	free(keep);
	return true;
}

static size_t launcher_waiting_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= 2 * LAUNCHER_SPARE_FDS)
		return 1;
	return (size_t)(limit.rlim_cur - LAUNCHER_SPARE_FDS) / 3;
}

static void launcher_block_signals(void)
{
	static const int blocked[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
	sigset_t set;

	/*
	 * The supervisor's mask and handlers came along; a terminal's Ctrl-C reaches us as well as it. Blocked,
	 * not ignored: what is ignored would have to be undone in each program.
	 */
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++) {
		signal(blocked[i], SIG_DFL);
		sigaddset(&set, blocked[i]);
	}
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

static bool launcher_watch(struct launcher *l, const struct launcher_start *start)
{
	static const int wanted[] = { SIGCHLD, 0 };

	l->supervisor =
	        (struct watch){ .fd = start->supervisor, .ready = launcher_supervisor_ready };
	l->signals = (struct watch){ .fd = signals_open(wanted), .ready = launcher_signals_ready };
	task_init(&l->supervisor_task, launcher_listen);
	task_init(&l->signals_task, launcher_signals);
	return l->signals.fd >= 0 && io_nonblocking(start->supervisor, true) == 0 &&
	       loop_watch(&l->loop, &l->signals, EPOLLIN) == 0 &&
	       loop_watch(&l->loop, &l->supervisor, EPOLLIN | EPOLLRDHUP) == 0 &&
	       timer_start(&l->loop.timers, &l->patience, launcher_patience, TIMER_NEVER);
}

static bool launcher_init(struct launcher *l, const struct launcher_start *start)
{
	*l = (struct launcher){
		.config = start->config,
		.waiting_max = launcher_waiting_max(),
		.null = open("/dev/null", O_RDWR | O_CLOEXEC),
		.message = malloc(LAUNCH_MESSAGE_MAX),
	};
	l->counters = start->counters ? start->counters : &l->alone;
	list_init(&l->channels);
	list_init(&l->waiting);
	list_init(&l->running);
	map_init(&l->by_pid);
	if (loop_init(&l->loop) != 0 || l->null < 0 || !l->message || !launcher_watch(l, start))
		return false;
	l->ignored = signals_ignored();
	return true;
}

int launcher_run(const struct launcher_start *start)
{
	struct launcher l;

	prctl(PR_SET_NAME, "webserv-launch");
	/* What a program leaves behind becomes our child, so that it is reaped even where init does not. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	launcher_block_signals();
	clock_update();
	/* Programs run as `user`, and so does what starts them. */
	if (privileges_drop(start->config) != 0)
		return 1;
	if (!launcher_close_others(start) || !launcher_init(&l, start)) {
		log_error("the launcher can't start: %s", strerror(errno));
		return 1;
	}
	for (size_t i = 0; i < start->worker_count; i++)
		if (start->workers[i] >= 0)
			channel_open(&l, start->workers[i]);
	while (!l.loop.stopping && !(l.is_ending && list_is_empty(&l.running)))
		loop_turn(&l.loop);
	loop_end(&l.loop);
	map_end(&l.by_pid);
	free(l.message);
	return 0;
}
