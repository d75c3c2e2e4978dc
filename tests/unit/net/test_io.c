#include "net/io.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Every call is interrupted this often, and then does its work, at most `most` bytes of it. */
static unsigned interruptions, calls;
static size_t most;

static bool interrupted(void)
{
	calls++;
	if (interruptions == 0)
		return false;
	interruptions--;
	errno = EINTR;
	return true;
}

static size_t cut(size_t len)
{
	return most > 0 && len > most ? most : len;
}

static ssize_t tired_recv(int fd, void *data, size_t len, int flags)
{
	return interrupted() ? -1 : recv(fd, data, cut(len), flags);
}

static ssize_t tired_send(int fd, const void *data, size_t len, int flags)
{
	return interrupted() ? -1 : send(fd, data, cut(len), flags);
}

static ssize_t tired_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return interrupted() ? -1 : sendmsg(fd, message, flags);
}

static ssize_t tired_sendfile(int out, int in, off_t *offset, size_t len)
{
	return interrupted() ? -1 : io_system.sendfile(out, in, offset, cut(len));
}

static ssize_t tired_read(int fd, void *data, size_t len)
{
	return interrupted() ? -1 : read(fd, data, cut(len));
}

static ssize_t tired_write(int fd, const void *data, size_t len)
{
	return interrupted() ? -1 : write(fd, data, cut(len));
}

static ssize_t tired_pread(int fd, void *data, size_t len, off_t offset)
{
	return interrupted() ? -1 : pread(fd, data, cut(len), offset);
}

static int tired_accept(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	return interrupted() ? -1 : accept4(fd, address, len, flags);
}

static const struct io_calls tired = {
	.recv = tired_recv,
	.send = tired_send,
	.sendmsg = tired_sendmsg,
	.sendfile = tired_sendfile,
	.read = tired_read,
	.write = tired_write,
	.pread = tired_pread,
	.accept4 = tired_accept,
	.pipe2 = pipe2,
};

static int file, ends[2];
static char room[64];

static ssize_t try_recv(void)
{
	return io_recv(ends[0], room, 5, 0);
}

static ssize_t try_send_one(void)
{
	struct iovec v = { (char[]){ "hello" }, 5 };

	return io_send(ends[0], &v, 1, false);
}

static ssize_t try_send_two(void)
{
	struct iovec v[2] = { { (char[]){ "hel" }, 3 }, { (char[]){ "lo" }, 2 } };

	return io_send(ends[0], v, 2, false);
}

static ssize_t try_sendfile(void)
{
	off_t offset = 0;

	return io_sendfile(ends[0], file, &offset, 5);
}

static ssize_t try_read(void)
{
	return io_read(file, room, 5);
}

static ssize_t try_write(void)
{
	return io_write(ends[0], "hello", 5);
}

static ssize_t try_pread(void)
{
	return io_pread(file, room, 5, 0);
}

static const struct {
	const char *name;
	ssize_t (*call)(void);
} wrappers[] = {
	{ "recv", try_recv },
	{ "send of one piece", try_send_one },
	{ "send of two", try_send_two },
	{ "sendfile", try_sendfile },
	{ "read", try_read },
	{ "write", try_write },
	{ "pread", try_pread },
};

static void set_up(void)
{
	char name[] = "/tmp/io-XXXXXX";

	file = mkstemp(name);
	unlink(name);
	cr_assert(write(file, "hello world", 11) == 11 && lseek(file, 0, SEEK_SET) == 0);
	cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	cr_assert(write(ends[1], "hello", 5) == 5);
}

static void tear_down(void)
{
	io_active = &io_system;
	close(file);
	close(ends[0]);
	close(ends[1]);
}

Test(io, a_signal_is_not_an_error)
{
	for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++) {
		set_up();
		io_active = &tired;
		interruptions = 3;
		calls = 0;
		cr_expect(eq(i32, (int)wrappers[i].call(), 5), "%s", wrappers[i].name);
		cr_expect(eq(u32, calls, 4), "%s: repeated as often as it was interrupted",
		          wrappers[i].name);
		tear_down();
	}
}

Test(io, other_errors_are_passed_on_at_once)
{
	set_up();
	io_active = &tired;
	cr_assert(eq(i32, (int)try_recv(), 5));
	calls = 0;
	cr_expect(eq(i32, (int)try_recv(), -1));
	cr_expect(io_would_block(errno));
	cr_expect(eq(u32, calls, 1));
	close(ends[1]);
	cr_expect(eq(i32, (int)try_send_one(), -1), "nobody listens, and no SIGPIPE");
	cr_expect(eq(i32, errno, EPIPE));
	cr_expect(eq(i32, (int)try_send_two(), -1));
	cr_expect(not(io_would_block(errno)));
	tear_down();
}

Test(io, write_all_writes_in_as_many_calls_as_it_takes)
{
	set_up();
	io_active = &tired;
	most = 3;
	interruptions = 2;
	calls = 0;
	cr_expect(eq(i32, io_write_all(file, "0123456789", 10), 0));
	cr_expect(eq(u32, calls, 6), "two interruptions, then 3, 3, 3 and 1 bytes");
	most = 0;
	cr_assert(pread(file, room, 11, 0) == 11);
	cr_expect(memcmp(room, "0123456789d", 11) == 0);
	cr_expect(eq(i32, io_write_all(file, "", 0), 0));
	cr_expect(eq(i32, io_write_all(-1, "x", 1), -1));
	cr_expect(eq(i32, errno, EBADF));
	tear_down();
}

Test(io, sendfile_moves_its_offset_by_what_was_sent)
{
	off_t offset = 6;

	set_up();
	cr_expect(eq(i32, (int)io_sendfile(ends[0], file, &offset, 100), 5));
	cr_expect(eq(i64, (int64_t)offset, 11));
	cr_expect(eq(i32, (int)io_sendfile(ends[0], file, &offset, 100), 0), "the file's end");
	tear_down();
}

Test(io, pipes_and_flags)
{
	int pipe_ends[2];

	cr_assert(io_pipe(pipe_ends) == 0);
	cr_expect(0 != (fcntl(pipe_ends[0], F_GETFD) & FD_CLOEXEC));
	cr_expect(eq(i32, fcntl(pipe_ends[0], F_GETFL) & O_NONBLOCK, 0));
	cr_expect(eq(i32, io_nonblocking(pipe_ends[0], true), 0));
	cr_expect(0 != (fcntl(pipe_ends[0], F_GETFL) & O_NONBLOCK));
	cr_expect(eq(i32, io_nonblocking(pipe_ends[0], false), 0));
	cr_expect(eq(i32, fcntl(pipe_ends[0], F_GETFL) & O_NONBLOCK, 0));
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	cr_expect(eq(i32, io_nonblocking(pipe_ends[0], true), -1));
}
