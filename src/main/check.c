#include "main/check.h"

#include "net/io.h"

#include <stdio.h>
#include <unistd.h>

/* Text that grows as needed, written in one piece. */
static int check_write(int fd, const struct buf *text)
{
	if (!text->failed && io_write_all(fd, text->ptr, text->len) == 0)
		return 0;
	fprintf(stderr, "webserv: the output could not be written\n");
	return 1;
}

struct config *check_load(const struct config_source *source)
{
	struct arena arena;
	struct config *config;
	struct diag diag;
	struct buf text;

	arena_init(&arena, NULL);
	diag_init(&diag);
	config = config_load(source, &diag);
	text = buf_in_arena(&arena, 4096);
	diag_print(&diag, &text, isatty(STDERR_FILENO) == 1);
	check_write(STDERR_FILENO, &text);
	if (!config && diag.errors == 0)
		fprintf(stderr, "webserv: out of memory\n");
	diag_end(&diag);
	arena_end(&arena);
	return config;
}

int check_report(const struct config *config, bool dump)
{
	struct arena arena;
	struct buf text;
	int status;

	arena_init(&arena, NULL);
	text = buf_in_arena(&arena, 4096);
	if (dump) {
		config_dump(config, &text);
	} else {
		buf_format(&text, "%.*s: ok\n", STR_ARG(config->path));
		for (size_t i = 0; i < config->files.count; i++)
			buf_format(&text, "  read %.*s\n", STR_ARG(config->files.items[i]));
	}
	status = check_write(STDOUT_FILENO, &text);
	arena_end(&arena);
	return status;
}
