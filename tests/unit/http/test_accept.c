#include "http/accept.h"

#include "guard.h"
#include "heads.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* The header of the example in RFC 9110 section 12.5.1. */
#define EXAMPLE                                                              \
	"Accept: text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, " \
	"text/plain;format=fixed;q=0.4, */*;q=0.5"

struct accept_row {
	const char *name, *lines, *wanted;
	unsigned weight;
};

static const struct accept_row type_rows[] = {
	{ "without Accept everything is welcome (RFC 9110 section 12.5.1)", "", "text/html", 1000 },
	{ "an exact type has its own weight", "Accept: text/html;q=0.5", "text/html", 500 },
	{ "a type without a weight has the full one (RFC 9110 section 12.4.2)", "Accept: text/html",
	  "text/html", 1000 },
	{ "a type that is not named is not acceptable", "Accept: text/html", "image/png", 0 },
	{ "any type of one kind fits", "Accept: image/*;q=0.2", "image/png", 200 },
	{ "any type of another kind does not", "Accept: image/*;q=0.2", "text/png", 0 },
	{ "any type at all fits", "Accept: */*;q=0.1", "image/png", 100 },
	{ "the exact type decides over its kind, though listed later",
	  "Accept: text/*;q=0.9, text/html;q=0.1", "text/html", 100 },
	{ "the exact type decides over its kind, though listed earlier",
	  "Accept: text/html;q=0.1, text/*;q=0.9", "text/html", 100 },
	{ "the kind decides over all", "Accept: */*, text/*;q=0.4", "text/html", 400 },
	{ "a type may be excluded from its kind", "Accept: text/html;q=0, text/*", "text/html", 0 },
	{ "RFC 9110 section 12.5.1: text/plain is 0.7", EXAMPLE, "text/plain", 700 },
	{ "RFC 9110 section 12.5.1: text/html is 0.3", EXAMPLE, "text/html", 300 },
	{ "RFC 9110 section 12.5.1: image/jpeg is 0.5", EXAMPLE, "image/jpeg", 500 },
	{ "types are in any case (RFC 9110 section 8.3.1)", "Accept: TEXT/Html;Q=0.5", "text/html",
	  500 },
	{ "two lines are one list (RFC 9110 section 5.3)",
	  "Accept: text/html;q=0.5\nAccept: image/png;q=0.2", "image/png", 200 },
	{ "a parameter does not keep the type out", "Accept: application/json; charset=utf-8",
	  "application/json", 1000 },
	{ "a parameter and a weight", "Accept: application/json;charset=utf-8;q=0.3",
	  "application/json", 300 },
	{ "our own parameter does not count", "Accept: text/html;q=0.5", "text/html; charset=utf-8",
	  500 },
	{ "white space around the semicolon is passed over (RFC 9110 section 12.4.2)",
	  "Accept: text/html ; q=0.5", "text/html", 500 },
	{ "three decimals are read", "Accept: text/html;q=0.123", "text/html", 123 },
	{ "two decimals are read", "Accept: text/html;q=0.05", "text/html", 50 },
	{ "no decimals behind the point are read (RFC 9110 section 12.4.2)",
	  "Accept: text/html;q=0.", "text/html", 0 },
	{ "1.000 is the full weight", "Accept: text/html;q=1.000", "text/html", 1000 },
	{ "1.001 is malformed and its element passed over", "Accept: text/html;q=1.001, */*;q=0.2",
	  "text/html", 200 },
	{ "2 is malformed", "Accept: text/html;q=2, */*;q=0.2", "text/html", 200 },
	{ "four decimals are malformed (RFC 9110 section 12.4.2)",
	  "Accept: text/html;q=0.1234, */*;q=0.2", "text/html", 200 },
	{ "a negative weight is malformed", "Accept: text/html;q=-1, */*;q=0.2", "text/html", 200 },
	{ "a weight without its zero is malformed", "Accept: text/html;q=.5, */*;q=0.2",
	  "text/html", 200 },
	{ "of equal fits the heaviest counts", "Accept: text/html;q=0.2, text/html;q=0.8",
	  "text/html", 800 },
	{ "an empty value says nothing", "Accept:", "text/html", 1000 },
	{ "nothing readable says nothing", "Accept: text/html;q=x", "text/html", 1000 },
	{ "empty elements are passed over (RFC 9110 section 5.6.1)", "Accept: ,, text/html;q=0.5,",
	  "text/html", 500 },
	{ "a star alone is no media range", "Accept: *, image/png", "text/html", 0 },
	{ "a star in front only is no media range", "Accept: */html, image/png", "text/html", 0 },
	{ "a kind that begins like ours is another", "Accept: tex/*, image/png", "text/html", 0 },
	{ "a type that begins like ours is another", "Accept: text/htm", "text/html", 0 },
	{ "a comma in quotes does not separate (RFC 9110 section 5.6.4)",
	  "Accept: text/html;a=\",image/png\";q=0.5, image/gif", "image/png", 0 },
};

static const struct accept_row coding_rows[] = {
	{ "without the field nothing but identity", "", "gzip", 0 },
	{ "without the field identity (RFC 9110 section 12.5.3)", "", "identity", 1000 },
	{ "an empty field wants identity only (RFC 9110 section 12.5.3)",
	  "Accept-Encoding:", "gzip", 0 },
	{ "an empty field leaves identity", "Accept-Encoding:", "identity", 1000 },
	{ "a named coding", "Accept-Encoding: gzip, br", "br", 1000 },
	{ "a named coding with a weight", "Accept-Encoding: gzip;q=0.5, br", "gzip", 500 },
	{ "a coding that is not named", "Accept-Encoding: gzip, br", "zstd", 0 },
	{ "a coding that is excluded", "Accept-Encoding: gzip;q=0, *", "gzip", 0 },
	{ "a star stands for all others (RFC 9110 section 12.5.3)",
	  "Accept-Encoding: gzip, *;q=0.3", "br", 300 },
	{ "a star stands for identity too", "Accept-Encoding: gzip, *;q=0.3", "identity", 300 },
	{ "identity not named is still acceptable, last (RFC 9110 section 12.5.3)",
	  "Accept-Encoding: gzip", "identity", 1 },
	{ "identity excluded by name (RFC 9110 section 12.5.3)",
	  "Accept-Encoding: gzip, identity;q=0", "identity", 0 },
	{ "identity excluded by the star (RFC 9110 section 12.5.3)", "Accept-Encoding: gzip, *;q=0",
	  "identity", 0 },
	{ "identity named again in spite of the star", "Accept-Encoding: identity;q=0.5, *;q=0",
	  "identity", 500 },
	{ "codings are in any case (RFC 9110 section 8.4.1)", "Accept-Encoding: GZIP", "gzip",
	  1000 },
	{ "x-gzip is gzip (RFC 9110 section 8.4.1.3)", "Accept-Encoding: x-gzip;q=0.7", "gzip",
	  700 },
	{ "gzip is x-gzip", "Accept-Encoding: gzip;q=0.7", "x-gzip", 700 },
	{ "x-compress is compress (RFC 9110 section 8.4.1.1)", "Accept-Encoding: x-compress",
	  "compress", 1000 },
	{ "two lines are one list", "Accept-Encoding: br\nAccept-Encoding: gzip", "gzip", 1000 },
	{ "what browsers send", "Accept-Encoding: gzip, deflate, br, zstd", "zstd", 1000 },
	{ "the weight of RFC 9110 section 12.5.3",
	  "Accept-Encoding: gzip;q=1.0, identity; q=0.5, *;q=0", "identity", 500 },
	{ "a coding that begins alike is another", "Accept-Encoding: gzi, gzipp", "gzip", 0 },
};

static void check(const struct accept_row *rows, size_t count,
                  unsigned (*weigh)(const struct head *head, struct str wanted))
{
	for (size_t i = 0; i < count; i++) {
		struct str wanted = guard_copy(str_from(rows[i].wanted));
		struct given_head given;

		given_head_make(&given, METHOD_GET, rows[i].lines);
		cr_expect(eq(uint, weigh(&given.head, wanted), rows[i].weight), "%s", rows[i].name);
		given_head_end(&given);
		guard_free(wanted);
	}
}

Test(accept, weighs_types)
{
	check(type_rows, sizeof type_rows / sizeof *type_rows, accept_type);
}

Test(accept, weighs_codings)
{
	check(coding_rows, sizeof coding_rows / sizeof *coding_rows, accept_encoding);
}

static const struct {
	const char *name, *lines;
	bool prefers;
} json_rows[] = {
	{ "without Accept a person reads", "", false },
	{ "curl's star leaves it at HTML", "Accept: */*", false },
	{ "a browser wants HTML", "Accept: text/html,application/xhtml+xml,*/*;q=0.8", false },
	{ "a program that names JSON alone wants it", "Accept: application/json", true },
	{ "JSON before the star", "Accept: application/json, */*;q=0.1", true },
	{ "JSON equal to all others is no preference", "Accept: application/json, text/plain, */*",
	  false },
	{ "HTML that weighs more", "Accept: application/json;q=0.5, text/html", false },
	{ "JSON that weighs more", "Accept: application/json, text/html;q=0.9", true },
	{ "problem details are JSON (RFC 9457 section 3)", "Accept: application/problem+json",
	  true },
	{ "JSON refused", "Accept: application/json;q=0", false },
	{ "any application type includes JSON", "Accept: application/*, text/html;q=0.1", true },
};

Test(accept, knows_who_reads_json)
{
	for (size_t i = 0; i < sizeof json_rows / sizeof *json_rows; i++) {
		struct given_head given;

		given_head_make(&given, METHOD_GET, json_rows[i].lines);
		cr_expect(accept_prefers_json(&given.head) == json_rows[i].prefers, "%s",
		          json_rows[i].name);
		given_head_end(&given);
	}
}
