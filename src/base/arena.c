#include "base/arena.h"

#include <stdlib.h>
#include <unistd.h>

enum { ARENA_ALIGN = 16, ARENA_CHUNK = 4096 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t size; /* of the whole chunk */
} __attribute__((aligned(ARENA_ALIGN)));

struct arena_closer {
	struct arena_closer *next;
	void (*close)(void *subject);
	void *subject;
};

/* ---- the pool -------------------------------------------------------------------------------------- */

void arena_pool_init(struct arena_pool *pool, size_t chunk_size, size_t keep)
{
	*pool = (struct arena_pool){ .chunk_size = chunk_size, .keep = keep };
}

void arena_pool_end(struct arena_pool *pool)
{
	while (pool->free) {
		struct arena_chunk *chunk = pool->free;

		pool->free = chunk->next;
		free(chunk);
	}
	pool->kept = 0;
}

/* The chunk that was given back last comes first: it is the one still in the processor's cache. */
static struct arena_chunk *pool_take(struct arena_pool *pool)
{
	struct arena_chunk *chunk = pool->free;

	if (!chunk)
		return malloc(pool->chunk_size);
	pool->free = chunk->next;
	pool->kept--;
	return chunk;
}

static void pool_give(struct arena_pool *pool, struct arena_chunk *chunk)
{
	if (!pool || chunk->size != pool->chunk_size || pool->kept >= pool->keep) {
		free(chunk);
		return;
	}
	chunk->next = pool->free;
	pool->free = chunk;
	pool->kept++;
}

/* ---- the arena ------------------------------------------------------------------------------------- */

void arena_init(struct arena *arena, struct arena_pool *pool)
{
	*arena = (struct arena){ .pool = pool };
}

void arena_end(struct arena *arena)
{
	struct arena_pool *pool = arena->pool;
	struct arena_chunk *chunk;

	/* A closer may allocate or register another; so the list is looked at anew each time. */
	while (arena->closers) {
		struct arena_closer *closer = arena->closers;

		arena->closers = closer->next;
		closer->close(closer->subject);
	}
	chunk = arena->chunks;
	arena->chunks = NULL;
	arena->next = arena->end = NULL;
	while (chunk) {
		struct arena_chunk *next = chunk->next;

		pool_give(pool, chunk);
		chunk = next;
	}
}

static void *arena_fail(struct arena *arena)
{
	if (arena->failed)
		longjmp(*arena->failed, 1);
	return NULL;
}

/* A new chunk with room for `size` bytes. One made for a single large piece does not replace the current one. */
static void *arena_grow(struct arena *arena, size_t size)
{
	size_t usual = arena->pool ? arena->pool->chunk_size : ARENA_CHUNK;
	size_t need = size + sizeof(struct arena_chunk);
	struct arena_chunk *chunk;
	char *room;

	if (need < size)
		return arena_fail(arena);
	chunk = need > usual ? malloc(need) : arena->pool ? pool_take(arena->pool) : malloc(usual);
	if (!chunk)
		return arena_fail(arena);
	chunk->size = need > usual ? need : usual;
	room = (char *)(chunk + 1);
	if (need > usual && arena->chunks) {
		chunk->next = arena->chunks->next;
		arena->chunks->next = chunk;
		return room;
	}
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->next = room + size;
	arena->end = (char *)chunk + chunk->size;
	return room;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size_t rounded = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	char *room = arena->next;

	if (rounded < size)
		return arena_fail(arena);
	if (rounded == 0)
		rounded = ARENA_ALIGN;
	if (!room || rounded > (size_t)(arena->end - room))
		return arena_grow(arena, rounded);
	arena->next = room + rounded;
	return room;
}

void *arena_zero(struct arena *arena, size_t size)
{
	void *room = arena_alloc(arena, size);

	return room ? memset(room, 0, size) : NULL;
}

struct str arena_str(struct arena *arena, struct str s)
{
	char *room = s.len + 1 == 0 ? NULL : arena_alloc(arena, s.len + 1);

	if (!room)
		return (struct str){ NULL, 0 };
	if (s.len > 0)
		memcpy(room, s.ptr, s.len);
	room[s.len] = '\0';
	return str_make(room, s.len);
}

bool arena_defer(struct arena *arena, void (*close)(void *subject), void *subject)
{
	struct arena_closer *closer = arena_alloc(arena, sizeof *closer);

	if (!closer)
		return false;
	*closer = (struct arena_closer){ arena->closers, close, subject };
	arena->closers = closer;
	return true;
}

void arena_undefer(struct arena *arena, void (*close)(void *subject), void *subject)
{
	for (struct arena_closer **at = &arena->closers; *at; at = &(*at)->next)
		if ((*at)->close == close && (*at)->subject == subject) {
			*at = (*at)->next;
			return;
		}
}

static void arena_close_fd(void *subject)
{
	close((int)(intptr_t)subject);
}

bool arena_defer_fd(struct arena *arena, int fd)
{
	return arena_defer(arena, arena_close_fd, (void *)(intptr_t)fd);
}
