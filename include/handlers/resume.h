#ifndef HANDLERS_RESUME_H
#define HANDLERS_RESUME_H

#include "handlers/upload.h"
#include "handlers/upload_state.h"

/*
 * Uploads that come in pieces (draft-ietf-httpbis-resumable-upload). One is begun by a POST or PUT with Upload-Complete;
 * from then on it has an address of its own, that of the request with ?upload=TOKEN behind it: whatever location and
 * whatever rules answered the one answer the other, and no file can have that name. HEAD (and GET) tells the
 * offset, PATCH appends, DELETE cancels.
 */

/* The part of one request in such an upload; u->resume. */
struct resume {
	struct upload_state state;
	struct upload_fields fields; /* of this request */
	char token[UPLOAD_TOKEN_SIZE];
	bool is_creation;
	bool is_committing; /* the data is the file's now, in u->files */
	unsigned tries;     /* for the lock */
	uint64_t told;      /* ms: when the client was last told how much is there */
	struct head head;   /* of the preconditions that were sent at the beginning */
	struct field head_fields[UPLOAD_CONDITIONS];
};

/* resume.c */

/*
 * Begins one in u->dirfd, under the name when it is complete, and takes the body. The request is answered in the end, or
 * at once with the reason why not.
 */
void resume_create(struct request *r, struct str name);

/* The file has its name: nothing more comes. Before the answer. */
void resume_committed(struct request *r);

/* It is about to be answered with this error: what came stays, where going on can help. */
void resume_failed(struct request *r, unsigned status);

/* What resume_resource.c has in common with it. */

/* Sets u->resume, without an upload as yet. NULL: the request has been answered. */
struct resume *resume_begin(struct request *r, struct upload *u);

/* The lock is held by another: has `again` called in a moment. False: it was so too often, and that is answered. */
bool resume_wait(struct request *r, void (*again)(struct request *r));

/* Before the body comes: its length, the limit and the room. False: answered. */
bool resume_fits(struct request *r);

/* Takes the body. */
void resume_receive(struct request *r);

/* resume_answer.c */

/* The upload's own address, encoded, in the arena; empty where memory is out. */
struct str resume_location(struct request *r);

/* Fields of the coming answer. */
void resume_field_complete(struct request *r, bool complete);
void resume_field_offset(struct request *r);
void resume_field_limit(struct request *r, uint64_t left_ms);

/* The whole line "Upload-Limit: ...", appended. left_ms: of the upload's time. */
void resume_print_limit(const struct request *r, uint64_t left_ms, struct buf *out);

/* For OPTIONS: that uploads may come in pieces here, and within which limits. */
void resume_describe(struct request *r);

/* 104 with the address, at the beginning; with the offset, on the way. */
void resume_tell_location(struct request *r);
void resume_tell_offset(struct request *r);

/* How an upload is refused in the words that the draft gives to it (RFC 9457). */
enum resume_problem { RESUME_MISMATCH, RESUME_COMPLETED, RESUME_INCONSISTENT };
void resume_refuse(struct request *r, enum resume_problem problem);

/* 204 for HEAD and GET: how far it is. */
void resume_answer_state(struct request *r);

/* What of it came is there, and more may come: 201 to the first request, 204 to others. */
void resume_answer_partial(struct request *r);

#endif
