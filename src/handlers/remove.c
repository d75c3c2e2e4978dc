#include "handlers/handlers.h"
#include "handlers/store.h"
#include "server/response.h"
#include "server/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void remove_fault(struct request *r, int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
		respond_error(r, 404, NULL);
		return;
	case ENOTEMPTY:
	case EEXIST:
		respond_error(r, 409, "the directory is not empty");
		return;
	case EBUSY:
		respond_error(r, 409, "the directory is in use");
		return;
	default:
		respond_error(r, store_fault_of(error).status, store_fault_of(error).reason);
	}
}

/* Judges and removes, one right after the other (RFC 9110 section 13.2.2). */
static void remove_name(struct request *r, int dirfd, struct str name)
{
	struct stat st;

	if (fstatat(dirfd, name.ptr, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		remove_fault(r, errno);
		return;
	}
	if (r->decision.had_slash && !S_ISDIR(st.st_mode)) {
		respond_error(r, 404, NULL);
		return;
	}
	if (store_judge(r, &r->head, dirfd, name) != PRECONDITION_PROCEED) {
		respond_error(r, 412, NULL);
		return;
	}
	if (unlinkat(dirfd, name.ptr, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) != 0) {
		remove_fault(r, errno);
		return;
	}
	file_cache_touch(&r->worker->files);
	r->sink = &sink_discard;
	body_empty(&r->response.body);
	respond(r, 204);
}

void remove_start(struct request *r)
{
	struct str name;
	int dirfd;

	if (upload_is_forged(r)) {
		respond_error(r, 403, "a page of another site may not delete here");
		return;
	}
	dirfd = path_open_parent(store_dir(r), r->decision.store_path,
	                         store_links(request_settings(r)), &name);
	if (dirfd < 0) {
		remove_fault(r, errno);
		return;
	}
	remove_name(r, dirfd, name);
	close(dirfd);
}
