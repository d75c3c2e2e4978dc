#include "conf/diag.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const struct source file = { .name = STR("a.conf"),
	                            .text = STR("first line\n\troot www;\n\xc3\xa4\xc3\xb6 x\n"
	                                        "e\x1b[31m y\nlast"),
	                            .order = 1 };

static const struct {
	const char *name;
	struct position at;
	const char *printed;
} rows[] = {
	{ "a caret under one character",
	  { &file, 1, 7, 1 },
	  "a.conf:1:7: error: text\n    1 | first line\n      |       ^\n" },
	{ "an underline as wide as the word",
	  { &file, 1, 7, 4 },
	  "a.conf:1:7: error: text\n    1 | first line\n      |       ^~~~\n" },
	{ "tabs are kept in line",
	  { &file, 2, 7, 3 },
	  "a.conf:2:7: error: text\n    2 | \troot www;\n      | \t     ^~~\n" },
	{ "a letter of two bytes is one column",
	  { &file, 3, 6, 1 },
	  "a.conf:3:6: error: text\n    3 | \xc3\xa4\xc3\xb6 x\n      |    ^\n" },
	{ "a letter of two bytes is underlined once",
	  { &file, 3, 1, 4 },
	  "a.conf:3:1: error: text\n    3 | \xc3\xa4\xc3\xb6 x\n      | ^~\n" },
	{ "a control character is shown and counted as it is shown",
	  { &file, 4, 8, 1 },
	  "a.conf:4:8: error: text\n    4 | e\\x1b[31m y\n      |           ^\n" },
	{ "a line without an end",
	  { &file, 5, 1, 4 },
	  "a.conf:5:1: error: text\n    5 | last\n      | ^~~~\n" },
	{ "a place behind the line",
	  { &file, 5, 5, 1 },
	  "a.conf:5:5: error: text\n    5 | last\n      |     ^\n" },
	{ "an underline stops with its line",
	  { &file, 5, 3, 90 },
	  "a.conf:5:3: error: text\n    5 | last\n      |   ^~\n" },
	{ "a line that is not there",
	  { &file, 9, 1, 1 },
	  "a.conf:9:1: error: text\n    9 | \n      | ^\n" },
	{ "nowhere in particular", { NULL, 0, 0, 0 }, "error: text\n" },
};

static char *printed(struct diag *diag, bool color)
{
	struct buf out = buf_in_arena(&diag->arena, 1024);

	diag_print(diag, &out, color);
	buf_byte(&out, '\0');
	return out.ptr;
}

Test(diag, draws_the_line_and_a_caret)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct diag diag;

		diag_init(&diag);
		diag_add(&diag, DIAG_ERROR, rows[i].at, "%s", "text");
		cr_expect(eq(str, printed(&diag, false), (char *)rows[i].printed), "%s",
		          rows[i].name);
		diag_end(&diag);
	}
}

Test(diag, shows_help_and_a_second_place)
{
	struct diag_message *message;
	struct diag diag;

	diag_init(&diag);
	message = diag_add(&diag, DIAG_WARNING, (struct position){ &file, 5, 1, 4 }, "one %d", 1);
	diag_help(&diag, message, "did you mean '%s'?", "x");
	diag_relate(&diag, message, (struct position){ &file, 1, 1, 5 }, "see %s", "here");
	cr_expect(eq(str, printed(&diag, false),
	             "a.conf:5:1: warning: one 1\n    5 | last\n      | ^~~~\n"
	             "      = help: did you mean 'x'?\n"
	             "a.conf:1:1: note: see here\n    1 | first line\n      | ^~~~~\n"));
	diag_end(&diag);
}

Test(diag, colors_only_when_asked)
{
	struct diag diag;

	diag_init(&diag);
	diag_add(&diag, DIAG_ERROR, (struct position){ &file, 5, 1, 4 }, "one");
	cr_expect(strstr(printed(&diag, true), "\033[1;31merror:\033[0m one") != NULL);
	cr_expect(strchr(printed(&diag, false), '\033') == NULL);
	diag_end(&diag);
}

Test(diag, escapes_what_could_steer_a_terminal)
{
	struct diag diag;

	diag_init(&diag);
	diag_add(&diag, DIAG_ERROR, (struct position){ NULL, 0, 0, 0 },
	         "a\x1b[2Jb\x7f\xc2\x9b\xff");
	cr_expect(eq(str, printed(&diag, false), "error: a\\x1b[2Jb\\x7f\\xc2\\x9b\\xff\n"));
	diag_end(&diag);
}

Test(diag, sorts_by_file_line_and_column)
{
	struct source other = { .name = STR("b.conf"), .text = STR("x"), .order = 0 };
	struct diag diag;

	diag_init(&diag);
	diag_add(&diag, DIAG_ERROR, (struct position){ &file, 5, 2, 1 }, "fifth");
	diag_add(&diag, DIAG_ERROR, (struct position){ &file, 1, 9, 1 }, "third");
	diag_add(&diag, DIAG_NOTE, (struct position){ &file, 1, 9, 1 }, "fourth");
	diag_add(&diag, DIAG_ERROR, (struct position){ &other, 1, 1, 1 }, "second");
	diag_add(&diag, DIAG_ERROR, (struct position){ NULL, 0, 0, 0 }, "first");
	cr_expect(eq(str, printed(&diag, false),
	             "error: first\n"
	             "b.conf:1:1: error: second\n    1 | x\n      | ^\n"
	             "a.conf:1:9: error: third\n    1 | first line\n      |         ^\n"
	             "a.conf:1:9: note: fourth\n    1 | first line\n      |         ^\n"
	             "a.conf:5:2: error: fifth\n    5 | last\n      |  ^\n"));
	diag_end(&diag);
}

Test(diag, outlives_the_text_it_is_about)
{
	char text[] = "abc";
	struct source source = { .name = STR("c.conf"), .text = { text, 3 } };
	struct diag diag;

	diag_init(&diag);
	diag_add(&diag, DIAG_ERROR, (struct position){ &source, 1, 2, 1 }, "one");
	memset(text, 'X', 3);
	source.name.len = 0;
	cr_expect(eq(str, printed(&diag, false),
	             "c.conf:1:2: error: one\n    1 | abc\n      |  ^\n"));
	diag_end(&diag);
}

Test(diag, cuts_a_long_line_around_the_caret)
{
	static char text[5000];
	struct source source = { .name = STR("l"), .text = { text, sizeof text } };
	struct diag diag;
	char *out;

	memset(text, '.', sizeof text);
	text[3000] = 'X';
	diag_init(&diag);
	diag_add(&diag, DIAG_ERROR, (struct position){ &source, 1, 3001, 1 }, "one");
	out = printed(&diag, false);
	cr_expect(lt(sz, strlen(out), 400));
	cr_expect(strstr(out, "    1 | ....") != NULL);
	cr_expect(eq(long, strchr(out, 'X') - strstr(out, "    1 | "),
	             strrchr(out, '^') - strstr(out, "      | ")),
	          "the caret stands under the X");
	diag_end(&diag);
}

Test(diag, shows_a_hundred_errors_and_counts_the_rest)
{
	struct diag diag;
	char *out;

	diag_init(&diag);
	for (int i = 0; i < 250; i++) {
		struct diag_message *message =
		        diag_add(&diag, DIAG_ERROR, (struct position){ &file, 1, 1, 1 }, "e");

		cr_expect(eq(int, message != NULL, i < DIAG_SHOWN));
		diag_help(&diag, message, "h");
		diag_relate(&diag, message, (struct position){ &file, 1, 1, 1 }, "r");
	}
	diag_add(&diag, DIAG_WARNING, (struct position){ &file, 5, 1, 1 }, "still shown");
	out = printed(&diag, false);
	cr_expect(eq(sz, diag.errors, 250));
	cr_expect(eq(sz, diag.messages.len, DIAG_SHOWN + 1));
	cr_expect(strstr(out, "150 more errors not shown\n") != NULL);
	cr_expect(strstr(out, "still shown") != NULL);
	diag_end(&diag);
}

static struct str candidate(const void *context, size_t i)
{
	static const struct str names[] = { STR("root"), STR("return"), STR("server_name"),
		                            STR("server"), STR("a") };

	(void)context;
	return i < sizeof names / sizeof *names ? names[i] : (struct str){ NULL, 0 };
}

Test(diag, suggests_what_is_near)
{
	static const struct {
		const char *name, *word, *nearest;
	} words[] = {
		{ "one letter too many", "rooot", "root" },
		{ "two letters swapped", "retrun", "return" },
		{ "a letter missing in a longer word", "servername", "server_name" },
		{ "the nearest of several", "serve", "server" },
		{ "the name itself", "root", "root" },
		{ "nothing that is far away", "listen", "" },
		{ "nothing for a short word that is all wrong", "b", "" },
		{ "nothing for an empty word", "", "" },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct str near = diag_nearest(str_from(words[i].word), candidate, NULL);

		cr_expect(str_eq(near, str_from(words[i].nearest)), "%s: %.*s", words[i].name,
		          STR_ARG(near));
	}
}

/* "text" about each of these lines, one after the other. */
static void add_folded(struct diag *diag, const struct source *source, const uint32_t *lines,
                       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct position at = { source, lines[i], 1, 1 };

		diag_fold(diag, diag_add(diag, DIAG_ERROR, at, "text"));
	}
}

Test(diag, the_same_about_more_lines_is_one_message)
{
	static const uint32_t two[] = { 1, 3 }, three[] = { 1, 3, 3, 5 };
	static const struct source other = { .name = STR("b.conf"),
		                             .text = STR("b\nb"),
		                             .order = 2 };
	static const struct position here = { &file, 1, 1, 1 };
	struct diag diag;

	diag_init(&diag);
	add_folded(&diag, &file, two, 1);
	cr_expect(eq(sz, diag.errors, 1));
	cr_expect(not(diag_fold(&diag, NULL)));
	cr_expect(eq(str, printed(&diag, false),
	             "a.conf:1:1: error: text\n    1 | first line\n      | ^\n"));
	diag_end(&diag);

	diag_init(&diag);
	add_folded(&diag, &file, two, 2);
	cr_expect(eq(str, printed(&diag, false),
	             "a.conf:1:1: error: text\n    1 | first line\n      | ^\n"
	             "      = also: line 3\n"));
	diag_end(&diag);

	diag_init(&diag);
	add_folded(&diag, &file, three, 4);
	add_folded(&diag, &other, two, 1);
	diag_fold(&diag, diag_add(&diag, DIAG_WARNING, here, "text"));
	diag_fold(&diag, diag_add(&diag, DIAG_ERROR, here, "more"));
	cr_expect(eq(sz, diag.errors, 3), "another file and another text stay");
	cr_expect(eq(sz, diag.warnings, 1), "another level stays");
	cr_expect(strstr(printed(&diag, false), "= also: lines 3, 5\n") != NULL);
	diag_end(&diag);
}

Test(diag, no_more_than_a_dozen_lines_are_named)
{
	static const struct source many = { .name = STR("a.conf"), .text = STR(""), .order = 1 };
	struct diag diag;

	diag_init(&diag);
	for (uint32_t line = 1; line <= 2000; line++)
		add_folded(&diag, &many, &line, 1);
	cr_expect(eq(sz, diag.errors, 1));
	cr_expect(strstr(printed(&diag, false),
	                 "= also: lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 1987 more\n") !=
	          NULL);
	diag_end(&diag);
}
