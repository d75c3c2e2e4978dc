#include "handlers/autoindex.h"

#include "handlers/autoindex_page.h"
#include "handlers/handlers.h"
#include "handlers/human.h"
#include "http/accept.h"
#include "http/escape.h"
#include "server/response.h"

#include <errno.h>

enum {
	AUTOINDEX_FRAME = 16 * 1024, /* what a page takes beside its rows */
	AUTOINDEX_ROW = 320,         /* and a row beside its name, which stands in it twice */
	AUTOINDEX_BATCH = 256        /* entries of a long listing that are looked up at once */
};

/* ---- for programs ---------------------------------------------------------------------------------------- */

static void json_open(struct buf *b, const struct listing *l)
{
	(void)l;
	buf_text(b, "[\n");
}

/* nginx's members, the time in RFC 3339, and href: a name that is no UTF-8 can't be told otherwise. */
static void json_entry(struct buf *b, const struct listing *l, const struct listing_entry *e,
                       bool is_first)
{
	(void)l;
	buf_text(b, is_first ? "{\"name\":\"" : ",\n{\"name\":\"");
	escape_json(b, e->name);
	buf_text(b, e->is_directory ? "\",\"type\":\"directory\",\"mtime\":\""
	                            : "\",\"type\":\"file\",\"mtime\":\"");
	human_iso_time(b, e->modified);
	if (!e->is_directory) {
		buf_text(b, "\",\"size\":");
		buf_u64(b, e->size);
		buf_text(b, ",\"href\":\"");
	} else {
		buf_text(b, "\",\"href\":\"");
	}
	escape_segment(b, e->name);
	buf_text(b, e->is_directory ? "/\"}" : "\"}");
}

static void json_close(struct buf *b, const struct listing *l)
{
	(void)l;
	buf_text(b, "\n]\n");
}

const struct autoindex_writer autoindex_json = { json_open, json_entry, json_close };

/* ---- bodies ---------------------------------------------------------------------------------------------- */

static size_t whole_size(const struct listing *l)
{
	size_t size = AUTOINDEX_FRAME + l->entries.len * AUTOINDEX_ROW;

	for (size_t i = 0; i < l->entries.len; i++)
		size += 2 * l->entries.items[i].name.len;
	return size;
}

static bool whole_body(struct request *r, const struct listing *l,
                       const struct autoindex_writer *writer)
{
	struct buf b = buf_in_arena(&r->arena, whole_size(l));

	writer->open(&b, l);
	for (size_t i = 0; i < l->entries.len; i++)
		writer->entry(&b, l, &l->entries.items[i], i == 0);
	writer->close(&b, l);
	body_memory(&r->response.body, buf_str(&b));
	return !b.failed;
}

/* A listing too long to be sorted: made as it is sent, so that a million names cost no memory and block nobody. */
struct stream {
	struct listing *l;
	const struct autoindex_writer *writer;
	struct buf out;
	bool is_open, has_entry, is_closed;
};

static void stream_batch(struct stream *s)
{
	struct listing_entry entry;

	for (unsigned i = 0; i < AUTOINDEX_BATCH; i++) {
		if (!listing_next(s->l, &entry)) {
			s->writer->close(&s->out, s->l);
			s->is_closed = true;
			return;
		}
		s->writer->entry(&s->out, s->l, &entry, !s->has_entry);
		s->has_entry = true;
	}
}

static enum body_next stream_next(struct body *body, struct span *span)
{
	struct stream *s = body->context;

	if (s->is_closed)
		return BODY_END;
	s->out.len = 0;
	if (!s->is_open)
		s->writer->open(&s->out, s->l);
	s->is_open = true;
	stream_batch(s);
	if (s->out.failed)
		return BODY_FAILED;
	*span = (struct span){ .kind = SPAN_MEMORY, .ptr = s->out.ptr, .len = s->out.len };
	return BODY_SPAN;
}

static bool stream_body(struct request *r, struct listing *l, const struct autoindex_writer *writer)
{
	struct stream *s = arena_zero(&r->arena, sizeof *s);

	if (!s)
		return false;
	s->l = l;
	s->writer = writer;
	s->out = buf_in_arena(&r->arena,
	                      AUTOINDEX_FRAME + (size_t)AUTOINDEX_BATCH * 2 * AUTOINDEX_ROW);
	body_generator(&r->response.body, stream_next, s, BODY_UNKNOWN_LENGTH);
	return !s->out.failed;
}

/* ---- the handler ----------------------------------------------------------------------------------------- */

static bool autoindex_is_json(const struct request *r)
{
	switch (request_settings(r)->autoindex_format) {
	case AUTOINDEX_HTML:
		return false;
	case AUTOINDEX_JSON:
		return true;
	case AUTOINDEX_BY_ACCEPT:
		break;
	}
	return accept_prefers_json(&r->head);
}

static void autoindex_fields(struct request *r, bool json)
{
	r->response.content_type =
	        json ? STR_OF("application/json") : STR_OF("text/html; charset=utf-8");
	if (request_settings(r)->autoindex_format == AUTOINDEX_BY_ACCEPT)
		r->response.vary = STR_OF("Accept");
	response_field(r, STR_OF("Cache-Control"), STR_OF("no-cache"));
	response_field(r, STR_OF("X-Content-Type-Options"), STR_OF("nosniff"));
	if (!json)
		response_field(r, STR_OF("Content-Security-Policy"), str_from(autoindex_policy));
}

void autoindex_start(struct request *r)
{
	struct listing *l = arena_alloc(&r->arena, sizeof *l);
	bool json = autoindex_is_json(r);
	const struct autoindex_writer *writer = json ? &autoindex_json : &autoindex_html;

	if (!l || !listing_read(r, l)) {
		respond_error(r, l && errno == EACCES ? 403 : 500,
		              "the directory could not be read");
		return;
	}
	autoindex_fields(r, json);
	if (!(l->is_long ? stream_body(r, l, writer) : whole_body(r, l, writer))) {
		respond_error(r, 500, "out of memory");
		return;
	}
	r->sink = &sink_discard;
	respond(r, 200);
}
