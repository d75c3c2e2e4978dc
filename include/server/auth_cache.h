#ifndef SERVER_AUTH_CACHE_H
#define SERVER_AUTH_CACHE_H

#include "base/map.h"
#include "server/auth.h"

enum auth_state { AUTH_OPEN, AUTH_SETTLED };

/* A question and, once it is settled, its verdict. */
struct auth_entry {
	struct verify_key key;
	enum auth_state state;
	enum verify_verdict verdict; /* AUTH_SETTLED: VERIFY_RIGHT or VERIFY_WRONG */
	uint64_t expires;            /* ms; AUTH_SETTLED */
	unsigned attempts;           /* AUTH_OPEN: how often the verifier was asked */
	struct list node;            /* in cache.open or cache.settled */
	struct list waiters;         /* struct auth_wait */
	struct verify_request
	        *request; /* AUTH_OPEN: what is asked, in case that it must be asked again */
};

/* Bounded: a new entry takes the place of the one that was settled the longest ago. */
struct auth_cache {
	struct map by_key;
	struct list open, settled; /* the oldest first */
	size_t open_count;
};

void auth_cache_init(struct auth_cache *cache);
void auth_cache_end(struct auth_cache *cache);

/* What is known and still holds, or is being asked; NULL: nothing. */
struct auth_entry *auth_cache_find(struct auth_cache *cache, const struct verify_key *key);

/* A new open entry, which copies the request. NULL: AUTH_PENDING are open already, or memory is out. */
struct auth_entry *auth_cache_add(struct auth_cache *cache, const struct verify_request *request);

/* The verdict has come; RIGHT and WRONG are remembered from now on. Others: auth_cache_remove(). */
void auth_cache_settle(struct auth_cache *cache, struct auth_entry *entry,
                       enum verify_verdict verdict);

void auth_cache_remove(struct auth_cache *cache, struct auth_entry *entry);

/* Forgets every settled entry of this file; ~0: of all. */
void auth_cache_forget(struct auth_cache *cache, uint64_t file);

#endif
