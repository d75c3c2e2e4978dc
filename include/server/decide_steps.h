#ifndef SERVER_DECIDE_STEPS_H
#define SERVER_DECIDE_STEPS_H

#include "server/decide.h"

/*
 * The steps of decide(), for the files it is made of. Each looks at one question and says whether it
 * has settled the matter.
 */
enum decided {
	DECIDE_ON,   /* not this step's business: the next one */
	DECIDED,     /* r->decision is complete */
	DECIDE_AGAIN /* the target has changed: from the start */
};

enum decided decide_error(struct request *r, unsigned status, const char *reason);

/*
 * 405 unless the location's `methods`, or without them the kind of resource, has the request's method;
 * by_resource: METHOD_BIT()s beyond what any resource answers.
 */
enum decided decide_answers(struct request *r, unsigned by_resource);

/* Opens a file by the location's rules for links; the request's arena holds it. NULL: memory is out. */
struct file *decide_open(struct request *r, struct file_view *view, int dir, struct str path);

/* Maps a decoded URI path to a directory and a path in it, by root or alias. False: no file can have this name. */
bool decide_locate(struct request *r, struct str uri, int *dir, struct str *path);

/* A file, a directory with index, redirect or listing, or the error (decide.c). */
enum decided decide_static(struct request *r, struct file_view *view);

/* a and b, a C string in the request's arena; ptr NULL: memory is out. */
struct str decide_join(struct request *r, struct str a, struct str b);

/*
 * gzip_static and its like, once r->decision is a file: the current sibling that the client likes best takes
 * its place (RFC 9110 section 12.5.3). Where neither that nor the file itself is acceptable the file is sent all
 * the same (decide_variant.c).
 */
enum decided decide_variant(struct request *r, struct file_view *view);

/* try_files (decide_try.c). */
enum decided decide_try_files(struct request *r, struct file_view *view);

/* cgi_pass, and files run by their extension, the first existing one along the path (decide_program.c). */
enum decided decide_cgi_pass(struct request *r);
enum decided decide_script(struct request *r, struct file_view *view);

/* Whether some part of the path has an extension that is run here; whether the whole path ends in one. */
bool decide_names_program(const struct request *r);
bool decide_path_is_program(const struct request *r, struct str path);

/* POST, PUT and DELETE with an upload_store, and uploads that come in pieces (decide_store.c). */
enum decided decide_upload(struct request *r, struct file_view *view);

/* Whether uploads may come in pieces here; whether the query names one that has been begun, and its token. */
bool decide_may_resume(const struct request *r);
bool decide_names_upload(const struct request *r, struct str *token);

/* The index in config.dirs of the store that the file lies in, or CONFIG_NONE; *rest: its path below it. */
int decide_store_of(const struct config *config, int dir, struct str path, struct arena *arena,
                    struct str *rest);

#endif
