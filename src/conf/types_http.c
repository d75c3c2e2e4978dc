#include "conf/types.h"

#include <stdlib.h>

/* ---- methods NAME… -------------------------------------------------------------------------------------- */

static bool take_method(const struct value *v, const struct token *arg, struct method_rule *rule)
{
	enum method method = method_find(arg->text);
	struct diag_message *message;
	enum method meant = METHOD_OTHER;

	for (int m = METHOD_GET; m < METHOD_COUNT; m++) {
		if (str_eq_nocase(method_name((enum method)m), arg->text))
			meant = (enum method)m;
	}
	if (!text_is_token(arg->text) || method == METHOD_CONNECT || meant != method) {
		message = value_error(v, arg, "'%.*s' is no method that can be answered",
		                      STR_ARG(arg->text));
		if (meant != method)
			diag_help(v->build->diag, message, "methods are written in capitals: %.*s",
			          STR_ARG(method_name(meant)));
		return false;
	}
	if (method == METHOD_OTHER)
		*LIST_ADD(v->build->arena, &rule->other) = arg->text;
	else
		rule->mask |= METHOD_BIT(method);
	return true;
}

static bool parse_methods(const struct value *v, void *target)
{
	struct method_rule rule = { .is_set = true };

	for (size_t i = 0; i < v->node->arg_count; i++) {
		if (!take_method(v, &v->node->args[i], &rule))
			return false;
	}
	if (rule.mask & METHOD_BIT(METHOD_GET))
		rule.mask |= METHOD_BIT(METHOD_HEAD);
	*(struct method_rule *)target = rule;
	return true;
}

static bool print_methods(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct method_rule *rule = target;
	const char *space = "";

	(void)shown;
	if (i > 0 || !rule->is_set)
		return false;
	for (int m = METHOD_GET; m < METHOD_COUNT; m++) {
		if (!(rule->mask & METHOD_BIT(m)))
			continue;
		buf_text(out, space);
		buf_add(out, method_name((enum method)m));
		space = " ";
	}
	for (size_t k = 0; k < rule->other.count; k++) {
		buf_text(out, space);
		text_print_word(out, rule->other.items[k]);
		space = " ";
	}
	return true;
}

const struct value_type value_methods = { .parse = parse_methods, .print = print_methods };

/* ---- add_header NAME VALUE [always] ---------------------------------------------------------------------- */

/* Fields that frame the message are the server's own: a second one would be read differently by two readers. */
static bool is_own_field(struct str name)
{
	static const struct str names[] = { STR("Connection"),    STR("Content-Length"),
		                            STR("Content-Range"), STR("Date"),
		                            STR("Keep-Alive"),    STR("Trailer"),
		                            STR("Upgrade"),       STR("Transfer-Encoding") };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (str_eq_nocase(name, names[i]))
			return true;
	}
	return false;
}

static bool check_field_value(const struct value *v, const struct token *arg)
{
	for (size_t i = 0; i < arg->text.len; i++) {
		if (arg->text.ptr[i] == '\r' || arg->text.ptr[i] == '\n') {
			value_error(v, arg, "a line end in a header field");
			return false;
		}
	}
	return true;
}

static bool parse_add_header(const struct value *v, void *target)
{
	const struct token *args = v->node->args;
	struct added_header header = { .name = args[0].text };

	if (!text_is_token(args[0].text) || is_own_field(args[0].text)) {
		value_error(v, &args[0], "'%.*s' is no field that can be added",
		            STR_ARG(args[0].text));
		return false;
	}
	if (v->node->arg_count == 3 && !str_eq(args[2].text, STR_OF("always"))) {
		value_error(v, &args[2], "'%.*s' where only 'always' can stand",
		            STR_ARG(args[2].text));
		return false;
	}
	header.always = v->node->arg_count == 3;
	if (!check_field_value(v, &args[1]) || !value_template(v, &args[1], &header.value))
		return false;
	*LIST_ADD(v->build->arena, (struct added_header_list *)target) = header;
	return true;
}

static bool print_add_header(const struct shown *shown, const void *target, size_t i,
                             struct buf *out)
{
	const struct added_header_list *list = target;

	(void)shown;
	if (i >= list->count)
		return false;
	text_print_word(out, list->items[i].name);
	buf_byte(out, ' ');
	text_print_word(out, list->items[i].value.source);
	buf_text(out, list->items[i].always ? " always" : "");
	return true;
}

static bool has_field(const struct added_header_list *list, struct str name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (str_eq_nocase(list->items[i].name, name))
			return true;
	}
	return false;
}

/* Outer fields that the inner level does not set itself come first. */
static void merge_add_header(struct build *build, void *inner, const void *outer)
{
	struct added_header_list *own = inner, merged = { NULL, 0 };
	const struct added_header_list *others = outer;

	for (size_t i = 0; i < others->count; i++) {
		if (!has_field(own, others->items[i].name))
			*LIST_ADD(build->arena, &merged) = others->items[i];
	}
	for (size_t i = 0; i < own->count; i++)
		*LIST_ADD(build->arena, &merged) = own->items[i];
	*own = merged;
}

const struct value_type value_add_header = { .parse = parse_add_header,
	                                     .print = print_add_header,
	                                     .merge = merge_add_header };

/* ---- types { TYPE ext…; } -------------------------------------------------------------------------------- */

static struct str lower_case(struct build *build, struct str text)
{
	struct str copy = arena_str(build->arena, text);
	char *bytes = (char *)copy.ptr;

	for (size_t i = 0; i < copy.len; i++)
		bytes[i] = ascii_lower(bytes[i]);
	return copy;
}

static bool is_media_type(struct str text)
{
	struct str rest = text, type = str_cut(&rest, '/'), subtype = str_cut(&rest, ';');

	return text_is_token(type) && text_is_token(str_trim(subtype));
}

static int compare_types(const void *a, const void *b)
{
	const struct media_type *left = a, *right = b;

	return str_compare(left->extension, right->extension);
}

/* A later entry for the same extension replaces an earlier one, as in nginx. */
static void put_type(struct build *build, struct media_types *types, struct str extension,
                     struct str type)
{
	for (size_t i = 0; i < types->count; i++) {
		if (str_eq(types->items[i].extension, extension)) {
			types->items[i].type = type;
			return;
		}
	}
	*LIST_ADD(build->arena, types) = (struct media_type){ extension, type };
}

static bool parse_types(const struct value *v, void *target)
{
	struct media_types *types = target;
	size_t taken = 0;

	for (const struct node *row = v->node->children; row; row = row->next) {
		if (!is_media_type(row->name.text) || row->has_block) {
			value_error(v, &row->name, "'%.*s' is no media type",
			            STR_ARG(row->name.text));
			continue;
		}
		for (size_t i = 0; i < row->arg_count && ++taken < BUILD_TYPES_MAX; i++) {
			struct str extension = row->args[i].text;

			if (extension.len > 0 && extension.ptr[0] == '.')
				diag_help(v->build->diag,
				          value_error(v, &row->args[i],
				                      "an extension is written without its dot"),
				          "%.*s", STR_ARG(str_from_index(extension, 1)));
			put_type(v->build, types, lower_case(v->build, extension), row->name.text);
		}
	}
	if (taken >= BUILD_TYPES_MAX)
		value_error(v, &v->node->name, "more than %d extensions", BUILD_TYPES_MAX);
	if (types->count > 0)
		qsort(types->items, types->count, sizeof *types->items, compare_types);
	return true;
}

/* One block for each row, which adds up to the same. What is inherited as a whole is not repeated. */
static bool print_types(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct media_types *types = target;

	if (i >= types->count || (shown->outer && shown->outer->types.items == types->items))
		return false;
	buf_text(out, "{ ");
	text_print_word(out, types->items[i].type);
	buf_byte(out, ' ');
	text_print_word(out, types->items[i].extension);
	buf_text(out, "; }");
	return true;
}

static void merge_types(struct build *build, void *inner, const void *outer)
{
	struct media_types *own = inner, merged = { NULL, 0 };
	const struct media_types *others = outer;

	for (size_t i = 0; i < others->count; i++)
		*LIST_ADD(build->arena, &merged) = others->items[i];
	for (size_t i = 0; i < own->count; i++)
		put_type(build, &merged, own->items[i].extension, own->items[i].type);
	if (merged.count > 0)
		qsort(merged.items, merged.count, sizeof *merged.items, compare_types);
	*own = merged;
}

const struct value_type value_types = { .parse = parse_types,
	                                .print = print_types,
	                                .merge = merge_types };

/* ---- expires [modified] TIME | epoch | max | off ------------------------------------------------------------- */

static bool parse_seconds(struct str text, int64_t *seconds)
{
	bool negative = text.len > 0 && text.ptr[0] == '-';
	uint64_t ms;

	if (negative || (text.len > 0 && text.ptr[0] == '+'))
		text = str_from_index(text, 1);
	if (!text_parse_time(text, &ms) || ms / 1000 > INT32_MAX)
		return false;
	*seconds = negative ? -(int64_t)(ms / 1000) : (int64_t)(ms / 1000);
	return true;
}

static const struct value_word expires_words[] = { { STR("off"), EXPIRES_OFF },
	                                           { STR("epoch"), EXPIRES_EPOCH },
	                                           { STR("max"), EXPIRES_MAX },
	                                           { STR(""), 0 } };

static bool parse_expires(const struct value *v, void *target)
{
	const struct token *args = v->node->args, *last = &args[v->node->arg_count - 1];
	struct expires made = { .mode = EXPIRES_TIME };

	for (const struct value_word *w = expires_words; w->word.len > 0; w++) {
		if (v->node->arg_count == 1 && str_eq(w->word, last->text)) {
			made.mode = (enum expires_mode)w->value;
			*(struct expires *)target = made;
			return true;
		}
	}
	if (v->node->arg_count == 2)
		made.mode = EXPIRES_MODIFIED;
	if ((v->node->arg_count == 2 && !str_eq(args[0].text, STR_OF("modified"))) ||
	    !parse_seconds(last->text, &made.seconds)) {
		value_error(v, last, "'%.*s' is no expiry: expected a time, epoch, max or off",
		            STR_ARG(last->text));
		return false;
	}
	*(struct expires *)target = made;
	return true;
}

static bool print_expires(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct expires *expires = target;
	uint64_t size;

	(void)shown;
	for (const struct value_word *w = expires_words; w->word.len > 0; w++) {
		if ((enum expires_mode)w->value == expires->mode) {
			buf_add(out, w->word);
			return i == 0;
		}
	}
	size = (uint64_t)(expires->seconds < 0 ? -expires->seconds : expires->seconds);
	buf_text(out, expires->mode == EXPIRES_MODIFIED ? "modified " : "");
	buf_text(out, expires->seconds < 0 ? "-" : "");
	text_print_time(out, size * 1000);
	return i == 0;
}

const struct value_type value_expires = { .parse = parse_expires, .print = print_expires };

/* ---- charset NAME | off ------------------------------------------------------------------------------------- */

static bool parse_charset(const struct value *v, void *target)
{
	const struct token *arg = &v->node->args[0];

	if (!value_is_constant(v, arg))
		return false;
	if (!text_is_token(arg->text)) {
		value_error(v, arg, "'%.*s' is no character set", STR_ARG(arg->text));
		return false;
	}
	*(struct str *)target =
	        str_eq(arg->text, STR_OF("off")) ? (struct str){ NULL, 0 } : arg->text;
	return true;
}

static bool print_charset(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct str *charset = target;

	(void)shown;
	text_print_word(out, charset->len > 0 ? *charset : STR_OF("off"));
	return i == 0;
}

const struct value_type value_charset = { .parse = parse_charset, .print = print_charset };

/* ---- cgi_param NAME VALUE -------------------------------------------------------------------------------------- */

static bool is_variable_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!ascii_is_alpha(c) && c != '_' && (i == 0 || !ascii_is_digit(c)))
			return false;
	}
	return name.len > 0;
}

static bool parse_cgi_param(const struct value *v, void *target)
{
	const struct token *args = v->node->args;
	struct cgi_param param = { .name = args[0].text };
	struct cgi_param_list *list = target;

	if (!is_variable_name(args[0].text)) {
		value_error(v, &args[0], "'%.*s' is no name of a variable", STR_ARG(args[0].text));
		return false;
	}
	for (size_t i = 0; i < list->count; i++) {
		if (str_eq(list->items[i].name, param.name)) {
			value_error(v, &args[0], "'%.*s' is set here for a second time",
			            STR_ARG(param.name));
			return false;
		}
	}
	if (!value_template(v, &args[1], &param.value))
		return false;
	*LIST_ADD(v->build->arena, list) = param;
	return true;
}

static bool print_cgi_param(const struct shown *shown, const void *target, size_t i,
                            struct buf *out)
{
	const struct cgi_param_list *list = target;

	(void)shown;
	if (i >= list->count)
		return false;
	text_print_word(out, list->items[i].name);
	buf_byte(out, ' ');
	text_print_word(out, list->items[i].value.source);
	return true;
}

const struct value_type value_cgi_param = { .parse = parse_cgi_param, .print = print_cgi_param };
