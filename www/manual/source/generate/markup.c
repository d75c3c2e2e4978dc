#include "markup.h"

static struct str peek_line(struct str text)
{
	return str_head(text, str_find(text, '\n'));
}

static bool is_blank(struct str line)
{
	return str_trim(line).len == 0;
}

static bool is_indented(struct str line)
{
	return str_starts_with(line, STR_OF("    "));
}

static size_t find_text(struct str text, const char *what)
{
	size_t len = strlen(what);

	for (size_t i = 0; i + len <= text.len; i++)
		if (memcmp(text.ptr + i, what, len) == 0)
			return i;
	return text.len;
}

/* Lines that begin a block wherever they stand. */
static bool is_mark(struct str line)
{
	return str_starts_with(line, STR_OF("- ")) || str_starts_with(line, STR_OF("@")) ||
	       str_starts_with(line, STR_OF("== ")) || str_starts_with(line, STR_OF("=== ")) ||
	       is_indented(line) || find_text(line, " :: ") < line.len;
}

/* The lines of an example: indented ones, and blank ones between them. */
static struct str take_indented(struct str *rest)
{
	struct str all = *rest, ahead = *rest;
	size_t end = 0;

	while (ahead.len > 0) {
		struct str line = str_cut(&ahead, '\n');

		if (is_indented(line))
			end = (size_t)(line.ptr + line.len - all.ptr);
		else if (!is_blank(line))
			break;
	}
	*rest = str_from_index(all, end + 1);
	return str_head(all, end);
}

/* The first line from index `from` on, and those that go on with it. */
static struct str take_running(struct str *rest, size_t from)
{
	struct str all = *rest;
	size_t end;

	str_cut(rest, '\n');
	while (rest->len > 0 && !is_blank(peek_line(*rest)) && !is_mark(peek_line(*rest)))
		str_cut(rest, '\n');
	end = rest->ptr ? (size_t)(rest->ptr - all.ptr) : all.len;
	return str_from_index(str_head(all, end), from);
}

static struct markup_block take_marked(struct str *rest, struct str line)
{
	static const struct {
		struct str word;
		enum markup_kind kind;
	} marks[] = { { STR("@example"), MARKUP_EXAMPLE },
		      { STR("@file"), MARKUP_FILE },
		      { STR("@run"), MARKUP_RUN } };
	struct markup_block block = { .kind = MARKUP_TEXT };
	struct str word, after = line;

	if (is_indented(line)) {
		block.lines = take_indented(rest);
		return block;
	}
	str_cut(rest, '\n');
	if (line.ptr[0] == '=') {
		block.kind = MARKUP_HEADING;
		block.level = line.ptr[2] == '=' ? 3 : 2;
		block.lines = str_from_index(line, block.level + 1);
		return block;
	}
	word = str_cut(&after, ' ');
	block.kind = MARKUP_INSERT;
	block.term = str_trim(after);
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		if (!str_eq(word, marks[i].word))
			continue;
		block.kind = marks[i].kind;
		block.lines = take_indented(rest);
	}
	return block;
}

struct str markup_unindent(struct str line)
{
	return is_indented(line) ? str_from_index(line, 4) : line;
}

struct markup_block markup_next(struct str *rest)
{
	struct markup_block block = { .kind = MARKUP_END };
	struct str line;
	size_t middle;

	while (rest->len > 0 && is_blank(peek_line(*rest)))
		str_cut(rest, '\n');
	if (rest->len == 0)
		return block;
	line = peek_line(*rest);
	middle = find_text(line, " :: ");
	if (line.ptr[0] == '@' || line.ptr[0] == '=' || is_indented(line))
		return take_marked(rest, line);
	if (str_starts_with(line, STR_OF("- "))) {
		block.kind = MARKUP_ITEM;
		block.lines = take_running(rest, 2);
	} else if (middle < line.len) {
		block.kind = MARKUP_ROW;
		block.term = str_head(line, middle);
		block.lines = take_running(rest, middle + 4);
	} else {
		block.kind = MARKUP_PARAGRAPH;
		block.lines = take_running(rest, 0);
	}
	return block;
}

/* ---- writing -------------------------------------------------------------------------------------------- */

/* One line of what was written on several. */
static struct str joined(struct markup *markup, struct str text)
{
	struct buf line = buf_in_arena(markup->arena, text.len + 1);

	while (text.len > 0) {
		if (line.len > 0)
			buf_byte(&line, ' ');
		buf_add(&line, str_trim(str_cut(&text, '\n')));
	}
	markup->out->failed |= line.failed;
	return str_trim(buf_str(&line));
}

/* What stands between the marks of one: `code`, [link], {function path}. */
static void write_inner(struct markup *markup, char mark, struct str inner)
{
	const struct markup_form *form = markup->form;
	struct str path = inner, function;

	if (mark == '`') {
		form->code(markup->out, inner);
	} else if (mark == '{') {
		function = str_cut(&path, ' ');
		form->source(markup->out, function, path);
	} else if (find_text(inner, ".html") < inner.len) {
		form->page(markup->out, inner);
	} else {
		form->link(markup->out, inner);
	}
}

void markup_line(struct markup *markup, struct str text)
{
	struct str rest = joined(markup, text);

	while (rest.len > 0) {
		size_t next = 0;
		char mark;

		while (next < rest.len && !strchr("`[{", rest.ptr[next]))
			next++;
		if (next > 0)
			markup->form->text(markup->out, str_head(rest, next));
		if (next == rest.len)
			break;
		mark = rest.ptr[next];
		rest = str_from_index(rest, next + 1);
		write_inner(markup, mark,
		            str_cut(&rest, mark == '`' ? '`' : (mark == '[' ? ']' : '}')));
	}
}

static void write_row(struct markup *markup, const struct markup_block *block)
{
	markup->form->term(markup->out, true);
	markup_line(markup, block->term);
	markup->form->term(markup->out, false);
	markup->form->meaning(markup->out, true);
	markup_line(markup, block->lines);
	markup->form->meaning(markup->out, false);
}

static bool write_block(struct markup *markup, const struct markup_block *block)
{
	const struct markup_form *form = markup->form;

	switch (block->kind) {
	case MARKUP_HEADING:
		form->heading(markup->out, block->level, block->lines);
		return true;
	case MARKUP_TEXT:
	case MARKUP_EXAMPLE:
	case MARKUP_FILE:
	case MARKUP_RUN:
		form->literal(markup->out, block);
		return true;
	case MARKUP_INSERT:
		return markup->insert && markup->insert(markup, block->term);
	case MARKUP_ITEM:
		form->item(markup->out, true);
		markup_line(markup, block->lines);
		form->item(markup->out, false);
		return true;
	case MARKUP_ROW:
		write_row(markup, block);
		return true;
	default:
		form->paragraph(markup->out, true);
		markup_line(markup, block->lines);
		form->paragraph(markup->out, false);
		return true;
	}
}

/* Items and rows that follow each other make one list. */
static void change_run(struct markup *markup, enum markup_kind *in, enum markup_kind kind)
{
	if (*in == kind)
		return;
	if (*in == MARKUP_ITEM)
		markup->form->list(markup->out, false);
	if (*in == MARKUP_ROW)
		markup->form->rows(markup->out, false);
	if (kind == MARKUP_ITEM)
		markup->form->list(markup->out, true);
	if (kind == MARKUP_ROW)
		markup->form->rows(markup->out, true);
	*in = kind;
}

bool markup_blocks(struct markup *markup, struct str text)
{
	enum markup_kind in = MARKUP_END;
	bool good = true;

	for (;;) {
		struct markup_block block = markup_next(&text);

		change_run(markup, &in, block.kind);
		if (block.kind == MARKUP_END)
			return good && !markup->out->failed;
		good &= write_block(markup, &block);
	}
}
