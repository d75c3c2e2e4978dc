#include "conf/settings.h"

/*
 * Names are matched without regard to case, in three maps: whole names, "*.a.b" by what follows the
 * star, and "a.*" by what stands before it. ".a.b" is short for "a.b" and "*.a.b". What holds a slash is
 * a range of addresses: "127.*" would let in 127.example.com as well.
 */
enum name_form { NAME_EXACT, NAME_HEAD, NAME_BOTH, NAME_TAIL, NAME_RANGE };

static bool name_form(struct str name, enum name_form *form)
{
	struct str fixed = name;

	*form = NAME_EXACT;
	if (str_find(name, '/') < name.len) {
		*form = NAME_RANGE;
		return true;
	}
	if (str_starts_with(name, STR_OF("*."))) {
		*form = NAME_HEAD;
		fixed = str_from_index(name, 2);
	} else if (str_starts_with(name, STR_OF("."))) {
		*form = NAME_BOTH;
		fixed = str_from_index(name, 1);
	} else if (str_ends_with(name, STR_OF(".*"))) {
		*form = NAME_TAIL;
		fixed = str_head(name, name.len - 2);
	}
	return (fixed.len > 0 || *form == NAME_EXACT) && str_find(fixed, '*') == fixed.len;
}

static bool refuse_name(const struct value *v, const struct token *arg, const char *help)
{
	diag_help(v->build->diag,
	          value_error(v, arg, "'%.*s' is no server name", STR_ARG(arg->text)), "%s", help);
	return false;
}

static bool check_range(const struct value *v, const struct token *arg)
{
	struct cidr range;
	bool is_exact;

	if (!cidr_parse(arg->text, &range, &is_exact) ||
	    (range.family != AF_INET && range.family != AF_INET6))
		return refuse_name(v, arg, "a name with a slash is a range: 127.0.0.0/8, ::1/128");
	return is_exact || refuse_name(v, arg, "bits are set behind the range's prefix");
}

static bool check_name(const struct value *v, const struct token *arg)
{
	static const char others[] = "-_.*";
	struct str name = arg->text;
	enum name_form form;

	if (name.len > 0 && name.ptr[0] == '~')
		return refuse_name(v, arg,
		                   "names can't be regular expressions; list them, or use "
		                   "*.example.com");
	if (name.len > 0 && name.ptr[0] == '$')
		return refuse_name(v, arg, "names can't hold variables");
	if (!name_form(name, &form))
		return refuse_name(v, arg,
		                   "a star stands at the start or the end, as in "
		                   "*.example.com or www.*");
	if (form == NAME_RANGE)
		return check_range(v, arg);
	if (str_find(name, ':') < name.len && name.ptr[0] != '[')
		return refuse_name(v, arg, "the port belongs to listen");
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && !strchr(others, c) &&
		    name.ptr[0] != '[')
			return refuse_name(v, arg,
			                   "letters, digits, '-', '_' and dots; other "
			                   "alphabets in their xn-- form");
	}
	return true;
}

static bool parse_server_name(const struct value *v, void *target)
{
	struct server_conf *server = target;
	bool good = true;

	for (size_t i = 0; i < v->node->arg_count; i++) {
		if (!check_name(v, &v->node->args[i])) {
			good = false;
			continue;
		}
		*LIST_ADD(v->build->arena, &server->names) = v->node->args[i].text;
		*LIST_ADD(v->build->scratch, &v->build->server_names) = v->node->args[i];
	}
	return good;
}

static bool print_server_name(const struct shown *shown, const void *target, size_t i,
                              struct buf *out)
{
	const struct server_conf *server = target;

	(void)shown;
	if (i > 0 || server->names.count == 0)
		return false;
	for (size_t k = 0; k < server->names.count; k++) {
		buf_text(out, k > 0 ? " " : "");
		text_print_word(out, server->names.items[k]);
	}
	return true;
}

const struct value_type value_server_name = { .parse = parse_server_name,
	                                      .print = print_server_name };

static struct position bound_at(const struct build *build, const struct listener_conf *listener,
                                struct str key)
{
	for (size_t i = 0; i < build->bound.len; i++) {
		if (build->bound.items[i].listener == listener &&
		    str_eq(build->bound.items[i].key, key))
			return build->bound.items[i].at;
	}
	return (struct position){ .source = NULL };
}

static void say_taken(struct build *build, struct listener_conf *listener, struct str key,
                      const struct token *name)
{
	struct diag_message *message;

	if (key.len == 0)
		message = diag_add(build->diag, DIAG_ERROR, name->at,
		                   "a second server without a name on '%.*s' can't be reached",
		                   STR_ARG(listener->text));
	else
		message = diag_add(build->diag, DIAG_ERROR, name->at,
		                   "the server name '%.*s' is taken on '%.*s'", STR_ARG(name->text),
		                   STR_ARG(listener->text));
	diag_relate(build->diag, message, bound_at(build, listener, key), "the first is here");
}

static void bind_name(struct build *build, struct listener_conf *listener, struct map *map,
                      struct str key, struct server_conf *server, const struct token *name)
{
	struct bound_name *bound;

	if (map_get(map, key)) {
		say_taken(build, listener, key, name);
		return;
	}
	if (!map_put(map, key, server))
		longjmp(*build->arena->failed, 1);
	bound = VEC_PUSH(build->scratch, &build->bound);
	*bound = (struct bound_name){ .listener = listener, .key = key, .at = name->at };
}

static void bind_range(struct build *build, struct listener_conf *listener, struct str key,
                       struct server_conf *server, const struct token *name)
{
	struct named_range made = { .server = server };
	bool is_exact;

	cidr_parse(key, &made.range, &is_exact);
	for (size_t i = 0; i < listener->ranges.count; i++)
		if (memcmp(&listener->ranges.items[i].range, &made.range, sizeof made.range) == 0) {
			say_taken(build, listener, key, name);
			return;
		}
	if (listener->ranges.count == BUILD_RANGES_MAX) {
		diag_add(build->diag, DIAG_ERROR, name->at, "more than %d ranges on one address",
		         BUILD_RANGES_MAX);
		return;
	}
	*LIST_ADD(build->arena, &listener->ranges) = made;
	*VEC_PUSH(build->scratch, &build->bound) =
	        (struct bound_name){ .listener = listener, .key = key, .at = name->at };
}

static void bind_forms(struct build *build, struct listener_conf *listener,
                       struct server_conf *server, const struct token *name)
{
	struct str text = arena_str(build->arena, name->text);
	char *lower = (char *)text.ptr;
	enum name_form form;

	for (size_t i = 0; i < text.len; i++)
		lower[i] = ascii_lower(lower[i]);
	name_form(text, &form);
	switch (form) {
	case NAME_EXACT:
		bind_name(build, listener, &listener->exact, text, server, name);
		break;
	case NAME_HEAD:
		bind_name(build, listener, &listener->heads, str_from_index(text, 1), server, name);
		break;
	case NAME_BOTH:
		bind_name(build, listener, &listener->exact, str_from_index(text, 1), server, name);
		bind_name(build, listener, &listener->heads, text, server, name);
		break;
	case NAME_TAIL:
		bind_name(build, listener, &listener->tails, str_head(text, text.len - 1), server,
		          name);
		break;
	case NAME_RANGE:
		bind_range(build, listener, text, server, name);
		break;
	}
}

void build_names(struct build *build, struct server_conf *server)
{
	struct token nameless = { .text = STR(""), .at = server->at };

	for (size_t i = 0; i < server->listeners.count; i++) {
		struct listener_conf *listener = server->listeners.items[i];

		for (size_t k = 0; k < build->server_names.count; k++)
			bind_forms(build, listener, server, &build->server_names.items[k]);
		if (server->names.count == 0)
			bind_forms(build, listener, server, &nameless);
	}
}
