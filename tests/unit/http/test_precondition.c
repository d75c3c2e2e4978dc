#include "http/precondition.h"

#include "heads.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* The representation was last modified at Sun, 06 Nov 1994 08:49:37 GMT. */
enum { MODIFIED = 784111777, NOW = 1795521600 };

static const struct validators file = {
	.exists = true,
	.etag = STR("\"abc\""),
	.modified = MODIFIED,
};
static const struct validators weak = {
	.exists = true,
	.etag = STR("W/\"abc\""),
	.modified = MODIFIED,
};
static const struct validators missing = { .exists = false };
static const struct validators tagless = { .exists = true, .modified = MODIFIED };
static const struct validators dateless = { .exists = true, .etag = STR("\"abc\"") };

#define AT     "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER  "Sun, 06 Nov 1994 08:49:38 GMT"

struct judge_row {
	const char *name;
	enum method method;
	const char *lines;
	const struct validators *validators;
	enum precondition expected;
};

static void judge(const struct judge_row *rows, size_t count, enum since_mode since)
{
	for (size_t i = 0; i < count; i++) {
		struct given_head given;

		given_head_make(&given, rows[i].method, rows[i].lines);
		cr_expect(eq(int,
		             (int)precondition_judge(&given.head, rows[i].validators, since, NOW),
		             (int)rows[i].expected),
		          "%s", rows[i].name);
		given_head_end(&given);
	}
}

#define JUDGE(rows, since) judge((rows), sizeof(rows) / sizeof *(rows), (since))

#define GET     METHOD_GET
#define HEAD    METHOD_HEAD
#define PUT     METHOD_PUT
#define PROCEED PRECONDITION_PROCEED
#define N304    PRECONDITION_NOT_MODIFIED
#define N412    PRECONDITION_FAILED

static const struct judge_row match_rows[] = {
	{ "no condition proceeds", GET, "", &file, PROCEED },
	{ "If-Match with the tag proceeds (RFC 9110 section 13.1.1)", PUT, "If-Match: \"abc\"",
	  &file, PROCEED },
	{ "If-Match with another tag fails", PUT, "If-Match: \"xyz\"", &file, N412 },
	{ "If-Match fails GET too", GET, "If-Match: \"xyz\"", &file, N412 },
	{ "If-Match with the tag in a list proceeds", PUT,
	  "If-Match: \"xyz\", \"abc\", \"r2d2xxxx\"", &file, PROCEED },
	{ "If-Match over two lines is one list (RFC 9110 section 5.3)", PUT,
	  "If-Match: \"xyz\"\nIf-Match: \"abc\"", &file, PROCEED },
	{ "If-Match compares strongly: a weak tag of the client fails (RFC 9110 section 8.8.3.2)",
	  PUT, "If-Match: W/\"abc\"", &file, N412 },
	{ "If-Match compares strongly: a weak tag of ours fails", PUT, "If-Match: \"abc\"", &weak,
	  N412 },
	{ "If-Match compares strongly: two weak tags fail", PUT, "If-Match: W/\"abc\"", &weak,
	  N412 },
	{ "If-Match * proceeds where there is something (RFC 9110 section 13.1.1)", PUT,
	  "If-Match: *", &file, PROCEED },
	{ "If-Match * proceeds without a tag of ours", PUT, "If-Match: *", &tagless, PROCEED },
	{ "If-Match * fails where there is nothing", PUT, "If-Match: *", &missing, N412 },
	{ "If-Match with a tag fails where there is nothing", PUT, "If-Match: \"abc\"", &missing,
	  N412 },
	{ "If-Match with a tag fails where ours has none", PUT, "If-Match: \"abc\"", &tagless,
	  N412 },
	{ "If-Match with the empty tag fails where ours has none", PUT, "If-Match: \"\"", &tagless,
	  N412 },
	{ "If-Match that is empty fails", PUT, "If-Match:", &file, N412 },
	{ "If-Match without quotes is malformed and fails", PUT, "If-Match: abc", &file, N412 },
	{ "If-Match malformed behind the tag fails", PUT, "If-Match: \"abc\", xyz", &file, N412 },
	{ "If-Match without its last quote fails", PUT, "If-Match: \"abc", &file, N412 },
	{ "If-Match without a comma between tags fails", PUT, "If-Match: \"abc\" \"xyz\"", &file,
	  N412 },
	{ "If-Match * in a list is malformed and fails", PUT, "If-Match: \"abc\", *", &file, N412 },
	{ "If-Match * on a second line is malformed and fails", PUT,
	  "If-Match: *\nIf-Match: \"abc\"", &file, N412 },
	{ "If-Match is case-sensitive in the tag", PUT, "If-Match: \"ABC\"", &file, N412 },
	{ "If-Match passes over empty elements (RFC 9110 section 5.6.1)", PUT,
	  "If-Match: ,, \"abc\" ,", &file, PROCEED },
	{ "If-Unmodified-Since at the date proceeds (RFC 9110 section 13.1.4)", PUT,
	  "If-Unmodified-Since: " AT, &file, PROCEED },
	{ "If-Unmodified-Since after it proceeds", PUT, "If-Unmodified-Since: " AFTER, &file,
	  PROCEED },
	{ "If-Unmodified-Since before it fails", PUT, "If-Unmodified-Since: " BEFORE, &file, N412 },
	{ "If-Unmodified-Since fails GET too", GET, "If-Unmodified-Since: " BEFORE, &file, N412 },
	{ "If-Unmodified-Since that is no date is ignored (RFC 9110 section 13.1.4)", PUT,
	  "If-Unmodified-Since: yesterday", &file, PROCEED },
	{ "If-Unmodified-Since twice is a list and ignored (RFC 9110 section 13.1.4)", PUT,
	  "If-Unmodified-Since: " BEFORE "\nIf-Unmodified-Since: " BEFORE, &file, PROCEED },
	{ "If-Unmodified-Since is ignored without a date of ours (RFC 9110 section 13.1.4)", PUT,
	  "If-Unmodified-Since: " BEFORE, &dateless, PROCEED },
	{ "If-Unmodified-Since is ignored where there is nothing", PUT,
	  "If-Unmodified-Since: " BEFORE, &missing, PROCEED },
	{ "If-Match that matches hides If-Unmodified-Since (RFC 9110 section 13.2.2)", PUT,
	  "If-Unmodified-Since: " BEFORE "\nIf-Match: \"abc\"", &file, PROCEED },
	{ "If-Match that fails is not saved by If-Unmodified-Since", PUT,
	  "If-Unmodified-Since: " AFTER "\nIf-Match: \"xyz\"", &file, N412 },
};

Test(precondition, judges_whether_the_state_is_as_expected)
{
	JUDGE(match_rows, SINCE_BEFORE);
}

static const struct judge_row none_match_rows[] = {
	{ "If-None-Match with the tag is 304 to GET (RFC 9110 section 13.1.2)", GET,
	  "If-None-Match: \"abc\"", &file, N304 },
	{ "If-None-Match with the tag is 304 to HEAD", HEAD, "If-None-Match: \"abc\"", &file,
	  N304 },
	{ "If-None-Match with the tag is 412 to PUT (RFC 9110 section 13.1.2)", PUT,
	  "If-None-Match: \"abc\"", &file, N412 },
	{ "If-None-Match with the tag is 412 to DELETE", METHOD_DELETE, "If-None-Match: \"abc\"",
	  &file, N412 },
	{ "If-None-Match with the tag is 412 to POST", METHOD_POST, "If-None-Match: \"abc\"", &file,
	  N412 },
	{ "If-None-Match with the tag is 412 to a method we do not know", METHOD_OTHER,
	  "If-None-Match: \"abc\"", &file, N412 },
	{ "If-None-Match with another tag proceeds", GET, "If-None-Match: \"xyz\"", &file,
	  PROCEED },
	{ "If-None-Match in a list is 304", GET, "If-None-Match: \"xyz\", \"abc\"", &file, N304 },
	{ "If-None-Match over two lines is one list (RFC 9110 section 5.3)", GET,
	  "If-None-Match: \"xyz\"\nIf-None-Match: \"abc\"", &file, N304 },
	{ "If-None-Match compares weakly: a weak tag of the client (RFC 9110 section 8.8.3.2)", GET,
	  "If-None-Match: W/\"abc\"", &file, N304 },
	{ "If-None-Match compares weakly: a weak tag of ours", GET, "If-None-Match: \"abc\"", &weak,
	  N304 },
	{ "If-None-Match compares weakly: two weak tags", GET, "If-None-Match: W/\"abc\"", &weak,
	  N304 },
	{ "If-None-Match * is 304 where there is something", GET, "If-None-Match: *", &file, N304 },
	{ "If-None-Match * is 412 to PUT where there is something (RFC 9110 section 13.1.2)", PUT,
	  "If-None-Match: *", &file, N412 },
	{ "If-None-Match * lets PUT create where there is nothing", PUT, "If-None-Match: *",
	  &missing, PROCEED },
	{ "If-None-Match with a tag proceeds where there is nothing", PUT, "If-None-Match: \"abc\"",
	  &missing, PROCEED },
	{ "If-None-Match proceeds where ours has no tag", GET, "If-None-Match: \"abc\"", &tagless,
	  PROCEED },
	{ "If-None-Match that is empty proceeds", GET, "If-None-Match:", &file, PROCEED },
	{ "If-None-Match without quotes is malformed and no match", GET, "If-None-Match: abc",
	  &file, PROCEED },
	{ "If-None-Match malformed behind the tag is no match", GET, "If-None-Match: \"abc\", xyz",
	  &file, PROCEED },
	{ "If-None-Match malformed on another line is no match", GET,
	  "If-None-Match: \"abc\"\nIf-None-Match: xyz", &file, PROCEED },
	{ "If-None-Match with a lower-case w/ is malformed (RFC 9110 section 8.8.3)", GET,
	  "If-None-Match: w/\"abc\"", &file, PROCEED },
	{ "If-None-Match with white space in a tag is malformed (RFC 9110 section 8.8.3)", GET,
	  "If-None-Match: \"a c\", \"abc\"", &file, PROCEED },
	{ "a comma within a tag does not separate", GET, "If-None-Match: \"x,y\", \"abc\"", &file,
	  N304 },
	{ "a backslash before a quote does not escape it (RFC 9110 section 8.8.3)", GET,
	  "If-None-Match: \"xyz\\\", \"abc\"", &file, N304 },
	{ "white space around tags is passed over", GET, "If-None-Match: \"xyz\"\t , \t\"abc\" ,",
	  &file, N304 },
	{ "If-None-Match * in a list is malformed and no match", GET, "If-None-Match: *, \"abc\"",
	  &file, PROCEED },
	{ "If-None-Match hides If-Modified-Since that would be 304 (RFC 9110 section 13.1.3)", GET,
	  "If-Modified-Since: " AFTER "\nIf-None-Match: \"xyz\"", &file, PROCEED },
	{ "If-None-Match hides If-Modified-Since that would not be 304", GET,
	  "If-Modified-Since: " BEFORE "\nIf-None-Match: \"abc\"", &file, N304 },
	{ "If-Match is judged before If-None-Match (RFC 9110 section 13.2.2)", GET,
	  "If-None-Match: \"abc\"\nIf-Match: \"xyz\"", &file, N412 },
	{ "If-Match that matches goes on to If-None-Match (RFC 9110 section 13.2.2)", GET,
	  "If-None-Match: \"abc\"\nIf-Match: \"abc\"", &file, N304 },
	{ "If-Unmodified-Since that holds goes on to If-None-Match", GET,
	  "If-None-Match: \"abc\"\nIf-Unmodified-Since: " AFTER, &file, N304 },
};

Test(precondition, judges_whether_the_client_has_it)
{
	JUDGE(none_match_rows, SINCE_BEFORE);
	JUDGE(none_match_rows, SINCE_EXACT);
}

static const struct judge_row since_rows[] = {
	{ "If-Modified-Since at the date is 304 (RFC 9110 section 13.1.3)", GET,
	  "If-Modified-Since: " AT, &file, N304 },
	{ "If-Modified-Since at the date is 304 to HEAD", HEAD, "If-Modified-Since: " AT, &file,
	  N304 },
	{ "If-Modified-Since in the RFC 850 form is 304", GET,
	  "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT", &file, N304 },
	{ "If-Modified-Since after it is 304", GET, "If-Modified-Since: " AFTER, &file, N304 },
	{ "If-Modified-Since before it proceeds", GET, "If-Modified-Since: " BEFORE, &file,
	  PROCEED },
	{ "If-Modified-Since is ignored for PUT (RFC 9110 section 13.1.3)", PUT,
	  "If-Modified-Since: " AFTER, &file, PROCEED },
	{ "If-Modified-Since is ignored for POST", METHOD_POST, "If-Modified-Since: " AFTER, &file,
	  PROCEED },
	{ "If-Modified-Since that is no date is ignored", GET, "If-Modified-Since: 0", &file,
	  PROCEED },
	{ "If-Modified-Since twice is ignored (RFC 9110 section 13.1.3)", GET,
	  "If-Modified-Since: " AFTER "\nIf-Modified-Since: " AFTER, &file, PROCEED },
	{ "If-Modified-Since is ignored without a date of ours (RFC 9110 section 13.1.3)", GET,
	  "If-Modified-Since: " AFTER, &dateless, PROCEED },
	{ "If-Modified-Since is ignored where there is nothing", GET, "If-Modified-Since: " AFTER,
	  &missing, PROCEED },
};

Test(precondition, judges_dates)
{
	JUDGE(since_rows, SINCE_BEFORE);
}

static const struct judge_row exact_rows[] = {
	{ "exact: the same date is 304", GET, "If-Modified-Since: " AT, &file, N304 },
	{ "exact: a later date proceeds", GET, "If-Modified-Since: " AFTER, &file, PROCEED },
	{ "exact: an earlier date proceeds", GET, "If-Modified-Since: " BEFORE, &file, PROCEED },
	{ "exact: If-Unmodified-Since is not concerned", PUT, "If-Unmodified-Since: " AFTER, &file,
	  PROCEED },
};

static const struct judge_row off_rows[] = {
	{ "off: the same date proceeds", GET, "If-Modified-Since: " AT, &file, PROCEED },
	{ "off: If-None-Match is not concerned", GET, "If-None-Match: \"abc\"", &file, N304 },
	{ "off: If-Unmodified-Since is not concerned", PUT, "If-Unmodified-Since: " BEFORE, &file,
	  N412 },
};

Test(precondition, obeys_if_modified_since)
{
	JUDGE(exact_rows, SINCE_EXACT);
	JUDGE(off_rows, SINCE_OFF);
}

static const struct {
	const char *name, *lines;
	const struct validators *validators;
	time_t now;
	bool applies;
} range_rows[] = {
	{ "without If-Range the range applies", "", &file, NOW, true },
	{ "the tag applies (RFC 9110 section 13.1.5)", "If-Range: \"abc\"", &file, NOW, true },
	{ "another tag does not", "If-Range: \"xyz\"", &file, NOW, false },
	{ "a weak tag of the client does not (RFC 9110 section 13.1.5)", "If-Range: W/\"abc\"",
	  &file, NOW, false },
	{ "a weak tag of ours does not", "If-Range: \"abc\"", &weak, NOW, false },
	{ "two weak tags do not", "If-Range: W/\"abc\"", &weak, NOW, false },
	{ "a tag does not where ours has none", "If-Range: \"\"", &tagless, NOW, false },
	{ "a list of tags is malformed", "If-Range: \"abc\", \"xyz\"", &file, NOW, false },
	{ "a star is malformed", "If-Range: *", &file, NOW, false },
	{ "the exact date applies (RFC 9110 section 13.1.5)", "If-Range: " AT, &file, NOW, true },
	{ "an earlier date does not", "If-Range: " BEFORE, &file, NOW, false },
	{ "a later date does not (RFC 9110 section 13.1.5)", "If-Range: " AFTER, &file, NOW,
	  false },
	{ "a date does not without a date of ours", "If-Range: Thu, 01 Jan 1970 00:00:00 GMT",
	  &dateless, NOW, false },
	{ "a date whose second is not over is not strong (RFC 9110 section 8.8.2.2)",
	  "If-Range: " AT, &file, MODIFIED, false },
	{ "a date whose second has just ended is", "If-Range: " AT, &file, MODIFIED + 1, true },
	{ "a date in the future is not", "If-Range: " AT, &file, MODIFIED - 10, false },
	{ "no date and no tag does not", "If-Range: abc", &file, NOW, false },
	{ "the empty value does not", "If-Range:", &file, NOW, false },
	{ "two lines are ambiguous and do not", "If-Range: \"abc\"\nIf-Range: \"abc\"", &file, NOW,
	  false },
	{ "where there is nothing it does not", "If-Range: \"abc\"", &missing, NOW, false },
};

Test(precondition, judges_if_range)
{
	for (size_t i = 0; i < sizeof range_rows / sizeof *range_rows; i++) {
		struct given_head given;

		given_head_make(&given, GET, range_rows[i].lines);
		cr_expect(precondition_range_applies(&given.head, range_rows[i].validators,
		                                     range_rows[i].now) == range_rows[i].applies,
		          "%s", range_rows[i].name);
		given_head_end(&given);
	}
}
