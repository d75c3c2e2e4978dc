#include "handlers/human.h"
#include "handlers/store.h"
#include "handlers/upload.h"
#include "http/accept.h"
#include "http/escape.h"
#include "server/page.h"
#include "server/response.h"
#include "server/worker.h"

static const char *const answer_style[] = {
	"h1 { font-size: 1.6rem; margin-bottom: 1rem; }\n"
	"ul { margin: 0 0 1.25rem; padding: 0; list-style: none; background: var(--panel);\n"
	"\tborder: 1px solid var(--line); border-radius: 12px; }\n"
	"li { display: flex; gap: 1rem; justify-content: space-between; padding: 0.7rem 1rem; }\n"
	"li + li { border-top: 1px solid var(--line); }\n"
	"li span:first-child, li a { overflow-wrap: anywhere; min-width: 0; }\n"
	".size { flex: none; color: var(--soft); font-variant-numeric: tabular-nums; }\n"
	"p { margin: 0 0 1rem; }\n",
	NULL,
};

static struct str answer_uri(struct request *r, const struct upload_file *f)
{
	const struct upload *u = r->state;
	struct buf path = buf_in_arena(&r->arena, u->below.len + f->name.len);

	buf_add(&path, u->below);
	buf_add(&path, f->name);
	return path.failed ? str_make(NULL, 0) : store_uri(r, buf_str(&path));
}

static void answer_json_file(struct request *r, struct buf *b, const struct upload_file *f)
{
	struct str uri = answer_uri(r, f);

	buf_text(b, "{\"name\":\"");
	escape_json(b, f->name);
	buf_text(b, "\",\"size\":");
	buf_u64(b, f->size);
	buf_text(b, ",\"uri\":");
	if (uri.len > 0) {
		buf_byte(b, '"');
		escape_json(b, uri);
		buf_byte(b, '"');
	} else {
		buf_text(b, "null");
	}
	buf_byte(b, '}');
}

static struct str answer_json(struct request *r)
{
	const struct upload *u = r->state;
	struct buf b = buf_in_arena(&r->arena, 64 + 160 * u->files.len);

	buf_text(&b, "{\"stored\":[");
	for (size_t i = 0; i < u->files.len; i++) {
		if (i > 0)
			buf_byte(&b, ',');
		answer_json_file(r, &b, u->files.items[i]);
	}
	buf_text(&b, "]}\n");
	return b.failed ? str_make(NULL, 0) : buf_str(&b);
}

/* False: no location serves it. */
static bool answer_html_file(struct request *r, struct buf *b, const struct upload_file *f)
{
	struct str uri = answer_uri(r, f);

	buf_text(b, "<li>");
	if (uri.len > 0) {
		buf_text(b, "<a href=\"");
		escape_html(b, uri);
		buf_text(b, "\">");
	} else {
		buf_text(b, "<span>");
	}
	escape_html(b, f->name);
	buf_text(b, uri.len > 0 ? "</a>" : "</span>");
	buf_text(b, "<span class=\"size\">");
	human_size(b, f->size);
	buf_text(b, "</span></li>\n");
	return uri.len > 0;
}

/* Where the form was, if it was one of this host's pages; else the address that was posted to. */
static void answer_back(struct request *r, struct buf *b)
{
	struct str back = head_value(&r->head, FIELD_REFERER);
	size_t colon = str_find(back, ':');
	struct str rest = str_from_index(back, colon + 3), authority;

	authority = str_head(rest, str_find(rest, '/'));
	if (str_starts_with(str_from_index(back, colon), STR_OF("://")) &&
	    str_eq_nocase(authority, r->host.text) && rest.len > authority.len) {
		back = str_from_index(rest, authority.len);
		/* "//evil" would lead to another host. */
		while (back.len > 1 && (back.ptr[1] == '/' || back.ptr[1] == '\\'))
			back = str_from_index(back, 1);
	} else {
		struct buf path = buf_in_arena(&r->arena, 2 * r->target.path.len + 16);

		escape_path(&path, r->target.path);
		back = buf_str(&path);
	}
	buf_text(b, "<p><a href=\"");
	escape_html(b, back);
	buf_text(b, "\">Back</a></p>\n");
}

static struct str answer_html(struct request *r)
{
	const struct upload *u = r->state;
	struct buf b = buf_in_arena(&r->arena, 4096 + 256 * u->files.len);
	char title_room[48];
	struct buf title = buf_fixed(title_room, sizeof title_room);
	bool all_served = true;

	buf_u64(&title, u->files.len);
	buf_text(&title, u->files.len == 1 ? " file stored" : " files stored");
	page_open(&b, buf_str(&title), answer_style);
	buf_text(&b, "<main>\n<h1>");
	buf_add(&b, buf_str(&title));
	buf_text(&b, "</h1>\n<ul>\n");
	for (size_t i = 0; i < u->files.len; i++)
		if (!answer_html_file(r, &b, u->files.items[i]))
			all_served = false;
	buf_text(&b, "</ul>\n");
	if (!all_served)
		buf_text(&b,
		         "<p>What is stored here can't be fetched from this server: none of its "
		         "locations serves the store.</p>\n");
	answer_back(r, &b);
	buf_text(&b, "</main>\n");
	page_close(&b, r, false);
	return b.failed ? str_make(NULL, 0) : buf_str(&b);
}

void upload_count(const struct request *r)
{
	const struct upload *u = r->state;

	counter_add(r->worker->counters, COUNTER_UPLOADS, u->files.len);
	for (size_t i = 0; i < u->files.len; i++)
		counter_add(r->worker->counters, COUNTER_UPLOADED, u->files.items[i]->size);
}

void upload_answer(struct request *r)
{
	const struct upload *u = r->state;
	bool json = accept_prefers_json(&r->head);
	struct str text = json ? answer_json(r) : answer_html(r);

	r->response.vary = STR_OF("Accept");
	if (u->files.len == 1)
		r->response.location = answer_uri(r, u->files.items[0]);
	if (json) {
		r->response.content_type = STR_OF("application/json");
		response_field(r, STR_OF("X-Content-Type-Options"), STR_OF("nosniff"));
	} else {
		page_fields(r);
	}
	/* Even without a text for it: what is stored is stored. */
	body_memory(&r->response.body, text);
	respond(r, 201);
}
