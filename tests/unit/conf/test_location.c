#include "load.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

static struct loaded loaded;

static const struct location_set *load(const char *text)
{
	loaded_text(&loaded, text);
	cr_assert(ne(ptr, loaded.config, NULL), "%s", loaded_messages(&loaded));
	return &loaded.config->servers.items[0]->locations;
}

Test(location, prefixes_are_sorted_and_know_their_parents)
{
	static const struct {
		const char *pattern;
		int parent;
	} want[] = {
		{ "/", -1 },   { "/a", 0 },  { "/a/b", 1 }, { "/a/b/", 2 },
		{ "/a/c", 1 }, { "/ab", 1 }, { "/b", 0 },
	};
	const struct location_set *set;

	set = load("server { root /tmp; location /b { } location /a/b/ { } location ^~ /ab { }\n"
	           " location / { } location /a/c { } location /a { } location /a/b { } }");
	cr_assert(eq(sz, set->prefix_count, 7));
	for (size_t i = 0; i < 7; i++) {
		cr_expect(str_eq(set->prefixes[i]->pattern, str_from(want[i].pattern)), "%s",
		          want[i].pattern);
		cr_expect(eq(int, set->parents[i], want[i].parent), "%s", want[i].pattern);
	}
	cr_expect(eq(int, (int)set->prefixes[5]->kind, LOCATION_PREFIX_FINAL));
	loaded_end(&loaded);
}

Test(location, kinds_are_kept_apart)
{
	const struct server_conf *server;
	const struct location_set *set;

	set = load("server { root /tmp; location = /b { } location = /a { } location ~ z { }\n"
	           " location ~* A { } location @n { return 404; } location ~\\.php$ { } location "
	           "=/c { } }");
	server = loaded.config->servers.items[0];
	cr_assert(eq(sz, set->exact_count, 3));
	cr_expect(str_eq(set->exact[0]->pattern, STR_OF("/a")));
	cr_assert(eq(sz, set->regex_count, 3));
	cr_expect(str_eq(set->regexes[0]->pattern, STR_OF("z")), "in the order written");
	cr_expect(str_eq(set->regexes[2]->pattern, STR_OF("\\.php$")), "the mark may touch it");
	cr_expect(set->regexes[1]->ignore_case);
	cr_expect(eq(int, regexec(set->regexes[1]->regex, "/xay", 0, NULL, 0), 0));
	cr_expect(eq(int, regexec(set->regexes[0]->regex, "/Z", 0, NULL, 0), REG_NOMATCH));
	cr_assert(eq(sz, server->named_count, 1));
	cr_expect(str_eq(server->named[0]->pattern, STR_OF("@n")));
	cr_expect(eq(u32, server->named[0]->settings.ret.code, 404));
	loaded_end(&loaded);
}

Test(location, nested_ones_are_in_inner)
{
	const struct location_set *set;

	set = load("server { root /tmp; location /a/ { location /a/b/ { location ~ c { } } \n"
	           " location = /a/x { } location ~ d { location ~ e { } } } }");
	cr_assert(eq(sz, set->prefix_count, 1));
	set = &set->prefixes[0]->inner;
	cr_expect(eq(sz, set->exact_count, 1));
	cr_expect(eq(sz, set->regex_count, 1));
	cr_expect(eq(sz, set->regexes[0]->inner.regex_count, 1));
	cr_assert(eq(sz, set->prefix_count, 1));
	cr_expect(eq(int, set->parents[0], -1), "parents are on the same level");
	cr_expect(eq(sz, set->prefixes[0]->inner.regex_count, 1));
	loaded_end(&loaded);
}

Test(location, ids_count_through_the_whole_configuration)
{
	load("server { root /tmp; location /a { location /a/b { } } location @n { return 404; } }\n"
	     "server { listen 2; root /tmp; location /c { } }");
	cr_assert(eq(sz, loaded.config->locations.len, 6));
	for (size_t i = 0; i < 6; i++)
		cr_expect(eq(u32, loaded.config->locations.items[i]->id, (uint32_t)i));
	cr_expect(eq(int, (int)loaded.config->locations.items[0]->kind, LOCATION_SERVER));
	cr_expect(eq(ptr, (void *)loaded.config->locations.items[5]->server,
	             (void *)loaded.config->servers.items[1]));
	cr_expect(eq(u32, loaded.config->locations.items[2]->at.line, 1));
	cr_expect(eq(u32, loaded.config->locations.items[2]->at.column, 44));
	loaded_end(&loaded);
}

Test(location, named_ones_are_found_before_they_are_written)
{
	const struct server_conf *server;

	load("error_page 500 @two;\n"
	     "server { root /tmp; error_page 404 @one; location / { try_files a @two; }\n"
	     " location @one { return 404; } location @two { return 500; } }\n"
	     "server { listen 2; root /tmp; location @two { return 500; } }");
	server = loaded.config->servers.items[0];
	cr_expect(eq(int, server->self.settings.error_pages.items[0].named, 0));
	cr_expect(eq(int, server->locations.prefixes[0]->settings.try_files.named, 1));
	server = loaded.config->servers.items[1];
	cr_expect(eq(int, server->self.settings.error_pages.items[0].named, 0),
	          "each server has its own number");
	loaded_end(&loaded);
}

/* What a pattern is refused for, or NULL. */
static const struct {
	const char *name, *pattern, *help;
} patterns[] = {
	{ "literals, classes and groups", "^/(a|b)[0-9]+[[:alpha:]]*\\.x$", NULL },
	{ "bounds", "a{2,3}b{4}c{5,}", NULL },
	{ "escaped punctuation", "\\.\\/\\-\\$\\(\\?", NULL },
	{ "brackets that begin with ]", "[]a]+[^]b]+", NULL },
	{ "a doubled backslash in brackets", "[\\\\]", NULL },
	{ "an escaped star before a question mark", "a\\*?", NULL },
	{ "a group that may be missing", "(abc)?", NULL },
	{ "digits", "\\d", "[0-9]" },
	{ "no digits", "\\D", "[^0-9]" },
	{ "word letters", "\\w+", "[A-Za-z0-9_]" },
	{ "no word letters", "\\W", "[^A-Za-z0-9_]" },
	{ "white space", "\\s", "[[:space:]]" },
	{ "no white space", "\\S", "[^[:space:]]" },
	{ "a word boundary", "\\bx", "no word boundary" },
	{ "another letter", "\\pL", "only punctuation" },
	{ "a code point", "\\x41", "only punctuation" },
	{ "a group that does not capture", "(?:a)", "write (" },
	{ "look-ahead", "a(?=b)", "look-ahead" },
	{ "negative look-ahead", "a(?!b)", "look-ahead" },
	{ "look-behind", "(?<=a)b", "look-behind" },
	{ "a named group", "(?<n>a)", "$1" },
	{ "a named group in Python's way", "(?P<n>a)", "$1" },
	{ "an option", "(?i)a", "~*" },
	{ "a lazy star", "a*?", "[^/]*" },
	{ "a lazy plus", "a+?", "[^/]*" },
	{ "a lazy question mark", "a??", "[^/]*" },
	{ "a lazy bound", "a{1,2}?", "[^/]*" },
	{ "a possessive star", "a*+", "leave the +" },
	{ "an escape in brackets", "[\\d]", "[0-9]" },
	{ "a dot escaped in brackets", "[\\.]", "[.]" },
	{ "a bracket escaped in brackets", "[\\]]", "put ] first" },
	{ "a back-reference", "(a)\\1", "alternatives" },
};

Test(location, patterns_of_pcre_are_refused_with_the_posix_spelling)
{
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		char text[200];
		struct loaded one;

		/* A backslash before a backslash or a quote is the lexer's: written twice here. */
		snprintf(text, sizeof text, "server { root /tmp; location ~ '%s' { } }",
		         strcmp(patterns[i].pattern, "[\\\\]") == 0 ? "[\\\\\\\\]"
		                                                    : patterns[i].pattern);
		loaded_text(&one, text);
		cr_expect(eq(int, one.config != NULL, patterns[i].help == NULL), "%s: %s",
		          patterns[i].name, loaded_messages(&one));
		if (patterns[i].help)
			cr_expect(strstr(loaded_messages(&one), patterns[i].help) != NULL, "%s: %s",
			          patterns[i].name, loaded_messages(&one));
		loaded_end(&one);
	}
}

Test(location, pattern_size_is_bounded)
{
	static const char *const costly[] = { "((a{100}){100}){2}", "(((((a+)+)+)+)+){255}{255}",
		                              "(a{255}){255}", "a{256}", "a{1,99999999999}" };
	char text[4000], pattern[1100];
	struct loaded one;

	for (size_t i = 0; i < sizeof costly / sizeof *costly; i++) {
		snprintf(text, sizeof text, "server { root /tmp; location ~ '%s' { } }", costly[i]);
		loaded_text(&one, text);
		cr_expect(eq(ptr, one.config, NULL), "%s", costly[i]);
		loaded_end(&one);
	}
	memset(pattern, 'a', sizeof pattern);
	pattern[1025] = '\0';
	snprintf(text, sizeof text, "server { root /tmp; location ~ %s { } }", pattern);
	loaded_text(&one, text);
	cr_expect(eq(ptr, one.config, NULL), "1025 bytes are too many");
	loaded_end(&one);
	memset(pattern, '(', 40);
	snprintf(text, sizeof text, "server { root /tmp; location ~ %s { } }", pattern);
	loaded_text(&one, text);
	cr_expect(eq(ptr, one.config, NULL), "so many groups are too many");
	loaded_end(&one);
}
