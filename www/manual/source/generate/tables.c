#include "conf/directives.h"
#include "documents.h"
#include "forms.h"
#include "main/options.h"
#include "server/metrics.h"
#include "server/vars.h"

/* What "@insert NAME" asks for: a table of the server, joined with the texts about its rows. */

/* The groups, each with links to its directives. */
static bool insert_contents(struct markup *markup, struct manual *manual)
{
	const struct markup_form *form = markup->form;

	if (form != &html_form)
		return true;
	form->rows(markup->out, true);
	for (size_t g = 0; g < manual->groups.len; g++) {
		const struct manual_group *group = &manual->groups.items[g];

		form->term(markup->out, true);
		form->text(markup->out, group->title);
		form->term(markup->out, false);
		form->meaning(markup->out, true);
		for (size_t i = 0; i < directive_count; i++) {
			if (!manual_find(group, directives[i].name))
				continue;
			form->link(markup->out, directives[i].name);
			buf_byte(markup->out, '\n');
		}
		form->meaning(markup->out, false);
	}
	form->rows(markup->out, false);
	return true;
}

static bool has_example(struct str text)
{
	struct markup_block block;

	do {
		block = markup_next(&text);
	} while (block.kind != MARKUP_END && block.kind != MARKUP_EXAMPLE);
	return block.kind == MARKUP_EXAMPLE;
}

static bool write_directive(struct markup *markup, const struct directive *row,
                            const struct manual_text *text)
{
	struct markup_block example = { .kind = MARKUP_EXAMPLE, .lines = text->example };
	bool good;

	markup->form->directive(markup->out, row);
	good = markup_blocks(markup, text->what.len > 0 ? text->what : str_from(row->doc));
	if (!has_example(text->what))
		markup->form->literal(markup->out, &example);
	markup->form->note(markup->out, "Unlike nginx:", true);
	markup_line(markup, text->nginx);
	markup->form->note(markup->out, "Unlike nginx:", false);
	return good;
}

/* In the order of the table. A text whose row is not there yet waits. */
static bool insert_directives(struct markup *markup, struct manual *manual)
{
	bool good = true;

	for (size_t g = 0; g < manual->groups.len; g++) {
		const struct manual_group *group = &manual->groups.items[g];

		markup->form->group(markup->out, group->title);
		for (size_t i = 0; i < directive_count; i++) {
			const struct manual_text *text = manual_find(group, directives[i].name);

			if (text)
				good &= write_directive(markup, &directives[i], text);
		}
	}
	return good;
}

static bool insert_variables(struct markup *markup, struct manual *manual)
{
	const struct markup_form *form = markup->form;

	form->rows(markup->out, true);
	for (size_t i = 0; i < manual->variables.texts.len; i++) {
		const struct manual_text *text = &manual->variables.texts.items[i];
		char room[64];
		struct buf name = buf_fixed(room, sizeof room);

		buf_format(&name, "$%.*s%s", STR_ARG(text->name),
		           text->name.ptr[text->name.len - 1] == '_' ? "NAME" : "");
		form->term(markup->out, true);
		form->named(markup->out, text->name, buf_str(&name));
		form->term(markup->out, false);
		form->meaning(markup->out, true);
		markup_line(markup, text->what);
		form->meaning(markup->out, false);
	}
	form->rows(markup->out, false);
	return true;
}

static bool insert_options(struct markup *markup, struct manual *manual)
{
	const struct markup_form *form = markup->form;
	const struct option_row *row;

	form->rows(markup->out, true);
	for (size_t i = 0; (row = options_row(i)); i++) {
		const struct manual_text *text = manual_find(&manual->options, row->name);
		char room[128];
		struct buf name = buf_fixed(room, sizeof room);

		if (row->letter)
			buf_format(&name, "-%c, ", row->letter);
		buf_format(&name, "--%.*s%s%s", STR_ARG(row->name), row->argument ? " " : "",
		           row->argument ? row->argument : "");
		form->term(markup->out, true);
		form->named(markup->out, row->name, buf_str(&name));
		form->term(markup->out, false);
		form->meaning(markup->out, true);
		markup_line(markup, text ? text->what : str_from(row->help));
		form->meaning(markup->out, false);
	}
	form->rows(markup->out, false);
	return true;
}

/* "webserv_requests_refused_total{reason}", as Prometheus reads it. */
static void metric_name(struct buf *name, const struct metric *m, bool with_label)
{
	buf_format(name, "webserv_%.*s%s", STR_ARG(m->name),
	           m->kind == METRIC_COUNTER ? "_total" : "");
	if (m->label && with_label)
		buf_format(name, "{%s}", m->label);
}

/* The values of the family's label, where they are written in the table. */
static void metric_values(struct markup *markup, size_t row)
{
	if (!metrics[row].is)
		return;
	markup->form->text(markup->out, STR_OF(" ("));
	for (size_t i = row; i < metric_count && (i == row || !metric_is_first(i)); i++) {
		markup->form->text(markup->out, i == row ? STR_OF("") : STR_OF(", "));
		markup->form->code(markup->out, str_from(metrics[i].is));
	}
	markup->form->text(markup->out, STR_OF(")"));
}

static bool insert_metrics(struct markup *markup, struct manual *manual)
{
	const struct markup_form *form = markup->form;

	(void)manual;
	for (size_t i = 0; i < metric_count; i++) {
		char room[128], id_room[64];
		struct buf name = buf_fixed(room, sizeof room),
		           id = buf_fixed(id_room, sizeof id_room);

		if (metrics[i].section) {
			if (i > 0)
				form->rows(markup->out, false);
			form->heading(markup->out, 3, str_from(metrics[i].section));
			form->rows(markup->out, true);
		}
		if (!metric_is_first(i))
			continue;
		metric_name(&name, &metrics[i], true);
		metric_name(&id, &metrics[i], false);
		form->term(markup->out, true);
		form->named(markup->out, buf_str(&id), buf_str(&name));
		form->term(markup->out, false);
		form->meaning(markup->out, true);
		form->text(markup->out, str_from(metrics[i].help));
		metric_values(markup, i);
		form->meaning(markup->out, false);
	}
	form->rows(markup->out, false);
	return true;
}

static bool same_advice(const struct foreign *a, const struct foreign *b)
{
	return b && b->kind == a->kind && str_eq(str_from(a->advice), str_from(b->advice));
}

/* Neighbours with one advice share a row. */
static bool insert_refused(struct markup *markup, struct manual *manual)
{
	const struct markup_form *form = markup->form;
	const struct foreign *row;

	(void)manual;
	form->rows(markup->out, true);
	for (size_t i = 0; (row = foreign_at(i)); i++) {
		if (row->kind != FOREIGN_REFUSED)
			continue;
		form->term(markup->out, true);
		form->code(markup->out, row->name);
		while (same_advice(row, foreign_at(i + 1))) {
			form->text(markup->out, STR_OF(", "));
			form->code(markup->out, foreign_at(++i)->name);
		}
		form->term(markup->out, false);
		form->meaning(markup->out, true);
		form->text(markup->out,
		           row->advice ? str_from(row->advice) : STR_OF("leave it out"));
		form->meaning(markup->out, false);
	}
	form->rows(markup->out, false);
	return true;
}

static bool insert_kind(struct markup *markup, enum foreign_kind kind)
{
	const struct markup_form *form = markup->form;
	const struct foreign *row;
	bool first = true;

	form->paragraph(markup->out, true);
	for (size_t i = 0; (row = foreign_at(i)); i++) {
		if (row->kind != kind)
			continue;
		if (!first)
			form->text(markup->out, STR_OF(", "));
		form->code(markup->out, row->name);
		first = false;
	}
	if (first)
		form->text(markup->out, STR_OF("None."));
	form->paragraph(markup->out, false);
	return true;
}

static bool insert_ignored(struct markup *markup, struct manual *manual)
{
	(void)manual;
	return insert_kind(markup, FOREIGN_IGNORED);
}

/* The pages of this manual, as cards. */
static bool insert_pages(struct markup *markup, struct manual *manual)
{
	(void)manual;
	html_cards(markup->out);
	return true;
}

static void write_term(struct buf *out, const char *page, struct str id, const char *before)
{
	buf_format(out, "\t\t\t<li><a href=\"/manual/%s#%.*s\"><code>%s%.*s</code></a></li>\n",
	           page, STR_ARG(id), before, STR_ARG(id));
}

/* Every name that has a text, for searching on the first page. */
static bool insert_terms(struct markup *markup, struct manual *manual)
{
	struct buf *out = markup->out;
	const struct option_row *option;

	buf_text(out, "\t\t<ul class=\"terms\">\n");
	for (size_t i = 0; i < directive_count; i++)
		write_term(out, "directives.html", directives[i].name, "");
	for (size_t i = 0; i < manual->variables.texts.len; i++)
		write_term(out, "variables.html", manual->variables.texts.items[i].name, "$");
	for (size_t i = 0; (option = options_row(i)); i++)
		write_term(out, "command.html", option->name, "--");
	for (size_t i = 0; i < metric_count; i++) {
		char room[64];
		struct buf id = buf_fixed(room, sizeof room);

		metric_name(&id, &metrics[i], false);
		if (metric_is_first(i))
			write_term(out, "metrics.html", buf_str(&id), "");
	}
	buf_text(out, "\t\t</ul>\n");
	return true;
}

static const struct {
	struct str name;
	bool (*write)(struct markup *markup, struct manual *manual);
} inserts[] = {
	{ STR("contents"), insert_contents },   { STR("directives"), insert_directives },
	{ STR("variables"), insert_variables }, { STR("options"), insert_options },
	{ STR("refused"), insert_refused },     { STR("ignored"), insert_ignored },
	{ STR("pages"), insert_pages },         { STR("metrics"), insert_metrics },
	{ STR("terms"), insert_terms },
};

/* "@insert picture NAME": the drawing in source/pictures, as it is; nothing on paper. */
static bool insert_picture(struct markup *markup, struct manual *manual, struct str name)
{
	char path[128];
	struct buf b = buf_fixed(path, sizeof path - 1);
	struct str picture;

	buf_format(&b, "source/pictures/%.*s.svg", STR_ARG(name));
	if (b.failed)
		return false;
	path[b.len] = '\0';
	picture = manual_file(manual, path);
	if (picture.ptr && markup->form == &html_form)
		buf_add(markup->out, picture);
	return picture.ptr != NULL;
}

bool tables_insert(struct markup *markup, struct str name)
{
	if (str_starts_with(name, STR_OF("picture ")))
		return insert_picture(markup, markup->context, str_from_index(name, 8));
	for (size_t i = 0; i < sizeof inserts / sizeof *inserts; i++)
		if (str_eq(inserts[i].name, name))
			return inserts[i].write(markup, markup->context);
	return false;
}
