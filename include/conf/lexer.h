#ifndef CONF_LEXER_H
#define CONF_LEXER_H

#include "base/arena.h"
#include "conf/diag.h"

enum token_kind { TOKEN_WORD, TOKEN_SEMICOLON, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_END };

struct token {
	enum token_kind kind;
	bool quoted;
	bool is_faulty;      /* reported already: what it says is a guess */
	struct str text;     /* of a word, escapes resolved; a C string too */
	struct position at;  /* the word with its quotes, or the character */
	struct position end; /* the place right behind it, where a ';' would belong */
};

enum { LEXER_WORD_MAX = 16384 };

/*
 * Cuts a source into words, ';', '{' and '}' by nginx's rules: white space separates, '#' at the start
 * of a word begins a comment, '…' and "…" may span lines, `\"` `\'` `\\` stand for the second
 * character and `\t` `\r` `\n` for the control character, any other backslash stays (so that a regular
 * expression needs no doubling), and "${" belongs to its word.
 */
struct lexer {
	const struct source *source;
	struct arena *arena; /* the words are made here; its `failed` must be set */
	struct diag *diag;
	size_t next; /* offset of the next byte */
	size_t line_start;
	uint32_t line;
};

void lexer_init(struct lexer *lexer, const struct source *source, struct arena *arena,
                struct diag *diag);

/* The next token; faults are reported and the best guess returned. TOKEN_END again and again at the end. */
void lexer_next(struct lexer *lexer, struct token *token);

/*
 * Where an unquoted word has run into the brace of a regular expression's repeat, as in ^/[0-9]{3}$, and `brace` is
 * the token just read: makes *word the whole of it. False: it is another brace.
 */
bool lexer_join_repeat(struct lexer *lexer, struct token *word, const struct token *brace);

/* The place of a part of a word's text; the whole word where escapes moved it. */
struct position token_part(const struct token *token, size_t offset, size_t len);

#endif
