#ifndef CONF_LISTEN_H
#define CONF_LISTEN_H

#include "conf/config.h"

/*
 * Reads the address of a `listen`, Unix sockets excepted, into out->address and out->address_len: PORT,
 * ADDRESS, ADDRESS:PORT, [IPV6]:PORT, where ADDRESS may be * or localhost; `port` where none is given. False: it is none.
 */
bool listen_parse(struct str text, uint16_t port, struct listener_conf *out);

/* As listen_parse() reads it back, with its port; also "unix:PATH". */
void listen_print(const struct listener_conf *listener, struct buf *out);

/* Whether only this machine reaches it: 127.0.0.0/8 or ::1. Not so for a Unix socket, which no browser opens. */
bool listen_is_loopback(const struct listener_conf *listener);

#endif
