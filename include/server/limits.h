#ifndef SERVER_LIMITS_H
#define SERVER_LIMITS_H

#include "base/str.h"

/*
 * What addresses have asked for, counted in memory that the supervisor maps and every worker of every
 * generation shares. Nothing is locked: every change is of one word, so that a process may be killed at
 * any point and leave nothing that another one waits for, or half done.
 *
 * Accounts are found by a hash under a key drawn at the start; a client can't choose whom it shares one with.
 */
struct limits;

/* Maps the memory (3 MB, of which only what is used becomes real). NULL and errno. */
struct limits *limits_open(void);
void limits_close(struct limits *limits);

/* The account of an address (bytes of it, network order) in the limit with this id. */
uint64_t limits_key(const struct limits *limits, uint64_t id, unsigned family, struct str address);

/* ---- requests in a time ---------------------------------------------------------------------------------- */

/* One request in each `interval` ns, and `burst` of them at once. burst times interval must fit in 63 bits. */
struct limits_rate {
	uint64_t interval, burst;
};

/*
 * Takes one request from the account at `now` (ms of clock_now(), which is one clock for all processes). 0: it
 * may pass. Else the ns after which one would, and nothing was taken.
 *
 * An account that needs none any more (nothing was taken for so long that the whole burst is there again) makes
 * room for others. Where there are none of those, a new one goes on with what the one that has the most left had:
 * who fills the table gains nothing, and a stranger is set back by one burst at most.
 */
uint64_t limits_take(struct limits *limits, uint64_t key, const struct limits_rate *rate,
                     uint64_t now);

/* ---- requests at once ------------------------------------------------------------------------------------ */

/*
 * Each worker counts under a seat of its own, and an account is the sum over the seats: what a dead worker
 * held is given back with its seat. The supervisor hands seats out, and takes one back only when its worker is gone.
 */
enum { LIMITS_NO_SEAT = 0 };
unsigned limits_seat_take(struct limits *limits); /* LIMITS_NO_SEAT: there is none left */
void limits_seat_leave(struct limits *limits, unsigned seat);

enum limits_entry {
	LIMITS_ENTERED,
	LIMITS_OVER, /* `most` are in already */
	LIMITS_FULL  /* no room to count it: it must not pass for that */
};

/*
 * One more request of the account, which has no more than `most` at once, two workers asked at the same moment
 * included. LIMITS_ENTERED: *hold is to be given to limits_leave() by the same worker.
 */
struct limits_hold;
enum limits_entry limits_enter(struct limits *limits, unsigned seat, uint64_t key, uint32_t most,
                               struct limits_hold **hold);
void limits_leave(struct limits_hold *hold);

#endif
