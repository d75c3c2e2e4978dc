#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A binary min-heap of nodes that live inside the objects it orders. It writes each node's place back
 * into the node, so that removing any of them costs O(log n) and no search.
 */
struct heap_node {
	uint64_t key;
	uint32_t place; /* index + 1; 0: in no heap */
};

struct heap {
	struct heap_node **nodes;
	size_t len, cap;
};

void heap_init(struct heap *heap);
void heap_end(struct heap *heap);

/* The node with the least key, or NULL. */
struct heap_node *heap_first(const struct heap *heap);

/* False when memory is out. The node must be in no heap. */
bool heap_insert(struct heap *heap, struct heap_node *node, uint64_t key);

/* Takes the node out; nothing happens where it is in no heap. */
void heap_remove(struct heap *heap, struct heap_node *node);

/* Gives a node that is in the heap another key. */
void heap_rekey(struct heap *heap, struct heap_node *node, uint64_t key);

#endif
