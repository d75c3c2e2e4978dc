#include "server/decide.h"

#include "base/clock.h"
#include "http/escape.h"
#include "server/access.h"
#include "server/decide_steps.h"
#include "server/request.h"
#include "server/trace.h"
#include "server/vars.h"

#include <errno.h>

enum { DECIDE_HOPS_MAX = 10 };

enum {
	METHODS_STATIC =
	        METHOD_BIT(METHOD_GET) | METHOD_BIT(METHOD_HEAD) | METHOD_BIT(METHOD_OPTIONS),
	METHODS_STORE =
	        METHOD_BIT(METHOD_POST) | METHOD_BIT(METHOD_PUT) | METHOD_BIT(METHOD_DELETE),
	/* of an upload that comes in pieces, whatever `methods` says of the files */
	METHODS_RESUME = METHODS_STATIC | METHOD_BIT(METHOD_PATCH) | METHOD_BIT(METHOD_DELETE)
};

/* ---- small answers ---------------------------------------------------------------------------------- */

enum decided decide_error(struct request *r, unsigned status, const char *reason)
{
	r->decision.kind = DECIDE_ERROR;
	r->decision.status = status;
	r->decision.reason = reason;
	TRACE(r, "error", "%u%s%s", status, reason ? ": " : "", reason ? reason : "");
	return DECIDED;
}

/* The target becomes another path of ours; its text is in the arena. */
static enum decided decide_again(struct request *r, struct str path)
{
	r->target.path = path;
	r->target.has_encoded_slash = memchr(path.ptr, '\0', path.len) != NULL;
	r->is_internal = true;
	r->redirects++;
	TRACE(r, "internal", "the request goes on as %s", trace_path(r, path));
	return DECIDE_AGAIN;
}

/* ---- methods ---------------------------------------------------------------------------------------- */

static bool methods_name_other(const struct method_rule *rule, struct str name)
{
	for (size_t i = 0; i < rule->other.count; i++)
		if (str_eq(rule->other.items[i], name))
			return true;
	return false;
}

/* What is answered here as `methods` says, else by what the resource is. We always answer OPTIONS. */
static unsigned decide_allowed(const struct request *r, unsigned by_resource)
{
	const struct settings *set = request_settings(r);
	unsigned mask = set->methods.mask | METHOD_BIT(METHOD_OPTIONS);

	if (!set->methods.is_set)
		return by_resource | METHODS_STATIC |
		       (set->store != CONFIG_NONE ? METHODS_STORE : 0);
	return mask & METHOD_BIT(METHOD_GET) ? mask | METHOD_BIT(METHOD_HEAD) : mask;
}

/*
 * What may still turn out to be a program: a location that runs some, and a path that index or try_files
 * may lead to one. Elsewhere a POST is refused before anything is looked up.
 */
static bool decide_may_post(const struct request *r)
{
	const struct settings *set = request_settings(r);
	struct str path = r->target.path;

	return set->cgi_pass.program.len > 0 || set->cgi.count > 0 ||
	       set->try_files.last != TRY_NONE || path.ptr[path.len - 1] == '/';
}

enum decided decide_answers(struct request *r, unsigned by_resource)
{
	r->decision.allow = decide_allowed(r, by_resource);
	if (r->method == METHOD_OTHER || r->decision.allow & METHOD_BIT(r->method))
		return DECIDE_ON;
	TRACE(r, "methods", "%.*s is not answered here", STR_ARG(r->head.method_name));
	return decide_error(r, 405, NULL);
}

static enum decided decide_method(struct request *r)
{
	const struct settings *set = request_settings(r);
	bool is_program = set->cgi_pass.program.len > 0 || decide_names_program(r);
	enum decided d;
	struct str token;

	if (r->method == METHOD_OTHER && !methods_name_other(&set->methods, r->head.method_name))
		return decide_error(r, 501, "the method is not known here");
	if (decide_names_upload(r, &token) && METHODS_RESUME & METHOD_BIT(r->method)) {
		r->decision.allow = METHODS_RESUME;
		if (r->method != METHOD_OPTIONS)
			return DECIDE_ON;
		r->decision.kind = DECIDE_OPTIONS;
		r->decision.is_resumable = true;
		return DECIDED;
	}
	d = decide_answers(r, is_program || (r->method == METHOD_POST && decide_may_post(r))
	                              ? METHOD_BIT(METHOD_POST)
	                              : 0);
	if (d != DECIDE_ON || r->method != METHOD_OPTIONS)
		return d;
	/* A program that wants OPTIONS for itself says so by `methods`. */
	if (is_program && set->methods.is_set && (set->methods.mask & METHOD_BIT(METHOD_OPTIONS)))
		return DECIDE_ON;
	r->decision.kind = DECIDE_OPTIONS;
	r->decision.is_resumable = decide_may_resume(r);
	return DECIDED;
}

/* ---- files ------------------------------------------------------------------------------------------ */

static void decide_release(void *subject)
{
	file_release(subject);
}

struct file *decide_open(struct request *r, struct file_view *view, int dir, struct str path)
{
	struct file *file = view->open(view, dir, path, request_settings(r)->links);

	if (file && !arena_defer(&r->arena, decide_release, file)) {
		file_release(file);
		return NULL;
	}
	TRACE(r, "file", "%s: %s", trace_file_name(r, dir, path), trace_file_kind(r, file));
	return file;
}

bool decide_locate(struct request *r, struct str uri, int *dir, struct str *path)
{
	const struct file_base *base = &request_settings(r)->base;

	*dir = base->dir;
	if (base->file.len > 0) {
		*path = base->file;
		return true;
	}
	*path = str_from_index(uri, base->is_alias ? base->strip : 1);
	while (path->len > 0 && path->ptr[0] == '/')
		*path = str_from_index(*path, 1);
	/* An encoded slash is data, and no file's name has one. */
	return path->len == 0 || !memchr(path->ptr, '\0', path->len);
}

static enum decided decide_file_error(struct request *r, const struct file *file)
{
	if (!file)
		return decide_error(r, 500, "out of memory");
	switch (file->kind) {
	case FILE_FORBIDDEN:
		return decide_error(r, 403,
		                    file->error == EXDEV || file->error == ELOOP
		                            ? "a symbolic link leads out of the root "
		                              "(disable_symlinks off would follow it)"
		                            : "the file may not be read");
	case FILE_SPECIAL:
		return decide_error(r, 403, "neither a file nor a directory");
	case FILE_FAILED:
		return decide_error(r, file->error == EMFILE || file->error == ENFILE ? 503 : 500,
		                    "the file could not be opened");
	default:
		return decide_error(r, 404, NULL);
	}
}

/* Files and listings are read; whatever `methods` allows beyond that needs a program or a store. */
static enum decided decide_not_static(struct request *r)
{
	r->decision.allow = decide_allowed(r, 0);
	TRACE(r, "methods", "a file or directory answers GET and HEAD only");
	return decide_error(r, 405, NULL);
}

/* The preconditions are about what would be sent, that is about the sibling where one was chosen. */
static enum decided decide_conditions(struct request *r)
{
	const struct settings *set = request_settings(r);
	struct decision *d = &r->decision;
	struct validators v = { .exists = true, .modified = d->file->modified.tv_sec };

	if (!set->etag)
		d->etag = str_make(NULL, 0);
	v.etag = d->etag;
	switch (precondition_judge(&r->head, &v, set->if_modified_since,
	                           clock_cached.wall.tv_sec)) {
	case PRECONDITION_NOT_MODIFIED:
		d->status = 304;
		TRACE(r, "condition", "the client has this version already");
		break;
	case PRECONDITION_FAILED:
		d->status = 412;
		TRACE(r, "condition", "the file is not the version that the request is about");
		break;
	case PRECONDITION_PROCEED:
		break;
	}
	return DECIDED;
}

/* The figures are read like a file, whatever the location's path is called. */
static enum decided decide_figures(struct request *r)
{
	if (r->method != METHOD_GET && r->method != METHOD_HEAD)
		return decide_not_static(r);
	r->decision.kind = DECIDE_STATUS;
	return DECIDED;
}

static enum decided decide_regular(struct request *r, struct file_view *view, struct file *file,
                                   int dir, struct str path)
{
	const struct settings *set = request_settings(r);
	struct decision *d = &r->decision;
	enum decided next;

	if (r->method != METHOD_GET && r->method != METHOD_HEAD)
		return decide_not_static(r);
	d->kind = DECIDE_FILE;
	d->file = file;
	d->dir = dir;
	d->path = path;
	d->etag = file_etag(file);
	d->status = 200;
	if (r->error_status != 0) { /* an error page is not what the client has a version of */
		if (!set->etag)
			d->etag = str_make(NULL, 0);
		return DECIDED;
	}
	if (set->gzip_static | set->brotli_static | set->zstd_static) {
		next = decide_variant(r, view);
		if (next != DECIDE_ON)
			return next;
	}
	return decide_conditions(r);
}

/* The location is told relative to the host, so that it is right behind any proxy; the query is kept. */
static enum decided decide_add_slash(struct request *r)
{
	struct buf b = buf_in_arena(&r->arena, 2 * r->target.path.len + r->target.query.len + 16);

	escape_path(&b, r->target.path);
	buf_byte(&b, '/');
	if (r->target.has_query) {
		buf_byte(&b, '?');
		buf_add(&b, r->target.query);
	}
	if (b.failed)
		return decide_error(r, 500, "out of memory");
	TRACE(r, "redirect", "it is a directory, and the address has no final slash");
	r->decision.kind = DECIDE_REDIRECT;
	r->decision.status = r->method == METHOD_GET || r->method == METHOD_HEAD ? 301 : 308;
	r->decision.text = buf_str(&b);
	return DECIDED;
}

struct str decide_join(struct request *r, struct str a, struct str b)
{
	struct buf joined = buf_in_arena(&r->arena, a.len + b.len + 1);

	buf_add(&joined, a);
	buf_add(&joined, b);
	buf_byte(&joined, '\0');
	joined.len--;
	return joined.failed ? str_make(NULL, 0) : buf_str(&joined);
}

/* An index file that is there is served as if it had been asked for: perhaps by another location. */
static enum decided decide_index(struct request *r, struct file_view *view, int dir,
                                 struct str path)
{
	const struct str_list *index = &request_settings(r)->index;

	for (size_t i = 0; i < index->count; i++) {
		struct str uri = decide_join(r, r->target.path, index->items[i]);
		struct str name = decide_join(r, path, index->items[i]);
		struct file *file;

		if (!uri.ptr || !name.ptr)
			return decide_error(r, 500, "out of memory");
		TRACE(r, "index", "%.*s is tried", STR_ARG(index->items[i]));
		if (index->items[i].ptr[0] == '/')
			return decide_again(r, index->items[i]);
		file = decide_open(r, view, dir, name);
		if (!file || file->kind == FILE_FAILED)
			return decide_file_error(r, file);
		if (file->kind == FILE_REGULAR && route_location(r->server, uri) == r->location &&
		    !decide_path_is_program(r, uri)) {
			r->target.path = uri;
			return decide_regular(r, view, file, dir, name);
		}
		if (file->kind == FILE_REGULAR)
			return decide_again(r, uri);
	}
	return DECIDE_ON;
}

static enum decided decide_directory(struct request *r, struct file_view *view, int dir,
                                     struct str path)
{
	enum decided d;
	struct file *file;

	d = decide_index(r, view, dir, path);
	if (d != DECIDE_ON)
		return d;
	file = decide_open(r, view, dir, path);
	if (!file || file->kind != FILE_DIRECTORY)
		return decide_file_error(r, file);
	if (r->method != METHOD_GET && r->method != METHOD_HEAD)
		return decide_not_static(r);
	TRACE(r, "autoindex",
	      request_settings(r)->autoindex ? "on: the directory is listed" : "off");
	if (!request_settings(r)->autoindex)
		return decide_error(r, 403,
		                    "a directory without an index file, and autoindex is off");
	r->decision.kind =
	        request_settings(r)->autoindex_tar && str_eq(r->target.query, STR_OF("tar"))
	                ? DECIDE_TAR
	                : DECIDE_LISTING;
	r->decision.file = file;
	r->decision.dir = dir;
	r->decision.path = path;
	return DECIDED;
}

enum decided decide_static(struct request *r, struct file_view *view)
{
	bool has_slash = r->target.path.ptr[r->target.path.len - 1] == '/';
	struct file *file;
	struct str path;
	int dir;

	if (!decide_locate(r, r->target.path, &dir, &path)) {
		TRACE(r, "file", "no file's name has a slash in it (%%2F)");
		return decide_error(r, 404, NULL);
	}
	if (has_slash && request_settings(r)->base.file.len == 0)
		return decide_directory(r, view, dir, path);
	file = decide_open(r, view, dir, path);
	if (!file)
		return decide_error(r, 500, "out of memory");
	if (file->kind == FILE_DIRECTORY)
		return decide_add_slash(r);
	if (file->kind != FILE_REGULAR)
		return decide_file_error(r, file);
	return decide_regular(r, view, file, dir, path);
}

/* ---- the whole -------------------------------------------------------------------------------------- */

static void decide_location(struct request *r)
{
	r->location = r->named ? r->named : route_location(r->server, r->target.path);
	r->named = NULL;
	if (__builtin_expect(r->trace != NULL, 0))
		r->trace->located(r->trace, r);
}

/* Who is let in: by address, by how often and how many, by password. */
static enum decided decide_admission(struct request *r, struct gate *gate)
{
	const struct settings *set = request_settings(r);

	if (set->access.count > 0 && !access_admits(&set->access, &r->peer))
		return decide_error(r, 403, "this address is not let in here");
	if (!gate || !set->is_gated)
		return DECIDE_ON;
	if (gate->limits(gate, r) == GATE_LIMITED)
		return decide_error(r, 429, "too many requests from this address");
	switch (gate->password(gate, r)) {
	case GATE_UNAUTHORIZED:
		return decide_error(r, 401, NULL);
	case GATE_BUSY:
		return decide_error(r, 503, "too many passwords wait to be checked");
	case GATE_FAILED:
		return decide_error(r, 503, "the password can't be checked");
	case GATE_WAIT:
		/* Decided anew, it is for this location again and not for the one that the path leads to. */
		if (r->location->kind == LOCATION_NAMED)
			r->named = r->location;
		r->decision.kind = DECIDE_WAIT;
		return DECIDED;
	default:
		return DECIDE_ON;
	}
}

/* One round: the order of these steps is what the documentation calls the life of a request. */
static enum decided decide_once(struct request *r, struct file_view *view, struct gate *gate)
{
	const struct settings *set;
	enum decided d;

	decide_location(r);
	set = request_settings(r);
	if (set->is_internal && !r->is_internal) {
		TRACE(r, "internal", "only internal redirects come in here");
		return decide_error(r, 404, NULL);
	}
	d = decide_admission(r, gate);
	if (d != DECIDE_ON)
		return d;
	if (set->ret.code != 0) {
		TRACE(r, "return", "%u", set->ret.code);
		r->decision.kind = set->ret.code == 444 ? DECIDE_CLOSE : DECIDE_RETURN;
		return DECIDED;
	}
	d = decide_method(r);
	if (d != DECIDE_ON)
		return d;
	if (set->cgi_pass.program.len > 0)
		return decide_cgi_pass(r);
	if (set->status != STATUS_OFF)
		return decide_figures(r);
	if (set->dotfiles ? path_is_reserved(r->target.path) : path_is_hidden(r->target.path)) {
		TRACE(r, "dotfiles", "%s",
		      set->dotfiles ? "what is being uploaded has no name yet"
		                    : "deny: the path has a name that begins with a dot");
		return decide_error(r, 404, NULL);
	}
	d = decide_upload(r, view);
	if (d == DECIDE_ON)
		d = decide_try_files(r, view);
	if (d == DECIDE_ON)
		d = decide_script(r, view);
	return d == DECIDE_ON ? decide_static(r, view) : d;
}

void decide(struct request *r, struct file_view *view, struct gate *gate)
{
	if (r->target.form == TARGET_ASTERISK || r->target.form == TARGET_AUTHORITY) {
		r->decision = (struct decision){ .allow = METHODS_STATIC | METHODS_STORE };
		r->location = &r->server->self;
		r->decision.kind = DECIDE_OPTIONS;
		if (r->target.form == TARGET_AUTHORITY)
			decide_error(r, 405, NULL);
		return;
	}
	for (;;) {
		r->decision = (struct decision){ .kind = DECIDE_ERROR, .dir = CONFIG_NONE };
		if (r->redirects > DECIDE_HOPS_MAX) {
			decide_error(r, 500, "internal redirects go round in a circle");
			return;
		}
		if (decide_once(r, view, gate) != DECIDE_AGAIN)
			return;
	}
}
