/*
 * Writes the reference of all directives, as a page of this site (html) or as webserv.conf(5) (man), from the
 * table that the server itself works by (src/conf/directives.c) and the texts beside this file.
 *
 *     generate html|man directives.txt >OUTPUT
 *
 * A directive without a text, or a text that says nothing, ends it with 1 and a line that names it.
 */
#include "conf/directives.h"
#include "http/escape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXTS_MAX = 256 * 1024, OUTPUT = 64 * 1024 };

/* What directives.txt says of one. */
struct text {
	struct str example, nginx;
};

static struct str texts_read(const char *path, struct arena *arena)
{
	FILE *file = fopen(path, "r");
	char *room = arena_alloc(arena, TEXTS_MAX);
	size_t len = file && room ? fread(room, 1, TEXTS_MAX, file) : 0;

	if (file)
		fclose(file);
	return str_make(room, len);
}

static bool texts_find(struct str texts, struct str name, struct text *out)
{
	while (texts.len > 0) {
		struct str line = str_cut(&texts, '\n');

		if (!str_starts_with(line, STR_OF("== ")) || !str_eq(str_from_index(line, 3), name))
			continue;
		out->example = str_cut(&texts, '\n');
		line = str_cut(&texts, '\n');
		if (!str_starts_with(line, STR_OF("-- ")))
			return false;
		out->nginx = str_from_index(line, 3);
		return out->example.len > 0 && out->nginx.len > 0;
	}
	return false;
}

/* "main, server, location" */
static void contexts(const struct directive *d, struct buf *out)
{
	static const struct {
		unsigned bit;
		const char *name;
	} rows[] = {
		{ DIRECTIVE_MAIN, "main" },
		{ DIRECTIVE_EVENTS, "events" },
		{ DIRECTIVE_SERVER, "server" },
		{ DIRECTIVE_LOCATION, "location" },
	};
	const char *between = "";

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (d->where & rows[i].bit) {
			buf_format(out, "%s%s", between, rows[i].name);
			between = ", ";
		}
}

/* How a statement of it is written. */
static void form(const struct directive *d, struct buf *out)
{
	buf_format(out, "%.*s%s%s%s", STR_ARG(d->name), d->syntax && d->syntax[0] ? " " : "",
	           d->syntax ? d->syntax : "", d->is_block ? "" : ";");
}

/* ---- a page ------------------------------------------------------------------------------------------ */

static const char page_head[] =
        "<!doctype html>\n<html lang=\"en\">\n<head>\n\t<meta charset=\"utf-8\">\n"
        "\t<title>Directives \xc2\xb7 webserv</title>\n"
        "\t<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "\t<meta name=\"description\" content=\"Every directive of the configuration: its form, "
        "where it "
        "stands, what it does.\">\n"
        "\t<meta name=\"color-scheme\" content=\"light dark\">\n"
        "\t<link rel=\"icon\" href=\"/assets/icon.svg\" type=\"image/svg+xml\">\n"
        "\t<link rel=\"stylesheet\" href=\"/assets/site.css\">\n</head>\n<body>\n"
        "\t<a class=\"skip\" href=\"#content\">Skip to the content</a>\n\t<header class=\"top\">\n"
        "\t\t<nav class=\"wrap\" aria-label=\"Site\">\n"
        "\t\t\t<a class=\"brand\" href=\"/\"><img src=\"/assets/icon.svg\" alt=\"\" width=\"32\" "
        "height=\"32\">webserv</a>\n"
        "\t\t\t<ul>\n\t\t\t\t<li><a href=\"/\">Overview</a></li>\n"
        "\t\t\t\t<li><a href=\"/manual/directives.html\" "
        "aria-current=\"page\">Directives</a></li>\n"
        "\t\t\t\t<li><a href=\"/manual/explain.html\">Explain</a></li>\n\t\t\t</ul>\n\t\t</nav>\n"
        "\t</header>\n\t<main class=\"wrap\" id=\"content\">\n\t\t<section>\n"
        "\t\t\t<p class=\"eyebrow\">Manual</p>\n\t\t\t<h1>Every directive.</h1>\n"
        "\t\t\t<p class=\"lead\">The language is nginx's: <code>name argument "
        "\xe2\x80\xa6;</code>, blocks in "
        "braces, <code>#</code> comments, strings in either quotes. Sizes end in <code>k</code>, "
        "<code>m</code> or <code>g</code>, times in <code>ms s m h d w M y</code>; a bare number "
        "is bytes or "
        "seconds. <code>webserv -t</code> checks a file, <code>-T</code> prints what is in force, "
        "<a href=\"/manual/explain.html\"><code>--explain</code></a> says which rules answer a "
        "request.</p>\n\t\t</section>\n";
static const char page_foot[] =
        "\t</main>\n\t<footer class=\"foot\">\n\t\t<div class=\"wrap\">\n"
        "\t\t\t<p>Made from the table that the server itself reads its configuration by.</p>\n"
        "\t\t</div>\n\t</footer>\n</body>\n</html>\n";

static void html_row(struct buf *b, const char *name, struct str value, bool is_code)
{
	buf_format(b, "\t\t\t\t<tr><th scope=\"row\">%s</th><td>%s", name, is_code ? "<code>" : "");
	escape_html(b, value);
	buf_format(b, "%s</td></tr>\n", is_code ? "</code>" : "");
}

static void html_directive(struct buf *b, const struct directive *d, const struct text *text)
{
	char room[512];
	struct buf line = buf_fixed(room, sizeof room);

	buf_format(
	        b,
	        "\t\t<section id=\"%.*s\">\n\t\t\t<h2><a href=\"#%.*s\">%.*s</a></h2>\n\t\t\t<p>",
	        STR_ARG(d->name), STR_ARG(d->name), STR_ARG(d->name));
	escape_html(b, str_from(d->doc));
	buf_text(b, "</p>\n\t\t\t<table>\n");
	form(d, &line);
	html_row(b, "Form", buf_str(&line), true);
	line.len = 0;
	contexts(d, &line);
	html_row(b, "Stands in", buf_str(&line), false);
	html_row(b, "Default", d->usual ? str_from(d->usual) : STR_OF("none"), d->usual != NULL);
	html_row(b, "Example", text->example, true);
	html_row(b, "Unlike nginx", text->nginx, false);
	buf_text(b, "\t\t\t</table>\n\t\t</section>\n");
}

static void html_contents(struct buf *b)
{
	buf_text(b, "\t\t<nav aria-label=\"Directives\">\n\t\t\t<p>");
	for (size_t i = 0; i < directive_count; i++)
		buf_format(b, "%s<a href=\"#%.*s\"><code>%.*s</code></a>", i > 0 ? "\n\t\t\t" : "",
		           STR_ARG(directives[i].name), STR_ARG(directives[i].name));
	buf_text(b, "</p>\n\t\t</nav>\n");
}

static void html_open(struct buf *b)
{
	buf_text(b, page_head);
	html_contents(b);
}

static void html_close(struct buf *b)
{
	buf_text(b, page_foot);
}

/* ---- a page of the manual ------------------------------------------------------------------------------ */

/* A backslash, and a dot or quote at a line's start, mean something to roff; a minus is no hyphen. */
static void man_text(struct buf *b, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (i == 0 && (c == '.' || c == '\''))
			buf_text(b, "\\&");
		if (c == '\\')
			buf_text(b, "\\e");
		else if (c == '-')
			buf_text(b, "\\-");
		else
			buf_byte(b, c);
	}
	buf_byte(b, '\n');
}

static void man_open(struct buf *b)
{
	buf_text(b,
	         ".TH WEBSERV.CONF 5 \"\" \"webserv " WEBSERV_VERSION "\"\n.SH NAME\n"
	         "webserv.conf \\- configuration of webserv\n.SH DESCRIPTION\n"
	         "The language is nginx's: statements that end in a semicolon, blocks in braces, "
	         "comments "
	         "from # to the end of the line, strings in either quotes. Sizes end in k, m or g, "
	         "times in "
	         "ms, s, m, h, d, w, M or y; a bare number is bytes or seconds.\n.PP\n"
	         ".B webserv \\-t\nchecks a file,\n.B webserv \\-T\nprints what is in force, and\n"
	         ".B webserv \\-\\-explain\nsays which rules answer a request.\n.SH DIRECTIVES\n");
}

static void man_directive(struct buf *b, const struct directive *d, const struct text *text)
{
	char room[512];
	struct buf line = buf_fixed(room, sizeof room);

	form(d, &line);
	buf_text(b, ".TP\n.B ");
	man_text(b, buf_str(&line));
	man_text(b, str_from(d->doc));
	line.len = 0;
	buf_text(&line, "Stands in ");
	contexts(d, &line);
	buf_format(&line, ". Default: %s.", d->usual ? d->usual : "none");
	buf_text(b, ".br\n");
	man_text(b, buf_str(&line));
	buf_text(b, ".br\nExample:\n.I ");
	man_text(b, text->example);
	buf_text(b, ".br\nUnlike nginx:\n");
	man_text(b, text->nginx);
}

/* ---- which --------------------------------------------------------------------------------------------- */

static const struct writer {
	const char *name;
	void (*open)(struct buf *b);
	void (*directive)(struct buf *b, const struct directive *d, const struct text *text);
	void (*close)(struct buf *b); /* NULL: nothing is left to write */
} writers[] = {
	{ "html", html_open, html_directive, html_close },
	{ "man", man_open, man_directive, NULL },
};

static int write_all(const struct writer *w, struct str texts, struct arena *arena)
{
	struct buf out = buf_in_arena(arena, OUTPUT);
	int status = 0;

	w->open(&out);
	for (size_t i = 0; i < directive_count; i++) {
		const struct directive *d = &directives[i];
		struct text text;

		if (texts_find(texts, d->name, &text) && d->doc && d->doc[0]) {
			w->directive(&out, d, &text);
			continue;
		}
		fprintf(stderr, "manual: '%.*s' has no complete text\n", STR_ARG(d->name));
		status = 1;
	}
	if (w->close)
		w->close(&out);
	if (out.failed || fwrite(out.ptr, 1, out.len, stdout) != out.len || fflush(stdout) != 0)
		return 1;
	return status;
}

int main(int argc, char **argv)
{
	struct arena arena;
	int status = 2;

	arena_init(&arena, NULL);
	for (size_t i = 0; argc == 3 && i < sizeof writers / sizeof *writers; i++)
		if (strcmp(argv[1], writers[i].name) == 0)
			status = write_all(&writers[i], texts_read(argv[2], &arena), &arena);
	if (status == 2)
		fprintf(stderr, "usage: generate html|man directives.txt\n");
	arena_end(&arena);
	return status;
}
