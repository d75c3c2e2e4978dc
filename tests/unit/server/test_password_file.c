#include "server/password_file.h"

#include "tree.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <unistd.h>

#define SECRET "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="
#define B4     "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"

static struct tree tree;
static struct password_library library;
static struct password_file file;
static char path[64];

static void open_file(void)
{
	tree_open(&tree);
	cr_assert(password_library_open(&library) == NULL);
	snprintf(path, sizeof path, "%s/pw", tree.root);
	password_file_init(&file, path);
}

static void close_file(void)
{
	password_file_end(&file);
	password_library_close(&library);
	tree_close(&tree);
}

TestSuite(password_file, .init = open_file, .fini = close_file);

static bool admits(const char *user, const char *password)
{
	return password_file_admits(&file, &library, str_from(user), str_from(password));
}

Test(password_file, admits_by_name_and_password)
{
	tree_put(&tree, "pw", "a:" SECRET "\nb:" B4 "\nbad:plain\na:" B4 "x\n");
	cr_expect(password_file_refresh(&file, &library));
	cr_assert(file.is_readable);
	cr_expect(admits("a", "secret"));
	cr_expect(admits("b", "secret"));
	cr_expect(not(admits("a", "other")));
	cr_expect(not(admits("b", "")));
	cr_expect(not(admits("c", "secret")), "a name nobody has, with the first one's password");
	cr_expect(not(admits("", "secret")));
	cr_expect(not(admits("bad", "plain")));
	cr_expect(str_eq(file.usual, STR_OF(SECRET)), "what an unknown name costs");
}

Test(password_file, is_read_again_when_it_has_changed)
{
	cr_expect(not(password_file_refresh(&file, &library)), "a missing one stays missing");
	cr_expect(not(file.is_readable));
	tree_put(&tree, "pw", "a:" SECRET "\n");
	cr_expect(password_file_refresh(&file, &library));
	cr_expect(not(password_file_refresh(&file, &library)));
	/* The same length and the same time of change: only ctime tells. */
	tree_put(&tree, "pw", "z:" SECRET "\n");
	cr_expect(password_file_refresh(&file, &library));
	cr_expect(not(admits("a", "secret")));
	cr_expect(admits("z", "secret"));
	cr_assert(eq(int, unlink(path), 0));
	cr_expect(password_file_refresh(&file, &library));
	cr_expect(not(file.is_readable));
	cr_expect(not(password_file_refresh(&file, &library)));
	tree_put(&tree, "pw/", "");
	cr_expect(not(password_file_refresh(&file, &library)), "a directory is no file");
	cr_expect(not(file.is_readable));
}

Test(password_file, of_nobody_admits_nobody)
{
	tree_put(&tree, "pw", "# none\n");
	cr_expect(password_file_refresh(&file, &library));
	cr_expect(file.is_readable);
	cr_expect(not(admits("a", "")));
}

Test(password_file, may_be_a_descriptor)
{
	cr_expect(eq(int, password_file_descriptor(STR_OF("/dev/fd/0")), 0));
	cr_expect(eq(int, password_file_descriptor(STR_OF("/proc/self/fd/37")), 37));
	cr_expect(eq(int, password_file_descriptor(STR_OF("/proc/self/fd/")), -1));
	cr_expect(eq(int, password_file_descriptor(STR_OF("/dev/fd/3x")), -1));
	cr_expect(eq(int, password_file_descriptor(STR_OF("/dev/fd/99999999999")), -1));
	cr_expect(eq(int, password_file_descriptor(STR_OF("/etc/htpasswd")), -1));
}
