#include "handlers/store.h"

#include "base/clock.h"
#include "http/escape.h"
#include "net/io.h"
#include "server/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum path_links store_links(const struct settings *set)
{
	return set->links == PATH_LINKS_NONE ? PATH_LINKS_NONE : PATH_LINKS_INSIDE;
}

int store_dir(const struct request *r)
{
	return r->worker->dirs[request_settings(r)->store];
}

/* ---- where a browser's request comes from ---------------------------------------------------------- */

static bool origin_is_host(struct str origin, const struct host *host)
{
	static const struct str separator = STR("://");
	uint32_t usual;
	struct host from;
	size_t colon = str_find(origin, ':');

	if (!str_starts_with(str_from_index(origin, colon), separator) ||
	    !host_parse(str_from_index(origin, colon + separator.len), &from))
		return false;
	usual = str_eq_nocase(str_head(origin, colon), STR_OF("https")) ? 443 : 80;
	return str_eq_nocase(from.name, host->name) &&
	       (from.port ? from.port : usual) == (host->port ? host->port : usual);
}

bool upload_is_forged(const struct request *r)
{
	const struct field *f;

	for (f = head_field(&r->head, FIELD_SEC_FETCH_SITE); f; f = head_next(&r->head, f))
		if (str_eq_nocase(f->value, STR_OF("cross-site")))
			return true;
	for (f = head_field(&r->head, FIELD_ORIGIN); f; f = head_next(&r->head, f))
		if (!origin_is_host(f->value, &r->host))
			return true;
	return false;
}

/* ---- files and URIs -------------------------------------------------------------------------------- */

/* What `absolute` is called below the directory, with no leading slash. False: it lies elsewhere. */
static bool path_below(struct str directory, struct str absolute, struct str *rest)
{
	if (str_eq(directory, STR_OF("/")))
		directory.len = 0;
	if (!str_starts_with(absolute, directory))
		return false;
	*rest = str_from_index(absolute, directory.len);
	if (rest->len > 0 && rest->ptr[0] != '/')
		return false;
	while (rest->len > 0 && rest->ptr[0] == '/')
		*rest = str_from_index(*rest, 1);
	return true;
}

static struct str path_absolute(struct request *r, int dir, struct str path)
{
	struct str directory = r->config->dirs.items[dir].path;
	struct buf b = buf_in_arena(&r->arena, directory.len + path.len + 2);

	buf_add(&b, directory);
	buf_byte(&b, '/');
	buf_add(&b, path);
	return b.failed ? str_make(NULL, 0) : buf_str(&b);
}

bool store_holds(struct request *r, int dir, struct str path, struct str *rest)
{
	struct str absolute;

	if (request_settings(r)->store == CONFIG_NONE)
		return false;
	absolute = path_absolute(r, dir, path);
	return absolute.ptr &&
	       path_below(r->config->dirs.items[request_settings(r)->store].path, absolute, rest);
}

/* The URI that the location's root or alias makes this file of; a NUL follows. False: none. */
static bool location_uri(const struct request *r, const struct location *l, struct str absolute,
                         struct buf *uri)
{
	const struct file_base *base = &l->settings.base;
	struct str rest;

	if (base->file.len > 0 || base->dir == CONFIG_NONE ||
	    (base->is_alias && l->kind != LOCATION_PREFIX && l->kind != LOCATION_PREFIX_FINAL) ||
	    !path_below(r->config->dirs.items[base->dir].path, absolute, &rest))
		return false;
	uri->len = 0;
	buf_add(uri, base->is_alias ? str_head(l->pattern, base->strip) : STR_OF("/"));
	if (uri->len == 0 || uri->ptr[uri->len - 1] != '/')
		buf_byte(uri, '/');
	buf_add(uri, rest);
	buf_byte(uri, '\0');
	uri->len--;
	return !uri->failed;
}

/* Whether a GET for the URI really ends in this file: another location may be in between. */
static bool uri_is_served(const struct request *r, struct str uri, struct str absolute)
{
	const struct settings *set = &route_location(r->server, uri)->settings;
	const struct file_base *base = &set->base;
	struct str at, below;

	if (set->is_internal || set->ret.code != 0 || set->cgi_pass.program.len > 0 ||
	    (set->methods.is_set && !(set->methods.mask & METHOD_BIT(METHOD_GET))) ||
	    (!set->dotfiles && path_is_hidden(uri)) || base->file.len > 0 ||
	    base->dir == CONFIG_NONE)
		return false;
	at = str_from_index(uri, base->is_alias ? base->strip : 1);
	while (at.len > 0 && at.ptr[0] == '/')
		at = str_from_index(at, 1);
	return path_below(r->config->dirs.items[base->dir].path, absolute, &below) &&
	       str_eq(at, below);
}

struct str store_uri(struct request *r, struct str path)
{
	struct str absolute = path_absolute(r, request_settings(r)->store, path);
	struct buf uri = buf_in_arena(&r->arena, path.len + 64);
	struct buf encoded = buf_in_arena(&r->arena, 2 * path.len + 64);
	const struct location *l = r->location;

	if (!absolute.ptr)
		return str_make(NULL, 0);
	for (size_t i = 0; i <= r->config->locations.len; i++) {
		if (i > 0)
			l = r->config->locations.items[i - 1];
		if (l->server != r->server || !location_uri(r, l, absolute, &uri) ||
		    !uri_is_served(r, buf_str(&uri), absolute))
			continue;
		escape_path(&encoded, buf_str(&uri));
		return encoded.failed ? str_make(NULL, 0) : buf_str(&encoded);
	}
	return str_make(NULL, 0);
}

/* ---- judging and refusing -------------------------------------------------------------------------- */

enum precondition store_judge(const struct request *r, const struct head *head, int dirfd,
                              struct str name)
{
	const struct settings *set = request_settings(r);
	int fd = path_open(dirfd, name, O_PATH, store_links(set));
	struct validators v = { .exists = fd >= 0 };
	enum precondition verdict;
	struct file file;

	if (fd >= 0) {
		file_from_fd(&file, fd);
		v.modified = file.modified.tv_sec;
		if (set->etag)
			v.etag = file_etag(&file);
	}
	verdict = precondition_judge(head, &v, set->if_modified_since, clock_cached.wall.tv_sec);
	if (fd >= 0)
		close(fd);
	return verdict == PRECONDITION_PROCEED ? verdict : PRECONDITION_FAILED;
}

struct store_fault store_fault_of(int error)
{
	static const struct {
		int error;
		struct store_fault fault;
	} rows[] = {
		{ ENOSPC, { 507, "the disk has no room left for it" } },
		{ EDQUOT, { 507, "the quota of the server's user is used up" } },
		{ EFBIG, { 507, "larger than a file may be on this server" } },
		{ EEXIST, { 409, "a file of this name is there already" } },
		{ EISDIR, { 409, "a directory of this name is there already" } },
		{ ENOTDIR, { 409, "a part of the path is no directory" } },
		{ EACCES, { 403, "the server may not write to this directory" } },
		{ EPERM, { 403, "the server may not write to this directory" } },
		{ EROFS, { 403, "the file system of the store is read-only" } },
		{ ELOOP, { 403, "a symbolic link on the way may not be followed" } },
		{ EXDEV, { 403, "a symbolic link leads out of the store" } },
		{ ENAMETOOLONG, { 400, "the name is too long" } },
		{ EINVAL, { 400, "a name that can't be stored" } },
		{ EMFILE, { 503, "the server has too many files open" } },
		{ ENFILE, { 503, "the system has too many files open" } },
		{ ENOENT, { 500, "the store's directory is gone" } },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].error == error)
			return rows[i].fault;
	return (struct store_fault){ 500, "it could not be written" };
}

const char *store_reason(struct request *r, const char *reason, struct str name)
{
	struct buf b;

	if (!reason || name.len == 0)
		return reason;
	b = buf_in_arena(&r->arena, strlen(reason) + name.len + 4);
	buf_text(&b, reason);
	buf_text(&b, ": ");
	buf_add(&b, name);
	buf_byte(&b, '\0');
	return b.failed ? reason : b.ptr;
}

int store_room(const struct request *r, int dirfd, uint64_t *room)
{
	uint64_t reserve = request_settings(r)->upload_reserve, free;
	struct statvfs fs;

	*room = UINT64_MAX;
	if (io_fstatvfs(dirfd, &fs) != 0)
		return reserve > 0 ? -1 : 0; /* without a promise to keep, the write will tell */
	free = (uint64_t)fs.f_bavail * fs.f_frsize;
	*room = free > reserve ? free - reserve : 0;
	return 0;
}
