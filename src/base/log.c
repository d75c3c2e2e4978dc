#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * A whole line is at most PIPE_BUF long: a pipe takes that much at once or not at all, whoever else
 * writes into it. The text gives way where escapes would make the line longer.
 */
enum { LOG_TEXT = 2000, LOG_LINE = PIPE_BUF, LOG_TAIL = 160, LOG_ABOUT = 64 };

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

/*
 * How many bytes at the front of the text are one character that may be written as it is: UTF-8
 * (RFC 3629) of anything but the control characters below U+00A0; else 0.
 */
static size_t log_plain(struct str text)
{
	static const uint32_t least[] = { 0, 0, 0xa0, 0x800, 0x10000 };
	unsigned char c = (unsigned char)text.ptr[0];
	size_t len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
	uint32_t point = len == 2 ? c & 0x1f : len == 3 ? c & 0x0f : c & 0x07;

	if (len == 1)
		return c >= 0x20 && c != 0x7f;
	if (len > text.len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((text.ptr[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text.ptr[i] & 0x3f);
	}
	/* What a shorter form could say, surrogates, and what is past the end are no characters. */
	if (point < least[len] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 0;
	return len;
}

/*
 * Everything else as \xXX: what a client sent must not forge a line or steer the terminal of whoever
 * reads it. In JSON the backslash of that is one more character to escape.
 */
static void log_add(struct buf *line, struct str text, bool json)
{
	while (text.len > 0 && line->len < LOG_LINE - LOG_TAIL) {
		size_t n = log_plain(text);

		if (n == 0)
			buf_format(line, json ? "\\\\x%02x" : "\\x%02x",
			           (unsigned char)text.ptr[0]);
		else if (json && (text.ptr[0] == '"' || text.ptr[0] == '\\'))
			buf_format(line, "\\%c", text.ptr[0]);
		else
			buf_add(line, str_head(text, n));
		text = str_from_index(text, n ? n : 1);
	}
}

/* An id: plain ASCII, or shown as a question mark, so that it fits into the tail of the line. */
static void log_add_about(struct buf *line, struct str about)
{
	about = str_head(about, LOG_ABOUT);
	for (size_t i = 0; i < about.len; i++) {
		char c = about.ptr[i];

		buf_byte(line, c > ' ' && c < 0x7f && c != '"' && c != '\\' ? c : '?');
	}
}

static void log_line_json(struct buf *line, enum log_level level, struct str about, struct str text)
{
	buf_format(line, "{\"time\":\"%s\",\"level\":\"%.*s\",\"pid\":%ld,\"message\":\"",
	           clock_cached.iso_time, STR_ARG(log_level_name(level)), (long)getpid());
	log_add(line, text, true);
	if (about.len > 0) {
		buf_text(line, "\",\"request_id\":\"");
		log_add_about(line, about);
	}
	buf_text(line, "\"}\n");
}

static void log_line_text(struct buf *line, enum log_level level, struct str about, struct str text)
{
	/* "1994-11-06T08:49:37+00:00" was made once this second and holds all that is wanted. */
	const char *iso = clock_cached.iso_time;

	buf_format(line, "%.4s/%.2s/%.2s %.8s [%.*s] %ld: ", iso, iso + 5, iso + 8, iso + 11,
	           STR_ARG(log_level_name(level)), (long)getpid());
	log_add(line, text, false);
	if (about.len > 0) {
		buf_text(line, " (request ");
		log_add_about(line, about);
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

/* As it is: whoever has the copy decides what to escape. */
static void log_copy(struct buf *to, const char *format, va_list args)
{
	char text[LOG_TEXT + 1];
	va_list again;

	va_copy(again, args);
	if (vsnprintf(text, sizeof text, format, again) >= 0) {
		buf_text(to, text);
		buf_byte(to, '\n');
	}
	va_end(again);
}

void log_write_v(struct log *log, enum log_level level, struct str about, const char *format,
                 va_list args)
{
	char text[LOG_TEXT + 1], room[LOG_LINE];
	struct buf line = buf_fixed(room, sizeof room);
	int error = errno, n;

	if (log->copy && level <= LOG_WARN)
		log_copy(log->copy, format, args);
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
