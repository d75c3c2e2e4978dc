#include "base/path.h"

#include "refuse.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char base[] = "/tmp/test-path-temp-XXXXXX";

static void make_base(void)
{
	cr_assert(mkdtemp(base) != NULL);
	cr_assert(eq(int, chdir(base), 0));
}

/* The names in the directory, without "." and ".."; with each of them removed where that is wanted. */
static int names(bool hidden_too, bool remove_them)
{
	DIR *dir = opendir(base);
	const struct dirent *entry;
	int n = 0;

	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		n += hidden_too || entry->d_name[0] != '.';
		if (remove_them)
			unlinkat(dirfd(dir), entry->d_name,
			         entry->d_type == DT_DIR ? AT_REMOVEDIR : 0);
	}
	closedir(dir);
	return n;
}

static void remove_base(void)
{
	names(true, true);
	rmdir(base);
}

TestSuite(path_temp, .init = make_base, .fini = remove_base, .timeout = 20);

static struct path_temp temp_with(const char *text)
{
	struct path_temp temp;

	cr_assert(eq(int, path_temp_open(&temp, open(base, O_RDONLY | O_DIRECTORY), 0640), 0));
	cr_assert(eq(int, (int)write(temp.fd, text, strlen(text)), (int)strlen(text)));
	return temp;
}

static int link_as(struct path_temp *temp, const char *name, bool replace)
{
	errno = 0;
	return path_temp_link(temp, str_from(name), replace) == 0 ? 0 : errno;
}

static void expect_content(const char *path, const char *text)
{
	char room[32] = "";
	int fd = open(path, O_RDONLY);
	struct stat st;

	cr_assert(ge(int, fd, 0), "%s", path);
	fstat(fd, &st);
	cr_expect(eq(uint, st.st_mode & 07777, 0640), "%s: the mode, whatever the umask", path);
	cr_expect(eq(uint, (unsigned)st.st_nlink, 1), "%s: one name", path);
	cr_expect(ge(int, (int)read(fd, room, sizeof room - 1), 0));
	cr_expect(eq(str, room, (char *)text), "%s", path);
	close(fd);
}

/* ---- the life of some files, each way of making them -------------------------------------------------- */

static void check_names(void)
{
	struct path_temp temp = temp_with("one");

	cr_expect(eq(int, names(false, false), 0), "nothing shows before it has its name");
	cr_expect(eq(int, link_as(&temp, "a", false), 0));
	path_temp_close(&temp);
	expect_content("a", "one");

	temp = temp_with("two");
	cr_expect(eq(int, link_as(&temp, "a", false), EEXIST),
	          "a name that is taken is not taken over");
	expect_content("a", "one");
	cr_expect(eq(int, link_as(&temp, "b", false), 0), "and another may be tried");
	path_temp_close(&temp);
	expect_content("b", "two");

	temp = temp_with("three");
	cr_expect(eq(int, link_as(&temp, "a", true), 0));
	path_temp_close(&temp);
	expect_content("a", "three");

	temp = temp_with("four");
	cr_expect(eq(int, link_as(&temp, "c", true), 0), "what is not there needs no replacing");
	path_temp_close(&temp);
	expect_content("c", "four");
	cr_expect(eq(int, names(true, false), 3), "nothing hidden is left over");
}

static void check_refusals(void)
{
	struct path_temp temp = temp_with("five");

	cr_assert(eq(int, mkdir("dir", 0755), 0));
	cr_expect(eq(int, link_as(&temp, "dir", false), EEXIST));
	cr_expect(eq(int, link_as(&temp, "dir", true), EISDIR), "a directory is not replaced");
	cr_assert(eq(int, symlink("a", "link"), 0));
	cr_expect(eq(int, link_as(&temp, "link", false), EEXIST), "a link is not followed");
	cr_expect(eq(int, link_as(&temp, "link", true), 0), "but replaced itself");
	path_temp_close(&temp);
	expect_content("link", "five");
	expect_content("a", "three");
	cr_expect(eq(int, names(true, false), 5), "nothing hidden is left over");
}

static void check_abandoned(void)
{
	int before = names(true, false);
	struct path_temp temp = temp_with("six");
	int fd = temp.fd, dirfd = temp.dirfd;

	path_temp_close(&temp);
	cr_expect(eq(int, names(true, false), before), "what got no name is gone");
	cr_expect(eq(int, fcntl(fd, F_GETFD), -1));
	cr_expect(eq(int, fcntl(dirfd, F_GETFD), -1));
	path_temp_close(&temp);
	cr_expect(eq(int, temp.fd, -1), "closing twice is harmless");
}

static void check_life(void)
{
	umask(077);
	check_names();
	check_refusals();
	check_abandoned();
}

Test(path_temp, unnamed)
{
	struct path_temp temp = temp_with("x");

	cr_expect(eq(chr, temp.hidden[0], '\0'), "the file system of this test has O_TMPFILE");
	cr_expect(eq(int, names(true, false), 0), "such a file has no name, not even a hidden one");
	path_temp_close(&temp);
	check_life();
}

/* What an ordinary user met before Linux 6.10. */
Test(path_temp, unnamed_without_empty_path)
{
	refuse_call(SYS_linkat, 4, AT_EMPTY_PATH, ENOENT);
	check_life();
}

/* A confined process: it can't read /proc. */
Test(path_temp, unnamed_without_proc)
{
	if (geteuid() != 0) {
		remove_base(); /* a skipped test is not tidied up after */
		cr_skip_test("only root may link a descriptor on every kernel");
	}
	refuse_call(SYS_linkat, 4, AT_SYMLINK_FOLLOW, EACCES);
	check_life();
}

static const int lacking[] = { EOPNOTSUPP, EISDIR, EINVAL };

Test(path_temp, hidden_name)
{
	for (size_t i = 0; i < sizeof lacking / sizeof lacking[0]; i++) {
		struct path_temp temp;

		refuse_call(SYS_openat, 2, O_TMPFILE, lacking[i]);
		temp = temp_with("x");
		cr_expect(eq(chr, temp.hidden[0], '.'), "%s", strerror(lacking[i]));
		cr_expect(eq(int, names(true, false), 1), "%s", strerror(lacking[i]));
		path_temp_close(&temp);
	}
	check_life();
}

/* ---- names and failures ----------------------------------------------------------------------------- */

#define FIFTY   "12345678901234567890123456789012345678901234567890"
#define LONGEST FIFTY FIFTY FIFTY FIFTY FIFTY "12345"

static const struct {
	const char *name;
	struct str file;
	int error;
} name_rows[] = {
	{ "no name", STR(""), EINVAL },        { "a path", STR("dir/x"), EINVAL },
	{ "a path out", STR("../x"), EINVAL }, { "an absolute path", STR("/x"), EINVAL },
	{ "a NUL", STR("a\0b"), EINVAL },      { "256 bytes", STR(LONGEST "6"), ENAMETOOLONG },
	{ "255 bytes", STR(LONGEST), 0 },
};

Test(path_temp, names)
{
	for (int replace = 0; replace < 2; replace++)
		for (size_t i = 0; i < sizeof name_rows / sizeof name_rows[0]; i++) {
			struct path_temp temp = temp_with("x");
			int result;

			errno = 0;
			result = path_temp_link(&temp, name_rows[i].file, replace);
			cr_expect(eq(int, result ? errno : 0, name_rows[i].error), "%s",
			          name_rows[i].name);
			path_temp_close(&temp);
			names(true, true);
		}
}

static const char *const dot_names[] = { ".", ".." };

Test(path_temp, dots_are_no_names)
{
	for (size_t i = 0; i < 2; i++) {
		struct path_temp temp = temp_with("x");

		cr_expect(ne(int, link_as(&temp, dot_names[i], false), 0), "%s", dot_names[i]);
		cr_expect(ne(int, link_as(&temp, dot_names[i], true), 0), "%s", dot_names[i]);
		path_temp_close(&temp);
		cr_expect(eq(int, names(true, false), 0), "%s: nothing is left over", dot_names[i]);
	}
}

Test(path_temp, where_nothing_can_be_made)
{
	struct path_temp temp;
	int dirfd = open("/proc/self", O_RDONLY | O_DIRECTORY);

	cr_assert(ge(int, dirfd, 0));
	errno = 0;
	cr_expect(eq(int, path_temp_open(&temp, dirfd, 0644), -1));
	cr_expect(ne(int, errno, 0));
	cr_expect(eq(int, fcntl(dirfd, F_GETFD), -1), "the directory is owned also on failure");
	cr_expect(eq(int, temp.fd, -1));
	path_temp_close(&temp);
}
