#include "conf/settings.h"

void *settings_target(const struct directive *directive, struct config *config,
                      struct server_conf *server, struct settings *settings)
{
	char *base = NULL;

	switch (directive->target) {
	case TARGET_NONE:
		return NULL;
	case TARGET_CONFIG:
		base = (char *)config;
		break;
	case TARGET_SERVER:
		base = (char *)server;
		break;
	case TARGET_SETTINGS:
		base = (char *)settings;
		break;
	}
	return base ? base + directive->offset : NULL;
}

static void *target_on(const struct build *build, const struct level *level,
                       const struct directive *directive)
{
	return settings_target(directive, build->config, level->server, level->settings);
}

const struct node *level_setter(const struct level *level, const char *name)
{
	const struct directive *directive = directive_find(str_from(name));

	return directive ? level->set[directive - directives] : NULL;
}

void settings_defaults(struct build *build, struct level *main_level)
{
	for (size_t i = 0; i < directive_count; i++) {
		const struct directive *row = &directives[i];
		struct value value = { .build = build, .level = main_level, .directive = row };

		if (!row->usual || row->target == TARGET_SERVER || row->target == TARGET_NONE)
			continue;
		value.node = tree_from_text(build->tree, row->name, row->usual);
		row->type->parse(&value, target_on(build, main_level, row));
	}
}

void settings_inherit(struct settings *inner, const struct settings *outer)
{
	*inner = *outer;
	for (size_t i = 0; i < directive_count; i++) {
		const struct directive *row = &directives[i];

		if (row->target == TARGET_SETTINGS && row->inherit == INHERIT_NEVER)
			memset((char *)inner + row->offset, 0, row->size);
	}
}

void settings_complete(struct build *build, struct level *level)
{
	if (!level->outer)
		return;
	for (size_t i = 0; i < directive_count; i++) {
		const struct directive *row = &directives[i];
		char *own = (char *)level->settings;

		if (row->inherit != INHERIT_MERGE)
			continue;
		if (row->gate && !*(bool *)(own + row->gate)) {
			if (!level->set[i])
				memset(own + row->offset, 0, row->size);
		} else if (level->set[i]) {
			row->type->merge(build, own + row->offset,
			                 (char *)level->outer->settings + row->offset);
		}
	}
}

/* ---- a statement against its row ------------------------------------------------------------------- */

static void say_foreign(struct build *build, const struct node *node, const struct foreign *foreign)
{
	struct str name = node->name.text;
	struct diag_message *message;

	switch (foreign->kind) {
	case FOREIGN_IGNORED:
		message = diag_add(build->diag, DIAG_NOTE, node->name.at,
		                   "'%.*s' has no meaning here and is ignored", STR_ARG(name));
		break;
	case FOREIGN_REFUSED:
		message = diag_add(build->diag, DIAG_ERROR, node->name.at,
		                   "nginx's '%.*s' is not supported", STR_ARG(name));
		break;
	default:
		message = diag_add(build->diag, DIAG_ERROR, node->name.at,
		                   "'%.*s' is not available in this version", STR_ARG(name));
	}
	/* Such names come in dozens: a file of fastcgi_param is one mistake, not twenty. */
	if (!diag_fold(build->diag, message) && foreign->advice)
		diag_help(build->diag, message, "%s", foreign->advice);
}

static void say_unknown(struct build *build, const struct node *node)
{
	const struct foreign *foreign = foreign_find(node->name.text);
	struct diag_message *message;
	struct str near;

	if (foreign) {
		say_foreign(build, node, foreign);
		return;
	}
	message = diag_add(build->diag, DIAG_ERROR, node->name.at, "unknown directive '%.*s'",
	                   STR_ARG(node->name.text));
	if (!message) /* enough is shown */
		return;
	near = diag_nearest(node->name.text, directive_name_at, NULL);
	if (near.len > 0)
		diag_help(build->diag, message, "did you mean '%.*s'?", STR_ARG(near));
}

static const char *place_name(unsigned where)
{
	switch (where) {
	case DIRECTIVE_SERVER:
		return "in server";
	case DIRECTIVE_LOCATION:
		return "in location";
	case DIRECTIVE_EVENTS:
		return "in events";
	default:
		return "at the top level or in http";
	}
}

static bool check_place(struct build *build, unsigned where, const struct directive *row,
                        const struct node *node)
{
	struct diag_message *message;
	char memory[128];
	struct buf places = buf_fixed(memory, sizeof memory);

	if (row->where & where)
		return true;
	message = diag_add(build->diag, DIAG_ERROR, node->name.at, "'%.*s' can't stand %s",
	                   STR_ARG(row->name), place_name(where));
	for (unsigned bit = DIRECTIVE_MAIN; bit <= DIRECTIVE_LOCATION; bit <<= 1) {
		if (!(row->where & bit))
			continue;
		buf_text(&places, places.len > 0 ? " or " : "");
		buf_text(&places, place_name(bit));
	}
	diag_help(build->diag, message, "it belongs %.*s", (int)places.len, places.ptr);
	return false;
}

static void say_arity(struct build *build, const struct directive *row, const struct node *node)
{
	struct position at = node->arg_count > row->max ? node->args[row->max].at : node->name.at;
	struct diag_message *message;

	if (row->max == 0)
		message = diag_add(build->diag, DIAG_ERROR, at, "'%.*s' takes no arguments",
		                   STR_ARG(row->name));
	else if (row->min == row->max)
		message = diag_add(build->diag, DIAG_ERROR, at,
		                   "'%.*s' takes %u argument%s, not %zu", STR_ARG(row->name),
		                   row->min, row->min == 1 ? "" : "s", node->arg_count);
	else if (node->arg_count < row->min)
		message =
		        diag_add(build->diag, DIAG_ERROR, at, "'%.*s' takes at least %u argument%s",
		                 STR_ARG(row->name), row->min, row->min == 1 ? "" : "s");
	else
		message = diag_add(build->diag, DIAG_ERROR, at, "'%.*s' takes at most %u arguments",
		                   STR_ARG(row->name), row->max);
	diag_help(build->diag, message, "the form is: %.*s%s%s%s", STR_ARG(row->name),
	          *row->syntax ? " " : "", row->syntax, row->is_block ? "" : ";");
}

static bool check_shape(struct build *build, const struct directive *row, const struct node *node)
{
	if (node->arg_count < row->min ||
	    (row->max != DIRECTIVE_MANY && node->arg_count > row->max)) {
		say_arity(build, row, node);
		return false;
	}
	if (node->has_block && !row->is_block) {
		diag_add(build->diag, DIAG_ERROR, node->open, "'%.*s' takes no block",
		         STR_ARG(row->name));
		return false;
	}
	if (!node->has_block && row->is_block) {
		diag_add(build->diag, DIAG_ERROR, node->name.at, "'%.*s' needs a block in braces",
		         STR_ARG(row->name));
		return false;
	}
	return true;
}

/* Whether another row has put something into the same list on this level. */
static bool is_begun(const struct level *level, const struct directive *row)
{
	for (size_t i = 0; i < directive_count; i++) {
		const struct directive *other = &directives[i];

		if (level->set[i] && other != row && other->target == row->target &&
		    other->offset == row->offset && other->size == row->size)
			return true;
	}
	return false;
}

/* True where the statement may be read, and then recorded as a setter. */
static bool check_once(struct build *build, struct level *level, const struct directive *row,
                       const struct node *node)
{
	const struct node **first = &level->set[row - directives];

	if (!*first) {
		*first = node;
		if (row->repeatable && row->target == TARGET_SETTINGS && !is_begun(level, row))
			memset(target_on(build, level, row), 0, row->size);
		return true;
	}
	if (row->repeatable)
		return true;
	diag_relate(build->diag,
	            diag_add(build->diag, DIAG_ERROR, node->name.at,
	                     "'%.*s' stands here for a second time", STR_ARG(row->name)),
	            (*first)->name.at, "the first is here");
	return false;
}

void settings_apply(struct build *build, struct level *level, const struct node *node)
{
	const struct directive *row = directive_find(node->name.text);
	struct value value = { .build = build, .level = level, .directive = row, .node = node };

	if (!row) {
		say_unknown(build, node);
		return;
	}
	if (!check_place(build, level->where, row, node) || !check_shape(build, row, node))
		return;
	if (row->type && check_once(build, level, row, node))
		row->type->parse(&value, target_on(build, level, row));
}
