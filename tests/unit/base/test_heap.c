#include "base/heap.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

enum { NODES = 500, STEPS = 20000 };

/* Every parent is at most its children, and every node knows its place. */
static bool is_sound(const struct heap *heap)
{
	for (size_t i = 0; i < heap->len; i++)
		if (heap->nodes[i]->place != i + 1 ||
		    (i > 0 && heap->nodes[(i - 1) / 2]->key > heap->nodes[i]->key))
			return false;
	return true;
}

Test(heap, sorts)
{
	struct heap heap;
	struct heap_node nodes[NODES] = { 0 };
	uint64_t last = 0;

	heap_init(&heap);
	cr_expect(eq(ptr, heap_first(&heap), NULL), "an empty heap has no first");
	for (size_t i = 0; i < NODES; i++)
		cr_assert(heap_insert(&heap, &nodes[i], i * 7919 % NODES));
	for (size_t i = 0; i < NODES; i++) {
		struct heap_node *first = heap_first(&heap);

		cr_assert(ge(u64, first->key, last));
		last = first->key;
		heap_remove(&heap, first);
		cr_assert(eq(u32, first->place, 0));
	}
	cr_expect(eq(ptr, heap_first(&heap), NULL));
	heap_remove(&heap, &nodes[0]);
	cr_expect(eq(sz, heap.len, 0), "removing what is in no heap does nothing");
	heap_end(&heap);
}

Test(heap, extremes)
{
	struct heap heap;
	struct heap_node a = { 0 }, b = { 0 }, c = { 0 };

	heap_init(&heap);
	heap_insert(&heap, &a, UINT64_MAX);
	heap_insert(&heap, &b, 0);
	heap_insert(&heap, &c, UINT64_MAX);
	cr_expect(eq(ptr, heap_first(&heap), &b));
	heap_rekey(&heap, &b, UINT64_MAX);
	cr_expect(is_sound(&heap));
	heap_rekey(&heap, &c, 1);
	cr_expect(eq(ptr, heap_first(&heap), &c));
	heap_remove(&heap, &c);
	heap_remove(&heap, &a);
	cr_expect(eq(ptr, heap_first(&heap), &b));
	heap_end(&heap);
}

/* A long mixed life, in which a node from the middle leaves and the last one has to rise or to sink. */
Test(heap, random_life)
{
	struct heap heap;
	struct heap_node nodes[NODES] = { 0 };
	uint64_t seed = 1;
	size_t in = 0;

	heap_init(&heap);
	for (int i = 0; i < STEPS; i++) {
		struct heap_node *node;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		node = &nodes[(seed >> 33) % NODES];
		if (!node->place) {
			cr_assert(heap_insert(&heap, node, seed >> 50));
			in++;
		} else if (seed >> 63) {
			heap_rekey(&heap, node, seed >> 50);
		} else {
			heap_remove(&heap, node);
			in--;
		}
		cr_assert(is_sound(&heap), "after step %d", i);
		cr_assert(eq(sz, heap.len, in), "after step %d", i);
	}
	heap_end(&heap);
}
