#ifndef HANDLERS_UPLOAD_STATE_H
#define HANDLERS_UPLOAD_STATE_H

#include "base/arena.h"
#include "base/path.h"
#include "http/upload_fields.h"

/*
 * What is known of an upload that comes in pieces, kept in the store itself, so that it outlives every process.
 * Two hidden files: the bytes so far, in the directory that the finished file will appear in (the offset is their
 * number: nothing else has to be written while they come), and a small state file in the store's root, beside which
 * nothing else is needed to find them. Their name is a digest of the token, so that who can list the store
 * still can't touch the upload.
 *
 * The state file is also the lock (an OFD lock on it, held for one step of work at a time) and holds the epoch: every
 * request for the upload makes the number larger and so takes the upload over, in whichever worker; one that finds
 * another number than its own has lost, and may write no more.
 */

enum {
	UPLOAD_TOKEN_SIZE = UPLOAD_TOKEN_DIGITS + 1, /* with its NUL */
	UPLOAD_STATE_NAME = 48,                      /* of either file, with its NUL */
	UPLOAD_CONDITIONS = 4,   /* request fields that are judged at the commit */
	UPLOAD_KEPT_MS = 3600000 /* how long a finished one can still be asked about, at most */
};

#define UPLOAD_LENGTH_UNKNOWN UINT64_MAX

enum upload_phase {
	UPLOAD_PARTIAL,
	UPLOAD_COMMITTING, /* its name is being given: where the data is gone, that has been done */
	UPLOAD_COMPLETE    /* the bytes are gone, to their name or, refused, for good */
};

/* The fixed part of the state file, as it lies there: written by this machine and read by it. */
struct upload_record {
	char magic[8];
	uint64_t epoch;
	uint64_t length;  /* of the whole; UPLOAD_LENGTH_UNKNOWN */
	uint64_t stored;  /* UPLOAD_COMPLETE: the bytes it had */
	uint64_t expire;  /* ms without a change after which it is given up */
	uint32_t phase;   /* enum upload_phase */
	uint32_t is_put;  /* begun by PUT, not by POST */
	uint32_t lens[4]; /* of path, user, below and name */
	uint32_t condition_lens[UPLOAD_CONDITIONS];
};

struct upload_state {
	int storedir;                      /* the store, not owned */
	int fd;                            /* the state file; -1: none */
	int dirfd;                         /* the directory of the data; -1: none */
	int data;                          /* -1: there is none */
	char name[UPLOAD_STATE_NAME];      /* of the state file */
	char data_name[UPLOAD_STATE_NAME]; /* of the data */
	struct upload_record record;       /* as it was last read or written */
	uint64_t offset;                   /* bytes that are there */
	struct str path;                   /* the URI path that it was begun at */
	struct str user;                   /* who has logged in for it; empty: nobody */
	struct str below; /* the directory, relative to the store, as upload.h has it */
	struct str file;  /* the name it will have */
	struct str conditions[UPLOAD_CONDITIONS]; /* the values; empty: not sent */
};

/* Which request fields those are. */
extern const enum field_id upload_condition_fields[UPLOAD_CONDITIONS];

/* How links below the store are followed on the way to the data. */
struct upload_state_place {
	int storedir;
	enum path_links links;
};

/* A new token. False: the system has no chance to give. */
bool upload_token_make(char token[UPLOAD_TOKEN_SIZE]);

/*
 * Makes the files of a new upload; everything in *s but the descriptors and names is set, and dirfd, which it then
 * owns even on failure. It holds the lock. 0, or -1 and errno, and nothing is left.
 */
int upload_state_create(struct upload_state *s, struct str token);

/*
 * Opens an upload's state, under its lock. Its strings are in the arena. 0, or -1 and errno: ENOENT where there is none
 * (or one that is not understood), EAGAIN where another process holds the lock just now. The data may be missing: data
 * is then -1.
 */
int upload_state_open(struct upload_state *s, const struct upload_state_place *place,
                      struct str token, struct arena *arena);

/* The same by the state file's own name, for the sweep. */
int upload_state_open_name(struct upload_state *s, const struct upload_state_place *place,
                           const char *name, struct arena *arena);

/* Closes it, and so gives up the lock. Safe to call twice. */
void upload_state_close(struct upload_state *s);

/* 0, or -1 and errno: EAGAIN where another process holds it. */
int upload_state_lock(const struct upload_state *s);
void upload_state_unlock(const struct upload_state *s);

/* Under the lock: from now on only the holder of *s may write. 0, or -1 and errno. */
int upload_state_take(struct upload_state *s);

/* Under the lock: whether nobody has taken it over since, and nobody removed it. */
bool upload_state_is_mine(const struct upload_state *s);

/* Under the lock: writes the record's length, phase and stored. 0, or -1 and errno. */
int upload_state_save(const struct upload_state *s);

/* Under the lock: removes both files; whoever still has it open has lost it. */
void upload_state_remove(struct upload_state *s);

/* ms that are left to it: counted from its last byte, or from its end. 0: it is past its time. */
uint64_t upload_state_left(const struct upload_state *s, uint64_t now_ms);

#endif
