#include "forms.h"
#include "http/escape.h"

#include <stdio.h>

/* What stands around the text: the site's head with a short navigation, and where to read on. */

static const char head_before[] = "<!doctype html>\n"
                                  "<html lang=\"en\">\n"
                                  "<head>\n"
                                  "\t<meta charset=\"utf-8\">\n";

static const char head_after[] =
        "\t<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "\t<meta name=\"color-scheme\" content=\"light dark\">\n"
        "\t<link rel=\"icon\" href=\"/assets/icon.svg\" type=\"image/svg+xml\">\n"
        "\t<link rel=\"stylesheet\" href=\"/assets/site.css\">\n"
        "\t<script src=\"/assets/manual.js\" type=\"module\"></script>\n"
        "</head>\n"
        "<body>\n"
        "\t<a class=\"skip\" href=\"#content\">Skip to the content</a>\n"
        "\t<header class=\"top\">\n"
        "\t\t<nav class=\"wrap\" aria-label=\"Site\">\n"
        "\t\t\t<a class=\"brand\" href=\"/\"><img src=\"/assets/icon.svg\" alt=\"\" width=\"32\" "
        "height=\"32\">webserv</a>\n"
        "\t\t\t<ul>\n"
        "\t\t\t\t<li><a href=\"/\">Overview</a></li>\n";

static const struct {
	const char *document, *name;
} most_wanted[] = {
	{ "index.html", "Manual" },          { "language.html", "Language" },
	{ "directives.html", "Directives" }, { "variables.html", "Variables" },
	{ "command.html", "Command" },
};

static const char tail[] =
        "\t</main>\n"
        "\t<footer class=\"foot\">\n"
        "\t\t<div class=\"wrap\">\n"
        "\t\t\t<p>Version " WEBSERV_VERSION
        ", made by the build from the tables that the server itself works by.</p>\n"
        "\t\t</div>\n"
        "\t</footer>\n"
        "</body>\n"
        "</html>\n";

static bool is_first(const char *name)
{
	return strcmp(name, "index.html") == 0;
}

static void page_link(struct buf *out, const char *document, const char *attributes,
                      const char *text)
{
	buf_format(out, "<a href=\"/manual/%s\"%s>", is_first(document) ? "" : document,
	           attributes);
	escape_html(out, str_from(text));
	buf_text(out, "</a>");
}

void html_begin(struct buf *out, const struct document *document)
{
	buf_text(out, head_before);
	buf_format(out, "\t<title>%s \xc2\xb7 webserv</title>\n", document->title);
	buf_format(out, "\t<meta name=\"description\" content=\"%s\">\n", document->lead);
	buf_text(out, head_after);
	for (size_t i = 0; i < sizeof most_wanted / sizeof *most_wanted; i++) {
		bool is_here = strcmp(most_wanted[i].document, document->name) == 0;

		buf_text(out, "\t\t\t\t<li>");
		page_link(out, most_wanted[i].document, is_here ? " aria-current=\"page\"" : "",
		          most_wanted[i].name);
		buf_text(out, "</li>\n");
	}
	buf_text(out, "\t\t\t</ul>\n\t\t</nav>\n\t</header>\n"
	              "\t<main class=\"wrap manual\" id=\"content\">\n"
	              "\t\t<p class=\"eyebrow\">Manual</p>\n");
	buf_format(out, "\t\t<h1>%s</h1>\n\t\t<p class=\"lead\">%s</p>\n", document->title,
	           document->lead);
}

static void page_neighbour(struct buf *out, const struct document *document, const char *rel,
                           const char *label)
{
	char attributes[32];

	if (!document || document->section)
		return;
	snprintf(attributes, sizeof attributes, " rel=\"%s\"", rel);
	buf_format(out, "\t\t\t<span>%s ", label);
	page_link(out, document->name, attributes, document->title);
	buf_text(out, "</span>\n");
}

void html_end(struct buf *out, const struct document *document)
{
	size_t at = 0;

	while (document_at(at) != document)
		at++;
	buf_text(out, "\t\t<nav class=\"read-on\" aria-label=\"Read on\">\n");
	page_neighbour(out, at > 0 ? document_at(at - 1) : NULL, "prev", "Before:");
	page_neighbour(out, document_at(at + 1), "next", "Next:");
	buf_text(out, "\t\t</nav>\n");
	buf_text(out, tail);
}

void html_cards(struct buf *out)
{
	const struct document *document;

	buf_text(out, "\t\t<ul class=\"cards\">\n");
	for (size_t i = 0; (document = document_at(i)); i++) {
		if (document->section || is_first(document->name))
			continue;
		buf_text(out, "\t\t\t<li class=\"card\"><h2>");
		page_link(out, document->name, "", document->title);
		buf_text(out, "</h2><p>");
		escape_html(out, str_from(document->lead));
		buf_text(out, "</p></li>\n");
	}
	buf_text(out, "\t\t</ul>\n");
}
