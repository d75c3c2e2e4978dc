#include "conf/types.h"

static bool parse_status(struct str text, unsigned min, unsigned max, unsigned *code)
{
	uint64_t n;

	if (text.len != 3 || !str_parse_u64(text, &n) || n < min || n > max)
		return false;
	*code = (unsigned)n;
	return true;
}

static bool find_named(const struct value *v, const struct token *arg, int *named)
{
	*named = server_find_named(v->level->server, arg->text);
	if (*named != CONFIG_NONE)
		return true;
	diag_help(v->build->diag,
	          value_error(v, arg, "this server has no location '%.*s'", STR_ARG(arg->text)),
	          "location %.*s { … } directly in the server", STR_ARG(arg->text));
	return false;
}

/* ---- try_files PATH… (URI | @name | =CODE | spa:URI) ------------------------------------------------ */

static bool parse_last(const struct value *v, struct try_files *out)
{
	const struct token *arg = &v->node->args[v->node->arg_count - 1];
	struct token uri = *arg;

	if (arg->text.len > 0 && arg->text.ptr[0] == '@') {
		out->last = TRY_NAMED;
		return find_named(v, arg, &out->named);
	}
	if (arg->text.len > 0 && arg->text.ptr[0] == '=') {
		out->last = TRY_CODE;
		if (parse_status(str_from_index(arg->text, 1), 200, 599, &out->code))
			return true;
		value_error(v, arg, "'%.*s' is no status: expected =200 to =599",
		            STR_ARG(arg->text));
		return false;
	}
	out->last = TRY_URI;
	if (str_starts_with(arg->text, STR_OF("spa:"))) {
		out->last = TRY_SPA;
		uri.text = str_from_index(arg->text, 4);
		uri.at = token_part(arg, 4, uri.text.len);
		uri.quoted = false;
	}
	return value_template(v, &uri, &out->uri);
}

static bool parse_try_files(const struct value *v, void *target)
{
	struct try_files made = { .count = v->node->arg_count - 1, .named = CONFIG_NONE };

	made.paths = arena_zero(v->build->arena, made.count * sizeof *made.paths);
	for (size_t i = 0; i < made.count; i++) {
		if (!value_template(v, &v->node->args[i], &made.paths[i]))
			return false;
	}
	if (!parse_last(v, &made))
		return false;
	*(struct try_files *)target = made;
	return true;
}

static bool print_try_files(const struct shown *shown, const void *target, size_t i,
                            struct buf *out)
{
	const struct try_files *try = target;

	if (i > 0 || try->last == TRY_NONE)
		return false;
	for (size_t k = 0; k < try->count; k++) {
		text_print_word(out, try->paths[k].source);
		buf_byte(out, ' ');
	}
	switch (try->last) {
	case TRY_NAMED:
		text_print_word(out, shown->server->named[try->named]->pattern);
		break;
	case TRY_CODE:
		buf_format(out, "=%u", try->code);
		break;
	case TRY_SPA:
		text_print_joined(out, STR_OF("spa:"), try->uri.source);
		break;
	default:
		text_print_word(out, try->uri.source);
	}
	return true;
}

const struct value_type value_try_files = { .parse = parse_try_files, .print = print_try_files };

/* ---- return CODE [TEXT | URL], return URL ------------------------------------------------------------ */

static bool is_redirect(unsigned code)
{
	return code == 301 || code == 302 || code == 303 || code == 307 || code == 308;
}

static bool looks_like_url(struct str text)
{
	static const struct str starts[] = { STR("http://"), STR("https://"), STR("$"), STR("/") };

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		if (str_starts_with(text, starts[i]))
			return true;
	}
	return false;
}

static bool parse_return(const struct value *v, void *target)
{
	const struct token *args = v->node->args;
	struct return_rule rule = { .code = 302 };
	size_t text = v->node->arg_count == 2 ? 1 : 0;

	if (v->node->arg_count == 1 && looks_like_url(args[0].text)) {
		rule.has_text = true;
	} else if (!parse_status(args[0].text, 200, 599, &rule.code)) {
		value_error(v, &args[0], "'%.*s' is neither a status from 200 to 599 nor a URL",
		            STR_ARG(args[0].text));
		return false;
	} else {
		rule.has_text = text == 1;
	}
	if (is_redirect(rule.code) && !rule.has_text) {
		diag_help(v->build->diag,
		          value_error(v, &args[0], "a redirect needs a place to go to"),
		          "return %u URL;", rule.code);
		return false;
	}
	rule.is_redirect = is_redirect(rule.code);
	if (rule.has_text && !value_template(v, &args[text], &rule.text))
		return false;
	*(struct return_rule *)target = rule;
	return true;
}

static bool print_return(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct return_rule *rule = target;

	(void)shown;
	if (i > 0 || rule->code == 0)
		return false;
	buf_u64(out, rule->code);
	if (rule->has_text) {
		buf_byte(out, ' ');
		text_print_word(out, rule->text.source);
	}
	return true;
}

const struct value_type value_return = { .parse = parse_return, .print = print_return };

/* ---- status [html | json | prometheus], stub_status [on] ------------------------------------------------ */

/* Both set the same thing, which a location can be only once. */
static bool set_status(const struct value *v, enum status_format *status, enum status_format to)
{
	if (*status != STATUS_OFF) {
		value_error(v, &v->node->name,
		            "this location shows its figures in another way already");
		return false;
	}
	*status = to;
	return true;
}

static bool parse_status_format(const struct value *v, void *target)
{
	const struct token *arg = v->node->args;
	enum status_format *status = target;

	if (v->node->arg_count == 0)
		return set_status(v, status, STATUS_BY_ACCEPT);
	for (const struct value_word *w = v->directive->detail; w->word.len > 0; w++)
		if (str_eq(w->word, arg->text))
			return set_status(v, status, (enum status_format)w->value);
	value_error(v, arg, "'%.*s' is no form of figures: expected html, json or prometheus",
	            STR_ARG(arg->text));
	return false;
}

static bool print_status_format(const struct shown *shown, const void *target, size_t i,
                                struct buf *out)
{
	const enum status_format status = *(const enum status_format *)target;

	for (const struct value_word *w = shown->directive->detail; w->word.len > 0; w++)
		if ((enum status_format)w->value == status)
			buf_add(out, w->word);
	return i == 0 && status != STATUS_OFF && status != STATUS_STUB;
}

/* nginx once wanted an argument and still takes one. */
static bool parse_stub_status(const struct value *v, void *target)
{
	if (v->node->arg_count == 0 || str_eq(v->node->args[0].text, STR_OF("on")))
		return set_status(v, target, STATUS_STUB);
	value_error(v, &v->node->args[0], "'%.*s' is unknown here: expected nothing, or on",
	            STR_ARG(v->node->args[0].text));
	return false;
}

static bool print_stub_status(const struct shown *shown, const void *target, size_t i,
                              struct buf *out)
{
	(void)shown;
	(void)out;
	return i == 0 && *(const enum status_format *)target == STATUS_STUB;
}

const struct value_type value_status = { .parse = parse_status_format,
	                                 .print = print_status_format };
const struct value_type value_stub_status = { .parse = parse_stub_status,
	                                      .print = print_stub_status };

/* ---- error_page CODE… [=[CODE]] URI ------------------------------------------------------------------- */

/* The "=" or "=CODE" before the URI. */
static bool parse_how(const struct value *v, const struct token *arg, struct error_page *page)
{
	if (arg->text.len == 1) {
		page->how = ERROR_CODE_OF_PAGE;
		return true;
	}
	page->how = ERROR_CODE_SET;
	if (parse_status(str_from_index(arg->text, 1), 200, 599, &page->code))
		return true;
	value_error(v, arg, "'%.*s' is no status: expected =200 to =599", STR_ARG(arg->text));
	return false;
}

static bool parse_page_uri(const struct value *v, const struct token *arg, struct error_page *page)
{
	char first = arg->text.len > 0 ? arg->text.ptr[0] : '\0';

	page->named = CONFIG_NONE;
	page->is_url = first != '/' && first != '@';
	if (page->is_url && !looks_like_url(arg->text)) {
		diag_help(v->build->diag,
		          value_error(v, arg, "'%.*s' is no URI", STR_ARG(arg->text)),
		          "it begins with /, @ or http://");
		return false;
	}
	/* At the main level the server is not known yet: it is looked up when one inherits. */
	if (first == '@' && v->level->server && !find_named(v, arg, &page->named))
		return false;
	return value_template(v, arg, &page->uri);
}

static bool parse_error_page(const struct value *v, void *target)
{
	const struct token *args = v->node->args;
	struct error_page_list *list = target;
	size_t codes = v->node->arg_count - 1;
	struct error_page page = { .how = ERROR_CODE_KEEP };

	if (!parse_page_uri(v, &args[codes], &page))
		return false;
	if (args[codes - 1].text.len > 0 && args[codes - 1].text.ptr[0] == '=') {
		codes--;
		if (!parse_how(v, &args[codes], &page))
			return false;
	}
	if (codes == 0) {
		value_error(v, &v->node->name, "'error_page' names no status");
		return false;
	}
	for (size_t i = 0; i < codes; i++) {
		if (!parse_status(args[i].text, 300, 599, &page.status)) {
			value_error(v, &args[i], "'%.*s' is no error status: expected 300 to 599",
			            STR_ARG(args[i].text));
			return false;
		}
		*LIST_ADD(v->build->arena, list) = page;
	}
	return true;
}

static bool print_error_page(const struct shown *shown, const void *target, size_t i,
                             struct buf *out)
{
	const struct error_page_list *list = target;
	const struct error_page *page;

	(void)shown;
	if (i >= list->count)
		return false;
	page = &list->items[i];
	buf_format(out, "%u ", page->status);
	if (page->how == ERROR_CODE_OF_PAGE)
		buf_text(out, "= ");
	else if (page->how == ERROR_CODE_SET)
		buf_format(out, "=%u ", page->code);
	text_print_word(out, page->uri.source);
	return true;
}

const struct value_type value_error_page = { .parse = parse_error_page, .print = print_error_page };
