#include "base/log.h"
#include "net/io.h"
#include "server/launcher_state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- spool files ------------------------------------------------------------------------------------- */

/* mkdir -p: the directory and its parents, for us alone. What exists is left as it is. */
static void make_directories(const char *directory)
{
	char path[PATH_MAX];
	size_t len = strlen(directory);

	if (len >= sizeof path)
		return;
	memcpy(path, directory, len + 1);
	for (size_t i = 1; i < len; i++) {
		if (path[i] != '/')
			continue;
		path[i] = '\0';
		mkdir(path, 0700);
		path[i] = '/';
	}
	mkdir(path, 0700);
}

/* For file systems without O_TMPFILE: a name that is gone before anybody learns of it. */
static int spool_open_named(const char *directory)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/webserv-XXXXXX", directory);
	int fd;

	if (n < 0 || (size_t)n >= sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

int spool_open(const char *directory)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && errno == ENOENT) {
		make_directories(directory);
		fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	}
	/* A kernel or file system that does not know the flag takes it for O_DIRECTORY. */
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		fd = spool_open_named(directory);
	return fd;
}

/* ---- drains -------------------------------------------------------------------------------------------- */

/*
 * What a program still writes after its response is complete, or after its client has gone and it may
 * go on: read and thrown away, lest SIGPIPE end it.
 */
struct drain {
	struct watch watch;
	struct task task;
	struct loop *loop;
	struct grave grave;
};

static void drain_release(struct grave *grave)
{
	free(LIST_ENTRY(grave, struct drain, grave));
}

static void drain_run(struct task *task)
{
	struct drain *d = LIST_ENTRY(task, struct drain, task);
	char scrap[65536];
	ssize_t n = io_read(d->watch.fd, scrap, sizeof scrap);

	/* One read a turn; where more is there, the level-triggered watch says so again. */
	if (n > 0 || (n < 0 && errno == EAGAIN))
		return;
	/* The worker may not have closed its copy yet, and epoll goes by the open pipe: out of it first. */
	loop_unwatch(d->loop, &d->watch);
	loop_close(&d->watch);
	loop_bury(d->loop, &d->grave, drain_release);
}

static void drain_ready(struct watch *watch, uint32_t events)
{
	struct drain *d = LIST_ENTRY(watch, struct drain, watch);

	(void)events;
	loop_defer(d->loop, &d->task);
}

void drain_open(struct launcher *l, int fd)
{
	struct drain *d = malloc(sizeof *d);

	if (!d)
		goto fail;
	*d = (struct drain){ .watch = { .fd = fd, .ready = drain_ready }, .loop = &l->loop };
	task_init(&d->task, drain_run);
	if (io_nonblocking(fd, true) != 0 || loop_watch(&l->loop, &d->watch, EPOLLIN) != 0)
		goto fail;
	return;

fail:
	free(d);
	close(fd);
}
