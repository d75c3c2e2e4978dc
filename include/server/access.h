#ifndef SERVER_ACCESS_H
#define SERVER_ACCESS_H

#include "conf/config.h"
#include "net/sock.h"

struct request;

/* The rule that decides about the client, or NULL: where none holds it, it is let in. */
const struct access_rule *access_rule_for(const struct access_list *list, const struct peer *peer);

/* Whether the list of allow and deny lets the client in. */
bool access_admits(const struct access_list *list, const struct peer *peer);

/*
 * Where a trusted proxy (set_real_ip_from) is at the other end of the connection: takes its word for who
 * the client is, r->peer, and for the request's id. Needs r->server.
 */
void access_find_client(struct request *r);

#endif
