#ifndef SERVER_ACCESS_H
#define SERVER_ACCESS_H

#include "conf/config.h"
#include "net/sock.h"

/* Whether the list of allow and deny lets the client in. */
bool access_admits(const struct access_list *list, const struct peer *peer);

#endif
