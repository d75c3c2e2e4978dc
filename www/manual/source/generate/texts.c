#include "texts.h"

#include <errno.h>
#include <stdio.h>

enum { TEXTS_PATH = 4096 };

static struct str read_stream(struct arena *arena, FILE *file)
{
	struct buf text = buf_in_arena(arena, 64 * 1024);
	char piece[4096];
	size_t n;

	while ((n = fread(piece, 1, sizeof piece, file)) > 0)
		buf_add(&text, str_make(piece, n));
	buf_byte(&text, '\0');
	text.len--;
	if (text.failed)
		errno = ENOMEM;
	return text.failed || ferror(file) ? str_make(NULL, 0) : buf_str(&text);
}

struct str manual_file(struct manual *manual, const char *name)
{
	char path[TEXTS_PATH];
	struct str text;
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", manual->dir, name);
	file = fopen(path, "re");
	if (!file)
		return str_make(NULL, 0);
	text = read_stream(&manual->arena, file);
	fclose(file);
	return text;
}

struct str manual_prose(struct manual *manual, const char *name)
{
	char path[TEXTS_PATH / 4];

	snprintf(path, sizeof path, "source/%s.txt", name);
	return manual_file(manual, path);
}

/* Everything up to the next line that begins a group or an entry; *rest then begins with that line. */
static struct str cut_before_mark(struct str *rest)
{
	struct str all = *rest;

	while (rest->len > 0 && !str_starts_with(*rest, STR_OF("= ")) &&
	       !str_starts_with(*rest, STR_OF("== ")))
		str_cut(rest, '\n');
	return rest->len > 0 ? str_head(all, (size_t)(rest->ptr - all.ptr)) : all;
}

static struct manual_text read_entry(struct str *rest, bool of_directive)
{
	struct manual_text text = { .name = str_trim(str_from_index(str_cut(rest, '\n'), 3)) };
	struct str line;

	if (of_directive) {
		text.example = str_cut(rest, '\n');
		line = str_cut(rest, '\n');
		text.nginx = str_starts_with(line, STR_OF("-- ")) ? str_from_index(line, 3)
		                                                  : str_make(NULL, 0);
	}
	text.what = str_trim(cut_before_mark(rest));
	return text;
}

static bool read_entries(struct manual *manual, struct manual_group *group, struct str *rest,
                         bool of_directives)
{
	while (str_starts_with(*rest, STR_OF("== "))) {
		struct manual_text *text = VEC_PUSH(&manual->arena, &group->texts);

		if (!text)
			return false;
		*text = read_entry(rest, of_directives);
	}
	return true;
}

static bool read_groups(struct manual *manual, struct str rest)
{
	cut_before_mark(&rest);
	while (rest.len > 0) {
		struct manual_group *group = VEC_PUSH(&manual->arena, &manual->groups);

		if (!group)
			return false;
		*group = (struct manual_group){ .title = STR_OF("Directives") };
		if (str_starts_with(rest, STR_OF("= ")))
			group->title = str_from_index(str_cut(&rest, '\n'), 2);
		cut_before_mark(&rest);
		if (!read_entries(manual, group, &rest, true))
			return false;
	}
	return true;
}

static bool read_list(struct manual *manual, struct manual_group *group, struct str text)
{
	cut_before_mark(&text);
	return read_entries(manual, group, &text, false);
}

bool manual_open(struct manual *manual, const char *dir, struct buf *problem)
{
	struct str directives, variables, options;

	*manual = (struct manual){ .dir = dir };
	arena_init(&manual->arena, NULL);
	directives = manual_file(manual, "directives.txt");
	variables = manual_prose(manual, "variables");
	options = manual_prose(manual, "options");
	if (!directives.ptr || !variables.ptr || !options.ptr)
		buf_format(problem,
		           "%s: directives.txt, source/variables.txt or source/options.txt: %s",
		           dir, strerror(errno));
	else if (read_groups(manual, directives) &&
	         read_list(manual, &manual->variables, variables) &&
	         read_list(manual, &manual->options, options))
		return true;
	else
		buf_text(problem, "out of memory");
	manual_close(manual);
	return false;
}

void manual_close(struct manual *manual)
{
	arena_end(&manual->arena);
}

const struct manual_text *manual_find(const struct manual_group *group, struct str name)
{
	for (size_t i = 0; i < group->texts.len; i++)
		if (str_eq(group->texts.items[i].name, name))
			return &group->texts.items[i];
	return NULL;
}

const struct manual_text *manual_find_directive(const struct manual *manual, struct str name)
{
	const struct manual_text *found = NULL;

	for (size_t i = 0; i < manual->groups.len && !found; i++)
		found = manual_find(&manual->groups.items[i], name);
	return found;
}
