#include "handlers/tar_header.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GIB            (UINT64_C(1) << 30)
#define TEN(text)      text text text text text text text text text text
#define HUNDRED_A      TEN("aaaaaaaaaa")
#define LONG_DIRECTORY TEN("directory/") TEN("directory/") TEN("directory/")

/* What tar -tvv says of an archive with this one entry; its content is not there, only promised. */
static const struct {
	const char *name;
	struct tar_entry entry;
	size_t blocks;
	const char *path, *size, *mode, *date;
} rows[] = {
	{ "a file",
	  { STR("d/file"), 7, 86400, false, false },
	  1,
	  "d/file",
	  "7",
	  "-rw-r--r--",
	  "1970-01-02" },
	{ "a program",
	  { STR("d/run"), 7, 86400, false, true },
	  1,
	  "d/run",
	  "7",
	  "-rwxr-xr-x",
	  "1970-01-02" },
	{ "a directory",
	  { STR("d/"), 0, 86400, true, false },
	  1,
	  "d/",
	  "0",
	  "drwxr-xr-x",
	  "1970-01-02" },
	{ "an empty file",
	  { STR("e"), 0, 0, false, false },
	  1,
	  "e",
	  "0",
	  "-rw-r--r--",
	  "1970-01-01" },
	{ "100 bytes fit",
	  { STR(HUNDRED_A), 0, 0, false, false },
	  1,
	  HUNDRED_A,
	  "0",
	  "-rw-r--r--",
	  "1970-01-01" },
	{ "101 without a slash do not",
	  { STR(HUNDRED_A "b"), 0, 0, false, false },
	  3,
	  HUNDRED_A "b",
	  "0",
	  "-rw-r--r--",
	  "1970-01-01" },
	{ "a long name is cut at a slash",
	  { STR(TEN("directory/") HUNDRED_A), 0, 0, false, false },
	  1,
	  TEN("directory/") HUNDRED_A,
	  "0",
	  "-rw-r--r--",
	  "1970-01-01" },
	{ "a directory's last slash is none to cut at",
	  { STR(HUNDRED_A "/"), 0, 0, true, false },
	  3,
	  HUNDRED_A "/",
	  "0",
	  "drwxr-xr-x",
	  "1970-01-01" },
	{ "a longer one can't be cut",
	  { STR(LONG_DIRECTORY "f"), 0, 0, false, false },
	  3,
	  LONG_DIRECTORY "f",
	  "0",
	  "-rw-r--r--",
	  "1970-01-01" },
	{ "other letters are UTF-8",
	  { STR("gr\xc3\xbc\xc3\x9f"
	        "e"),
	    0, 0, false, false },
	  3,
	  "gr\xc3\xbc\xc3\x9f"
	  "e",
	  "0",
	  "-rw-r--r--",
	  "1970-01-01" },
	{ "or any bytes",
	  { STR("x\xff"), 0, 0, false, false },
	  3,
	  "x\xff",
	  "0",
	  "-rw-r--r--",
	  "1970-01-01" },
	{ "the last size that ustar knows",
	  { STR("f"), 8 * GIB - 1, 0, false, false },
	  1,
	  "f",
	  "8589934591",
	  "-rw-r--r--",
	  "1970-01-01" },
	{ "8 GiB",
	  { STR("f"), 8 * GIB, 0, false, false },
	  3,
	  "f",
	  "8589934592",
	  "-rw-r--r--",
	  "1970-01-01" },
	{ "9 GB",
	  { STR("f"), 9000000000, 0, false, false },
	  3,
	  "f",
	  "9000000000",
	  "-rw-r--r--",
	  "1970-01-01" },
	{ "before 1970",
	  { STR("f"), 0, -86400, false, false },
	  3,
	  "f",
	  "0",
	  "-rw-r--r--",
	  "1969-12-31" },
	{ "after 2242",
	  { STR("f"), 0, 10000000000, false, false },
	  3,
	  "f",
	  "0",
	  "-rw-r--r--",
	  "2286-11-20" },
};

static void list(const char *bytes, size_t len, char *out, size_t cap)
{
	char path[] = "/tmp/tar-XXXXXX", command[200];
	int fd = mkstemp(path);
	FILE *pipe;
	size_t n;

	cr_assert(write(fd, bytes, len) == (ssize_t)len);
	close(fd);
	snprintf(command, sizeof command,
	         "TZ=UTC LC_ALL=C tar --full-time --quoting-style=literal -tvf %s 2>/dev/null",
	         path);
	pipe = popen(command, "r");
	n = fread(out, 1, cap - 1, pipe);
	out[n > 0 && out[n - 1] == '\n' ? n - 1 : n] = '\0';
	pclose(pipe);
	unlink(path);
}

Test(tar_header, is_what_tar_reads)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		static char out[TAR_HEADER_MAX], said[1024], path[512];
		char mode[16], size[32], date[16];
		size_t len = tar_header(&rows[i].entry, out);

		cr_expect(eq(sz, len, rows[i].blocks * TAR_BLOCK), "%s", rows[i].name);
		list(out, len, said, sizeof said);
		cr_assert(
		        eq(int,
		           sscanf(said, "%15s 0/0 %31s %15s %*s %511[^\n]", mode, size, date, path),
		           4),
		        "%s: %s", rows[i].name, said);
		cr_expect(eq(str, mode, (char *)rows[i].mode), "%s", rows[i].name);
		cr_expect(eq(str, size, (char *)rows[i].size), "%s", rows[i].name);
		cr_expect(eq(str, date, (char *)rows[i].date), "%s", rows[i].name);
		cr_expect(eq(str, path, (char *)rows[i].path), "%s", rows[i].name);
	}
}

/* The length in a record counts its own digits: every length around a power of ten. */
Test(tar_header, any_length_of_a_name)
{
	static char name[TAR_NAME_MAX], out[TAR_HEADER_MAX];

	memset(name, 'n', sizeof name);
	for (size_t n = 101; n <= TAR_NAME_MAX; n++) {
		struct tar_entry entry = { .name = str_make(name, n) };
		size_t len = tar_header(&entry, out), told, space;
		const char *record = out + TAR_BLOCK;

		cr_assert(le(sz, len, TAR_HEADER_MAX));
		cr_assert(eq(int, sscanf(record, "%zu", &told), 1));
		space = strcspn(record, " ");
		cr_assert(eq(sz, told, space + strlen(" path=") + n + 1), "%zu", n);
		cr_assert(eq(chr, record[told - 1], '\n'), "%zu", n);
	}
}

/* With everything that can be said at once, and names of every kind, it stays within its bounds. */
Test(tar_header, the_longest_fits)
{
	static char name[TAR_NAME_MAX], out[TAR_HEADER_MAX];
	struct tar_entry entry = { .name = str_make(name, sizeof name),
		                   .size = INT64_MAX,
		                   .modified = INT64_MIN };

	memset(name, '\xff', sizeof name);
	cr_expect(le(sz, tar_header(&entry, out), TAR_HEADER_MAX));
	cr_expect(ne(ptr, memmem(out, sizeof out, "size=9223372036854775807\n", 25), NULL));
	cr_expect(ne(ptr, memmem(out, sizeof out, "mtime=-9223372036854775808\n", 27), NULL));
}

Test(tar_header, contents_are_padded_to_whole_blocks)
{
	cr_expect(eq(sz, tar_padding(0), 0));
	cr_expect(eq(sz, tar_padding(1), 511));
	cr_expect(eq(sz, tar_padding(512), 0));
	cr_expect(eq(sz, tar_padding(513), 511));
	cr_expect(eq(sz, tar_padding(9000000001), 511));
}
