#include "handlers/upload.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define TEN     "abcdefghij"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
	const char *name, *given;
	uint64_t n;
	const char *made;
} rows[] = {
	{ "number 0 is the name itself", "a.txt", 0, "a.txt" },
	{ "the number goes before the extension", "a.txt", 1, "a (1).txt" },
	{ "only the last extension counts", "a.tar.gz", 2, "a.tar (2).gz" },
	{ "a name without one gets it at its end", "README", 3, "README (3)" },
	{ "a leading dot begins no extension", ".profile", 1, ".profile (1)" },
	{ "an overlong extension is none", "a." TEN TEN TEN TEN, 1, "a." TEN TEN TEN TEN " (1)" },
	{ "a long name is cut so that number and extension fit",
	  HUNDRED HUNDRED TEN TEN TEN TEN TEN ".txt", 12,
	  HUNDRED HUNDRED TEN TEN TEN TEN "abcdef (12).txt" },
	{ "no UTF-8 character is torn",
	  HUNDRED HUNDRED TEN TEN TEN TEN "abcdef\xc3\xa9"
	                                  "abc",
	  1,
	  HUNDRED HUNDRED TEN TEN TEN TEN "abcdef\xc3\xa9"
	                                  "abc (1)" },
	{ "nor where the cut falls into it",
	  HUNDRED HUNDRED TEN TEN TEN TEN TEN "\xc3\xa9"
	                                      "abc",
	  1, HUNDRED HUNDRED TEN TEN TEN TEN TEN " (1)" },
};

Test(upload_name, numbered)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char room[FILENAME_MAX_BYTES + 1];
		struct str made = upload_name_numbered(str_from(rows[i].given), rows[i].n, room);

		cr_expect(eq(str, room, (char *)rows[i].made), "%s", rows[i].name);
		cr_expect(eq(sz, made.len, strlen(rows[i].made)), "%s", rows[i].name);
	}
}

Test(upload_name, generated_names_say_when_and_differ)
{
	char a[FILENAME_MAX_BYTES + 1], b[FILENAME_MAX_BYTES + 1];

	upload_name_generated(784111777, a);
	upload_name_generated(784111777, b);
	cr_expect(str_starts_with(str_from(a), STR_OF("19941106-084937-")), "%s", a);
	cr_expect(str_ends_with(str_from(a), STR_OF(".bin")), "%s", a);
	cr_expect(ne(str, a, b));
}
