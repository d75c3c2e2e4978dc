#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

#include <setjmp.h>

/*
 * Memory that dies in one call. Whatever belongs to one life (a request, a configuration) is allocated
 * here, and what is not memory (descriptors, temporary files, running programs) registers a closer.
 * arena_end() runs the closers, the latest first, and then frees every chunk.
 */
struct arena {
	char *next, *end;           /* the free room in the current chunk */
	struct arena_chunk *chunks; /* newest first */
	struct arena_closer *closers;
	struct arena_pool
	        *pool;   /* where chunks of the usual size come from and go to; may be NULL */
	jmp_buf *failed; /* where to go when memory runs out; NULL: the caller gets NULL */
};

/*
 * Chunks kept for the next arena, so that a busy server asks malloc for nothing. Not shared between
 * processes or threads. Keeps at most `keep` of them.
 */
struct arena_pool {
	struct arena_chunk *free;
	size_t kept, keep;
	size_t chunk_size; /* bytes, header included */
};

void arena_pool_init(struct arena_pool *pool, size_t chunk_size, size_t keep);
void arena_pool_end(struct arena_pool *pool);

/* Allocates nothing yet. pool may be NULL. */
void arena_init(struct arena *arena, struct arena_pool *pool);

/* Runs the closers and frees everything; the arena is then empty and may be used again. */
void arena_end(struct arena *arena);

/* size bytes aligned for any type, not cleared. NULL when memory is out and `failed` is not set. */
void *arena_alloc(struct arena *arena, size_t size);

/* The same, cleared. */
void *arena_zero(struct arena *arena, size_t size);

/* A copy of s; its ptr is NULL on failure. A NUL follows the bytes, so that ptr is a C string too. */
struct str arena_str(struct arena *arena, struct str s);

/*
 * Has close(subject) called when the arena ends. False when memory is out: the caller then still owns
 * the subject.
 */
bool arena_defer(struct arena *arena, void (*close)(void *subject), void *subject);

/* Forgets a closer registered with exactly these arguments, once. */
void arena_undefer(struct arena *arena, void (*close)(void *subject), void *subject);

/* Has the descriptor closed when the arena ends. */
bool arena_defer_fd(struct arena *arena, int fd);

#endif
