#include "server/access_log.h"

#include "net/io.h"
#include "server/request.h"
#include "server/vars.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

bool access_logs_init(struct access_logs *logs, const struct config *config)
{
	size_t count = config->logs.len;

	*logs = (struct access_logs){ .config = config, .count = count };
	logs->fds = calloc(count + 1, sizeof *logs->fds);
	logs->buffers = calloc(count + 1, sizeof *logs->buffers);
	if (!logs->fds || !logs->buffers) {
		access_logs_end(logs);
		return false;
	}
	for (size_t i = 0; i < count; i++)
		logs->fds[i] = config->logs.items[i].fd;
	return true;
}

void access_logs_end(struct access_logs *logs)
{
	for (size_t i = 0; logs->buffers && i < logs->count; i++)
		free(logs->buffers[i].lines);
	free(logs->buffers);
	free(logs->fds);
	*logs = (struct access_logs){ 0 };
}

/*
 * One append; whole lines only. What can't be written now is dropped and counted: a full disk or a
 * stopped reader of a pipe must not stop the server.
 */
static void access_log_flush(struct access_log_buffer *b, int fd)
{
	ssize_t n;

	if (b->len == 0)
		return;
	n = io_write(fd, b->lines, b->len);
	if (n < (ssize_t)b->len)
		b->dropped++;
	b->len = 0;
}

void access_logs_flush(struct access_logs *logs)
{
	for (size_t i = 0; i < logs->count; i++)
		access_log_flush(&logs->buffers[i], logs->fds[i]);
}

void access_logs_replace(struct access_logs *logs, size_t log, int fd)
{
	access_log_flush(&logs->buffers[log], logs->fds[log]);
	if (logs->fds[log] > STDERR_FILENO)
		close(logs->fds[log]);
	logs->fds[log] = fd;
}

static enum vars_escape access_log_escape(enum log_escape escape)
{
	static const enum vars_escape rows[] = { [LOG_ESCAPE_DEFAULT] = VARS_LOG,
		                                 [LOG_ESCAPE_JSON] = VARS_JSON,
		                                 [LOG_ESCAPE_NONE] = VARS_PLAIN,
		                                 [LOG_ESCAPE_TERMINAL] = VARS_TERMINAL };

	return rows[escape];
}

static void access_log_add(struct access_log_buffer *b, int fd, struct str line)
{
	if (!b->lines && !(b->lines = malloc(ACCESS_LOG_BUFFER))) {
		b->dropped++;
		return;
	}
	if (line.len > ACCESS_LOG_BUFFER - b->len)
		access_log_flush(b, fd);
	if (line.len > ACCESS_LOG_BUFFER) {
		b->dropped++;
		return;
	}
	memcpy(b->lines + b->len, line.ptr, line.len);
	b->len += line.len;
}

void access_log_write(struct access_logs *logs, struct request *r)
{
	const struct access_log *where = &request_settings(r)->access_log;
	const struct config_log_format *format;
	struct buf line;

	if (where->log == CONFIG_NONE || logs->fds[where->log] < 0)
		return;
	format = &logs->config->formats.items[where->format];
	line = buf_in_arena(&r->arena, 512);
	vars_expand(&line, &format->text, r, access_log_escape(format->escape));
	buf_byte(&line, '\n');
	if (line.failed)
		logs->buffers[where->log].dropped++;
	else
		access_log_add(&logs->buffers[where->log], logs->fds[where->log], buf_str(&line));
}
