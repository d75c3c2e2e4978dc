#ifndef SERVER_VARS_H
#define SERVER_VARS_H

#include "base/buf.h"
#include "conf/template.h"

struct request;

/* The names of all variables, for config_load(). */
extern const struct template_names vars_names;

enum vars_escape {
	VARS_PLAIN,
	VARS_LOG, /* as escape_log(); an empty value is "-" */
	VARS_JSON,
	VARS_TERMINAL /* as VARS_LOG, $status in colour */
};

/* Appends the template's text for this request. */
void vars_expand(struct buf *out, const struct template *t, struct request *r,
                 enum vars_escape escape);

/* The text in the request's arena; a NUL follows. ptr is NULL when memory is out. */
struct str vars_text(const struct template *t, struct request *r);

#endif
