#include "base/map.h"

#include <endian.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { MAP_FIRST_CAP = 16 };

struct map_slot {
	struct str key;
	void *value; /* NULL: free; the tombstone's address: was in use */
	uint64_t hash;
};

static char map_tombstone;

/* ---- SipHash-1-3 (Aumasson and Bernstein): one round a word, three at the end ------------------------ */

static uint64_t map_key[2];
static bool map_has_key;

static void map_draw_key(void)
{
	if (getrandom(map_key, sizeof map_key, GRND_NONBLOCK) != (ssize_t)sizeof map_key) {
		/* Only before the kernel's pool is filled at boot: better a guessable key than to hang. */
		map_key[0] = (uint64_t)time(NULL) * 0x9e3779b97f4a7c15u;
		map_key[1] = (uint64_t)getpid() * 0xbf58476d1ce4e5b9u;
	}
	map_has_key = true;
}

static uint64_t rotate(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

/* Inline by force: so the four words stay in registers, which halves the cost of a short key. */
static inline __attribute__((always_inline)) void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

uint64_t map_siphash(const uint64_t secret[2], struct str key)
{
	uint64_t v[4] = { secret[0] ^ 0x736f6d6570736575u, secret[1] ^ 0x646f72616e646f6du,
		          secret[0] ^ 0x6c7967656e657261u, secret[1] ^ 0x7465646279746573u };
	uint64_t word;
	size_t whole = key.len / 8 * 8;

	for (size_t i = 0; i < whole; i += 8) {
		memcpy(&word, key.ptr + i, 8);
		word = le64toh(word);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	word = (uint64_t)key.len << 56;
	for (size_t i = whole; i < key.len; i++)
		word |= (uint64_t)(unsigned char)key.ptr[i] << (8 * (i - whole));
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t map_hash(struct str key)
{
	if (!map_has_key)
		map_draw_key();
	return map_siphash(map_key, key);
}

/* ---- the table ------------------------------------------------------------------------------------- */

void map_init(struct map *map)
{
	*map = (struct map){ 0 };
}

void map_end(struct map *map)
{
	free(map->slots);
	*map = (struct map){ 0 };
}

/* The key's slot, or the free one where its search ends. */
static struct map_slot *map_find(const struct map *map, struct str key, uint64_t hash)
{
	size_t at = (size_t)hash & (map->cap - 1);

	while (map->slots[at].value) {
		struct map_slot *slot = &map->slots[at];

		if (slot->value != &map_tombstone && slot->hash == hash && str_eq(slot->key, key))
			return slot;
		at = (at + 1) & (map->cap - 1);
	}
	return &map->slots[at];
}

void *map_get(const struct map *map, struct str key)
{
	return map->len == 0 ? NULL : map_find(map, key, map_hash(key))->value;
}

/* Doubles when it is full of entries, or only sheds its tombstones. */
static bool map_rebuild(struct map *map)
{
	struct map old = *map;
	size_t cap = old.cap == 0 ? MAP_FIRST_CAP : old.len * 2 >= old.cap ? old.cap * 2 : old.cap;
	struct map_slot *slots = calloc(cap, sizeof *slots);

	if (!slots)
		return false;
	*map = (struct map){ .slots = slots, .cap = cap, .len = old.len, .used = old.len };
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].value && old.slots[i].value != &map_tombstone)
			*map_find(map, old.slots[i].key, old.slots[i].hash) = old.slots[i];
	free(old.slots);
	return true;
}

bool map_put(struct map *map, struct str key, void *value)
{
	uint64_t hash = map_hash(key);
	struct map_slot *slot;

	if ((map->used + 1) * 4 > map->cap * 3 && !map_rebuild(map))
		return false;
	slot = map_find(map, key, hash);
	if (!slot->value) {
		map->len++;
		map->used++;
	}
	*slot = (struct map_slot){ key, value, hash };
	return true;
}

void *map_remove(struct map *map, struct str key)
{
	struct map_slot *slot;
	void *value;

	if (map->len == 0)
		return NULL;
	slot = map_find(map, key, map_hash(key));
	value = slot->value;
	if (value) {
		slot->value = &map_tombstone;
		map->len--;
	}
	return value;
}

void *map_next(const struct map *map, size_t *at)
{
	while (*at < map->cap) {
		void *value = map->slots[(*at)++].value;

		if (value && value != &map_tombstone)
			return value;
	}
	return NULL;
}
