#include "load.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/webserv-include-XXXXXX";
static struct loaded loaded;

static void begin(void)
{
	cr_assert(ne(ptr, mkdtemp(dir), NULL));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void end(void)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(include, .init = begin, .fini = end);

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	cr_assert(ne(ptr, file, NULL), "%s", name);
	fputs(text, file);
	fclose(file);
}

static void load(const char *name)
{
	loaded_file(&loaded, path_of(name));
}

static bool says(const char *text)
{
	return strstr(loaded_messages(&loaded), text) != NULL;
}

Test(include, is_relative_to_the_including_file_then_to_the_prefix)
{
	mkdir(path_of("sub"), 0700);
	put("main.conf", "include sub/a.conf;");
	put("sub/a.conf", "include b.conf; include good/mime.types;");
	put("sub/b.conf", "server { root /tmp; }");
	load("main.conf");
	cr_assert(ne(ptr, loaded.config, NULL), "%s", loaded_messages(&loaded));
	cr_assert(eq(sz, loaded.config->files.count, 4));
	cr_expect(str_ends_with(loaded.config->files.items[2], STR_OF("/sub/b.conf")));
	cr_expect(str_ends_with(loaded.config->files.items[3],
	                        STR_OF("/tests/conf/good/mime.types")));
	loaded_end(&loaded);
}

Test(include, keeps_its_place_among_the_statements)
{
	put("main.conf",
	    "server { root /tmp; location ~ a { } include in.conf; location ~ d { } }");
	put("in.conf", "location ~ b { }\nlocation ~ c { }");
	load("main.conf");
	cr_assert(ne(ptr, loaded.config, NULL), "%s", loaded_messages(&loaded));
	cr_assert(eq(sz, loaded.config->servers.items[0]->locations.regex_count, 4));
	for (size_t i = 0; i < 4; i++)
		cr_expect(eq(chr,
		             *loaded.config->servers.items[0]->locations.regexes[i]->pattern.ptr,
		             (char)('a' + i)));
	loaded_end(&loaded);
}

Test(include, patterns_are_read_in_order_and_may_match_nothing)
{
	put("main.conf", "include none*.conf; include [ab].conf; server { root /tmp; }");
	put("b.conf", "log_format b $host;");
	put("a.conf", "log_format a $host;");
	load("main.conf");
	cr_assert(ne(ptr, loaded.config, NULL), "%s", loaded_messages(&loaded));
	cr_assert(eq(sz, loaded.config->formats.len, 4));
	cr_expect(str_eq(loaded.config->formats.items[2].name, STR_OF("a")));
	loaded_end(&loaded);
}

Test(include, the_same_file_twice_is_no_loop)
{
	put("main.conf", "server { root /tmp; location /a { include in.conf; }\n"
	                 " location /b { include in.conf; } }");
	put("in.conf", "etag off;");
	load("main.conf");
	cr_expect(ne(ptr, loaded.config, NULL), "%s", loaded_messages(&loaded));
	loaded_end(&loaded);
}

Test(include, a_loop_through_a_link_is_seen)
{
	char target[256];

	snprintf(target, sizeof target, "%s", path_of("main.conf"));
	cr_assert(eq(int, symlink(target, path_of("link.conf")), 0));
	put("main.conf", "include link.conf;");
	load("main.conf");
	cr_expect(says("includes itself"));
	loaded_end(&loaded);
}

Test(include, nests_up_to_a_limit)
{
	char name[32], text[64];

	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "n%d", i);
		snprintf(text, sizeof text, "include n%d;", i + 1);
		put(name, text);
	}
	load("n0");
	cr_expect(says("includes nest deeper than 32"));
	cr_expect(eq(sz, loaded.diag.errors, 1));
	loaded_end(&loaded);
	put("n32", "server { root /tmp; }");
	load("n0");
	cr_expect(ne(ptr, loaded.config, NULL), "%s", loaded_messages(&loaded));
	loaded_end(&loaded);
}

Test(include, that_doubles_at_every_level_ends)
{
	char name[32], text[64];

	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof name, "n%d", i);
		snprintf(text, sizeof text, "include n%d;include n%d;", i + 1, i + 1);
		put(name, text);
	}
	put("n30", "# nothing");
	load("n0");
	cr_expect(says("more than 10000 files"));
	cr_expect(eq(sz, loaded.diag.errors, 1));
	loaded_end(&loaded);
}

Test(include, a_fifo_without_a_writer_does_not_block)
{
	cr_assert(eq(int, mkfifo(path_of("fifo"), 0600), 0));
	put("main.conf", "include fifo; server { root /tmp; }");
	load("main.conf");
	cr_expect(ne(ptr, loaded.config, NULL), "%s", loaded_messages(&loaded));
	loaded_end(&loaded);
}

Test(include, reads_no_directory_and_no_endless_device)
{
	put("main.conf", "include /dev/zero;\ninclude /tmp;\n");
	load("main.conf");
	cr_expect(says("'/dev/zero' is larger than 8388608 bytes"));
	cr_expect(says("Is a directory"));
	loaded_end(&loaded);
}

Test(include, finds_the_pid_file_in_a_broken_configuration)
{
	static const struct {
		const char *name, *text, *pid;
	} rows[] = {
		{ "an absolute one", "pid /run/a.pid;", "/run/a.pid" },
		{ "the first of two", "pid /a; pid /b;", "/a" },
		{ "among mistakes", "nonsense { ; pid_ x;\n}} server { pid /no; \"\npid /yes;",
		  NULL },
		{ "behind mistakes", "nonsense; listen 99999 }\npid /yes;", "/yes" },
		{ "in an included file", "include pid.conf;", "/run/included.pid" },
		{ "none", "server { }", "" },
		{ "not in a server", "server { pid /a; }", "" },
		{ "none with two arguments", "pid /a /b;", "" },
		{ "an empty file", "", "" },
	};
	struct arena arena;

	arena_init(&arena, NULL);
	put("pid.conf", "pid /run/included.pid;");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str pid;

		put("main.conf", rows[i].text);
		pid = config_find_pid(&(struct config_source){ .path = path_of("main.conf") },
		                      &arena);
		if (rows[i].pid)
			cr_expect(str_eq(pid, str_from(rows[i].pid)), "%s: %.*s", rows[i].name,
			          STR_ARG(pid));
	}
	put("main.conf", "pid a.pid;");
	cr_expect(str_eq(config_find_pid(&(struct config_source){ .path = path_of("main.conf"),
	                                                          .prefix = "/srv/" },
	                                 &arena),
	                 STR_OF("/srv/a.pid")),
	          "a relative one begins at the prefix");
	cr_expect(eq(sz, config_find_pid(&(struct config_source){ .path = "/no/such" }, &arena).len,
	             0));
	arena_end(&arena);
}
