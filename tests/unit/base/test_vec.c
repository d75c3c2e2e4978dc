#include "base/vec.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

struct row {
	size_t number;
	char name[20];
};

Test(vec, grows)
{
	VEC(struct row) rows = { 0 };
	struct arena arena;

	arena_init(&arena, NULL);
	for (size_t i = 0; i < 1000; i++) {
		struct row *row = VEC_PUSH(&arena, &rows);

		cr_assert(row != NULL);
		cr_assert(eq(sz, row->number, 0), "a new item is cleared");
		cr_assert(eq(int, row->name[19], 0), "a new item is cleared to its end");
		row->number = i;
		memset(row->name, 'x', sizeof row->name);
	}
	cr_assert(eq(sz, rows.len, 1000));
	for (size_t i = 0; i < rows.len; i++)
		cr_assert(eq(sz, rows.items[i].number, i), "growing keeps what there is");
	arena_end(&arena);
}

static const struct {
	const char *name;
	size_t cap, item_size;
} refusals[] = {
	{ "the size in bytes would overflow", (size_t)1 << 60, 16 },
	{ "the capacity would overflow", SIZE_MAX / 2 + 1, 1 },
	{ "memory for that much does not exist", SIZE_MAX / 8, 2 },
};

Test(vec, refuses)
{
	struct arena arena;
	char item;

	arena_init(&arena, NULL);
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		void *items = &item;
		size_t cap = refusals[i].cap;

		cr_expect(not(vec_grow(&arena, &items, &cap, refusals[i].item_size)), "%s",
		          refusals[i].name);
		cr_expect(eq(ptr, items, &item), "%s: nothing changed", refusals[i].name);
		cr_expect(eq(sz, cap, refusals[i].cap), "%s: nothing changed", refusals[i].name);
	}
	arena_end(&arena);
}
