#include "conf/types.h"

/* cgi_limit [cpu=TIME] [memory=SIZE] [files=N] [processes=N] | off */

enum { LIMIT_CPU, LIMIT_MEMORY, LIMIT_FILES, LIMIT_PROCESSES, LIMIT_PARAMETERS };

/* Less than a second can't be asked of the kernel; with less than a megabyte no program gets as far as its main(). */
static const struct parameter limit_parameters[LIMIT_PARAMETERS] = {
	[LIMIT_CPU] = { STR("cpu="), text_parse_time, text_print_time, 1000, UINT64_C(31536000000),
	                "a time from 1s to 365d" },
	[LIMIT_MEMORY] = { STR("memory="), text_parse_size, text_print_size, 1 << 20,
	                   UINT64_C(1) << 50, "a size from 1m to 1048576g" },
	[LIMIT_FILES] = { STR("files="), str_parse_u64, buf_u64, 3, 1 << 20,
	                  "a number from 3 (it has that many from us) to 1048576" },
	[LIMIT_PROCESSES] = { STR("processes="), str_parse_u64, buf_u64, 1, 1 << 22,
	                      "a number from 1 to 4194304" },
};

static bool parse_cgi_limit(const struct value *v, void *target)
{
	struct parameters p = { .rows = limit_parameters, .count = LIMIT_PARAMETERS };

	if (v->node->arg_count == 1 && str_eq(v->node->args[0].text, STR_OF("off"))) {
		*(struct cgi_limits *)target = (struct cgi_limits){ 0 };
		return true;
	}
	if (!parameters_take_all(v, &p))
		return false;
	*(struct cgi_limits *)target =
	        (struct cgi_limits){ .cpu = p.values[LIMIT_CPU],
		                     .memory = p.values[LIMIT_MEMORY],
		                     .files = p.values[LIMIT_FILES],
		                     .processes = p.values[LIMIT_PROCESSES] };
	return true;
}

static bool print_cgi_limit(const struct shown *shown, const void *target, size_t i,
                            struct buf *out)
{
	const struct cgi_limits *limits = target;
	const uint64_t values[LIMIT_PARAMETERS] = { [LIMIT_CPU] = limits->cpu,
		                                    [LIMIT_MEMORY] = limits->memory,
		                                    [LIMIT_FILES] = limits->files,
		                                    [LIMIT_PROCESSES] = limits->processes };
	const char *between = "";

	(void)shown;
	for (unsigned k = 0; k < LIMIT_PARAMETERS; k++) {
		if (values[k] == 0)
			continue;
		buf_text(out, between);
		buf_add(out, limit_parameters[k].name);
		limit_parameters[k].print(out, values[k]);
		between = " ";
	}
	if (*between == '\0')
		buf_text(out, "off");
	return i == 0;
}

const struct value_type value_cgi_limit = { .parse = parse_cgi_limit, .print = print_cgi_limit };
