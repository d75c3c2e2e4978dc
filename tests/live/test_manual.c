#include "documents.h"
#include "live.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Every page of the manual is a session: its files are written, its commands run one after the other in one
 * shell, and what they print is compared with what the page shows ("..." is any text, alone on a line any
 * lines). Port 8080 is a free one here, and folders like /srv/ lie in the test's own.
 */

enum { SCRIPT_ROOM = 256 * 1024, PAGE_COMMANDS = 200 };

#define MARK "=@= "

struct session {
	struct live live;
	char port[8];
	struct buf script;
	struct command {
		struct str text, shown; /* the lines below it */
	} commands[PAGE_COMMANDS];
	size_t count;
};

static void pick_port(char port[8])
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert(bind(fd, (struct sockaddr *)&address, len) == 0);
	cr_assert(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
	close(fd);
	snprintf(port, 8, "%u", (unsigned)ntohs(address.sin_port));
}

/* The text with this test's port and folders. */
static void put_placed(struct session *s, struct buf *out, struct str text)
{
	static const char *const folders[] = { "/srv/", "/etc/webserv/", "/var/log/webserv/" };
	struct str port = STR_OF("8080");

	while (text.len > 0) {
		if (str_starts_with(text, port)) {
			buf_text(out, s->port);
			text = str_from_index(text, port.len);
			continue;
		}
		for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
			if (str_starts_with(text, str_from(folders[i])))
				buf_text(out, s->live.dir);
		buf_byte(out, text.ptr[0]);
		text = str_from_index(text, 1);
	}
}

static void put_lines(struct session *s, struct buf *out, struct str lines)
{
	while (lines.len > 0) {
		put_placed(s, out, markup_unindent(str_cut(&lines, '\n')));
		buf_byte(out, '\n');
	}
}

static void add_file(struct session *s, const struct markup_block *block)
{
	buf_text(&s->script, "cat >'");
	put_placed(s, &s->script, block->term);
	buf_text(&s->script, "' <<'END OF FILE'\n");
	put_lines(s, &s->script, block->lines);
	buf_text(&s->script, "END OF FILE\n");
}

static void add_commands(struct session *s, struct str lines)
{
	while (lines.len > 0) {
		struct command *command = &s->commands[s->count];
		struct str line = markup_unindent(str_cut(&lines, '\n'));
		struct str after = lines;

		cr_assert(str_starts_with(line, STR_OF("$ ")), "no command: %.*s", STR_ARG(line));
		cr_assert(s->count < PAGE_COMMANDS);
		command->text = str_from_index(line, 2);
		while (lines.len > 0 && !str_starts_with(markup_unindent(lines), STR_OF("$ ")))
			str_cut(&lines, '\n');
		command->shown = str_head(after, after.len - lines.len);
		buf_format(&s->script, "echo '" MARK "%zu'\n", s->count++);
		put_placed(s, &s->script, command->text);
		buf_format(&s->script, " 2>&1 || echo \"" MARK "failed with $?\"\n");
	}
}

static void add_text(struct session *s, struct str text)
{
	for (struct markup_block b = markup_next(&text); b.kind != MARKUP_END;
	     b = markup_next(&text)) {
		if (b.kind == MARKUP_FILE)
			add_file(s, &b);
		else if (b.kind == MARKUP_RUN)
			add_commands(s, b.lines);
	}
}

/* ---- what is shown, and what was printed ------------------------------------------------------------------ */

static bool line_matches(struct str shown, struct str line)
{
	struct str dots = STR_OF("...");

	for (; shown.len > 0; shown = str_from_index(shown, 1), line = str_from_index(line, 1)) {
		if (str_starts_with(shown, dots)) {
			shown = str_from_index(shown, dots.len);
			for (;; line = str_from_index(line, 1)) {
				if (line_matches(shown, line))
					return true;
				if (line.len == 0)
					return false;
			}
		}
		if (line.len == 0 || shown.ptr[0] != line.ptr[0])
			return false;
	}
	return line.len == 0;
}

static bool lines_match(struct str shown, struct str printed)
{
	struct str line, got;

	if (shown.len == 0)
		return printed.len == 0;
	line = str_cut(&shown, '\n');
	if (str_eq(str_trim(line), STR_OF("..."))) {
		while (!lines_match(shown, printed)) {
			if (printed.len == 0)
				return false;
			str_cut(&printed, '\n');
		}
		return true;
	}
	if (printed.len == 0)
		return false;
	got = str_cut(&printed, '\n');
	if (str_ends_with(got, STR_OF("\r")))
		got.len--;
	return line_matches(line, got) && lines_match(shown, printed);
}

static void check_command(struct session *s, const char *page, size_t i, struct str printed)
{
	static char room[16 * 1024];
	struct buf shown = buf_fixed(room, sizeof room);

	put_lines(s, &shown, s->commands[i].shown);
	cr_assert(not(shown.failed));
	cr_expect(lines_match(buf_str(&shown), printed), "%s: $ %.*s\nshown:\n%.*sprinted:\n%.*s",
	          page, STR_ARG(s->commands[i].text), STR_ARG(buf_str(&shown)), STR_ARG(printed));
}

static void check_output(struct session *s, const char *page)
{
	struct str rest = str_from(live_read(&s->live, "printed"));

	str_cut(&rest, '\n');
	for (size_t i = 0; i < s->count; i++) {
		struct str printed = rest;
		char mark[32];
		const char *next;

		snprintf(mark, sizeof mark, MARK "%zu\n", i + 1);
		next = rest.len > 0 ? strstr(rest.ptr, mark) : NULL;
		cr_assert(next != NULL, "%s: it ended in: $ %.*s\n%.*s", page,
		          STR_ARG(s->commands[i].text), STR_ARG(rest));
		printed.len = (size_t)(next - rest.ptr);
		check_command(s, page, i, printed);
		rest = str_from_index(rest, printed.len + strlen(mark));
	}
}

/* ---- a page ------------------------------------------------------------------------------------------------ */

static void put_head(struct session *s)
{
	char binary[PATH_MAX];
	const char *given = getenv("WEBSERV");

	cr_assert(realpath(given ? given : "./webserv", binary) != NULL);
	/* As a user like any other: root is warned, and may do everything. */
	buf_format(&s->script,
	           "#!/bin/sh\nset -u\ncd %s\nif [ \"${1-}\" != again ]; then\n"
	           "mkdir -p bin srv etc/webserv var/log/webserv work\ncp '%s' bin/webserv\n"
	           "if [ $(id -u) = 0 ]; then\nchmod -R a+rwX .\nexec setpriv --reuid=65534 "
	           "--regid=65534 --clear-groups sh ./script again\nfi\nfi\n"
	           "PATH=$PWD/bin:$PATH\nHOME=$PWD/work\ncd work\n",
	           s->live.dir, binary);
}

static void put_tail(struct session *s)
{
	buf_format(&s->script, "echo '" MARK "%zu'\n", s->count);
	buf_format(
	        &s->script,
	        "find %s -name '*.pid' | while read -r f; do kill \"$(cat \"$f\")\"; done 2>&-\n",
	        s->live.dir);
	buf_byte(&s->script, '\0');
}

static void run_page(struct manual *manual, const struct document *document)
{
	static struct session s;
	char line[128];
	int status;

	s.count = 0;
	live_open(&s.live);
	pick_port(s.port);
	s.script = buf_in_arena(&manual->arena, SCRIPT_ROOM);
	put_head(&s);
	for (size_t k = 0; k < DOCUMENT_PROSE && document->prose[k]; k++)
		add_text(&s, manual_prose(manual, document->prose[k]));
	put_tail(&s);
	cr_assert(not(s.script.failed));
	if (s.count > 0) {
		live_write(&s.live, "script", s.script.ptr);
		snprintf(line, sizeof line, "cd %s && timeout 60 sh ./script >printed 2>&1",
		         s.live.dir);
		status = system(line);
		cr_expect(status == 0, "%s: status %d", document->name, status);
		check_output(&s, document->name);
	}
	live_close(&s.live);
}

Test(manual, every_page_s_commands_do_what_it_shows)
{
	struct manual manual;
	struct buf problem = { 0 };
	const struct document *document;

	cr_assert(manual_open(&manual, "www/manual", &problem));
	for (size_t i = 0; (document = document_at(i)); i++)
		if (!document->section)
			run_page(&manual, document);
	manual_close(&manual);
}
