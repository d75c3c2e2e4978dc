#include "conf/lexer.h"

void lexer_init(struct lexer *lexer, const struct source *source, struct arena *arena,
                struct diag *diag)
{
	*lexer = (struct lexer){ .source = source, .arena = arena, .diag = diag, .line = 1 };
	/* A byte order mark is what some editors leave, not text. */
	if (str_starts_with(source->text, STR_OF("\xef\xbb\xbf")))
		lexer->next = 3;
}

static struct position position_at(const struct lexer *lexer, size_t offset, size_t width)
{
	return (struct position){ .source = lexer->source,
		                  .line = lexer->line,
		                  .column = (uint32_t)(offset - lexer->line_start + 1),
		                  .width = (uint32_t)(width > 0 ? width : 1) };
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void count_line(struct lexer *lexer, size_t newline)
{
	lexer->line++;
	lexer->line_start = newline + 1;
}

static void skip_blank(struct lexer *lexer)
{
	struct str text = lexer->source->text;
	bool comment = false;

	for (; lexer->next < text.len; lexer->next++) {
		char c = text.ptr[lexer->next];

		if (c == '\n') {
			count_line(lexer, lexer->next);
			comment = false;
		} else if (c == '#') {
			comment = true;
		} else if (!comment && !is_space(c)) {
			return;
		}
	}
}

/*
 * The text of the raw bytes [from, to) with its escapes resolved. A word over the limit is cut: it is
 * an error already.
 */
static struct str unescape(struct lexer *lexer, size_t from, size_t to)
{
	static const char plain[] = "\"'\\trn", stands_for[] = "\"'\\\t\r\n";
	const char *raw = lexer->source->text.ptr;
	char *out = arena_alloc(lexer->arena, to - from + 1);
	size_t len = 0;

	for (size_t i = from; i < to; i++) {
		const char *escape = NULL;

		if (raw[i] == '\\' && i + 1 < to)
			escape = strchr(plain, raw[i + 1]);
		if (escape)
			i++;
		out[len++] = escape ? stands_for[escape - plain] : raw[i];
	}
	out[len] = '\0';
	return str_make(out, len);
}

static void check_length(struct lexer *lexer, const struct token *token, size_t *from, size_t *to)
{
	if (*to - *from <= LEXER_WORD_MAX)
		return;
	diag_help(lexer->diag,
	          diag_add(lexer->diag, DIAG_ERROR, token->at, "a word of more than %d bytes",
	                   LEXER_WORD_MAX),
	          "a closing quote or a ';' may be missing");
	*to = *from + LEXER_WORD_MAX;
}

/*
 * The text of a string stops at its quote. Where there is none before the end of the file, its first
 * line is taken for it, so that the lines below are still checked.
 */
static bool find_quote(struct lexer *lexer, char quote, size_t *end)
{
	struct str text = lexer->source->text;

	for (size_t i = lexer->next; i < text.len; i++) {
		if (text.ptr[i] == quote) {
			*end = i;
			return true;
		}
		if (text.ptr[i] == '\\')
			i++;
	}
	for (*end = lexer->next; *end < text.len && text.ptr[*end] != '\n';)
		(*end)++;
	return false;
}

static void check_behind_quote(struct lexer *lexer, struct token *token)
{
	struct str text = lexer->source->text;
	struct diag_message *message;
	char c = lexer->next < text.len ? text.ptr[lexer->next] : ' ';

	if (is_space(c) || strchr(";{})", c))
		return;
	token->is_faulty = true;
	message = diag_add(lexer->diag, DIAG_ERROR, position_at(lexer, lexer->next, 1),
	                   "text right behind a closing quote");
	if (token->at.line != lexer->line)
		diag_relate(lexer->diag, message, token->at, "the string opens here");
	diag_help(lexer->diag, message, "a space, or a quote further up, may be missing");
}

static void read_string(struct lexer *lexer, struct token *token)
{
	struct str text = lexer->source->text;
	size_t open = lexer->next, from = open + 1, end, first_line = open;
	struct position at = position_at(lexer, open, 1);
	bool closed;

	lexer->next++;
	closed = find_quote(lexer, text.ptr[open], &end);
	while (first_line < end && text.ptr[first_line] != '\n')
		first_line++;
	at.width = closed ? (uint32_t)(first_line - open + (first_line == end)) : 1;
	*token = (struct token){
		.kind = TOKEN_WORD, .quoted = true, .is_faulty = !closed, .at = at
	};
	if (!closed)
		diag_add(lexer->diag, DIAG_ERROR, at, "the string that opens here is never closed");
	for (size_t i = open; i < end; i++) {
		if (text.ptr[i] == '\n')
			count_line(lexer, i);
	}
	lexer->next = closed ? end + 1 : end;
	token->end = position_at(lexer, lexer->next, 1);
	check_length(lexer, token, &from, &end);
	token->text = unescape(lexer, from, end);
	if (closed)
		check_behind_quote(lexer, token);
}

/* The length of a regular expression's repeat, "{2}" or "{2,3}", at the start of the text; 0: it is none. */
static size_t repeat_length(struct str text)
{
	size_t i = 1;

	if (text.len < 3 || text.ptr[0] != '{' || !ascii_is_digit(text.ptr[1]))
		return 0;
	while (i < text.len && (ascii_is_digit(text.ptr[i]) || text.ptr[i] == ','))
		i++;
	return i < text.len && text.ptr[i] == '}' ? i + 1 : 0;
}

/* Where the unquoted word ends that is read at i; with its repeats, where those are meant to belong to it. */
static size_t word_end(struct str text, size_t i, bool repeats)
{
	while (i < text.len) {
		char c = text.ptr[i];
		size_t repeat = repeats ? repeat_length(str_from_index(text, i)) : 0;

		if (repeat > 0)
			i += repeat - 1;
		else if (c == '\\' && i + 1 < text.len && text.ptr[i + 1] != '\n')
			i++;
		else if (c == '$' && i + 1 < text.len && text.ptr[i + 1] == '{')
			i++;
		else if (is_space(c) || c == ';' || c == '{')
			break;
		i++;
	}
	return i;
}

static void take_word(struct lexer *lexer, struct token *token, size_t from, size_t to)
{
	*token = (struct token){ .kind = TOKEN_WORD, .at = position_at(lexer, from, to - from) };
	lexer->next = to;
	token->end = position_at(lexer, to, 1);
	check_length(lexer, token, &from, &to);
	token->text = unescape(lexer, from, to);
}

static void read_word(struct lexer *lexer, struct token *token)
{
	take_word(lexer, token, lexer->next, word_end(lexer->source->text, lexer->next, false));
}

bool lexer_join_repeat(struct lexer *lexer, struct token *word, const struct token *brace)
{
	struct str text = lexer->source->text;
	size_t from = lexer->line_start + word->at.column - 1;

	if (word->quoted || brace->kind != TOKEN_OPEN || word->end.line != brace->at.line ||
	    word->end.column != brace->at.column ||
	    repeat_length(str_from_index(text, lexer->next - 1)) == 0)
		return false;
	take_word(lexer, word, from, word_end(text, lexer->next - 1, true));
	return true;
}

void lexer_next(struct lexer *lexer, struct token *token)
{
	static const char marks[] = ";{}";
	static const enum token_kind kinds[] = { TOKEN_SEMICOLON, TOKEN_OPEN, TOKEN_CLOSE };
	const char *mark;
	char c;

	skip_blank(lexer);
	*token = (struct token){ .kind = TOKEN_END, .at = position_at(lexer, lexer->next, 1) };
	token->end = token->at;
	if (lexer->next >= lexer->source->text.len)
		return;
	c = lexer->source->text.ptr[lexer->next];
	mark = c ? strchr(marks, c) : NULL;
	if (mark) {
		token->kind = kinds[mark - marks];
		token->end = position_at(lexer, ++lexer->next, 1);
	} else if (c == '"' || c == '\'') {
		read_string(lexer, token);
	} else {
		read_word(lexer, token);
	}
}

struct position token_part(const struct token *token, size_t offset, size_t len)
{
	size_t quotes = token->quoted ? 1 : 0;
	struct position at = token->at;

	if (at.width != token->text.len + 2 * quotes || at.line != token->end.line)
		return at;
	at.column += (uint32_t)(quotes + offset);
	at.width = (uint32_t)(len > 0 ? len : 1);
	return at;
}
