#include "main/control.h"

#include "net/io.h"
#include "server/pidfile.h"

#include <errno.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

/* The answer is read to its end: then the server has closed, or has ended. */
static bool control_exchange(int fd, struct str verb, char *room, size_t cap, struct str *answer)
{
	struct iovec line[2] = { { (void *)verb.ptr, verb.len }, { (void *)"\n", 1 } };
	size_t len = 0;
	ssize_t n;

	if (io_send(fd, line, 2, false) < 0 && errno != EPIPE)
		return false;
	while (len < cap && (n = io_recv(fd, room + len, cap - len, 0)) != 0) {
		/* Who is sent away unheard is answered first, and what it sent makes that a reset. */
		if (n < 0 && errno == ECONNRESET)
			break;
		if (n < 0)
			return false;
		len += (size_t)n;
	}
	*answer = str_make(room, len);
	return true;
}

static int control_talk(int fd, enum control_verb verb)
{
	static char room[CONTROL_LINE + CONTROL_TEXT + 1];
	struct str answer = { NULL, 0 }, text;
	int status = 1;

	if (!control_exchange(fd, control_verb_name(verb), room, sizeof room, &answer)) {
		fprintf(stderr, "webserv: the server can't be talked to: %s\n", strerror(errno));
		return 1;
	}
	if (control_answer_parse(answer, &status, &text) != CONTROL_COMPLETE) {
		fprintf(stderr, "webserv: the server ended without an answer\n");
		return 1;
	}
	if (io_write_all(status == 0 ? STDOUT_FILENO : STDERR_FILENO, text.ptr, text.len) != 0)
		return 1;
	return status;
}

/* Why nobody answers there. */
static int control_complain(const char *pid_file, const char *path, int error)
{
	pid_t owner = pidfile_owner(pid_file);

	if (owner == 0)
		fprintf(stderr, "webserv: the server is not running: no process holds %s\n",
		        pid_file);
	else if (error == EACCES || error == EPERM)
		fprintf(stderr,
		        "webserv: the server (process %ld) belongs to another user: only that user "
		        "and root may tell it anything\n",
		        (long)owner);
	else if (error == ENOENT || error == ECONNREFUSED)
		fprintf(stderr,
		        "webserv: process %ld runs without a control socket (%s): with "
		        "master_process off there is no supervisor to talk to, only signals (kill "
		        "-TERM %ld)\n",
		        (long)owner, path, (long)owner);
	else
		fprintf(stderr, "webserv: %s: %s\n", path, strerror(error));
	return 1;
}

static int control_find(const char *pid_file, enum control_verb verb)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, status;

	if (!control_socket_path(str_from(pid_file), address.sun_path, sizeof address.sun_path)) {
		fprintf(stderr,
		        "webserv: the path of the pid file is too long for a control socket: %s\n",
		        pid_file);
		return 1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		fprintf(stderr, "webserv: no socket: %s\n", strerror(errno));
		return 1;
	}
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		status = control_talk(fd, verb);
	else
		status = control_complain(pid_file, address.sun_path, errno);
	close(fd);
	return status;
}

int control_run(const struct config_source *source, enum control_verb verb)
{
	struct arena arena;
	struct str pid_file;
	int status = 1;

	if (access(source->path, R_OK) != 0) {
		fprintf(stderr, "webserv: %s: %s\n", source->path, strerror(errno));
		return 1;
	}
	arena_init(&arena, NULL);
	pid_file = config_find_pid(source, &arena);
	if (pid_file.len > 0)
		status = control_find(pid_file.ptr, verb);
	else
		fprintf(stderr,
		        "webserv: %s has no `pid`, by which the server is found; add a line like\n"
		        "    pid /run/webserv.pid;\nand start the server again\n",
		        source->path);
	arena_end(&arena);
	return status;
}
