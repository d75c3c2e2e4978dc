#include "server/error_page.h"

#include "http/escape.h"
#include "http/statuses.h"
#include "server/page.h"

enum { ERROR_PAGE_SIZE = 5120 };

static const char *const error_style[] = {
	"main { display: grid; align-content: center; justify-items: start; max-width: 40rem; }\n"
	".code { margin: 0; color: var(--accent); font-size: clamp(4rem, 18vw, 7rem); font-weight: "
	"700;\n"
	"\tline-height: 1; letter-spacing: -0.04em; font-variant-numeric: tabular-nums; }\n"
	"h1 { font-size: clamp(1.5rem, 5vw, 2.1rem); margin: 0.35rem 0 0.75rem; }\n"
	"p { margin: 0 0 1rem; }\n"
	".why { padding: 0.6rem 0.9rem; background: var(--sunk); border-left: 3px solid "
	"var(--accent);\n"
	"\tborder-radius: 0 8px 8px 0; overflow-wrap: anywhere; }\n"
	".soft { color: var(--soft); }\n",
	NULL,
};

/* Codes without a row of their own are described by their class (RFC 9110 section 15). */
static struct str error_phrase(unsigned status)
{
	struct str reason = status_reason(status);

	if (reason.len > 0)
		return reason;
	return status >= 500 ? STR_OF("Server Error") : STR_OF("Error");
}

static struct str error_advice(unsigned status)
{
	const struct status *row = status_find(status);

	return row ? row->advice : str_make(NULL, 0);
}

/* A fragment such as "line ended in LF alone" as a sentence's beginning. */
static void error_sentence(struct buf *b, const char *reason)
{
	if (ascii_is_alpha(reason[0]))
		buf_byte(b, ascii_upper(*reason++));
	escape_html(b, str_from(reason));
	buf_byte(b, '.');
}

static void error_title(struct buf *b, unsigned status)
{
	buf_u64(b, status);
	buf_byte(b, ' ');
	buf_add(b, error_phrase(status));
}

/* The way home, unless it is home that failed. */
static bool error_has_link(const struct request *r, unsigned status)
{
	return !r->is_refused && status < 500 && !str_eq(r->target.path, STR_OF("/"));
}

struct str error_page_html(struct request *r, unsigned status, const char *reason)
{
	char title_room[96];
	struct buf title = buf_fixed(title_room, sizeof title_room);
	struct buf b = buf_in_arena(&r->arena, ERROR_PAGE_SIZE);
	struct str advice = error_advice(status);

	error_title(&title, status);
	page_open(&b, buf_str(&title), error_style);
	buf_text(&b, "<main>\n<p class=\"code\" aria-hidden=\"true\">");
	buf_u64(&b, status);
	buf_text(&b, "</p>\n<h1>");
	escape_html(&b, error_phrase(status));
	buf_text(&b, "</h1>\n");
	if (advice.len > 0) {
		buf_text(&b, "<p>");
		escape_html(&b, advice);
		buf_text(&b, "</p>\n");
	}
	if (reason && reason[0]) {
		buf_text(&b, "<p class=\"why\">");
		error_sentence(&b, reason);
		buf_text(&b, "</p>\n");
	}
	if (error_has_link(r, status))
		buf_text(&b, "<p><a href=\"/\">To the start page</a></p>\n");
	buf_text(&b, "</main>\n");
	page_close(&b, r, true);
	return b.failed ? str_make(NULL, 0) : buf_str(&b);
}

/* RFC 9457 section 3.1; "about:blank" means that the status says it all (section 4.2.1). */
struct str error_page_problem(struct request *r, unsigned status, const char *reason)
{
	struct buf b = buf_in_arena(&r->arena, 512);

	buf_text(&b, "{\"type\":\"about:blank\",\"title\":\"");
	escape_json(&b, error_phrase(status));
	buf_text(&b, "\",\"status\":");
	buf_u64(&b, status);
	buf_text(&b, ",\"detail\":\"");
	escape_json(&b, reason && reason[0] ? str_from(reason) : error_advice(status));
	buf_text(&b, "\",\"request_id\":\"");
	buf_add(&b, request_id(r));
	buf_text(&b, "\"}\n");
	return b.failed ? str_make(NULL, 0) : buf_str(&b);
}
