#ifndef MANUAL_DOCUMENTS_H
#define MANUAL_DOCUMENTS_H

#include "markup.h"
#include "texts.h"

enum { DOCUMENT_PROSE = 6 };

/* A page of the site, or one for man(1). */
struct document {
	const char *name;    /* of the file: "cgi.html", "webserv.8" */
	const char *section; /* for man(1); NULL: a page of the site */
	const char *title;   /* for man(1) in capitals */
	const char *
	        lead; /* of a page of the site: the first paragraph, and its card on the first page */
	const char *prose[DOCUMENT_PROSE]; /* the texts that it is made of: source/NAME.txt */
};

/* The i-th, or NULL behind the last. */
const struct document *document_at(size_t i);

/* The one with this name, or NULL. */
const struct document *document_find(struct str name);

/* Writes it. False: no such name, a text that can't be read, or memory is out; *problem says which. */
bool document_write(struct manual *manual, const char *name, struct buf *out, struct buf *problem);

/* What "@insert name" writes (tables.c). False: there is no such table. markup->context is the manual. */
bool tables_insert(struct markup *markup, struct str name);

#endif
