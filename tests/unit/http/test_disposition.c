#include "http/disposition.h"

#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

/* NULL: no filename. */
static const struct {
	const char *name, *value, *type, *field, *filename;
} rows[] = {
	{ "a field (RFC 7578 section 4.2)", "form-data; name=\"a\"", "form-data", "a", NULL },
	{ "a file (RFC 7578 section 4.2)", "form-data; name=\"a\"; filename=\"x.txt\"", "form-data",
	  "a", "x.txt" },
	{ "tokens need no quotes (RFC 6266 section 4.1)", "form-data;name=a;filename=x.txt",
	  "form-data", "a", "x.txt" },
	{ "parameter names are in any case (RFC 6266 section 4.1)",
	  "form-data; NAME=a; FileName=\"x\"", "form-data", "a", "x" },
	{ "the type alone", "attachment", "attachment", "", NULL },
	{ "the type is left as sent", "Form-Data; name=a", "Form-Data", "a", NULL },
	{ "white space around everything", "  form-data \t;\t name=a ; filename=x  ", "form-data",
	  "a", "x" },
	{ "empty parameters are passed over (RFC 9110 section 5.6.6)", "form-data;; name=a;",
	  "form-data", "a", NULL },
	{ "unknown parameters are passed over (RFC 6266 section 4.1)",
	  "form-data; x=1; name=a; y=\"2;3\"", "form-data", "a", NULL },
	{ "an empty name", "form-data; name=\"\"", "form-data", "", NULL },
	{ "an empty filename is one: no file was chosen", "form-data; name=a; filename=\"\"",
	  "form-data", "a", "" },
	{ "an escaped quote", "form-data; name=\"a\\\"b\"", "form-data", "a\"b", NULL },
	{ "an escaped backslash", "form-data; name=\"a\\\\b\"", "form-data", "a\\b", NULL },
	{ "a backslash before anything else stays: old browsers send whole paths",
	  "form-data; name=a; filename=\"C:\\dir\\new.txt\"", "form-data", "a",
	  "C:\\dir\\new.txt" },
	{ "an escaped backslash before the closing quote", "form-data; name=\"a\\\\\"", "form-data",
	  "a\\", NULL },
	{ "%22 is a quote, as browsers write it (RFC 7578 section 4.2)",
	  "form-data; name=\"a%22b\"", "form-data", "a\"b", NULL },
	{ "%0D%0A is a line end, as browsers write it", "form-data; name=\"a%0D%0Ab\"", "form-data",
	  "a\r\nb", NULL },
	{ "%0d%0a in lower case is one too", "form-data; name=\"a%0d%0ab\"", "form-data", "a\r\nb",
	  NULL },
	{ "any other percent sign stays", "form-data; name=\"100%25 %41 %\"", "form-data",
	  "100%25 %41 %", NULL },
	{ "a percent sign at the end stays", "form-data; name=\"a%2\"", "form-data", "a%2", NULL },
	{ "%22 in a token stays", "form-data; name=a%22", "form-data", "a%22", NULL },
	{ "a semicolon in quotes does not separate", "form-data; name=\"a;b\"; filename=x",
	  "form-data", "a;b", "x" },
	{ "UTF-8 in quotes is kept (RFC 7578 section 5.1)",
	  "form-data; name=\"\xc3\xa9\"; filename=\"\xe2\x82\xac.txt\"", "form-data", "\xc3\xa9",
	  "\xe2\x82\xac.txt" },
	{ "other bytes in quotes are kept too", "form-data; name=\"\xe9\"", "form-data", "\xe9",
	  NULL },
	{ "filename* is decoded (RFC 6266 section 5)",
	  "attachment; filename*=UTF-8''%e2%82%ac%20rates", "attachment", "",
	  "\xe2\x82\xac rates" },
	{ "filename* wins over an earlier filename (RFC 6266 section 4.3)",
	  "attachment; filename=\"EURO\"; filename*=utf-8''%e2%82%ac", "attachment", "",
	  "\xe2\x82\xac" },
	{ "filename* wins over a later filename (RFC 6266 section 4.3)",
	  "attachment; filename*=utf-8''%e2%82%ac; filename=\"EURO\"", "attachment", "",
	  "\xe2\x82\xac" },
	{ "filename* may name a language (RFC 8187 section 3.2.1)",
	  "attachment; filename*=UTF-8'en-GB'a.txt", "attachment", "", "a.txt" },
	{ "filename* in another charset is passed over for filename (RFC 6266 section 4.3)",
	  "attachment; filename*=ISO-8859-1''%e9; filename=e", "attachment", "", "e" },
	{ "filename* in another charset alone is none", "attachment; filename*=ISO-8859-1''%e9",
	  "attachment", "", NULL },
};

static const struct {
	const char *name, *value;
} bad_rows[] = {
	{ "the empty value", "" },
	{ "no type", "; name=a" },
	{ "a type with an illegal byte", "form@data; name=a" },
	{ "no semicolon", "form-data name=a" },
	{ "a comma for a semicolon", "form-data, name=a" },
	{ "a parameter without a value", "form-data; name" },
	{ "a parameter with an empty token", "form-data; name=" },
	{ "a parameter without a name", "form-data; =a" },
	{ "white space before the equals sign", "form-data; name =a" },
	{ "white space behind the equals sign", "form-data; name= a" },
	{ "a quoted string without its end", "form-data; name=\"a" },
	{ "a quoted string whose end is escaped", "form-data; name=\"a\\\"" },
	{ "a quoted string of a backslash", "form-data; name=\"\\" },
	{ "something behind a quoted string", "form-data; name=\"a\"b" },
	{ "a token with white space", "form-data; name=a b" },
	{ "an unquoted name that is no token", "form-data; filename=a/b" },
	{ "a control in quotes", "form-data; name=\"a\x01\"" },
	{ "a line end in quotes", "form-data; name=\"a\r\nb\"" },
	{ "a name twice (RFC 6266 section 4.1)", "form-data; name=a; name=b" },
	{ "a filename twice (RFC 6266 section 4.1)", "form-data; filename=a; filename=a" },
	{ "a filename* twice", "form-data; filename*=utf-8''a; filename*=utf-8''b" },
	{ "a filename* in quotes (RFC 8187 section 3.2.1)", "form-data; filename*=\"utf-8''a\"" },
	{ "a filename* without a charset", "form-data; filename*=a.txt" },
	{ "a filename* with one apostrophe", "form-data; filename*=utf-8'a.txt" },
	{ "a filename* with a bad escape", "form-data; filename*=utf-8''a%2" },
	{ "a filename* with a third apostrophe", "form-data; filename*=utf-8''a'b" },
	{ "a filename* that is no UTF-8 (RFC 8187 section 3.2.2)",
	  "form-data; filename*=utf-8''%e9" },
	{ "a filename* with an overlong form (RFC 3629 section 3)",
	  "form-data; filename*=utf-8''%c0%af" },
};

static void expect(const char *name, struct str got, const char *wanted)
{
	cr_expect(str_eq(got, str_from(wanted)), "%s: got %.*s", name, STR_ARG(got));
}

Test(disposition, parses)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char room[2 * DISPOSITION_NAME_MAX];
		struct str value = guard_copy(str_from(rows[i].value));
		struct disposition d;

		cr_expect(disposition_parse(value, room, &d), "%s", rows[i].name);
		expect(rows[i].name, d.type, rows[i].type);
		expect(rows[i].name, d.name, rows[i].field);
		cr_expect(d.has_filename == (rows[i].filename != NULL), "%s", rows[i].name);
		expect(rows[i].name, d.filename, rows[i].filename ? rows[i].filename : "");
		guard_free(value);
	}
}

Test(disposition, refuses)
{
	for (size_t i = 0; i < sizeof bad_rows / sizeof *bad_rows; i++) {
		char room[2 * DISPOSITION_NAME_MAX];
		struct str value = guard_copy(str_from(bad_rows[i].value));
		struct disposition d;

		cr_expect(not(disposition_parse(value, room, &d)), "%s", bad_rows[i].name);
		guard_free(value);
	}
}

/* Both names may be as long as allowed at once, however they are written. */
Test(disposition, limits_the_names)
{
	static const char *const forms[] = { "a; name=%s; filename=%s",
		                             "a; name=\"%s\"; filename=\"%s\"",
		                             "a; name=%s; filename*=utf-8''%s" };
	char room[2 * DISPOSITION_NAME_MAX], value[4096], longest[DISPOSITION_NAME_MAX + 2];

	memset(longest, 'n', sizeof longest);
	longest[DISPOSITION_NAME_MAX] = '\0';
	longest[DISPOSITION_NAME_MAX + 1] = '\0';
	for (size_t i = 0; i < 3; i++) {
		struct disposition d;

		(void)snprintf(value, sizeof value, forms[i], longest, longest);
		cr_expect(disposition_parse(str_from(value), room, &d), "%s", forms[i]);
		cr_expect(eq(sz, d.name.len, DISPOSITION_NAME_MAX));
		cr_expect(eq(sz, d.filename.len, DISPOSITION_NAME_MAX));
		longest[DISPOSITION_NAME_MAX] = 'n';
		(void)snprintf(value, sizeof value, forms[i], "a", longest);
		cr_expect(not(disposition_parse(str_from(value), room, &d)), "%s", forms[i]);
		(void)snprintf(value, sizeof value, forms[i], longest, "a");
		cr_expect(not(disposition_parse(str_from(value), room, &d)), "%s", forms[i]);
		longest[DISPOSITION_NAME_MAX] = '\0';
	}
}

/* NULL: nothing usable. */
static const struct {
	const char *name, *sent, *expected;
} name_rows[] = {
	{ "a plain name stays", "report.txt", "report.txt" },
	{ "a path loses its directories", "/etc/passwd", "passwd" },
	{ "a climbing path loses its directories", "../../etc/passwd", "passwd" },
	{ "a Windows path loses its directories", "C:\\Users\\me\\a b.txt", "a b.txt" },
	{ "mixed slashes count alike", "a\\b/c", "c" },
	{ "the last slash counts", "a/b\\c", "c" },
	{ "a leading dot goes", ".htaccess", "htaccess" },
	{ "leading dots and spaces go", " .. .a", "a" },
	{ "trailing dots and spaces go", "a. . ", "a" },
	{ "dots and spaces within stay", "a. b.c", "a. b.c" },
	{ "a control becomes an underscore", "a\x01\nb\x7f", "a__b_" },
	{ "a CR LF becomes two underscores", "a\r\nX: y", "a__X: y" },
	{ "valid UTF-8 stays", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80.txt",
	  "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80.txt" },
	{ "an invalid byte becomes an underscore", "a\xe9.txt", "a_.txt" },
	{ "an overlong slash is no slash and becomes underscores (RFC 3629 section 3)",
	  "a\xc0\xaf"
	  "b",
	  "a__b" },
	{ "a surrogate becomes underscores (RFC 3629 section 3)", "\xed\xa0\x80", "___" },
	{ "a character cut off becomes underscores", "a\xe2\x82", "a__" },
	{ "bytes of use to a shell stay", "$(a);b&c|d*?.txt", "$(a);b&c|d*?.txt" },
	{ "nothing at all", "", NULL },
	{ "a dot", ".", NULL },
	{ "two dots", "..", NULL },
	{ "a slash", "/", NULL },
	{ "a directory", "a/b/", NULL },
	{ "a backslash", "\\", NULL },
	{ "dots behind a slash", "a/..", NULL },
	{ "spaces only", "   ", NULL },
};

Test(disposition, sanitises_names)
{
	for (size_t i = 0; i < sizeof name_rows / sizeof *name_rows; i++) {
		struct str sent = guard_copy(str_from(name_rows[i].sent));
		char room[FILENAME_MAX_BYTES + 1];
		struct str got = { NULL, 0 };
		bool ok = filename_sanitise(sent, room, &got);

		cr_expect(ok == (name_rows[i].expected != NULL), "%s", name_rows[i].name);
		if (ok) {
			expect(name_rows[i].name, got, name_rows[i].expected);
			cr_expect(got.ptr[got.len] == '\0', "%s: a NUL follows", name_rows[i].name);
		}
		guard_free(sent);
	}
}

/* A name of `count` times `unit` and the ending. */
static struct str long_name(char *room, const char *unit, size_t count, const char *ending)
{
	room[0] = '\0';
	for (size_t i = 0; i < count; i++)
		strcat(room, unit);
	strcat(room, ending);
	return str_from(room);
}

static const struct {
	const char *name, *unit;
	size_t count;
	const char *ending;
	size_t expected_len;
	const char *expected_ending;
} long_rows[] = {
	{ "255 bytes stay", "a", 251, ".txt", 255, "a.txt" },
	{ "256 bytes lose one before the extension", "a", 252, ".txt", 255, "a.txt" },
	{ "a character is not split before the extension", "\xe2\x82\xac", 100, ".txt", 253,
	  "\xe2\x82\xac.txt" },
	{ "a character is not split at the end", "\xe2\x82\xac", 100, "", 255, "\xe2\x82\xac" },
	{ "two-byte characters are not split", "\xc3\xa9", 200, "", 254, "\xc3\xa9" },
	{ "an extension longer than a name's is cut with the rest", "a", 200,
	  ".this is not an extension but the end of a long sentence that goes on", 255, "sentenc" },
	{ "invalid bytes count as one each", "\xff", 300, ".txt", 255, "_.txt" },
	{ "a name that is cut behind a dot loses the dot", "ab.", 100,
	  "bcdefghijklmnopqrstuvwxyz0123456789", 254, "ab" },
};

Test(disposition, cuts_long_names)
{
	for (size_t i = 0; i < sizeof long_rows / sizeof *long_rows; i++) {
		char sent[1024], room[FILENAME_MAX_BYTES + 1];
		struct str name =
		        long_name(sent, long_rows[i].unit, long_rows[i].count, long_rows[i].ending);
		struct str got = { NULL, 0 };

		cr_expect(filename_sanitise(name, room, &got), "%s", long_rows[i].name);
		cr_expect(eq(sz, got.len, long_rows[i].expected_len), "%s", long_rows[i].name);
		cr_expect(str_ends_with(got, str_from(long_rows[i].expected_ending)), "%s: %.*s",
		          long_rows[i].name, STR_ARG(got));
	}
}

Test(disposition, names_an_attachment)
{
	static const struct {
		const char *name, *value;
	} attachments[] = {
		{ "dir.tar", "attachment; filename=\"dir.tar\"" },
		{ "a b;c,d.tar", "attachment; filename=\"a b;c,d.tar\"" },
		{ "a\"b\\c.tar",
		  "attachment; filename=\"a_b_c.tar\"; filename*=UTF-8''a%22b%5Cc.tar" },
		{ "50%.tar", "attachment; filename=\"50_.tar\"; filename*=UTF-8''50%25.tar" },
		{ "a/b", "attachment; filename=\"a_b\"; filename*=UTF-8''a%2Fb" },
		{ "gr\xc3\xbc\xc3\x9f"
		  "e",
		  "attachment; filename=\"gr__e\"; filename*=UTF-8''gr%C3%BC%C3%9Fe" },
		{ "\xe2\x82\xac \'(*)\'", "attachment; filename=\"_ \'(*)\'\"; "
		                          "filename*=UTF-8''%E2%82%AC%20%27%28%2A%29%27" },
		{ "x\r\nSet-Cookie: y", "attachment; filename=\"x__Set-Cookie: y\"; "
		                        "filename*=UTF-8''x%0D%0ASet-Cookie%3A%20y" },
		{ "x\xff\xc3", "attachment; filename=\"x__\"; filename*=UTF-8''x__" },
		{ "\x7f", "attachment; filename=\"_\"; filename*=UTF-8''%7F" },
		{ "", "attachment; filename=\"\"" },
	};

	for (size_t i = 0; i < sizeof attachments / sizeof *attachments; i++) {
		char memory[256], room[2 * DISPOSITION_NAME_MAX];
		struct buf out = buf_fixed(memory, sizeof memory - 1);
		struct disposition d;

		disposition_attachment(&out, str_from(attachments[i].name));
		memory[out.len] = '\0';
		cr_expect(eq(str, memory, (char *)attachments[i].value));
		cr_expect(disposition_parse(buf_str(&out), room, &d), "we read it ourselves");
		if (i < 7)
			cr_expect(str_eq(d.filename, str_from(attachments[i].name)), "%s",
			          attachments[i].name);
	}
}
