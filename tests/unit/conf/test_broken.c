#include "load.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Every NAME.conf says exactly what NAME.expected holds: mistakes are errors, traps
 * warnings. With UPDATE_EXPECTED set in the environment the files are written anew, for a look at the
 * difference.
 */
static void check_file(const char *path)
{
	char expected_path[512], *expected, *messages;
	struct loaded loaded;

	snprintf(expected_path, sizeof expected_path, "%.*s.expected",
	         (int)(strlen(path) - strlen(".conf")), path);
	loaded_file(&loaded, path);
	messages = loaded_messages(&loaded);
	if (getenv("UPDATE_EXPECTED")) {
		FILE *file = fopen(expected_path, "w");

		cr_assert(ne(ptr, file, NULL));
		fputs(messages, file);
		fclose(file);
	}
	expected = load_read(&loaded.arena, expected_path);
	cr_assert(ne(ptr, expected, NULL), "%s is missing", expected_path);
	cr_expect(eq(str, messages, expected), "%s", path);
	cr_expect(eq(int, loaded.config == NULL, loaded.diag.errors > 0),
	          "%s: with an error there is no configuration", path);
	loaded_end(&loaded);
}

static void check_files(const char *pattern, size_t least)
{
	glob_t found;

	cr_assert(eq(int, glob(pattern, 0, NULL, &found), 0));
	cr_expect(ge(sz, found.gl_pathc, least), "the corpus is there");
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_file(found.gl_pathv[i]);
	globfree(&found);
}

Test(broken, files_say_what_is_wrong)
{
	check_files("tests/conf/broken/*.conf", 200);
}

/* What distributions, guides and frameworks tell people to write for nginx works or says what to change. */
Test(broken, files_for_nginx_lead_to_files_that_work)
{
	check_files("tests/conf/nginx/*.conf", 18);
}

Test(broken, a_store_that_the_workers_may_not_write_is_a_trap)
{
	struct loaded loaded;
	bool said = false;

	loaded_text(&loaded, "user nobody; server { root /tmp; location /u { upload_store /usr;\n"
	                     " methods POST; } location /t { upload_store /tmp; methods POST; } }");
	cr_assert(ne(ptr, loaded.config, NULL), "%s", loaded_messages(&loaded));
	for (size_t i = 0; i < loaded.diag.messages.len; i++) {
		const char *text = loaded.diag.messages.items[i].text.ptr;

		said |= strstr(text, "'/usr' is not writable") != NULL;
		cr_expect(strstr(text, "'/tmp' is not writable") == NULL);
	}
	cr_expect(said);
	loaded_end(&loaded);
}
