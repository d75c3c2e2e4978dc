#include "net/sock.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static size_t descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

union any_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

static socklen_t address_of(const char *text, union any_address *a)
{
	memset(a, 0, sizeof *a);
	if (inet_pton(AF_INET, text, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons(8080);
		return sizeof a->v4;
	}
	if (inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons(8080);
		return sizeof a->v6;
	}
	a->local.sun_family = AF_UNIX;
	snprintf(a->local.sun_path, sizeof a->local.sun_path, "%s", text);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(text) + 1);
}

static const struct {
	const char *name, *address, *printed, *peer;
	uint16_t port;
} addresses[] = {
	{ "IPv4", "192.0.2.1", "192.0.2.1:8080", "192.0.2.1", 8080 },
	{ "the greatest", "255.255.255.255", "255.255.255.255:8080", "255.255.255.255", 8080 },
	{ "IPv6 in brackets, where there is a port", "2001:db8::1", "[2001:db8::1]:8080",
	  "2001:db8::1", 8080 },
	{ "loopback", "::1", "[::1]:8080", "::1", 8080 },
	{ "IPv4 in IPv6: the peer is the IPv4 one", "::ffff:192.0.2.7", "[::ffff:192.0.2.7]:8080",
	  "192.0.2.7", 8080 },
	{ "a path", "/run/x.sock", "unix:/run/x.sock", "unix:", 0 },
};

Test(sock, addresses_in_words)
{
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		char room[128];
		struct buf b = buf_fixed(room, sizeof room);
		union any_address a;
		struct peer peer;

		sock_print(&a.any, address_of(addresses[i].address, &a), &b);
		cr_expect(str_eq(buf_str(&b), str_from(addresses[i].printed)), "%s: %.*s",
		          addresses[i].name, STR_ARG(buf_str(&b)));
		b.len = 0;
		peer_from(&peer, &a.any);
		peer_print(&peer, &b);
		cr_expect(str_eq(buf_str(&b), str_from(addresses[i].peer)), "%s: %.*s",
		          addresses[i].name, STR_ARG(buf_str(&b)));
		cr_expect(eq(u16, peer.port, addresses[i].port), "%s", addresses[i].name);
	}
}

Test(sock, a_listener_takes_connections_and_counts_those_that_wait)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sock_spec spec = { .address = (struct sockaddr *)(void *)&a,
		                  .address_len = sizeof a,
		                  .backlog = 8 };
	socklen_t len = sizeof a;
	char room[64];
	struct buf b = buf_fixed(room, sizeof room);
	int fd = sock_listen(&spec), clients[3];

	cr_assert(ge(i32, fd, 0));
	cr_expect(0 != (fcntl(fd, F_GETFL) & O_NONBLOCK), "it does not block");
	cr_expect(0 != (fcntl(fd, F_GETFD) & FD_CLOEXEC), "no program inherits it");
	sock_print_name(fd, &b);
	cr_expect(not(str_ends_with(buf_str(&b), STR_OF(":0"))), "the real port: %.*s",
	          STR_ARG(buf_str(&b)));
	cr_assert(getsockname(fd, (struct sockaddr *)(void *)&a, &len) == 0);
	cr_expect(eq(u32, sock_backlog_length(fd), 0));
	for (int i = 0; i < 3; i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		cr_assert(connect(clients[i], (struct sockaddr *)(void *)&a, sizeof a) == 0);
	}
	cr_expect(eq(u32, sock_backlog_length(fd), 3));
	errno = 0;
	cr_expect(eq(i32, sock_listen(&spec), -1), "a port is taken once");
	cr_expect(eq(i32, errno, EADDRINUSE));
	for (int i = 0; i < 3; i++)
		close(clients[i]);
	close(fd);
}

Test(sock, a_stale_socket_file_is_replaced_a_live_one_and_any_other_file_are_not)
{
	char dir[] = "/tmp/sock-XXXXXX", path[64];
	union any_address a;
	struct sock_spec spec = { .address = &a.any, .backlog = 8 };
	int first, second;

	cr_assert(mkdtemp(dir) != NULL);
	snprintf(path, sizeof path, "%s/s", dir);
	spec.address_len = address_of(path, &a);
	first = sock_listen(&spec);
	cr_assert(ge(i32, first, 0));
	cr_expect(eq(i32, sock_listen(&spec), -1), "somebody answers there");
	cr_expect(eq(i32, errno, EADDRINUSE));
	close(first);
	second = sock_listen(&spec);
	cr_expect(ge(i32, second, 0), "nobody answers any more");
	close(second);
	unlink(path);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	cr_expect(eq(i32, sock_listen(&spec), -1), "a file that is no socket is somebody's");
	cr_expect(eq(i32, errno, EADDRINUSE));
	cr_expect(access(path, F_OK) == 0, "and stays");
	unlink(path);
	rmdir(dir);
}

Test(sock, messages_keep_their_bounds_and_carry_descriptors)
{
	size_t before = descriptors(), count;
	int ends[2], fds[SOCK_MESSAGE_FDS], given[SOCK_MESSAGE_FDS + 1];
	char room[16];

	cr_assert(sock_channel(ends) == 0);
	for (int i = 0; i <= SOCK_MESSAGE_FDS; i++)
		given[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	cr_assert(sock_send_message(ends[0], "one", 3, NULL, 0) == 0);
	cr_assert(sock_send_message(ends[0], "three", 5, given, 3) == 0);
	cr_assert(sock_send_message(ends[0], "all", 3, given, SOCK_MESSAGE_FDS) == 0);
	count = SOCK_MESSAGE_FDS;
	cr_expect(eq(i32, (int)sock_receive_message(ends[1], room, sizeof room, fds, &count), 3));
	cr_expect(eq(sz, count, 0), "none came with it");
	count = SOCK_MESSAGE_FDS;
	cr_expect(eq(i32, (int)sock_receive_message(ends[1], room, sizeof room, fds, &count), 5));
	cr_assert(eq(sz, count, 3));
	cr_expect(memcmp(room, "three", 5) == 0);
	for (size_t i = 0; i < 3; i++) {
		cr_expect(0 != (fcntl(fds[i], F_GETFD) & FD_CLOEXEC), "no program inherits it");
		close(fds[i]);
	}
	count = 2;
	cr_expect(eq(i32, (int)sock_receive_message(ends[1], room, sizeof room, fds, &count), 3));
	cr_expect(eq(sz, count, 2), "as many as there is room for, and the others are closed");
	close(fds[0]);
	close(fds[1]);
	for (int i = 0; i <= SOCK_MESSAGE_FDS; i++)
		close(given[i]);
	close(ends[0]);
	cr_expect(eq(i32, (int)sock_receive_message(ends[1], room, sizeof room, fds, &count), 0),
	          "the other end is closed");
	close(ends[1]);
	cr_expect(eq(sz, descriptors(), before), "no descriptor is lost");
}

Test(sock, a_message_that_does_not_fit_is_refused_whole)
{
	size_t before = descriptors(), count = SOCK_MESSAGE_FDS;
	int ends[2], fds[SOCK_MESSAGE_FDS];
	char room[4];

	cr_assert(sock_channel(ends) == 0);
	cr_assert(sock_send_message(ends[0], "too long", 8, ends, 2) == 0);
	cr_assert(sock_send_message(ends[0], "next", 4, NULL, 0) == 0);
	cr_expect(eq(i32, (int)sock_receive_message(ends[1], room, sizeof room, fds, &count), -1));
	cr_expect(eq(i32, errno, EMSGSIZE));
	cr_expect(eq(sz, count, 0), "its descriptors are closed");
	count = SOCK_MESSAGE_FDS;
	cr_expect(eq(i32, (int)sock_receive_message(ends[1], room, sizeof room, fds, &count), 4),
	          "and the next one is whole");
	count = 0;
	cr_expect(eq(i32, (int)sock_receive_message(ends[1], room, sizeof room, fds, &count), -1));
	cr_expect(eq(i32, errno, EAGAIN), "nothing more");
	close(ends[0]);
	close(ends[1]);
	cr_expect(eq(sz, descriptors(), before));
}

Test(sock, a_full_channel_says_so_and_a_dead_one_kills_nobody)
{
	static char text[10000];
	int ends[2], sent = 0;

	cr_assert(sock_channel(ends) == 0);
	while (sock_send_message(ends[0], text, sizeof text, NULL, 0) == 0)
		sent++;
	cr_expect(eq(i32, errno, EAGAIN));
	cr_expect(ge(i32, sent, 10));
	close(ends[1]);
	cr_expect(eq(i32, sock_send_message(ends[0], text, 1, NULL, 0), -1),
	          "what was sent is lost");
	cr_expect(eq(i32, sock_send_message(ends[0], text, 1, NULL, 0), -1));
	cr_expect(eq(i32, errno, EPIPE), "and no SIGPIPE");
	close(ends[0]);
}

/* ---- what the other end has taken ----------------------------------------------------------------------- */

/* A connected pair on the loopback interface; ends[0] does not block. */
static void tcp_pair(int ends[2])
{
	union any_address a;
	socklen_t len = address_of("127.0.0.1", &a);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	a.v4.sin_port = 0;
	cr_assert(bind(listener, &a.any, len) == 0 && listen(listener, 1) == 0 &&
	          getsockname(listener, &a.any, &len) == 0);
	ends[1] = socket(AF_INET, SOCK_STREAM, 0);
	cr_assert(connect(ends[1], &a.any, len) == 0);
	ends[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	cr_assert(ends[0] >= 0);
	close(listener);
}

/* Sends until there is no room. */
static int64_t fill(int fd)
{
	static char bytes[1 << 16];
	int64_t sent = 0;
	ssize_t n;

	while ((n = send(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
		sent += n;
	return sent;
}

static void check_taken(int ends[2], bool expect_total)
{
	static char room[1 << 20];
	int64_t before, still, after, sent;
	bool is_total;

	sent = fill(ends[0]);
	usleep(20000);
	sent += fill(ends[0]);
	usleep(20000);
	cr_assert(sock_taken(ends[0], &before, &is_total));
	cr_expect(eq(int, is_total, expect_total));
	cr_assert(sock_taken(ends[0], &still, &is_total));
	cr_expect(eq(i64, still, before), "nothing was read");
	cr_expect(gt(i64, recv(ends[1], room, sizeof room, 0), 0));
	for (int i = 0; i < 100; i++) {
		usleep(1000);
		cr_assert(sock_taken(ends[0], &after, &is_total));
		if (after > before)
			break;
	}
	cr_expect(gt(i64, after, before), "something was");
	cr_expect(le(i64, after, sent + 1), "but not more than was sent");
	close(ends[0]);
	close(ends[1]);
}

Test(sock, tells_what_the_other_end_has_taken)
{
	int ends[2];

	tcp_pair(ends);
	check_taken(ends, true);
	cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	check_taken(ends, false);
	cr_expect(not(sock_taken(-1, &(int64_t){ 0 }, &(bool){ false })));
}
