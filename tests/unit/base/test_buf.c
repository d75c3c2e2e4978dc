#include "base/buf.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const struct {
	const char *name;
	uint64_t n;
	unsigned width;
	const char *decimal, *padded, *hex;
} number_rows[] = {
	{ "zero", 0, 1, "0", "0", "0" },
	{ "a width of none is a width of one", 7, 0, "7", "7", "7" },
	{ "two digits of a clock", 7, 2, "7", "07", "7" },
	{ "a number wider than the width", 1234, 2, "1234", "1234", "4d2" },
	{ "the greatest", UINT64_MAX, 20, "18446744073709551615", "18446744073709551615",
	  "ffffffffffffffff" },
	{ "more digits than a number can have are 20", 1, 99, "1", "00000000000000000001", "1" },
	{ "lower case", 0xabcdef, 8, "11259375", "11259375", "abcdef" },
};

Test(buf, numbers)
{
	for (size_t i = 0; i < sizeof number_rows / sizeof number_rows[0]; i++) {
		char room[3][32];
		struct buf out[3];

		for (size_t j = 0; j < 3; j++)
			out[j] = buf_fixed(room[j], sizeof room[j]);
		buf_u64(&out[0], number_rows[i].n);
		buf_u64_pad(&out[1], number_rows[i].n, number_rows[i].width);
		buf_hex(&out[2], number_rows[i].n);
		cr_expect(str_eq(buf_str(&out[0]), str_from(number_rows[i].decimal)), "%s",
		          number_rows[i].name);
		cr_expect(str_eq(buf_str(&out[1]), str_from(number_rows[i].padded)), "%s",
		          number_rows[i].name);
		cr_expect(str_eq(buf_str(&out[2]), str_from(number_rows[i].hex)), "%s",
		          number_rows[i].name);
	}
}

Test(buf, hexadecimal_of_a_width)
{
	char room[20];
	struct buf b = buf_fixed(room, sizeof room);

	buf_hex_pad(&b, 0x1f, 4);
	buf_hex_pad(&b, UINT64_MAX, 3);
	buf_hex_pad(&b, 0, 8);
	cr_expect(str_eq(buf_str(&b), STR_OF("001ffff00000000")));
	buf_hex_pad(&b, 1, 6);
	cr_expect(b.failed);
	cr_expect(eq(sz, b.len, 15));
}

static void add_everything(struct buf *b)
{
	buf_add(b, STR_OF("ab"));
	buf_byte(b, '\0');
	buf_text(b, "cd");
	buf_u64(b, 1234567);
	buf_hex(b, 0xbeef);
	buf_format(b, "%s=%d", "x", -5);
	buf_add(b, (struct str){ NULL, 0 });
	buf_text(b, NULL);
}

static const struct str everything = STR("ab\0cd1234567beefx=-5");

/* In every size from nothing to enough: never a byte too far, and failed as soon as something is missing. */
Test(buf, fixed)
{
	for (size_t cap = 0; cap <= everything.len + 1; cap++) {
		char room[64];
		struct buf b = buf_fixed(room, cap);

		memset(room, '#', sizeof room);
		add_everything(&b);
		/* printf's NUL needs a byte that is not kept. */
		cr_expect(b.failed == (cap < everything.len + 1), "%zu bytes", cap);
		cr_expect(le(sz, b.len, cap), "%zu bytes", cap);
		cr_expect(eq(int, memcmp(room, everything.ptr, b.len), 0), "%zu bytes", cap);
		for (size_t i = cap; i < sizeof room; i++)
			cr_assert(eq(chr, room[i], '#'), "byte %zu behind %zu bytes", i, cap);
	}
}

Test(buf, failure_lasts)
{
	char room[4];
	struct buf b = buf_fixed(room, sizeof room);

	buf_add(&b, STR_OF("ab"));
	buf_add(&b, STR_OF("cde"));
	cr_expect(b.failed);
	buf_byte(&b, 'c');
	cr_expect(eq(sz, b.len, 2), "nothing is added behind what is missing");
	cr_expect(eq(ptr, buf_room(&b, 1), NULL));

	b = buf_fixed(room, sizeof room);
	cr_expect(eq(ptr, buf_room(&b, SIZE_MAX), NULL), "a size that would wrap");
	cr_expect(b.failed);

	b = buf_fixed(room, sizeof room);
	buf_add(&b, STR_OF("abcd"));
	cr_expect(not(b.failed), "a buffer may be filled to its last byte");
}

static const size_t expectations[] = { 0, 1, 16, 20, 21, 1000 };

Test(buf, grows_in_an_arena)
{
	struct arena arena;

	arena_init(&arena, NULL);
	for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
		struct buf b = buf_in_arena(&arena, expectations[i]);

		add_everything(&b);
		cr_expect(not(b.failed), "%zu bytes expected", expectations[i]);
		cr_expect(str_eq(buf_str(&b), everything), "%zu bytes expected", expectations[i]);
		for (int n = 0; n < 100000; n++)
			buf_byte(&b, 'x');
		cr_expect(eq(sz, b.len, everything.len + 100000));
		cr_expect(str_starts_with(buf_str(&b), everything));
		cr_expect(lt(sz, b.cap, 4 * b.len), "doubling keeps within bounds");
	}
	arena_end(&arena);
}

Test(buf, out_of_memory)
{
	struct arena arena;
	struct buf b;

	arena_init(&arena, NULL);
	b = buf_in_arena(&arena, SIZE_MAX / 2);
	cr_expect(b.failed);
	buf_byte(&b, 'x');
	cr_expect(eq(sz, b.len, 0));

	b = buf_in_arena(&arena, 4);
	buf_text(&b, "ab");
	cr_expect(eq(ptr, buf_room(&b, SIZE_MAX - 1), NULL), "the sum would overflow");
	cr_expect(b.failed);
	cr_expect(str_eq(buf_str(&b), STR_OF("ab")), "what was there stays");

	b = buf_in_arena(&arena, 4);
	cr_expect(eq(ptr, buf_room(&b, SIZE_MAX / 2), NULL), "there is not so much memory");
	arena_end(&arena);
}
