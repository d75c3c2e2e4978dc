#include "base/heap.h"

#include <stdlib.h>

void heap_init(struct heap *heap)
{
	*heap = (struct heap){ 0 };
}

void heap_end(struct heap *heap)
{
	free(heap->nodes);
	*heap = (struct heap){ 0 };
}

struct heap_node *heap_first(const struct heap *heap)
{
	return heap->len > 0 ? heap->nodes[0] : NULL;
}

static void heap_put(struct heap *heap, size_t at, struct heap_node *node)
{
	heap->nodes[at] = node;
	node->place = (uint32_t)at + 1;
}

static void heap_rise(struct heap *heap, size_t at, struct heap_node *node)
{
	while (at > 0 && heap->nodes[(at - 1) / 2]->key > node->key) {
		heap_put(heap, at, heap->nodes[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(heap, at, node);
}

static void heap_sink(struct heap *heap, size_t at, struct heap_node *node)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < heap->len && heap->nodes[child + 1]->key < heap->nodes[child]->key)
			child++;
		if (child >= heap->len || heap->nodes[child]->key >= node->key)
			break;
		heap_put(heap, at, heap->nodes[child]);
		at = child;
	}
	heap_put(heap, at, node);
}

bool heap_insert(struct heap *heap, struct heap_node *node, uint64_t key)
{
	if (heap->len == heap->cap) {
		size_t cap = heap->cap ? heap->cap * 2 : 64;
		struct heap_node **nodes = realloc(heap->nodes, cap * sizeof(struct heap_node *));

		if (!nodes)
			return false;
		heap->nodes = nodes;
		heap->cap = cap;
	}
	node->key = key;
	heap_rise(heap, heap->len++, node);
	return true;
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
	size_t at = node->place - 1;
	struct heap_node *last;

	if (node->place == 0)
		return;
	node->place = 0;
	last = heap->nodes[--heap->len];
	if (last == node)
		return;
	if (at > 0 && heap->nodes[(at - 1) / 2]->key > last->key)
		heap_rise(heap, at, last);
	else
		heap_sink(heap, at, last);
}

void heap_rekey(struct heap *heap, struct heap_node *node, uint64_t key)
{
	bool rises = key < node->key;

	node->key = key;
	if (rises)
		heap_rise(heap, node->place - 1, node);
	else
		heap_sink(heap, node->place - 1, node);
}
