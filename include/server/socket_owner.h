#ifndef SERVER_SOCKET_OWNER_H
#define SERVER_SOCKET_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/*
 * Finds who listens on a TCP address or a Unix socket, as far as /proc allows: writes
 * "nginx (process 1234)" to text. False where it can't be found.
 */
bool socket_owner(const struct sockaddr *address, char *text, size_t size);

#endif
