#ifndef TESTS_LIVE_H
#define TESTS_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The real binary (the environment's WEBSERV, else ./webserv) on a configuration of the test's own, in a
 * directory of its own, on ports that the kernel picks: tests run side by side. It dies with the test.
 */

enum { LIVE_PORTS = 8, LIVE_TEXT = 64 * 1024, LIVE_PATIENCE = 20000 /* ms, for a busy machine */ };

struct live {
	char dir[40];
	pid_t pid;                  /* of the supervisor; 0: not running */
	uint16_t ports[LIVE_PORTS]; /* in the order announced */
	size_t port_count;
};

/* Makes the directory, with www/ in it. */
void live_open(struct live *l);

/* Kills what still runs and removes the directory. */
void live_close(struct live *l);

/* Writes a file; path is relative to the directory. Its time of change is 2020-01-02 03:04:05 UTC. */
void live_write(const struct live *l, const char *path, const char *text);

/* The file's text, in memory that the next call uses again; "" where there is none. */
const char *live_read(const struct live *l, const char *path);

/* The file's whole path, in memory that the next call uses again. */
const char *live_path(const struct live *l, const char *path);

/*
 * Runs `webserv ARGUMENTS` (ended by NULL) in the directory until it exits. The status, or -1 where it
 * did not exit in time; its output is then in the files "stdout" and "stderr".
 */
int live_run(const struct live *l, const char *const *arguments);

/* Writes site.conf and starts the server on it. Fails the test where it does not say that it listens. */
void live_start(struct live *l, const char *config);

/* Copies the binary into the directory, as "webserv", where a test can replace it; and starts that one. */
void live_install(const struct live *l);
void live_start_installed(struct live *l, const char *config);

/* The same with these arguments (ended by NULL) and no site.conf. */
void live_start_with(struct live *l, const char *const *arguments);

/* The same in the background (-D), with `pid server.pid` set by the configuration. The command's exit status. */
int live_start_daemon(struct live *l, const char *config);

/* Waits for the end. The exit status, 128 + the signal that ended it, or -1 where it runs on for so long. */
int live_wait(struct live *l, int ms);

/* live_wait() after a signal. */
int live_stop(struct live *l, int signal);

/* How many processes of this server are alive. */
size_t live_processes(const struct live *l);

/* Waits until there are none. False where some stay for longer than LIVE_PATIENCE. */
bool live_is_gone(const struct live *l);

/* The process of that name ("webserv-worker") among them, the one with the least id; 0: none. */
pid_t live_find(const struct live *l, const char *name);

/* Waits until the file holds the text, and how often it does so. 0 after LIVE_PATIENCE. */
int live_await(const struct live *l, const char *path, const char *text);

/* ---- as a client --------------------------------------------------------------------------------------- */

/* A connection to the i-th port; -1: refused. */
int live_connect(const struct live *l, size_t i);

void live_send(int fd, const char *bytes, size_t len);

/* Reads until the end, or until nothing has come for so long. What came, with a NUL behind it. */
size_t live_receive(int fd, char *out, size_t cap, int ms);

/* Sends the bytes on a new connection to the first port and reads to the end. How much came. */
size_t live_exchange(const struct live *l, const char *bytes, char *out, size_t cap);

/* Whether GET of the path is answered with 200 and this body. */
bool live_gets(const struct live *l, const char *path, const char *body);

/* Asks for a large file and reads only the beginning of the answer, so that it is under way. The connection. */
int live_begin_download(const struct live *l, const char *path);

/* Reads the rest, and closes: how many bytes of it came. */
size_t live_end_download(int fd);

/*
 * A process that sends GET for the path for so many seconds, one request after the other, each on a connection of its own;
 * and, when it has ended, how many of them were not answered with 200 and this body (at most 100).
 */
pid_t live_client(const struct live *l, const char *path, const char *body, unsigned seconds);
int live_client_failures(pid_t client);

/*
 * Runs a shell command in the test's directory; $U is the server's address. Its exit status; what it prints is in the
 * files "out" and "err".
 */
int live_shell(const struct live *l, const char *command);

/* Whether text is the pattern, in which ~ stands for any run of characters but CR and LF, and ^ for anything. */
bool live_matches(const char *pattern, const char *text);

#endif
