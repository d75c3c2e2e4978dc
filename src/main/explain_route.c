#include "main/explain_parts.h"
#include "server/access.h"
#include "server/conn.h"

#include <arpa/inet.h>

/* ---- the listener ------------------------------------------------------------------------------------ */

enum explain_fit { FIT_NO, FIT_OTHER_ADDRESS, FIT_WILDCARD, FIT_ADDRESS };

static uint16_t listener_port(const struct listener_conf *l)
{
	switch (l->address.any.sa_family) {
	case AF_INET:
		return ntohs(l->address.v4.sin_port);
	case AF_INET6:
		return ntohs(l->address.v6.sin6_port);
	default:
		return 0;
	}
}

static bool listener_is_wildcard(const struct listener_conf *l)
{
	return l->address.any.sa_family == AF_INET
	               ? l->address.v4.sin_addr.s_addr == INADDR_ANY
	               : IN6_IS_ADDR_UNSPECIFIED(&l->address.v6.sin6_addr);
}

/* Where a name leads only its resolver knows; localhost is the loopback address. */
static enum explain_fit listener_fit(const struct listener_conf *l, const struct explain_url *url)
{
	bool is_local = str_eq_nocase(url->host, STR_OF("localhost"));
	struct cidr host;
	struct peer own;
	bool is_exact;

	if (listener_port(l) != url->port)
		return FIT_NO;
	peer_from(&own, &l->address.any);
	if (!cidr_parse(is_local ? STR_OF("127.0.0.1") : url->host, &host, &is_exact))
		return listener_is_wildcard(l) ? FIT_WILDCARD : FIT_OTHER_ADDRESS;
	if (cidr_contains(&host, own.family, own.bytes))
		return FIT_ADDRESS;
	/* A loopback address of the other family is where a browser goes next. */
	if (!listener_is_wildcard(l))
		return is_local && own.family == AF_INET6 &&
		                       IN6_IS_ADDR_LOOPBACK(&l->address.v6.sin6_addr)
		               ? FIT_ADDRESS
		               : FIT_NO;
	return own.family == host.family || is_local ? FIT_WILDCARD : FIT_NO;
}

static const struct listener_conf *explain_no_listener(struct explain *e,
                                                       const struct explain_url *url)
{
	explain_say(e, "listener", "none: nothing listens on port %u of this address", url->port);
	for (size_t i = 0; i < e->config->listeners.len; i++)
		explain_say(e, "listener", "there is %s", e->config->listeners.items[i]->text.ptr);
	return NULL;
}

const struct listener_conf *explain_listener(struct explain *e, const struct explain_url *url)
{
	static const char *const why[] = {
		[FIT_OTHER_ADDRESS] = "the port is right; whether the name leads to this address "
		                      "is not looked up",
		[FIT_WILDCARD] = "the port is right, on every address",
		[FIT_ADDRESS] = "address and port are those asked for",
	};
	const struct listener_conf *best = NULL;
	enum explain_fit best_fit = FIT_NO;

	for (size_t i = 0; i < e->config->listeners.len; i++) {
		const struct listener_conf *l = e->config->listeners.items[i];
		enum explain_fit fit = listener_fit(l, url);

		if (fit > best_fit) {
			best = l;
			best_fit = fit;
		}
	}
	if (!best)
		return explain_no_listener(e, url);
	explain_say(e, "listener", "%s: %s%s", best->text.ptr, why[best_fit],
	            best->proxy_protocol ? "; connections begin with a PROXY header" : "");
	return best;
}

/* ---- the server -------------------------------------------------------------------------------------- */

static bool server_range_holds(const struct listener_conf *l, size_t i, struct str host)
{
	struct cidr address;
	bool is_exact;

	if (str_starts_with(host, STR_OF("[")))
		host = str_make(host.ptr + 1, host.len - 2);
	return cidr_parse(host, &address, &is_exact) &&
	       cidr_contains(&l->ranges.items[i].range, address.family, address.bytes);
}

static const char *server_rule(const struct explain *e, char *lower, size_t room)
{
	const struct request *r = e->r;
	const struct listener_conf *l = r->listener;
	struct str host = r->host.name, name = str_make(lower, host.len);

	if (host.len == 0 || host.len > room)
		return NULL;
	for (size_t i = 0; i < host.len; i++)
		lower[i] = ascii_lower(host.ptr[i]);
	if (map_get(&l->exact, name) == r->server)
		return "has exactly this name";
	for (size_t i = 0; i < l->ranges.count; i++)
		if (l->ranges.items[i].server == r->server && server_range_holds(l, i, name))
			return "names a range that holds this address";
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] == '.' && map_get(&l->heads, str_from_index(name, i)) == r->server)
			return "has the longest wildcard name (*.…) that fits";
	for (size_t i = name.len; i > 0; i--)
		if (name.ptr[i - 1] == '.' && map_get(&l->tails, str_head(name, i)) == r->server)
			return "has the longest wildcard name (….*) that fits";
	return NULL;
}

void explain_server(struct explain *e)
{
	const struct server_conf *s = e->r->server;
	struct str name = s->names.count > 0 ? s->names.items[0] : STR_OF("\"\"");
	char lower[256];
	const char *rule = server_rule(e, lower, sizeof lower);

	explain_say(e, "server", "%.*s (%s) %s", STR_ARG(name), explain_at(e, &s->at),
	            rule ? rule : "");
	if (!rule)
		explain_say(e, "server",
		            "is the default server of this listener: no server_name fits \"%.*s\"",
		            STR_ARG(e->r->host.name));
}

/* ---- the location ------------------------------------------------------------------------------------ */

/* Those that do not match are listed by the reason, so many of each. */
enum { WALK_REASONS = 8, WALK_NAMES = 16 };

struct walk_reason {
	const char *why;
	size_t count;
	struct buf names;
};

/* The walk through the levels, as the search went. */
struct explain_walk {
	struct explain *e;
	struct str path;
	bool is_settled; /* nothing further is tried */
	const char *settled_by;
	struct walk_reason reasons[WALK_REASONS];
};

static const char *location_mark(const struct location *l)
{
	switch (l->kind) {
	case LOCATION_EXACT:
		return "= ";
	case LOCATION_PREFIX_FINAL:
		return "^~ ";
	case LOCATION_REGEX:
		return l->ignore_case ? "~* " : "~ ";
	default:
		return "";
	}
}

static void explain_considered(struct explain *e, const struct location *l, const char *fate)
{
	explain_say(e, "considered", "%s%.*s (%s): %s", location_mark(l), STR_ARG(l->pattern),
	            explain_at(e, &l->at), fate);
}

static bool location_regex_fits(const struct location *l, struct str path)
{
	regmatch_t range = { .rm_so = 0, .rm_eo = (regoff_t)path.len };

	return regexec(l->regex, path.ptr, 1, &range, REG_STARTEND) == 0;
}

static void walk_level(struct explain_walk *w, const struct location_set *set);

static void walk_other(struct explain_walk *w, const struct location *l, const char *why)
{
	struct walk_reason *reason = w->reasons;

	while (reason->why && strcmp(reason->why, why) != 0)
		reason++;
	ASSERT(reason < w->reasons + WALK_REASONS);
	if (!reason->why) {
		reason->why = why;
		reason->names = buf_in_arena(&w->e->r->arena, 256);
	}
	if (reason->count++ < WALK_NAMES)
		buf_format(&reason->names, "%s%s%.*s", reason->count > 1 ? ", " : "",
		           location_mark(l), STR_ARG(l->pattern));
}

static void walk_say_others(struct explain_walk *w)
{
	for (const struct walk_reason *reason = w->reasons; reason->why; reason++) {
		struct buf more = buf_in_arena(&w->e->r->arena, 32);

		if (reason->count > WALK_NAMES)
			buf_format(&more, " and %zu more", reason->count - WALK_NAMES);
		explain_say(w->e, "considered", "%s: %.*s%.*s", reason->why,
		            STR_ARG(buf_str(&reason->names)), STR_ARG(buf_str(&more)));
	}
}

static void walk_exact(struct explain_walk *w, const struct location_set *set)
{
	for (size_t i = 0; i < set->exact_count; i++) {
		if (!str_eq(set->exact[i]->pattern, w->path)) {
			walk_other(w, set->exact[i], "another path");
			continue;
		}
		explain_considered(w->e, set->exact[i], "is exactly the path: the search ends");
		w->is_settled = true;
		w->settled_by = "not tried, the exact one has ended the search";
	}
}

/* Returns the longest that matches, or NULL. */
static const struct location *walk_prefixes(struct explain_walk *w, const struct location_set *set)
{
	const struct location *longest = NULL;

	for (size_t i = 0; i < set->prefix_count; i++)
		if (str_starts_with(w->path, set->prefixes[i]->pattern) &&
		    (!longest || set->prefixes[i]->pattern.len > longest->pattern.len))
			longest = set->prefixes[i];
	for (size_t i = 0; i < set->prefix_count; i++) {
		const struct location *l = set->prefixes[i];

		if (w->is_settled)
			walk_other(w, l, w->settled_by);
		else if (!str_starts_with(w->path, l->pattern))
			walk_other(w, l, "the path does not begin with");
		else if (l != longest)
			explain_considered(w->e, l, "the path begins so, but another is longer");
		else if (l->kind == LOCATION_PREFIX_FINAL)
			explain_considered(w->e, l,
			                   "the longest the path begins with; ^~: no "
			                   "regular expression is tried");
		else
			explain_considered(w->e, l,
			                   "the longest the path begins with: kept, if no "
			                   "regular expression matches");
	}
	return w->is_settled ? NULL : longest;
}

static void walk_regexes(struct explain_walk *w, const struct location_set *set)
{
	for (size_t i = 0; i < set->regex_count; i++) {
		const struct location *l = set->regexes[i];

		if (w->is_settled) {
			walk_other(w, l, w->settled_by);
		} else if (!location_regex_fits(l, w->path)) {
			walk_other(w, l, "no match for");
		} else {
			explain_considered(w->e, l, "matches, and is the first that does");
			walk_level(w, &l->inner);
			w->is_settled = true;
			w->settled_by = "not tried, an earlier one matches";
		}
	}
}

/* As route_location() goes: exact, the longest prefix, what is inside it, the regular expressions of this level. */
static void walk_level(struct explain_walk *w, const struct location_set *set)
{
	const struct location *prefix;

	walk_exact(w, set);
	prefix = walk_prefixes(w, set);
	if (prefix) {
		walk_level(w, &prefix->inner);
		if (prefix->kind == LOCATION_PREFIX_FINAL && !w->is_settled) {
			w->is_settled = true;
			w->settled_by = "not tried, ^~ has ended the search";
		}
	}
	walk_regexes(w, set);
}

static void explain_access(struct explain *e, struct request *r)
{
	const struct access_list *list = &request_settings(r)->access;
	const struct access_rule *rule = access_rule_for(list, &r->peer);
	struct buf range = buf_in_arena(&r->arena, 64);

	if (list->count == 0)
		return;
	if (!rule) {
		explain_say(e, "access", "no allow or deny is about this client: it is let in");
		return;
	}
	cidr_print(&rule->range, &range);
	explain_say(e, "access", "%s %.*s decides: %s", rule->allow ? "allow" : "deny",
	            STR_ARG(buf_str(&range)),
	            rule->allow ? "the client is let in" : "the client is turned away");
}

void explain_location(struct explain *e, struct request *r)
{
	const struct location *l = r->location;
	struct explain_walk walk = { .e = e, .path = r->target.path };

	if (r->redirects > 0)
		explain_say(e, "again", "%s", trace_path(r, r->target.path));
	if (l->kind == LOCATION_NAMED) {
		explain_say(e, "location", "%.*s (%s), by its name", STR_ARG(l->pattern),
		            explain_at(e, &l->at));
	} else {
		walk_level(&walk, &r->server->locations);
		walk_say_others(&walk);
		if (l->kind == LOCATION_SERVER)
			explain_say(e, "location", "none: the server's own settings hold");
		else
			explain_say(e, "location", "%s%.*s (%s)", location_mark(l),
			            STR_ARG(l->pattern), explain_at(e, &l->at));
	}
	explain_access(e, r);
}
