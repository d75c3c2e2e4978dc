#include "conf/types.h"

/* file_cache max=SIZE [entry=SIZE] [fds=N] [missing=N] [valid=TIME] | off */

enum { CACHE_MAX, CACHE_ENTRY, CACHE_FDS, CACHE_MISSING, CACHE_VALID, CACHE_PARAMETERS };

/* A file of CACHE_ENTRY_MOST bytes is read in one go: more would hold up everybody else. */
enum { CACHE_ENTRY_MOST = 16 << 20, CACHE_COUNT_MOST = 1 << 24 };

static const struct parameter cache_parameters[CACHE_PARAMETERS] = {
	[CACHE_MAX] = { STR("max="), text_parse_size, text_print_size, 64 << 10, UINT64_C(1) << 40,
	                "a size from 64k to 1024g" },
	[CACHE_ENTRY] = { STR("entry="), text_parse_size, text_print_size, 0, CACHE_ENTRY_MOST,
	                  "a size from 0 to 16m" },
	[CACHE_FDS] = { STR("fds="), str_parse_u64, buf_u64, 0, CACHE_COUNT_MOST,
	                "a number from 0 to 16777216" },
	[CACHE_MISSING] = { STR("missing="), str_parse_u64, buf_u64, 0, CACHE_COUNT_MOST,
	                    "a number from 0 to 16777216" },
	[CACHE_VALID] = { STR("valid="), text_parse_time, text_print_time, 0, UINT64_C(86400000),
	                  "a time from 0 to 1d" },
};

static const uint64_t cache_usual[CACHE_PARAMETERS] = { [CACHE_MAX] = 64 << 20,
	                                                [CACHE_ENTRY] = 32 << 10,
	                                                [CACHE_FDS] = 1024,
	                                                [CACHE_MISSING] = 10000,
	                                                [CACHE_VALID] = 1000 };

/* max has to be said; entry, given or usual, has to fit into it (the least max has room for the usual one). */
static bool cache_complete(const struct value *v, struct parameters *p)
{
	const uint64_t *max = &p->values[CACHE_MAX];
	uint64_t *entry = &p->values[CACHE_ENTRY];

	if (!p->from[CACHE_MAX]) {
		diag_help(v->build->diag,
		          value_error(v, &v->node->name, "'%.*s' needs max=SIZE",
		                      STR_ARG(v->directive->name)),
		          "or 'off', where nothing is to be kept");
		return false;
	}
	for (unsigned i = 0; i < CACHE_PARAMETERS; i++)
		if (!p->from[i])
			p->values[i] = cache_usual[i];
	if (*entry <= *max)
		return true;
	value_error(v, p->from[CACHE_ENTRY], "a file of this size would never fit into max=");
	return false;
}

static bool parse_file_cache(const struct value *v, void *target)
{
	const struct node *node = v->node;
	struct file_cache_limits *limits = target;
	struct parameters p = { .rows = cache_parameters, .count = CACHE_PARAMETERS };

	if (str_eq(node->args[0].text, STR_OF("off")) && node->arg_count == 1) {
		*limits = (struct file_cache_limits){ 0 };
		return true;
	}
	if (!parameters_take_all(v, &p) || !cache_complete(v, &p))
		return false;
	*limits = (struct file_cache_limits){ .max = (size_t)p.values[CACHE_MAX],
		                              .entry = (size_t)p.values[CACHE_ENTRY],
		                              .fds = (size_t)p.values[CACHE_FDS],
		                              .missing = (size_t)p.values[CACHE_MISSING],
		                              .valid = p.values[CACHE_VALID] };
	return true;
}

static bool print_file_cache(const struct shown *shown, const void *target, size_t i,
                             struct buf *out)
{
	const struct file_cache_limits *limits = target;
	const uint64_t values[CACHE_PARAMETERS] = { [CACHE_MAX] = limits->max,
		                                    [CACHE_ENTRY] = limits->entry,
		                                    [CACHE_FDS] = limits->fds,
		                                    [CACHE_MISSING] = limits->missing,
		                                    [CACHE_VALID] = limits->valid };

	(void)shown;
	if (limits->max == 0) {
		buf_text(out, "off");
		return i == 0;
	}
	for (unsigned k = 0; k < CACHE_PARAMETERS; k++) {
		buf_text(out, k > 0 ? " " : "");
		buf_add(out, cache_parameters[k].name);
		cache_parameters[k].print(out, values[k]);
	}
	return i == 0;
}

const struct value_type value_file_cache = { .parse = parse_file_cache, .print = print_file_cache };
