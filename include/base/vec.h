#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/arena.h"

/*
 * A growing array in an arena, for what is built once and then only read. `VEC(struct row) rows;`
 * declares one that starts zeroed; VEC_PUSH(arena, &rows) gives a pointer to a cleared new item, or NULL.
 */
#define VEC(type)            \
	struct {             \
		type *items; \
		size_t len;  \
		size_t cap;  \
	}

#define VEC_PUSH(arena, v)                                                                      \
	((v)->len < (v)->cap ||                                                                 \
	                 vec_grow((arena), (void **)&(v)->items, &(v)->cap, sizeof *(v)->items) \
	         ? &(v)->items[(v)->len++]                                                      \
	         : NULL)

/* Makes room for at least one more item, cleared. False when memory is out. */
bool vec_grow(struct arena *arena, void **items, size_t *cap, size_t item_size);

#endif
