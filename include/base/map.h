#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/str.h"

/*
 * A hash table from byte strings to pointers: open addressing, SipHash under a key drawn at random when
 * the process starts, so that a client who chooses the keys can't choose the collisions. Keys are not
 * copied; they must live as long as their entry. Memory comes from malloc.
 */
struct map {
	struct map_slot *slots;
	size_t len, used, cap; /* entries, entries and tombstones, slots (a power of two) */
};

void map_init(struct map *map);
void map_end(struct map *map);

/* The value under the key, or NULL. */
void *map_get(const struct map *map, struct str key);

/* Adds or replaces. value must not be NULL. False when memory is out: the map is unchanged. */
bool map_put(struct map *map, struct str key, void *value);

/* Takes the entry out and returns its value, or NULL. */
void *map_remove(struct map *map, struct str key);

/* Walks the entries in no order: start with *at = 0; NULL at the end. Entries may be removed on the way. */
void *map_next(const struct map *map, size_t *at);

/* SipHash-1-3 of the bytes under a key of 16 bytes, as two little-endian words. */
uint64_t map_siphash(const uint64_t secret[2], struct str key);

/* SipHash-1-3 of the bytes under this process's key. */
uint64_t map_hash(struct str key);

#endif
