#include "conf/template.h"

#include "base/vec.h"

static bool is_name(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '_';
}

/*
 * The variable at the `$` of text: its name and how many bytes it takes in all. $1 to $9 are one digit
 * long, so that "$10" is the first group and a zero, as in nginx. False where no name stands there.
 */
static bool cut_name(struct str text, struct str *name, size_t *taken)
{
	bool braces = text.len > 1 && text.ptr[1] == '{';
	size_t from = braces ? 2 : 1, to = from;

	while (to < text.len && is_name(text.ptr[to]))
		to++;
	if (!braces && to > from && ascii_is_digit(text.ptr[from]))
		to = from + 1;
	*name = str_make(text.ptr + from, to - from);
	*taken = to;
	if (braces) {
		if (to >= text.len || text.ptr[to] != '}')
			return false;
		*taken = to + 1;
	}
	return name->len > 0;
}

static struct template_part literal(struct str text)
{
	return (struct template_part){ .variable = -1, .text = text };
}

static bool add_part(struct arena *arena, struct template *out, size_t *cap,
                     struct template_part part)
{
	if (out->count == *cap && !vec_grow(arena, (void **)&out->parts, cap, sizeof part))
		return false;
	out->parts[out->count++] = part;
	return true;
}

bool template_parse(struct arena *arena, struct str text, const struct template_names *names,
                    struct template *out, struct str *bad)
{
	struct template made = { .source = text };
	struct str rest = text;
	size_t cap = 0;

	*bad = (struct str){ NULL, 0 };
	while (rest.len > 0) {
		size_t dollar = str_find(rest, '$'), taken;
		struct template_part part = { .variable = -1 };

		if (dollar > 0 && !add_part(arena, &made, &cap, literal(str_head(rest, dollar))))
			return false;
		rest = str_from_index(rest, dollar);
		if (rest.len == 0)
			break;
		*bad = rest;
		if (!cut_name(rest, &part.text, &taken)) {
			*bad = str_head(rest, taken);
			return false;
		}
		*bad = str_head(rest, taken);
		part.variable = names ? names->find(part.text, &part.argument) : -1;
		if (part.variable < 0 || !add_part(arena, &made, &cap, part))
			return false;
		rest = str_from_index(rest, taken);
	}
	*bad = (struct str){ NULL, 0 };
	*out = made;
	return true;
}

bool template_is_constant(const struct template *t)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->parts[i].variable >= 0)
			return false;
	}
	return true;
}

struct str template_constant(const struct template *t)
{
	return t->source;
}
