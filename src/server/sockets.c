#include "server/sockets.h"

#include "net/sock.h"
#include "server/socket_owner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void sockets_init(struct sockets *sockets)
{
	list_init(&sockets->entries);
}

static struct socket_entry *socket_find(const struct sockets *sockets, struct str text)
{
	for (struct list *n = sockets->entries.next; n != &sockets->entries; n = n->next) {
		struct socket_entry *e = LIST_ENTRY(n, struct socket_entry, node);

		if (str_eq(str_from(e->text), text))
			return e;
	}
	return NULL;
}

static void socket_close(struct socket_entry *e, bool unlink_file)
{
	static const struct str local = STR("unix:");

	if (unlink_file && str_starts_with(str_from(e->text), local))
		unlink(e->text + local.len);
	list_remove(&e->node);
	close(e->fd);
	free(e);
}

/* Why listening failed, with what to do about it. */
static void socket_complain(const struct listener_conf *l)
{
	int error = errno;
	char owner[128];

	if (error == EADDRINUSE && socket_owner(&l->address.any, owner, sizeof owner))
		log_error("can't listen on %s: the address is in use by %s; stop it or choose "
		          "another port",
		          l->text.ptr, owner);
	else if (error == EADDRINUSE)
		log_error("can't listen on %s: the address is in use; choose another port",
		          l->text.ptr);
	else if (error == EACCES)
		log_error("can't listen on %s: not permitted; ports below 1024 need root",
		          l->text.ptr);
	else
		log_error("can't listen on %s: %s", l->text.ptr, strerror(error));
}

/* A host without IPv6 still serves the other addresses. */
static bool socket_is_dispensable(const struct config *config, const struct listener_conf *l)
{
	return l->address.any.sa_family == AF_INET6 && config->listeners.len > 1 &&
	       (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL);
}

static int socket_open(struct sockets *sockets, const struct config *config,
                       const struct listener_conf *l)
{
	struct sock_spec spec = { .address = &l->address.any,
		                  .address_len = l->address_len,
		                  .backlog = l->backlog,
		                  .reuseport = l->reuseport,
		                  .ipv6only = l->ipv6only,
		                  .deferred = l->deferred };
	struct socket_entry *e;
	int fd = sock_listen(&spec);

	if (fd < 0 && socket_is_dispensable(config, l)) {
		log_warn("%s is left out: this host has no IPv6", l->text.ptr);
		return -1;
	}
	if (fd < 0) {
		socket_complain(l);
		return -2;
	}
	e = malloc(sizeof *e + l->text.len + 1);
	if (!e) {
		close(fd);
		log_error("can't listen on %s: out of memory", l->text.ptr);
		return -2;
	}
	*e = (struct socket_entry){ .fd = fd, .wanted = true, .is_new = true };
	memcpy(e->text, l->text.ptr, l->text.len + 1);
	list_append(&sockets->entries, &e->node);
	return fd;
}

int sockets_open(struct sockets *sockets, const struct config *config, int *fds)
{
	for (struct list *n = sockets->entries.next; n != &sockets->entries; n = n->next)
		LIST_ENTRY(n, struct socket_entry, node)->wanted = false;
	for (size_t i = 0; i < config->listeners.len; i++) {
		const struct listener_conf *l = config->listeners.items[i];
		struct socket_entry *e = socket_find(sockets, l->text);

		if (e)
			e->wanted = true;
		fds[i] = e ? e->fd : socket_open(sockets, config, l);
		if (fds[i] == -2) {
			sockets_give_up(sockets);
			return -1;
		}
	}
	return 0;
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

void sockets_announce(const struct sockets *sockets)
{
	for (struct list *n = sockets->entries.next; n != &sockets->entries; n = n->next) {
		const struct socket_entry *e = LIST_ENTRY(n, struct socket_entry, node);
		char room[200];
		struct buf name = buf_fixed(room, sizeof room);

		sock_print_name(e->fd, &name);
		if (str_starts_with(buf_str(&name), STR_OF("unix:")))
			printf("listening on %.*s\n", STR_ARG(buf_str(&name)));
		else
			printf("listening on http://%.*s/\n", STR_ARG(buf_str(&name)));
	}
	fflush(stdout);
}
