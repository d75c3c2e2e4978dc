#include "live.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIVE_ARGS = 16, LIVE_TICK = 5 /* ms between two looks */ };

static void live_sleep(int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, (ms % 1000) * 1000000L }, NULL);
}

/* ---- files ------------------------------------------------------------------------------------------- */

const char *live_path(const struct live *l, const char *path)
{
	static char whole[300];

	snprintf(whole, sizeof whole, "%s/%s", l->dir, path);
	return whole;
}

void live_open(struct live *l)
{
	*l = (struct live){ .dir = "/tmp/webserv-live-XXXXXX" };
	cr_assert(mkdtemp(l->dir) != NULL);
	cr_assert(eq(int, mkdir(live_path(l, "www"), 0755), 0));
}

void live_write(const struct live *l, const char *path, const char *text)
{
	/* 2020-01-02 03:04:05 UTC, so that ETag and Last-Modified can be foretold. */
	static const struct timespec times[2] = { { 1577934245, 0 }, { 1577934245, 0 } };
	const char *whole = live_path(l, path);
	FILE *f = fopen(whole, "w");

	cr_assert(f != NULL, "%s: %s", whole, strerror(errno));
	fputs(text, f);
	fclose(f);
	utimensat(AT_FDCWD, whole, times, 0);
}

const char *live_read(const struct live *l, const char *path)
{
	static char text[LIVE_TEXT];
	int fd = open(live_path(l, path), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static int live_unlink(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

int live_await(const struct live *l, const char *path, const char *text)
{
	int count = 0;

	for (int waited = 0; count == 0 && waited < LIVE_PATIENCE; waited += LIVE_TICK) {
		for (const char *at = live_read(l, path); (at = strstr(at, text)); at++)
			count++;
		if (count == 0)
			live_sleep(LIVE_TICK);
	}
	return count;
}

/* ---- processes --------------------------------------------------------------------------------------- */

static void live_redirect(const struct live *l, const char *name, int to)
{
	int fd = open(live_path(l, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	dup2(fd, to);
	close(fd);
}

/* The whole path of the binary to test. */
static void live_binary(char whole[PATH_MAX])
{
	const char *binary = getenv("WEBSERV");

	cr_assert(realpath(binary ? binary : "./webserv", whole) != NULL,
	          "there is no webserv to test");
}

/* In a session of its own, by which all its processes are found. name: a file in the directory; NULL: the binary. */
static pid_t live_spawn(const struct live *l, const char *name, const char *const *arguments)
{
	const char *argv[LIVE_ARGS] = { name ? name : "webserv" };
	char whole[PATH_MAX];
	pid_t pid;

	live_binary(whole);
	for (size_t i = 0; i + 2 < LIVE_ARGS && arguments[i]; i++)
		argv[i + 1] = arguments[i];
	remove(live_path(l, "stdout")); /* of the last one: nobody is to read it for this one's */
	remove(live_path(l, "stderr"));
	pid = fork();
	cr_assert(ge(int, pid, 0));
	if (pid > 0)
		return pid;
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	live_redirect(l, "stdout", STDOUT_FILENO);
	live_redirect(l, "stderr", STDERR_FILENO);
	if (chdir(l->dir) == 0)
		execv(name ? name : whole, (char *const *)argv);
	_exit(127);
}

int live_wait(struct live *l, int ms)
{
	int status;

	for (int waited = 0; waited <= ms; waited += LIVE_TICK) {
		if (waitpid(l->pid, &status, WNOHANG) == l->pid) {
			l->pid = -l->pid; /* the session is still to be looked at */
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
		live_sleep(LIVE_TICK);
	}
	return -1;
}

int live_stop(struct live *l, int signal)
{
	kill(l->pid, signal);
	return live_wait(l, LIVE_PATIENCE);
}

int live_run(const struct live *l, const char *const *arguments)
{
	struct live once = *l;

	once.pid = live_spawn(l, NULL, arguments);
	return live_wait(&once, LIVE_PATIENCE);
}

static void live_take_ports(struct live *l)
{
	l->port_count = 0;
	for (const char *at = live_read(l, "stdout"); (at = strstr(at, "listening on http://"));
	     at++) {
		const char *slash = strchr(at + strlen("listening on http://"), '/');

		while (slash && slash > at && slash[-1] != ':')
			slash--;
		if (slash && l->port_count < LIVE_PORTS)
			l->ports[l->port_count++] = (uint16_t)atoi(slash);
	}
}

static void live_await_start(struct live *l)
{
	cr_assert(live_await(l, "stdout", "listening on ") > 0, "the server does not start: %s",
	          live_read(l, "stderr"));
	live_take_ports(l);
}

static void live_start_as(struct live *l, const char *name, const char *config)
{
	static const char *const arguments[] = { "site.conf", NULL };

	live_write(l, "site.conf", config);
	l->pid = live_spawn(l, name, arguments);
	live_await_start(l);
}

void live_start_with(struct live *l, const char *const *arguments)
{
	l->pid = live_spawn(l, NULL, arguments);
	live_await_start(l);
}

void live_start(struct live *l, const char *config)
{
	live_start_as(l, NULL, config);
}

void live_install(const struct live *l)
{
	char from[PATH_MAX], command[PATH_MAX + 100];

	live_binary(from);
	remove(live_path(l, "webserv"));
	snprintf(command, sizeof command, "cp '%s' %s/webserv", from, l->dir);
	cr_assert(eq(int, system(command), 0));
}

void live_start_installed(struct live *l, const char *config)
{
	live_install(l);
	live_start_as(l, "./webserv", config);
}

int live_start_daemon(struct live *l, const char *config)
{
	static const char *const arguments[] = { "-D", "site.conf", NULL };
	int status;

	live_write(l, "site.conf", config);
	status = live_run(l, arguments);
	live_take_ports(l);
	l->pid = atoi(live_read(l, "server.pid"));
	return status;
}

/* What /proc/PID/stat says: "123 (name) S PARENT GROUP SESSION …"; the dead that nobody has reaped do not count. */
static bool live_is_ours(const struct live *l, const char *pid, char name[32])
{
	char path[300], line[256] = "", state;
	int session;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(line, sizeof line, f))
		line[0] = '\0';
	fclose(f);
	return sscanf(line, "%*d (%31[^)]) %c %*d %*d %d", name, &state, &session) == 3 &&
	       session == abs(l->pid) && state != 'Z' && state != 'X';
}

static size_t live_scan(const struct live *l, const char *wanted, pid_t *first)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;
	char name[32];

	*first = 0;
	while (proc && (entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		if (pid <= 0 || !live_is_ours(l, entry->d_name, name) ||
		    (wanted && strcmp(name, wanted) != 0))
			continue;
		count++;
		if (*first == 0 || pid < *first)
			*first = pid;
	}
	if (proc)
		closedir(proc);
	return count;
}

size_t live_processes(const struct live *l)
{
	pid_t first;

	return l->pid == 0 ? 0 : live_scan(l, NULL, &first);
}

pid_t live_find(const struct live *l, const char *name)
{
	pid_t first;

	live_scan(l, name, &first);
	return first;
}

bool live_is_gone(const struct live *l)
{
	for (int waited = 0; waited < LIVE_PATIENCE; waited += LIVE_TICK) {
		if (live_processes(l) == 0)
			return true;
		live_sleep(LIVE_TICK);
	}
	return false;
}

void live_close(struct live *l)
{
	pid_t pid;

	/* What a sanitized build found in any of the processes, leaks included. */
	cr_expect(strstr(live_read(l, "stderr"), "Sanitizer") == NULL, "%s",
	          live_read(l, "stderr"));
	cr_expect(strstr(live_read(l, "stderr"), "runtime error") == NULL, "%s",
	          live_read(l, "stderr"));
	if (l->pid > 0)
		kill(l->pid, SIGKILL);
	while (l->pid != 0 && live_scan(l, NULL, &pid) > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, WNOHANG);
	}
	nftw(l->dir, live_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- as a client --------------------------------------------------------------------------------------- */

int live_connect(const struct live *l, size_t i)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		                 .sin_port = htons(l->ports[i]),
		                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	close(fd);
	return -1;
}

void live_send(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

size_t live_receive(int fd, char *out, size_t cap, int ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n;

	while (len + 1 < cap && poll(&ready, 1, ms) == 1) {
		n = recv(fd, out + len, cap - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	out[len] = '\0';
	return len;
}

size_t live_exchange(const struct live *l, const char *bytes, char *out, size_t cap)
{
	int fd = live_connect(l, 0);
	size_t len;

	out[0] = '\0';
	if (fd < 0)
		return 0;
	live_send(fd, bytes, strlen(bytes));
	len = live_receive(fd, out, cap, LIVE_PATIENCE);
	close(fd);
	return len;
}

bool live_gets(const struct live *l, const char *path, const char *body)
{
	char request[300], answer[LIVE_TEXT], *end;

	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	         path);
	live_exchange(l, request, answer, sizeof answer);
	end = strstr(answer, "\r\n\r\n");
	return end && strncmp(answer, "HTTP/1.1 200 ", 13) == 0 && strcmp(end + 4, body) == 0;
}

bool live_matches(const char *pattern, const char *text)
{
	for (; *pattern; pattern++, text++) {
		bool is_line = *pattern == '~';

		if (!is_line && *pattern != '^') {
			if (*pattern != *text)
				return false;
			continue;
		}
		for (const char *rest = text;; rest++) {
			if (live_matches(pattern + 1, rest))
				return true;
			if (!*rest || (is_line && (*rest == '\r' || *rest == '\n')))
				return false;
		}
	}
	return !*text;
}

int live_begin_download(const struct live *l, const char *path)
{
	char request[200], first[64];
	int fd = live_connect(l, 0), n;

	n = snprintf(request, sizeof request,
	             "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path);
	cr_assert(ge(int, fd, 0));
	live_send(fd, request, (size_t)n);
	cr_assert(gt(sz, live_receive(fd, first, sizeof first, LIVE_PATIENCE), 0));
	return fd;
}

size_t live_end_download(int fd)
{
	static char room[1 << 16];
	size_t total = 0, n;

	while ((n = live_receive(fd, room, sizeof room, LIVE_PATIENCE)) > 0)
		total += n;
	close(fd);
	return total;
}

pid_t live_client(const struct live *l, const char *path, const char *body, unsigned seconds)
{
	time_t end = time(NULL) + (time_t)seconds;
	pid_t pid = fork();
	int failed = 0;

	if (pid != 0)
		return pid;
	while (time(NULL) < end)
		failed += !live_gets(l, path, body);
	_exit(failed < 100 ? failed : 100);
}

int live_client_failures(pid_t client)
{
	int status = 0;

	cr_assert(eq(int, waitpid(client, &status, 0), client));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

int live_shell(const struct live *l, const char *command)
{
	char line[2048];
	int status;

	snprintf(line, sizeof line, "cd %s && U=http://127.0.0.1:%u && { %s; } >out 2>err", l->dir,
	         l->ports[0], command);
	status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
