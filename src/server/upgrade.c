#include "base/clock.h"
#include "net/child.h"
#include "net/io.h"
#include "net/signals.h"
#include "net/sock.h"
#include "server/descriptors.h"
#include "server/supervisor_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	UPGRADE_CHECK_LIMIT = 10000, /* ms for -t */
	UPGRADE_START_LIMIT = 30000, /* ms until it serves */
	UPGRADE_SAID = 16 * 1024,
	UPGRADE_OUTCOME = 300
};

bool upgrade_is_running(const struct supervisor *sup)
{
	return sup->upgrade.step == UPGRADE_CHECK || sup->upgrade.step == UPGRADE_START;
}

/* ---- how it can go wrong ----------------------------------------------------------------------------- */

/* A step is over, or never began. */
static void upgrade_leave_step(struct supervisor *sup, enum upgrade_step next)
{
	struct upgrade *up = &sup->upgrade;

	timer_set(&sup->loop.timers, &up->limit, TIMER_NEVER);
	loop_close(&up->source);
	free(up->said.ptr);
	up->said = (struct buf){ 0 };
	up->step = next;
}

static void upgrade_fail(struct supervisor *sup, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void upgrade_fail(struct supervisor *sup, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_write_v(log_main, LOG_ERROR, (struct str){ NULL, 0 }, format, args);
	va_end(args);
	upgrade_leave_step(sup, UPGRADE_NONE);
	control_upgrade_ends(sup, false, STR_OF("this process goes on serving\n"));
	/* A reload may have waited for it. */
	loop_defer(&sup->loop, &sup->work);
}

/* Each line of what the other process said. */
static void upgrade_log_lines(struct str text)
{
	while (text.len > 0) {
		struct str line = str_cut(&text, '\n');

		if (line.len > 0)
			log_error("%.*s", STR_ARG(line));
	}
}

/* -t runs in a group of its own; whom the heir has started end when it does. */
static void upgrade_kill(const struct upgrade *up)
{
	if (up->pid > 0)
		kill(up->step == UPGRADE_CHECK ? -up->pid : up->pid, SIGKILL);
}

void upgrade_abandon(struct supervisor *sup)
{
	if (!upgrade_is_running(sup))
		return;
	upgrade_kill(&sup->upgrade);
	upgrade_leave_step(sup, UPGRADE_NONE);
}

static void upgrade_late(struct timer *timer)
{
	struct supervisor *sup = LIST_ENTRY(timer, struct supervisor, upgrade.limit);
	struct upgrade *up = &sup->upgrade;

	upgrade_kill(up);
	upgrade_fail(sup, "the upgrade is given up: %s %s in time", sup->start->binary,
	             up->step == UPGRADE_CHECK ? "-t did not end" : "did not serve");
}

/* ---- handing over ------------------------------------------------------------------------------------ */

static void upgrade_done(struct supervisor *sup)
{
	char room[UPGRADE_OUTCOME];
	struct buf outcome = buf_fixed(room, sizeof room);
	uint64_t requests = sup->current ? generation_open(sup->current, FIGURE_WRITING) : 0;

	timer_set(&sup->loop.timers, &sup->upgrade.limit, TIMER_NEVER);
	sup->upgrade.step = UPGRADE_DONE;
	buf_format(&outcome, "process %ld serves", (long)sup->upgrade.pid);
	if (requests > 0)
		buf_format(&outcome, "; %llu request%s on process %ld",
		           (unsigned long long)requests, requests == 1 ? " finishes" : "s finish",
		           (long)getpid());
	buf_byte(&outcome, '\n');
	control_upgrade_ends(sup, true, buf_str(&outcome));
	supervisor_hand_over(sup, sup->upgrade.pid);
}

static void upgrade_obey(struct supervisor *sup, struct str message)
{
	switch (message.ptr[0]) {
	case UPGRADE_SERVES:
		if (sup->upgrade.step == UPGRADE_START)
			upgrade_done(sup);
		break;
	case UPGRADE_FAILED:
		upgrade_log_lines(str_from_index(message, 1));
		break;
	case UPGRADE_STOP:
	case UPGRADE_QUIT:
		supervisor_stop(sup, message.ptr[0] == UPGRADE_QUIT);
		break;
	case UPGRADE_REOPEN:
		supervisor_reopen(sup);
		break;
	default:
		log_warn("the process that serves now says what is not understood");
	}
}

static void upgrade_channel(struct watch *watch, uint32_t events)
{
	struct supervisor *sup = LIST_ENTRY(watch, struct supervisor, upgrade.source);
	char message[UPGRADE_SAID];
	size_t fds = 0;
	ssize_t n = sock_receive_message(watch->fd, message, sizeof message, NULL, &fds);

	(void)events;
	if (n > 0)
		upgrade_obey(sup, str_make(message, (size_t)n));
	else if (n == 0 || !io_would_block(errno))
		loop_close(watch); /* it is gone: SIGCHLD tells the rest */
}

/* ---- starting it ------------------------------------------------------------------------------------- */

/* UPGRADE_SOCKETS. NULL: memory is out. The caller's to free. */
static char *upgrade_list_sockets(const struct sockets *sockets)
{
	size_t size = 1;
	struct buf list;

	for (struct list *n = sockets->entries.next; n != &sockets->entries; n = n->next)
		size += strlen(LIST_ENTRY(n, struct socket_entry, node)->text) + 16;
	list = buf_fixed(malloc(size), size);
	if (!list.ptr)
		return NULL;
	list.ptr[0] = '\0';
	for (struct list *n = sockets->entries.next; n != &sockets->entries; n = n->next) {
		const struct socket_entry *e = LIST_ENTRY(n, struct socket_entry, node);

		buf_format(&list, "%d %s\n", e->fd, e->text);
	}
	return list.ptr;
}

/* In the forked child: lets go of all but the sockets and the channel. */
static bool upgrade_keep(const struct sockets *sockets, int channel)
{
	size_t count = 0;
	int *keep;

	for (struct list *n = sockets->entries.next; n != &sockets->entries; n = n->next)
		count++;
	keep = malloc((count + 1) * sizeof *keep);
	if (!keep)
		return false;
	count = 0;
	keep[count++] = channel;
	for (struct list *n = sockets->entries.next; n != &sockets->entries; n = n->next)
		keep[count++] = LIST_ENTRY(n, struct socket_entry, node)->fd;
	for (size_t i = 0; i < count; i++)
		if (fcntl(keep[i], F_SETFD, 0) != 0)
			return false;
	descriptors_close_others(keep, count);
	free(keep);
	return true;
}

/* In the forked child. */
static _Noreturn void upgrade_exec(const struct supervisor *sup, int channel)
{
	char *list = upgrade_list_sockets(&sup->sockets), number[16], message[200];

	snprintf(number, sizeof number, "%d", channel);
	if (list && upgrade_keep(&sup->sockets, channel) && setenv(UPGRADE_SOCKETS, list, 1) == 0 &&
	    setenv(UPGRADE_CHANNEL, number, 1) == 0) {
		signals_restore(signals_ignored());
		execv(sup->start->binary, sup->start->argv);
	}
	snprintf(message, sizeof message, "%c%s can't be started: %s", UPGRADE_FAILED,
	         sup->start->binary, strerror(errno));
	sock_send_message(channel, message, strlen(message), NULL, 0);
	_exit(127);
}

static void upgrade_start(struct supervisor *sup)
{
	struct upgrade *up = &sup->upgrade;
	int ends[2];

	upgrade_leave_step(sup, UPGRADE_START);
	if (sock_channel(ends) != 0) {
		upgrade_fail(sup, "the upgrade can't begin: %s", strerror(errno));
		return;
	}
	up->source = (struct watch){ .fd = ends[0], .ready = upgrade_channel };
	up->pid = fork();
	if (up->pid == 0)
		upgrade_exec(sup, ends[1]);
	close(ends[1]);
	if (up->pid < 0 || loop_watch(&sup->loop, &up->source, EPOLLIN) != 0) {
		upgrade_fail(sup, "the upgrade can't begin: %s", strerror(errno));
		return;
	}
	timer_set(&sup->loop.timers, &up->limit, clock_now() + UPGRADE_START_LIMIT);
}

/* ---- asking it first --------------------------------------------------------------------------------- */

static void upgrade_read_said(struct upgrade *up)
{
	char *room;
	ssize_t n = 1;

	while (up->source.fd >= 0 && n > 0) {
		char rest[512];
		size_t left = up->said.cap - up->said.len;

		room = left > 0 ? up->said.ptr + up->said.len : rest;
		n = io_read(up->source.fd, room, left > 0 ? left : sizeof rest);
		if (n > 0 && left > 0)
			up->said.len += (size_t)n;
	}
	if (n == 0)
		loop_close(&up->source);
}

static void upgrade_says(struct watch *watch, uint32_t events)
{
	(void)events;
	upgrade_read_said(&LIST_ENTRY(watch, struct supervisor, upgrade.source)->upgrade);
}

/* "binary -t arguments…" NULL: memory is out. The caller's to free. */
static char **upgrade_check_arguments(const struct supervisor_start *start)
{
	size_t count = 0;
	char **argv;

	while (start->argv[count])
		count++;
	argv = calloc(count + 2, sizeof *argv);
	if (!argv)
		return NULL;
	argv[0] = start->argv[0];
	argv[1] = (char *)"-t";
	for (size_t i = 1; i < count; i++)
		argv[i + 1] = start->argv[i];
	return argv;
}

/* 0, or -1 and errno. ends: of the pipe; the first becomes the watch's. */
static int upgrade_run_check(struct supervisor *sup, char *const *argv, const int ends[2])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct child_spec spec = { .program = sup->start->binary,
		                   .argv = argv,
		                   .envp = environ,
		                   .directory = ".",
		                   .ignored = signals_ignored(),
		                   .fds = { null, ends[1], ends[1] } };
	struct child_failure failure;
	pid_t pid = null < 0 ? -1 : child_start(&spec, &failure);

	if (null < 0)
		return -1;
	close(null);
	if (pid < 0) {
		errno = failure.error;
		return -1;
	}
	sup->upgrade.pid = pid;
	return 0;
}

static int upgrade_check(struct supervisor *sup)
{
	struct upgrade *up = &sup->upgrade;
	char **argv = upgrade_check_arguments(sup->start);
	int ends[2], result;

	up->said = buf_fixed(malloc(UPGRADE_SAID), UPGRADE_SAID);
	errno = ENOMEM;
	if (!argv || !up->said.ptr || io_pipe(ends) != 0) {
		free(argv);
		return -1;
	}
	up->source = (struct watch){ .fd = ends[0], .ready = upgrade_says };
	result = io_nonblocking(ends[0], true) == 0 &&
	                         loop_watch(&sup->loop, &up->source, EPOLLIN) == 0
	                 ? upgrade_run_check(sup, argv, ends)
	                 : -1;
	close(ends[1]);
	free(argv);
	return result;
}

void supervisor_upgrade(struct supervisor *sup)
{
	sup->upgrade_wanted = sup->coming != NULL;
	if (upgrade_is_running(sup) || sup->coming || sup->stopping)
		return;
	control_upgrade_begins(sup);
	log_notice("an upgrade begins");
	sup->upgrade.step = UPGRADE_CHECK;
	if (getpid() == 1)
		upgrade_fail(sup, "the first process of a system or container can't be replaced by "
		                  "another: start a new container");
	else if (!sup->start->binary)
		upgrade_fail(sup, "the server can't be upgraded: how it was started is not known");
	else if (upgrade_check(sup) != 0)
		upgrade_fail(sup, "%s can't be started: %s", sup->start->binary, strerror(errno));
	else
		timer_set(&sup->loop.timers, &sup->upgrade.limit,
		          clock_now() + UPGRADE_CHECK_LIMIT);
}

/* ---- its processes ----------------------------------------------------------------------------------- */

static void upgrade_checked(struct supervisor *sup, int status)
{
	struct upgrade *up = &sup->upgrade;

	upgrade_read_said(up);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		upgrade_start(sup);
		return;
	}
	upgrade_log_lines(buf_str(&up->said));
	upgrade_fail(sup, "the upgrade is given up: %s -t ended with %s %d", sup->start->binary,
	             WIFSIGNALED(status) ? "signal" : "status",
	             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void upgrade_ended(struct supervisor *sup, int status)
{
	/* Why it ended may still lie in the channel. */
	if (sup->upgrade.source.fd >= 0)
		upgrade_channel(&sup->upgrade.source, 0);
	upgrade_fail(sup, "the upgrade is given up: the new process ended with %s %d",
	             WIFSIGNALED(status) ? "signal" : "status",
	             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

bool upgrade_reaped(struct supervisor *sup, pid_t pid, int status)
{
	if (pid != sup->upgrade.pid)
		return false;
	sup->upgrade.pid = 0;
	if (sup->upgrade.step == UPGRADE_CHECK)
		upgrade_checked(sup, status);
	else if (sup->upgrade.step == UPGRADE_START)
		upgrade_ended(sup, status);
	else if (sup->upgrade.step == UPGRADE_DONE)
		log_warn("the process that serves now has ended before this one");
	return true;
}

bool upgrade_init(struct supervisor *sup)
{
	sup->upgrade = (struct upgrade){ .source = { .fd = -1 } };
	return timer_start(&sup->loop.timers, &sup->upgrade.limit, upgrade_late, TIMER_NEVER);
}

void upgrade_end(struct supervisor *sup)
{
	upgrade_leave_step(sup, UPGRADE_NONE);
	timer_stop(&sup->loop.timers, &sup->upgrade.limit);
}
