#ifndef HANDLERS_STORE_H
#define HANDLERS_STORE_H

#include "http/precondition.h"
#include "server/request.h"

/* What POST, PUT, DELETE and listings have to know about a location's upload_store. */

/*
 * How links below a store are treated: never followed outwards, even where disable_symlinks lets readers
 * follow them.
 */
enum path_links store_links(const struct settings *set);

/* The open directory of the location's store; -1: it could not be opened when the worker started. */
int store_dir(const struct request *r);

/*
 * Whether a page of another site made the browser send this: Sec-Fetch-Site says cross-site, or an Origin
 * is not the Host (`null` is nobody). Clients that are no browsers send neither.
 */
bool upload_is_forged(const struct request *r);

/* Whether `path` below directory number `dir` lies in the location's store; *rest: where, "" for the store itself. */
bool store_holds(struct request *r, int dir, struct str path, struct str *rest);

/*
 * The URI path, encoded and in the arena, under which this server serves the file `path` of the location's
 * store: by the location itself, else by any other. Empty where none does.
 */
struct str store_uri(struct request *r, struct str path);

/* Judges the head's preconditions against the file as it is now. */
enum precondition store_judge(const struct request *r, const struct head *head, int dirfd,
                              struct str name);

/* The status for a system call that failed in the store, and why, as a sentence fragment. */
struct store_fault {
	unsigned status;
	const char *reason;
};
struct store_fault store_fault_of(int error);

/* The reason (may be NULL) with the file's name behind it (may be empty), in the arena. */
const char *store_reason(struct request *r, const char *reason, struct str name);

/*
 * How many bytes may still be stored on the directory's file system so that the location's upload_reserve
 * stays free. UINT64_MAX where it does not say and nothing is reserved. 0, or -1 and errno.
 */
int store_room(const struct request *r, int dirfd, uint64_t *room);

#endif
