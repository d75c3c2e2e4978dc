#include "server/page.h"

#include "http/escape.h"
#include "server/response.h"

/* A sheet of paper with a folded corner; quotes and hashes as a data: URL wants them. */
#define PAGE_ICON                                                                             \
	"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E" \
	"%3Crect width='32' height='32' rx='8' fill='%23155e8c'/%3E"                          \
	"%3Cpath d='M10 7h8l5 5v13H10z' fill='%23fff'/%3E"                                    \
	"%3Cpath d='M18 7v5h5' fill='none' stroke='%23155e8c' stroke-width='1.6'/%3E%3C/svg%3E"

static const char page_start[] =
        "<!doctype html>\n"
        "<html lang=\"en\">\n"
        "<head>\n"
        "<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<meta name=\"robots\" content=\"noindex\">\n"
        "<link rel=\"icon\" href=\"" PAGE_ICON "\">\n"
        "<title>";

/* Every pair of text and ground has a contrast of 4.5 or more. */
static const char page_style[] =
        "</title>\n"
        "<style>\n"
        ":root { --bg: #f6f7f8; --panel: #fff; --sunk: #eef0f2; --line: #dde1e5; --ink: #1c2430;\n"
        "\t--soft: #566171; --accent: #155e8c; --on-accent: #fff; --good: #1f6b45; --bad: #a3272f; "
        "}\n"
        "@media (prefers-color-scheme: dark) {\n"
        "\t:root { --bg: #12161c; --panel: #1a2028; --sunk: #222a34; --line: #303a46; --ink: "
        "#e6eaef;\n"
        "\t\t--soft: #a3aebb; --accent: #7cc0ec; --on-accent: #0c1a24; --good: #7fd1a8; --bad: "
        "#ff9c96; }\n"
        "}\n"
        "*, *::before, *::after { box-sizing: border-box; }\n"
        "html { -webkit-text-size-adjust: 100%; }\n"
        "body { margin: 0; min-height: 100vh; display: flex; flex-direction: column;\n"
        "\tbackground: var(--bg); color: var(--ink);\n"
        "\tfont: 1rem/1.55 system-ui, -apple-system, \"Segoe UI\", Roboto, \"Helvetica Neue\", "
        "Arial, sans-serif; }\n"
        "h1 { margin: 0; line-height: 1.2; letter-spacing: -0.01em; overflow-wrap: anywhere; }\n"
        "a { color: var(--accent); text-underline-offset: 0.2em; text-decoration-thickness: 1px; "
        "}\n"
        "a:hover { text-decoration-thickness: 2px; }\n"
        "code { font: 0.875em ui-monospace, \"Cascadia Mono\", Menlo, Consolas, \"DejaVu Sans "
        "Mono\", monospace;\n"
        "\toverflow-wrap: anywhere; }\n"
        ":focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: "
        "4px; }\n"
        "main { flex: 1; width: min(64rem, 100% - 2rem); margin: 0 auto; padding: clamp(1.25rem, "
        "4vw, 2.5rem) 0; }\n"
        "footer { width: min(64rem, 100% - 2rem); margin: 0 auto; padding: 1rem 0 1.5rem;\n"
        "\tborder-top: 1px solid var(--line); color: var(--soft); font-size: 0.875rem;\n"
        "\tdisplay: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; justify-content: space-between; "
        "}\n";

void page_open(struct buf *b, struct str title, const char *const *style)
{
	buf_add(b, str_make(page_start, sizeof page_start - 1));
	escape_html(b, title);
	buf_add(b, str_make(page_style, sizeof page_style - 1));
	while (style && *style)
		buf_text(b, *style++);
	buf_text(b, "</style>\n</head>\n<body>\n");
}

void page_close(struct buf *b, struct request *r, bool with_id)
{
	buf_text(b, "<footer><span>");
	buf_text(b, request_settings(r)->server_tokens ? "webserv/" WEBSERV_VERSION : "webserv");
	buf_text(b, "</span>");
	if (with_id) {
		buf_text(b, "<span>Request <code>");
		buf_add(b, request_id(r));
		buf_text(b, "</code></span>");
	}
	buf_text(b, "</footer>\n</body>\n</html>\n");
}

void page_fields(struct request *r)
{
	r->response.content_type = STR_OF("text/html; charset=utf-8");
	response_lines(r, STR_OF("X-Content-Type-Options: nosniff\r\nContent-Security-Policy: "
	                         "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
	                         "base-uri 'none'; form-action 'none'\r\n"));
}
