#include "handlers/handlers.h"
#include "http/mime.h"
#include "server/decide_steps.h"
#include "server/response.h"
#include "server/response_block.h"

/* The location's `types` are looked at first, then the built-in table. */
static struct str static_type(const struct settings *set, struct str path)
{
	struct str extension = mime_extension(path), type;
	size_t low = 0, high = set->types.count;
	char lower[32];

	if (extension.len == 0 || extension.len > sizeof lower)
		return set->default_type;
	for (size_t i = 0; i < extension.len; i++)
		lower[i] = ascii_lower(extension.ptr[i]);
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = str_compare(set->types.items[middle].extension,
		                        str_make(lower, extension.len));

		if (order == 0)
			return set->types.items[middle].type;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	type = mime_find(extension);
	return type.len > 0 ? type : set->default_type;
}

/* What strangers uploaded must not run as a page of this site. */
static void static_guard_store(struct request *r)
{
	struct str rest;

	if (decide_store_of(r->config, r->decision.dir, r->decision.path, &r->arena, &rest) ==
	    CONFIG_NONE)
		return;
	response_lines(r, STR_OF("X-Content-Type-Options: nosniff\r\n"
	                         "Content-Security-Policy: sandbox\r\n"));
}

void static_file_start(struct request *r)
{
	const struct settings *set = request_settings(r);
	const struct decision *d = &r->decision;
	const struct file *file = d->file;

	if (r->decision.status == 412) {
		respond_error(r, 412, NULL);
		return;
	}
	if (block_respond(r))
		return;
	r->sink = &sink_discard;
	r->response.content_type = static_type(set, r->decision.path);
	r->response.add_charset = true;
	r->response.is_cacheable = true;
	r->response.modified = file->modified.tv_sec;
	r->response.etag = d->etag;
	if (d->varies)
		r->response.vary = STR_OF("Accept-Encoding");
	if (d->variant)
		r->response.encoding = d->variant->coding;
	if (set->max_ranges > 0)
		response_lines(r, STR_OF("Accept-Ranges: bytes\r\n"));
	static_guard_store(r);
	if (r->decision.status == 304) {
		body_empty(&r->response.body);
		r->response.content_type = str_make(NULL, 0);
		r->response.encoding = str_make(NULL, 0);
	} else if (file->content) {
		body_memory(&r->response.body, str_make(file->content, (size_t)file->size));
		r->response.body.is_rangeable = true;
	} else {
		body_file(&r->response.body, file->fd, 0, file->size);
	}
	if (!block_make(r))
		respond(r, r->decision.status);
}
