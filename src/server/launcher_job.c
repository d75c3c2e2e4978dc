#include "base/clock.h"
#include "base/log.h"
#include "net/child.h"
#include "server/launcher_state.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is needed until the program runs, in one block: this, the two vectors, the strings. */
struct job_order {
	const char *program, *directory;
	char **argv, **envp;
	struct child_limits limits;
	int fds[3]; /* ours but for /dev/null, which is the launcher's */
};

static struct str key_of(const void *number, size_t size)
{
	return str_make(number, size);
}

/* ---- reading a start message ---------------------------------------------------------------------- */

/* Fills a vector with the next `count` strings and its NULL. False where there are not so many. */
static bool take_strings(struct str *rest, char **vector, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t end = str_find(*rest, '\0');

		if (end == rest->len)
			return false;
		vector[i] = (char *)rest->ptr;
		*rest = str_from_index(*rest, end + 1);
	}
	vector[count] = NULL;
	return true;
}

/* The strings of the message, copied and cut; NULL where it does not say what it should, or without memory. */
static struct job_order *order_read(const struct launch_request *request, struct str strings)
{
	size_t slots = (size_t)request->argc + request->envc + 2;
	struct job_order *order;
	char *names[3], *copy;
	struct str rest = { NULL, strings.len };

	/* Each string has at least its NUL, which bounds what is allocated. */
	if (request->argc == 0 || slots > strings.len)
		return NULL;
	order = malloc(sizeof *order + slots * sizeof(char *) + strings.len);
	if (!order)
		return NULL;
	order->argv = (char **)(void *)(order + 1);
	order->envp = order->argv + request->argc + 1;
	copy = (char *)(order->argv + slots);
	memcpy(copy, strings.ptr, strings.len);
	rest.ptr = copy;
	if (!take_strings(&rest, names, 2) || !take_strings(&rest, order->argv, request->argc) ||
	    !take_strings(&rest, order->envp, request->envc) || rest.len > 0 ||
	    names[0][0] != '/') {
		free(order);
		return NULL;
	}
	order->program = names[0];
	order->directory = names[1];
	order->limits = request->limits;
	return order;
}

/* The three descriptors: those that came along, /dev/null for the rest. False where the count is wrong. */
static bool order_take_fds(struct job_order *order, struct launcher *l, uint32_t pipes, int *fds,
                           size_t fd_count)
{
	size_t next = 0;

	if ((size_t)__builtin_popcount(pipes & 7) != fd_count)
		return false;
	for (int i = 0; i < 3; i++) {
		order->fds[i] = l->null;
		if (pipes & (1u << i)) {
			order->fds[i] = fds[next];
			fds[next++] = -1;
		}
	}
	return true;
}

static void order_free(struct job_order *order, const struct launcher *l)
{
	for (int i = 0; i < 3; i++)
		if (order->fds[i] != l->null)
			close(order->fds[i]);
	free(order);
}

/* ---- a job's life ------------------------------------------------------------------------------------ */

static void job_tell(struct job *job, enum launch_news news, int step, int value)
{
	struct launch_reply reply = { .id = job->id, .news = news, .step = step, .value = value };

	if (job->channel)
		channel_reply(job->channel, &reply, -1);
}

/* Nobody is told anything from here on. */
static void job_detach(struct job *job)
{
	if (job->channel)
		map_remove(&job->channel->jobs, key_of(&job->id, sizeof job->id));
	job->channel = NULL;
}

static void job_free(struct job *job)
{
	job_detach(job);
	timer_stop(&job->launcher->loop.timers, &job->timer);
	list_remove(&job->node);
	if (job->order)
		order_free(job->order, job->launcher);
	free(job);
}

static void job_leave_queue(struct job *job)
{
	list_remove(&job->node);
	job->launcher->waiting_count--;
	counter_add(job->launcher->counters, COUNTER_PROGRAMS_TURNED, 1);
}

static void job_fail(struct job *job, int step, int error)
{
	job_tell(job, LAUNCH_FAILED, step, error);
	job_free(job);
}

static void job_start(struct job *job)
{
	struct launcher *l = job->launcher;
	struct job_order *order = job->order;
	struct child_spec spec = { .program = order->program,
		                   .argv = order->argv,
		                   .envp = order->envp,
		                   .directory = order->directory,
		                   .fds = { order->fds[0], order->fds[1], order->fds[2] },
		                   .limits = order->limits,
		                   .ignored = l->ignored };
	struct child_failure failure;

	job_leave_queue(job);
	timer_set(&l->loop.timers, &job->timer, TIMER_NEVER);
	job->pid = child_start(&spec, &failure);
	order_free(order, l);
	job->order = NULL;
	if (job->pid < 0) {
		counter_add(l->counters, COUNTER_PROGRAMS_FAILED, 1);
		job_fail(job, (int)failure.step, failure.error);
		return;
	}
	job->state = JOB_RUNNING;
	list_append(&l->running, &job->node);
	l->running_count++;
	counter_add(l->counters, COUNTER_PROGRAMS_STARTED, 1);
	if (job->is_queued)
		job_tell(job, LAUNCH_STARTED, 0, 0);
	/* A program that can't be found again when it ends can't be kept. */
	if (!map_put(&l->by_pid, key_of(&job->pid, sizeof job->pid), job))
		kill(-job->pid, SIGKILL);
}

/* Starts those whose turn has come. */
static void jobs_advance(struct launcher *l)
{
	while (!list_is_empty(&l->waiting) && l->running_count < l->config->cgi_max_processes)
		job_start(LIST_ENTRY(l->waiting.next, struct job, node));
}

static void job_kill(struct job *job)
{
	job->state = JOB_KILLED;
	kill(-job->pid, SIGKILL);
}

/* What the end of its time means depends on what it was given the time for. */
static void job_late(struct timer *timer)
{
	struct job *job = LIST_ENTRY(timer, struct job, timer);

	switch (job->state) {
	case JOB_WAITING:
		job_leave_queue(job);
		counter_add(job->launcher->counters, COUNTER_PROGRAMS_IMPATIENT, 1);
		job_fail(job, 0, EAGAIN);
		return;
	case JOB_RUNNING:
		job_end(job);
		return;
	case JOB_ENDING:
		job_kill(job);
		return;
	case JOB_KILLED:
		return;
	}
}

void job_ask(struct launcher_channel *channel, const struct launch_request *request,
             struct str strings, int *fds, size_t fd_count)
{
	struct launcher *l = channel->launcher;
	struct launch_reply refusal = { .id = request->id, .news = LAUNCH_FAILED };
	struct job *job = calloc(1, sizeof *job);

	refusal.value = EINVAL;
	if (!job || !(job->order = order_read(request, strings)))
		goto fail_job;
	refusal.value = l->waiting_count >= l->waiting_max ? EAGAIN : EINVAL;
	if (refusal.value == EAGAIN ||
	    !order_take_fds(job->order, l, request->pipes, fds, fd_count))
		goto fail_order;
	job->launcher = l;
	job->channel = channel;
	job->id = request->id;
	job->grace = request->time;
	list_init(&job->node);
	refusal.value = ENOMEM;
	if (!timer_start(&l->loop.timers, &job->timer, job_late,
	                 clock_now() + l->config->cgi_queue_timeout))
		goto fail_fds;
	if (!map_put(&channel->jobs, key_of(&job->id, sizeof job->id), job))
		goto fail_timer;
	job->is_queued = l->running_count >= l->config->cgi_max_processes;
	if (job->is_queued)
		job_tell(job, LAUNCH_QUEUED, 0, 0);
	list_append(&l->waiting, &job->node);
	l->waiting_count++;
	counter_add(l->counters, COUNTER_PROGRAMS_ASKED, 1);
	jobs_advance(l);
	return;

fail_timer:
	timer_stop(&l->loop.timers, &job->timer);
fail_fds:
	order_free(job->order, l);
	job->order = NULL;
fail_order:
	free(job->order);
fail_job:
	free(job);
	counter_add(l->counters, COUNTER_PROGRAMS_FAILED, 1);
	channel_reply(channel, &refusal, -1);
}

void job_end(struct job *job)
{
	job_detach(job);
	if (job->state == JOB_WAITING) {
		job_leave_queue(job);
		job_free(job);
		return;
	}
	if (job->state != JOB_RUNNING)
		return;
	job->state = JOB_ENDING;
	kill(-job->pid, SIGTERM);
	/* A stopped group could not act on its TERM. */
	kill(-job->pid, SIGCONT);
	timer_set(&job->launcher->loop.timers, &job->timer, clock_now() + job->grace);
}

void job_release(struct job *job, uint64_t limit)
{
	if (job->state != JOB_RUNNING) {
		job_end(job);
		return;
	}
	job_detach(job);
	if (limit > 0)
		timer_set(&job->launcher->loop.timers, &job->timer, clock_now() + limit);
}

uint64_t jobs_end_all(struct launcher *l)
{
	uint64_t grace = 0;

	while (!list_is_empty(&l->waiting))
		job_end(LIST_ENTRY(l->waiting.next, struct job, node));
	for (struct list *at = l->running.next; at != &l->running; at = at->next) {
		struct job *job = LIST_ENTRY(at, struct job, node);

		job_end(job);
		grace = job->grace > grace ? job->grace : grace;
	}
	return grace;
}

/* ---- the dead ------------------------------------------------------------------------------------------ */

/* A child has ended and is not reaped yet, so that its group's id can't have become another's. */
static void job_reap(struct launcher *l, pid_t pid)
{
	struct job *job = map_get(&l->by_pid, key_of(&pid, sizeof pid));
	int status = 0;

	if (job)
		kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (!job)
		return;
	map_remove(&l->by_pid, key_of(&job->pid, sizeof job->pid));
	l->running_count--;
	counter_add(l->counters, COUNTER_PROGRAMS_ENDED, 1);
	job_tell(job, LAUNCH_EXITED, 0, status);
	job_free(job);
}

void jobs_reap(struct launcher *l)
{
	for (;;) {
		siginfo_t info = { 0 };

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
			break;
		job_reap(l, info.si_pid);
	}
	jobs_advance(l);
}
