#include "base/log.h"

#include "base/clock.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct str nobody = { NULL, 0 };
static int reader;
static char line[2 * PIPE_BUF];

/* A log at debug whose lines come out of `reader`; the clock stands at a known time. */
static struct log log_into_pipe(void)
{
	int ends[2];

	setenv("TZ", "UTC0", 1);
	tzset();
	clock_set(0, 784111777);
	cr_assert(eq(int, pipe(ends), 0));
	reader = ends[0];
	fcntl(reader, F_SETFL, O_NONBLOCK);
	return (struct log){ .fd = ends[1], .level = LOG_DEBUG };
}

static struct str next_line(void)
{
	ssize_t n = read(reader, line, sizeof line);

	return str_make(line, n > 0 ? (size_t)n : 0);
}

/* What stands between the process id and the end of the line. */
static struct str next_text(void)
{
	struct str s = next_line();
	size_t colon = 0;

	for (size_t i = 0; i + 1 < s.len && !colon; i++)
		if (s.ptr[i] == ':' && s.ptr[i + 1] == ' ')
			colon = i + 2;
	cr_expect(str_ends_with(s, STR_OF("\n")), "one whole line");
	s = str_from_index(s, colon);
	return str_head(s, s.len ? s.len - 1 : 0);
}

static const struct {
	const char *name, *word;
	bool known;
	enum log_level level;
} level_rows[] = {
	{ "error", "error", true, LOG_ERROR },
	{ "warn", "warn", true, LOG_WARN },
	{ "notice", "notice", true, LOG_NOTICE },
	{ "info", "info", true, LOG_INFO },
	{ "debug", "debug", true, LOG_DEBUG },
	{ "nginx's crit is an error", "crit", true, LOG_ERROR },
	{ "nginx's alert is an error", "alert", true, LOG_ERROR },
	{ "nginx's emerg is an error", "emerg", true, LOG_ERROR },
	{ "another word is none", "warning", false, LOG_ERROR },
	{ "nor is the empty one", "", false, LOG_ERROR },
	{ "case counts", "Error", false, LOG_ERROR },
};

Test(log, levels)
{
	static const char *const names[] = { "error", "warn", "notice", "info", "debug" };

	for (size_t i = 0; i < sizeof level_rows / sizeof level_rows[0]; i++) {
		enum log_level level = LOG_ERROR;

		cr_expect(log_level_parse(str_from(level_rows[i].word), &level) ==
		                  level_rows[i].known,
		          "%s", level_rows[i].name);
		cr_expect(eq(int, (int)level, (int)level_rows[i].level), "%s", level_rows[i].name);
	}
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		cr_expect(str_eq(log_level_name((enum log_level)i), str_from(names[i])));
}

Test(log, lines)
{
	struct log log = log_into_pipe();
	char wanted[200];

	errno = ENOENT;
	log_write(&log, LOG_WARN, nobody, "%d of %s", 3, "four");
	cr_expect(eq(int, errno, ENOENT), "errno is left as it was");
	snprintf(wanted, sizeof wanted, "1994/11/06 08:49:37 [warn] %ld: 3 of four\n",
	         (long)getpid());
	cr_expect(str_eq(next_line(), str_from(wanted)), "%s", line);

	log_write(&log, LOG_ERROR, STR_OF("4f2a"), "gone");
	cr_expect(str_eq(next_text(), STR_OF("gone (request 4f2a)")), "%s", line);

	log.json = true;
	log_write(&log, LOG_ERROR, STR_OF("4f2a"), "a \"word\" \\");
	snprintf(wanted, sizeof wanted,
	         "{\"time\":\"1994-11-06T08:49:37+00:00\",\"level\":\"error\",\"pid\":%ld,"
	         "\"message\":\"a \\\"word\\\" \\\\\",\"request_id\":\"4f2a\"}\n",
	         (long)getpid());
	cr_expect(str_eq(next_line(), str_from(wanted)), "%s", line);

	log.level = LOG_WARN;
	cr_expect(log_wants(&log, LOG_WARN) && log_wants(&log, LOG_ERROR));
	log_write(&log, LOG_NOTICE, nobody, "unwanted");
	cr_expect(eq(sz, next_line().len, 0), "what is not wanted is not written");
	cr_expect(eq(u64, log.dropped, 0), "nor counted as dropped");
}

static const struct {
	const char *name, *said, *text, *json;
} escape_rows[] = {
	{ "a forged line stays in its own", "a\nb", "a\\x0ab", "a\\\\x0ab" },
	{ "a carriage return can't overwrite", "a\rb", "a\\x0db", "a\\\\x0db" },
	{ "a terminal is not steered", "\x1b[2J", "\\x1b[2J", "\\\\x1b[2J" },
	{ "DEL is a control", "a\x7f", "a\\x7f", "a\\\\x7f" },
	{ "the least and the greatest plain byte stay", " ~", " ~", " ~" },
	{ "UTF-8 of two, three and four bytes stays", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
	  "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
	{ "the eight-bit form of ESC [ is shown",
	  "\x9b"
	  "2J",
	  "\\x9b2J", "\\\\x9b2J" },
	{ "and so is its UTF-8", "\xc2\x9b", "\\xc2\\x9b", "\\\\xc2\\\\x9b" },
	{ "U+00A0 is the first behind the controls", "\xc2\xa0", "\xc2\xa0", "\xc2\xa0" },
	{ "an overlong newline is none (RFC 3629 section 3)", "\xc0\x8a", "\\xc0\\x8a",
	  "\\\\xc0\\\\x8a" },
	{ "nor one of three bytes", "\xe0\x80\x8a", "\\xe0\\x80\\x8a", "\\\\xe0\\\\x80\\\\x8a" },
	{ "a surrogate is no character (RFC 3629 section 3)", "\xed\xa0\x80", "\\xed\\xa0\\x80",
	  "\\\\xed\\\\xa0\\\\x80" },
	{ "nor is what lies beyond U+10FFFF", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
	  "\\\\xf4\\\\x90\\\\x80\\\\x80" },
	{ "a character that is cut off", "\xe2\x82", "\\xe2\\x82", "\\\\xe2\\\\x82" },
	{ "a quote and a backslash", "\"\\", "\"\\", "\\\"\\\\" },
};

Test(log, escapes)
{
	struct log log = log_into_pipe();

	for (size_t i = 0; i < sizeof escape_rows / sizeof escape_rows[0]; i++) {
		char wanted[100];

		log.json = false;
		log_write(&log, LOG_ERROR, nobody, "%s", escape_rows[i].said);
		cr_expect(str_eq(next_text(), str_from(escape_rows[i].text)), "%s: %s",
		          escape_rows[i].name, line);
		log.json = true;
		log_write(&log, LOG_ERROR, nobody, "%s", escape_rows[i].said);
		snprintf(wanted, sizeof wanted, "\"message\":\"%s\"}\n", escape_rows[i].json);
		cr_expect(str_ends_with(next_line(), str_from(wanted)), "%s: %s",
		          escape_rows[i].name, line);
	}
	log.json = false;
	log_write(&log, LOG_ERROR, STR_OF("a\nb \"c\xff."), "x");
	cr_expect(str_eq(next_text(), STR_OF("x (request a?b\?\?c?.)")),
	          "an id can't forge either");
}

/* 3,000 times the byte: plain, of two bytes in JSON, of five. */
static const struct {
	const char *name;
	char byte;
	bool json;
	size_t least;
} long_rows[] = {
	{ "plain text is cut at 2,000 bytes", 'a', false, 2000 },
	{ "plain text is cut at 2,000 bytes in JSON", 'a', true, 2000 },
	{ "escapes cut it earlier", '\n', false, 3900 },
	{ "escapes cut it earlier in JSON", '\n', true, 3900 },
	{ "quotes in JSON", '"', true, 3900 },
};

Test(log, long_lines)
{
	struct log log = log_into_pipe();

	for (size_t i = 0; i < sizeof long_rows / sizeof long_rows[0]; i++) {
		char said[3001], about[300];
		struct str s;

		memset(said, long_rows[i].byte, 3000);
		said[3000] = '\0';
		memset(about, 'r', sizeof about);
		log.json = long_rows[i].json;
		log_write(&log, LOG_ERROR, str_make(about, sizeof about), "%s", said);
		s = next_line();
		cr_expect(le(sz, s.len, PIPE_BUF), "%s", long_rows[i].name);
		cr_expect(ge(sz, s.len, long_rows[i].least), "%s", long_rows[i].name);
		cr_expect(str_ends_with(s, log.json ? STR_OF("r\"}\n") : STR_OF("r)\n")),
		          "%s: the end of the line is there", long_rows[i].name);
		cr_expect(eq(sz, str_find(s, '\n'), s.len - 1), "%s: one line", long_rows[i].name);
	}
}

/* The pipe is not O_NONBLOCK on our side: another program's stderr that we were given. */
Test(log, a_full_pipe_is_not_waited_for, .timeout = 10)
{
	struct log log = log_into_pipe();
	char text[1500];
	uint64_t written = 0;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (int i = 0; i < 200; i++)
		log_write(&log, LOG_ERROR, nobody, "%s", text);
	cr_expect(gt(u64, log.dropped, 0));
	for (struct str s = next_line(); s.len > 0; s = next_line())
		for (size_t i = 0; i < s.len; i++)
			written += s.ptr[i] == '\n';
	cr_expect(eq(u64, written + log.dropped, 200), "every line is either there or counted");
	log_write(&log, LOG_ERROR, nobody, "again");
	cr_expect(str_eq(next_text(), STR_OF("again")), "it goes on when there is room");
}

static int open_full(void)
{
	return open("/dev/full", O_WRONLY);
}

static int open_none(void)
{
	return -1;
}

static int open_reading(void)
{
	return open("/dev/null", O_RDONLY);
}

static int open_broken_pipe(void)
{
	int ends[2];

	cr_assert(eq(int, pipe(ends), 0));
	close(ends[0]);
	return ends[1];
}

static int open_limited(void)
{
	struct rlimit nothing = { 0, RLIM_INFINITY };
	char name[] = "/tmp/test-log-XXXXXX";
	int fd = mkstemp(name);

	unlink(name);
	setrlimit(RLIMIT_FSIZE, &nothing);
	return fd;
}

static const struct {
	const char *name;
	int (*open)(void);
} failures[] = {
	{ "a full disk", open_full },
	{ "no descriptor", open_none },
	{ "a descriptor for reading", open_reading },
	{ "a pipe that nobody reads", open_broken_pipe },
	{ "a file at its size limit", open_limited },
};

Test(log, failures)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
		struct log log = { .fd = failures[i].open(), .level = LOG_DEBUG };

		errno = ENOENT;
		log_write(&log, LOG_ERROR, nobody, "lost");
		cr_expect(eq(u64, log.dropped, 1), "%s: dropped and counted", failures[i].name);
		cr_expect(eq(int, errno, ENOENT), "%s: errno is left as it was", failures[i].name);
	}
}

Test(log, main_log)
{
	struct log log = log_into_pipe();

	cr_expect(eq(int, log_main->fd, STDERR_FILENO));
	cr_expect(eq(int, (int)log_main->level, (int)LOG_NOTICE));
	log_main = &log;
	log_error("e%d", 1);
	cr_expect(str_eq(next_text(), STR_OF("e1")));
	log_debug("d%d", 2);
	cr_expect(str_eq(next_text(), STR_OF("d2")));
	ASSERT(log.fd >= 0);
	cr_expect(eq(sz, next_line().len, 0), "an assertion that holds is silent");
}

Test(log, assertions)
{
	struct log log = log_into_pipe();
	pid_t child;
	int status;

	log_main = &log;
	child = fork();
	if (child == 0) {
		struct rlimit no_core = { 0, 0 };

		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		ASSERT(2 + 2 == 5);
		_exit(0);
	}
	cr_assert(eq(int, waitpid(child, &status, 0), child));
	cr_expect(eq(int, WIFSIGNALED(status) ? WTERMSIG(status) : 0, SIGABRT),
	          "an assertion that fails aborts the process");
	cr_expect(str_starts_with(next_text(), STR_OF("impossible: !(2 + 2 == 5) at ")), "%s",
	          line);
}
