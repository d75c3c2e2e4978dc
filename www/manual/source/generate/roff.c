#include "conf/directives.h"
#include "forms.h"

/*
 * man(7): a line that begins with a dot or an apostrophe is a request, a backslash begins an escape.
 * Running text is put on one line for each piece between requests, so that `\&` is needed only there.
 */

static void roff_escaped(struct buf *out, struct str text, bool is_code)
{
	for (size_t i = 0; i < text.len; i++) {
		switch (text.ptr[i]) {
		case '\\':
			buf_text(out, "\\e");
			break;
		case '\'':
			buf_text(out, "\\(aq");
			break;
		case '-':
			buf_text(out, is_code ? "\\-" : "-");
			break;
		case '`':
			buf_text(out, "\\(ga");
			break;
		case '^':
			buf_text(out, "\\(ha");
			break;
		case '~':
			buf_text(out, "\\(ti");
			break;
		case '"':
			buf_text(out, "\\(dq");
			break;
		default:
			buf_byte(out, text.ptr[i]);
		}
	}
}

/* A dot at the start of a line. */
static void roff_guard(struct buf *out)
{
	if (out->len > 0 && out->ptr[out->len - 1] == '\n')
		buf_text(out, "\\&");
}

static void roff_text(struct buf *out, struct str text)
{
	roff_guard(out);
	roff_escaped(out, text, false);
}

static void roff_bold(struct buf *out, struct str text)
{
	roff_guard(out);
	buf_text(out, "\\fB");
	roff_escaped(out, text, true);
	buf_text(out, "\\fR");
}

static void roff_named(struct buf *out, struct str id, struct str text)
{
	(void)id;
	roff_bold(out, text);
}

static void roff_upper(struct buf *out, struct str title)
{
	for (size_t i = 0; i < title.len; i++)
		buf_byte(out, ascii_upper(title.ptr[i]));
}

/* A page of the site has no counterpart here: its title. */
static void roff_page(struct buf *out, struct str name)
{
	const struct document *document = document_find(str_head(name, str_find(name, '#')));

	roff_text(out, STR_OF("the manual's page "));
	roff_text(out, document ? str_from(document->title) : name);
}

static void roff_source(struct buf *out, struct str function, struct str path)
{
	roff_bold(out, function);
	roff_text(out, STR_OF(" in "));
	roff_bold(out, path);
}

static void roff_heading(struct buf *out, unsigned level, struct str title)
{
	buf_text(out, level == 2 ? ".SH \"" : ".SS \"");
	(level == 2 ? roff_upper : roff_text)(out, title);
	buf_text(out, "\"\n");
}

/* Behind a heading a paragraph needs no beginning. */
static void roff_new_paragraph(struct buf *out)
{
	struct str before = buf_str(out);
	struct str line;

	if (before.len > 0)
		before.len--;
	line = str_from_index(before, str_find_last(before, '\n') + 1);
	if (!str_starts_with(line, STR_OF(".S")))
		buf_text(out, ".PP\n");
}

static void roff_paragraph(struct buf *out, bool open)
{
	if (open)
		roff_new_paragraph(out);
	else
		buf_byte(out, '\n');
}

static void roff_literal(struct buf *out, const struct markup_block *block)
{
	struct str lines = block->lines;

	roff_new_paragraph(out);
	buf_text(out, ".RS 4\n.nf\n");
	while (lines.len > 0) {
		struct str line = markup_unindent(str_cut(&lines, '\n'));

		roff_guard(out);
		roff_escaped(out, line, true);
		buf_byte(out, '\n');
	}
	buf_text(out, ".fi\n.RE\n");
}

static void roff_list(struct buf *out, bool open)
{
	(void)out;
	(void)open;
}

static void roff_item(struct buf *out, bool open)
{
	buf_text(out, open ? ".IP \\(bu 2\n" : "\n");
}

static void roff_term(struct buf *out, bool open)
{
	buf_text(out, open ? ".TP\n" : "\n");
}

static void roff_meaning(struct buf *out, bool open)
{
	buf_text(out, open ? "" : "\n");
}

static void roff_note(struct buf *out, const char *label, bool open)
{
	if (open)
		buf_format(out, ".PP\n\\fI%s\\fR ", label);
	else
		buf_byte(out, '\n');
}

static void roff_group(struct buf *out, struct str title)
{
	buf_text(out, ".SH \"DIRECTIVES: ");
	roff_upper(out, title);
	buf_text(out, "\"\n");
}

static void roff_fact(struct buf *out, const char *label, struct str text, bool code)
{
	buf_format(out, ".br\n%s: ", label);
	(code ? roff_bold : roff_text)(out, text);
	buf_byte(out, '\n');
}

static void roff_directive(struct buf *out, const struct directive *row)
{
	char room[512];
	struct buf text = buf_fixed(room, sizeof room);
	const char *inheritance = facts_inheritance(row);

	roff_heading(out, 3, row->name);
	facts_form(&text, row);
	roff_bold(out, buf_str(&text));
	buf_byte(out, '\n');
	out->failed |= text.failed;
	text.len = 0;
	facts_usual(&text, row);
	roff_fact(out, "Default", text.len > 0 ? buf_str(&text) : STR_OF("none"), text.len > 0);
	text.len = 0;
	facts_places(&text, row);
	roff_fact(out, "Where", buf_str(&text), false);
	if (inheritance)
		roff_fact(out, "Inherited", str_from(inheritance), false);
}

const struct markup_form roff_form = {
	.text = roff_text,
	.code = roff_bold,
	.named = roff_named,
	.link = roff_bold,
	.page = roff_page,
	.source = roff_source,
	.heading = roff_heading,
	.paragraph = roff_paragraph,
	.literal = roff_literal,
	.list = roff_list,
	.item = roff_item,
	.rows = roff_list,
	.term = roff_term,
	.meaning = roff_meaning,
	.directive = roff_directive,
	.note = roff_note,
	.group = roff_group,
};

/* No date: two builds of one version are equal. */
void roff_begin(struct buf *out, const struct document *document)
{
	buf_format(
	        out,
	        ".\\\" Written by the build from the texts in www/manual and the server's tables.\n"
	        ".TH \"%s\" \"%s\" \"\" \"webserv " WEBSERV_VERSION "\" \"webserv\"\n"
	        ".nh\n.ad l\n",
	        document->title, document->section);
}
