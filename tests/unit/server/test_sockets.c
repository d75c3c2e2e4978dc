#include "server/sockets.h"

#include "base/log.h"
#include "net/sock.h"
#include "server/socket_owner.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LISTENERS_MAX = 4 };

/* As much of a configuration as sockets_open() looks at. */
struct given {
	struct config config;
	struct listener_conf listeners[LISTENERS_MAX];
	struct listener_conf *pointers[LISTENERS_MAX];
	char texts[LISTENERS_MAX][80];
	int fds[LISTENERS_MAX];
};

static char directory[] = "/tmp/webserv-sockets-XXXXXX";

static void be_quiet(void)
{
	log_main->fd = -1;
}

TestSuite(sockets, .init = be_quiet);

static struct listener_conf *give(struct given *g)
{
	size_t i = g->config.listeners.len++;

	g->pointers[i] = &g->listeners[i];
	g->config.listeners.items = g->pointers;
	g->listeners[i].backlog = 16;
	g->listeners[i].ipv6only = true;
	g->listeners[i].text.ptr = g->texts[i];
	return &g->listeners[i];
}

static void give_v4(struct given *g, const char *host, uint16_t port)
{
	struct listener_conf *l = give(g);

	l->address.v4.sin_family = AF_INET;
	l->address.v4.sin_port = htons(port);
	inet_pton(AF_INET, host, &l->address.v4.sin_addr);
	l->address_len = sizeof l->address.v4;
	l->text.len = (size_t)snprintf((char *)l->text.ptr, 80, "%s:%u", host, port);
}

static void give_local(struct given *g, const char *path)
{
	struct listener_conf *l = give(g);

	l->address.local.sun_family = AF_UNIX;
	snprintf(l->address.local.sun_path, sizeof l->address.local.sun_path, "%s", path);
	l->address_len = sizeof l->address.local;
	l->text.len = (size_t)snprintf((char *)l->text.ptr, 80, "unix:%s", path);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t len = sizeof a;

	cr_assert(zero(int, getsockname(fd, (struct sockaddr *)&a, &len)));
	return ntohs(a.sin_port);
}

static bool is_listening(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		                 .sin_port = htons(port),
		                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool good = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;

	close(fd);
	return good;
}

Test(sockets, a_reload_takes_over_what_stays_and_closes_what_goes)
{
	struct given first = { 0 }, second = { 0 };
	struct sockets sockets;
	uint16_t stays, goes, comes;

	sockets_init(&sockets);
	give_v4(&first, "127.0.0.1", 0);
	give_v4(&first, "127.0.0.2", 0);
	cr_assert(zero(int, sockets_open(&sockets, &first.config, 1, first.fds)));
	sockets_keep(&sockets);
	stays = port_of(first.fds[0]);
	goes = port_of(first.fds[1]);
	give_v4(&second, "127.0.0.3", 0);
	give_v4(&second, "127.0.0.1", 0);
	cr_assert(zero(int, sockets_open(&sockets, &second.config, 1, second.fds)));
	cr_expect(eq(int, second.fds[1], first.fds[0]), "the same socket, by its address");
	comes = port_of(second.fds[0]);
	cr_expect(eq(u16, port_of(first.fds[1]), goes), "until it is in place nothing goes");
	sockets_keep(&sockets);
	cr_expect(is_listening(stays));
	cr_expect(ne(u16, comes, 0));
	cr_expect(eq(int, close(first.fds[1]), -1), "what the new one does not name is closed");
	sockets_close(&sockets, true);
	cr_expect(not(is_listening(stays)));
}

Test(sockets, a_reload_that_fails_changes_nothing)
{
	struct given first = { 0 }, second = { 0 };
	struct sockets sockets, foreign;
	struct given other = { 0 };
	uint16_t stays;

	sockets_init(&sockets);
	sockets_init(&foreign);
	give_v4(&other, "127.0.0.1", 0);
	cr_assert(zero(int, sockets_open(&foreign, &other.config, 1, other.fds)));
	give_v4(&first, "127.0.0.2", 0);
	cr_assert(zero(int, sockets_open(&sockets, &first.config, 1, first.fds)));
	sockets_keep(&sockets);
	stays = port_of(first.fds[0]);
	give_v4(&second, "127.0.0.3", 0);
	give_v4(&second, "127.0.0.1", port_of(other.fds[0]));
	cr_expect(eq(int, sockets_open(&sockets, &second.config, 1, second.fds), -1));
	cr_expect(eq(int, close(second.fds[0]), -1), "what was opened for it is closed again");
	cr_expect(eq(u16, port_of(first.fds[0]), stays));
	sockets_close(&sockets, true);
	sockets_close(&foreign, true);
}

Test(sockets, the_owner_of_an_address_is_found)
{
	struct given g = { 0 };
	struct sockets sockets;
	union address wanted;
	char text[100], mine[40], path[80];
	uint16_t port;

	cr_assert(mkdtemp(directory) != NULL);
	snprintf(path, sizeof path, "%s/a b.sock", directory);
	sockets_init(&sockets);
	give_v4(&g, "127.0.0.2", 0);
	give_local(&g, path);
	cr_assert(zero(int, sockets_open(&sockets, &g.config, 1, g.fds)));
	port = port_of(g.fds[0]);
	snprintf(mine, sizeof mine, "(process %ld)", (long)getpid());

	wanted.v4 = g.listeners[0].address.v4;
	wanted.v4.sin_port = htons(port);
	cr_expect(socket_owner(&wanted.any, text, sizeof text), "by the very address");
	cr_expect(strstr(text, mine) != NULL, "%s", text);
	wanted.v4.sin_addr.s_addr = 0;
	cr_expect(socket_owner(&wanted.any, text, sizeof text), "by one that takes it in");
	wanted.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_expect(not(socket_owner(&wanted.any, text, sizeof text)), "another address is free");
	cr_expect(socket_owner(&g.listeners[1].address.any, text, sizeof text), "a Unix socket");
	cr_expect(strstr(text, mine) != NULL, "%s", text);
	sockets_close(&sockets, true);
	rmdir(directory);
}

Test(sockets, a_stale_socket_file_is_replaced_and_a_live_one_is_not)
{
	struct given g = { 0 }, again = { 0 };
	struct sockets sockets, foreign;
	struct stat st;
	char path[80];

	cr_assert(mkdtemp(directory) != NULL);
	snprintf(path, sizeof path, "%s/x.sock", directory);
	sockets_init(&sockets);
	sockets_init(&foreign);
	give_local(&g, path);
	give_local(&again, path);
	cr_assert(zero(int, sockets_open(&foreign, &g.config, 1, g.fds)));
	cr_assert(zero(int, stat(path, &st)));
	cr_expect(eq(u32, st.st_mode & 0777, 0666), "everybody may connect");
	cr_expect(eq(int, sockets_open(&sockets, &again.config, 1, again.fds), -1), "live");
	sockets_close(&foreign, false);
	cr_expect(zero(int, sockets_open(&sockets, &again.config, 1, again.fds)), "stale");
	sockets_close(&sockets, true);
	cr_expect(ne(int, stat(path, &st), 0), "removed at the end");
	rmdir(directory);
}
