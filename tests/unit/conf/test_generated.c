#include "conf/directives.h"

#include "load.h"
#include "samples.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <time.h>

/*
 * Configurations made at random from the samples, servers and locations nested in each other: what is
 * dumped of one loads to what dumps the same. A failure can be had again from its number.
 */
enum { CONFIGURATIONS = 300, MARKS = 512 };

struct generator {
	uint32_t state;
	struct buf text;
	unsigned made; /* servers, locations and list members, numbered through */
	bool formats[MARKS];
	bool *used; /* directives, by row */
};

struct generated_level {
	unsigned where;
	bool no_alias;
	bool set[MARKS]; /* by row */
};

static unsigned roll(struct generator *g, unsigned sides)
{
	g->state ^= g->state << 13;
	g->state ^= g->state >> 17;
	g->state ^= g->state << 5;
	return g->state % sides;
}

static void add_space(struct generator *g)
{
	static const char *const spaces[] = { "\n", "\n", " ", "\t", "\r\n", " # a; comment {\n" };

	buf_text(&g->text, spaces[roll(g, sizeof spaces / sizeof *spaces)]);
}

/* The directive that the next statement of *text sets, or NULL for another word; *text empty at the end. */
static const struct directive *next_row(struct str *text)
{
	size_t from = 0, to;
	struct str name;

	while (from < text->len && strchr(" ;{}", text->ptr[from]))
		from++;
	for (to = from; to < text->len && !strchr(" ;", text->ptr[to]);)
		to++;
	name = str_make(text->ptr + from, to - from);
	while (to < text->len && !strchr(";{", text->ptr[to]))
		to++;
	*text = str_from_index(*text, to);
	return directive_find(name);
}

static bool is_same_field(const struct directive *a, const struct directive *b)
{
	return a == b ||
	       (a->size > 0 && b->size > 0 && a->target == b->target && a->offset == b->offset);
}

static bool may_set(const struct generated_level *level, const struct directive *row)
{
	if (!(row->where & level->where))
		return false;
	if (level->no_alias && str_eq(row->name, STR_OF("alias")))
		return false;
	for (size_t i = 0; i < directive_count; i++) {
		if (level->set[i] && is_same_field(&directives[i], row))
			return false;
	}
	return true;
}

static bool may_stand(struct generator *g, const struct generated_level *level, size_t sample)
{
	struct str text = str_from(samples[sample].text);

	if (str_starts_with(text, STR_OF("log_format")) && g->formats[sample])
		return false;
	while (text.len > 0) {
		const struct directive *row = next_row(&text);

		if (row && !may_set(level, row))
			return false;
	}
	return true;
}

static void add_sample(struct generator *g, struct generated_level *level, size_t sample)
{
	struct str text = str_from(samples[sample].text);

	if (!may_stand(g, level, sample))
		return;
	g->formats[sample] = true;
	while (text.len > 0) {
		const struct directive *row = next_row(&text);

		if (row)
			level->set[row - directives] = g->used[row - directives] = true;
	}
	buf_text(&g->text, samples[sample].text);
	add_space(g);
}

/* Lists grow: members that no sample has. */
static void add_members(struct generator *g, const struct generated_level *level)
{
	static const char *const forms[] = {
		"add_header X-N%u \"v;%u\" always;", "cgi .n%u /bin/cat \"a %u\";",
		"cgi_param N%u $host-%u;",           "allow 10.%u.0.0/16; # %u\n",
		"deny 2001:db8:%u::/48; # %u\n",     "types { x/n%u n%u; }",
	};

	for (unsigned n = roll(g, 4); n > 0; n--) {
		unsigned number = g->made++ % 250;

		buf_format(&g->text, forms[roll(g, sizeof forms / sizeof *forms)], number, number);
		add_space(g);
	}
	if (level->where != DIRECTIVE_MAIN && roll(g, 3) == 0)
		buf_format(&g->text, "error_page %u @named;", 410 + roll(g, 8));
}

static void add_settings(struct generator *g, struct generated_level *level)
{
	for (unsigned n = roll(g, 25); n > 0; n--)
		add_sample(g, level, roll(g, (unsigned)sample_count));
	add_members(g, level);
}

static void add_location(struct generator *g, struct str outer, unsigned depth)
{
	static const char *const marks[] = { "", "", "", "^~ ", "= ", "~ ^", "~* \"^" };
	unsigned mark = roll(g, sizeof marks / sizeof *marks);
	struct generated_level level = { .where = DIRECTIVE_LOCATION, .no_alias = mark >= 5 };
	char path[128];

	snprintf(path, sizeof path, "%.*sp%u/", STR_ARG(outer), g->made++);
	buf_format(&g->text, "location %s%s%s {", marks[mark], path, mark == 6 ? "(a|b){2}\"" : "");
	add_space(g);
	add_settings(g, &level);
	for (unsigned n = mark < 4 && depth < 4 ? roll(g, 3) : 0; n > 0; n--)
		add_location(g, str_from(path), depth + 1);
	buf_text(&g->text, "}\n");
}

static void add_server(struct generator *g)
{
	static const char *const options[] = { "",          " backlog=9",      " reuseport",
		                               " deferred", " proxy_protocol", " default_server" };
	struct generated_level level = { .where = DIRECTIVE_SERVER };

	buf_format(&g->text, "server { listen 127.0.0.1:%u%s;", 1000 + g->made++,
	           options[roll(g, sizeof options / sizeof *options)]);
	if (roll(g, 2))
		buf_format(&g->text, "listen [::1]:%u; server_name n%u.example;", 1000 + g->made,
		           g->made);
	if (roll(g, 3) == 0)
		buf_format(&g->text, "listen unix:/tmp/s%u;", g->made);
	buf_text(&g->text, "root /tmp; location @named { return 404; }\n");
	level.set[directive_find(STR_OF("root")) - directives] = true;
	add_settings(g, &level);
	for (unsigned n = roll(g, 6); n > 0; n--)
		add_location(g, STR_OF("/"), 0);
	buf_text(&g->text, "}\n");
}

static void generate(struct generator *g, uint32_t number)
{
	struct generated_level level = { .where = DIRECTIVE_MAIN };

	g->state = number * 2654435761u;
	g->made = 0;
	memset(g->formats, 0, sizeof g->formats);
	add_settings(g, &level);
	for (unsigned n = roll(g, 3) + 1; n > 0; n--)
		add_server(g);
	buf_byte(&g->text, '\0');
}

static void check_round(const char *text, uint32_t number)
{
	struct loaded first, second;
	char *dump;

	loaded_text(&first, text);
	cr_assert(ne(ptr, first.config, NULL), "%u: %s\n%s", number, loaded_messages(&first), text);
	dump = loaded_dump(&first);
	loaded_text(&second, dump);
	cr_assert(ne(ptr, second.config, NULL), "%u: %s\n%s", number, loaded_messages(&second),
	          dump);
	cr_expect(eq(sz, second.diag.errors, 0), "%u", number);
	cr_expect(eq(str, loaded_dump(&second), dump), "%u", number);
	cr_expect(eq(sz, second.config->locations.len, first.config->locations.len), "%u", number);
	cr_expect(eq(sz, second.config->listeners.len, first.config->listeners.len), "%u", number);
	loaded_end(&second);
	loaded_end(&first);
}

Test(generated, dumps_load_back_to_themselves)
{
	static const char *const elsewhere[] = { "http",   "events",   "include", "server",
		                                 "listen", "location", "root",    "server_name" };
	bool used[MARKS] = { false };

	cr_assert(lt(sz, directive_count, MARKS));
	cr_assert(lt(sz, sample_count, MARKS));
	for (uint32_t number = 1; number <= CONFIGURATIONS; number++) {
		struct arena arena;
		struct generator g = { .used = used };

		arena_init(&arena, NULL);
		g.text = buf_in_arena(&arena, 4096);
		generate(&g, number);
		check_round(g.text.ptr, number);
		arena_end(&arena);
	}
	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
		used[directive_find(str_from(elsewhere[i])) - directives] = true;
	for (size_t i = 0; i < directive_count; i++)
		cr_expect(used[i], "%.*s is in one of them", STR_ARG(directives[i].name));
}

/* Processor time, so that a busy machine makes no difference. */
static double seconds_for(const char *text)
{
	struct loaded loaded;
	clock_t from = clock(), to;

	loaded_text(&loaded, text);
	to = clock();
	cr_expect(ne(ptr, loaded.config, NULL), "%s", loaded_messages(&loaded));
	loaded_end(&loaded);
	return (double)(to - from) / CLOCKS_PER_SEC;
}

Test(generated, thousands_of_lines_are_read_in_no_time)
{
	struct arena arena;
	struct buf text;

	arena_init(&arena, NULL);
	text = buf_in_arena(&arena, 1 << 20);
	for (unsigned s = 0; s < 500; s++) {
		buf_format(&text, "server { listen 127.0.0.1:8080; server_name n%u.example;\n", s);
		for (unsigned l = 0; l < 10; l++)
			buf_format(&text,
			           "location /%u { root www;\n add_header X-A \"$uri\";\n}\n", l);
		buf_text(&text, "}\n");
	}
	buf_byte(&text, '\0');
	cr_expect(lt(dbl, seconds_for(text.ptr), 2), "16000 lines");
	arena_end(&arena);
}
