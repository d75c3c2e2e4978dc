#ifndef CONF_TEMPLATE_H
#define CONF_TEMPLATE_H

#include "base/arena.h"
#include "base/str.h"

/*
 * Text with variables in it, "text $name and ${name}text", taken apart once when the configuration is
 * loaded. What the variables mean is known to a layer above: it hands down its table of names.
 */
struct template_part {
	int variable;        /* number in the table of names; -1: literal text */
	struct str text;     /* the literal; for a variable its name as written */
	struct str argument; /* "accept" of $http_accept, "1" of $1; empty: none */
};

struct template
{
	struct template_part *parts;
	size_t count;
	struct str source; /* as written, for dumps */
};

/* The table of variable names, as a value passed down. */
struct template_names {
	/*
	 * The number of a variable, or -1. For families ($http_NAME, $arg_NAME, $cookie_NAME,
	 * $sent_http_NAME, $1 to $9) *argument is set to the rest of the name, else to the empty slice.
	 */
	int (*find)(struct str name, struct str *argument);
	/* The i-th name, for suggestions; empty behind the last. Families read "http_". */
	struct str (*name)(size_t i);
};

/*
 * Parses text. False: *bad is the unknown or malformed name ("$", "${" without its end), a slice of
 * text. A `$` can't be escaped, as in nginx. The slices point into text, which must live on.
 */
bool template_parse(struct arena *arena, struct str text, const struct template_names *names,
                    struct template *out, struct str *bad);

/* True where there is no variable in it; its value is then template_constant(). */
bool template_is_constant(const struct template *t);
struct str template_constant(const struct template *t);

#endif
