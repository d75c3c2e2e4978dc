#include "server/file_cache.h"

#include "base/clock.h"
#include "base/log.h"
#include "server/file.h"

#include <stdlib.h>

/* ---- the key: directory, treatment of links, path --------------------------------------------------- */

enum { FILE_KEY_PREFIX = 5, FILE_KEY_MAX = FILE_KEY_PREFIX + PATH_MAX_BYTES };

/* False for a path that is too long to be a file's. */
static bool cache_key(char room[FILE_KEY_MAX], int dir, struct str path, enum path_links links,
                      struct str *key)
{
	if (path.len >= PATH_MAX_BYTES)
		return false;
	memcpy(room, &dir, sizeof dir);
	room[4] = (char)links;
	if (path.len > 0)
		memcpy(room + FILE_KEY_PREFIX, path.ptr, path.len);
	*key = str_make(room, FILE_KEY_PREFIX + path.len);
	return true;
}

static struct str cache_path(const struct file *file)
{
	return str_from_index(file->key, FILE_KEY_PREFIX);
}

/* ---- in and out ------------------------------------------------------------------------------------- */

static enum file_list cache_list(const struct file *file)
{
	return file->kind == FILE_MISSING ? FILE_LIST_MISSING
	       : file->content            ? FILE_LIST_CONTENT
	                                  : FILE_LIST_FD;
}

static void cache_remove(struct file_cache *cache, struct file *file)
{
	char *key = (char *)(uintptr_t)file->key.ptr;

	map_remove(&cache->map, file->key);
	list_remove(&file->node);
	cache->counts[cache_list(file)]--;
	cache->weight -= file->weight;
	file->key = (struct str){ NULL, 0 };
	free(key);
	file_release(file);
}

static void cache_evict_oldest(struct file_cache *cache, enum file_list list)
{
	if (!list_is_empty(&cache->lists[list]))
		cache_remove(cache, LIST_ENTRY(cache->lists[list].next, struct file, node));
}

/* The longest unused entry of the list that is too long goes first; for bytes that is one with content. */
static void cache_shrink(struct file_cache *cache)
{
	const struct file_cache_limits *limits = &cache->limits;

	while (cache->counts[FILE_LIST_MISSING] > limits->missing)
		cache_evict_oldest(cache, FILE_LIST_MISSING);
	while (cache->counts[FILE_LIST_FD] > limits->fds)
		cache_evict_oldest(cache, FILE_LIST_FD);
	while (cache->weight > limits->max) {
		enum file_list list = cache->counts[FILE_LIST_CONTENT] > 0 ? FILE_LIST_CONTENT
		                      : cache->counts[FILE_LIST_FD] > 0    ? FILE_LIST_FD
		                                                           : FILE_LIST_MISSING;

		cache_evict_oldest(cache, list);
	}
}

static bool cache_takes(const struct file *file)
{
	return file->kind == FILE_REGULAR || file->kind == FILE_MISSING;
}

/* Keeps the file under the key; where that fails it is only not cached. */
static void cache_insert(struct file_cache *cache, struct file *file, struct str key)
{
	enum file_list list = cache_list(file);
	char *copy;

	if (!cache_takes(file) || cache->limits.max == 0 || !(copy = malloc(key.len)))
		return;
	memcpy(copy, key.ptr, key.len);
	file->key = str_make(copy, key.len);
	if (!map_put(&cache->map, file->key, file)) {
		file->key = (struct str){ NULL, 0 };
		free(copy);
		return;
	}
	file->checked = clock_now();
	file->epoch = atomic_load_explicit(cache->epoch, memory_order_relaxed);
	file->weight = sizeof *file + 2 * key.len + (file->content ? (size_t)file->size : 0);
	cache->weight += file->weight;
	cache->counts[list]++;
	list_append(&cache->lists[list], &file->node);
	file_hold(file);
	cache_shrink(cache);
}

/* ---- looking up ------------------------------------------------------------------------------------- */

static bool cache_is_fresh(const struct file_cache *cache, const struct file *file)
{
	return file->epoch == atomic_load_explicit(cache->epoch, memory_order_relaxed) &&
	       clock_now() - file->checked < cache->limits.valid;
}

/* Still the same on disk? One stat; a link in the last place simply counts as changed. */
static bool cache_revalidate(struct file_cache *cache, struct file *file, int dir)
{
	uint64_t epoch = atomic_load_explicit(cache->epoch, memory_order_relaxed);

	if (!file_is_unchanged(file, cache->dirs[dir], cache_path(file)))
		return false;
	file->checked = clock_now();
	file->epoch = epoch;
	return true;
}

static void cache_use(struct file_cache *cache, struct file *file)
{
	list_remove(&file->node);
	list_append(&cache->lists[cache_list(file)], &file->node);
}

static struct file *file_cache_open(struct file_view *view, int dir, struct str path,
                                    enum path_links links)
{
	struct file_cache *cache = (struct file_cache *)(void *)view;
	char room[FILE_KEY_MAX];
	struct str key;
	struct file *file;

	if (!cache_key(room, dir, path, links, &key))
		return file_open(cache->dirs[dir], path, links, 0);
	file = map_get(&cache->map, key);
	if (file && (cache_is_fresh(cache, file) || cache_revalidate(cache, file, dir))) {
		cache->hits++;
		cache_use(cache, file);
		return file_hold(file);
	}
	if (file)
		cache_remove(cache, file);
	cache->misses++;
	file = file_open(cache->dirs[dir], path, links,
	                 cache->limits.max ? cache->limits.entry : 0);
	if (file)
		cache_insert(cache, file, key);
	return file;
}

void file_cache_forget(struct file_cache *cache, struct file *file)
{
	if (file->key.ptr)
		cache_remove(cache, file);
}

void file_cache_add_block(struct file_cache *cache, struct file *file, struct file_block *block)
{
	size_t weight = sizeof *block + block->len;

	block->next = file->blocks;
	file->blocks = block;
	if (!file->key.ptr)
		return;
	file->weight += weight;
	cache->weight += weight;
	cache_shrink(cache);
}

void file_cache_init(struct file_cache *cache, const int *dirs,
                     const struct file_cache_limits *limits, _Atomic uint64_t *epoch)
{
	*cache = (struct file_cache){
		.view.open = file_cache_open, .dirs = dirs, .limits = *limits, .epoch = epoch
	};
	map_init(&cache->map);
	for (size_t i = 0; i < FILE_LISTS; i++)
		list_init(&cache->lists[i]);
}

void file_cache_end(struct file_cache *cache)
{
	for (enum file_list i = 0; i < FILE_LISTS; i++)
		while (!list_is_empty(&cache->lists[i]))
			cache_evict_oldest(cache, i);
	map_end(&cache->map);
}
