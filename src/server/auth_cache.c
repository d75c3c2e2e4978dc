#include "server/auth_cache.h"

#include "base/clock.h"

#include <stdlib.h>

static struct str key_str(const struct verify_key *key)
{
	return str_make((const char *)key, sizeof *key);
}

static struct auth_entry *entry_at(struct list *node)
{
	return LIST_ENTRY(node, struct auth_entry, node);
}

void auth_cache_init(struct auth_cache *cache)
{
	map_init(&cache->by_key);
	list_init(&cache->open);
	list_init(&cache->settled);
	cache->open_count = 0;
}

void auth_cache_end(struct auth_cache *cache)
{
	while (!list_is_empty(&cache->open))
		auth_cache_remove(cache, entry_at(cache->open.next));
	auth_cache_forget(cache, UINT64_MAX);
	map_end(&cache->by_key);
}

static void entry_drop_request(struct auth_entry *entry)
{
	if (entry->request)
		explicit_bzero(entry->request, sizeof *entry->request);
	free(entry->request);
	entry->request = NULL;
}

void auth_cache_remove(struct auth_cache *cache, struct auth_entry *entry)
{
	map_remove(&cache->by_key, key_str(&entry->key));
	list_remove(&entry->node);
	cache->open_count -= entry->state == AUTH_OPEN;
	entry_drop_request(entry);
	free(entry);
}

struct auth_entry *auth_cache_find(struct auth_cache *cache, const struct verify_key *key)
{
	struct auth_entry *entry = map_get(&cache->by_key, key_str(key));

	if (!entry || entry->state == AUTH_OPEN || clock_now() < entry->expires)
		return entry;
	auth_cache_remove(cache, entry);
	return NULL;
}

struct auth_entry *auth_cache_add(struct auth_cache *cache, const struct verify_request *request)
{
	struct auth_entry *entry;

	if (cache->open_count >= AUTH_PENDING)
		return NULL;
	if (cache->by_key.len >= AUTH_CACHE)
		auth_cache_remove(cache, entry_at(cache->settled.next));
	entry = calloc(1, sizeof *entry);
	if (!entry)
		return NULL;
	entry->key = request->key;
	list_init(&entry->waiters);
	entry->request = malloc(sizeof *request);
	if (!entry->request || !map_put(&cache->by_key, key_str(&entry->key), entry)) {
		free(entry->request);
		free(entry);
		return NULL;
	}
	*entry->request = *request;
	list_append(&cache->open, &entry->node);
	cache->open_count++;
	return entry;
}

void auth_cache_settle(struct auth_cache *cache, struct auth_entry *entry,
                       enum verify_verdict verdict)
{
	entry->state = AUTH_SETTLED;
	entry->verdict = verdict;
	entry->expires = clock_now() +
	                 (verdict == VERIFY_RIGHT ? (uint64_t)VERIFY_RIGHT_MS : VERIFY_WRONG_MS);
	entry_drop_request(entry);
	list_remove(&entry->node);
	list_append(&cache->settled, &entry->node);
	cache->open_count--;
}

void auth_cache_forget(struct auth_cache *cache, uint64_t file)
{
	for (struct list *n = cache->settled.next, *next; n != &cache->settled; n = next) {
		struct auth_entry *entry = entry_at(n);

		next = n->next;
		if (file == UINT64_MAX || entry->key.file == file)
			auth_cache_remove(cache, entry);
	}
}
