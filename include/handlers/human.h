#ifndef HANDLERS_HUMAN_H
#define HANDLERS_HUMAN_H

#include "base/buf.h"

#include <time.h>

/* Sizes and times as people read them. */

/* "512 B", "1.4 kB", "23 MB": powers of 1000, cut rather than rounded up. */
void human_size(struct buf *b, uint64_t bytes);

/* "2026-11-24 11:06"; local: in the server's time zone, else UTC. */
void human_time(struct buf *b, time_t when, bool local);

/* "2026-11-24T11:06:09Z" (RFC 3339). */
void human_iso_time(struct buf *b, time_t when);

/* Names as people sort them: runs of digits by their value, letters whatever their case. As strcmp. */
int human_compare(struct str a, struct str b);

#endif
