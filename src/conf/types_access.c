#include "conf/types.h"

#include <sys/socket.h>

/* ---- allow and deny ------------------------------------------------------------------------------------- */

static bool take_range(const struct value *v, struct cidr *range)
{
	const struct token *arg = &v->node->args[0];
	struct diag_message *message;
	char memory[64];
	struct buf meant = buf_fixed(memory, sizeof memory);
	bool is_exact;

	if (!cidr_parse(arg->text, range, &is_exact)) {
		message = value_error(v, arg, "'%.*s' is no address", STR_ARG(arg->text));
		diag_help(v->build->diag, message,
		          "as in 192.0.2.1, 192.0.2.0/24, 2001:db8::/32 or unix:");
		return false;
	}
	cidr_print(range, &meant);
	if (!is_exact)
		diag_help(v->build->diag,
		          diag_add(v->build->diag, DIAG_WARNING, arg->at,
		                   "'%.*s' has bits set behind its prefix", STR_ARG(arg->text)),
		          "it means %.*s", (int)meant.len, meant.ptr);
	return true;
}

static bool parse_rule(const struct value *v, struct access_list *list, bool allow)
{
	struct access_rule rule = { .range.family = AF_UNSPEC, .allow = allow };

	if (!str_eq(v->node->args[0].text, STR_OF("all")) && !take_range(v, &rule.range))
		return false;
	*LIST_ADD(v->build->arena, list) = rule;
	return true;
}

static bool parse_allow(const struct value *v, void *target)
{
	return parse_rule(v, target, true);
}

static bool parse_deny(const struct value *v, void *target)
{
	return parse_rule(v, target, false);
}

/* The order is what counts: the row `allow` writes the whole list. */
static bool print_access(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct access_list *list = target;

	(void)shown;
	if (i >= list->count)
		return false;
	cidr_print(&list->items[i].range, out);
	return true;
}

static struct str name_access(const void *target, size_t i)
{
	const struct access_list *list = target;

	if (i >= list->count)
		return (struct str){ NULL, 0 };
	return list->items[i].allow ? STR_OF("allow") : STR_OF("deny");
}

static bool print_nothing(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	(void)shown;
	(void)target;
	(void)i;
	(void)out;
	return false;
}

const struct value_type value_allow = { .parse = parse_allow,
	                                .print = print_access,
	                                .name = name_access };
const struct value_type value_deny = { .parse = parse_deny, .print = print_nothing };
