#ifndef SERVER_ACCESS_LOG_H
#define SERVER_ACCESS_LOG_H

#include "conf/config.h"
#include "net/timer.h"

struct request;

enum { ACCESS_LOG_BUFFER = 32 * 1024 /* where the log has no buffer= of its own */ };

/*
 * Lines waiting to be written to one log. They are written in one call when the buffer is full, at the end of
 * a loop turn, or, where the log has buffer=, when flush= has passed.
 */
struct access_log_buffer {
	char *lines;      /* made when first used */
	size_t len, room; /* room: how many bytes are gathered at most */
	uint64_t due; /* ms: when the oldest line has waited long enough; TIMER_NEVER: none waits */
	uint64_t grown; /* bytes written since the supervisor was told */
	uint64_t
	        dropped; /* lines for which there was no room: a server must not wait for its log */
	uint64_t told;   /* how many of them the error log knows of */
	bool is_stream;  /* a pipe or a terminal, which may part what is longer than PIPE_BUF */
	bool is_failing; /* the last write failed, and that was said */
};

/* One buffer for each of config.logs. */
struct access_logs {
	const struct config *config;
	int *fds; /* by index in config.logs */
	struct access_log_buffer *buffers;
	size_t count;
	struct timers *timers;
	struct timer timer; /* the least `due` */
	bool at_once; /* nothing is kept beyond the turn any more: the process is about to end */
};

/* Takes over the descriptors that config.logs holds. False when memory is out. */
bool access_logs_init(struct access_logs *logs, const struct config *config, struct timers *timers);

/* Writes what has gathered, and gives the memory back. */
void access_logs_end(struct access_logs *logs);

/*
 * Another descriptor for a log whose file was opened anew. Takes it over; the old one gets what has
 * gathered and is closed.
 */
void access_logs_replace(struct access_logs *logs, size_t log, int fd);

/* Adds the request's line to the log of its location, if it has one. */
void access_log_write(struct access_logs *logs, struct request *r);

/* The end of a loop turn: writes what is not to be kept beyond it. */
void access_logs_turn(struct access_logs *logs);

/* Writes what has gathered, now, and keeps nothing beyond a turn from now on. */
void access_logs_hurry(struct access_logs *logs);

/*
 * A log that has grown so much that somebody should look whether it is to be rotated; each growth is
 * told once. False: none has.
 */
bool access_logs_take_grown(struct access_logs *logs, size_t *log);

#endif
