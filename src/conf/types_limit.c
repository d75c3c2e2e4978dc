#include "conf/types.h"

enum { LIMIT_CONN_MAX = 1 << 20, LIMIT_RATE_MAX = 1000000 };

/* ---- what a limit is, however often the configuration is read -------------------------------------------- */

/* The patterns from the inside out: the same for the same place, wherever it stands in the file. */
static uint64_t place_of(const struct level *level)
{
	uint64_t id = 0;

	for (; level && level->location; level = level->outer) {
		const struct location *location = level->location;
		uint64_t salt[2] = { id, (uint64_t)location->kind << 1 | location->ignore_case };

		id = map_siphash(salt, location->pattern);
	}
	return id;
}

/* A server is known by its first name and the first address that it listens on. */
static uint64_t server_of(const struct server_conf *server, uint64_t place, uint64_t kind)
{
	uint64_t salt[2] = { place, kind };

	if (!server)
		return map_siphash(salt, STR_OF(""));
	if (server->names.count > 0)
		salt[0] = map_siphash(salt, server->names.items[0]);
	if (server->listeners.count > 0)
		salt[0] = map_siphash(salt, server->listeners.items[0]->text);
	return map_siphash(salt, STR_OF("server"));
}

static void identify(struct settings *settings)
{
	struct limit_place *conn = &settings->limit_conn.place;
	struct limit_place *req = &settings->limit_req.place;

	conn->id = server_of(conn->server, conn->inside, 1);
	req->id = server_of(req->server, req->inside, 2);
}

void build_limits(struct build *build)
{
	identify(&build->config->settings);
	for (size_t i = 0; i < build->config->locations.len; i++)
		identify(&build->config->locations.items[i]->settings);
}

static struct limit_place here(const struct value *v)
{
	return (struct limit_place){ .server = v->level->server, .inside = place_of(v->level) };
}

/* ---- what both have in common ---------------------------------------------------------------------------- */

static void say_form(const struct value *v, struct diag_message *message)
{
	diag_help(v->build->diag, message,
	          "the form is: %.*s %s; each address is counted by itself",
	          STR_ARG(v->directive->name), v->directive->syntax);
}

static bool refuse_value(const struct value *v, const struct token *arg, const char *expected)
{
	say_form(v, value_error(v, arg, "'%.*s' is no value for '%.*s': expected %s",
	                        STR_ARG(arg->text), STR_ARG(v->directive->name), expected));
	return false;
}

/* nginx counts in zones, which are made elsewhere and name what is counted. */
static bool refuse_zone(const struct value *v, const struct token *arg)
{
	say_form(v, value_error(v, arg, "'%.*s' takes no zone", STR_ARG(v->directive->name)));
	return false;
}

/*
 * A level that only inherits a limit is counted together with the outer one, so it must not be written
 * there again: read back, it would be a limit of its own.
 */
static bool is_inherited(const struct limit_place *own, const struct limit_place *outer)
{
	return own->id == outer->id;
}

/* ---- limit_conn N | off ---------------------------------------------------------------------------------- */

static bool parse_limit_conn(const struct value *v, void *target)
{
	const struct token *arg = &v->node->args[0];
	uint64_t most = 0;

	if (v->node->arg_count > 1)
		return refuse_zone(v, arg);
	if (!str_eq(arg->text, STR_OF("off")) &&
	    (!str_parse_u64(arg->text, &most) || most == 0 || most > LIMIT_CONN_MAX))
		return refuse_value(v, arg, "off, or a number from 1 to 1048576");
	*(struct limit_conn *)target =
	        (struct limit_conn){ .place = here(v), .most = (uint32_t)most };
	return true;
}

static bool print_limit_conn(const struct shown *shown, const void *target, size_t i,
                             struct buf *out)
{
	const struct limit_conn *limit = target;

	if (i > 0)
		return false;
	if (limit->most == 0) {
		buf_text(out, "off");
		return true;
	}
	buf_u64(out, limit->most);
	return !shown->outer || !is_inherited(&limit->place, &shown->outer->limit_conn.place);
}

const struct value_type value_limit_conn = { .parse = parse_limit_conn, .print = print_limit_conn };

/* ---- limit_req RATEr/s | RATEr/m [burst=N] | off ------------------------------------------------------------ */

static bool cut_end(struct str *text, struct str end)
{
	if (!str_ends_with(*text, end))
		return false;
	*text = str_head(*text, text->len - end.len);
	return true;
}

static bool parse_rate(const struct value *v, const struct token *arg, struct limit_req *out)
{
	struct str text = arg->text;
	uint64_t rate;

	out->is_minutely = cut_end(&text, STR_OF("r/m"));
	if ((!out->is_minutely && !cut_end(&text, STR_OF("r/s"))) || !str_parse_u64(text, &rate) ||
	    rate == 0 || rate > LIMIT_RATE_MAX)
		return refuse_value(v, arg,
		                    "off alone, or a rate up to 1000000, as in 10r/s or 30r/m");
	out->rate = (uint32_t)rate;
	out->burst = (uint32_t)rate;
	return true;
}

static bool parse_burst(const struct value *v, const struct token *arg, struct limit_req *out)
{
	uint64_t burst;

	if (!str_starts_with(arg->text, STR_OF("burst=")) ||
	    !str_parse_u64(str_from_index(arg->text, 6), &burst) || burst == 0 ||
	    burst > LIMIT_RATE_MAX)
		return refuse_value(v, arg, "burst=N, with N from 1 to 1000000");
	out->burst = (uint32_t)burst;
	return true;
}

/* What nginx files have behind the rate: nothing is ever delayed here, so there is only one way. */
static bool refuse_delay(const struct value *v, const struct token *arg)
{
	diag_help(
	        v->build->diag,
	        value_error(v, arg, "'%.*s' is no option of limit_req", STR_ARG(arg->text)),
	        "leave it out: what is within the burst passes at once, what is past it gets 429");
	return false;
}

static bool parse_limit_req(const struct value *v, void *target)
{
	const struct token *args = v->node->args;
	struct limit_req made = { .place = here(v) };
	bool has_burst = false;

	for (size_t i = 0; i < v->node->arg_count; i++) {
		if (str_starts_with(args[i].text, STR_OF("zone=")))
			return refuse_zone(v, &args[i]);
		if (str_eq(args[i].text, STR_OF("nodelay")) ||
		    str_starts_with(args[i].text, STR_OF("delay=")))
			return refuse_delay(v, &args[i]);
	}
	if (v->node->arg_count == 1 && str_eq(args[0].text, STR_OF("off"))) {
		*(struct limit_req *)target = made;
		return true;
	}
	if (!parse_rate(v, &args[0], &made))
		return false;
	for (size_t i = 1; i < v->node->arg_count; i++) {
		if (has_burst)
			return refuse_value(v, &args[i], "one burst=N");
		if (!parse_burst(v, &args[i], &made))
			return false;
		has_burst = true;
	}
	*(struct limit_req *)target = made;
	return true;
}

void limit_req_print(const struct limit_req *limit, struct buf *out)
{
	buf_format(out, "%ur/%c burst=%u", limit->rate, limit->is_minutely ? 'm' : 's',
	           limit->burst);
}

static bool print_limit_req(const struct shown *shown, const void *target, size_t i,
                            struct buf *out)
{
	const struct limit_req *limit = target;

	if (i > 0)
		return false;
	if (limit->rate == 0) {
		buf_text(out, "off");
		return true;
	}
	limit_req_print(limit, out);
	return !shown->outer || !is_inherited(&limit->place, &shown->outer->limit_req.place);
}

const struct value_type value_limit_req = { .parse = parse_limit_req, .print = print_limit_req };
