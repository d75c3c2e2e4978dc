#include "conf/directives.h"
#include "forms.h"
#include "http/escape.h"

/* ---- text ------------------------------------------------------------------------------------------------ */

static void html_text(struct buf *out, struct str text)
{
	escape_html(out, text);
}

static void html_code(struct buf *out, struct str text)
{
	buf_text(out, "<code>");
	html_text(out, text);
	buf_text(out, "</code>");
}

static void html_named(struct buf *out, struct str id, struct str text)
{
	buf_format(out, "<code id=\"%.*s\">", STR_ARG(id));
	html_text(out, text);
	buf_text(out, "</code>");
}

static void html_link(struct buf *out, struct str directive)
{
	buf_format(out, "<a href=\"/manual/directives.html#%.*s\">", STR_ARG(directive));
	html_code(out, directive);
	buf_text(out, "</a>");
}

/* "cgi.html" or "cgi.html#place": named by its title. */
static void html_to_page(struct buf *out, struct str name)
{
	const struct document *document = document_find(str_head(name, str_find(name, '#')));

	buf_text(out, "<a href=\"/manual/");
	html_text(out, str_eq(name, STR_OF("index.html")) ? str_make("", 0) : name);
	buf_text(out, "\">");
	html_text(out, document ? str_from(document->title) : name);
	buf_text(out, "</a>");
}

static void html_source(struct buf *out, struct str function, struct str path)
{
	buf_text(out, "<span class=\"source\">");
	html_code(out, function);
	buf_text(out, " in ");
	html_code(out, path);
	buf_text(out, "</span>");
}

/* "Sizes and times" becomes "sizes-and-times". */
static void html_slug(struct buf *out, struct str title)
{
	bool gap = false;
	size_t from = out->len;

	for (size_t i = 0; i < title.len; i++) {
		char c = ascii_lower(title.ptr[i]);

		if (!ascii_is_alpha(c) && !ascii_is_digit(c)) {
			gap = true;
			continue;
		}
		if (gap && out->len > from)
			buf_byte(out, '-');
		gap = false;
		buf_byte(out, c);
	}
}

static void html_heading(struct buf *out, unsigned level, struct str title)
{
	buf_format(out, "\t\t<h%u id=\"", level);
	html_slug(out, title);
	buf_text(out, "\">");
	html_text(out, title);
	buf_format(out, "</h%u>\n", level);
}

/* ---- blocks ---------------------------------------------------------------------------------------------- */

static void html_paragraph(struct buf *out, bool open)
{
	buf_text(out, open ? "\t\t<p>" : "</p>\n");
}

static void html_list(struct buf *out, bool open)
{
	buf_text(out, open ? "\t\t<ul>\n" : "\t\t</ul>\n");
}

static void html_item(struct buf *out, bool open)
{
	buf_text(out, open ? "\t\t\t<li>" : "</li>\n");
}

static void html_rows(struct buf *out, bool open)
{
	buf_text(out, open ? "\t\t<table>\n" : "\t\t</table>\n");
}

static void html_term(struct buf *out, bool open)
{
	buf_text(out, open ? "\t\t\t<tr><th scope=\"row\">" : "</th>");
}

static void html_meaning(struct buf *out, bool open)
{
	buf_text(out, open ? "<td>" : "</td></tr>\n");
}

static void html_note(struct buf *out, const char *label, bool open)
{
	if (open)
		buf_format(out, "\t\t<p class=\"note\"><b>%s</b> ", label);
	else
		buf_text(out, "</p>\n");
}

static void html_group(struct buf *out, struct str title)
{
	html_heading(out, 2, title);
}

/* ---- examples: a name, its arguments, comments ----------------------------------------------------------- */

/* The bytes of one argument, of white space, or one mark. */
static size_t html_piece(struct str text)
{
	size_t i = 1;
	char first = text.ptr[0];

	if (strchr(";{}\n", first))
		return 1;
	if (first == '#')
		return str_find(text, '\n');
	if (first == '"' || first == '\'') {
		while (i < text.len && text.ptr[i] != first)
			i += text.ptr[i] == '\\' ? 2 : 1;
		return i < text.len ? i + 1 : text.len;
	}
	if (first == ' ') {
		while (i < text.len && text.ptr[i] == ' ')
			i++;
		return i;
	}
	while (i < text.len && !strchr(" ;\n", text.ptr[i]))
		i++;
	return i;
}

static void html_piece_as(struct buf *out, char tag, struct str piece)
{
	buf_format(out, "<%c>", tag);
	html_text(out, piece);
	buf_format(out, "</%c>", tag);
}

static void html_statements(struct buf *out, struct str text)
{
	bool is_name = true; /* the next word is a directive's name */

	while (text.len > 0) {
		size_t len = html_piece(text);
		struct str piece = str_head(text, len);
		char first = piece.ptr[0];

		text = str_from_index(text, len);
		if (first == '#') {
			html_piece_as(out, 's', piece);
		} else if (strchr(" ;{}\n", first) && len == 1) {
			html_text(out, piece);
			is_name |= first == ';' || first == '{' || first == '}';
		} else if (first == ' ') {
			html_text(out, piece);
		} else {
			html_piece_as(out, is_name ? 'b' : 'i', piece);
			is_name = false;
		}
	}
}

static void html_run_line(struct buf *out, struct str line)
{
	if (str_starts_with(line, STR_OF("$ ")))
		html_piece_as(out, 'b', line);
	else
		html_text(out, line);
}

static void html_open_literal(struct buf *out, const struct markup_block *block)
{
	static const char *const classes[] = { [MARKUP_TEXT] = "text",
		                               [MARKUP_EXAMPLE] = "example",
		                               [MARKUP_FILE] = "file",
		                               [MARKUP_RUN] = "run" };
	static const char *const labels[] = { [MARKUP_TEXT] = "As it is written",
		                              [MARKUP_EXAMPLE] = "An example",
		                              [MARKUP_FILE] = "The file ",
		                              [MARKUP_RUN] = "In a terminal" };

	if (block->kind == MARKUP_FILE) {
		buf_text(out, "\t\t<p class=\"file\">");
		html_code(out, block->term);
		buf_text(out, "</p>\n");
	}
	buf_format(out, "\t\t<pre class=\"%s\" tabindex=\"0\" aria-label=\"%s%.*s\">",
	           classes[block->kind], labels[block->kind],
	           STR_ARG(block->kind == MARKUP_FILE ? block->term : str_make("", 0)));
}

/* The lines without the four spaces that mark them. */
static void html_literal(struct buf *out, const struct markup_block *block)
{
	bool is_conf = block->kind == MARKUP_EXAMPLE ||
	               (block->kind == MARKUP_FILE && str_ends_with(block->term, STR_OF(".conf")));
	struct str lines = block->lines;

	html_open_literal(out, block);
	while (lines.len > 0) {
		struct str line = markup_unindent(str_cut(&lines, '\n'));

		if (is_conf)
			html_statements(out, line);
		else if (block->kind == MARKUP_RUN)
			html_run_line(out, line);
		else
			html_text(out, line);
		if (lines.len > 0)
			buf_byte(out, '\n');
	}
	buf_text(out, "</pre>\n");
}

/* ---- a directive ------------------------------------------------------------------------------------------ */

static void html_fact(struct buf *out, const char *label, struct str text, bool code)
{
	buf_format(out, "<dt>%s</dt><dd>", label);
	(code ? html_code : html_text)(out, text);
	buf_text(out, "</dd>");
}

static void html_directive(struct buf *out, const struct directive *row)
{
	char room[512];
	struct buf text = buf_fixed(room, sizeof room);
	const char *inheritance = facts_inheritance(row);

	buf_format(out,
	           "\t\t<h3 id=\"%.*s\"><a href=\"#%.*s\">%.*s</a></h3>\n\t\t<dl class=\"facts\">",
	           STR_ARG(row->name), STR_ARG(row->name), STR_ARG(row->name));
	facts_form(&text, row);
	html_fact(out, "Form", buf_str(&text), true);
	out->failed |= text.failed;
	text.len = 0;
	facts_usual(&text, row);
	html_fact(out, "Default", text.len > 0 ? buf_str(&text) : STR_OF("none"), text.len > 0);
	text.len = 0;
	facts_places(&text, row);
	html_fact(out, "Where", buf_str(&text), false);
	if (inheritance)
		html_fact(out, "Inherited", str_from(inheritance), false);
	buf_text(out, "</dl>\n");
}

const struct markup_form html_form = {
	.text = html_text,
	.code = html_code,
	.named = html_named,
	.link = html_link,
	.page = html_to_page,
	.source = html_source,
	.heading = html_heading,
	.paragraph = html_paragraph,
	.literal = html_literal,
	.list = html_list,
	.item = html_item,
	.rows = html_rows,
	.term = html_term,
	.meaning = html_meaning,
	.directive = html_directive,
	.note = html_note,
	.group = html_group,
};
