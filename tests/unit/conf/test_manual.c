#include "conf/directives.h"
#include "load.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

/* What the reference says (www/manual/directives.txt) about each directive of the table. */

static struct str next_line(struct str *text)
{
	return str_cut(text, '\n');
}

/* The example and the difference from nginx; false where there is no such entry. */
static bool find_text(struct str all, struct str name, struct str *example, struct str *nginx)
{
	while (all.len > 0) {
		struct str line = next_line(&all);

		if (!str_starts_with(line, STR_OF("== ")) || !str_eq(str_from_index(line, 3), name))
			continue;
		*example = next_line(&all);
		*nginx = next_line(&all);
		return true;
	}
	return false;
}

/* A configuration with the example where the directive may stand, as far in as that is. */
static void wrap(const struct directive *d, struct str example, char *out, size_t size)
{
	bool is_main = !(d->where & (DIRECTIVE_SERVER | DIRECTIVE_LOCATION));
	bool is_listen = str_eq(d->name, STR_OF("listen"));

	if (is_main)
		snprintf(out, size, "%.*s\nserver { listen 127.0.0.1:8099; root /usr; }\n",
		         STR_ARG(example));
	else if (d->where & DIRECTIVE_LOCATION && !str_eq(d->name, STR_OF("location")))
		snprintf(out, size, "server { listen 127.0.0.1:8099; location /x/ { %.*s } }\n",
		         STR_ARG(example));
	else
		snprintf(out, size, "server { %s %.*s }\n",
		         is_listen ? "" : "listen 127.0.0.1:8099;", STR_ARG(example));
}

Test(manual, every_directive_has_a_text_and_an_example_that_is_good)
{
	struct loaded texts;
	struct str all;

	loaded_text(&texts, "server { }");
	all = str_from(load_read(&texts.arena, "www/manual/directives.txt"));
	for (size_t i = 0; i < directive_count; i++) {
		const struct directive *d = &directives[i];
		struct str example, nginx;
		struct loaded loaded;
		char config[1024];

		cr_expect(d->doc && d->doc[0], "%s: what it does", d->name.ptr);
		if (!find_text(all, d->name, &example, &nginx)) {
			cr_expect(false, "%s has no text in the reference", d->name.ptr);
			continue;
		}
		cr_expect(memmem(example.ptr, example.len, d->name.ptr, d->name.len) != NULL,
		          "%s: the example is of it", d->name.ptr);
		cr_expect(str_starts_with(nginx, STR_OF("-- ")) && nginx.len > 5,
		          "%s: the difference from nginx", d->name.ptr);
		wrap(d, example, config, sizeof config);
		loaded_text(&loaded, config);
		cr_expect(loaded.config != NULL, "%s: %s", config, loaded_messages(&loaded));
		loaded_end(&loaded);
	}
	loaded_end(&texts);
}
