#include "conf/settings.h"

#include <dirent.h>

/*
 * A program's source that would be sent to everybody, because nothing runs it where it lies: what moving a site
 * from a server that runs PHP by itself comes to. Only the top of a root is looked at, and not where listings are on:
 * there sources are meant to be read.
 */

enum {
	SOURCES_LOOKS = 64,    /* locations that are looked at */
	SOURCES_ENTRIES = 400, /* of a directory */
	SOURCES_NAME_MAX = 255
};

static const struct str source_extension = STR(".php");

/* ---- who would answer ----------------------------------------------------------------------------------- */

static bool runs_it(const struct settings *settings)
{
	for (size_t i = 0; i < settings->cgi.count; i++)
		if (str_eq(settings->cgi.items[i].extension, source_extension))
			return true;
	return false;
}

static bool lets_nobody_in(const struct access_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].allow)
			return false;
	return list->count > 0;
}

static bool sends_as_is(const struct location *location)
{
	const struct settings *settings = &location->settings;

	return settings->ret.code == 0 && settings->cgi_pass.program.len == 0 &&
	       settings->status == STATUS_OFF && settings->store == CONFIG_NONE &&
	       !settings->autoindex && !settings->is_internal && !runs_it(settings) &&
	       !lets_nobody_in(&settings->access) &&
	       (!settings->methods.is_set ||
	        (settings->methods.mask & METHOD_BIT(METHOD_GET)) != 0);
}

static const struct location *first_regex(const struct location_set *set, const char *uri)
{
	for (size_t i = 0; i < set->regex_count; i++)
		if (set->regexes[i]->regex && regexec(set->regexes[i]->regex, uri, 0, NULL, 0) == 0)
			return set->regexes[i];
	return NULL;
}

/* Whether a longer prefix, or an exact location, takes the path away: it is looked at by itself. */
static bool is_taken(const struct location_set *set, const struct location *location,
                     struct str uri)
{
	for (size_t i = 0; i < set->exact_count; i++)
		if (str_eq(set->exact[i]->pattern, uri))
			return true;
	for (size_t i = 0; i < set->prefix_count; i++)
		if (set->prefixes[i]->pattern.len > location->pattern.len &&
		    str_starts_with(uri, set->prefixes[i]->pattern))
			return true;
	return false;
}

/* Whether the file of this name at the top of the location's directory would be sent. uri: a C string. */
static bool is_exposed(const struct location *location, struct str uri)
{
	const struct location_set *all = &location->server->locations;
	const struct location *regex;

	if (is_taken(&location->inner, location, uri) || is_taken(all, location, uri))
		return false;
	regex = first_regex(&location->inner, uri.ptr);
	if (!regex && location->kind != LOCATION_PREFIX_FINAL)
		regex = first_regex(all, uri.ptr);
	return sends_as_is(regex ? regex : location);
}

/* ---- what lies there ------------------------------------------------------------------------------------- */

static struct str joined(struct build *build, struct str a, struct str b)
{
	struct buf path = buf_in_arena(build->scratch, a.len + b.len + 2);

	buf_add(&path, a);
	if (a.len == 0 || a.ptr[a.len - 1] != '/')
		buf_byte(&path, '/');
	buf_add(&path, b);
	buf_byte(&path, '\0');
	path.len--;
	return buf_str(&path);
}

/* The first of such names in the order of the alphabet, among those that were looked at; empty: none. */
static struct str find_source(struct build *build, struct str dir)
{
	char best[SOURCES_NAME_MAX + 1] = "";
	DIR *stream = opendir(dir.ptr);
	struct dirent *entry;

	for (unsigned i = 0; stream && i < SOURCES_ENTRIES && (entry = readdir(stream)); i++) {
		struct str name = str_from(entry->d_name);

		if (entry->d_type != DT_DIR && name.ptr[0] != '.' && name.len <= SOURCES_NAME_MAX &&
		    str_ends_with(name, source_extension) &&
		    (!best[0] || strcmp(name.ptr, best) < 0))
			memcpy(best, name.ptr, name.len + 1);
	}
	if (stream)
		closedir(stream);
	return arena_str(build->scratch, str_from(best));
}

static void warn_source(struct build *build, const struct location *location, struct str what,
                        const char *where)
{
	diag_help(
	        build->diag,
	        diag_add(build->diag, DIAG_WARNING, location->at,
	                 "'%.*s'%s is not run here: its source would be sent as it is",
	                 STR_ARG(what), where),
	        "cgi .php php-cgi; runs it, and location ~ \\.php$ { return 404; } keeps it back");
}

/* A source at the top of the directory. */
static bool check_files(struct build *build, const struct location *location)
{
	const struct file_base *base = &location->settings.base;
	struct str dir = build->config->dirs.items[base->dir].path, name, uri;

	if (base->file.len > 0)
		return false;
	name = find_source(build, base->is_alias || location->kind == LOCATION_SERVER
	                                  ? dir
	                                  : joined(build, dir, location->pattern));
	uri = joined(build, location->pattern, name);
	if (name.len == 0 || !is_exposed(location, uri))
		return false;
	warn_source(build, location, name, "");
	return true;
}

/* A source that shall stand for the directory, be it there already or not. */
static void check_index(struct build *build, const struct location *location)
{
	const struct str_list *index = &location->settings.index;

	for (size_t i = 0; i < index->count; i++) {
		struct str name = index->items[i];

		if (!str_ends_with(name, source_extension) || name.ptr[0] == '/' ||
		    !is_exposed(location, joined(build, location->pattern, name)))
			continue;
		warn_source(build, location, name, ", which index names,");
		return;
	}
}

/* False: enough were looked at. */
static bool check_location(struct build *build, const struct location *location, size_t *looks)
{
	if (!check_needs_files(location))
		return true;
	if ((*looks)++ == SOURCES_LOOKS)
		return false;
	if (!check_files(build, location))
		check_index(build, location);
	return true;
}

/* Where a regular expression's files lie only a request tells; what is nested mostly inherits. */
void check_sources(struct build *build)
{
	const struct config *config = build->config;
	size_t looks = 0;

	for (size_t i = 0; i < config->servers.len && build->diag->errors == 0; i++) {
		const struct server_conf *server = config->servers.items[i];

		if (!check_location(build, &server->self, &looks))
			return;
		for (size_t k = 0; k < server->locations.prefix_count; k++)
			if (!check_location(build, server->locations.prefixes[k], &looks))
				return;
	}
}
