#include "main/options.h"

#include "conf/diag.h"

static bool option_test(struct options *o, const char *argument, struct buf *message)
{
	(void)message;
	(void)argument;
	if (o->action != OPTIONS_DUMP)
		o->action = OPTIONS_TEST;
	return true;
}

static bool option_dump(struct options *o, const char *argument, struct buf *message)
{
	(void)message;
	(void)argument;
	o->action = OPTIONS_DUMP;
	return true;
}

static bool option_prefix(struct options *o, const char *argument, struct buf *message)
{
	(void)message;
	o->prefix = argument;
	return true;
}

static bool option_daemon(struct options *o, const char *argument, struct buf *message)
{
	(void)message;
	(void)argument;
	o->daemon = true;
	return true;
}

static bool option_explain(struct options *o, const char *argument, struct buf *message)
{
	(void)message;
	o->action = OPTIONS_EXPLAIN;
	o->explain = argument;
	return true;
}

static bool option_header(struct options *o, const char *argument, struct buf *message)
{
	if (o->header_count == OPTIONS_HEADERS_MAX) {
		buf_format(message, "more than %d -H", OPTIONS_HEADERS_MAX);
		return false;
	}
	o->headers[o->header_count++] = argument;
	return true;
}

static bool option_from(struct options *o, const char *argument, struct buf *message)
{
	(void)message;
	o->from = argument;
	return true;
}

static bool option_root(struct options *o, const char *argument, struct buf *message)
{
	(void)message;
	o->root = argument;
	return true;
}

static bool option_listen(struct options *o, const char *argument, struct buf *message)
{
	(void)message;
	o->listen = argument;
	return true;
}

static bool option_upload(struct options *o, const char *argument, struct buf *message)
{
	(void)message;
	(void)argument;
	o->upload = true;
	return true;
}

static bool option_spa(struct options *o, const char *argument, struct buf *message)
{
	(void)message;
	(void)argument;
	o->spa = true;
	return true;
}

static bool option_auth(struct options *o, const char *argument, struct buf *message)
{
	(void)message;
	o->auth = argument;
	return true;
}

static bool option_version(struct options *o, const char *argument, struct buf *message)
{
	(void)message;
	(void)argument;
	o->action = OPTIONS_VERSION;
	return true;
}

static bool option_help(struct options *o, const char *argument, struct buf *message)
{
	(void)message;
	(void)argument;
	o->action = OPTIONS_HELP;
	return true;
}

static struct str option_verb(const void *context, size_t i)
{
	(void)context;
	return i < CONTROL_VERBS ? control_verb_name((enum control_verb)i)
	                         : (struct str){ NULL, 0 };
}

static bool option_signal(struct options *o, const char *argument, struct buf *message)
{
	struct str near;

	o->action = OPTIONS_SIGNAL;
	if (control_verb_parse(str_from(argument), &o->verb))
		return true;
	near = diag_nearest(str_from(argument), option_verb, NULL);
	buf_format(message, "--signal does not know '%s'", argument);
	if (near.len > 0) {
		buf_format(message, "; did you mean '%.*s'?", STR_ARG(near));
		return false;
	}
	buf_text(message, "; it takes one of");
	for (size_t i = 0; i < CONTROL_VERBS; i++)
		buf_format(message, " %.*s", STR_ARG(option_verb(NULL, i)));
	return false;
}

static const struct option_row option_rows[] = {
	{ "Sharing a directory, without a configuration", 0, STR("root"), "DIR",
	  "serve DIR at once: listings, ?tar, a log on stdout", option_root },
	{ NULL, 0, STR("listen"), "ADDR",
	  "where (127.0.0.1:8080); 0.0.0.0 for every network,\n"
	  "                        port 0 for any free one",
	  option_listen },
	{ NULL, 0, STR("upload"), NULL, "take uploads into it; nothing is overwritten or deleted",
	  option_upload },
	{ NULL, 0, STR("spa"), NULL, "page addresses without a file lead to /index.html",
	  option_spa },
	{ NULL, 0, STR("auth"), "USER:PASSWORD", "ask for a name and a password", option_auth },
	{ "Checking", 't', STR("test"), NULL,
	  "check the configuration and all files it names, and exit", option_test },
	{ NULL, 'T', STR("dump"), NULL, "check it, then print it with every default filled in",
	  option_dump },
	{ NULL, 'e', STR("explain"), "REQUEST",
	  "what would answer 'METHOD URL', and why: rule by rule", option_explain },
	{ NULL, 'H', STR("header"), "FIELD", "a field of that request: 'Name: value'",
	  option_header },
	{ NULL, 'f', STR("from"), "ADDR", "the client that sends it (127.0.0.1)", option_from },
	{ "Running", 'p', STR("prefix"), "DIR",
	  "what relative paths in the configuration are relative to", option_prefix },
	{ NULL, 'D', STR("daemon"), NULL, "go to the background once it listens", option_daemon },
	{ "A running server", 's', STR("signal"), "WHAT",
	  "tell it: reload, stop, quit, reopen, upgrade, status,\n"
	  "                        and wait for the outcome; found by CONFIG's pid",
	  option_signal },
	{ "About", 'V', STR("version"), NULL, "print the version and exit", option_version },
	{ NULL, 'h', STR("help"), NULL, "print this text and exit", option_help },
};

enum { OPTION_COUNT = sizeof option_rows / sizeof option_rows[0], OPTION_TYPO = 3 };

const struct option_row *options_row(size_t i)
{
	return i < OPTION_COUNT ? &option_rows[i] : NULL;
}

static const struct option_row *option_by_letter(char letter)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_rows[i].letter == letter)
			return &option_rows[i];
	return NULL;
}

static const struct option_row *option_by_name(struct str name)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (str_eq(option_rows[i].name, name))
			return &option_rows[i];
	return NULL;
}

static bool option_unknown(struct str name, struct buf *message)
{
	const struct option_row *nearest = NULL;
	unsigned best = OPTION_TYPO;

	buf_format(message, "unknown option --%.*s", STR_ARG(name));
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		unsigned distance = str_distance(name, option_rows[i].name, OPTION_TYPO);

		if (distance < best) {
			best = distance;
			nearest = &option_rows[i];
		}
	}
	if (nearest)
		buf_format(message, "; did you mean --%.*s?", STR_ARG(nearest->name));
	else
		buf_text(message, "; --help lists them all");
	return false;
}

/* What is being read: the arguments, and where we are in them. */
struct option_reader {
	int argc, at;
	char *const *argv;
	struct options *out;
	struct buf *message;
};

/* The option's argument: what stands behind it in the same word, else the next word. */
static bool option_take(struct option_reader *reader, const struct option_row *row,
                        const char *rest)
{
	if (!row->argument) {
		return row->apply(reader->out, NULL, reader->message);
	}
	if (!rest && reader->at + 1 < reader->argc)
		rest = reader->argv[++reader->at];
	if (!rest) {
		buf_format(reader->message, "--%.*s needs %s behind it", STR_ARG(row->name),
		           row->argument);
		return false;
	}
	return row->apply(reader->out, rest, reader->message);
}

/* --name, --name=argument */
static bool option_long(struct option_reader *reader, const char *word)
{
	struct str rest = str_from(word + 2), name = str_cut(&rest, '=');
	const struct option_row *row = option_by_name(name);

	if (!row)
		return option_unknown(name, reader->message);
	if (rest.ptr && !row->argument) {
		buf_format(reader->message, "--%.*s takes nothing behind it", STR_ARG(name));
		return false;
	}
	return option_take(reader, row, rest.ptr);
}

/* -tD, -pDIR, -p DIR */
static bool option_letters(struct option_reader *reader, const char *word)
{
	for (word++; *word; word++) {
		const struct option_row *row = option_by_letter(*word);

		if (!row) {
			buf_format(reader->message, "unknown option -%c; --help lists them all",
			           *word);
			return false;
		}
		if (row->argument)
			return option_take(reader, row, word[1] ? word + 1 : NULL);
		if (!row->apply(reader->out, NULL, reader->message))
			return false;
	}
	return true;
}

static bool option_config(struct option_reader *reader, const char *word)
{
	if (reader->out->config) {
		buf_format(reader->message, "two configuration files: %s and %s; one at a time",
		           reader->out->config, word);
		return false;
	}
	reader->out->config = word;
	return true;
}

/* What makes no sense together. NULL: nothing of the kind. */
static const char *options_conflict(const struct options *o)
{
	if (o->action != OPTIONS_EXPLAIN && (o->header_count > 0 || o->from))
		return "-H and --from go with --explain 'METHOD URL'";
	if (!o->root)
		return o->upload   ? "--upload goes with --root DIR"
		       : o->spa    ? "--spa goes with --root DIR"
		       : o->auth   ? "--auth goes with --root DIR"
		       : o->listen ? "--listen goes with --root DIR; in a configuration "
		                     "it is the directive listen"
		                   : NULL;
	if (o->config)
		return "--root DIR is served without a configuration: leave one of the two out";
	if (o->prefix)
		return "--prefix is for the paths in a configuration: with --root name DIR as a "
		       "path from here";
	if (o->action == OPTIONS_SIGNAL)
		return "--signal finds a server by the pid of its CONFIG; one with --root "
		       "is ended by Ctrl-C";
	if (o->daemon)
		return "--root stays in the foreground, where its log is: nothing else could end "
		       "it; -T --root DIR prints a configuration to run with -D";
	return NULL;
}

bool options_parse(int argc, char *const *argv, struct options *out, struct buf *message)
{
	struct option_reader reader = {
		.argc = argc, .argv = argv, .out = out, .message = message
	};
	const char *conflict;
	bool only_names = false;

	*out = (struct options){ .action = OPTIONS_RUN };
	for (reader.at = 1; reader.at < argc; reader.at++) {
		const char *word = argv[reader.at];
		bool good;

		if (!only_names && strcmp(word, "--") == 0) {
			only_names = true;
			continue;
		}
		if (only_names || word[0] != '-' || !word[1])
			good = option_config(&reader, word);
		else
			good = word[1] == '-' ? option_long(&reader, word)
			                      : option_letters(&reader, word);
		if (!good)
			return false;
	}
	conflict = options_conflict(out);
	if (conflict) {
		buf_text(message, conflict);
		return false;
	}
	if (!out->config && !out->root)
		out->config = "conf/default.conf";
	return true;
}

void options_help(struct buf *out)
{
	buf_text(out, "Usage: webserv [OPTIONS] [CONFIG]\n"
	              "       webserv --root DIR [--listen ADDR] [--upload] [--spa]\n"
	              "               [--auth USER:PASSWORD]\n\n"
	              "Serves what CONFIG says (default: conf/default.conf) until told to stop.\n");
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		char left[40];
		struct buf name = buf_fixed(left, sizeof left);

		if (row->group)
			buf_format(out, "\n%s:\n", row->group);
		if (row->letter)
			buf_format(&name, "  -%c, --%.*s ", row->letter, STR_ARG(row->name));
		else
			buf_format(&name, "      --%.*s ", STR_ARG(row->name));
		buf_text(&name, row->argument ? row->argument : "");
		/* What is too long for the column has a line of its own. */
		buf_format(out,
		           name.len < 24 ? "%-24.*s%s\n" : "%.*s\n                        %s\n",
		           STR_ARG(buf_str(&name)), row->help);
	}
	buf_text(out,
	         "\nSignals:\n"
	         "  TERM, INT             stop: requests in flight end within shutdown_timeout\n"
	         "  QUIT                  stop when the last request is done\n"
	         "  HUP                   reload the configuration; a bad one changes nothing\n"
	         "  USR1                  reopen the logs\n"
	         "  USR2                  start the binary anew on the same sockets, then drain\n"
	         "\nExamples:\n"
	         "  webserv                         the default site, on http://localhost:8080/\n"
	         "  webserv --root .                share this directory with this machine\n"
	         "  webserv --root . --listen 0.0.0.0 --upload --auth ann:secret\n"
	         "                                  with the network, both ways, by password\n"
	         "  webserv --root dist --spa       try a single-page application\n"
	         "  webserv -t conf/static.conf     is this configuration good?\n"
	         "  webserv --explain 'GET http://localhost:8080/a?b' site.conf\n"
	         "                                  which rules answer this, and how?\n"
	         "  webserv -D -p /srv site.conf    in the background, with paths below /srv\n"
	         "  webserv -s reload site.conf     take the new file, or say what is wrong\n"
	         "  webserv -s quit site.conf       stop when the last request is done\n"
	         "\nExit status: 0 ended as asked, 1 a failure at run time,\n"
	         "2 a bad command line or configuration.\n");
}
