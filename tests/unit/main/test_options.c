#include "main/options.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

enum { ARGS_MAX = 8 };

struct good_row {
	const char *name;
	const char *args[ARGS_MAX];
	struct options wanted;
};

static const struct good_row good_rows[] = {
	{ "without arguments the default configuration runs",
	  { NULL },
	  { OPTIONS_RUN, "conf/default.conf", NULL, false, CONTROL_RELOAD } },
	{ "a word is the configuration",
	  { "a.conf" },
	  { OPTIONS_RUN, "a.conf", NULL, false, CONTROL_RELOAD } },
	{ "-t tests", { "-t", "a.conf" }, { OPTIONS_TEST, "a.conf", NULL, false, CONTROL_RELOAD } },
	{ "--test tests",
	  { "a.conf", "--test" },
	  { OPTIONS_TEST, "a.conf", NULL, false, CONTROL_RELOAD } },
	{ "-T dumps",
	  { "-T" },
	  { OPTIONS_DUMP, "conf/default.conf", NULL, false, CONTROL_RELOAD } },
	{ "a dump is a test and more",
	  { "-T", "-t" },
	  { OPTIONS_DUMP, "conf/default.conf", NULL, false, CONTROL_RELOAD } },
	{ "in any order",
	  { "-t", "-T" },
	  { OPTIONS_DUMP, "conf/default.conf", NULL, false, CONTROL_RELOAD } },
	{ "-p takes the next word",
	  { "-p", "/srv", "a" },
	  { OPTIONS_RUN, "a", "/srv", false, CONTROL_RELOAD } },
	{ "-p takes the rest of its word",
	  { "-p/srv" },
	  { OPTIONS_RUN, "conf/default.conf", "/srv", false, CONTROL_RELOAD } },
	{ "--prefix takes the next word",
	  { "--prefix", "/srv" },
	  { OPTIONS_RUN, "conf/default.conf", "/srv", false, CONTROL_RELOAD } },
	{ "--prefix= takes what follows",
	  { "--prefix=/s=v" },
	  { OPTIONS_RUN, "conf/default.conf", "/s=v", false, CONTROL_RELOAD } },
	{ "letters stand together",
	  { "-Dtp", "x" },
	  { OPTIONS_TEST, "conf/default.conf", "x", true, CONTROL_RELOAD } },
	{ "--daemon goes to the background",
	  { "--daemon" },
	  { OPTIONS_RUN, "conf/default.conf", NULL, true, CONTROL_RELOAD } },
	{ "behind -- nothing is an option",
	  { "--", "-t" },
	  { OPTIONS_RUN, "-t", NULL, false, CONTROL_RELOAD } },
	{ "an argument may look like an option",
	  { "-p", "-t" },
	  { OPTIONS_RUN, "conf/default.conf", "-t", false, CONTROL_RELOAD } },
	{ "-h helps",
	  { "-h" },
	  { OPTIONS_HELP, "conf/default.conf", NULL, false, CONTROL_RELOAD } },
	{ "-s tells a running server",
	  { "-s", "status", "a" },
	  { OPTIONS_SIGNAL, "a", NULL, false, CONTROL_STATUS } },
	{ "-V says the version",
	  { "--version" },
	  { OPTIONS_VERSION, "conf/default.conf", NULL, false, CONTROL_RELOAD } },
};

static const struct {
	const char *name;
	const char *args[ARGS_MAX];
	const char *message;
} bad_rows[] = {
	{ "a misspelt option brings the nearest",
	  { "--tset" },
	  "unknown option --tset; did you mean --test?" },
	{ "one far from all brings the way to the list",
	  { "--colour" },
	  "unknown option --colour; --help lists them all" },
	{ "an unknown letter is named", { "-tx" }, "unknown option -x; --help lists them all" },
	{ "-p alone lacks its argument", { "-p" }, "--prefix needs DIR behind it" },
	{ "--prefix alone lacks its argument",
	  { "a", "--prefix" },
	  "--prefix needs DIR behind it" },
	{ "what takes nothing gets nothing", { "--test=a" }, "--test takes nothing behind it" },
	{ "a misspelt verb brings the nearest",
	  { "-srelaod" },
	  "--signal does not know 'relaod'; did you mean 'reload'?" },
	{ "one far from all brings them all",
	  { "--signal=dance" },
	  "--signal does not know 'dance'; it takes one of reload stop quit reopen upgrade "
	  "status" },
	{ "there is one configuration",
	  { "a", "b" },
	  "two configuration files: a and b; one at a time" },
};

static bool parse(const char *const *args, struct options *out, struct buf *message)
{
	char *argv[ARGS_MAX + 2] = { "webserv" };
	int argc = 1;

	for (; argc <= ARGS_MAX && args[argc - 1]; argc++)
		argv[argc] = (char *)args[argc - 1];
	return options_parse(argc, argv, out, message);
}

/* Equal strings, NULL being equal to itself only. */
static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

Test(options, good_command_lines)
{
	for (size_t i = 0; i < sizeof good_rows / sizeof *good_rows; i++) {
		const struct good_row *row = &good_rows[i];
		char room[200];
		struct buf message = buf_fixed(room, sizeof room);
		struct options o;

		cr_expect(parse(row->args, &o, &message), "%s: accepted", row->name);
		cr_expect(eq(int, (int)o.action, (int)row->wanted.action), "%s: action", row->name);
		cr_expect(eq(int, (int)o.verb, (int)row->wanted.verb), "%s: verb", row->name);
		cr_expect(same(o.config, row->wanted.config), "%s: config %s", row->name, o.config);
		cr_expect(same(o.prefix, row->wanted.prefix), "%s: prefix %s", row->name,
		          o.prefix ? o.prefix : "(none)");
		cr_expect(eq(int, o.daemon, row->wanted.daemon), "%s: daemon", row->name);
	}
}

Test(options, bad_command_lines)
{
	for (size_t i = 0; i < sizeof bad_rows / sizeof *bad_rows; i++) {
		char room[200] = "";
		struct buf message = buf_fixed(room, sizeof room - 1);
		struct options o;

		cr_expect(not(parse(bad_rows[i].args, &o, &message)), "%s: refused",
		          bad_rows[i].name);
		room[message.len] = '\0';
		cr_expect(eq(str, room, (char *)bad_rows[i].message), "%s", bad_rows[i].name);
	}
}

Test(options, help_names_every_option)
{
	static const char *const names[] = { "-t, --test",   "-T, --dump",    "-p, --prefix DIR",
		                             "-D, --daemon", "-V, --version", "-h, --help" };
	char room[8192];
	struct buf text = buf_fixed(room, sizeof room - 1);

	options_help(&text);
	cr_assert(not(text.failed));
	room[text.len] = '\0';
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		cr_expect(strstr(room, names[i]) != NULL, "%s is in the help", names[i]);
	/* A line that wraps in a terminal of 80 columns is hard to read. */
	for (char *line = strtok(room, "\n"); line; line = strtok(NULL, "\n"))
		cr_expect(le(sz, strlen(line), (size_t)80), "%s", line);
}
