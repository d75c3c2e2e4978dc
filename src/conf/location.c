#include "conf/settings.h"

#include <stdlib.h>

/* The written form of a location: "= /a", "~*\.png$", "@name" taken apart. */
struct pattern {
	enum location_kind kind;
	bool ignore_case;
	const struct token *token;
	size_t offset; /* of the pattern in the token's text */
	struct str text;
};

static const struct {
	struct str mark;
	enum location_kind kind;
	bool ignore_case;
} modifiers[] = {
	{ STR("="), LOCATION_EXACT, false },
	{ STR("^~"), LOCATION_PREFIX_FINAL, false },
	{ STR("~*"), LOCATION_REGEX, true },
	{ STR("~"), LOCATION_REGEX, false },
};

enum { MODIFIER_COUNT = sizeof modifiers / sizeof *modifiers };

/* False where two arguments do not begin with a modifier. */
static bool split_pattern(const struct node *node, struct pattern *out)
{
	const struct token *first = &node->args[0], *last = &node->args[node->arg_count - 1];

	*out = (struct pattern){ .kind = LOCATION_PREFIX, .token = last, .text = last->text };
	for (size_t i = 0; i < MODIFIER_COUNT; i++) {
		struct str mark = modifiers[i].mark;

		if (node->arg_count == 2 ? !str_eq(first->text, mark)
		                         : !str_starts_with(first->text, mark))
			continue;
		out->kind = modifiers[i].kind;
		out->ignore_case = modifiers[i].ignore_case;
		out->offset = node->arg_count == 2 ? 0 : mark.len;
		out->text = str_from_index(last->text, out->offset);
		return true;
	}
	if (last->text.len > 0 && last->text.ptr[0] == '@')
		out->kind = LOCATION_NAMED;
	return node->arg_count == 1;
}

static bool check_written(struct build *build, const struct node *node, struct pattern *pattern)
{
	struct diag_message *message;
	bool split = split_pattern(node, pattern);

	if (!split) {
		message = diag_add(build->diag, DIAG_ERROR, node->args[0].at,
		                   "'%.*s' is no location modifier", STR_ARG(node->args[0].text));
		diag_help(build->diag, message, "there are: = ^~ ~ ~*");
		return false;
	}
	if (pattern->kind == LOCATION_REGEX || pattern->kind == LOCATION_NAMED) {
		if (pattern->text.len > (pattern->kind == LOCATION_NAMED ? 1u : 0u))
			return true;
		diag_add(build->diag, DIAG_ERROR, pattern->token->at, "an empty location pattern");
		return false;
	}
	if (pattern->text.len == 0 || pattern->text.ptr[0] != '/') {
		message = diag_add(build->diag, DIAG_ERROR, pattern->token->at,
		                   "a path begins with '/': this can never match");
		diag_help(build->diag, message, "write /%.*s, or ~ for a regular expression",
		          STR_ARG(pattern->text));
		return false;
	}
	return true;
}

/* Paths are decoded and put in order before they are matched. */
static void warn_unmatched(struct build *build, const struct pattern *pattern)
{
	static const struct {
		const char *part, *why;
	} rows[] = {
		{ "?", "the query is not part of what is matched" },
		{ "/./", "dots are resolved before" },
		{ "/../", "dots are resolved before" },
	};
	const char *why = NULL;

	for (size_t i = 0; i < sizeof rows / sizeof *rows && !why; i++) {
		if (strstr(pattern->text.ptr, rows[i].part))
			why = rows[i].why;
	}
	for (size_t i = 0; i + 2 < pattern->text.len && !why; i++) {
		if (pattern->text.ptr[i] == '%' && ascii_hex(pattern->text.ptr[i + 1]) >= 0 &&
		    ascii_hex(pattern->text.ptr[i + 2]) >= 0)
			why = "paths are decoded before: write the character itself";
	}
	if (why)
		diag_add(build->diag, DIAG_WARNING, pattern->token->at,
		         "this location can never match: %s", why);
}

/* Where a location may be nested (as in nginx). */
static bool check_nesting(struct build *build, const struct level *outer,
                          const struct pattern *pattern)
{
	const struct location *around = outer->location;
	const char *why = NULL;

	if (!around)
		return true;
	if (around->kind == LOCATION_EXACT || around->kind == LOCATION_NAMED)
		why = "no location can be inside an exact or a named one";
	else if (pattern->kind == LOCATION_NAMED)
		why = "a named location belongs directly in server";
	else if (pattern->kind != LOCATION_REGEX && around->kind == LOCATION_REGEX)
		why = "only regular expressions can be inside a regular expression";
	else if (pattern->kind != LOCATION_REGEX &&
	         !str_starts_with(pattern->text, around->pattern))
		why = "it lies outside of the location around it";
	if (!why)
		return true;
	diag_relate(build->diag, diag_add(build->diag, DIAG_ERROR, pattern->token->at, "%s", why),
	            around->at, "the location around it");
	return false;
}

int server_find_named(const struct server_conf *server, struct str name)
{
	for (size_t i = 0; i < server->named_count; i++) {
		if (str_eq(server->named[i]->pattern, name))
			return (int)i;
	}
	return CONFIG_NONE;
}

void build_named(struct build *build, struct server_conf *server, const struct node *nodes)
{
	struct {
		struct location **items;
		size_t count;
	} list = { NULL, 0 };

	for (const struct node *node = nodes; node && list.count <= BUILD_UNSORTED_MAX;
	     node = node->next) {
		struct location *location;

		if (!node_is(node, "location") || node->arg_count != 1 || !node->has_block ||
		    node->args[0].text.len < 2 || node->args[0].text.ptr[0] != '@')
			continue;
		location = arena_zero(build->arena, sizeof *location);
		location->pattern = node->args[0].text;
		location->at = node->args[0].at;
		*LIST_ADD(build->arena, &list) = location;
	}
	server->named = list.items;
	server->named_count = list.count;
}

/* The place of a location that build_named() has made, recognised by where it stands. */
static struct location *named_at(const struct server_conf *server, struct position at)
{
	for (size_t i = 0; i < server->named_count; i++) {
		struct location *location = server->named[i];

		if (location->at.source == at.source && location->at.line == at.line &&
		    location->at.column == at.column)
			return location;
	}
	return NULL;
}

static struct location *new_location(struct build *build, const struct level *outer,
                                     const struct pattern *pattern)
{
	struct location *location = NULL;

	if (pattern->kind == LOCATION_NAMED)
		location = named_at(outer->server, pattern->token->at);
	if (!location)
		location = arena_zero(build->arena, sizeof *location);
	location->kind = pattern->kind;
	location->pattern = pattern->text;
	location->ignore_case = pattern->ignore_case;
	location->server = outer->server;
	location->at = pattern->token->at;
	if (pattern->kind == LOCATION_REGEX)
		location->regex =
		        build_regex(build, pattern->token, pattern->offset, pattern->ignore_case);
	else if (pattern->kind != LOCATION_NAMED)
		warn_unmatched(build, pattern);
	build_register(build, location);
	return location;
}

static struct location *build_location(struct build *build, struct level *outer,
                                       const struct node *node)
{
	struct pattern pattern;
	struct location *location;
	struct level level;

	if (node->arg_count < 1 || node->arg_count > 2) {
		settings_apply(build, outer, node); /* says so */
		return NULL;
	}
	if (!check_written(build, node, &pattern) || !check_nesting(build, outer, &pattern))
		return NULL;
	if (!build_has_room(build, pattern.token->at))
		return NULL;
	location = new_location(build, outer, &pattern);
	level_open(build, &level, outer, DIRECTIVE_LOCATION, &location->settings);
	level.location = location;
	level_read(build, &level, node->children);
	build_locations(build, &level, node->children, &location->inner);
	check_level(build, &level, node->children);
	return location;
}

/* ---- the search set ---------------------------------------------------------------------------------- */

struct location_list {
	struct location **items;
	size_t count;
};

static int compare_locations(const void *a, const void *b)
{
	const struct location *left = *(struct location *const *)a;
	const struct location *right = *(struct location *const *)b;
	int order = str_compare(left->pattern, right->pattern);

	return order != 0 ? order : left->id < right->id ? -1 : 1;
}

static void say_twice(struct build *build, const struct location *first,
                      const struct location *second)
{
	diag_relate(build->diag,
	            diag_add(build->diag, DIAG_ERROR, second->at,
	                     "the location '%.*s' stands here for a second time",
	                     STR_ARG(second->pattern)),
	            first->at, "the first is here");
}

static void sort_list(struct build *build, struct location_list *list)
{
	if (list->count < 2)
		return;
	qsort(list->items, list->count, sizeof *list->items, compare_locations);
	for (size_t i = 1; i < list->count; i++) {
		if (str_eq(list->items[i - 1]->pattern, list->items[i]->pattern))
			say_twice(build, list->items[i - 1], list->items[i]);
	}
}

static void check_same_regex(struct build *build, const struct location_list *list)
{
	for (size_t i = 1; i < list->count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (list->items[k]->ignore_case == list->items[i]->ignore_case &&
			    str_eq(list->items[k]->pattern, list->items[i]->pattern)) {
				say_twice(build, list->items[k], list->items[i]);
				break;
			}
		}
	}
}

static void check_same_name(struct build *build, const struct server_conf *server)
{
	for (size_t i = 1; i < server->named_count; i++) {
		int first = server_find_named(server, server->named[i]->pattern);

		if ((size_t)first < i)
			say_twice(build, server->named[first], server->named[i]);
	}
}

/*
 * In sorted order every prefix comes before what begins with it, so the nearest candidate is the
 * neighbour, and the next ones are that one's own parents.
 */
static int *link_parents(struct build *build, const struct location_list *prefixes)
{
	int *parents = arena_alloc(build->arena, (prefixes->count + 1) * sizeof *parents);

	for (size_t i = 0; i < prefixes->count; i++) {
		int parent = (int)i - 1;

		while (parent >= 0 && !str_starts_with(prefixes->items[i]->pattern,
		                                       prefixes->items[parent]->pattern))
			parent = parents[parent];
		parents[i] = parent;
	}
	return parents;
}

void build_locations(struct build *build, struct level *outer, const struct node *nodes,
                     struct location_set *set)
{
	struct location_list lists[LOCATION_NAMED + 1] = { { NULL, 0 } };

	for (const struct node *node = nodes; node; node = node->next) {
		struct location *location;
		enum location_kind kind;

		if (lists[LOCATION_REGEX].count > BUILD_UNSORTED_MAX ||
		    outer->server->named_count > BUILD_UNSORTED_MAX) {
			diag_add(build->diag, DIAG_ERROR, node->name.at,
			         "more than %d regular expressions or named locations",
			         BUILD_UNSORTED_MAX);
			break;
		}
		if (!node_is(node, "location") || !node->has_block)
			continue;
		location = build_location(build, outer, node);
		if (!location)
			continue;
		kind = location->kind == LOCATION_PREFIX_FINAL ? LOCATION_PREFIX : location->kind;
		*LIST_ADD(build->arena, &lists[kind]) = location;
	}
	sort_list(build, &lists[LOCATION_EXACT]);
	sort_list(build, &lists[LOCATION_PREFIX]);
	check_same_regex(build, &lists[LOCATION_REGEX]);
	if (outer->where == DIRECTIVE_SERVER)
		check_same_name(build, outer->server);
	*set = (struct location_set){
		.exact = lists[LOCATION_EXACT].items,
		.exact_count = lists[LOCATION_EXACT].count,
		.prefixes = lists[LOCATION_PREFIX].items,
		.prefix_count = lists[LOCATION_PREFIX].count,
		.parents = link_parents(build, &lists[LOCATION_PREFIX]),
		.regexes = lists[LOCATION_REGEX].items,
		.regex_count = lists[LOCATION_REGEX].count,
	};
}
