#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct str variables[] = {
	STR("arg_"),           STR("args"),         STR("body_bytes_sent"), STR("cookie_"),
	STR("document_root"),  STR("host"),         STR("http_"),           STR("query_string"),
	STR("remote_addr"),    STR("remote_user"),  STR("request"),         STR("request_id"),
	STR("request_method"), STR("request_time"), STR("request_uri"),     STR("scheme"),
	STR("sent_http_"),     STR("server_name"),  STR("server_port"),     STR("server_protocol"),
	STR("status"),         STR("time_iso8601"), STR("time_local"),      STR("uri"),
};

enum { VARIABLE_COUNT = sizeof variables / sizeof *variables };

static int find_variable(struct str name, struct str *argument)
{
	*argument = (struct str){ NULL, 0 };
	if (name.len == 1 && ascii_is_digit(name.ptr[0])) {
		*argument = name;
		return VARIABLE_COUNT;
	}
	for (int i = 0; i < VARIABLE_COUNT; i++) {
		struct str row = variables[i];

		if (str_eq(row, name) && row.ptr[row.len - 1] != '_')
			return i;
		if (row.ptr[row.len - 1] == '_' && name.len > row.len &&
		    str_starts_with(name, row)) {
			*argument = str_from_index(name, row.len);
			return i;
		}
	}
	return -1;
}

static struct str variable_name(size_t i)
{
	return i < VARIABLE_COUNT ? variables[i] : (struct str){ NULL, 0 };
}

const struct template_names load_names = { .find = find_variable, .name = variable_name };

static void load(struct loaded *loaded, const struct config_source *source)
{
	*loaded = (struct loaded){ .config = NULL };
	arena_init(&loaded->arena, NULL);
	diag_init(&loaded->diag);
	loaded->config = config_load(source, &loaded->diag);
}

void loaded_text(struct loaded *loaded, const char *text)
{
	load(loaded, &(struct config_source){ .path = "test.conf",
	                                      .text = text,
	                                      .prefix = "tests/conf",
	                                      .names = &load_names });
}

void loaded_file_in(struct loaded *loaded, const char *prefix, const char *path)
{
	load(loaded,
	     &(struct config_source){ .path = path, .prefix = prefix, .names = &load_names });
}

void loaded_file(struct loaded *loaded, const char *path)
{
	loaded_file_in(loaded, "tests/conf", path);
}

void loaded_end(struct loaded *loaded)
{
	config_free(loaded->config);
	diag_end(&loaded->diag);
	arena_end(&loaded->arena);
}

/* That nobody is named for root, that a name has no effect, and what only the owner of a checkout may do. */
static bool is_personal(const struct diag_message *m)
{
	return (m->level == DIAG_WARNING && !m->at.source) ||
	       (m->level == DIAG_WARNING && strstr(m->text.ptr, "is not writable")) ||
	       (m->level == DIAG_NOTE && strstr(m->text.ptr, "'user' has no effect"));
}

static void drop_personal(struct diag *diag)
{
	size_t kept = 0;

	for (size_t i = 0; i < diag->messages.len; i++) {
		if (!is_personal(&diag->messages.items[i]))
			diag->messages.items[kept++] = diag->messages.items[i];
	}
	diag->messages.len = kept;
}

static void replace(struct buf *out, struct str text, struct str what, const char *by)
{
	while (text.len > 0) {
		if (what.len > 0 && str_starts_with(text, what)) {
			buf_text(out, by);
			text = str_from_index(text, what.len);
		} else {
			buf_byte(out, *text.ptr);
			text = str_from_index(text, 1);
		}
	}
}

char *loaded_messages(struct loaded *loaded)
{
	struct buf raw = buf_in_arena(&loaded->arena, 1024);
	struct buf half = buf_in_arena(&loaded->arena, 1024), out = half;
	char cwd[PATH_MAX_BYTES], prefix[PATH_MAX_BYTES + 16];

	if (!getcwd(cwd, sizeof cwd))
		abort();
	snprintf(prefix, sizeof prefix, "%s/tests/conf", cwd);
	drop_personal(&loaded->diag);
	diag_print(&loaded->diag, &raw, false);
	replace(&half, buf_str(&raw), str_from(prefix), "PREFIX");
	out = buf_in_arena(&loaded->arena, half.len + 1);
	replace(&out, buf_str(&half), str_from(cwd), "CWD");
	buf_byte(&out, '\0');
	return out.ptr;
}

char *loaded_dump(struct loaded *loaded)
{
	struct buf out = buf_in_arena(&loaded->arena, 4096);

	config_dump(loaded->config, &out);
	buf_byte(&out, '\0');
	return out.ptr;
}

char *load_read(struct arena *arena, const char *path)
{
	FILE *file = fopen(path, "r");
	struct buf out = buf_in_arena(arena, 4096);
	char piece[4096];
	size_t n;

	if (!file)
		return NULL;
	while ((n = fread(piece, 1, sizeof piece, file)) > 0)
		buf_add(&out, str_make(piece, n));
	fclose(file);
	buf_byte(&out, '\0');
	return out.ptr;
}
