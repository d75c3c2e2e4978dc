#include "server/decide.h"

#include <regex.h>
#include <sys/socket.h>

/* ---- servers ---------------------------------------------------------------------------------------- */

/* "127.0.0.1" or "[::1]" in the narrowest of the ranges. */
static const struct server_conf *route_range(const struct listener_conf *l, struct str name)
{
	const struct named_range *best = NULL;
	struct cidr host;
	bool is_exact;

	if (str_starts_with(name, STR_OF("[")))
		name = str_make(name.ptr + 1, name.len - 2);
	if (!cidr_parse(name, &host, &is_exact))
		return NULL;
	for (size_t i = 0; i < l->ranges.count; i++)
		if (cidr_contains(&l->ranges.items[i].range, host.family, host.bytes) &&
		    (!best || l->ranges.items[i].range.bits > best->range.bits))
			best = &l->ranges.items[i];
	return best ? best->server : NULL;
}

/* "*.a.b" is filed under ".a.b": the first dot from the left that leads to one is the longest. */
static const struct server_conf *route_head_wildcard(const struct listener_conf *l, struct str name)
{
	for (size_t i = 0; i < l->heads.cap && i < name.len; i++)
		if (name.ptr[i] == '.') {
			const struct server_conf *s = map_get(&l->heads, str_from_index(name, i));

			if (s)
				return s;
		}
	return NULL;
}

/* "a.*" is filed under "a.": from the right. */
static const struct server_conf *route_tail_wildcard(const struct listener_conf *l, struct str name)
{
	if (l->tails.len == 0)
		return NULL;
	for (size_t i = name.len; i > 0; i--)
		if (name.ptr[i - 1] == '.') {
			const struct server_conf *s = map_get(&l->tails, str_head(name, i));

			if (s)
				return s;
		}
	return NULL;
}

const struct server_conf *route_server(const struct listener_conf *listener, struct str host)
{
	char lower[256];
	const struct server_conf *found;
	struct str name = str_make(lower, host.len);

	if (listener->servers == 1 || host.len > sizeof lower)
		return listener->default_server;
	for (size_t i = 0; i < host.len; i++)
		lower[i] = ascii_lower(host.ptr[i]);
	found = map_get(&listener->exact, name);
	if (!found && listener->ranges.count > 0)
		found = route_range(listener, name);
	if (!found && listener->heads.len > 0)
		found = route_head_wildcard(listener, name);
	if (!found)
		found = route_tail_wildcard(listener, name);
	return found ? found : listener->default_server;
}

/* ---- locations -------------------------------------------------------------------------------------- */

static const struct location *route_exact(const struct location_set *set, struct str path)
{
	size_t low = 0, high = set->exact_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = str_compare(set->exact[middle]->pattern, path);

		if (order == 0)
			return set->exact[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/*
 * The longest pattern that the path begins with. In the sorted list it is the last one not behind the
 * path, or one that this begins with: hence the climb over `parents`.
 */
static const struct location *route_prefix(const struct location_set *set, struct str path)
{
	size_t low = 0, high = set->prefix_count;
	int at;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (str_compare(set->prefixes[middle]->pattern, path) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (at = (int)low - 1; at >= 0; at = set->parents[at])
		if (str_starts_with(path, set->prefixes[at]->pattern))
			return set->prefixes[at];
	return NULL;
}

static const struct location *route_regex(const struct location_set *set, struct str path)
{
	/* A path is followed by a NUL; one that holds a NUL (an encoded slash) is matched up to its end all the same. */
	regmatch_t range = { .rm_so = 0, .rm_eo = (regoff_t)path.len };

	for (size_t i = 0; i < set->regex_count; i++)
		if (regexec(set->regexes[i]->regex, path.ptr, 1, &range, REG_STARTEND) == 0)
			return set->regexes[i];
	return NULL;
}

/* What a search of one level, and of those inside what it found, came to. */
struct route_result {
	const struct location *location; /* NULL: none */
	bool is_final;                   /* exact, ^~ or a regex: no regex further out may win */
};

/*
 * nginx's order: an exact match ends the search; else the longest prefix is kept, the levels inside it
 * are searched, and then the regexes of this level in order, unless the prefix said ^~. The depth of the
 * nesting bounds the recursion.
 */
static struct route_result route_level(const struct location_set *set, struct str path)
{
	const struct location *exact = route_exact(set, path), *prefix, *regex;
	struct route_result inner = { 0 };

	if (exact)
		return (struct route_result){ exact, true };
	prefix = route_prefix(set, path);
	if (prefix) {
		inner = route_level(&prefix->inner, path);
		if (inner.is_final)
			return inner;
		if (!inner.location)
			inner.location = prefix;
		if (prefix->kind == LOCATION_PREFIX_FINAL)
			return (struct route_result){ inner.location, true };
	}
	regex = route_regex(set, path);
	if (!regex)
		return inner;
	inner = route_level(&regex->inner, path);
	return (struct route_result){ inner.location ? inner.location : regex, true };
}

const struct location *route_location(const struct server_conf *server, struct str path)
{
	struct route_result found = route_level(&server->locations, path);

	return found.location ? found.location : &server->self;
}
