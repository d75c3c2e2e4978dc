#include "base/arena.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <unistd.h>

enum { CHUNK = 1024, KEEP = 3 };

static const size_t sizes[] = { 0, 1, 15, 16, 17, 100, 992, 1000, 1008, 1009, 5000, 3, 100000, 40 };

/* Pieces are filled with their index and looked at when all are there: none may overlap another. */
static void fill_and_check(struct arena_pool *pool)
{
	struct arena arena;
	unsigned char *piece[sizeof sizes / sizeof sizes[0]];

	arena_init(&arena, pool);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		piece[i] = arena_alloc(&arena, sizes[i]);
		cr_assert(piece[i] != NULL, "%zu bytes", sizes[i]);
		cr_expect(eq(sz, (uintptr_t)piece[i] % 16, 0), "%zu bytes", sizes[i]);
		memset(piece[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (size_t j = 0; j < sizes[i]; j++)
			cr_assert(eq(sz, piece[i][j], i + 1), "byte %zu of %zu", j, sizes[i]);
	arena_end(&arena);
}

Test(arena, pieces)
{
	struct arena_pool pool;

	fill_and_check(NULL);
	arena_pool_init(&pool, CHUNK, KEEP);
	for (int i = 0; i < 4; i++)
		fill_and_check(&pool);
	cr_expect(le(sz, pool.kept, KEEP));
	cr_expect(gt(sz, pool.kept, 0));
	arena_pool_end(&pool);
	cr_expect(eq(sz, pool.kept, 0));
}

Test(arena, pool)
{
	struct arena_pool pool;
	struct arena a, b;
	char *first, *second;

	arena_pool_init(&pool, CHUNK, KEEP);
	arena_init(&a, &pool);
	arena_init(&b, &pool);
	cr_expect(eq(ptr, a.chunks, NULL), "an arena that was not asked costs nothing");
	first = arena_alloc(&a, 10);
	second = arena_alloc(&b, 10);
	arena_end(&a);
	arena_end(&b);
	cr_expect(eq(sz, pool.kept, 2));
	cr_expect(eq(ptr, arena_alloc(&a, 10), second), "the chunk given back last comes first");
	cr_expect(eq(ptr, arena_alloc(&b, 10), first), "and then the one before it");
	cr_expect(eq(sz, pool.kept, 0));
	arena_end(&a);
	arena_end(&b);

	for (int i = 0; i < 100; i++)
		cr_assert(arena_alloc(&a, CHUNK / 2) != NULL);
	cr_assert(arena_alloc(&a, 10 * CHUNK) != NULL);
	arena_end(&a);
	cr_expect(eq(sz, pool.kept, KEEP), "no more are kept than was said");
	for (struct arena *at = &a; at; at = at == &a ? &b : NULL)
		cr_assert(arena_alloc(at, 5 * CHUNK) != NULL);
	arena_end(&a);
	arena_end(&b);
	cr_expect(eq(sz, pool.kept, KEEP), "a large chunk is never kept");
	arena_pool_end(&pool);
}

/* A large piece gets a chunk of its own; the room that was left before it is still used. */
Test(arena, large_pieces_waste_nothing)
{
	struct arena arena;
	char *before, *after;

	arena_init(&arena, NULL);
	before = arena_alloc(&arena, 16);
	cr_assert(arena_alloc(&arena, 100000) != NULL);
	after = arena_alloc(&arena, 16);
	cr_expect(eq(ptr, after, before + 16));
	arena_end(&arena);
}

Test(arena, cleared_and_copied)
{
	struct arena_pool pool;
	struct arena arena;
	struct str copy;
	char *room;

	arena_pool_init(&pool, CHUNK, KEEP);
	arena_init(&arena, &pool);
	memset(arena_alloc(&arena, 900), 'x', 900);
	arena_end(&arena);
	room = arena_zero(&arena, 900);
	for (size_t i = 0; i < 900; i++)
		cr_assert(eq(int, room[i], 0), "byte %zu of a chunk used before", i);

	copy = arena_str(&arena, STR_OF("a\0b"));
	cr_expect(str_eq(copy, STR_OF("a\0b")));
	cr_expect(eq(int, copy.ptr[3], 0), "a NUL follows");
	copy = arena_str(&arena, (struct str){ NULL, 0 });
	cr_expect(copy.ptr && copy.ptr[0] == '\0', "the empty slice is copied too");
	arena_end(&arena);
	arena_pool_end(&pool);
}

static const struct {
	const char *name;
	size_t size;
} impossible[] = {
	{ "half of all memory", SIZE_MAX / 2 },
	{ "rounding up would overflow", SIZE_MAX },
	{ "the header would overflow", SIZE_MAX - 15 },
};

Test(arena, out_of_memory)
{
	struct arena arena;
	char *fine;

	arena_init(&arena, NULL);
	fine = arena_alloc(&arena, 16);
	for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++) {
		cr_expect(eq(ptr, arena_alloc(&arena, impossible[i].size), NULL), "%s",
		          impossible[i].name);
		cr_expect(eq(ptr, arena_zero(&arena, impossible[i].size), NULL), "%s",
		          impossible[i].name);
		cr_expect(eq(ptr, (void *)arena_str(&arena, str_make("", impossible[i].size)).ptr,
		             NULL),
		          "%s", impossible[i].name);
	}
	cr_expect(eq(ptr, arena_alloc(&arena, 16), fine + 16), "a failure changes nothing");
	arena_end(&arena);
}

Test(arena, out_of_memory_jumps)
{
	struct arena arena;
	jmp_buf failed;
	volatile int jumps = 0;

	arena_init(&arena, NULL);
	arena.failed = &failed;
	for (volatile size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++) {
		if (setjmp(failed) == 0) {
			arena_alloc(&arena, impossible[i].size);
			cr_expect(false, "%s: came back", impossible[i].name);
		} else {
			jumps++;
		}
	}
	cr_expect(eq(int, jumps, 3));
	arena_end(&arena);
}

/* ---- closers --------------------------------------------------------------------------------------- */

static char closed[16];
static struct arena *arena_in_use;

static void note(void *subject)
{
	strcat(closed, subject);
}

static void note_and_register(void *subject)
{
	strcat(closed, subject);
	memset(arena_alloc(arena_in_use, 2000), 'x', 2000);
	cr_expect(arena_defer(arena_in_use, note, "n"));
}

Test(arena, closers)
{
	struct arena_pool pool;
	struct arena arena;

	arena_pool_init(&pool, CHUNK, KEEP);
	arena_init(&arena, &pool);
	for (const char *at = "abcb"; *at; at++)
		cr_assert(
		        arena_defer(&arena, note, (void *)arena_str(&arena, str_make(at, 1)).ptr));
	arena_end(&arena);
	cr_expect(eq(str, closed, "bcba"), "the latest is closed first");
	arena_end(&arena);
	cr_expect(eq(str, closed, "bcba"), "nothing is closed twice");

	closed[0] = '\0';
	arena_in_use = &arena;
	cr_assert(arena_defer(&arena, note, "a"));
	cr_assert(arena_defer(&arena, note_and_register, "r"));
	arena_end(&arena);
	cr_expect(eq(str, closed, "rna"), "a closer may allocate and register another");
	arena_pool_end(&pool);
}

Test(arena, forgotten_closers)
{
	static char x[] = "x", y[] = "y";
	struct arena arena;

	arena_init(&arena, NULL);
	cr_assert(arena_defer(&arena, note, x));
	cr_assert(arena_defer(&arena, note, y));
	cr_assert(arena_defer(&arena, note, x));
	arena_undefer(&arena, note, x);
	arena_undefer(&arena, note_and_register, y);
	arena_undefer(&arena, note, closed);
	arena_end(&arena);
	cr_expect(eq(str, closed, "yx"), "exactly one of exactly those arguments is forgotten");
}

Test(arena, descriptors)
{
	struct arena arena;
	int pipe_ends[2];

	arena_init(&arena, NULL);
	cr_assert(eq(int, pipe(pipe_ends), 0));
	cr_assert(arena_defer_fd(&arena, pipe_ends[0]));
	cr_assert(arena_defer_fd(&arena, pipe_ends[1]));
	cr_expect(ne(int, fcntl(pipe_ends[0], F_GETFD), -1));
	arena_end(&arena);
	cr_expect(eq(int, fcntl(pipe_ends[0], F_GETFD), -1));
	cr_expect(eq(int, fcntl(pipe_ends[1], F_GETFD), -1));
}
