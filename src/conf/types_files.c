#include "conf/types.h"

#include <errno.h>
#include <sys/stat.h>

bool value_is_kind(const struct value *v, const struct token *arg, struct str path, bool directory)
{
	struct diag_message *message;
	struct stat st;

	if (stat(path.ptr, &st) != 0) {
		message = value_error(v, arg, "'%.*s': %s", STR_ARG(path), strerror(errno));
		if (errno == ENOENT && arg->text.len > 0 && arg->text.ptr[0] != '/')
			diag_help(v->build->diag, message, "relative paths begin at %.*s",
			          STR_ARG(v->build->config->prefix));
		return false;
	}
	if (directory == S_ISDIR(st.st_mode))
		return true;
	value_error(v, arg, "'%.*s' is %s directory", STR_ARG(path), directory ? "no" : "a");
	return false;
}

static bool is_directory(struct str path)
{
	struct stat st;

	return stat(path.ptr, &st) == 0 && S_ISDIR(st.st_mode);
}

/* One level has one of root and alias. */
static bool check_other(const struct value *v, const char *other)
{
	const struct directive *row = directive_find(str_from(other));
	const struct node *first = v->level->set[row - directives];

	if (!first)
		return true;
	diag_relate(v->build->diag,
	            value_error(v, &v->node->name, "'root' and 'alias' exclude each other"),
	            first->name.at, "'%s' is here", other);
	return false;
}

static bool check_path(const struct value *v, const struct token *arg, struct str *path)
{
	if (!value_is_constant(v, arg))
		return false;
	if (arg->text.len == 0) {
		value_error(v, arg, "an empty path");
		return false;
	}
	*path = build_path(v->build, arg->text);
	return true;
}

static bool parse_root(const struct value *v, void *target)
{
	const struct token *arg = &v->node->args[0];
	struct file_base *base = target;
	struct str path;

	if (!check_path(v, arg, &path) || !check_other(v, "alias"))
		return false;
	/* The root nobody asked for may be missing; check.c says so where it is needed. */
	if (!v->node->is_default && !value_is_kind(v, arg, path, true))
		return false;
	*base = (struct file_base){ .dir = build_dir(v->build, path) };
	if (v->node->is_default)
		v->build->default_root = base->dir;
	return true;
}

static bool print_root(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct file_base *base = target;

	/* A default that is missing can't be asked for. */
	if (i > 0 || base->is_alias || base->dir == shown->config->missing_root)
		return false;
	text_print_word(out, shown->config->dirs.items[base->dir].path);
	return true;
}

const struct value_type value_root = { .parse = parse_root, .print = print_root };

static bool alias_of_file(const struct value *v, struct str path, struct file_base *base)
{
	size_t slash = str_find_last(path, '/');
	struct str dir = str_head(path, slash > 0 ? slash : 1);

	base->file = str_from_index(path, slash + 1);
	base->dir = build_dir(v->build, arena_str(v->build->arena, dir));
	return true;
}

static bool parse_alias(const struct value *v, void *target)
{
	const struct token *arg = &v->node->args[0];
	const struct location *location = v->level->location;
	struct file_base made = { .is_alias = true };
	struct stat st;
	struct str path;

	if (!check_path(v, arg, &path) || !check_other(v, "root"))
		return false;
	made.strip = (uint32_t)location->pattern.len;
	if (stat(path.ptr, &st) == 0 && !S_ISDIR(st.st_mode)) {
		alias_of_file(v, path, &made);
	} else if (!value_is_kind(v, arg, path, true)) {
		return false;
	} else if (location->kind == LOCATION_REGEX || location->kind == LOCATION_NAMED) {
		diag_help(v->build->diag,
		          value_error(v, arg,
		                      "an alias here must name a file: no prefix of the "
		                      "path says what a directory stands for"),
		          "use root");
		return false;
	} else {
		made.dir = build_dir(v->build, path);
	}
	*(struct file_base *)target = made;
	return true;
}

static bool same_base(const struct file_base *a, const struct file_base *b)
{
	return a->dir == b->dir && a->is_alias == b->is_alias && a->strip == b->strip &&
	       str_eq(a->file, b->file);
}

/* What is inherited is not repeated: in a nested location the alias would replace that one's prefix. */
static bool print_alias(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct file_base *base = target;
	char memory[2 * PATH_MAX_BYTES];
	struct buf path = buf_fixed(memory, sizeof memory);
	struct str dir, pattern;

	if (i > 0 || !base->is_alias || !shown->location || same_base(base, &shown->outer->base))
		return false;
	dir = shown->config->dirs.items[base->dir].path;
	pattern = shown->location->pattern;
	buf_add(&path, dir);
	if (dir.len > 1 && (base->file.len > 0 || pattern.ptr[pattern.len - 1] == '/'))
		buf_byte(&path, '/');
	buf_add(&path, base->file);
	text_print_word(out, buf_str(&path));
	return true;
}

const struct value_type value_alias = { .parse = parse_alias, .print = print_alias };

static bool parse_store(const struct value *v, void *target)
{
	const struct token *arg = &v->node->args[0];
	struct str path;

	if (!check_path(v, arg, &path) || !value_is_kind(v, arg, path, true))
		return false;
	*(int *)target = build_dir(v->build, path);
	v->build->config->dirs.items[*(int *)target].is_store = true;
	return true;
}

static bool print_store(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	int store = *(const int *)target;

	if (i > 0 || store == CONFIG_NONE)
		return false;
	text_print_word(out, shown->config->dirs.items[store].path);
	return true;
}

const struct value_type value_store = { .parse = parse_store, .print = print_store };

/* index FILE…: names below the directory that was asked for. */
static bool parse_index(const struct value *v, void *target)
{
	struct str_list list = { NULL, 0 };

	for (size_t i = 0; i < v->node->arg_count; i++) {
		const struct token *arg = &v->node->args[i];

		if (!value_is_constant(v, arg))
			return false;
		if (arg->text.len == 0) {
			value_error(v, arg, "an empty file name");
			return false;
		}
		*LIST_ADD(v->build->arena, &list) = arg->text;
	}
	*(struct str_list *)target = list;
	return true;
}

static bool print_index(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct str_list *list = target;

	(void)shown;
	for (size_t k = 0; k < list->count; k++) {
		buf_text(out, k > 0 ? " " : "");
		text_print_word(out, list->items[k]);
	}
	return i == 0 && list->count > 0;
}

const struct value_type value_index = { .parse = parse_index, .print = print_index };

/* ---- programs ---------------------------------------------------------------------------------------- */

static const char *const program_dirs[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
	                                    "/usr/bin",        "/sbin",          "/bin" };

/* A bare name is searched in a fixed path: what runs must not hang on who starts the server. */
static bool find_program(const struct value *v, const struct token *arg, struct str *program)
{
	if (!value_is_constant(v, arg) || arg->text.len == 0)
		return arg->text.len > 0 ? false : check_path(v, arg, program);
	if (str_find(arg->text, '/') < arg->text.len) {
		*program = build_path(v->build, arg->text);
		return value_is_kind(v, arg, *program, false);
	}
	for (size_t i = 0; i < sizeof program_dirs / sizeof *program_dirs; i++) {
		struct buf path = buf_in_arena(v->build->arena, 32 + arg->text.len);
		struct stat st;

		buf_format(&path, "%s/%.*s", program_dirs[i], STR_ARG(arg->text));
		buf_byte(&path, '\0');
		path.len--;
		if (stat(path.ptr, &st) == 0 && S_ISREG(st.st_mode)) {
			*program = buf_str(&path);
			return true;
		}
	}
	diag_help(v->build->diag,
	          value_error(v, arg, "there is no program '%.*s' in the fixed search path",
	                      STR_ARG(arg->text)),
	          "that is /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; write "
	          "./%.*s for a file below the prefix",
	          STR_ARG(arg->text));
	return false;
}

static bool take_command(const struct value *v, size_t from, struct command *out)
{
	const struct token *arg = &v->node->args[from];

	*out = (struct command){ .program = { NULL, 0 } };
	if (!find_program(v, arg, &out->program))
		return false;
	if (!build_may(v->build, out->program, 1))
		diag_add(v->build->diag, DIAG_WARNING, arg->at, "'%.*s' is not executable",
		         STR_ARG(out->program));
	for (size_t i = from + 1; i < v->node->arg_count; i++) {
		if (!value_is_constant(v, &v->node->args[i]))
			return false;
		*LIST_ADD(v->build->arena, &out->args) = v->node->args[i].text;
	}
	return true;
}

static void print_command(const struct command *command, struct buf *out)
{
	text_print_word(out, command->program);
	for (size_t i = 0; i < command->args.count; i++) {
		buf_byte(out, ' ');
		text_print_word(out, command->args.items[i]);
	}
}

static bool parse_cgi(const struct value *v, void *target)
{
	const struct token *arg = &v->node->args[0];
	struct cgi_rule_list *list = target;
	struct cgi_rule rule = { .extension = arg->text };

	if (arg->text.len < 2 || arg->text.ptr[0] != '.' ||
	    str_find(arg->text, '/') < arg->text.len) {
		diag_help(v->build->diag,
		          value_error(v, arg, "'%.*s' is no file extension", STR_ARG(arg->text)),
		          "write it with its dot, as in .py; for a program that answers a whole "
		          "location use cgi_pass");
		return false;
	}
	for (size_t i = 0; i < list->count; i++) {
		if (str_eq(list->items[i].extension, arg->text)) {
			value_error(v, arg, "the extension '%.*s' stands here for a second time",
			            STR_ARG(arg->text));
			return false;
		}
	}
	if (v->node->arg_count > 1 && !take_command(v, 1, &rule.command))
		return false;
	*LIST_ADD(v->build->arena, list) = rule;
	return true;
}

static bool print_cgi(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct cgi_rule_list *list = target;

	(void)shown;
	if (i >= list->count)
		return false;
	text_print_word(out, list->items[i].extension);
	if (list->items[i].command.program.len > 0) {
		buf_byte(out, ' ');
		print_command(&list->items[i].command, out);
	}
	return true;
}

const struct value_type value_cgi = { .parse = parse_cgi, .print = print_cgi };

static bool parse_cgi_pass(const struct value *v, void *target)
{
	struct command command;

	if (!take_command(v, 0, &command))
		return false;
	if (is_directory(command.program))
		return false;
	*(struct command *)target = command;
	return true;
}

static bool print_cgi_pass(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct command *command = target;

	(void)shown;
	if (i > 0 || command->program.len == 0)
		return false;
	print_command(command, out);
	return true;
}

const struct value_type value_cgi_pass = { .parse = parse_cgi_pass, .print = print_cgi_pass };
