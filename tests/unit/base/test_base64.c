#include "base/base64.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* The vectors of RFC 4648 section 10, and what strict reading refuses. bytes NULL: refused. */
static const struct {
	const char *text, *bytes;
} rows[] = {
	{ "", "" },
	{ "Zg==", "f" },
	{ "Zm8=", "fo" },
	{ "Zm9v", "foo" },
	{ "Zm9vYg==", "foob" },
	{ "Zm9vYmE=", "fooba" },
	{ "Zm9vYmFy", "foobar" },
	{ "+/+/", "\xfb\xff\xbf" },
	{ "Zg", NULL },       /* no padding */
	{ "Zg=", NULL },      /* too little of it */
	{ "Zg===", NULL },    /* too much */
	{ "====", NULL },     /* nothing else */
	{ "Z===", NULL },     /* six bits are no byte */
	{ "Zh==", NULL },     /* bits behind the last byte: another spelling of "f" */
	{ "Zm9=", NULL },     /* likewise */
	{ "Zg==Zg==", NULL }, /* padding in the middle */
	{ "Zm9v\n", NULL },
	{ " Zm9v", NULL },
	{ "Zm-_", NULL }, /* the URL's alphabet */
	{ "Zm9v=", NULL },
};

Test(base64, is_read_strictly)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char out[8];
		size_t len;
		bool good = base64_decode(str_from(rows[i].text), out, sizeof out, &len);

		cr_expect(eq(int, good, rows[i].bytes != NULL), "%s", rows[i].text);
		if (good && rows[i].bytes)
			cr_expect(str_eq(str_make(out, len), str_from(rows[i].bytes)), "%s",
			          rows[i].text);
	}
}

Test(base64, what_does_not_fit_is_refused)
{
	char out[3] = "xx";
	size_t len;

	cr_expect(not(base64_decode(STR_OF("Zm9v"), out, 2, &len)));
	cr_expect(eq(int, out[2], 0), "nothing is written behind the end");
	cr_expect(base64_decode(STR_OF("Zm8="), out, 2, &len));
}
