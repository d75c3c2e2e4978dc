#ifndef MANUAL_FORMS_H
#define MANUAL_FORMS_H

#include "documents.h"

/* HTML in the style of the site. */
extern const struct markup_form html_form;

/* What stands around the text of a page. */
void html_begin(struct buf *out, const struct document *document);
void html_end(struct buf *out, const struct document *document);

/* A card for each page of the manual but the first. */
void html_cards(struct buf *out);

/* For man(1): the macros of man(7). */
extern const struct markup_form roff_form;
void roff_begin(struct buf *out, const struct document *document);

/* What the form of a directive's arguments looks like as a statement: "root DIR;". */
void facts_form(struct buf *out, const struct directive *row);

/* "root www;", or empty where there is none. */
void facts_usual(struct buf *out, const struct directive *row);

/* "main, server, location" */
void facts_places(struct buf *out, const struct directive *row);

/* What an inner block does with the outer one's value; NULL where there is no inner one. */
const char *facts_inheritance(const struct directive *row);

#endif
