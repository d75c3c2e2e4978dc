#include "conf/template.h"

#include "base/buf.h"
#include "guard.h"
#include "load.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* Parts as text: literals in '', variables as name or name(argument). */
static const struct {
	const char *name, *text, *parts, *bad;
} rows[] = {
	{ "an empty text has no parts", "", "", NULL },
	{ "text alone is one part", "abc", "'abc'", NULL },
	{ "a variable alone", "$host", "host", NULL },
	{ "a name ends at what can't be in one", "$uri/$args", "uri'/'args", NULL },
	{ "braces end a name", "${uri}x", "uri'x'", NULL },
	{ "underscores and digits belong to names", "$time_iso8601-", "time_iso8601'-'", NULL },
	{ "a family has an argument", "$http_accept", "http_accept(accept)", NULL },
	{ "a cookie's name keeps its case", "$cookie_Sid", "cookie_Sid(Sid)", NULL },
	{ "a capture is one digit", "$1a$10", "1(1)'a'1(1)'0'", NULL },
	{ "a capture in braces", "${2}", "2(2)", NULL },
	{ "text around", "a $host b", "'a 'host' b'", NULL },
	{ "side by side", "$scheme$host", "schemehost", NULL },
	{ "an unknown name", "a$bogus.b", NULL, "$bogus" },
	{ "an unknown name in braces", "a${bogus}b", NULL, "${bogus}" },
	{ "a family without a name", "$http_", NULL, "$http_" },
	{ "a dollar at the end", "abc$", NULL, "$" },
	{ "a dollar before a space", "a$ b", NULL, "$" },
	{ "two dollars", "$$host", NULL, "$" },
	{ "a brace that is not closed", "a${host", NULL, "${host" },
	{ "an empty name in braces", "a${}", NULL, "${}" },
	{ "something else before the brace ends", "${ho st}", NULL, "${ho" },
};

static void write_parts(const struct template *t, struct buf *out)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct template_part *part = &t->parts[i];

		buf_format(out, part->variable < 0 ? "'%.*s'" : "%.*s", STR_ARG(part->text));
		if (part->argument.len > 0)
			buf_format(out, "(%.*s)", STR_ARG(part->argument));
	}
	buf_byte(out, '\0');
}

Test(template, is_taken_apart)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str text = guard_copy(str_from(rows[i].text)), bad;
		struct template made;
		struct arena arena;
		struct buf out;
		bool good;

		arena_init(&arena, NULL);
		out = buf_in_arena(&arena, 100);
		good = template_parse(&arena, text, &load_names, &made, &bad);
		cr_expect(eq(int, good, rows[i].parts != NULL), "%s", rows[i].name);
		if (good) {
			write_parts(&made, &out);
			cr_expect(eq(str, out.ptr, (char *)rows[i].parts), "%s", rows[i].name);
			cr_expect(str_eq(made.source, text), "%s: the source is kept",
			          rows[i].name);
		} else if (rows[i].bad) {
			cr_expect(str_eq(bad, str_from(rows[i].bad)), "%s: %.*s", rows[i].name,
			          STR_ARG(bad));
		}
		arena_end(&arena);
		guard_free(text);
	}
}

Test(template, knows_constants)
{
	struct template made;
	struct arena arena;
	struct str bad;

	arena_init(&arena, NULL);
	cr_assert(template_parse(&arena, STR_OF("plain"), &load_names, &made, &bad));
	cr_expect(template_is_constant(&made));
	cr_expect(str_eq(template_constant(&made), STR_OF("plain")));
	cr_assert(template_parse(&arena, STR_OF("a $uri"), &load_names, &made, &bad));
	cr_expect(not(template_is_constant(&made)));
	arena_end(&arena);
}

Test(template, refuses_every_variable_without_a_table)
{
	struct template made;
	struct arena arena;
	struct str bad;

	arena_init(&arena, NULL);
	cr_expect(not(template_parse(&arena, STR_OF("$host"), NULL, &made, &bad)));
	cr_expect(template_parse(&arena, STR_OF("host"), NULL, &made, &bad));
	arena_end(&arena);
}
