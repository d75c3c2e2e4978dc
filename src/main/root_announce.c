#include "base/qr.h"
#include "main/root.h"
#include "net/io.h"
#include "net/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <unistd.h>

/* What is said of the URLs, and the first that leads here from another machine. */
struct root_urls {
	struct buf text;
	char first[80]; /* empty: none */
};

static bool address_is_wildcard(const union address *a)
{
	return a->any.sa_family == AF_INET ? a->v4.sin_addr.s_addr == htonl(INADDR_ANY)
	                                   : IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr);
}

static bool address_is_loopback(const union address *a)
{
	return a->any.sa_family == AF_INET ? ntohl(a->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET
	                                   : IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

static void root_add_url(struct root_urls *urls, const union address *a, const char *where)
{
	char room[80];
	struct buf url = buf_fixed(room, sizeof room);

	buf_text(&url, "http://");
	sock_print(&a->any, a->any.sa_family == AF_INET ? sizeof a->v4 : sizeof a->v6, &url);
	buf_text(&url, "/");
	if (url.failed)
		return;
	if (where)
		buf_format(&urls->text, "  %-30.*s %s\n", STR_ARG(buf_str(&url)), where);
	if (urls->first[0] || address_is_loopback(a))
		return;
	memcpy(urls->first, room, url.len);
	urls->first[url.len] = '\0';
}

/* A link-local IPv6 address means nothing without the name of an interface, which no URL may hold. */
static bool root_is_reachable(const struct ifaddrs *i, sa_family_t family)
{
	union address a;

	if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) || i->ifa_addr->sa_family != family)
		return false;
	memcpy(&a, i->ifa_addr, family == AF_INET ? sizeof a.v4 : sizeof a.v6);
	return family == AF_INET || !IN6_IS_ADDR_LINKLOCAL(&a.v6.sin6_addr);
}

static void root_add_interfaces(struct root_urls *urls, const union address *bound)
{
	sa_family_t family = bound->any.sa_family;
	struct ifaddrs *all;

	if (getifaddrs(&all) != 0) {
		log_warn("the addresses of this machine can't be listed: %s", strerror(errno));
		return;
	}
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		union address a = *bound;

		if (!root_is_reachable(i, family))
			continue;
		if (family == AF_INET)
			memcpy(&a.v4.sin_addr,
			       (const char *)i->ifa_addr + offsetof(struct sockaddr_in, sin_addr),
			       sizeof a.v4.sin_addr);
		else
			memcpy(&a.v6.sin6_addr,
			       (const char *)i->ifa_addr + offsetof(struct sockaddr_in6, sin6_addr),
			       sizeof a.v6.sin6_addr);
		root_add_url(urls, &a, address_is_loopback(&a) ? "this machine" : i->ifa_name);
	}
	freeifaddrs(all);
}

static void root_add_socket(struct root_urls *urls, int fd)
{
	union address bound = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t len = sizeof bound;

	if (getsockname(fd, &bound.any, &len) != 0 ||
	    (bound.any.sa_family != AF_INET && bound.any.sa_family != AF_INET6))
		return;
	if (address_is_wildcard(&bound))
		root_add_interfaces(urls, &bound);
	else
		root_add_url(urls, &bound, NULL); /* it has been said */
}

/* As setlocale(3) would find it: the first of the three that is set. */
static bool root_terminal_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *value = NULL;

	for (size_t i = 0; i < 3 && !(value && *value); i++)
		value = getenv(names[i]);
	return isatty(STDOUT_FILENO) == 1 && value &&
	       (strcasestr(value, "utf-8") || strcasestr(value, "utf8"));
}

static void root_add_code(struct root_urls *urls)
{
	struct qr qr;

	if (!urls->first[0] || !root_terminal_is_utf8() || !qr_encode(str_from(urls->first), &qr))
		return;
	buf_format(&urls->text, "\n%s\n", urls->first);
	qr_print(&qr, &urls->text);
}

void root_announce(const struct sockets *sockets)
{
	struct root_urls urls = { .first = "" };
	struct arena arena;

	sockets_announce(sockets);
	arena_init(&arena, NULL);
	urls.text = buf_in_arena(&arena, 4096);
	for (const struct list *n = sockets->entries.next; n != &sockets->entries; n = n->next)
		root_add_socket(&urls, LIST_ENTRY(n, struct socket_entry, node)->fd);
	root_add_code(&urls);
	/* In one piece: the log has begun, and is not to come in between. */
	if (urls.text.failed || io_write_all(STDOUT_FILENO, urls.text.ptr, urls.text.len) != 0)
		log_warn("the URLs could not be shown");
	arena_end(&arena);
}
