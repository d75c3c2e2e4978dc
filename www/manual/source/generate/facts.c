#include "conf/directives.h"
#include "forms.h"

static void write_statement(struct buf *out, const struct directive *row, const char *arguments)
{
	buf_add(out, row->name);
	if (*arguments) {
		buf_byte(out, ' ');
		buf_text(out, arguments);
	}
	if (!row->is_block)
		buf_byte(out, ';');
}

void facts_form(struct buf *out, const struct directive *row)
{
	write_statement(out, row, row->syntax);
}

void facts_usual(struct buf *out, const struct directive *row)
{
	if (row->usual)
		write_statement(out, row, row->usual);
}

void facts_places(struct buf *out, const struct directive *row)
{
	static const struct {
		unsigned where;
		const char *name;
	} places[] = {
		{ DIRECTIVE_MAIN, "main" },
		{ DIRECTIVE_EVENTS, "events" },
		{ DIRECTIVE_SERVER, "server" },
		{ DIRECTIVE_LOCATION, "location" },
	};
	const char *comma = "";

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		if (!(row->where & places[i].where))
			continue;
		buf_text(out, comma);
		buf_text(out, places[i].name);
		comma = ", ";
	}
}

const char *facts_inheritance(const struct directive *row)
{
	bool has_inner = row->where & (DIRECTIVE_SERVER | DIRECTIVE_LOCATION);

	if (row->target != TARGET_SETTINGS || !has_inner)
		return NULL;
	switch (row->inherit) {
	case INHERIT_NEVER:
		return "no: it holds for its own block only";
	case INHERIT_MERGE:
		return "yes: an inner block adds to the outer one's";
	default:
		return row->repeatable ? "yes: a block that has any replaces all of the outer one's"
		                       : "yes: an inner block's value replaces the outer one's";
	}
}
