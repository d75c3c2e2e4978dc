#include "server/daemon.h"

#include "base/log.h"
#include "net/io.h"
#include "server/descriptors.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

/* The status comes through the pipe, or the second process ends without one and it is its own. */
static _Noreturn void daemon_wait(pid_t child, int report)
{
	char status = 1;
	int result;

	if (io_read(report, &status, 1) == 1)
		_exit(status);
	while (waitpid(child, &result, 0) < 0)
		if (errno != EINTR)
			_exit(1);
	_exit(WIFEXITED(result) ? WEXITSTATUS(result) : 1);
}

int daemon_start(void)
{
	int ends[2];
	pid_t child;

	if (io_pipe(ends) != 0) {
		log_error("can't go to the background: %s", strerror(errno));
		return -1;
	}
	child = fork();
	if (child < 0) {
		log_error("can't go to the background: %s", strerror(errno));
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	if (child > 0) {
		close(ends[1]);
		daemon_wait(child, ends[0]);
	}
	close(ends[0]);
	setsid();
	return ends[1];
}

void daemon_listens(int report)
{
	static const char done = 0;

	if (report < 0)
		return;
	descriptors_leave_terminal();
	if (io_write(report, &done, 1) != 1)
		log_warn("the process that started us is gone already");
	close(report);
}
