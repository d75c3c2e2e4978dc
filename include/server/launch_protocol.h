#ifndef SERVER_LAUNCH_PROTOCOL_H
#define SERVER_LAUNCH_PROTOCOL_H

#include "net/child.h"

#include <stdint.h>

/*
 * What a worker and the launcher say to each other: whole messages over a SOCK_SEQPACKET channel between
 * two processes of one binary, hence plain structs. The worker draws the ids, from a counter of 64 bits
 * that never comes round; programs and spool files share it.
 */

/*
 * Worker to launcher. Behind the struct come strings, each with its NUL:
 *
 *   LAUNCH_START  program, directory, argc arguments, envc variables    descriptors: one for each bit of `pipes`
 *   LAUNCH_END    none
 *   LAUNCH_RELEASE none                   descriptors: up to 2, to be read empty until their end
 *   LAUNCH_SPOOL  directory
 */
enum launch_verb { LAUNCH_START = 1, LAUNCH_END, LAUNCH_RELEASE, LAUNCH_SPOOL };

struct launch_request {
	uint64_t id;
	uint64_t
	        time; /* START: ms between TERM and KILL; RELEASE: ms it may live on, 0: no limit */
	uint32_t verb;
	uint32_t argc, envc; /* START */
	uint32_t
	        pipes; /* START: bit i set: a descriptor to become i came along; clear: /dev/null */
	struct child_limits limits; /* START */
};

/*
 * Launcher to worker. A program that is started as soon as it is asked for, as most are, makes no news of
 * that; one that has to wait is QUEUED first and then STARTED.
 */
enum launch_news {
	LAUNCH_QUEUED = 1,
	LAUNCH_STARTED,
	LAUNCH_FAILED,
	LAUNCH_EXITED,
	LAUNCH_SPOOLED
};

struct launch_reply {
	uint64_t id;
	uint32_t news;
	int32_t step; /* FAILED: enum child_step */
	int32_t value; /* FAILED: errno; EXITED: status as of wait(2); SPOOLED: 0 and a descriptor, or errno */
};

/*
 * The longest message in either direction. A socket of the default size takes 416 KiB; one environment
 * string may have 128 KiB in any case (the kernel's MAX_ARG_STRLEN).
 */
enum { LAUNCH_MESSAGE_MAX = 256 * 1024 };

#endif
