#include "server/access.h"

bool access_admits(const struct access_list *list, const struct peer *peer)
{
	for (size_t i = 0; i < list->count; i++)
		if (cidr_contains(&list->items[i].range, peer->family, peer->bytes))
			return list->items[i].allow;
	return true;
}
