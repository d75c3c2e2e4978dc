#ifndef MANUAL_MARKUP_H
#define MANUAL_MARKUP_H

#include "base/buf.h"

struct directive;

/* What a text is made of. */
enum markup_kind {
	MARKUP_END,
	MARKUP_PARAGRAPH,
	MARKUP_HEADING, /* level 2 ("== ") or 3 ("=== ") */
	MARKUP_TEXT,    /* indented lines, as they are */
	MARKUP_EXAMPLE, /* "@example server": statements that may stand there */
	MARKUP_FILE,    /* "@file site.conf": a whole file; a configuration if it is called so */
	MARKUP_RUN, /* "@run": lines "$ command" and below each what it prints; "..." is anything */
	MARKUP_ITEM,
	MARKUP_ROW,
	MARKUP_INSERT
};
struct markup_block {
	enum markup_kind kind;
	unsigned level;
	struct str term;  /* of a row; what stands behind the mark */
	struct str lines; /* as written */
};

/* How a kind of output writes each piece; html.c and roff.c each make one such table. */
struct markup_form {
	void (*text)(struct buf *out, struct str text);
	void (*code)(struct buf *out, struct str text);
	void (*named)(struct buf *out, struct str id,
	              struct str text); /* code that can be led to */
	void (*link)(struct buf *out, struct str directive);
	void (*page)(struct buf *out, struct str name); /* "cgi.html", a page of this manual */
	void (*source)(struct buf *out, struct str function, struct str path);
	void (*heading)(struct buf *out, unsigned level, struct str title); /* 2, 3 */
	void (*paragraph)(struct buf *out, bool open);
	/* Lines as they are: TEXT, EXAMPLE, FILE, RUN. */
	void (*literal)(struct buf *out, const struct markup_block *block);
	void (*list)(struct buf *out, bool open);
	void (*item)(struct buf *out, bool open);
	void (*rows)(struct buf *out, bool open); /* terms, each with its meaning */
	void (*term)(struct buf *out, bool open);
	void (*meaning)(struct buf *out, bool open);
	void (*directive)(struct buf *out, const struct directive *row); /* name and facts */
	void (*note)(struct buf *out, const char *label, bool open);     /* a paragraph on nginx */
	void (*group)(struct buf *out, struct str title);                /* of directives */
};

struct markup {
	struct arena *arena; /* for what is needed in between */
	struct buf *out;
	const struct markup_form *form;
	/* Writes the table that a line "@insert name" asks for. False: there is none. */
	bool (*insert)(struct markup *markup, struct str name);
	void *context; /* of insert */
};

/* Writes the text's blocks. False: an @insert that is not known, or memory is out. */
bool markup_blocks(struct markup *markup, struct str text);

/* Writes one running text: `code`, [directive], [page.html], {function src/file.c}. */
void markup_line(struct markup *markup, struct str text);

/* The next block of the text, with the lines that belong to it; MARKUP_END behind the last. */
struct markup_block markup_next(struct str *rest);

/* A line of a literal block without the four spaces that mark it. */
struct str markup_unindent(struct str line);

#endif
