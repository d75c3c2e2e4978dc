#include "base/map.h"

#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEYS = 3000, STEPS = 60000 };

/* CPython's hash of these bytes, which is SipHash-1-3, under PYTHONHASHSEED=0, which is a key of zeros. */
static const struct {
	const char *name;
	struct str text;
	uint64_t hash;
} hash_rows[] = {
	{ "one byte", STR("a"), 0x407448d2b89b1813 },
	{ "seven bytes, one less than a word", STR("abcdefg"), 0x6db12aae9070f506 },
	{ "eight bytes, a whole word", STR("abcdefgh"), 0x3f7b849c0b8e35ea },
};

Test(map, hash)
{
	static const uint64_t zeros[2], other[2] = { 1, 0 };
	unsigned char bytes[63];
	struct str all = str_make((const char *)bytes, sizeof bytes);

	for (size_t i = 0; i < sizeof hash_rows / sizeof hash_rows[0]; i++) {
		struct str s = guard_copy(hash_rows[i].text);

		cr_expect(eq(u64, map_siphash(zeros, s), hash_rows[i].hash), "%s",
		          hash_rows[i].name);
		cr_expect(ne(u64, map_siphash(other, s), hash_rows[i].hash), "%s: another key",
		          hash_rows[i].name);
		guard_free(s);
	}
	for (unsigned i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)i;
	cr_expect(eq(u64, map_siphash(zeros, all), 0x385d3e39e5f37359));
	cr_expect(eq(u64, map_hash(all), map_hash(all)), "one process has one key");
	cr_expect(ne(u64, map_hash(all), map_siphash(zeros, all)), "the key is drawn, not zero");
}

Test(map, put_get_remove)
{
	struct map map;
	int one = 1, two = 2;

	map_init(&map);
	cr_expect(eq(ptr, map_get(&map, STR_OF("a")), NULL));
	cr_expect(eq(ptr, map_remove(&map, STR_OF("a")), NULL));
	cr_expect(map_put(&map, STR_OF("a"), &one));
	cr_expect(map_put(&map, STR_OF(""), &two), "the empty key is a key");
	cr_expect(map_put(&map, STR_OF("a\0b"), &two), "so is one with a NUL");
	cr_expect(eq(ptr, map_get(&map, STR_OF("a")), &one));
	cr_expect(eq(ptr, map_get(&map, STR_OF("")), &two));
	cr_expect(eq(ptr, map_get(&map, STR_OF("A")), NULL), "case counts");
	cr_expect(map_put(&map, STR_OF("a"), &two), "a second put replaces");
	cr_expect(eq(ptr, map_get(&map, STR_OF("a")), &two));
	cr_expect(eq(sz, map.len, 3));
	cr_expect(eq(ptr, map_remove(&map, STR_OF("a")), &two));
	cr_expect(eq(ptr, map_remove(&map, STR_OF("a")), NULL));
	cr_expect(eq(ptr, map_get(&map, STR_OF("a\0b")), &two));
	cr_expect(eq(sz, map.len, 2));
	map_end(&map);
	cr_expect(eq(ptr, map_get(&map, STR_OF("")), NULL), "an ended map is empty");
}

static char names[KEYS][12];

static struct str name_of(size_t i)
{
	int n = snprintf(names[i], sizeof names[i], "key-%zu", i);

	return str_make(names[i], (size_t)n);
}

/* Against an array of what should be in it, long enough to grow and to shed tombstones many times. */
Test(map, random_life)
{
	struct map map;
	static bool in[KEYS];
	uint64_t seed = 1;
	size_t len = 0, greatest = 0;

	map_init(&map);
	for (int step = 0; step < STEPS; step++) {
		size_t i;
		void *value;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		i = (seed >> 33) % KEYS;
		cr_assert(eq(ptr, map_get(&map, name_of(i)), in[i] ? names[i] : NULL));
		if (in[i])
			value = map_remove(&map, name_of(i));
		else
			value = map_put(&map, name_of(i), names[i]) ? names[i] : NULL;
		cr_assert(eq(ptr, value, names[i]), "step %d", step);
		in[i] = !in[i];
		len = in[i] ? len + 1 : len - 1;
		cr_assert(eq(sz, map.len, len), "step %d", step);
		greatest = len > greatest ? len : greatest;
	}
	for (size_t i = 0; i < KEYS; i++)
		cr_assert(eq(ptr, map_get(&map, name_of(i)), in[i] ? names[i] : NULL));
	cr_expect(le(sz, map.cap, 8 * greatest), "tombstones do not make the table grow");
	map_end(&map);
}

Test(map, walk)
{
	struct map map;
	size_t at = 0, seen = 0;
	char *name;

	map_init(&map);
	cr_expect(eq(ptr, map_next(&map, &at), NULL), "an empty map has no entries");
	for (size_t i = 0; i < 100; i++)
		cr_assert(map_put(&map, name_of(i), names[i]));
	for (at = 0; (name = map_next(&map, &at)); seen++)
		cr_assert(eq(ptr, map_remove(&map, str_from(name)), name),
		          "entries may be removed on the way, and none comes twice");
	cr_expect(eq(sz, seen, 100), "every entry comes");
	cr_expect(eq(sz, map.len, 0));
	map_end(&map);
}

/* A map whose next growth cannot be had: its memory is there, its figures say that it is full. */
Test(map, out_of_memory)
{
	const size_t beyond = (size_t)1 << 45; /* slots, more than there are addresses for */
	struct map map;
	int value;

	map_init(&map);
	cr_assert(map_put(&map, STR_OF("a"), &value));
	map.cap = map.used = map.len = beyond;
	cr_expect(not(map_put(&map, STR_OF("b"), &value)));
	cr_expect(eq(sz, map.cap, beyond), "the map is unchanged");
	map.cap = 16;
	map.used = map.len = 1;
	cr_expect(eq(ptr, map_get(&map, STR_OF("a")), &value));
	map_end(&map);
}
