#include "net/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

const struct io_calls io_system = {
	.recv = recv,
	.send = send,
	.sendmsg = sendmsg,
	.recvmsg = recvmsg,
	.sendfile = sendfile,
	.read = read,
	.write = write,
	.pread = pread,
	.accept4 = accept4,
	.pipe2 = pipe2,
	.fstatvfs = fstatvfs,
};

const struct io_calls *io_active = &io_system;

/* A signal without SA_RESTART may end any of these early; nothing was moved then, so they are repeated. */
#define RETRY(call)                                    \
	do {                                           \
		ssize_t result_;                       \
		do                                     \
			result_ = (call);              \
		while (result_ < 0 && errno == EINTR); \
		return result_;                        \
	} while (0)

ssize_t io_recv(int fd, void *data, size_t len, int flags)
{
	RETRY(io_active->recv(fd, data, len, flags));
}

ssize_t io_send(int fd, const struct iovec *vectors, size_t count, bool more)
{
	struct msghdr message = { .msg_iov = (struct iovec *)vectors, .msg_iovlen = count };
	int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);

	/* One piece, as most answers are: the kernel need not copy and check a message header. */
	if (count == 1)
		RETRY(io_active->send(fd, vectors->iov_base, vectors->iov_len, flags));
	RETRY(io_active->sendmsg(fd, &message, flags));
}

ssize_t io_sendfile(int out, int in, off_t *offset, size_t len)
{
	RETRY(io_active->sendfile(out, in, offset, len));
}

ssize_t io_read(int fd, void *data, size_t len)
{
	RETRY(io_active->read(fd, data, len));
}

ssize_t io_write(int fd, const void *data, size_t len)
{
	RETRY(io_active->write(fd, data, len));
}

ssize_t io_pread(int fd, void *data, size_t len, off_t offset)
{
	RETRY(io_active->pread(fd, data, len, offset));
}

int io_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = io_write(fd, at, len);

		if (n < 0)
			return -1;
		if (n == 0) {
			errno = ENOSPC;
			return -1;
		}
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int io_accept(int fd, struct sockaddr *address, socklen_t *len)
{
	int client;

	do
		client = io_active->accept4(fd, address, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (client < 0 && errno == EINTR);
	return client;
}

int io_pipe(int ends[2])
{
	return io_active->pipe2(ends, O_CLOEXEC);
}

int io_fstatvfs(int fd, struct statvfs *fs)
{
	int result;

	do
		result = io_active->fstatvfs(fd, fs);
	while (result < 0 && errno == EINTR);
	return result;
}

bool io_would_block(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK;
}

int io_nonblocking(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -1;
	return fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}
