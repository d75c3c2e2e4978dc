#include "machine.h"

#include "base/clock.h"
#include "handlers/table.h"
#include "memory.h"
#include "server/logs.h"
#include "server/vars.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { MACHINE_TURNS = 200000, MACHINE_PIECE = 64 * 1024 };

/* ---- system calls that misbehave ----------------------------------------------------------------------- */

struct machine_io machine_io;

/* One more call; true where it is to fail now. */
static bool call_fails(const char *name)
{
	machine_io.calls++;
	if (machine_io.interrupts && machine_io.calls % 2 == 1) {
		errno = EINTR;
		return true;
	}
	if (machine_io.calls != machine_io.fail_at)
		return false;
	machine_io.failed = name;
	errno = machine_io.error;
	return true;
}

static size_t call_cut(size_t len, size_t max)
{
	return max > 0 && len > max ? max : len;
}

static ssize_t call_recv(int fd, void *data, size_t len, int flags)
{
	return call_fails("recv") ? -1 : recv(fd, data, call_cut(len, machine_io.recv_max), flags);
}

static ssize_t call_send(int fd, const void *data, size_t len, int flags)
{
	return call_fails("send") ? -1 : send(fd, data, call_cut(len, machine_io.send_max), flags);
}

static ssize_t call_sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct iovec first = *message->msg_iov;

	if (call_fails("sendmsg"))
		return -1;
	if (machine_io.send_max == 0)
		return sendmsg(fd, message, flags);
	return send(fd, first.iov_base, call_cut(first.iov_len, machine_io.send_max), flags);
}

static ssize_t call_recvmsg(int fd, struct msghdr *message, int flags)
{
	return call_fails("recvmsg") ? -1 : recvmsg(fd, message, flags);
}

static ssize_t call_sendfile(int out, int in, off_t *offset, size_t len)
{
	if (call_fails("sendfile"))
		return -1;
	if (machine_io.swallows) {
		*offset += (off_t)len;
		return (ssize_t)len;
	}
	return io_system.sendfile(out, in, offset, call_cut(len, machine_io.send_max));
}

static ssize_t call_read(int fd, void *data, size_t len)
{
	return call_fails("read") ? -1 : read(fd, data, len);
}

static ssize_t call_write(int fd, const void *data, size_t len)
{
	return call_fails("write") ? -1 : write(fd, data, len);
}

static ssize_t call_pread(int fd, void *data, size_t len, off_t offset)
{
	return call_fails("pread") ? -1 : pread(fd, data, len, offset);
}

static int call_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	return call_fails("accept4") ? -1 : accept4(fd, address, len, flags);
}

static int call_pipe2(int ends[2], int flags)
{
	return call_fails("pipe2") ? -1 : pipe2(ends, flags);
}

static int call_fstatvfs(int fd, struct statvfs *fs)
{
	return call_fails("fstatvfs") ? -1 : fstatvfs(fd, fs);
}

static const struct io_calls calls = {
	.recv = call_recv,
	.send = call_send,
	.sendmsg = call_sendmsg,
	.recvmsg = call_recvmsg,
	.sendfile = call_sendfile,
	.read = call_read,
	.write = call_write,
	.pread = call_pread,
	.accept4 = call_accept4,
	.pipe2 = call_pipe2,
	.fstatvfs = call_fstatvfs,
};

void machine_io_reset(void)
{
	machine_io = (struct machine_io){ 0 };
	io_active = &calls;
}

/* ---- set up -------------------------------------------------------------------------------------------- */

void machine_open(struct machine *m)
{
	*m = (struct machine){ .now = MACHINE_NOW, .wall = MACHINE_WALL };
	tree_open(&m->tree);
	arena_init(&m->arena, NULL);
	diag_init(&m->diag);
}

/* The text with the root in place of each %s. */
static const char *machine_text(struct machine *m, const char *config)
{
	struct buf b = buf_in_arena(&m->arena, 4096);
	const char *mark;

	buf_text(&b, "error_log ");
	buf_text(&b, m->tree.root);
	buf_text(&b, "/error.log debug; ");
	while ((mark = strstr(config, "%s"))) {
		buf_add(&b, str_make(config, (size_t)(mark - config)));
		buf_text(&b, m->tree.root);
		config = mark + 2;
	}
	buf_text(&b, config);
	buf_byte(&b, '\0');
	return b.ptr;
}

static void machine_load(struct machine *m, const char *config)
{
	struct config_source source = { .path = "test.conf",
		                        .text = machine_text(m, config),
		                        .names = &vars_names };
	struct buf why = buf_in_arena(&m->arena, 1024);

	m->config = config_load(&source, &m->diag);
	diag_print(&m->diag, &why, false);
	cr_assert(m->config != NULL, "the configuration is wrong:\n%.*s", STR_ARG(buf_str(&why)));
	cr_assert(logs_open(m->config) == 0);
	logs_use(m->config);
}

void machine_start(struct machine *m, const char *config)
{
	int listeners[8] = { -1, -1, -1, -1, -1, -1, -1, -1 };
	struct worker_start start = {
		.handlers = &handlers_table,
		.listeners = listeners,
		.control = -1,
		.launcher = -1,
		.verifier = -1,
	};

	clock_set(m->now, m->wall);
	machine_load(m, config);
	start.config = m->config;
	cr_assert(worker_open(&m->worker, &start) == 0);
	machine_io_reset();
}

static size_t machine_count(struct list *list)
{
	size_t n = 0;

	for (struct list *at = list->next; at != list; at = at->next)
		n++;
	return n;
}

void machine_close(struct machine *m)
{
	struct worker *w = &m->worker;

	if (m->config) {
		cr_expect(eq(sz, machine_count(&w->idle) + machine_count(&w->busy), w->conn_count),
		          "every connection is in one list");
		worker_close(w);
		cr_expect(eq(sz, w->conn_count, 0), "every connection is closed");
		logs_close(m->config);
		config_free(m->config);
	}
	io_active = &io_system;
	log_main->level = LOG_NOTICE;
	arena_end(&m->arena);
	diag_end(&m->diag);
	tree_close(&m->tree);
}

int machine_client(struct machine *m)
{
	const struct sockaddr_in peer = { .sin_family = AF_INET,
		                          .sin_port = htons(5000),
		                          .sin_addr.s_addr = htonl(0xc0000207) };
	struct worker *w = &m->worker;
	int ends[2];

	cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	cr_assert(conn_open(w, &w->listeners[0], ends[1],
	                    (const struct sockaddr *)(const void *)&peer));
	return ends[0];
}

static struct conn *machine_find(struct list *list, uint64_t number)
{
	for (struct list *at = list->next; at != list; at = at->next) {
		struct conn *c = LIST_ENTRY(at, struct conn, node);

		if (c->number == number)
			return c;
	}
	return NULL;
}

struct conn *machine_conn(struct machine *m, uint64_t number)
{
	struct conn *c = machine_find(&m->worker.idle, number);

	return c ? c : machine_find(&m->worker.busy, number);
}

/* ---- going on ------------------------------------------------------------------------------------------ */

static void machine_nothing(struct task *task)
{
	(void)task;
}

void machine_turn(struct machine *m)
{
	struct task nothing;

	task_init(&nothing, machine_nothing);
	loop_defer(&m->worker.loop, &nothing); /* a loop with something to run does not sleep */
	memory.counts = true;
	loop_turn(&m->worker.loop);
	memory.counts = false;
}

static bool machine_is_ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) > 0 && (p.revents & events);
}

/*
 * A call that was made to fail or to run short has told the connection to wait for an edge that the kernel
 * has no reason to report: it is reported here.
 */
static bool machine_prod(struct list *list)
{
	bool any = false;

	for (struct list *at = list->next; at != list; at = at->next) {
		struct conn *c = LIST_ENTRY(at, struct conn, node);
		uint32_t events = 0;

		if (!c->can_write && machine_is_ready(c->watch.fd, POLLOUT))
			events |= EPOLLOUT;
		if (!c->can_read && !c->has_eof && machine_is_ready(c->watch.fd, POLLIN))
			events |= EPOLLIN;
		if (events)
			c->watch.ready(&c->watch, events);
		any = any || events;
	}
	return any;
}

void machine_settle(struct machine *m)
{
	struct worker *w = &m->worker;
	unsigned turns = 0;

	while (!list_is_empty(&w->loop.deferred) || machine_is_ready(w->loop.epoll, POLLIN) ||
	       machine_prod(&w->idle) || machine_prod(&w->busy)) {
		machine_turn(m);
		turns++;
		cr_assert(turns < MACHINE_TURNS, "the machine does not come to rest");
	}
}

void machine_wait(struct machine *m, uint64_t ms)
{
	m->now += ms;
	m->wall += (time_t)(ms / 1000);
	clock_set(m->now, m->wall);
	machine_turn(m);
	machine_settle(m);
}

void machine_say(struct machine *m, int client, struct str bytes)
{
	while (bytes.len > 0) {
		ssize_t n = send(client, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		cr_assert(n > 0 || errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
		if (n < 0 && errno != EAGAIN)
			break;
		bytes = str_from_index(bytes, n > 0 ? (size_t)n : 0);
		machine_settle(m);
		if (n < 0 && !machine_is_ready(client, POLLOUT))
			break; /* the server does not read on */
	}
	machine_settle(m);
}

struct str machine_hear(struct machine *m, int client, bool *ended)
{
	struct buf b = buf_in_arena(&m->arena, MACHINE_PIECE);
	bool end = false;

	for (;;) {
		char *room = buf_room(&b, MACHINE_PIECE + 1);
		ssize_t n;

		machine_settle(m);
		n = recv(client, room, MACHINE_PIECE, 0);
		if (n <= 0) {
			end = n == 0 || errno == ECONNRESET;
			break;
		}
		b.len += (size_t)n;
	}
	b.ptr[b.len] = '\0';
	if (ended)
		*ended = end;
	return buf_str(&b);
}

void machine_mask_ids(struct str text)
{
	char *at = (char *)(uintptr_t)text.ptr;
	size_t run = 0;

	for (size_t i = 0; i <= text.len; i++) {
		bool is_hex = i < text.len && ascii_hex(text.ptr[i]) >= 0;

		if (!is_hex && run == 32)
			memset(at + i - run, '#', run);
		run = is_hex ? run + 1 : 0;
	}
}

struct str machine_exchange(struct machine *m, struct str bytes)
{
	int client = machine_client(m);
	struct str heard;

	machine_say(m, client, bytes);
	heard = machine_hear(m, client, NULL);
	machine_mask_ids(heard);
	close(client);
	machine_settle(m);
	return heard;
}

/* ---- requests without a connection ---------------------------------------------------------------------- */

static void machine_read_head(struct machine *m, struct request *r)
{
	struct refusal refusal = { 0, "" };
	char *room = arena_alloc(&r->arena, r->head.target.len + 1);

	r->listener = m->worker.listeners[0].conf;
	r->server = r->listener->default_server;
	cr_assert(target_parse(r->head.target, r->method, r->server->self.settings.merge_slashes,
	                       room, &r->target, &refusal) == PARSE_COMPLETE &&
	                  host_decide(&r->head, &r->target, &r->host, &refusal) == PARSE_COMPLETE &&
	                  framing_decide(&r->head, &r->framing, &refusal) == PARSE_COMPLETE,
	          "%s", refusal.reason);
	r->server = route_server(r->listener, r->host.name);
	r->location = &r->server->self;
}

struct request *machine_request(struct machine *m, const char *text)
{
	static const struct head_limits limits = { 4096, 16384, 64 };
	struct head head = { .fields = m->worker.fields, .field_cap = m->worker.field_cap };
	struct buf b = buf_in_arena(&m->arena, 1024);
	struct str rest = str_from(text);
	struct refusal refusal = { 0, "" };
	struct request *r;

	while (rest.len > 0) {
		buf_add(&b, str_cut(&rest, '\n'));
		buf_text(&b, "\r\n");
	}
	buf_text(&b, "\r\n");
	cr_assert(head_parse(buf_str(&b), &limits, &head, &refusal) == PARSE_COMPLETE, "%s: %s",
	          text, refusal.reason);
	r = request_begin(&m->worker, &head, buf_str(&b));
	machine_read_head(m, r);
	return r;
}

/* ---- the account --------------------------------------------------------------------------------------- */

size_t machine_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

size_t machine_memory(void)
{
	return __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes()
	                                               : 0;
}
