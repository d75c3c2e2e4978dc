#include "server/access_log.h"

#include "base/clock.h"
#include "net/io.h"
#include "server/request.h"
#include "server/vars.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ACCESS_LOG_LOOKS = 4 /* so often the supervisor looks at a file on its way to rotate= */ };

static const char *access_log_name(const struct access_logs *logs, size_t log)
{
	const struct config_log *l = &logs->config->logs.items[log];

	return l->sink == LOG_SINK_FILE ? l->path.ptr : "on stdout or stderr";
}

static void access_log_use(struct access_logs *logs, size_t log, int fd)
{
	struct stat st;

	logs->fds[log] = fd;
	logs->buffers[log].is_stream = fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode);
}

/* ---- writing ----------------------------------------------------------------------------------------- */

/* Whole lines that a pipe takes in one piece, others' lines not in between; a longer line as it is. */
static size_t access_log_piece(const char *lines, size_t len)
{
	const char *end;

	if (len <= PIPE_BUF)
		return len;
	end = memrchr(lines, '\n', PIPE_BUF);
	if (!end)
		end = memchr(lines, '\n', len);
	return end ? (size_t)(end - lines) + 1 : len;
}

/* What went wrong is said once, and again how many lines were lost when writing goes on. */
static void access_log_note(struct access_logs *logs, size_t log, bool failed)
{
	struct access_log_buffer *b = &logs->buffers[log];

	if (failed && !b->is_failing && !io_would_block(errno)) {
		b->is_failing = true;
		log_error("the access log %s can't be written: %s", access_log_name(logs, log),
		          strerror(errno));
	}
	if (failed)
		return;
	b->is_failing = false;
	if (b->dropped > b->told)
		log_warn("%llu lines of the access log %s were lost",
		         (unsigned long long)(b->dropped - b->told), access_log_name(logs, log));
	b->told = b->dropped;
}

/*
 * Appends lines; how many bytes of them were taken. A full disk or a stopped reader of a pipe must not stop
 * the server: it takes what it can now.
 */
static size_t access_log_put(struct access_logs *logs, size_t log, const char *lines, size_t len)
{
	struct access_log_buffer *b = &logs->buffers[log];
	size_t done = 0;

	while (done < len) {
		size_t piece =
		        b->is_stream ? access_log_piece(lines + done, len - done) : len - done;
		ssize_t n = io_write(logs->fds[log], lines + done, piece);

		access_log_note(logs, log, n < 0);
		if (n < 0)
			break;
		done += (size_t)n;
		b->grown += (uint64_t)n;
		if ((size_t)n < piece)
			break;
	}
	return done;
}

/* What can't be written now stays, the rest of a line included. */
static void access_log_flush(struct access_logs *logs, size_t log)
{
	struct access_log_buffer *b = &logs->buffers[log];
	msec flush = logs->config->logs.items[log].options.flush;
	size_t done;

	if (b->len == 0)
		return;
	done = access_log_put(logs, log, b->lines, b->len);
	b->len -= done;
	memmove(b->lines, b->lines + done, b->len);
	b->due = b->len > 0 && flush > 0 ? clock_now() + flush : TIMER_NEVER;
}

static void access_logs_flush(struct access_logs *logs)
{
	for (size_t i = 0; i < logs->count; i++)
		access_log_flush(logs, i);
}

/* Some line has waited long enough. */
static void access_logs_fire(struct timer *timer)
{
	struct access_logs *logs = LIST_ENTRY(timer, struct access_logs, timer);
	uint64_t next = TIMER_NEVER;

	for (size_t i = 0; i < logs->count; i++) {
		if (logs->buffers[i].due <= clock_now())
			access_log_flush(logs, i);
		if (logs->buffers[i].due < next)
			next = logs->buffers[i].due;
	}
	timer_set(logs->timers, timer, next);
}

void access_logs_turn(struct access_logs *logs)
{
	for (size_t i = 0; i < logs->count; i++)
		if (logs->at_once || logs->config->logs.items[i].options.buffer == 0)
			access_log_flush(logs, i);
}

void access_logs_hurry(struct access_logs *logs)
{
	logs->at_once = true;
	access_logs_flush(logs);
}

bool access_logs_take_grown(struct access_logs *logs, size_t *log)
{
	for (size_t i = 0; i < logs->count; i++) {
		uint64_t rotate = logs->config->logs.items[i].options.rotate;

		if (rotate == 0 || logs->buffers[i].grown <= rotate / ACCESS_LOG_LOOKS /
		                                                     logs->config->worker_processes)
			continue;
		logs->buffers[i].grown = 0;
		*log = i;
		return true;
	}
	return false;
}

/* ---- life -------------------------------------------------------------------------------------------- */

bool access_logs_init(struct access_logs *logs, const struct config *config, struct timers *timers)
{
	size_t count = config->logs.len;

	*logs = (struct access_logs){ .config = config, .count = count };
	logs->fds = calloc(count + 1, sizeof *logs->fds);
	logs->buffers = calloc(count + 1, sizeof *logs->buffers);
	if (!logs->fds || !logs->buffers ||
	    !timer_start(timers, &logs->timer, access_logs_fire, TIMER_NEVER)) {
		logs->count = 0;
		access_logs_end(logs);
		return false;
	}
	logs->timers = timers;
	for (size_t i = 0; i < count; i++) {
		size_t room = config->logs.items[i].options.buffer;

		logs->buffers[i].room = room > 0 ? room : ACCESS_LOG_BUFFER;
		logs->buffers[i].due = TIMER_NEVER;
		access_log_use(logs, i, config->logs.items[i].fd);
	}
	return true;
}

void access_logs_end(struct access_logs *logs)
{
	for (size_t i = 0; i < logs->count; i++) {
		access_log_flush(logs, i);
		if (logs->buffers[i].len > 0 || logs->buffers[i].dropped > logs->buffers[i].told)
			log_warn("lines of the access log %s were lost", access_log_name(logs, i));
		free(logs->buffers[i].lines);
	}
	if (logs->timers)
		timer_stop(logs->timers, &logs->timer);
	free(logs->buffers);
	free(logs->fds);
	*logs = (struct access_logs){ 0 };
}

void access_logs_replace(struct access_logs *logs, size_t log, int fd)
{
	access_log_flush(logs, log);
	if (logs->fds[log] > STDERR_FILENO)
		close(logs->fds[log]);
	access_log_use(logs, log, fd);
	logs->buffers[log].grown = 0;
}

/* ---- lines ------------------------------------------------------------------------------------------- */

static enum vars_escape access_log_escape(enum log_escape escape)
{
	static const enum vars_escape rows[] = { [LOG_ESCAPE_DEFAULT] = VARS_LOG,
		                                 [LOG_ESCAPE_JSON] = VARS_JSON,
		                                 [LOG_ESCAPE_NONE] = VARS_PLAIN,
		                                 [LOG_ESCAPE_TERMINAL] = VARS_TERMINAL };

	return rows[escape];
}

/* A line that no buffer can hold goes alone, after what stands before it. */
static void access_log_write_long(struct access_logs *logs, size_t log, struct str line)
{
	struct access_log_buffer *b = &logs->buffers[log];

	if (b->len > 0 || access_log_put(logs, log, line.ptr, line.len) != line.len)
		b->dropped++;
}

static void access_log_add(struct access_logs *logs, size_t log, struct str line)
{
	struct access_log_buffer *b = &logs->buffers[log];
	msec flush = logs->config->logs.items[log].options.flush;

	if (!b->lines && !(b->lines = malloc(b->room))) {
		b->dropped++;
		return;
	}
	if (line.len > b->room - b->len)
		access_log_flush(logs, log);
	if (line.len > b->room) {
		access_log_write_long(logs, log, line);
		return;
	}
	if (line.len > b->room - b->len) {
		b->dropped++;
		return;
	}
	if (b->len == 0 && flush > 0 && !logs->at_once) {
		b->due = clock_now() + flush;
		if (b->due < logs->timer.deadline)
			timer_set(logs->timers, &logs->timer, b->due);
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
		access_log_add(logs, (size_t)where->log, buf_str(&line));
}
