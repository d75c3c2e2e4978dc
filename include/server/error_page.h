#ifndef SERVER_ERROR_PAGE_H
#define SERVER_ERROR_PAGE_H

#include "server/request.h"

/*
 * Our own error page in the request's arena, as HTML or as application/problem+json (RFC 9457). With the
 * status, its reason phrase, a sentence of advice, the reason (may be NULL) and the request's id. Empty
 * when memory is out.
 */
struct str error_page_html(struct request *r, unsigned status, const char *reason);
struct str error_page_problem(struct request *r, unsigned status, const char *reason);

#endif
