#ifndef HANDLERS_AUTOINDEX_PAGE_H
#define HANDLERS_AUTOINDEX_PAGE_H

/* The fixed texts of a listing (see autoindex_html.c for what stands between them). */

extern const char *const autoindex_style[]; /* pieces, ended by NULL */
extern const char autoindex_icons[];
extern const char *const autoindex_script[]; /* likewise; joined they have a digest of the policy */
extern const char *const autoindex_resume_script[]; /* likewise: how uploads come in pieces */

/* The Content-Security-Policy under which exactly these scripts run. */
extern const char autoindex_policy[];

#endif
