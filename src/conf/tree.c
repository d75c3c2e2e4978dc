#include "conf/tree.h"

#include "conf/directives.h"

/* One source on its way through the parser. */
struct parser {
	struct tree *tree;
	struct lexer lexer;
	struct token token; /* the one being looked at */
	struct position last_end;
};

static void advance(struct parser *p)
{
	p->last_end = p->token.end;
	lexer_next(&p->lexer, &p->token);
}

static void missing_semicolon(struct parser *p, const struct node *node)
{
	struct diag *diag = p->tree->diag;
	struct diag_message *message;

	if (node->is_faulty)
		return;
	message = diag_add(diag, DIAG_ERROR, p->last_end, "missing ';' after '%.*s'",
	                   STR_ARG(node->name.text));
	if (p->token.kind == TOKEN_WORD)
		diag_help(diag, message, "put '%.*s' in quotes if it is meant as an argument",
		          STR_ARG(p->token.text));
}

/*
 * A word at the start of a line that is the name of a directive begins the next statement, where the
 * one before lacks its ';'.
 */
static bool begins_statement(const struct parser *p, bool raw)
{
	return !raw && !p->token.quoted && p->token.at.line != p->last_end.line &&
	       directive_is_known(p->token.text);
}

static void add_argument(struct parser *p, struct node *node, size_t *cap)
{
	struct diag *diag = p->tree->diag;

	if (node->arg_count == TREE_ARGS_MAX) {
		diag_help(diag,
		          diag_add(diag, DIAG_ERROR, p->token.at, "more than %d arguments",
		                   TREE_ARGS_MAX),
		          "a ';' may be missing further up");
		node->arg_count++; /* so that it is said once */
	}
	if (node->arg_count > TREE_ARGS_MAX)
		return;
	if (node->arg_count == *cap)
		vec_grow(p->tree->scratch, (void **)&node->args, cap, sizeof *node->args);
	node->args[node->arg_count++] = p->token;
}

/* A regular expression with braces and without quotes is reported, and taken for what it was meant to be. */
static bool join_repeat(struct parser *p, struct node *node)
{
	struct diag *diag = p->tree->diag;
	struct token *last;

	if (node->arg_count == 0 || node->arg_count > TREE_ARGS_MAX)
		return false;
	last = &node->args[node->arg_count - 1];
	if (!lexer_join_repeat(&p->lexer, last, &p->token))
		return false;
	diag_help(diag,
	          diag_add(diag, DIAG_ERROR, last->at,
	                   "a '{' outside of quotes begins a block, not a repeat"),
	          "put the regular expression in quotes: \"%.*s\"", (int)last->at.width,
	          p->lexer.source->text.ptr + p->lexer.line_start + last->at.column - 1);
	p->token = *last;
	return true;
}

/* Reads the arguments; the parser then stands on what ended them. */
static void parse_arguments(struct parser *p, struct node *node, bool raw)
{
	size_t cap = 0;

	for (advance(p);; advance(p)) {
		if (join_repeat(p, node))
			continue;
		if (p->token.kind != TOKEN_WORD)
			break;
		if (begins_statement(p, raw))
			return;
		add_argument(p, node, &cap);
		node->is_faulty |= p->token.is_faulty;
	}
	if (node->arg_count > TREE_ARGS_MAX)
		node->arg_count = TREE_ARGS_MAX;
}

/* Passes a block that nests too deep, without recursion. */
static void skip_block(struct parser *p)
{
	size_t depth = 1;

	for (advance(p); p->token.kind != TOKEN_END; advance(p)) {
		if (p->token.kind == TOKEN_OPEN)
			depth++;
		else if (p->token.kind == TOKEN_CLOSE && --depth == 0)
			break;
	}
}

static struct node **parse_statements(struct parser *p, unsigned depth, bool raw,
                                      struct node **tail);

/* The words of these blocks are no directive names. */
static bool holds_raw(struct str name)
{
	static const struct str names[] = { STR("types"), STR("map"), STR("geo"),
		                            STR("split_clients"), STR("charset_map") };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (str_eq(names[i], name))
			return true;
	}
	return false;
}

static void parse_block(struct parser *p, struct node *node, unsigned depth)
{
	struct diag *diag = p->tree->diag;

	node->has_block = true;
	node->open = p->token.at;
	if (depth >= TREE_BLOCKS_MAX) {
		diag_add(diag, DIAG_ERROR, node->open, "blocks nest deeper than %d",
		         TREE_BLOCKS_MAX);
		skip_block(p);
	} else {
		advance(p);
		parse_statements(p, depth + 1, holds_raw(node->name.text), &node->children);
	}
	if (p->token.kind == TOKEN_CLOSE)
		advance(p);
	else
		diag_add(diag, DIAG_ERROR, node->open, "the block that opens here is never closed");
}

static struct node **parse_statement(struct parser *p, unsigned depth, bool raw, struct node **tail)
{
	struct node *node = arena_zero(p->tree->scratch, sizeof *node);

	node->name = p->token;
	node->is_faulty = p->token.is_faulty;
	parse_arguments(p, node, raw);
	if (p->token.kind == TOKEN_OPEN)
		parse_block(p, node, depth);
	else if (p->token.kind == TOKEN_SEMICOLON)
		advance(p);
	else
		missing_semicolon(p, node);
	if (node->is_faulty && !node->has_block)
		return tail;
	if (str_eq(node->name.text, STR_OF("include")) && !node->has_block)
		return tree_include(p->tree, node, depth, raw, tail);
	*tail = node;
	return &node->next;
}

/* Statements up to a '}' or the end, which the parser then stands on. */
static struct node **parse_statements(struct parser *p, unsigned depth, bool raw,
                                      struct node **tail)
{
	while (p->token.kind != TOKEN_END && p->token.kind != TOKEN_CLOSE) {
		struct node nameless = { .has_block = false };

		switch (p->token.kind) {
		case TOKEN_WORD:
			tail = parse_statement(p, depth, raw, tail);
			break;
		case TOKEN_OPEN:
			diag_add(p->tree->diag, DIAG_ERROR, p->token.at, "a block without a name");
			parse_block(p, &nameless, depth);
			break;
		default:
			diag_add(p->tree->diag, DIAG_ERROR, p->token.at, "unexpected ';'");
			advance(p);
		}
	}
	return tail;
}

struct node **tree_parse(struct tree *tree, const struct source *source, unsigned depth, bool raw,
                         struct node **tail)
{
	struct parser p = { .tree = tree };

	lexer_init(&p.lexer, source, &tree->config->arena, tree->diag);
	advance(&p);
	for (;;) {
		tail = parse_statements(&p, depth, raw, tail);
		if (p.token.kind == TOKEN_END)
			return tail;
		diag_add(tree->diag, DIAG_ERROR, p.token.at,
		         "unexpected '}': no block is open here");
		advance(&p);
	}
}

struct node *tree_from_text(struct tree *tree, struct str name, const char *text)
{
	struct source *source = arena_zero(&tree->config->arena, sizeof *source);
	struct buf buf = buf_in_arena(&tree->config->arena, name.len + strlen(text) + 2);
	struct node *node = NULL;

	buf_add(&buf, name);
	buf_byte(&buf, ' ');
	buf_text(&buf, text);
	buf_byte(&buf, ';');
	source->name = STR_OF("(default)");
	source->text = buf_str(&buf);
	tree_parse(tree, source, 0, true, &node);
	node->is_default = true;
	return node;
}

void *list_grow(struct arena *arena, void *items, size_t count, size_t item_size)
{
	void *grown;

	if ((count & (count - 1)) != 0)
		return items;
	grown = arena_alloc(arena, (count > 0 ? 2 * count : 1) * item_size);
	if (count > 0)
		memcpy(grown, items, count * item_size);
	return grown;
}
