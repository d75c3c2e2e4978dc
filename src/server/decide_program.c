#include "server/decide_steps.h"
#include "server/request.h"
#include "server/trace.h"

/* The first extension rule for the part of the path that ends at `end`. */
static const struct cgi_rule *program_rule(const struct request *r, struct str path)
{
	const struct cgi_rule_list *rules = &request_settings(r)->cgi;

	for (size_t i = 0; i < rules->count; i++)
		if (str_ends_with(path, rules->items[i].extension) &&
		    path.len > rules->items[i].extension.len)
			return &rules->items[i];
	return NULL;
}

/* The end of the next segment behind `from`; past the path's end: 0. */
static size_t program_next_end(struct str path, size_t from)
{
	size_t rest;

	if (from >= path.len)
		return 0;
	rest = str_find(str_from_index(path, from + 1), '/');
	return from + 1 + rest;
}

bool decide_path_is_program(const struct request *r, struct str path)
{
	return program_rule(r, path) != NULL;
}

bool decide_names_program(const struct request *r)
{
	struct str path = r->target.path;

	if (request_settings(r)->cgi.count == 0)
		return false;
	for (size_t end = program_next_end(path, 0); end > 0; end = program_next_end(path, end))
		if (program_rule(r, str_head(path, end)))
			return true;
	return false;
}

/* PATH_INFO gets encoded slashes decoded (RFC 3875 section 4.1.5): the program may do with them as it likes. */
static struct str program_path_info(struct request *r, struct str rest)
{
	struct str copy = arena_str(&r->arena, rest);

	for (size_t i = 0; copy.ptr && i < copy.len; i++)
		if (copy.ptr[i] == '\0')
			((char *)(uintptr_t)copy.ptr)[i] = '/';
	return copy;
}

static enum decided program_decide(struct request *r, const struct command *command,
                                   size_t script_len)
{
	struct str path = r->target.path;

	if (decide_answers(r, METHOD_BIT(METHOD_POST)) != DECIDE_ON)
		return DECIDED;
	r->decision.kind = DECIDE_CGI;
	r->decision.command = command;
	r->decision.script_name = arena_str(&r->arena, str_head(path, script_len));
	r->decision.path_info = program_path_info(r, str_from_index(path, script_len));
	if (!r->decision.script_name.ptr || !r->decision.path_info.ptr)
		return decide_error(r, 500, "out of memory");
	return DECIDED;
}

/* A ScriptAlias: the location's prefix is the program's name, without its final slash. */
enum decided decide_cgi_pass(struct request *r)
{
	const struct location *l = r->location;
	size_t len = l->kind == LOCATION_PREFIX || l->kind == LOCATION_PREFIX_FINAL ||
	                             l->kind == LOCATION_EXACT
	                     ? l->pattern.len
	                     : 0;

	if (len > 0 && l->pattern.ptr[len - 1] == '/')
		len--;
	r->decision.is_whole_location = true;
	return program_decide(r, &request_settings(r)->cgi_pass, len);
}

/* The script named by the path up to `end`, if there is one. */
static enum decided script_at(struct request *r, struct file_view *view, size_t end)
{
	struct str uri = str_head(r->target.path, end), path, rest;
	const struct cgi_rule *rule = program_rule(r, uri);
	struct file *file;
	int dir;

	if (!rule || !decide_locate(r, uri, &dir, &path))
		return DECIDE_ON;
	path = arena_str(&r->arena, path);
	file = path.ptr ? decide_open(r, view, dir, path) : NULL;
	if (!file)
		return decide_error(r, 500, "out of memory");
	if (file->kind == FILE_FORBIDDEN)
		return decide_error(r, 403, "the script may not be read");
	if (file->kind != FILE_REGULAR)
		return DECIDE_ON;
	/* What came in through an upload is never run, whatever its name. */
	if (decide_store_of(r->config, dir, path, &r->arena, &rest) != CONFIG_NONE) {
		TRACE(r, "cgi", "it lies in an upload_store: nothing there is ever run");
		return DECIDE_ON;
	}
	TRACE(r, "cgi", "%.*s files are run here", STR_ARG(rule->extension));
	r->decision.file = file;
	r->decision.dir = dir;
	r->decision.path = path;
	return program_decide(r, rule->command.program.len > 0 ? &rule->command : NULL, end);
}

enum decided decide_script(struct request *r, struct file_view *view)
{
	struct str path = r->target.path;

	if (request_settings(r)->cgi.count == 0)
		return DECIDE_ON;
	for (size_t end = program_next_end(path, 0); end > 0; end = program_next_end(path, end)) {
		enum decided d = script_at(r, view, end);

		if (d != DECIDE_ON)
			return d;
	}
	return DECIDE_ON;
}
