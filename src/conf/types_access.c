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

/* ---- set_real_ip_from ADDRESS[/BITS] | unix: -------------------------------------------------------------- */

static bool parse_trusted(const struct value *v, void *target)
{
	struct cidr range;

	if (!take_range(v, &range))
		return false;
	*LIST_ADD(v->build->arena, (struct cidr_list *)target) = range;
	return true;
}

static bool print_trusted(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct cidr_list *list = target;

	(void)shown;
	if (i >= list->count)
		return false;
	cidr_print(&list->items[i], out);
	return true;
}

const struct value_type value_trusted = { .parse = parse_trusted, .print = print_trusted };

/* ---- real_ip_header NAME | proxy_protocol ------------------------------------------------------------------ */

static bool parse_real_ip(const struct value *v, void *target)
{
	const struct token *arg = &v->node->args[0];
	struct real_ip made = { .is_proxy_protocol = str_eq(arg->text, STR_OF("proxy_protocol")) };

	if (!text_is_token(arg->text) || !value_is_constant(v, arg)) {
		value_error(v, arg, "'%.*s' is no name of a field", STR_ARG(arg->text));
		return false;
	}
	if (!made.is_proxy_protocol)
		made.field = arg->text;
	*(struct real_ip *)target = made;
	return true;
}

static bool print_real_ip(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct real_ip *real_ip = target;

	(void)shown;
	buf_add(out, real_ip->is_proxy_protocol ? STR_OF("proxy_protocol") : real_ip->field);
	return i == 0;
}

const struct value_type value_real_ip = { .parse = parse_real_ip, .print = print_real_ip };
