#ifndef NET_IO_H
#define NET_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/uio.h>

/*
 * The system calls through which bytes come and go, as one table, so that a test can make any of them
 * fail, run short or be interrupted. Everything in server/ and handlers/ that moves bytes calls these.
 * The wrappers below repeat a call that a signal interrupted (EINTR) and change nothing else.
 */
struct io_calls {
	ssize_t (*recv)(int fd, void *data, size_t len, int flags);
	ssize_t (*send)(int fd, const void *data, size_t len, int flags);
	ssize_t (*sendmsg)(int fd, const struct msghdr *message, int flags);
	ssize_t (*recvmsg)(int fd, struct msghdr *message, int flags);
	ssize_t (*sendfile)(int out, int in, off_t *offset, size_t len);
	ssize_t (*read)(int fd, void *data, size_t len);
	ssize_t (*write)(int fd, const void *data, size_t len);
	ssize_t (*pread)(int fd, void *data, size_t len, off_t offset);
	int (*accept4)(int fd, struct sockaddr *address, socklen_t *len, int flags);
	int (*pipe2)(int ends[2], int flags);
	int (*fstatvfs)(int fd, struct statvfs *fs);
};

/* The kernel's own; a test points this at a table of its own and back. */
extern const struct io_calls io_system;
extern const struct io_calls *io_active;

ssize_t io_recv(int fd, void *data, size_t len, int flags);

/* Sends what the vectors hold, with MSG_NOSIGNAL; more: further bytes follow at once (MSG_MORE). */
ssize_t io_send(int fd, const struct iovec *vectors, size_t count, bool more);

/* Advances *offset by what was sent. 0: the file ended. */
ssize_t io_sendfile(int out, int in, off_t *offset, size_t len);

ssize_t io_read(int fd, void *data, size_t len);
ssize_t io_write(int fd, const void *data, size_t len);
ssize_t io_pread(int fd, void *data, size_t len, off_t offset);

/* Writes all of it to a regular file at its current position, in as many calls as it takes. 0, or -1 and errno. */
int io_write_all(int fd, const void *data, size_t len);

/* A non-blocking, close-on-exec socket, or -1. */
int io_accept(int fd, struct sockaddr *address, socklen_t *len);

/* A pipe, both ends close-on-exec and blocking. 0, or -1 and errno. */
int io_pipe(int ends[2]);

/* What the file system that fd lies on says of itself. 0, or -1 and errno. */
int io_fstatvfs(int fd, struct statvfs *fs);

/* True for the errno of a non-blocking call that would have to wait. */
bool io_would_block(int error);

/* Sets or clears O_NONBLOCK. 0, or -1 and errno. */
int io_nonblocking(int fd, bool on);

#endif
