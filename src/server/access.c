#include "server/access.h"

#include "http/field.h"
#include "server/conn.h"

enum { ACCESS_ID_MAX = 128 };

const struct access_rule *access_rule_for(const struct access_list *list, const struct peer *peer)
{
	for (size_t i = 0; i < list->count; i++)
		if (cidr_contains(&list->items[i].range, peer->family, peer->bytes))
			return &list->items[i];
	return NULL;
}

bool access_admits(const struct access_list *list, const struct peer *peer)
{
	const struct access_rule *rule = access_rule_for(list, peer);

	return !rule || rule->allow;
}

/* ---- who the client is, behind proxies ---------------------------------------------------------------- */

static bool access_trusts(const struct cidr_list *trusted, const struct peer *peer)
{
	for (size_t i = 0; i < trusted->count; i++)
		if (cidr_contains(&trusted->items[i], peer->family, peer->bytes))
			return true;
	return false;
}

/* Takes the last element off a list. */
static struct str access_cut_last(struct str *list)
{
	size_t comma = str_find_last(*list, ',');
	struct str last = comma < list->len ? str_from_index(*list, comma + 1) : *list;

	*list = comma < list->len ? str_head(*list, comma) : str_make(NULL, 0);
	return str_trim(last);
}

/*
 * Each proxy appends the address it was asked from, so the list is true from its right end on, as long as
 * the one who wrote the next address is trusted. False where the walk has come to its end.
 */
static bool access_walk(struct request *r, struct str list)
{
	const struct cidr_list *trusted = &r->server->self.settings.trusted;

	while (list.len > 0) {
		struct str element = access_cut_last(&list);
		struct cidr host;
		uint16_t port;

		if (element.len == 0)
			continue;
		if (!access_trusts(trusted, &r->peer) || !cidr_parse_host(element, &host, &port))
			return false;
		r->peer = (struct peer){ .family = host.family, .port = port };
		memcpy(r->peer.bytes, host.bytes, sizeof host.bytes);
	}
	return true;
}

void access_find_client(struct request *r)
{
	const struct settings *set = &r->server->self.settings;
	struct str id = head_value(&r->head, FIELD_X_REQUEST_ID);

	if (!access_trusts(&set->trusted, &r->peer))
		return;
	if (id.len <= ACCESS_ID_MAX && field_is_token(id))
		r->given_id = id;
	if (set->real_ip.is_proxy_protocol) {
		if (r->conn && r->conn->proxied.family != AF_UNSPEC)
			r->peer = r->conn->proxied;
		return;
	}
	/* Several lines are one list (RFC 9110 section 5.3): its right end is the last line. */
	for (size_t i = r->head.field_count; i-- > 0;)
		if (str_eq_nocase(r->head.fields[i].name, set->real_ip.field) &&
		    !access_walk(r, r->head.fields[i].value))
			return;
}
