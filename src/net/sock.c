#include "net/sock.h"

#include "net/io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { SOCK_DEFER_SECONDS = 10 };

static void sock_set(int fd, int level, int option, int value)
{
	/* None of these is needed for correctness; where the kernel lacks one, things are only slower. */
	setsockopt(fd, level, option, &value, sizeof value);
}

void sock_share_port(int fd)
{
	sock_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
}

/* Whether a Unix socket file is one that nobody listens on any more. */
static bool sock_is_stale(const struct sockaddr *address, socklen_t len)
{
	const char *path = ((const struct sockaddr_un *)(const void *)address)->sun_path;
	struct stat st;
	int probe;
	bool stale;

	if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return false;
	stale = connect(probe, address, len) != 0 && errno == ECONNREFUSED;
	close(probe);
	return stale;
}

static int sock_bind(int fd, const struct sock_spec *spec)
{
	if (bind(fd, spec->address, spec->address_len) == 0)
		return 0;
	if (errno != EADDRINUSE || spec->address->sa_family != AF_UNIX)
		return -1;
	if (!sock_is_stale(spec->address, spec->address_len)) {
		errno = EADDRINUSE;
		return -1;
	}
	unlink(((const struct sockaddr_un *)(const void *)spec->address)->sun_path);
	return bind(fd, spec->address, spec->address_len);
}

int sock_listen(const struct sock_spec *spec)
{
	int family = spec->address->sa_family, error;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (family != AF_UNIX) {
		/* Without it a restart fails while connections of the last life are in TIME_WAIT. */
		sock_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
		sock_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	}
	if (family == AF_INET6)
		sock_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, spec->ipv6only);
	if (spec->reuseport)
		sock_share_port(fd);
	if (sock_bind(fd, spec) != 0 || listen(fd, spec->backlog) != 0)
		goto fail;
	if (spec->deferred && family != AF_UNIX)
		sock_set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, SOCK_DEFER_SECONDS);
	return fd;

fail:
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

void sock_print(const struct sockaddr *address, socklen_t len, struct buf *out)
{
	char text[INET6_ADDRSTRLEN];
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;
	const struct sockaddr_un *local = (const void *)address;

	switch (address->sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
		buf_format(out, "%s:%u", text, ntohs(v4->sin_port));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
		buf_format(out, "[%s]:%u", text, ntohs(v6->sin6_port));
		break;
	default:
		buf_text(out, "unix:");
		if (len > offsetof(struct sockaddr_un, sun_path))
			buf_text(out, local->sun_path);
	}
}

void sock_print_name(int fd, struct buf *out)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof address;

	if (getsockname(fd, (struct sockaddr *)&address, &len) == 0)
		sock_print((struct sockaddr *)&address, len, out);
}

unsigned sock_backlog_length(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof info;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return 1;
	/* On a listener tcpi_unacked is the length of its accept queue. */
	return info.tcpi_unacked;
}

bool sock_taken(int fd, int64_t *taken, bool *is_total)
{
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof memory;
	struct tcp_info info = { 0 };
	socklen_t info_len = sizeof info;

	*is_total = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_len) == 0;
	if (*is_total) {
		*taken = (int64_t)info.tcpi_bytes_acked;
		return info_len >=
		       offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &len) != 0)
		return false;
	*taken = -(int64_t)memory[SK_MEMINFO_WMEM_ALLOC];
	return true;
}

void peer_from(struct peer *peer, const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;

	*peer = (struct peer){ .family = AF_UNIX };
	if (address->sa_family == AF_INET) {
		peer->family = AF_INET;
		peer->port = ntohs(v4->sin_port);
		memcpy(peer->bytes, &v4->sin_addr, 4);
	} else if (address->sa_family == AF_INET6) {
		bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);

		peer->family = mapped ? AF_INET : AF_INET6;
		peer->port = ntohs(v6->sin6_port);
		memcpy(peer->bytes, v6->sin6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
	}
}

void peer_print(const struct peer *peer, struct buf *out)
{
	char text[INET6_ADDRSTRLEN];

	if (peer->family == AF_UNIX)
		buf_text(out, "unix:");
	else if (inet_ntop(peer->family, peer->bytes, text, sizeof text))
		buf_text(out, text);
}

int sock_channel(int ends[2])
{
	int size = 1 << 20;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	/* A message carries a program's whole environment; the default of 208 KiB would be enough for few. */
	for (int i = 0; i < 2; i++)
		sock_set(ends[i], SOL_SOCKET, SO_SNDBUF, size);
	return 0;
}

/* The room for descriptors beside a message, aligned as the kernel wants it. */
union sock_control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int) * SOCK_MESSAGE_FDS)];
};

int sock_send_message(int channel, const void *data, size_t len, const int *fds, size_t fd_count)
{
	union sock_control control = { 0 };
	struct iovec vector = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	ssize_t n;

	if (fd_count > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * fd_count);
	}
	do
		n = io_active->sendmsg(channel, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

static size_t sock_take_fds(struct msghdr *message, int *fds, size_t room)
{
	size_t count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fd;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
			if (count < room)
				fds[count++] = fd;
			else
				close(fd);
		}
	}
	return count;
}

ssize_t sock_receive_message(int channel, void *data, size_t cap, int *fds, size_t *fd_count)
{
	union sock_control control;
	struct iovec vector = { .iov_base = data, .iov_len = cap };
	struct msghdr message = { .msg_iov = &vector,
		                  .msg_iovlen = 1,
		                  .msg_control = &control,
		                  .msg_controllen = sizeof control };
	size_t room = *fd_count;
	ssize_t n;

	*fd_count = 0;
	do
		n = io_active->recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	*fd_count = sock_take_fds(&message, fds, room);
	if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		while (*fd_count > 0)
			close(fds[--*fd_count]);
		errno = EMSGSIZE;
		return -1;
	}
	return n;
}
