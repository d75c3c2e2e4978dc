#include "base/list.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

struct item {
	int number;
	struct list node;
};

/* The numbers in the list, as decimal digits: 1, 2, 3 is 123. Both directions have to agree. */
static int digits(const struct list *head)
{
	int forwards = 0, backwards = 0, unit = 1;

	for (const struct list *at = head->next; at != head; at = at->next)
		forwards = forwards * 10 + LIST_ENTRY(at, struct item, node)->number;
	for (const struct list *at = head->prev; at != head; at = at->prev) {
		backwards += unit * LIST_ENTRY(at, struct item, node)->number;
		unit *= 10;
	}
	return forwards == backwards ? forwards : -1;
}

Test(list, order)
{
	struct list head, other;
	struct item items[] = {
		{ .number = 1 }, { .number = 2 }, { .number = 3 }, { .number = 4 }
	};

	list_init(&head);
	list_init(&other);
	cr_expect(list_is_empty(&head));
	for (size_t i = 0; i < 3; i++)
		list_append(&head, &items[i].node);
	cr_expect(not(list_is_empty(&head)));
	cr_expect(eq(int, digits(&head), 123), "items stand in the order they came");

	list_remove(&items[1].node);
	cr_expect(eq(int, digits(&head), 13));
	list_remove(&items[1].node);
	cr_expect(eq(int, digits(&head), 13), "removing twice is harmless");

	list_append(&other, &items[1].node);
	list_append(&other, &items[3].node);
	list_splice(&head, &other);
	cr_expect(eq(int, digits(&head), 1324), "what is moved comes last, in its order");
	cr_expect(list_is_empty(&other));
	list_splice(&head, &other);
	cr_expect(eq(int, digits(&head), 1324), "moving nothing changes nothing");
	list_splice(&other, &head);
	cr_expect(eq(int, digits(&other), 1324), "everything moves into an empty list");
	cr_expect(list_is_empty(&head));

	while (!list_is_empty(&other))
		list_remove(other.next);
	cr_expect(list_is_empty(&items[0].node), "an item that was taken out is linked to itself");
}
