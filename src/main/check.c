#include "main/check.h"

#include "net/io.h"
#include "server/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { CHECK_FAILED = 2 };

/* Text that grows as needed, written in one piece. */
static int check_write(int fd, const struct buf *text)
{
	if (!text->failed && io_write_all(fd, text->ptr, text->len) == 0)
		return 0;
	fprintf(stderr, "webserv: the output could not be written\n");
	return 1;
}

struct config *check_load(const struct config_source *source, enum options_action action)
{
	struct arena arena;
	struct config *config;
	struct diag diag;
	struct buf text;

	arena_init(&arena, NULL);
	diag_init(&diag);
	config = config_load(source, &diag);
	text = buf_in_arena(&arena, 4096);
	if (!config || action != OPTIONS_EXPLAIN)
		diag_print(&diag, &text, isatty(STDERR_FILENO) == 1);
	check_write(STDERR_FILENO, &text);
	if (!config && diag.errors == 0)
		fprintf(stderr, "webserv: out of memory\n");
	diag_end(&diag);
	arena_end(&arena);
	return config;
}

/*
 * Whether this machine has the address and we may use the port. Nothing is bound to the port itself: a
 * server that runs on it is no fault. Port 0 stands in where it may be.
 */
static bool check_address(const struct listener_conf *l)
{
	union address probe = l->address;
	bool is_v6 = probe.any.sa_family == AF_INET6;
	in_port_t *port = is_v6 ? &probe.v6.sin6_port : &probe.v4.sin_port;
	bool good;
	int fd;

	if (probe.any.sa_family == AF_UNIX)
		return true;
	if (ntohs(*port) >= IPPORT_RESERVED || geteuid() == 0)
		*port = 0;
	fd = socket(probe.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	good = fd >= 0 && (bind(fd, &probe.any, l->address_len) == 0 || errno == EADDRINUSE);
	/* Without IPv6 the others are served; the start says so. */
	if (!good && !(is_v6 && (fd < 0 || IN6_IS_ADDR_UNSPECIFIED(&probe.v6.sin6_addr))))
		fprintf(stderr, "webserv: %s can't be listened on: %s\n", l->text.ptr,
		        strerror(errno));
	else
		good = true;
	if (fd >= 0)
		close(fd);
	return good;
}

static bool check_addresses(const struct config *config)
{
	bool good = true;

	for (size_t i = 0; i < config->listeners.len; i++)
		good &= check_address(config->listeners.items[i]);
	return good;
}

static void check_list_files(const struct config *config, struct buf *text)
{
	buf_format(text, "%.*s: ok\n", STR_ARG(config->path));
	for (size_t i = 0; i < config->files.count; i++)
		buf_format(text, "  read %.*s\n", STR_ARG(config->files.items[i]));
}

int check_report(const struct config *config, enum options_action action)
{
	bool is_dump = action == OPTIONS_DUMP;
	struct buf summary, text;
	struct arena arena;
	int status;

	if (!check_addresses(config))
		return CHECK_FAILED;
	arena_init(&arena, NULL);
	summary = buf_in_arena(&arena, 512);
	text = buf_in_arena(&arena, 4096);
	check_list_files(config, &summary);
	if (is_dump) {
		config_dump(config, &text);
		sandbox_describe(config, &text);
	}
	/* What -T prints to stdout is a configuration and nothing else. */
	status = check_write(is_dump ? STDERR_FILENO : STDOUT_FILENO, &summary);
	if (status == 0)
		status = check_write(STDOUT_FILENO, &text);
	arena_end(&arena);
	return status;
}
