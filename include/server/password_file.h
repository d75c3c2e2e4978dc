#ifndef SERVER_PASSWORD_FILE_H
#define SERVER_PASSWORD_FILE_H

#include "base/map.h"
#include "conf/htpasswd.h"

#include <sys/stat.h>

/* A password file as the verifier holds it: its lines by name, and what tells that it has changed. */
struct password_file {
	const char *path; /* borrowed */
	struct arena arena;
	struct map by_user; /* name → struct htpasswd_line; the first of a name counts */
	struct str usual;   /* the first good hash: the work that a name nobody has is worth */
	struct stat st;     /* as of the reading */
	int error;          /* errno of the last attempt, so that a failure is logged once */
	bool is_readable;
};

/*
 * The descriptor that the path names (/dev/fd/N, /proc/self/fd/N), which must stay open for it to be read; -1: it
 * is the path of a file.
 */
int password_file_descriptor(struct str path);

void password_file_init(struct password_file *file, const char *path);
void password_file_end(struct password_file *file);

/*
 * Reads the file anew where it is not the one that was read last; bad lines and failures are logged. True
 * where it has changed, or can be read no longer, or again.
 */
bool password_file_refresh(struct password_file *file, const struct password_library *library);

/*
 * Whether the file has this name with this password. A name that it does not have costs as much as one that
 * it has. The file must be readable.
 */
bool password_file_admits(const struct password_file *file, struct password_library *library,
                          struct str user, struct str password);

#endif
