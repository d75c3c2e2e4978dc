#include "server/verifier.h"

#include "base/clock.h"
#include "net/io.h"
#include "net/loop.h"
#include "net/signals.h"
#include "net/sock.h"
#include "server/descriptors.h"
#include "server/password_file.h"
#include "server/privileges.h"
#include "server/sandbox.h"
#include "server/verifier_queue.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	VERIFIER_NICE = 10,
	VERIFIER_LOOK_MS = 1000,  /* between two looks at the files */
	VERIFIER_PATIENCE = 1000, /* ms that a worker gets to make room for an answer */
	VERIFIER_FILE_FDS = 16,   /* password files that are descriptors */
	VERIFIER_FDS = 96         /* that and 64 workers */
};

struct verifier {
	struct loop loop;
	const struct config *config;
	struct watch supervisor;
	struct task work;
	struct timer look; /* at the files, while some worker may remember a verdict */
	uint64_t look_until;
	struct list channels;
	struct password_library library;
	struct password_file *files; /* by index in config.password_files */
	struct verifier_queue queue;
};

/* The link to one worker. */
struct verifier_channel {
	struct watch watch; /* first; fd -1: the worker is gone */
	struct verifier *verifier;
	struct list node;
	struct grave grave;
};

/* ---- the channels to the workers ----------------------------------------------------------------------- */

static void channel_release(struct grave *grave)
{
	free(LIST_ENTRY(grave, struct verifier_channel, grave));
}

static void channel_close(struct verifier_channel *channel)
{
	struct verifier *v = channel->verifier;

	if (channel->watch.fd < 0)
		return;
	verifier_queue_drop(&v->queue, channel, NULL);
	loop_unwatch(&v->loop, &channel->watch);
	loop_close(&channel->watch);
	list_remove(&channel->node);
	loop_bury(&v->loop, &channel->grave, channel_release);
}

/*
 * There is room unless the worker hangs: it has a bounded number of questions open. So it is waited for a
 * little, and a worker that does not read even then loses its link.
 */
static void channel_reply(struct verifier_channel *channel, const struct verify_reply *reply)
{
	struct pollfd room = { .fd = channel->watch.fd, .events = POLLOUT };

	if (channel->watch.fd < 0 ||
	    sock_send_message(channel->watch.fd, reply, sizeof *reply, NULL, 0) == 0)
		return;
	if (io_would_block(errno) && poll(&room, 1, VERIFIER_PATIENCE) == 1 &&
	    sock_send_message(channel->watch.fd, reply, sizeof *reply, NULL, 0) == 0)
		return;
	log_warn("a worker does not hear the verifier: %s", strerror(errno));
	channel_close(channel);
}

/* A question is one that a worker of ours has made, but a worker may be in somebody else's hands. */
static bool request_is_sound(const struct verifier *v, const struct verify_request *request)
{
	return request->key.file < v->config->password_files.len &&
	       request->user_len <= BASIC_AUTH_USER_MAX &&
	       request->password_len <= BASIC_AUTH_PASSWORD_MAX;
}

static void channel_serve(struct verifier_channel *channel, const struct verify_request *request)
{
	struct verifier *v = channel->verifier;
	struct verify_reply busy = { .key = request->key, .verdict = VERIFY_BUSY };

	if (!request_is_sound(v, request)) {
		log_error("a worker sent a question that makes no sense");
		channel_close(channel);
	} else if (request->verb == VERIFY_CANCEL) {
		verifier_queue_drop(&v->queue, channel, &request->key);
	} else if (!verifier_queue_add(&v->queue, channel, request)) {
		channel_reply(channel, &busy);
	} else {
		loop_defer(&v->loop, &v->work);
	}
}

/* Level-triggered: what is left is told again. All of it is taken at once, so that the turns are fair. */
static void channel_ready(struct watch *watch, uint32_t events)
{
	struct verifier_channel *channel = (struct verifier_channel *)(void *)watch;
	struct verify_request request;

	(void)events;
	while (watch->fd >= 0) {
		size_t none = 0;
		ssize_t n = sock_receive_message(watch->fd, &request, sizeof request, NULL, &none);

		if (n == (ssize_t)sizeof request)
			channel_serve(channel, &request);
		else if (n < 0 && io_would_block(errno))
			break;
		else
			channel_close(channel);
	}
	explicit_bzero(&request, sizeof request);
}

/* Serves another worker; takes the descriptor over. */
static bool channel_open(struct verifier *v, int fd)
{
	struct verifier_channel *channel = malloc(sizeof *channel);

	if (channel) {
		*channel = (struct verifier_channel){ .watch = { .fd = fd, .ready = channel_ready },
			                              .verifier = v };
		if (loop_watch(&v->loop, &channel->watch, EPOLLIN) == 0) {
			list_append(&v->channels, &channel->node);
			return true;
		}
	}
	log_error("the verifier can't serve a worker: %s", strerror(errno));
	free(channel);
	close(fd);
	return false;
}

/* ---- the work ------------------------------------------------------------------------------------------ */

static void verifier_look(struct verifier *v, size_t file)
{
	const struct verify_reply changed = { .key.file = file, .verdict = VERIFY_CHANGED };

	if (!password_file_refresh(&v->files[file], &v->library))
		return;
	for (struct list *n = v->channels.next, *next; n != &v->channels; n = next) {
		next = n->next;
		channel_reply(LIST_ENTRY(n, struct verifier_channel, node), &changed);
	}
}

static void verifier_look_again(struct timer *timer)
{
	struct verifier *v = LIST_ENTRY(timer, struct verifier, look);

	for (size_t i = 0; i < v->config->password_files.len; i++)
		verifier_look(v, i);
	if (clock_now() < v->look_until)
		timer_set(&v->loop.timers, &v->look, clock_now() + VERIFIER_LOOK_MS);
}

/* What was let in once is remembered by a worker for a while: until then it must hear of changes. */
static void verifier_keep_looking(struct verifier *v)
{
	v->look_until = clock_now() + VERIFY_RIGHT_MS + VERIFIER_LOOK_MS;
	if (v->look.deadline == TIMER_NEVER)
		timer_set(&v->loop.timers, &v->look, clock_now() + VERIFIER_LOOK_MS);
}

static enum verify_verdict verifier_judge(struct verifier *v, const struct verify_request *request)
{
	struct password_file *file = &v->files[request->key.file];
	struct str user = str_make(request->text, request->user_len);
	struct str password = str_make(request->text + request->user_len, request->password_len);

	verifier_look(v, request->key.file);
	if (!file->is_readable)
		return VERIFY_FAILED;
	return password_file_admits(file, &v->library, user, password) ? VERIFY_RIGHT
	                                                               : VERIFY_WRONG;
}

/* One check in a turn: between two of them the channels are looked at. */
static void verifier_work(struct task *task)
{
	struct verifier *v = LIST_ENTRY(task, struct verifier, work);
	struct verifier_job *job = verifier_queue_next(&v->queue);
	struct verify_reply reply = { .verdict = 0 };
	struct verifier_channel *channel;

	if (!job)
		return;
	reply.key = job->request.key;
	reply.verdict = verifier_judge(v, &job->request);
	clock_update();
	/* The look at the file may have cost the channel: a worker that does not listen. */
	channel = (struct verifier_channel *)job->owner;
	channel_reply(channel, &reply);
	verifier_queue_done(&v->queue, job);
	if (reply.verdict == VERIFY_RIGHT)
		verifier_keep_looking(v);
	if (v->queue.count > 0)
		loop_defer(&v->loop, &v->work);
}

/* ---- the supervisor ------------------------------------------------------------------------------------- */

static void verifier_use_log(int fd)
{
	if (log_main->fd > STDERR_FILENO)
		close(log_main->fd);
	log_main->fd = fd;
}

static void verifier_listen(struct watch *watch, uint32_t events)
{
	struct verifier *v = LIST_ENTRY(watch, struct verifier, supervisor);
	char message[16];
	int fd;
	size_t count = 1;
	ssize_t n = sock_receive_message(watch->fd, message, sizeof message, &fd, &count);

	(void)events;
	if (n < 0 && (io_would_block(errno) || errno == EMSGSIZE))
		return;
	if (n <= 0)
		v->loop.stopping = true;
	else if (count == 1 && message[0] == VERIFIER_WORKER)
		channel_open(v, fd);
	else if (count == 1 && message[0] == VERIFIER_LOG)
		verifier_use_log(fd);
	else if (count == 1)
		close(fd);
}

/* ---- the process ---------------------------------------------------------------------------------------- */

bool verifier_is_needed(const struct config *config)
{
	for (size_t i = 0; i < config->locations.len; i++)
		if (config->locations.items[i]->settings.auth.is_on)
			return true;
	return false;
}

static void verifier_ignore_signals(void)
{
	static const int ignored[] = {
		SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE
	};
	sigset_t none;

	/* A terminal's Ctrl-C reaches us as well as the supervisor, by whose channel we end. */
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void verifier_close_others(const struct verifier_start *start)
{
	int keep[VERIFIER_FDS];
	size_t count = 0;

	for (size_t i = 0; i < start->config->password_files.len && count < VERIFIER_FILE_FDS;
	     i++) {
		int fd = password_file_descriptor(start->config->password_files.items[i].path);

		if (fd >= 0)
			keep[count++] = fd;
	}
	keep[count++] = start->supervisor;
	keep[count++] = log_main->fd;
	for (size_t i = 0; i < start->keep_count && count < VERIFIER_FDS; i++)
		keep[count++] = start->keep[i];
	descriptors_close_others(keep, count);
}

static bool verifier_init(struct verifier *v, const struct verifier_start *start)
{
	size_t count = start->config->password_files.len;

	v->config = start->config;
	v->supervisor = (struct watch){ .fd = start->supervisor, .ready = verifier_listen };
	v->files = calloc(count, sizeof *v->files);
	list_init(&v->channels);
	task_init(&v->work, verifier_work);
	verifier_queue_init(&v->queue);
	if (!v->files || loop_init(&v->loop) != 0 || io_nonblocking(start->supervisor, true) != 0 ||
	    loop_watch(&v->loop, &v->supervisor, EPOLLIN) != 0 ||
	    !timer_start(&v->loop.timers, &v->look, verifier_look_again, TIMER_NEVER))
		return false;
	for (size_t i = 0; i < start->keep_count; i++)
		if (!channel_open(v, start->keep[i]))
			return false;
	for (size_t i = 0; i < count; i++)
		password_file_init(&v->files[i], v->config->password_files.items[i].path.ptr);
	return true;
}

static void verifier_end(struct verifier *v)
{
	while (!list_is_empty(&v->channels))
		channel_close(LIST_ENTRY(v->channels.next, struct verifier_channel, node));
	loop_bury_dead(&v->loop);
	timer_stop(&v->loop.timers, &v->look);
	loop_end(&v->loop);
	for (size_t i = 0; i < v->config->password_files.len; i++)
		password_file_end(&v->files[i]);
	free(v->files);
	password_library_close(&v->library);
	free(v);
}

int verifier_run(const struct verifier_start *start)
{
	struct verifier *v = calloc(1, sizeof *v);
	const char *missing;

	prctl(PR_SET_NAME, "webserv-verify");
	verifier_ignore_signals();
	clock_update();
	if (setpriority(PRIO_PROCESS, 0, VERIFIER_NICE) != 0)
		log_notice("the verifier keeps its priority: %s", strerror(errno));
	if (privileges_drop(start->config) != 0 || privileges_die_with(start->parent) != 0)
		return 1;
	verifier_close_others(start);
	missing = v ? password_library_open(&v->library) : "out of memory";
	if (missing || !verifier_init(v, start)) {
		log_error("the verifier can't start: %s", missing ? missing : strerror(errno));
		return 1;
	}
	if (sandbox_enter_verifier(start->config) != 0)
		return 1;
	loop_run(&v->loop);
	verifier_end(v);
	return 0;
}
