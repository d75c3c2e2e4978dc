#include "conf/types.h"

static size_t parameter_find(const struct parameters *p, struct str text)
{
	size_t i = 0;

	while (i < p->count && !str_starts_with(text, p->rows[i].name))
		i++;
	return i;
}

bool parameters_take(const struct value *v, struct parameters *p, const struct token *arg)
{
	size_t i = parameter_find(p, arg->text);
	struct str rest;

	if (i == p->count) {
		diag_help(v->build->diag,
		          value_error(v, arg, "'%.*s' is no parameter of '%.*s'",
		                      STR_ARG(arg->text), STR_ARG(v->directive->name)),
		          "the form is: %.*s %s;", STR_ARG(v->directive->name),
		          v->directive->syntax);
		return false;
	}
	rest = str_from_index(arg->text, p->rows[i].name.len);
	if (p->from[i]) {
		diag_relate(v->build->diag,
		            value_error(v, arg, "'%.*s' stands here for a second time",
		                        STR_ARG(p->rows[i].name)),
		            p->from[i]->at, "the first is here");
		return false;
	}
	if (!p->rows[i].parse(rest, &p->values[i]) || p->values[i] < p->rows[i].least ||
	    p->values[i] > p->rows[i].most) {
		value_error(v, arg, "'%.*s' is no value for '%.*s': expected %s", STR_ARG(rest),
		            STR_ARG(p->rows[i].name), p->rows[i].expected);
		return false;
	}
	p->from[i] = arg;
	return true;
}

bool parameters_take_all(const struct value *v, struct parameters *p)
{
	for (size_t i = 0; i < v->node->arg_count; i++)
		if (!parameters_take(v, p, &v->node->args[i]))
			return false;
	return true;
}
