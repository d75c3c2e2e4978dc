#include "conf/build.h"

#include "conf/settings.h"

#include <unistd.h>

bool node_is(const struct node *node, const char *name)
{
	return str_eq(node->name.text, str_from(name));
}

void level_open(struct build *build, struct level *level, struct level *outer, unsigned where,
                struct settings *settings)
{
	*level = (struct level){ .outer = outer, .where = where, .settings = settings };
	level->set = arena_zero(build->scratch, directive_count * sizeof *level->set);
	if (!outer)
		return;
	level->server = outer->server;
	level->location = outer->location;
	settings_inherit(settings, outer->settings);
}

static bool is_early(const struct node *node)
{
	const struct directive *row = directive_find(node->name.text);

	return row && row->is_early;
}

/* Blocks that become levels of their own; where they may not stand, settings_apply() says so. */
static bool is_level(const struct level *level, const struct node *node)
{
	if (!node->has_block)
		return false;
	if (node_is(node, "location"))
		return level->where & (DIRECTIVE_SERVER | DIRECTIVE_LOCATION);
	return node_is(node, "server") && level->where == DIRECTIVE_MAIN;
}

/* The wrappers that nginx files have around everything. */
static bool is_wrapper(const struct level *level, const struct node *node)
{
	return level->where == DIRECTIVE_MAIN && node->has_block && node->arg_count == 0 &&
	       (node_is(node, "http") || node_is(node, "events"));
}

static void read_pass(struct build *build, struct level *level, const struct node *nodes,
                      bool early)
{
	unsigned where = level->where;

	for (const struct node *node = nodes; node; node = node->next) {
		if (is_wrapper(level, node)) {
			if (node_is(node, "events"))
				level->where = DIRECTIVE_EVENTS;
			read_pass(build, level, node->children, early);
			level->where = where;
		} else if (!is_level(level, node) && is_early(node) == early) {
			if (level->statements++ == BUILD_STATEMENTS_MAX)
				diag_add(build->diag, DIAG_ERROR, node->name.at,
				         "more than %d directives in one block",
				         BUILD_STATEMENTS_MAX);
			if (level->statements <= BUILD_STATEMENTS_MAX)
				settings_apply(build, level, node);
		}
	}
}

/*
 * An error_page of the main level may name a location that each server has for itself: the list is
 * copied for each server, with the numbers that its own names have.
 */
static void bind_error_pages(struct build *build, struct level *level)
{
	struct error_page_list *list = &level->settings->error_pages, bound = { NULL, 0 };
	const struct node *setter = level_setter(level->outer, "error_page");

	if (level->where != DIRECTIVE_SERVER || level_setter(level, "error_page") || !setter)
		return;
	for (size_t i = 0; i < list->count; i++) {
		struct error_page *page = LIST_ADD(build->arena, &bound);
		struct str uri = list->items[i].uri.source;

		*page = list->items[i];
		if (uri.ptr[0] != '@')
			continue;
		page->named = server_find_named(level->server, uri);
		if (page->named == CONFIG_NONE)
			diag_relate(build->diag,
			            diag_add(build->diag, DIAG_ERROR, setter->name.at,
			                     "a server has no location '%.*s'", STR_ARG(uri)),
			            level->server->at, "this server");
	}
	*list = bound;
}

/* What decide() can't answer alone. */
static bool needs_gate(const struct settings *settings)
{
	return settings->limit_conn.most > 0 || settings->limit_req.rate > 0 ||
	       settings->auth.is_on;
}

void level_read(struct build *build, struct level *level, const struct node *nodes)
{
	read_pass(build, level, nodes, true);
	read_pass(build, level, nodes, false);
	settings_complete(build, level);
	level->settings->is_gated = needs_gate(level->settings);
	if (level->outer)
		bind_error_pages(build, level);
}

bool build_has_room(struct build *build, struct position at)
{
	if (build->config->locations.len < BUILD_LOCATIONS_MAX)
		return true;
	if (!build->is_full)
		diag_add(build->diag, DIAG_ERROR, at, "more than %d servers and locations",
		         BUILD_LOCATIONS_MAX);
	build->is_full = true;
	return false;
}

void build_register(struct build *build, struct location *location)
{
	location->id = (uint32_t)build->config->locations.len;
	*VEC_PUSH(build->arena, &build->config->locations) = location;
}

static void build_server(struct build *build, struct level *outer, const struct node *node)
{
	struct server_conf *server = arena_zero(build->arena, sizeof *server);
	struct level level;

	if (node->arg_count > 0)
		diag_help(build->diag,
		          diag_add(build->diag, DIAG_ERROR, node->args[0].at,
		                   "'server' takes no arguments"),
		          "names go into server_name, addresses into listen");
	server->at = node->name.at;
	server->id = (uint32_t)build->config->servers.len;
	*VEC_PUSH(build->arena, &build->config->servers) = server;
	server->self.kind = LOCATION_SERVER;
	server->self.server = server;
	server->self.at = node->name.at;
	build_register(build, &server->self);
	build->server_names.items = NULL;
	build->server_names.count = 0;
	level_open(build, &level, outer, DIRECTIVE_SERVER, &server->self.settings);
	level.server = server;
	build_named(build, server, node->children);
	level_read(build, &level, node->children);
	build_listeners(build, &level);
	build_locations(build, &level, node->children, &server->locations);
	check_level(build, &level, node->children);
}

static void build_servers(struct build *build, struct level *main_level, const struct node *nodes)
{
	for (const struct node *node = nodes; node; node = node->next) {
		if (is_wrapper(main_level, node) && node_is(node, "http"))
			build_servers(build, main_level, node->children);
		else if (is_level(main_level, node) && build_has_room(build, node->name.at))
			build_server(build, main_level, node);
	}
}

void build_config(struct build *build, const struct node *tree)
{
	struct level main_level;

	level_open(build, &main_level, NULL, DIRECTIVE_MAIN, &build->config->settings);
	build->default_root = CONFIG_NONE;
	build->config->missing_root = CONFIG_NONE;
	build->config->settings.store = CONFIG_NONE;
	build->config->settings.auth_file = CONFIG_NONE;
	build_formats(build);
	settings_defaults(build, &main_level);
	level_read(build, &main_level, tree);
	check_level(build, &main_level, tree);
	build_servers(build, &main_level, tree);
	build_limits(build);
	build_covers(build);
	if (build->config->servers.len == 0 && build->diag->errors == 0)
		diag_help(build->diag,
		          diag_add(build->diag, DIAG_ERROR, (struct position){ .source = NULL },
		                   "%.*s: there is no server", STR_ARG(build->config->path)),
		          "server { listen 8080; root DIR; }");
	check_config(build);
}
