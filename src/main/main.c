#include "handlers/table.h"
#include "main/check.h"
#include "main/control.h"
#include "main/explain.h"
#include "main/options.h"
#include "main/root.h"
#include "server/single.h"
#include "server/supervisor.h"
#include "server/vars.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, MAIN_TEXT = 8192 };

/* With 0, 1 or 2 closed the first socket would become a standard stream, and a log line an answer. */
static int main_fill_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int main_print(FILE *to, const struct buf *text)
{
	return fwrite(text->ptr, 1, text->len, to) == text->len && fflush(to) == 0 ? 0 : 1;
}

static int main_help(void)
{
	char room[MAIN_TEXT];
	struct buf text = buf_fixed(room, sizeof room);

	options_help(&text);
	return main_print(stdout, &text);
}

static int main_usage(const struct buf *message)
{
	fprintf(stderr, "webserv: %.*s\n", STR_ARG(buf_str(message)));
	return EXIT_USAGE;
}

/*
 * The file to start anew for an upgrade: the path that was typed, so that a link which is switched to
 * another version leads there, and the found one where it was looked up in PATH. NULL: it can't be known.
 */
static const char *main_binary(const char *typed, char *room, size_t size)
{
	ssize_t n;

	if (typed && strchr(typed, '/'))
		return typed;
	n = readlink("/proc/self/exe", room, size);
	if (n < 0 || (size_t)n == size)
		return NULL;
	room[n] = '\0';
	return room;
}

static int main_serve(const struct options *options, const struct config_source *source,
                      struct config *config, char *const *argv)
{
	char room[PATH_MAX];
	struct supervisor_start start = {
		.source = *source,
		.handlers = &handlers_table,
		.daemon = options->daemon || config->daemon,
		.argv = argv,
		/* The password is no more in argv. */
		.binary = options->auth ? NULL : main_binary(argv[0], room, sizeof room),
		.announce = options->root ? root_announce : sockets_announce
	};

	if (!config->master_process) {
		if (start.daemon)
			log_warn("with master_process off the server stays in the foreground");
		return single_run(&handlers_table, config);
	}
	return supervisor_run(&start, config);
}

/* The configuration that was asked for, put to use as was asked for. */
static int main_act(const struct options *options, const struct config_source *source,
                    char *const *argv)
{
	struct config *config;
	int status;

	if (options->action == OPTIONS_SIGNAL)
		return control_run(source, options->verb);
	config = check_load(source, options->action);
	if (!config)
		return EXIT_USAGE;
	if (options->action == OPTIONS_RUN)
		return main_serve(options, source, config, argv);
	if (options->action == OPTIONS_EXPLAIN)
		status = explain_run(options, config);
	else
		status = check_report(config, options->action);
	config_free(config);
	return status;
}

/* --root, whose configuration is in memory. */
static int main_root(const struct options *options, struct config_source *source, char *const *argv)
{
	char room[PATH_MAX_BYTES + 512];
	struct buf message = buf_fixed(room, sizeof room);
	struct arena arena;
	int status;

	arena_init(&arena, NULL);
	if (root_source(options, &arena, source, &message, &status))
		status = main_act(options, source, argv);
	else
		main_usage(&message);
	arena_end(&arena);
	return status;
}

int main(int argc, char **argv)
{
	char room[512];
	struct buf message = buf_fixed(room, sizeof room);
	struct config_source source = { .names = &vars_names };
	struct options options;

	if (main_fill_standard_streams() != 0)
		return 1;
	if (!options_parse(argc, argv, &options, &message))
		return main_usage(&message);
	if (options.action == OPTIONS_HELP)
		return main_help();
	if (options.action == OPTIONS_VERSION)
		return puts("webserv/" WEBSERV_VERSION) < 0 ? 1 : 0;
	if (options.root)
		return main_root(&options, &source, argv);
	source.path = options.config;
	source.prefix = options.prefix;
	return main_act(&options, &source, argv);
}
