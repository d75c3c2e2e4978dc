#include "http/upload_fields.h"

#include "guard.h"
#include "heads.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* expected: -1: not the item; else its value. */
static const struct {
	const char *name, *value;
	int64_t boolean, integer;
} rows[] = {
	{ "true (RFC 9651 section 3.3.6)", "?1", 1, -1 },
	{ "false", "?0", 0, -1 },
	{ "spaces around it go", "  ?1  ", 1, -1 },
	{ "no third value", "?2", -1, -1 },
	{ "a question mark alone", "?", -1, -1 },
	{ "more behind it", "?10", -1, -1 },
	{ "a word is no Boolean", "true", -1, -1 },
	{ "nothing", "", -1, -1 },
	{ "spaces alone", "   ", -1, -1 },
	{ "a number (RFC 9651 section 3.3.1)", "42", -1, 42 },
	{ "zero", "0", -1, 0 },
	{ "minus zero is zero", "-0", -1, 0 },
	{ "leading zeros are allowed", "007", -1, 7 },
	{ "15 digits", "999999999999999", -1, 999999999999999 },
	{ "16 digits are too many", "1000000000000000", -1, -1 },
	{ "negative", "-1", -1, -1 },
	{ "a sign alone", "-", -1, -1 },
	{ "a plus", "+1", -1, -1 },
	{ "a Decimal is no Integer", "1.0", -1, -1 },
	{ "a list is no Item", "1, 2", -1, -1 },
	{ "a list of Booleans neither", "?1, ?1", -1, -1 },
	{ "a tab is no space here", "\t1", -1, -1 },
	{ "parameters mean nothing (RFC 9651 section 3.1.2)", "?1;a", 1, -1 },
	{ "of every kind",
	  "5;a=1;b=-2.5;c=\"x\\\"\\\\y\"; d=tok/en:x;e=:YWI=:;*f_-.1=?0;g=@17;h=%\"a%c3%bc\"", -1,
	  5 },
	{ "a space before the semicolon", "1 ;a", -1, -1 },
	{ "a key in capitals", "1;A", -1, -1 },
	{ "a semicolon alone", "1;", -1, -1 },
	{ "a parameter without its value", "1;a=", -1, -1 },
	{ "a string without its end", "1;a=\"x", -1, -1 },
	{ "a string that ends in a backslash", "1;a=\"x\\", -1, -1 },
	{ "an escape that is none", "1;a=\"\\x\"", -1, -1 },
	{ "bytes without their end", "1;a=:YWI=", -1, -1 },
	{ "a Boolean without its digit", "1;a=?", -1, -1 },
	{ "a Date with a fraction", "1;a=@1.5", -1, -1 },
	{ "a Decimal without a fraction", "1;a=1.", -1, -1 },
	{ "a Decimal with four of them", "1;a=1.0000", -1, -1 },
	{ "a Decimal of 13 digits", "1;a=1234567890123.0", -1, -1 },
	{ "a Display String with a cut escape", "1;a=%\"%c", -1, -1 },
	{ "and with capitals in it", "1;a=%\"%C3\"", -1, -1 },
	{ "a percent sign alone", "1;a=%", -1, -1 },
	{ "what no value begins with", "1;a=(", -1, -1 },
};

Test(upload_fields, items)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str value = guard_copy(str_from(rows[i].value));
		bool flag = false;
		uint64_t n = 0;
		int64_t boolean = upload_item_boolean(value, &flag) ? flag : -1;
		int64_t integer = upload_item_integer(value, &n) ? (int64_t)n : -1;

		cr_expect(eq(i64, boolean, rows[i].boolean), "%s", rows[i].name);
		cr_expect(eq(i64, integer, rows[i].integer), "%s", rows[i].name);
		guard_free(value);
	}
}

static const struct {
	const char *name, *lines;
	struct upload_fields fields;
} heads[] = {
	{ "a creation",
	  "Upload-Complete: ?1\nUpload-Length: 9",
	  { .has_complete = true, .complete = true, .has_length = true, .length = 9 } },
	{ "an append",
	  "upload-offset: 5\nupload-complete: ?0",
	  { .has_complete = true, .has_offset = true, .offset = 5 } },
	{ "none of it", "Host: h", { 0 } },
	{ "what is no Boolean is ignored", "Upload-Complete: 1\nUpload-Offset: ?1", { 0 } },
	{ "two lines are a list and ignored",
	  "Upload-Offset: 5\nUpload-Complete: ?1\nUpload-Offset: 5",
	  { .has_complete = true, .complete = true } },
};

Test(upload_fields, heads)
{
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		const struct upload_fields *want = &heads[i].fields;
		struct upload_fields got;
		struct given_head given;

		given_head_make(&given, METHOD_POST, heads[i].lines);
		upload_fields_read(&given.head, &got);
		cr_expect(eq(int, got.has_complete, want->has_complete), "%s", heads[i].name);
		cr_expect(eq(int, got.complete, want->complete), "%s", heads[i].name);
		cr_expect(eq(int, got.has_offset, want->has_offset), "%s", heads[i].name);
		cr_expect(eq(u64, got.offset, want->offset), "%s", heads[i].name);
		cr_expect(eq(int, got.has_length, want->has_length), "%s", heads[i].name);
		cr_expect(eq(u64, got.length, want->length), "%s", heads[i].name);
		given_head_end(&given);
	}
}
