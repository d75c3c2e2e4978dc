#include "server/sockets.h"

#include "net/io.h"
#include "net/sock.h"
#include "server/socket_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void sockets_init(struct sockets *sockets)
{
	list_init(&sockets->entries);
}

static struct socket_entry *socket_find(const struct sockets *sockets, struct str text, size_t copy)
{
	for (struct list *n = sockets->entries.next; n != &sockets->entries; n = n->next) {
		struct socket_entry *e = LIST_ENTRY(n, struct socket_entry, node);

		if (e->copy == copy && str_eq(str_from(e->text), text))
			return e;
	}
	return NULL;
}

static void socket_close(struct socket_entry *e, bool unlink_file)
{
	static const struct str local = STR("unix:");

	if (unlink_file && !e->is_borrowed && str_starts_with(str_from(e->text), local))
		unlink(e->text + local.len);
	list_remove(&e->node);
	close(e->fd);
	free(e);
}

/* Why listening failed, with what to do about it. */
static void socket_complain(const struct listener_conf *l, int error)
{
	bool is_local = l->address.any.sa_family == AF_UNIX;
	char owner[128];

	if (error == EADDRINUSE && socket_owner(&l->address.any, owner, sizeof owner))
		log_error("can't listen on %s: the address is in use by %s; stop it or choose "
		          "another %s",
		          l->text.ptr, owner, is_local ? "path" : "port");
	else if (error == EADDRINUSE)
		log_error("can't listen on %s: the address is in use; choose another %s",
		          l->text.ptr, is_local ? "path" : "port");
	else if (error == EACCES && !is_local)
		log_error("can't listen on %s: not permitted; ports below 1024 need root",
		          l->text.ptr);
	else if (error == EADDRNOTAVAIL)
		log_error("can't listen on %s: this machine does not have the address",
		          l->text.ptr);
	else
		log_error("can't listen on %s: %s", l->text.ptr, strerror(error));
}

/* [::] and [::1] are wherever there is IPv6: a host without it still serves the other addresses. */
static bool socket_lacks_v6(const struct listener_conf *l, int error)
{
	const struct in6_addr *v6 = &l->address.v6.sin6_addr;

	if (l->address.any.sa_family != AF_INET6)
		return false;
	return error == EAFNOSUPPORT || (error == EADDRNOTAVAIL &&
	                                 (IN6_IS_ADDR_UNSPECIFIED(v6) || IN6_IS_ADDR_LOOPBACK(v6)));
}

/* The descriptor, or -1 and errno. first: the one whose port it shares, which may have been any; -1: none. */
static int socket_listen(const struct listener_conf *l, int first)
{
	union address address = l->address;
	socklen_t len = sizeof address;
	struct sock_spec spec = { .address = &address.any,
		                  .address_len = l->address_len,
		                  .backlog = l->backlog,
		                  .reuseport = l->reuseport,
		                  .ipv6only = l->ipv6only,
		                  .deferred = l->deferred };
	int fd;

	if (first >= 0 && getsockname(first, &address.any, &len) != 0)
		return -1;
	fd = sock_listen(&spec);
	/* As everybody may connect to a port, so to a socket file; its directory is what keeps others out. */
	if (fd >= 0 && l->address.any.sa_family == AF_UNIX)
		chmod(l->address.local.sun_path, 0666);
	return fd;
}

/* NULL: memory is out, and the descriptor closed. */
static struct socket_entry *socket_add(struct sockets *sockets, struct str text, size_t copy,
                                       int fd)
{
	struct socket_entry *e = malloc(sizeof *e + text.len + 1);

	if (!e) {
		log_error("can't listen on %.*s: out of memory", STR_ARG(text));
		close(fd);
		return NULL;
	}
	*e = (struct socket_entry){ .fd = fd, .copy = copy };
	memcpy(e->text, text.ptr, text.len);
	e->text[text.len] = '\0';
	list_append(&sockets->entries, &e->node);
	return e;
}

/* It may have been opened before `reuseport` stood in the configuration. */
static void socket_use_again(const struct socket_entry *e, const struct listener_conf *l)
{
	if (l->reuseport)
		sock_share_port(e->fd);
	listen(e->fd, l->backlog); /* again: it may be another length now */
}

/* False: this address can't be had, and it is not one to do without. copy: of those that share the port. */
static bool socket_provide(struct sockets *sockets, const struct listener_conf *l, size_t copy,
                           int first, int *fd)
{
	struct socket_entry *e = socket_find(sockets, l->text, copy);

	*fd = -1;
	if (e) {
		socket_use_again(e, l);
	} else {
		*fd = socket_listen(l, first);
		if (*fd < 0 && socket_lacks_v6(l, errno)) {
			log_warn("%s is left out: this host has no IPv6", l->text.ptr);
			return true;
		}
		if (*fd < 0)
			socket_complain(l, errno);
		else if ((e = socket_add(sockets, l->text, copy, *fd)))
			e->is_new = true;
	}
	if (!e)
		return false;
	e->wanted = true;
	*fd = e->fd;
	return true;
}

/* fds: of this listener, one for each worker, at that distance from each other. */
static bool socket_provide_all(struct sockets *sockets, const struct listener_conf *l, int *fds,
                               size_t workers, size_t distance)
{
	for (size_t w = 0; w < workers; w++) {
		if (w > 0 && !l->reuseport)
			fds[w * distance] = fds[0];
		else if (!socket_provide(sockets, l, w, w > 0 ? fds[0] : -1, &fds[w * distance]))
			return false;
	}
	return true;
}

int sockets_open(struct sockets *sockets, const struct config *config, size_t workers, int *fds)
{
	size_t listeners = config->listeners.len, count = 0;

	for (struct list *n = sockets->entries.next; n != &sockets->entries; n = n->next)
		LIST_ENTRY(n, struct socket_entry, node)->wanted = false;
	for (size_t i = 0; i < listeners * workers; i++)
		fds[i] = -1;
	for (size_t i = 0; i < listeners; i++) {
		const struct listener_conf *l = config->listeners.items[i];

		if (!l->is_covered && !socket_provide_all(sockets, l, &fds[i], workers, listeners))
			goto fail;
		count += fds[i] >= 0;
	}
	if (count > 0 || listeners == 0)
		return 0;
	log_error("none of the addresses can be listened on");

fail:
	sockets_give_up(sockets);
	return -1;
}

static void sockets_close_where(struct sockets *sockets, bool is_new, bool unwanted)
{
	for (struct list *n = sockets->entries.next, *next; n != &sockets->entries; n = next) {
		struct socket_entry *e = LIST_ENTRY(n, struct socket_entry, node);

		next = n->next;
		if ((is_new && e->is_new) || (unwanted && !e->wanted))
			socket_close(e, true);
		else
			e->is_new = false;
	}
}

void sockets_keep(struct sockets *sockets)
{
	sockets_close_where(sockets, false, true);
}

void sockets_give_up(struct sockets *sockets)
{
	sockets_close_where(sockets, true, false);
}

void sockets_close(struct sockets *sockets, bool unlink_files)
{
	while (!list_is_empty(&sockets->entries))
		socket_close(LIST_ENTRY(sockets->entries.next, struct socket_entry, node),
		             unlink_files);
}

bool sockets_adopt(struct sockets *sockets, int fd, struct str text)
{
	int listens = 0;
	socklen_t len = sizeof listens;
	struct socket_entry *e;
	size_t copy = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) != 0 || !listens ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || io_nonblocking(fd, true) != 0)
		return false;
	while (socket_find(sockets, text, copy))
		copy++;
	e = socket_add(sockets, text, copy, fd);
	if (e)
		e->is_borrowed = true;
	return e != NULL;
}

void sockets_own(struct sockets *sockets)
{
	for (struct list *n = sockets->entries.next; n != &sockets->entries; n = n->next)
		LIST_ENTRY(n, struct socket_entry, node)->is_borrowed = false;
}

void sockets_announce(const struct sockets *sockets)
{
	for (struct list *n = sockets->entries.next; n != &sockets->entries; n = n->next) {
		const struct socket_entry *e = LIST_ENTRY(n, struct socket_entry, node);
		char room[200];
		struct buf name = buf_fixed(room, sizeof room);

		if (e->copy > 0)
			continue;
		sock_print_name(e->fd, &name);
		if (str_starts_with(buf_str(&name), STR_OF("unix:")))
			printf("listening on %.*s\n", STR_ARG(buf_str(&name)));
		else
			printf("listening on http://%.*s/\n", STR_ARG(buf_str(&name)));
	}
	fflush(stdout);
}
