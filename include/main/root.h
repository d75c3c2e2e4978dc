#ifndef MAIN_ROOT_H
#define MAIN_ROOT_H

#include "conf/config.h"
#include "main/options.h"
#include "server/sockets.h"

/*
 * --root: a directory is served by a configuration that is written here and read by the parser like any other, so
 * that a server comes to be in one way only. The directory's name is not in it: it is the prefix, and may hold
 * any bytes.
 */

/*
 * Fills in text, prefix and path of *out; the text lives in the arena. The password of --auth is hashed into a
 * file without a name, which stays open, and wiped from where options->auth points. False: why is in `message`, and *status is
 * the exit status.
 */
bool root_source(const struct options *options, struct arena *arena, struct config_source *out,
                 struct buf *message, int *status);

/*
 * Says where it listens, as sockets_announce() does; then the URLs by which other machines reach it, and the first
 * of them as a QR code where stdout is a terminal that takes UTF-8.
 */
void root_announce(const struct sockets *sockets);

#endif
