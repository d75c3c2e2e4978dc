#ifndef SERVER_PAGE_H
#define SERVER_PAGE_H

#include "server/request.h"

/*
 * What every page of our own shares: its frame, its look in light and dark, its icon, its foot. Each is
 * one self-contained response that loads nothing.
 */

/* From the doctype to the start of the body. style: further rules in pieces ended by NULL, or NULL. */
void page_open(struct buf *b, struct str title, const char *const *style);

/* The foot, with the server's name as server_tokens has it and, where it helps, the request's id. */
void page_close(struct buf *b, struct request *r, bool with_id);

/* Content-Type, nosniff and a policy under which nothing of the page runs or loads. */
void page_fields(struct request *r);

#endif
