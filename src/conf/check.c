#include "conf/settings.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Known traps. Each is a warning: the configuration is well-formed, and does something else than meant. */

static const struct token *only_arg(const struct level *level, const char *name)
{
	const struct node *node = level_setter(level, name);

	return node && node->arg_count > 0 ? &node->args[0] : NULL;
}

static void warn_dir(struct build *build, const struct level *level, const char *name, int mode,
                     const char *what)
{
	const struct token *arg = only_arg(level, name);
	struct str path;
	struct stat st;

	if (!arg || arg->text.len == 0)
		return;
	path = build_path(build, arg->text);
	if (stat(path.ptr, &st) == 0 && S_ISDIR(st.st_mode) && !build_may(build, path, mode))
		diag_add(build->diag, DIAG_WARNING, arg->at, "'%.*s' is not %s%s%.*s",
		         STR_ARG(path), what, build->config->user.len > 0 ? " for user " : "",
		         STR_ARG(build->config->user));
}

/* nginx joins the strings; here whole segments are replaced, but the file may be meant for both. */
static void warn_slash(struct build *build, const struct level *level)
{
	const struct token *arg = only_arg(level, "alias");
	const struct location *location = level->location;
	bool in_alias, in_pattern;

	if (!arg || arg->text.len == 0 || level->settings->base.file.len > 0 ||
	    (location->kind != LOCATION_PREFIX && location->kind != LOCATION_PREFIX_FINAL))
		return;
	in_alias = arg->text.ptr[arg->text.len - 1] == '/';
	in_pattern = location->pattern.ptr[location->pattern.len - 1] == '/';
	if (in_alias == in_pattern)
		return;
	diag_relate(build->diag,
	            diag_add(build->diag, DIAG_WARNING, arg->at,
	                     "alias and location disagree on the final slash"),
	            location->at, "the location is here");
}

/* An error page may still lead there. */
static bool is_named(const struct node *node)
{
	return node_is(node, "location") && node->arg_count == 1 && node->args[0].text.len > 0 &&
	       node->args[0].text.ptr[0] == '@';
}

static void warn_after_return(struct build *build, const struct level *level,
                              const struct node *nodes)
{
	const struct node *first = level_setter(level, "return");
	bool behind = false;

	for (const struct node *node = nodes; node && first; node = node->next) {
		const struct directive *row = directive_find(node->name.text);

		if (behind && row && row->is_content && !is_named(node))
			diag_relate(build->diag,
			            diag_add(build->diag, DIAG_WARNING, node->name.at,
			                     "'%.*s' can never act: the return above answers "
			                     "everything",
			                     STR_ARG(row->name)),
			            first->name.at, "it is here");
		behind |= node == first;
	}
}

static bool writes(const struct settings *settings)
{
	unsigned changing = METHOD_BIT(METHOD_PUT) | METHOD_BIT(METHOD_DELETE);

	return !settings->methods.is_set || (settings->methods.mask & changing) != 0;
}

static void warn_open_store(struct build *build, const struct level *level)
{
	const struct node *node = level_setter(level, "upload_store");
	struct diag_message *message;

	if (!node || level->settings->store == CONFIG_NONE || !writes(level->settings) ||
	    level->settings->access.count > 0 || level->settings->auth.is_on)
		return;
	message = diag_add(build->diag, DIAG_WARNING, node->name.at,
	                   "PUT and DELETE are open to everybody here");
	diag_help(
	        build->diag, message,
	        "auth_basic, or allow and deny, say who may; `methods GET POST;` leaves them out");
}

/* Not a trap, for many want it so; but others read there what is asked for and how often it fails. */
static void note_open_figures(struct build *build, const struct level *level)
{
	const struct settings *settings = level->settings;
	const struct node *node = level_setter(level, "status");

	node = node ? node : level_setter(level, "stub_status");
	if (!node || settings->status == STATUS_OFF || settings->ret.code != 0 ||
	    settings->access.count > 0 || settings->auth.is_on || settings->is_internal)
		return;
	diag_help(build->diag,
	          diag_add(build->diag, DIAG_NOTE, node->name.at,
	                   "everybody may see the server's figures here"),
	          "auth_basic, or allow and deny, say who may");
}

/* A list that ends in allow does nothing there: who is in no rule is let in. */
static void warn_open_list(struct build *build, const struct level *level)
{
	const struct node *node = level_setter(level, "allow");
	const struct access_list *list = &level->settings->access;

	if (!node || list->count == 0 || !list->items[list->count - 1].allow ||
	    list->items[list->count - 1].range.family == AF_UNSPEC)
		return;
	diag_help(build->diag,
	          diag_add(build->diag, DIAG_WARNING, node->name.at,
	                   "an allow list without deny all: everybody is let in"),
	          "`deny all;` behind it");
}

/* The directory that the location's own path leads to, links resolved; NULL where there is none. */
static char *directory_of(struct build *build, const struct level *level)
{
	const struct file_base *base = &level->settings->base;
	struct str dir = build->config->dirs.items[base->dir].path;
	struct buf path = buf_in_arena(build->scratch, PATH_MAX_BYTES);

	buf_add(&path, dir);
	if (!base->is_alias)
		buf_add(&path, level->location->pattern);
	buf_byte(&path, '\0');
	return realpath(path.ptr, NULL);
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static void warn_elsewhere(struct build *build, const struct level *level)
{
	const struct token *arg = only_arg(level, "upload_store");
	char *here, *store;

	if (!arg || level->settings->store == CONFIG_NONE || !writes(level->settings) ||
	    level->location->kind > LOCATION_PREFIX_FINAL || level->settings->base.file.len > 0)
		return;
	here = directory_of(build, level);
	store = realpath(build->config->dirs.items[level->settings->store].path.ptr, NULL);
	if (store && (!here || (!is_below(here, store) && !is_below(store, here))))
		diag_help(build->diag,
		          diag_add(build->diag, DIAG_WARNING, arg->at,
		                   "the URIs of this location do not lead into its store: PUT and "
		                   "DELETE will answer 403"),
		          "give it the alias %s/ or leave PUT and DELETE out of methods", store);
	free(here);
	free(store);
}

static void warn_links(struct build *build, const struct level *level)
{
	const struct token *arg = only_arg(level, "disable_symlinks");

	if (arg && (level->settings->links == PATH_LINKS_OWNER ||
	            level->settings->links == PATH_LINKS_ALL))
		diag_add(build->diag, DIAG_WARNING, arg->at,
		         "links may lead out of the root: the confinement is widened to all files");
}

/* Whether a server's own settings answer for anything: not where a location takes every path. */
static bool answers_itself(const struct location *self)
{
	const struct location_set *set = &self->server->locations;

	for (size_t i = 0; i < set->prefix_count; i++) {
		if (set->prefixes[i]->pattern.len == 1)
			return false;
	}
	return true;
}

void check_level(struct build *build, const struct level *level, const struct node *nodes)
{
	warn_dir(build, level, "root", R_OK | X_OK, "readable");
	warn_links(build, level);
	warn_after_return(build, level, nodes);
	warn_open_list(build, level);
	if (level->where == DIRECTIVE_LOCATION ||
	    (level->where == DIRECTIVE_SERVER && answers_itself(&level->server->self)))
		check_auth_level(build, level);
	if (level->where != DIRECTIVE_LOCATION)
		return;
	warn_dir(build, level, "alias", R_OK | X_OK, "readable");
	warn_dir(build, level, "upload_store", W_OK | X_OK, "writable");
	warn_slash(build, level);
	warn_open_store(build, level);
	note_open_figures(build, level);
	warn_elsewhere(build, level);
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

bool check_needs_files(const struct location *location)
{
	const struct settings *settings = &location->settings;

	if (settings->ret.code != 0 || settings->cgi_pass.program.len > 0 ||
	    settings->status != STATUS_OFF)
		return false;
	return location->kind != LOCATION_SERVER || answers_itself(location);
}

/* The root that nobody asked for is looked at only where files would come from it. */
static void check_default_root(struct build *build)
{
	struct config *config = build->config;
	struct str path;
	struct stat st;

	if (build->default_root == CONFIG_NONE)
		return;
	path = config->dirs.items[build->default_root].path;
	if (stat(path.ptr, &st) == 0 && S_ISDIR(st.st_mode))
		return;
	config->missing_root = build->default_root;
	for (size_t i = 0; i < config->locations.len; i++) {
		const struct location *location = config->locations.items[i];

		if (location->settings.base.dir != build->default_root ||
		    !check_needs_files(location))
			continue;
		diag_help(build->diag,
		          diag_add(build->diag, DIAG_WARNING, location->at,
		                   "no root is given here, and the default '%.*s' does not exist",
		                   STR_ARG(path)),
		          "root DIR;");
		return;
	}
}

/* A confined worker may rename nothing, and there is no supervisor to do it. */
static void warn_rotation(struct build *build)
{
	const struct config *config = build->config;

	for (size_t i = 0; i < config->logs.len && !config->master_process; i++)
		if (config->logs.items[i].options.rotate > 0)
			diag_add(build->diag, DIAG_WARNING, config->logs.items[i].options_at,
			         "nothing is rotated with master_process off");
}

void check_config(struct build *build)
{
	warn_rotation(build);
	check_default_root(build);
	check_auth_files(build);
	check_sources(build);
	if (build->diag->errors == 0 && geteuid() == 0 && build->config->user.len == 0)
		diag_help(build->diag,
		          diag_add(build->diag, DIAG_WARNING, (struct position){ .source = NULL },
		                   "the server is started as root and has no 'user': everything "
		                   "would run as root"),
		          "user www-data;");
}
