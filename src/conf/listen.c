#include "conf/listen.h"

#include "conf/settings.h"

#include <arpa/inet.h>

enum { DEFAULT_PORT = 80, DEFAULT_BACKLOG = 511 };

/* ---- addresses ---------------------------------------------------------------------------------------- */

static bool parse_port(struct str text, in_port_t *port)
{
	uint64_t n;

	if (!str_parse_u64(text, &n) || n > 65535)
		return false;
	*port = htons((uint16_t)n);
	return true;
}

/* "/run/x.sock" behind "unix:". */
static bool parse_unix(struct build *build, struct str path, struct listener_conf *out)
{
	struct sockaddr_un *local = &out->address.local;

	if (path.len == 0)
		return false;
	path = build_path(build, path);
	if (path.len >= sizeof local->sun_path)
		return false;
	local->sun_family = AF_UNIX;
	memcpy(local->sun_path, path.ptr, path.len + 1);
	out->address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len + 1);
	return true;
}

static bool parse_v6(struct str text, uint16_t usual, struct listener_conf *out)
{
	size_t close = str_find(text, ']');
	struct str port = str_from_index(text, close + 1);
	struct sockaddr_in6 *v6 = &out->address.v6;
	char host[INET6_ADDRSTRLEN] = "";

	if (close == text.len || close - 1 >= sizeof host)
		return false;
	memcpy(host, text.ptr + 1, close - 1);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(usual);
	out->address_len = sizeof *v6;
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
		return false;
	if (port.len == 0)
		return true;
	return port.ptr[0] == ':' && parse_port(str_from_index(port, 1), &v6->sin6_port);
}

/* "PORT", "HOST", "HOST:PORT" where HOST is an address, "*" or "localhost". */
static bool parse_v4(struct str text, uint16_t usual, struct listener_conf *out)
{
	struct sockaddr_in *v4 = &out->address.v4;
	struct str rest = text, host = str_cut(&rest, ':');
	char copy[INET_ADDRSTRLEN] = "";

	v4->sin_family = AF_INET;
	v4->sin_port = htons(usual);
	out->address_len = sizeof *v4;
	if (!rest.ptr && parse_port(host, &v4->sin_port))
		return true;
	if (rest.ptr && !parse_port(rest, &v4->sin_port))
		return false;
	if (str_eq(host, STR_OF("*")))
		return true;
	if (str_eq(host, STR_OF("localhost")))
		host = STR_OF("127.0.0.1");
	if (host.len >= sizeof copy)
		return false;
	memcpy(copy, host.ptr, host.len);
	return inet_pton(AF_INET, copy, &v4->sin_addr) == 1;
}

static bool parse_address(struct build *build, struct str text, struct listener_conf *out)
{
	if (str_starts_with(text, STR_OF("unix:")))
		return parse_unix(build, str_from_index(text, 5), out);
	return listen_parse(text, DEFAULT_PORT, out);
}

bool listen_parse(struct str text, uint16_t port, struct listener_conf *out)
{
	return text.len > 0 && text.ptr[0] == '[' ? parse_v6(text, port, out)
	                                          : parse_v4(text, port, out);
}

bool listen_is_loopback(const struct listener_conf *listener)
{
	const union address *a = &listener->address;

	switch (a->any.sa_family) {
	case AF_INET:
		return ntohl(a->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
	default:
		return false;
	}
}

void listen_print(const struct listener_conf *listener, struct buf *out)
{
	char host[INET6_ADDRSTRLEN] = "";

	switch (listener->address.any.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &listener->address.v4.sin_addr, host, sizeof host);
		buf_format(out, "%s:%u", host, ntohs(listener->address.v4.sin_port));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &listener->address.v6.sin6_addr, host, sizeof host);
		buf_format(out, "[%s]:%u", host, ntohs(listener->address.v6.sin6_port));
		break;
	default:
		buf_format(out, "unix:%s", listener->address.local.sun_path);
	}
}

/* ---- options ------------------------------------------------------------------------------------------ */

enum { GIVEN_BACKLOG = 1, GIVEN_V6ONLY = 2 };

struct listen_options {
	struct listener_conf wanted;
	unsigned given;
	bool is_default;
};

struct option_row {
	struct str name; /* ends in '=': takes a value */
	bool (*take)(struct listen_options *options, struct str value);
	const char *refusal; /* not supported: the nearest way */
};

static bool take_default(struct listen_options *options, struct str value)
{
	(void)value;
	options->is_default = true;
	return true;
}

static bool take_backlog(struct listen_options *options, struct str value)
{
	uint64_t n;

	if (!str_parse_u64(value, &n) || n < 1 || n > 1 << 20)
		return false;
	options->wanted.backlog = (int)n;
	options->given |= GIVEN_BACKLOG;
	return true;
}

static bool take_v6only(struct listen_options *options, struct str value)
{
	options->wanted.ipv6only = str_eq(value, STR_OF("on"));
	options->given |= GIVEN_V6ONLY;
	return options->wanted.ipv6only || str_eq(value, STR_OF("off"));
}

static bool take_reuseport(struct listen_options *options, struct str value)
{
	(void)value;
	options->wanted.reuseport = true;
	return true;
}

static bool take_proxy(struct listen_options *options, struct str value)
{
	(void)value;
	options->wanted.proxy_protocol = true;
	return true;
}

static bool take_deferred(struct listen_options *options, struct str value)
{
	(void)value;
	options->wanted.deferred = true;
	return true;
}

static bool take_ignored(struct listen_options *options, struct str value)
{
	(void)options;
	(void)value;
	return true;
}

static const char tls_way[] = "TLS is not spoken here: put a TLS proxy in front, and listen with "
                              "proxy_protocol behind it";

static const struct option_row option_rows[] = {
	{ STR("default_server"), take_default, NULL },
	{ STR("default"), take_default, NULL },
	{ STR("backlog="), take_backlog, NULL },
	{ STR("reuseport"), take_reuseport, NULL },
	{ STR("ipv6only="), take_v6only, NULL },
	{ STR("proxy_protocol"), take_proxy, NULL },
	{ STR("deferred"), take_deferred, NULL },
	{ STR("bind"), take_ignored, NULL },
	{ STR("so_keepalive="), take_ignored, NULL },
	{ STR("fastopen="), take_ignored, NULL },
	{ STR("rcvbuf="), take_ignored, NULL },
	{ STR("sndbuf="), take_ignored, NULL },
	{ STR("http2"), take_ignored, NULL },
	{ STR("ssl"), NULL, tls_way },
	{ STR("quic"), NULL, tls_way },
	{ STR("multipath"), NULL, "leave it out" },
	{ STR("setfib="), NULL, "leave it out" },
	{ STR("accept_filter="), NULL, "on Linux that is `deferred`" },
};

enum { OPTION_COUNT = sizeof option_rows / sizeof *option_rows };

static struct str option_name(const void *unused, size_t i)
{
	(void)unused;
	return i < OPTION_COUNT ? option_rows[i].name : (struct str){ NULL, 0 };
}

static bool parse_option(const struct value *v, const struct token *arg, struct listen_options *out)
{
	const struct option_row *row = NULL;
	struct diag_message *message;
	struct str near;

	for (size_t i = 0; i < OPTION_COUNT && !row; i++) {
		struct str name = option_rows[i].name;
		bool takes_value = name.ptr[name.len - 1] == '=';

		if (takes_value ? str_starts_with(arg->text, name) : str_eq(arg->text, name))
			row = &option_rows[i];
	}
	if (!row) {
		message = value_error(v, arg, "'listen' has no option '%.*s'", STR_ARG(arg->text));
		near = diag_nearest(arg->text, option_name, NULL);
		if (near.len > 0)
			diag_help(v->build->diag, message, "did you mean '%.*s'?", STR_ARG(near));
		return false;
	}
	if (row->refusal) {
		message = value_error(v, arg, "the option '%.*s' is not supported",
		                      STR_ARG(row->name));
		diag_help(v->build->diag, message, "%s", row->refusal);
		return false;
	}
	if (row->take == take_ignored)
		diag_add(v->build->diag, DIAG_NOTE, arg->at,
		         "'%.*s' has no meaning here and is ignored", STR_ARG(arg->text));
	if (row->take(out, str_from_index(arg->text, row->name.len)))
		return true;
	value_error(v, arg, "a wrong value in '%.*s'", STR_ARG(arg->text));
	return false;
}

/* ---- listeners ---------------------------------------------------------------------------------------- */

static bool is_for_all(const union address *a)
{
	return a->any.sa_family == AF_INET6
	               ? IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr)
	               : a->any.sa_family == AF_INET && a->v4.sin_addr.s_addr == INADDR_ANY;
}

static in_port_t port_of(const union address *a)
{
	return a->any.sa_family == AF_INET6 ? a->v6.sin6_port : a->v4.sin_port;
}

static size_t find_listener(const struct build *build, const struct listener_conf *wanted)
{
	size_t i = 0;

	for (; i < build->config->listeners.len; i++) {
		const struct listener_conf *other = build->config->listeners.items[i];

		if (other->address_len == wanted->address_len &&
		    memcmp(&other->address, &wanted->address, wanted->address_len) == 0)
			break;
	}
	return i;
}

static void end_map(void *map)
{
	map_end(map);
}

static struct listener_conf *new_listener(struct build *build, const struct listener_conf *wanted,
                                          struct position at)
{
	struct listener_conf *listener = arena_alloc(build->arena, sizeof *listener);
	struct buf text = buf_in_arena(build->arena, 64);
	struct map *maps[] = { &listener->exact, &listener->heads, &listener->tails };

	*listener = *wanted;
	listener->at = at;
	listener->is_single = !is_for_all(&wanted->address) && port_of(&wanted->address) != 0;
	listen_print(listener, &text);
	listener->text = buf_str(&text);
	for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
		map_init(maps[i]);
		arena_defer(build->arena, end_map, maps[i]);
	}
	*VEC_PUSH(build->arena, &build->config->listeners) = listener;
	VEC_PUSH(build->scratch, &build->origin);
	return listener;
}

/* Several servers may give options for one address where they agree. */
static void join_options(const struct value *v, struct listener_conf *listener,
                         struct listen_origin *origin, const struct listen_options *options)
{
	const struct listener_conf *wanted = &options->wanted;
	unsigned both = origin->given & options->given;

	if (((both & GIVEN_BACKLOG) && listener->backlog != wanted->backlog) ||
	    ((both & GIVEN_V6ONLY) && listener->ipv6only != wanted->ipv6only))
		diag_relate(v->build->diag,
		            value_error(v, &v->node->args[0],
		                        "other options for '%.*s' than before",
		                        STR_ARG(listener->text)),
		            origin->options_at, "the first options are here");
	if (options->given & GIVEN_BACKLOG)
		listener->backlog = wanted->backlog;
	if (options->given & GIVEN_V6ONLY)
		listener->ipv6only = wanted->ipv6only;
	if (options->given && !origin->given)
		origin->options_at = v->node->args[0].at;
	origin->given |= options->given;
	listener->reuseport |= wanted->reuseport;
	listener->proxy_protocol |= wanted->proxy_protocol;
	listener->deferred |= wanted->deferred;
}

static void set_default(const struct value *v, struct listener_conf *listener,
                        struct listen_origin *origin, bool is_default)
{
	if (is_default && origin->default_at.source)
		diag_relate(v->build->diag,
		            value_error(v, &v->node->args[0], "a second default server for '%.*s'",
		                        STR_ARG(listener->text)),
		            origin->default_at, "the first is here");
	if (is_default && !origin->default_at.source)
		origin->default_at = v->node->args[0].at;
	if (is_default || !listener->default_server)
		listener->default_server = v->level->server;
}

static bool listens_already(const struct server_conf *server, const struct listener_conf *listener)
{
	for (size_t i = 0; i < server->listeners.count; i++) {
		if (server->listeners.items[i] == listener)
			return true;
	}
	return false;
}

static bool parse_listen(const struct value *v, void *target)
{
	struct listen_options options = { .wanted = { .backlog = DEFAULT_BACKLOG,
		                                      .ipv6only = true } };
	const struct token *args = v->node->args;
	struct server_conf *server = target;
	struct listener_conf *listener;
	size_t at;

	if (!parse_address(v->build, args[0].text, &options.wanted)) {
		diag_help(v->build->diag,
		          value_error(v, &args[0], "'%.*s' is no address to listen on",
		                      STR_ARG(args[0].text)),
		          "PORT, ADDRESS, ADDRESS:PORT, [IPV6]:PORT, *:PORT, localhost:PORT or "
		          "unix:PATH");
		return false;
	}
	for (size_t i = 1; i < v->node->arg_count; i++) {
		if (!parse_option(v, &args[i], &options))
			return false;
	}
	at = find_listener(v->build, &options.wanted);
	if (at >= BUILD_LISTENERS_MAX) {
		value_error(v, &args[0], "more than %d addresses", BUILD_LISTENERS_MAX);
		return false;
	}
	listener = at < v->build->config->listeners.len
	                   ? v->build->config->listeners.items[at]
	                   : new_listener(v->build, &options.wanted, args[0].at);
	if (listens_already(server, listener)) {
		value_error(v, &args[0], "this server listens on '%.*s' already",
		            STR_ARG(listener->text));
		return false;
	}
	*LIST_ADD(v->build->arena, &server->listeners) = listener;
	listener->servers++;
	join_options(v, listener, &v->build->origin.items[at], &options);
	set_default(v, listener, &v->build->origin.items[at], options.is_default);
	return true;
}

static bool print_listen(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct server_conf *server = target;
	const struct listener_conf *l;

	if (i >= server->listeners.count)
		return false;
	l = server->listeners.items[i];
	text_print_word(out, l->text);
	if (l->default_server == shown->server)
		buf_text(out, " default_server");
	if (l->default_server != shown->server)
		return true;
	/* The options belong to the address: said once. */
	buf_format(out, " backlog=%d", l->backlog);
	if (l->address.any.sa_family == AF_INET6)
		buf_format(out, " ipv6only=%s", l->ipv6only ? "on" : "off");
	buf_text(out, l->reuseport ? " reuseport" : "");
	buf_text(out, l->proxy_protocol ? " proxy_protocol" : "");
	buf_text(out, l->deferred ? " deferred" : "");
	return true;
}

const struct value_type value_listen = { .parse = parse_listen, .print = print_listen };

/* ---- all addresses beside a single one --------------------------------------------------------------- */

/* The kernel won't have two sockets listen on 0.0.0.0:80 and 127.0.0.1:80; one, and a look at each connection, will do. */
static void cover(struct listener_conf *all, struct listener_conf *single)
{
	if (is_for_all(&single->address) ||
	    single->address.any.sa_family != all->address.any.sa_family ||
	    port_of(&single->address) != port_of(&all->address) || port_of(&all->address) == 0)
		return;
	single->is_covered = true;
	all->covers = true;
}

void build_covers(struct build *build)
{
	struct config *config = build->config;

	for (size_t i = 0; i < config->listeners.len; i++)
		for (size_t k = 0; k < config->listeners.len; k++)
			if (is_for_all(&config->listeners.items[i]->address))
				cover(config->listeners.items[i], config->listeners.items[k]);
}

void build_listeners(struct build *build, struct level *level)
{
	struct value value = { .build = build,
		               .level = level,
		               .directive = directive_find(STR_OF("listen")) };

	if (level->server->listeners.count == 0 && !level_setter(level, "listen")) {
		struct node *node =
		        tree_from_text(build->tree, value.directive->name, value.directive->usual);

		node->args[0].at = level->server->at;
		value.node = node;
		parse_listen(&value, level->server);
	}
	build_names(build, level->server);
}
