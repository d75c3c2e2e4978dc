#ifndef CONF_HTPASSWD_H
#define CONF_HTPASSWD_H

#include "base/arena.h"
#include "base/password.h"

/*
 * A password file (auth_basic_user_file): lines NAME:HASH, with more fields behind a second colon, which are
 * not looked at; empty lines and lines that begin with `#` mean nothing.
 */
struct htpasswd_line {
	unsigned number; /* from 1 */
	struct str user, hash;
	const char *fault; /* a static sentence fragment; NULL: the line is good */
};

enum {
	HTPASSWD_FILE_MAX = 16 * 1024 * 1024, /* bytes */
	HTPASSWD_USER_MAX = 255
};

/* Takes the next line off *text; *number counts the lines. False at the end. */
bool htpasswd_next(struct str *text, unsigned *number, const struct password_library *library,
                   struct htpasswd_line *line);

/*
 * The file's whole text, in the arena, from a regular file of at most HTPASSWD_FILE_MAX bytes. ptr NULL and
 * errno where it can't be read (EINVAL: not a regular file; EFBIG; ENOMEM).
 */
struct str htpasswd_read(int fd, struct arena *arena);

#endif
