#ifndef HANDLERS_AUTOINDEX_PAGE_H
#define HANDLERS_AUTOINDEX_PAGE_H

/* The fixed texts of a listing (see autoindex_html.c for what stands between them). */

extern const char *const autoindex_style[]; /* pieces, ended by NULL */
extern const char autoindex_icons[];
extern const char *const autoindex_script[]; /* likewise; joined they have the policy's digest */

/* The Content-Security-Policy under which exactly this script runs. */
extern const char autoindex_policy[];

#endif
