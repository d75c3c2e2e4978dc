#include "handlers/listing.h"

#include "handlers/human.h"
#include "handlers/store.h"
#include "server/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int listing_compare(const void *a, const void *b)
{
	const struct listing_entry *x = a, *y = b;

	if (x->is_directory != y->is_directory)
		return x->is_directory ? -1 : 1;
	return human_compare(x->name, y->name);
}

/* A link counts as what it leads to, by the same rules by which it would be fetched. */
static bool listing_follow(const struct listing *l, struct str name, struct stat *st)
{
	const struct request *r = l->r;
	char room[PATH_MAX_BYTES];
	struct buf path = buf_fixed(room, sizeof room);
	bool ok;
	int fd;

	buf_add(&path, l->path);
	if (path.len > 0 && path.ptr[path.len - 1] != '/')
		buf_byte(&path, '/');
	buf_add(&path, name);
	if (path.failed)
		return false;
	fd = path_open(r->worker->dirs[r->decision.dir], buf_str(&path), O_PATH,
	               request_settings(r)->links);
	if (fd < 0)
		return false;
	ok = fstat(fd, st) == 0;
	close(fd);
	return ok;
}

static bool listing_look(const struct listing *l, const struct dirent *d,
                         struct listing_entry *entry)
{
	struct str name = str_from(d->d_name);
	struct stat st;

	if (name.ptr[0] == '.' && (!request_settings(l->r)->dotfiles || name.len == 1 ||
	                           str_eq(name, STR_OF("..")) || path_is_reserved(name)))
		return false;
	if (d->d_type != DT_LNK && fstatat(dirfd(l->dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	if ((d->d_type == DT_LNK || S_ISLNK(st.st_mode)) && !listing_follow(l, name, &st))
		return false;
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return false;
	*entry = (struct listing_entry){ .name = name,
		                         .size = (uint64_t)st.st_size,
		                         .modified = st.st_mtim.tv_sec,
		                         .is_directory = S_ISDIR(st.st_mode) };
	return true;
}

enum listing_step listing_step(struct listing *l, struct listing_entry *entry)
{
	const struct dirent *d;

	errno = 0;
	d = readdir(l->dir);
	if (!d)
		return errno == 0 ? LISTING_END : LISTING_FAILED;
	return listing_look(l, d, entry) ? LISTING_ENTRY : LISTING_LEFT_OUT;
}

bool listing_next(struct listing *l, struct listing_entry *entry)
{
	enum listing_step step;

	do
		step = listing_step(l, entry);
	while (step == LISTING_LEFT_OUT);
	return step == LISTING_ENTRY;
}

static void listing_close(void *subject)
{
	closedir(subject);
}

static bool listing_open(struct listing *l)
{
	/* A descriptor of its own: the file's is shared, and so would be the place in the directory. */
	int fd = openat(l->r->decision.file->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return false;
	l->dir = fdopendir(fd);
	if (!l->dir) {
		close(fd);
		return false;
	}
	if (arena_defer(&l->r->arena, listing_close, l->dir))
		return true;
	closedir(l->dir);
	errno = ENOMEM;
	return false;
}

/* What a page may offer beside looking: the listing lies in the location's store, and the method is answered. */
static void listing_offers(struct request *r, struct listing *l)
{
	struct str rest;

	if (!store_holds(r, r->decision.dir, r->decision.path, &rest) || store_dir(r) < 0)
		return;
	l->can_upload = (r->decision.allow & METHOD_BIT(METHOD_POST)) != 0;
	l->can_delete = (r->decision.allow & METHOD_BIT(METHOD_DELETE)) != 0;
}

bool listing_read(struct request *r, struct listing *l)
{
	struct listing_entry entry, *slot;

	*l = (struct listing){ .r = r, .path = r->decision.path };
	if (!listing_open(l))
		return false;
	listing_offers(r, l);
	while (listing_next(l, &entry)) {
		if (l->entries.len == LISTING_SORTED_MAX) {
			l->is_long = true;
			l->entries.len = 0;
			rewinddir(l->dir);
			return true;
		}
		slot = VEC_PUSH(&r->arena, &l->entries);
		if (slot) {
			*slot = entry;
			slot->name = arena_str(&r->arena, entry.name);
		}
		if (!slot || !slot->name.ptr) {
			errno = ENOMEM;
			return false;
		}
	}
	if (l->entries.len > 0)
		qsort(l->entries.items, l->entries.len, sizeof *l->entries.items, listing_compare);
	return true;
}
