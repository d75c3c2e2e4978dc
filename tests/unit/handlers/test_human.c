#include "handlers/human.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const struct {
	uint64_t bytes;
	const char *text;
} sizes[] = {
	{ 0, "0 B" },
	{ 999, "999 B" },
	{ 1000, "1.0 kB" },
	{ 1999, "1.9 kB" },
	{ 9999, "9.9 kB" },
	{ 10000, "10 kB" },
	{ 999999, "999 kB" },
	{ 1000000, "1.0 MB" },
	{ 2147483648, "2.1 GB" },
	{ UINT64_MAX, "18 EB" },
};

Test(human, sizes)
{
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char room[32];
		struct buf b = buf_fixed(room, sizeof room - 1);

		human_size(&b, sizes[i].bytes);
		room[b.len] = '\0';
		cr_expect(eq(str, room, (char *)sizes[i].text), "%llu bytes",
		          (unsigned long long)sizes[i].bytes);
	}
}

Test(human, times)
{
	char room[64];
	struct buf b = buf_fixed(room, sizeof room - 1);

	human_time(&b, 784111777, false);
	buf_byte(&b, ' ');
	human_iso_time(&b, 784111777);
	room[b.len] = '\0';
	cr_expect(eq(str, room, "1994-11-06 08:49 1994-11-06T08:49:37Z"));
}

/* Each is behind the one before it. */
static const char *const sorted[] = {
	"",
	"01",
	"1",
	"2",
	"10",
	"010a",
	"99999999999999999999999",
	"A",
	"a",
	"a b",
	"a.txt",
	"a1",
	"A2",
	"a10",
	"b",
	"file",
	"file1.txt",
	"file2.txt",
	"File10.txt",
	"file10a.txt",
	"file010b.txt",
	"x1y10",
	"x1y10z",
	"x01y11",
	"\xc3\xa9",
};

Test(human, names_in_order)
{
	for (size_t i = 0; i < sizeof sorted / sizeof *sorted; i++)
		for (size_t j = 0; j < sizeof sorted / sizeof *sorted; j++) {
			int order = human_compare(str_from(sorted[i]), str_from(sorted[j]));
			int is = (order > 0) - (order < 0), wanted = (i > j) - (i < j);

			cr_expect(eq(int, is, wanted), "\"%s\" and \"%s\"", sorted[i], sorted[j]);
		}
}
