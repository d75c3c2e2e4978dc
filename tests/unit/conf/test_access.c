#include "load.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* A list and what becomes of it: "+" allows, "-" denies, in the order they are asked. */
static const struct {
	const char *name, *text, *rules;
} rows[] = {
	{ "the order written is kept",
	  "server { listen 1; location / { deny 10.0.0.1; allow 10.0.0.0/8; deny all; } }",
	  "-10.0.0.1 +10.0.0.0/8 -all " },
	{ "a list is inherited", "deny all; server { listen 1; location / { } }", "-all " },
	{ "allow alone replaces the outer list",
	  "deny 10.0.0.1; server { listen 1; deny all; location / { allow all; } }", "+all " },
	{ "deny alone does so too",
	  "allow all; server { listen 1; allow 10.0.0.1; location / { deny unix:; } }", "-unix: " },
	{ "the first of the other kind does not begin anew",
	  "server { listen 1; location / { allow 10.0.0.1; deny all; allow ::1; } }",
	  "+10.0.0.1 -all +::1 " },
};

static void print_rules(const struct access_list *list, char *text, size_t size)
{
	struct buf out = buf_fixed(text, size);

	for (size_t i = 0; i < list->count; i++) {
		buf_byte(&out, list->items[i].allow ? '+' : '-');
		cidr_print(&list->items[i].range, &out);
		buf_byte(&out, ' ');
	}
	buf_byte(&out, '\0');
	cr_assert(not(out.failed));
}

static const struct access_list *list_of(const struct loaded *loaded)
{
	return &loaded->config->servers.items[0]->locations.prefixes[0]->settings.access;
}

Test(access, one_list_of_allow_and_deny)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct loaded loaded, again;
		char text[200];

		loaded_text(&loaded, rows[i].text);
		cr_assert(loaded.config != NULL, "%s: %s", rows[i].name, loaded_messages(&loaded));
		print_rules(list_of(&loaded), text, sizeof text);
		cr_expect(eq(str, text, (char *)rows[i].rules), "%s", rows[i].name);
		loaded_text(&again, loaded_dump(&loaded));
		cr_assert(again.config != NULL, "%s", rows[i].name);
		print_rules(list_of(&again), text, sizeof text);
		cr_expect(eq(str, text, (char *)rows[i].rules), "%s, also when dumped",
		          rows[i].name);
		loaded_end(&again);
		loaded_end(&loaded);
	}
}
