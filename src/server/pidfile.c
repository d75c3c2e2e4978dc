#include "server/pidfile.h"

#include "base/buf.h"
#include "base/log.h"
#include "net/io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static pid_t pidfile_number(const char *path)
{
	char text[32];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : io_read(fd, text, sizeof text);
	struct str digits;
	uint64_t pid;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	digits = str_make(text, (size_t)n);
	digits = str_head(digits, str_find(digits, '\n'));
	return str_parse_u64(digits, &pid) && pid > 0 && pid < INT32_MAX ? (pid_t)pid : 0;
}

pid_t pidfile_read(const char *path)
{
	pid_t pid = pidfile_number(path);

	return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM) ? pid : 0;
}

int pidfile_write(const char *path)
{
	pid_t owner = pidfile_read(path);
	char text[24];
	int fd, n, result;

	if (owner > 0 && owner != getpid()) {
		log_error("pid file %s belongs to process %ld, which is running; stop it first, or "
		          "name another file",
		          path, (long)owner);
		return -1;
	}
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0) {
		log_error("pid file %s can't be written: %s", path, strerror(errno));
		return -1;
	}
	n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	result = io_write_all(fd, text, (size_t)n);
	if (result != 0)
		log_error("pid file %s can't be written: %s", path, strerror(errno));
	close(fd);
	return result;
}

void pidfile_remove(const char *path)
{
	if (pidfile_number(path) == getpid())
		unlink(path);
}
