#include "base/vec.h"

bool vec_grow(struct arena *arena, void **items, size_t *cap, size_t item_size)
{
	size_t wanted = *cap ? *cap * 2 : 8, bytes;
	char *room;

	if (wanted < *cap || __builtin_mul_overflow(wanted, item_size, &bytes))
		return false;
	room = arena_alloc(arena, bytes);
	if (!room)
		return false;
	if (*cap > 0)
		memcpy(room, *items, *cap * item_size);
	memset(room + *cap * item_size, 0, bytes - *cap * item_size);
	*items = room;
	*cap = wanted;
	return true;
}
