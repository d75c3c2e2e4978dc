#ifndef SERVER_ORPHANS_H
#define SERVER_ORPHANS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * When a launcher dies its programs become our children, as we are a subreaper (prctl(2)). This kills
 * them, each with its process group; whoever has left for a session of its own did so on purpose and is
 * let live. is_known: our own processes, which are spared. How many were found.
 */
size_t orphans_kill(bool (*is_known)(const void *context, pid_t pid), const void *context);

#endif
