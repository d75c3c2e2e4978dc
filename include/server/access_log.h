#ifndef SERVER_ACCESS_LOG_H
#define SERVER_ACCESS_LOG_H

#include "conf/config.h"

struct request;

enum { ACCESS_LOG_BUFFER = 32 * 1024 };

/* Lines waiting to be written to one log: whole lines, one write, once a loop turn or when full. */
struct access_log_buffer {
	char *lines;
	size_t len;
	uint64_t dropped; /* lines that could not be written: a server must not wait for its log */
};

/* One buffer for each of config.logs, made when first used. */
struct access_logs {
	const struct config *config;
	int *fds; /* by index in config.logs */
	struct access_log_buffer *buffers;
	size_t count;
};

/* Takes over the descriptors that config.logs holds. False when memory is out. */
bool access_logs_init(struct access_logs *logs, const struct config *config);
void access_logs_end(struct access_logs *logs);

/* Another descriptor for a log whose file was opened anew. Takes it over; the old one is closed. */
void access_logs_replace(struct access_logs *logs, size_t log, int fd);

/* Adds the request's line to the log of its location, if it has one. */
void access_log_write(struct access_logs *logs, struct request *r);

/* Writes what has gathered. */
void access_logs_flush(struct access_logs *logs);

#endif
