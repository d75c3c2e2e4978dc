#include "base/clock.h"
#include "http/upload_fields.h"
#include "server/decide_steps.h"
#include "server/request.h"
#include "server/trace.h"
#include "server/worker.h"

/* What `path` is called below the directory `store`, where it lies there at all. */
static bool store_contains(const struct config *config, int store, struct str absolute,
                           struct str *rest)
{
	struct str base = config->dirs.items[store].path;

	if (!str_starts_with(absolute, base))
		return false;
	*rest = str_from_index(absolute, base.len);
	if (rest->len > 0 && rest->ptr[0] != '/' && !str_eq(base, STR_OF("/")))
		return false;
	while (rest->len > 0 && rest->ptr[0] == '/')
		*rest = str_from_index(*rest, 1);
	return true;
}

static struct str store_absolute(const struct config *config, int dir, struct str path,
                                 struct arena *arena)
{
	struct buf b = buf_in_arena(arena, config->dirs.items[dir].path.len + path.len + 2);

	buf_add(&b, config->dirs.items[dir].path);
	buf_byte(&b, '/');
	buf_add(&b, path);
	return b.failed ? str_make(NULL, 0) : buf_str(&b);
}

int decide_store_of(const struct config *config, int dir, struct str path, struct arena *arena,
                    struct str *rest)
{
	struct str absolute = { NULL, 0 };

	for (size_t i = 0; i < config->dirs.len; i++) {
		if (!config->dirs.items[i].is_store)
			continue;
		if (!absolute.ptr)
			absolute = store_absolute(config, dir, path, arena);
		if (absolute.ptr && store_contains(config, (int)i, absolute, rest))
			return (int)i;
	}
	return CONFIG_NONE;
}

/* The file that PUT or DELETE names, as a path below the location's own store. */
static enum decided store_target(struct request *r, struct file_view *view)
{
	const struct settings *set = request_settings(r);
	struct str path, rest, absolute;
	int dir;

	(void)view;
	if (!decide_locate(r, r->target.path, &dir, &path))
		return decide_error(r, 404, NULL);
	absolute = store_absolute(r->config, dir, path, &r->arena);
	if (!absolute.ptr)
		return decide_error(r, 500, "out of memory");
	if (!store_contains(r->config, set->store, absolute, &rest))
		return decide_error(r, 403,
		                    "the address does not lie in this location's upload_store");
	r->decision.had_slash = rest.len > 0 && rest.ptr[rest.len - 1] == '/';
	while (rest.len > 0 && rest.ptr[rest.len - 1] == '/')
		rest.len--;
	r->decision.store_path = arena_str(&r->arena, rest);
	return r->decision.store_path.ptr ? DECIDE_ON : decide_error(r, 500, "out of memory");
}

/* ---- uploads that come in pieces ---------------------------------------------------------------------- */

bool decide_may_resume(const struct request *r)
{
	const struct settings *set = request_settings(r);

	return set->upload_resumable.is_on && set->store != CONFIG_NONE &&
	       r->decision.allow & (METHOD_BIT(METHOD_POST) | METHOD_BIT(METHOD_PUT));
}

/* Where the client asks for it. What came here by a redirect of ours has no address to go on at. */
static bool store_resumes(struct request *r)
{
	struct upload_fields fields;

	if (!decide_may_resume(r) || r->redirects > 0)
		return false;
	upload_fields_read(&r->head, &fields);
	if (fields.has_complete)
		TRACE(r, "resumable", "on, and Upload-Complete is %s: it may come in pieces",
		      fields.complete ? "true" : "false");
	return fields.has_complete;
}

bool decide_names_upload(const struct request *r, struct str *token)
{
	static const struct str name = STR("upload=");
	const struct settings *set = request_settings(r);

	if (!set->upload_resumable.is_on || set->store == CONFIG_NONE || r->is_internal ||
	    !str_starts_with(r->target.query, name))
		return false;
	*token = str_from_index(r->target.query, name.len);
	return upload_token_is_good(*token);
}

static enum decided store_resume(struct request *r, struct str token)
{
	TRACE(r, "resumable", "on: the query names an upload that comes in pieces");
	r->decision.kind = DECIDE_RESUME;
	r->decision.text = token;
	return DECIDED;
}

/* ---- methods ------------------------------------------------------------------------------------------- */

static enum decided store_put(struct request *r, struct file_view *view)
{
	enum decided d = store_target(r, view);

	if (d != DECIDE_ON)
		return d;
	if (head_field(&r->head, FIELD_CONTENT_RANGE)) /* RFC 9110 section 14.5 */
		return decide_error(r, 400, "a PUT of a part of a file (Content-Range)");
	if (r->decision.had_slash || r->decision.store_path.len == 0)
		return decide_error(r, 409, "a file can't be stored under a directory's address");
	r->decision.kind = DECIDE_PUT;
	r->decision.is_resumable = store_resumes(r);
	return DECIDED;
}

static enum decided store_delete(struct request *r, struct file_view *view)
{
	enum decided d = store_target(r, view);

	if (d != DECIDE_ON)
		return d;
	if (r->decision.store_path.len == 0)
		return decide_error(r, 403, "the store itself can't be deleted");
	r->decision.kind = DECIDE_DELETE;
	return DECIDED;
}

enum decided decide_upload(struct request *r, struct file_view *view)
{
	struct str token;

	if (request_settings(r)->store == CONFIG_NONE)
		return DECIDE_ON;
	if (r->method != METHOD_POST && r->method != METHOD_PUT && decide_names_upload(r, &token))
		return store_resume(r, token);
	switch (r->method) {
	case METHOD_PUT:
		return store_put(r, view);
	case METHOD_DELETE:
		return store_delete(r, view);
	case METHOD_POST:
		r->decision.kind = DECIDE_UPLOAD;
		r->decision.is_resumable = store_resumes(r);
		return DECIDED;
	default:
		return DECIDE_ON;
	}
}
