#include "conf/config.h"
#include "conf/directives.h"
#include "documents.h"
#include "main/options.h"
#include "markup.h"
#include "server/metrics.h"
#include "server/vars.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char problem_room[512];

static void open_manual(struct manual *manual)
{
	struct buf problem = buf_fixed(problem_room, sizeof problem_room - 1);

	cr_assert(manual_open(manual, "www/manual", &problem), "%s", problem_room);
}

/* Calls a check for every entry of the manual that describes a directive. */
static void each_directive(struct manual *manual,
                           void (*check)(struct manual *, const struct manual_text *))
{
	for (size_t g = 0; g < manual->groups.len; g++)
		for (size_t i = 0; i < manual->groups.items[g].texts.len; i++)
			check(manual, &manual->groups.items[g].texts.items[i]);
}

/* ---- the rows and their texts --------------------------------------------------------------------------- */

Test(manual, every_directive_has_a_text_an_example_and_a_word_on_nginx)
{
	struct manual manual;

	open_manual(&manual);
	for (size_t i = 0; i < directive_count; i++) {
		const struct directive *row = &directives[i];
		const struct manual_text *text = manual_find_directive(&manual, row->name);

		cr_expect(text != NULL, "'%.*s' has no entry in directives.txt",
		          STR_ARG(row->name));
		cr_expect(row->where != 0 && row->syntax && row->doc && row->doc[0],
		          "%.*s: no context, no form, or no sentence", STR_ARG(row->name));
		if (!text)
			continue;
		cr_expect(str_trim(text->example).len > 3, "%.*s: no example", STR_ARG(row->name));
		cr_expect(str_trim(text->nginx).len > 3, "%.*s: no word on nginx",
		          STR_ARG(row->name));
	}
	manual_close(&manual);
}

static void check_entry(struct manual *manual, const struct manual_text *text)
{
	size_t count = 0;

	cr_expect(directive_find(text->name) != NULL, "an entry for '%.*s', which is no directive",
	          STR_ARG(text->name));
	for (size_t g = 0; g < manual->groups.len; g++)
		for (size_t i = 0; i < manual->groups.items[g].texts.len; i++)
			count += str_eq(manual->groups.items[g].texts.items[i].name, text->name);
	cr_expect(count == 1, "%zu entries for '%.*s'", count, STR_ARG(text->name));
}

Test(manual, every_entry_is_a_directive_and_stands_once)
{
	struct manual manual;

	open_manual(&manual);
	each_directive(&manual, check_entry);
	manual_close(&manual);
}

Test(manual, every_variable_and_every_option_has_its_text_and_no_other_has)
{
	struct manual manual;
	size_t variables = 0, options = 0;
	struct str name;

	open_manual(&manual);
	for (; (name = vars_names.name(variables)).len > 0; variables++)
		cr_expect(manual_find(&manual.variables, name) != NULL, "no text for $%.*s",
		          STR_ARG(name));
	for (; options_row(options); options++)
		cr_expect(manual_find(&manual.options, options_row(options)->name) != NULL,
		          "no text for --%.*s", STR_ARG(options_row(options)->name));
	cr_expect(manual.variables.texts.len == variables, "%zu texts for %zu variables",
	          manual.variables.texts.len, variables);
	cr_expect(manual.options.texts.len == options, "%zu texts for %zu options",
	          manual.options.texts.len, options);
	manual_close(&manual);
}

Test(manual, every_family_of_metrics_says_what_it_is)
{
	for (size_t i = 0; i < metric_count; i++)
		if (metric_is_first(i))
			cr_expect(metrics[i].help && metrics[i].help[0], "no help for %.*s",
			          STR_ARG(metrics[i].name));
	cr_expect(metrics[0].section != NULL, "the first one begins a section");
}

/* ---- what the texts name ---------------------------------------------------------------------------------- */

static bool source_has(struct manual *manual, struct str function, struct str path)
{
	char name[256], define[160];
	struct str text;
	const char *at;

	snprintf(name, sizeof name, "../../%.*s", STR_ARG(path));
	text = manual_file(manual, name);
	snprintf(define, sizeof define, "%.*s(", STR_ARG(function));
	at = text.ptr ? strstr(text.ptr, define) : NULL;
	/* A definition: its line begins with a type and does not end in a semicolon. */
	for (; at; at = strstr(at + 1, define)) {
		const char *line = at, *end = strchr(at, '{'), *semicolon = strchr(at, ';');

		while (line > text.ptr && line[-1] != '\n')
			line--;
		if (ascii_is_alpha(*line) && end && (!semicolon || end < semicolon))
			return true;
	}
	return false;
}

static void check_link(struct manual *manual, const char *where, char mark, struct str inner)
{
	struct str path = inner, function;

	if (mark == '[' && !str_ends_with(str_head(inner, str_find(inner, '#')), STR_OF(".html"))) {
		cr_expect(directive_find(inner) != NULL, "%s: [%.*s] is no directive", where,
		          STR_ARG(inner));
	} else if (mark == '[') {
		cr_expect(document_find(str_head(inner, str_find(inner, '#'))) != NULL,
		          "%s: [%.*s] is no page", where, STR_ARG(inner));
	} else {
		function = str_cut(&path, ' ');
		cr_expect(source_has(manual, function, path), "%s: there is no %.*s in '%.*s'",
		          where, STR_ARG(function), STR_ARG(path));
	}
}

static void check_line(struct manual *manual, const char *where, struct str rest)
{
	while (rest.len > 0) {
		size_t at = 0;
		char mark, end;

		while (at < rest.len && !strchr("`[{", rest.ptr[at]))
			at++;
		if (at == rest.len)
			return;
		mark = rest.ptr[at];
		end = mark == '`' ? '`' : (mark == '[' ? ']' : '}');
		rest = str_from_index(rest, at + 1);
		cr_expect(str_find(rest, end) < rest.len, "%s: an open %c in '%.*s'", where, mark,
		          STR_ARG(rest));
		if (mark == '`')
			str_cut(&rest, end);
		else
			check_link(manual, where, mark, str_cut(&rest, end));
	}
}

static bool is_literal(enum markup_kind kind)
{
	return kind >= MARKUP_TEXT && kind <= MARKUP_RUN;
}

static void check_links(struct manual *manual, const char *where, struct str text)
{
	while (text.len > 0) {
		struct markup_block block = markup_next(&text);

		if (is_literal(block.kind) || block.kind == MARKUP_INSERT)
			continue;
		check_line(manual, where, block.term);
		check_line(manual, where, block.lines);
	}
}

/* Calls a check for every text that a document is made of. */
static void each_prose(struct manual *manual,
                       void (*check)(struct manual *, const char *, struct str))
{
	const struct document *document;

	for (size_t i = 0; (document = document_at(i)); i++) {
		for (size_t k = 0; k < DOCUMENT_PROSE && document->prose[k]; k++) {
			struct str text = manual_prose(manual, document->prose[k]);

			cr_expect(text.ptr != NULL, "%s", document->prose[k]);
			check(manual, document->prose[k], text);
		}
	}
}

static void check_entry_links(struct manual *manual, const struct manual_text *text)
{
	char name[64];

	snprintf(name, sizeof name, "%.*s", STR_ARG(text->name));
	check_links(manual, name, text->what);
	check_line(manual, name, text->nginx);
}

Test(manual, what_a_text_names_is_there)
{
	struct manual manual;

	open_manual(&manual);
	each_directive(&manual, check_entry_links);
	for (size_t i = 0; i < manual.options.texts.len; i++)
		check_links(&manual, "options", manual.options.texts.items[i].what);
	for (size_t i = 0; i < manual.variables.texts.len; i++)
		check_links(&manual, "variables", manual.variables.texts.items[i].what);
	each_prose(&manual, check_links);
	manual_close(&manual);
}

/* ---- the examples ------------------------------------------------------------------------------------------ */

/* What examples name, made in a folder of its own: a path here ends in a slash where it is a folder. */
static const char *const things[] = {
	"/srv/",
	"/srv/www/",
	"/srv/pictures/",
	"/srv/uploads/",
	"/srv/cgi/",
	"/srv/git/",
	"/srv/cgi/job",
	"/etc/",
	"/etc/webserv/",
	"/etc/webserv/sites/",
	"/etc/webserv/htpasswd",
	"/var/",
	"/var/log/",
	"/var/log/webserv/",
	"/var/tmp/",
	"/run/",
	"/usr/",
	"/usr/bin/",
	"/usr/bin/python3",
	"/usr/bin/php-cgi",
	"/usr/lib/",
	"/usr/lib/git-core/",
	"/usr/lib/git-core/git-http-backend",
};
enum { THINGS = sizeof things / sizeof *things };

static const char passwords[] = "alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n";

static void thing_path(char *path, size_t cap, const char *room, const char *thing)
{
	snprintf(path, cap, "%s%s", room, thing);
}

static void make_things(char *room)
{
	strcpy(room, "/tmp/webserv-manual-XXXXXX");
	cr_assert(mkdtemp(room) != NULL);
	for (size_t i = 0; i < THINGS; i++) {
		char path[256];
		FILE *file;

		thing_path(path, sizeof path, room, things[i]);
		if (path[strlen(path) - 1] == '/') {
			cr_assert(mkdir(path, 0755) == 0, "%s: %s", path, strerror(errno));
			continue;
		}
		file = fopen(path, "w");
		cr_assert(file != NULL);
		fputs(passwords, file);
		fclose(file);
		chmod(path, 0750);
	}
}

static void remove_things(const char *room)
{
	for (size_t i = THINGS; i-- > 0;) {
		char path[256];

		thing_path(path, sizeof path, room, things[i]);
		cr_expect(remove(path) == 0, "%s: %s", path, strerror(errno));
	}
	cr_expect(rmdir(room) == 0);
}

/* The example with the folders that it names put into the room, and a user that every machine has. */
static void place_example(struct buf *out, struct str text, const char *room)
{
	static const char *const roots[] = { " /srv/", " /etc/", " /var/", " /run/", " /usr/" };
	struct str user = STR_OF("www-data");

	while (text.len > 0) {
		size_t i = 0;

		while (i < 5 && !str_starts_with(text, str_from(roots[i])))
			i++;
		if (str_starts_with(text, user)) {
			buf_text(out, "root");
			text = str_from_index(text, user.len);
			continue;
		}
		buf_byte(out, text.ptr[0]);
		if (i < 5)
			buf_text(out, room);
		text = str_from_index(text, 1);
	}
}

static const struct {
	const char *where, *before, *after;
} frames[] = {
	{ "main", "", "\n" },
	{ "server", " root /srv/www; server {\n", "\n}\n" },
	{ "location", " root /srv/www; server { location /x/ {\n", "\n} }\n" },
};

static size_t find_frame(struct str where)
{
	size_t i = 0;

	while (i < 3 && !str_eq(str_from(frames[i].where), where))
		i++;
	return i;
}

static bool names(struct str text, const char *what)
{
	for (size_t i = 0; i + strlen(what) <= text.len; i++)
		if (memcmp(text.ptr + i, what, strlen(what)) == 0)
			return true;
	return false;
}

static void load_example(const char *name, const struct markup_block *block, const char *room)
{
	size_t frame = find_frame(block->term);
	struct config_source source = { .path = "example.conf", .names = &vars_names };
	struct buf text, placed, said;
	struct config *config;
	struct arena arena;
	struct diag diag;

	cr_assert(frame < 3, "%s: an example in '%.*s'", name, STR_ARG(block->term));
	arena_init(&arena, NULL);
	text = buf_in_arena(&arena, 512);
	placed = buf_in_arena(&arena, 1024);
	said = buf_in_arena(&arena, 1024);
	buf_text(&text, frames[frame].before);
	buf_add(&text, block->lines);
	buf_text(&text, frames[frame].after);
	if (frame == 0 && !names(block->lines, "server {") && !names(block->lines, "include"))
		buf_text(&text, "server { root /srv/www; }\n");
	if (names(block->lines, "include"))
		buf_text(&text, "server { root /srv/www; }\n");
	place_example(&placed, buf_str(&text), room);
	buf_byte(&placed, '\0');
	diag_init(&diag);
	source.text = placed.ptr;
	source.prefix = room;
	config = config_load(&source, &diag);
	diag_print(&diag, &said, false);
	cr_expect(config != NULL, "%s: its example is refused:\n%.*s", name,
	          STR_ARG(buf_str(&said)));
	cr_expect(diag.notes == 0 || geteuid() != 0, "%s: its example gets a note:\n%.*s", name,
	          STR_ARG(buf_str(&said)));
	config_free(config);
	diag_end(&diag);
	arena_end(&arena);
}

static char examples_room[64];
static size_t examples_count;

static void load_examples(struct manual *manual, const char *name, struct str text)
{
	(void)manual;
	for (struct markup_block b = markup_next(&text); b.kind != MARKUP_END;
	     b = markup_next(&text)) {
		if (b.kind != MARKUP_EXAMPLE)
			continue;
		load_example(name, &b, examples_room);
		examples_count++;
	}
}

static void load_entry_examples(struct manual *manual, const struct manual_text *text)
{
	char name[64];

	snprintf(name, sizeof name, "%.*s", STR_ARG(text->name));
	cr_expect(names(text->example, name), "%s: its example is about another", name);
	load_examples(manual, name, text->what);
}

Test(manual, every_example_is_a_good_configuration)
{
	struct manual manual;

	open_manual(&manual);
	make_things(examples_room);
	each_directive(&manual, load_entry_examples);
	each_prose(&manual, load_examples);
	cr_expect(examples_count > 60, "only %zu examples", examples_count);
	remove_things(examples_room);
	manual_close(&manual);
}

/* ---- the documents ------------------------------------------------------------------------------------------ */

static const char *find_end(const char *at, const char *what)
{
	const char *found = strstr(at, what);

	cr_assert(found != NULL, "no %s behind %.60s", what, at);
	return found;
}

enum { DEPTH = 32, TAG = 16 };

/* Every element that is opened is closed, in order; those that are never closed stand in the list. */
static void check_nesting(const char *document, const char *html)
{
	static const char *const empty[] = { "!doctype", "meta", "link", "img", "br" };
	char stack[DEPTH][TAG];
	size_t depth = 0;

	for (const char *at = strchr(html, '<'); at; at = strchr(at, '<')) {
		bool closes = at[1] == '/', is_empty = false;
		char tag[TAG] = "";
		size_t len;

		at += closes ? 2 : 1;
		len = strcspn(at, " >");
		cr_assert(len < TAG, "%s: %.40s", document, at);
		memcpy(tag, at, len);
		for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
			is_empty |= strcmp(empty[i], tag) == 0;
		/* In drawings an element may end in itself. */
		if (is_empty || find_end(at, ">")[-1] == '/')
			continue;
		if (!closes) {
			cr_assert(depth < DEPTH);
			strcpy(stack[depth++], tag);
			continue;
		}
		cr_assert(depth > 0 && strcmp(stack[depth - 1], tag) == 0,
		          "%s: </%s> closes nothing: %.60s", document, tag, at);
		depth--;
	}
	cr_expect(depth == 0, "%s: %s is open at the end", document, depth ? stack[0] : "");
}

/* Identifiers stand once, and links within the manual's directives lead to one. */
static void check_identifiers(const char *document, const char *html, const char *directives_html)
{
	for (const char *at = html; (at = strstr(at, " id=\"")); at += 5) {
		const char *end = find_end(at + 5, "\"");
		char id[96];

		snprintf(id, sizeof id, "%.*s", (int)(end + 1 - at), at);
		cr_expect(strstr(end, id) == NULL, "%s: %s twice", document, id);
	}
	for (const char *at = html; (at = strstr(at, "directives.html#")); at += 16) {
		const char *end = find_end(at, "\"");
		struct str name = str_make(at + 16, (size_t)(end - at) - 16);
		char id[96];

		snprintf(id, sizeof id, " id=\"%.*s\"", STR_ARG(name));
		cr_expect(strstr(directives_html, id) != NULL,
		          "%s: nothing at directives.html#%.*s", document, STR_ARG(name));
	}
}

static const char *write_document(struct manual *manual, const char *name)
{
	struct buf problem = buf_fixed(problem_room, sizeof problem_room - 1),
	           out = buf_in_arena(&manual->arena, 100000);

	memset(problem_room, 0, sizeof problem_room);
	cr_assert(document_write(manual, name, &out, &problem), "%s: %s", name, problem_room);
	buf_byte(&out, '\0');
	cr_assert(not(out.failed));
	return out.ptr;
}

Test(manual, pages_of_the_site_are_well_formed)
{
	struct manual manual;
	const struct document *document;
	const char *all;

	open_manual(&manual);
	all = write_document(&manual, "directives.html");
	for (size_t i = 0; (document = document_at(i)); i++) {
		const char *html, *name = document->name;

		if (document->section)
			continue;
		html = write_document(&manual, name);
		check_nesting(name, html);
		check_identifiers(name, html, all);
		cr_expect(strlen(html) < 128 * 1024, "%s is large", name);
	}
	for (size_t i = 0; i < directive_count; i++) {
		char id[96];

		snprintf(id, sizeof id, "<h3 id=\"%.*s\">", STR_ARG(directives[i].name));
		cr_expect(strstr(all, id) != NULL, "no %s", id);
	}
	manual_close(&manual);
}

/* What begins with a dot is one of our requests; no escape is open. */
Test(manual, pages_for_man_hold_no_request_but_ours)
{
	static const char *const requests[] = { ".\\\"", ".TH", ".SH", ".SS", ".PP", ".TP", ".IP",
		                                ".RS",   ".RE", ".nf", ".fi", ".br", ".nh", ".ad" };
	struct manual manual;
	const struct document *document;

	open_manual(&manual);
	for (size_t d = 0; (document = document_at(d)); d++) {
		const char *name = document->name;
		struct str rest;

		if (!document->section)
			continue;
		rest = str_from(write_document(&manual, name));
		while (rest.len > 0) {
			struct str line = str_cut(&rest, '\n');
			bool known = line.len == 0 || (line.ptr[0] != '.' && line.ptr[0] != '\'');

			for (size_t i = 0; !known && i < sizeof requests / sizeof *requests; i++)
				known = str_starts_with(line, str_from(requests[i]));
			cr_expect(known, "%s: %.*s", name, STR_ARG(line));
		}
	}
	manual_close(&manual);
}

Test(manual, a_missing_text_or_an_unknown_document_is_said)
{
	struct buf problem = buf_fixed(problem_room, sizeof problem_room - 1);
	struct manual manual;
	struct buf out;

	cr_expect(not(manual_open(&manual, "tests/conf", &problem)));
	cr_expect(strstr(problem_room, "tests/conf: ") != NULL, "%s", problem_room);
	memset(problem_room, 0, sizeof problem_room);
	problem.len = 0;
	open_manual(&manual);
	out = buf_in_arena(&manual.arena, 100);
	cr_expect(not(document_write(&manual, "none.html", &out, &problem)));
	cr_expect(strstr(problem_room, "none.html") != NULL, "%s", problem_room);
	manual_close(&manual);
}
