#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/str.h"

#include <stdarg.h>

struct buf;

/* In falling order of weight. nginx's crit, alert and emerg are errors here. */
enum log_level { LOG_ERROR, LOG_WARN, LOG_NOTICE, LOG_INFO, LOG_DEBUG };

/*
 * Where error messages go: a descriptor and how much is wanted. Every message is one line, written with
 * one write; control characters in it are escaped, so that no client can forge a line or move a
 * terminal's cursor. A line that can't be written at once (a full pipe, a full disk) is dropped and
 * counted: a server must not wait for its log.
 */
struct log {
	int fd;
	enum log_level level;
	bool json;
	bool owns_fd;
	struct buf
	        *copy; /* errors and warnings are also put here, each text a line; NULL: nowhere */
	uint64_t dropped;
};

/* The process's log: stderr at notice until the configuration names another. Never NULL. */
extern struct log *log_main;

/* "error", "warn", ... */
struct str log_level_name(enum log_level level);

/* Finds the level; also nginx's crit, alert, emerg. False where the name is none. */
bool log_level_parse(struct str name, enum log_level *level);

static inline bool log_wants(const struct log *log, enum log_level level)
{
	return level <= log->level;
}

/*
 * One line: "2026/11/24 11:06:02 [warn] 1234: text" or its JSON. errno is left as it was. The text is
 * cut at 2,000 bytes, earlier where many of them need an escape: a line is never longer than PIPE_BUF.
 * `about` may be empty; else its first 64 bytes are appended as " (request ABOUT)" or as the member
 * "request_id".
 */
void log_write(struct log *log, enum log_level level, struct str about, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
void log_write_v(struct log *log, enum log_level level, struct str about, const char *format,
                 va_list args) __attribute__((format(printf, 4, 0)));

/* To the process's log. */
#define log_error(...)  log_write(log_main, LOG_ERROR, (struct str){ NULL, 0 }, __VA_ARGS__)
#define log_warn(...)   log_write(log_main, LOG_WARN, (struct str){ NULL, 0 }, __VA_ARGS__)
#define log_notice(...) log_write(log_main, LOG_NOTICE, (struct str){ NULL, 0 }, __VA_ARGS__)
#define log_info(...)   log_write(log_main, LOG_INFO, (struct str){ NULL, 0 }, __VA_ARGS__)
#define log_debug(...)  log_write(log_main, LOG_DEBUG, (struct str){ NULL, 0 }, __VA_ARGS__)

/* Says what is impossible and where, then aborts: the supervisor starts another worker. Never compiled out. */
#define ASSERT(condition) ((condition) ? (void)0 : log_abort(#condition, __FILE__, __LINE__))
_Noreturn void log_abort(const char *condition, const char *file, int line);

#endif
