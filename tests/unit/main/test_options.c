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
	  { .action = OPTIONS_RUN, .config = "conf/default.conf" } },
	{ "a word is the configuration",
	  { "a.conf" },
	  { .action = OPTIONS_RUN, .config = "a.conf" } },
	{ "-t tests", { "-t", "a.conf" }, { .action = OPTIONS_TEST, .config = "a.conf" } },
	{ "--test tests", { "a.conf", "--test" }, { .action = OPTIONS_TEST, .config = "a.conf" } },
	{ "-T dumps", { "-T" }, { .action = OPTIONS_DUMP, .config = "conf/default.conf" } },
	{ "a dump is a test and more",
	  { "-T", "-t" },
	  { .action = OPTIONS_DUMP, .config = "conf/default.conf" } },
	{ "in any order",
	  { "-t", "-T" },
	  { .action = OPTIONS_DUMP, .config = "conf/default.conf" } },
	{ "-p takes the next word",
	  { "-p", "/srv", "a" },
	  { .action = OPTIONS_RUN, .config = "a", .prefix = "/srv" } },
	{ "-p takes the rest of its word",
	  { "-p/srv" },
	  { .action = OPTIONS_RUN, .config = "conf/default.conf", .prefix = "/srv" } },
	{ "--prefix takes the next word",
	  { "--prefix", "/srv" },
	  { .action = OPTIONS_RUN, .config = "conf/default.conf", .prefix = "/srv" } },
	{ "--prefix= takes what follows",
	  { "--prefix=/s=v" },
	  { .action = OPTIONS_RUN, .config = "conf/default.conf", .prefix = "/s=v" } },
	{ "letters stand together",
	  { "-Dtp", "x" },
	  { .action = OPTIONS_TEST,
	    .config = "conf/default.conf",
	    .prefix = "x",
	    .daemon = true } },
	{ "--daemon goes to the background",
	  { "--daemon" },
	  { .action = OPTIONS_RUN, .config = "conf/default.conf", .daemon = true } },
	{ "behind -- nothing is an option",
	  { "--", "-t" },
	  { .action = OPTIONS_RUN, .config = "-t" } },
	{ "an argument may look like an option",
	  { "-p", "-t" },
	  { .action = OPTIONS_RUN, .config = "conf/default.conf", .prefix = "-t" } },
	{ "--explain takes the request",
	  { "--explain", "GET http://a/", "b.conf" },
	  { .action = OPTIONS_EXPLAIN, .config = "b.conf", .explain = "GET http://a/" } },
	{ "-H and --from go with it, in any order",
	  { "-H", "A: b", "--from", "::1", "-HC: d", "--explain", "/" },
	  { .action = OPTIONS_EXPLAIN,
	    .config = "conf/default.conf",
	    .explain = "/",
	    .headers = { "A: b", "C: d" },
	    .header_count = 2,
	    .from = "::1" } },
	{ "--root serves a directory without a configuration",
	  { "--root", "a b" },
	  { .action = OPTIONS_RUN, .root = "a b" } },
	{ "with what goes with it, in any order",
	  { "--upload", "--listen=8000", "--spa", "--auth", "u:p:q", "--root=d" },
	  { .action = OPTIONS_RUN,
	    .root = "d",
	    .listen = "8000",
	    .auth = "u:p:q",
	    .upload = true,
	    .spa = true } },
	{ "it can be checked and shown",
	  { "-t", "--root", "d" },
	  { .action = OPTIONS_TEST, .root = "d" } },
	{ "-h helps", { "-h" }, { .action = OPTIONS_HELP, .config = "conf/default.conf" } },
	{ "-s tells a running server",
	  { "-s", "status", "a" },
	  { .action = OPTIONS_SIGNAL, .config = "a", .verb = CONTROL_STATUS } },
	{ "-V says the version",
	  { "--version" },
	  { .action = OPTIONS_VERSION, .config = "conf/default.conf" } },
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
	{ "-H without --explain means nothing",
	  { "-H", "A: b" },
	  "-H and --from go with --explain 'METHOD URL'" },
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
	{ "--upload alone says where it belongs", { "--upload" }, "--upload goes with --root DIR" },
	{ "so does --spa", { "--spa", "a.conf" }, "--spa goes with --root DIR" },
	{ "so does --auth", { "--auth", "a:b" }, "--auth goes with --root DIR" },
	{ "so does --listen",
	  { "--listen", "80" },
	  "--listen goes with --root DIR; in a configuration it is the directive listen" },
	{ "--root lacks its argument", { "--root" }, "--root needs DIR behind it" },
	{ "--upload takes nothing", { "--upload=x" }, "--upload takes nothing behind it" },
	{ "--root and a configuration are two",
	  { "--root", "d", "a.conf" },
	  "--root DIR is served without a configuration: leave one of the two out" },
	{ "--root has no prefix",
	  { "--root", "d", "-p", "x" },
	  "--prefix is for the paths in a configuration: with --root name DIR as a path from "
	  "here" },
	{ "--root is in nobody's background",
	  { "-D", "--root", "d" },
	  "--root stays in the foreground, where its log is: nothing else could end it; "
	  "-T --root DIR prints a configuration to run with -D" },
	{ "--root is not told anything",
	  { "-s", "quit", "--root", "d" },
	  "--signal finds a server by the pid of its CONFIG; one with --root is ended by "
	  "Ctrl-C" },
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
		cr_expect(same(o.explain, row->wanted.explain), "%s: explain", row->name);
		cr_expect(same(o.from, row->wanted.from), "%s: from", row->name);
		cr_expect(same(o.root, row->wanted.root), "%s: root", row->name);
		cr_expect(same(o.listen, row->wanted.listen), "%s: listen", row->name);
		cr_expect(same(o.auth, row->wanted.auth), "%s: auth", row->name);
		cr_expect(eq(int, o.upload, row->wanted.upload), "%s: upload", row->name);
		cr_expect(eq(int, o.spa, row->wanted.spa), "%s: spa", row->name);
		cr_assert(eq(sz, o.header_count, row->wanted.header_count), "%s", row->name);
		for (size_t j = 0; j < o.header_count; j++)
			cr_expect(same(o.headers[j], row->wanted.headers[j]), "%s: -H", row->name);
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
	static const char *const names[] = { "-t, --test",
		                             "-T, --dump",
		                             "-p, --prefix DIR",
		                             "-e, --explain REQUEST",
		                             "-H, --header FIELD",
		                             "-f, --from ADDR",
		                             "-D, --daemon",
		                             "-V, --version",
		                             "-h, --help",
		                             "--root DIR",
		                             "--listen ADDR",
		                             "--upload",
		                             "--spa",
		                             "--auth USER:PASSWORD" };
	char room[8192];
	struct buf text = buf_fixed(room, sizeof room - 1);

	options_help(&text);
	cr_assert(not(text.failed));
	room[text.len] = '\0';
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		cr_expect(strstr(room, names[i]) != NULL, "%s is in the help", names[i]);
	cr_expect(strstr(room, "USER:PASSWORD\n                        ask for") != NULL,
	          "a long one stands apart from what it does");
	/* A line that wraps in a terminal of 80 columns is hard to read. */
	for (char *line = strtok(room, "\n"); line; line = strtok(NULL, "\n"))
		cr_expect(le(sz, strlen(line), (size_t)80), "%s", line);
}
