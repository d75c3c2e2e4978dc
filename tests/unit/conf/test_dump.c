#include "load.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <glob.h>

/* What is dumped loads to a configuration that dumps the same, without a complaint. */
static void check_file(const char *prefix, const char *path)
{
	struct loaded first, second;
	char *dump;

	loaded_file_in(&first, prefix, path);
	if (!first.config && strstr(path, "/nginx/")) { /* it says why: see test_broken.c */
		loaded_end(&first);
		return;
	}
	cr_assert(ne(ptr, first.config, NULL), "%s: %s", path, loaded_messages(&first));
	dump = loaded_dump(&first);
	loaded_text(&second, dump);
	cr_assert(ne(ptr, second.config, NULL), "%s: %s", path, loaded_messages(&second));
	cr_expect(eq(str, loaded_dump(&second), dump), "%s", path);
	cr_expect(eq(sz, second.config->servers.len, first.config->servers.len));
	cr_expect(eq(sz, second.config->locations.len, first.config->locations.len));
	cr_expect(eq(sz, second.config->listeners.len, first.config->listeners.len));
	loaded_end(&second);
	loaded_end(&first);
}

Test(dump, loads_back_to_itself)
{
	static const struct {
		const char *prefix, *pattern;
	} rows[] = {
		{ "tests/conf", "tests/conf/good/*.conf" },
		{ "tests/conf", "tests/conf/nginx/*.conf" },
		{ NULL, "conf/*.conf" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		glob_t found;

		cr_assert(eq(int, glob(rows[i].pattern, 0, NULL, &found), 0));
		cr_expect(ge(sz, found.gl_pathc, 2));
		for (size_t k = 0; k < found.gl_pathc; k++)
			check_file(rows[i].prefix, found.gl_pathv[k]);
		globfree(&found);
	}
}

Test(dump, is_written_into_a_fixed_buffer_as_far_as_it_fits)
{
	struct loaded loaded;

	loaded_file(&loaded, "tests/conf/good/everything.conf");
	cr_assert(ne(ptr, loaded.config, NULL));
	for (size_t cap = 0; cap < 6000; cap += 7) {
		char memory[6000];
		struct buf out = buf_fixed(memory, cap);

		config_dump(loaded.config, &out);
		cr_expect(out.failed);
		cr_expect(le(sz, out.len, cap));
	}
	loaded_end(&loaded);
}

Test(dump, a_stock_nginx_file_works_and_says_what_it_ignores)
{
	struct loaded loaded;

	loaded_file(&loaded, "tests/conf/good/nginx.conf");
	cr_assert(ne(ptr, loaded.config, NULL), "%s", loaded_messages(&loaded));
	cr_expect(eq(sz, loaded.diag.errors, 0));
	cr_expect(ge(sz, loaded.diag.notes, 7));
	cr_assert(eq(sz, loaded.config->files.count, 3));
	cr_expect(str_eq(loaded.config->files.items[1], STR_OF("tests/conf/good/mime.types")));
	cr_expect(str_eq(loaded.config->files.items[2],
	                 STR_OF("tests/conf/good/sites/default.conf")));
	cr_expect(eq(sz, loaded.config->listeners.len, 2));
	loaded_end(&loaded);
}
