#include "conf/lexer.h"

#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* Tokens as text: words in <>, strings in «», marks as they are. */
static void write_tokens(struct lexer *lexer, struct buf *out)
{
	static const char *const marks[] = {
		[TOKEN_SEMICOLON] = ";", [TOKEN_OPEN] = "{", [TOKEN_CLOSE] = "}"
	};
	struct token token;

	for (lexer_next(lexer, &token); token.kind != TOKEN_END; lexer_next(lexer, &token)) {
		if (token.kind != TOKEN_WORD) {
			buf_text(out, marks[token.kind]);
			continue;
		}
		buf_text(out, token.quoted ? "«" : "<");
		buf_add(out, token.text);
		buf_text(out, token.quoted ? "»" : ">");
	}
}

static const struct {
	const char *name, *text, *tokens;
	size_t errors;
} rows[] = {
	{ "nothing is nothing", "", "", 0 },
	{ "white space is nothing", " \t\r\n\n", "", 0 },
	{ "a directive is words and a semicolon", "root www;", "<root><www>;", 0 },
	{ "a block has braces", "server{listen 80;}", "<server>{<listen><80>;}", 0 },
	{ "a comment ends with its line", "a # b; {\nc;", "<a><c>;", 0 },
	{ "a comment may end the file", "a; # b", "<a>;", 0 },
	{ "a # inside a word is part of it", "a#b;", "<a#b>;", 0 },
	{ "a comment may follow a semicolon at once", "a;#b\nc;", "<a>;<c>;", 0 },
	{ "double quotes hold spaces and marks", "a \"b ; { } # c\";", "<a>«b ; { } # c»;", 0 },
	{ "single quotes do too", "a 'b \"c\" d';", "<a>«b \"c\" d»;", 0 },
	{ "an empty string is a word", "a \"\" '';", "<a>«»«»;", 0 },
	{ "a string may span lines", "a \"b\nc\";", "<a>«b\nc»;", 0 },
	{ "a quote inside a word is part of it", "a b\"c;", "<a><b\"c>;", 0 },
	{ "escaped quotes", "a \"b\\\"c\" 'd\\'e';", "<a>«b\"c»«d'e»;", 0 },
	{ "an escaped backslash is one", "a \"b\\\\\";", "<a>«b\\»;", 0 },
	{ "tab, return and newline have escapes", "a \"\\t\\r\\n\";", "<a>«\t\r\n»;", 0 },
	{ "another backslash stays, for expressions", "a \\.php$ \"\\d\";", "<a><\\.php$>«\\d»;",
	  0 },
	{ "an escaped semicolon does not end a word", "a b\\;c;", "<a><b\\;c>;", 0 },
	{ "a variable's braces belong to its word", "a ${b}c;", "<a><${b}c>;", 0 },
	{ "another brace ends the word", "a b{c}", "<a><b>{<c}>", 0 },
	{ "a closing brace inside a word is part of it, as in nginx", "a b}c;", "<a><b}c>;", 0 },
	{ "a byte order mark is skipped", "\xef\xbb\xbfroot a;", "<root><a>;", 0 },
	{ "bytes beyond ASCII are words", "a \xc3\xa4;", "<a><\xc3\xa4>;", 0 },
	{ "an unclosed string is taken to the end of its line", "a \"b\nc;", "<a>«b»<c>;", 1 },
	{ "a lone quote at the end", "a \"", "<a>«»", 1 },
	{ "a backslash at the end of a string", "a \"\\", "<a>«\\»", 1 },
	{ "a backslash at the end of a word", "a b\\", "<a><b\\>", 0 },
	{ "a dollar at the end", "a $", "<a><$>", 0 },
	{ "an opened variable at the end", "a ${", "<a><${>", 0 },
	{ "text right behind a quote", "a \"b\"c;", "<a>«b»<c>;", 1 },
	{ "a mark right behind a quote is fine", "a \"b\";'c'{}", "<a>«b»;«c»{}", 0 },
};

static void check_row(const char *name, struct str text, const char *tokens, size_t errors)
{
	struct arena arena;
	struct diag diag;
	struct lexer lexer;
	struct str guarded = guard_copy(text);
	struct source source = { .name = STR("t"), .text = guarded };
	struct buf out;
	jmp_buf failed;

	arena_init(&arena, NULL);
	if (setjmp(failed) != 0)
		cr_fatal("out of memory");
	arena.failed = &failed;
	diag_init(&diag);
	out = buf_in_arena(&arena, 256);
	lexer_init(&lexer, &source, &arena, &diag);
	write_tokens(&lexer, &out);
	buf_byte(&out, '\0');
	if (tokens)
		cr_expect(eq(str, out.ptr, (char *)tokens), "%s", name);
	if (errors != SIZE_MAX)
		cr_expect(eq(sz, diag.errors, errors), "%s", name);
	diag_end(&diag);
	arena_end(&arena);
	guard_free(guarded);
}

Test(lexer, cuts_words_and_marks)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_row(rows[i].name, str_from(rows[i].text), rows[i].tokens, rows[i].errors);
}

Test(lexer, never_reads_past_any_cut)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str text = str_from(rows[i].text);

		for (size_t cut = 0; cut < text.len; cut++)
			check_row(rows[i].name, str_head(text, cut), NULL, SIZE_MAX);
	}
}

Test(lexer, counts_lines_and_columns)
{
	static const struct {
		uint32_t line, column, width, end_line, end_column;
	} places[] = {
		{ 1, 1, 1, 1, 2 }, { 2, 2, 3, 2, 5 }, { 2, 6, 4, 2, 10 },
		{ 3, 1, 2, 4, 2 }, { 4, 2, 1, 4, 3 },
	};
	/*                            1  2               3    4 */
	struct source source = { .text = STR("a\n\tbcd \"ef\"\n'g\n';") };
	struct arena arena;
	struct diag diag;
	struct lexer lexer;
	struct token token;

	arena_init(&arena, NULL);
	diag_init(&diag);
	lexer_init(&lexer, &source, &arena, &diag);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		lexer_next(&lexer, &token);
		cr_expect(eq(u32, token.at.line, places[i].line), "token %zu", i);
		cr_expect(eq(u32, token.at.column, places[i].column), "token %zu", i);
		cr_expect(eq(u32, token.at.width, places[i].width), "token %zu", i);
		cr_expect(eq(u32, token.end.line, places[i].end_line), "token %zu", i);
		cr_expect(eq(u32, token.end.column, places[i].end_column), "token %zu", i);
	}
	diag_end(&diag);
	arena_end(&arena);
}

Test(lexer, points_into_words_where_no_escape_moved_them)
{
	struct source source = { .text = STR("abc \"def\" \"g\\\"h\"") };
	struct arena arena;
	struct diag diag;
	struct lexer lexer;
	struct token token;

	arena_init(&arena, NULL);
	diag_init(&diag);
	lexer_init(&lexer, &source, &arena, &diag);
	lexer_next(&lexer, &token);
	cr_expect(eq(u32, token_part(&token, 1, 2).column, 2));
	cr_expect(eq(u32, token_part(&token, 1, 2).width, 2));
	lexer_next(&lexer, &token);
	cr_expect(eq(u32, token_part(&token, 1, 1).column, 7), "behind the quote");
	lexer_next(&lexer, &token);
	cr_expect(eq(u32, token_part(&token, 2, 1).column, token.at.column), "the whole word");
	cr_expect(eq(u32, token_part(&token, 2, 1).width, token.at.width));
	diag_end(&diag);
	arena_end(&arena);
}

Test(lexer, cuts_a_word_that_is_too_long)
{
	static char text[LEXER_WORD_MAX + 100];

	memset(text, 'a', sizeof text);
	check_row("a word over the limit is an error", str_make(text, sizeof text), NULL, 1);
	check_row("a word at the limit is none", str_make(text, LEXER_WORD_MAX), NULL, 0);
}
