#include "conf/types.h"

/* upload_resumable on|off [expire=TIME] */

enum { RESUME_EXPIRE, RESUME_PARAMETERS };

static const uint64_t resume_usual = UINT64_C(86400000);

static const struct parameter resume_parameters[RESUME_PARAMETERS] = {
	[RESUME_EXPIRE] = { STR("expire="), text_parse_time, text_print_time, 1000,
	                    365 * UINT64_C(86400000), "a time from 1s to 1y" },
};

static bool parse_resumable(const struct value *v, void *target)
{
	const struct token *arg = &v->node->args[0];
	struct parameters p = { .rows = resume_parameters, .count = RESUME_PARAMETERS };
	bool is_on = str_eq(arg->text, STR_OF("on"));

	if (!is_on && !str_eq(arg->text, STR_OF("off"))) {
		diag_help(v->build->diag,
		          value_error(v, arg, "'%.*s' is no value for '%.*s': expected on or off",
		                      STR_ARG(arg->text), STR_ARG(v->directive->name)),
		          "the form is: %.*s %s;", STR_ARG(v->directive->name),
		          v->directive->syntax);
		return false;
	}
	for (size_t i = 1; i < v->node->arg_count; i++)
		if (!parameters_take(v, &p, &v->node->args[i]))
			return false;
	*(struct upload_resumable *)target =
	        (struct upload_resumable){ .is_on = is_on,
		                           .expire = p.from[RESUME_EXPIRE] ? p.values[RESUME_EXPIRE]
		                                                           : resume_usual };
	return true;
}

static bool print_resumable(const struct shown *shown, const void *target, size_t i,
                            struct buf *out)
{
	const struct upload_resumable *value = target;

	(void)shown;
	buf_text(out, value->is_on ? "on" : "off");
	if (value->is_on) {
		buf_text(out, " expire=");
		text_print_time(out, value->expire);
	}
	return i == 0;
}

const struct value_type value_resumable = { .parse = parse_resumable, .print = print_resumable };
