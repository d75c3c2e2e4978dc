#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOG_TEXT = 2000, LOG_LINE = 4 * LOG_TEXT + 256 };

static struct log log_standard = { .fd = STDERR_FILENO, .level = LOG_NOTICE };
struct log *log_main = &log_standard;

static const struct {
	struct str name;
	enum log_level level;
} log_names[] = {
	/* The first of a level is the one that is printed. */
	{ STR("error"), LOG_ERROR }, { STR("warn"), LOG_WARN },   { STR("notice"), LOG_NOTICE },
	{ STR("info"), LOG_INFO },   { STR("debug"), LOG_DEBUG }, { STR("crit"), LOG_ERROR },
	{ STR("alert"), LOG_ERROR }, { STR("emerg"), LOG_ERROR },
};

struct str log_level_name(enum log_level level)
{
	return log_names[level].name;
}

bool log_level_parse(struct str name, enum log_level *level)
{
	for (size_t i = 0; i < sizeof log_names / sizeof log_names[0]; i++)
		if (str_eq(name, log_names[i].name)) {
			*level = log_names[i].level;
			return true;
		}
	return false;
}

/* Controls as \xXX: what a client sent must not forge a line or steer the terminal of whoever reads it. */
static void log_add_text(struct buf *line, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < 0x20 || c == 0x7f)
			buf_format(line, "\\x%02x", c);
		else
			buf_byte(line, (char)c);
	}
}

static void log_add_json(struct buf *line, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c < 0x20 || c == 0x7f)
			buf_format(line, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			buf_format(line, "\\%c", c);
		else if (c >= 0x80)
			buf_text(line, "?");
		else
			buf_byte(line, (char)c);
	}
}

static void log_line_json(struct buf *line, enum log_level level, struct str about, struct str text)
{
	buf_format(line, "{\"time\":\"%s\",\"level\":\"%.*s\",\"pid\":%ld,\"message\":\"",
	           clock_cached.iso_time, STR_ARG(log_level_name(level)), (long)getpid());
	log_add_json(line, text);
	if (about.len > 0) {
		buf_text(line, "\",\"request_id\":\"");
		log_add_json(line, about);
	}
	buf_text(line, "\"}\n");
}

static void log_line_text(struct buf *line, enum log_level level, struct str about, struct str text)
{
	char when[32];
	struct tm local;

	localtime_r(&clock_cached.wall.tv_sec, &local);
	strftime(when, sizeof when, "%Y/%m/%d %H:%M:%S", &local);
	buf_format(line, "%s [%.*s] %ld: ", when, STR_ARG(log_level_name(level)), (long)getpid());
	log_add_text(line, text);
	if (about.len > 0) {
		buf_text(line, " (request ");
		log_add_text(line, about);
		buf_byte(line, ')');
	}
	buf_byte(line, '\n');
}

/* A full pipe would block us: it is asked first. Regular files are always ready. */
static void log_emit(struct log *log, struct str line)
{
	struct pollfd ready = { .fd = log->fd, .events = POLLOUT };
	ssize_t n = -1;

	if (poll(&ready, 1, 0) == 1)
		do
			n = write(log->fd, line.ptr, line.len);
		while (n < 0 && errno == EINTR);
	if (n < (ssize_t)line.len)
		log->dropped++;
}

void log_write_v(struct log *log, enum log_level level, struct str about, const char *format,
                 va_list args)
{
	char text[LOG_TEXT], room[LOG_LINE];
	struct buf line = buf_fixed(room, sizeof room);
	int error = errno, n;

	if (!log_wants(log, level))
		return;
	if (!clock_cached.http_date[0])
		clock_update();
	n = vsnprintf(text, sizeof text, format, args);
	if (n >= 0) {
		struct str said =
		        str_make(text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);

		if (log->json)
			log_line_json(&line, level, about, said);
		else
			log_line_text(&line, level, about, said);
		log_emit(log, buf_str(&line));
	}
	errno = error;
}

void log_write(struct log *log, enum log_level level, struct str about, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_write_v(log, level, about, format, args);
	va_end(args);
}

_Noreturn void log_abort(const char *condition, const char *file, int line)
{
	log_error("impossible: !(%s) at %s:%d", condition, file, line);
	abort();
}
