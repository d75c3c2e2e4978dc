#ifndef NET_SOCK_H
#define NET_SOCK_H

#include "base/buf.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/* What to listen on and how. */
struct sock_spec {
	const struct sockaddr *address;
	socklen_t address_len;
	int backlog;
	bool reuseport, ipv6only;
	bool deferred; /* TCP_DEFER_ACCEPT: wake us when the first bytes are there */
};

/*
 * socket, bind, listen: a non-blocking listening socket. TCP_NODELAY is set on it, which accepted
 * sockets inherit. A stale Unix socket file (nobody answers there) is replaced, a live one is EADDRINUSE.
 * The descriptor, or -1 and errno.
 */
int sock_listen(const struct sock_spec *spec);

/* SO_REUSEPORT: other sockets of this user may be bound to its port, and the kernel spreads connections. */
void sock_share_port(int fd);

/* "127.0.0.1:8080", "[::1]:8080", "unix:/run/x.sock": the address the socket is really bound to. */
void sock_print_name(int fd, struct buf *out);
void sock_print(const struct sockaddr *address, socklen_t len, struct buf *out);

/*
 * How many connections wait to be accepted, from TCP_INFO, so that accepting needs no call that finds
 * nothing (it costs 20 times a cheap one). 1 where the kernel won't say.
 */
unsigned sock_backlog_length(int fd);

/*
 * How much the other end has taken of what was sent. *is_total: counted since the connection began (TCP: what
 * was acknowledged); else it is minus what still waits, bookkeeping included, so that only a difference means
 * something, and only between two sends. False: the kernel does not say.
 */
bool sock_taken(int fd, int64_t *taken, bool *is_total);

/* A peer's address in the few bytes that a connection keeps of it. */
struct peer {
	uint8_t bytes[16]; /* network order; IPv4 uses the first four */
	uint16_t port;     /* host order */
	uint8_t family;    /* AF_INET, AF_INET6, AF_UNIX */
};

/* An IPv4-mapped IPv6 address becomes IPv4. */
void peer_from(struct peer *peer, const struct sockaddr *address);

/* "192.0.2.1", "2001:db8::1", "unix:" */
void peer_print(const struct peer *peer, struct buf *out);

/* A pair of connected message sockets (SOCK_SEQPACKET), close-on-exec and non-blocking. 0, or -1 and errno. */
int sock_channel(int ends[2]);

enum { SOCK_MESSAGE_FDS = 16 };

/* Sends one message and up to SOCK_MESSAGE_FDS descriptors over a channel. 0, or -1 and errno (EAGAIN: full; EMSGSIZE). */
int sock_send_message(int channel, const void *data, size_t len, const int *fds, size_t fd_count);

/*
 * Receives one message and its descriptors, close-on-exec. The length (0: the other end is closed), or
 * -1 and errno; a message that does not fit is EMSGSIZE and its descriptors are closed. *fd_count: the
 * room in, how many came out.
 */
ssize_t sock_receive_message(int channel, void *data, size_t cap, int *fds, size_t *fd_count);

#endif
