#include "http/accept.h"
#include "server/decide_steps.h"
#include "server/request.h"
#include "server/trace.h"
#include "server/vars.h"

/* A path with a final slash asks for a directory, one without for a file. */
static bool try_exists(struct request *r, struct file_view *view, struct str uri)
{
	bool wants_directory = uri.len > 0 && uri.ptr[uri.len - 1] == '/';
	struct file *file;
	struct str path;
	int dir;

	if (uri.len == 0 || uri.ptr[0] != '/' || !decide_locate(r, uri, &dir, &path))
		return false;
	if (!request_settings(r)->dotfiles && path_is_hidden(uri))
		return false;
	file = decide_open(r, view, dir, path);
	return file && file->kind == (wants_directory ? FILE_DIRECTORY : FILE_REGULAR);
}

/* "$uri/" found a directory that was asked for without its slash: that is a 301. */
static bool try_adds_slash(const struct request *r, struct str uri)
{
	return uri.len == r->target.path.len + 1 && uri.ptr[uri.len - 1] == '/' &&
	       str_starts_with(uri, r->target.path);
}

/* A person going to a page, not a page that fetches a part of itself: that should hear 404. */
static bool try_is_navigation(const struct request *r)
{
	struct str mode = head_value(&r->head, FIELD_SEC_FETCH_MODE);
	const struct field *accept = head_field(&r->head, FIELD_ACCEPT);

	if (r->method != METHOD_GET && r->method != METHOD_HEAD)
		return false;
	if (mode.len > 0)
		return str_eq_nocase(mode, STR_OF("navigate"));
	for (; accept; accept = head_next(&r->head, accept))
		if (field_list_has(accept->value, STR_OF("text/html")))
			return true;
	return false;
}

static enum decided try_uri(struct request *r, const struct template *uri)
{
	struct str text = vars_text(uri, r);
	size_t mark;

	if (!text.ptr)
		return decide_error(r, 500, "out of memory");
	mark = str_find(text, '?');
	if (mark < text.len) {
		r->target.query = str_from_index(text, mark + 1);
		r->target.has_query = true;
		text.len = mark;
	}
	if (text.len == 0 || text.ptr[0] != '/')
		return decide_error(r, 500, "the last name of try_files is no path");
	r->target.path = text;
	r->is_internal = true;
	r->redirects++;
	TRACE(r, "try_files", "the request goes on as %s", trace_path(r, text));
	return DECIDE_AGAIN;
}

enum decided decide_try_files(struct request *r, struct file_view *view)
{
	const struct try_files *try = &request_settings(r)->try_files;

	if (try->last == TRY_NONE)
		return DECIDE_ON;
	for (size_t i = 0; i < try->count; i++) {
		struct str uri = vars_text(&try->paths[i], r);

		if (!uri.ptr)
			return decide_error(r, 500, "out of memory");
		TRACE(r, "try_files", "%s is tried", trace_path(r, uri));
		if (!try_exists(r, view, uri))
			continue;
		if (!try_adds_slash(r, uri))
			r->target.path = uri;
		return DECIDE_ON;
	}
	switch (try->last) {
	case TRY_CODE:
		TRACE(r, "try_files", "none was found: =%u", try->code);
		return decide_error(r, try->code, NULL);
	case TRY_NAMED:
		r->named = r->server->named[try->named];
		TRACE(r, "try_files", "none was found: on to %.*s", STR_ARG(r->named->pattern));
		r->redirects++;
		r->is_internal = true;
		return DECIDE_AGAIN;
	case TRY_SPA:
		if (!try_is_navigation(r)) {
			TRACE(r, "try_files",
			      "spa: not for a request that is no page navigation "
			      "(Sec-Fetch-Mode, or Accept with text/html)");
			return decide_error(r, 404, NULL);
		}
		return try_uri(r, &try->uri);
	default:
		return try_uri(r, &try->uri);
	}
}
