#ifndef HANDLERS_UPLOAD_H
#define HANDLERS_UPLOAD_H

#include "http/multipart.h"
#include "server/request.h"

/* What upload.c, put.c and the files they lean on share. */

enum {
	UPLOAD_FILES_MAX = 500, /* in one form: each holds two descriptors until all are complete */
	UPLOAD_HIDDEN_SIZE = 32,
	UPLOAD_LOOK = 4 << 20 /* bytes stored between two looks at the free space */
};

/* A file on its way in: nameless until everything is there. */
struct upload_file {
	struct path_temp temp;
	struct str name; /* as it is, or will be, stored */
	uint64_t size;
	bool is_linked;
	char hidden
	        [UPLOAD_HIDDEN_SIZE]; /* where the file that it replaced waits for the end; "": none */
};

struct resume;

/* A request that stores files, in its r->state. */
struct upload {
	int dirfd; /* the directory they go to */
	struct str
	        below; /* its path below the store, with a final slash; "" for the store itself */
	VEC(struct upload_file *) files;
	struct upload_file *current; /* receives the data; NULL: nothing wants it */
	const struct head *head;     /* whose preconditions hold: the request that began it */
	struct resume *resume;   /* it may come in pieces (handlers/resume.h); NULL: it does not */
	bool is_over;            /* answered: what still comes is nobody's */
	struct multipart parser; /* forms only */
	uint64_t allowed; /* bytes that may be written before upload_reserve is looked at again */
};

/* upload.c: the parts that PUT uses too. */

/* An upload that will not go into the directory: 403, 507, ... False when it has been answered so. */
bool upload_may_begin(struct request *r, int dirfd);

/* The same for so many bytes to come. */
bool upload_may_take(struct request *r, int dirfd, uint64_t bytes);

/* Before so many bytes are written: looks again, now and then. False when the request has been answered 507. */
bool upload_may_write(struct request *r, size_t bytes);

/* A new nameless file. NULL when the request has been answered with the reason. */
struct upload_file *upload_add(struct request *r, struct str name);

/* A file that is there already, and is now the request's. NULL as above; it is then closed, and keeps its name. */
struct upload_file *upload_adopt(struct request *r, struct path_temp *temp, struct str name,
                                 uint64_t size);

/* Gives the files their names and answers: by POST's rules, by PUT's. */
void upload_finish(struct request *r);
void put_finish(struct request *r);

/* Ends it with an error; what came so far is gone. name may be empty. */
void upload_fail(struct request *r, unsigned status, const char *reason, struct str name);

/* The same for a failed system call. */
void upload_fault(struct request *r, int error, struct str name);

/*
 * Has u->dirfd, just opened, closed with the request. False, and the request is answered, where that can't be
 * or it could not be opened (-1 and errno).
 */
bool upload_keep_directory(struct request *r, struct upload *u);

/* Takes the body from now on; one that is complete already ends the sink at once. */
void upload_receive(struct request *r, const struct sink *sink);

/* A sink's write(): the whole body is the current file. */
size_t upload_write_file(struct request *r, struct str data);

/* upload_name.c */

/* "name (n).ext", at most FILENAME_MAX_BYTES long; n 0: the name itself. room holds one byte more. */
struct str upload_name_numbered(struct str name, uint64_t n, char *room);

/* A name for a body that came without: time and chance. room holds FILENAME_MAX_BYTES + 1 bytes. */
struct str upload_name_generated(time_t now, char *room);

/* A name that no listing shows and nobody else has. */
void upload_name_hidden(char room[UPLOAD_HIDDEN_SIZE]);

/* upload_commit.c */

/*
 * Gives all files their names, or none: on failure those that had theirs already lose them again, and
 * what they replaced is back. 0, or -1 and errno; *failed is the file it was about.
 */
int upload_commit(struct upload *u, enum upload_overwrite overwrite, struct arena *arena,
                  struct upload_file **failed);

/* upload_answer.c */

/* Counts what was stored. */
void upload_count(const struct request *r);

/* 201 with what was stored: JSON where the client prefers it, else a page. */
void upload_answer(struct request *r);

#endif
