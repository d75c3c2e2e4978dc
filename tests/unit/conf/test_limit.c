#include "load.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const char site[] =
        "limit_req 30r/m burst=100; limit_conn 20;\n"
        "server { listen 127.0.0.1:1; server_name a b; root /tmp; location /in { }\n"
        " location /own { limit_req 5r/s; location ~ x { } location ~ y { limit_conn 1; } }\n"
        " location = /own { limit_req 5r/s; } }\n"
        "server { listen 127.0.0.1:1; server_name c; root /tmp; location /own { limit_req 5r/s; } "
        "}\n"
        "server { listen 127.0.0.1:2; server_name a; root /tmp; location /own { limit_req off; } }";

enum { A, A_IN, A_OWN, A_OWN_X, A_OWN_Y, A_EXACT, C, C_OWN, OTHER_A, OTHER_OWN, PLACES };

/* The n-th location as they are written, servers included. */
static const struct settings *at(const struct loaded *loaded, size_t n)
{
	cr_assert(lt(sz, n, loaded->config->locations.len));
	return &loaded->config->locations.items[n]->settings;
}

#define REQ(n)  at(&loaded, n)->limit_req.place.id
#define CONN(n) at(&loaded, n)->limit_conn.place.id

Test(limit, is_one_with_what_it_is_inherited_from)
{
	struct loaded loaded;

	loaded_text(&loaded, site);
	cr_assert(ne(ptr, loaded.config, NULL), "%s", loaded_messages(&loaded));
	cr_assert(eq(sz, loaded.config->locations.len, PLACES));
	cr_expect(eq(u64, REQ(A), loaded.config->settings.limit_req.place.id));
	cr_expect(eq(u64, REQ(A_IN), REQ(A)));
	cr_expect(eq(u64, REQ(C), REQ(A)));
	cr_expect(eq(u64, REQ(A_OWN_X), REQ(A_OWN)));
	cr_expect(eq(u64, CONN(A_OWN), CONN(A)));
	cr_expect(ne(u64, REQ(A_OWN), REQ(A)));
	cr_expect(ne(u64, REQ(A_OWN), REQ(A_EXACT)));
	cr_expect(ne(u64, REQ(A_OWN), REQ(C_OWN)));
	cr_expect(ne(u64, CONN(A_OWN_Y), CONN(A)));
	cr_expect(ne(u64, CONN(A), REQ(A)));
	cr_expect(eq(u32, at(&loaded, A_OWN)->limit_req.burst, 5), "the rate's number");
	cr_expect(at(&loaded, A_IN)->limit_req.is_minutely);
	cr_expect(at(&loaded, A_IN)->is_gated);
	loaded_end(&loaded);
}

Test(limit, is_the_same_after_another_loading_and_a_dump)
{
	struct loaded loaded, again, dumped;

	loaded_text(&loaded, site);
	loaded_text(&again, site);
	loaded_text(&dumped, loaded_dump(&loaded));
	cr_assert(ne(ptr, dumped.config, NULL), "%s", loaded_messages(&dumped));
	for (size_t i = 0; i < PLACES; i++) {
		const struct location *l = loaded.config->locations.items[i];

		cr_expect(eq(u64, REQ(i), at(&again, i)->limit_req.place.id));
		cr_expect(eq(u64, CONN(i), at(&again, i)->limit_conn.place.id));
		/* The dump has locations in another order. */
		for (size_t k = 0; k < PLACES; k++) {
			const struct location *d = dumped.config->locations.items[k];

			if (d->kind != l->kind || !str_eq(d->pattern, l->pattern) ||
			    d->server->id != l->server->id)
				continue;
			cr_expect(eq(u64, REQ(i), d->settings.limit_req.place.id), "%zu", i);
			cr_expect(eq(u64, CONN(i), d->settings.limit_conn.place.id), "%zu", i);
		}
	}
	loaded_end(&dumped);
	loaded_end(&again);
	loaded_end(&loaded);
}

Test(limit, that_is_off_asks_nobody)
{
	struct loaded loaded;

	loaded_text(&loaded,
	            "server { listen 127.0.0.1:1; root /tmp; location /a { limit_conn 1; } }"
	            "server { listen 127.0.0.1:2; limit_req 1r/s; root /tmp;"
	            " location /b { limit_req off; } }");
	cr_assert(ne(ptr, loaded.config, NULL), "%s", loaded_messages(&loaded));
	cr_expect(not(at(&loaded, 0)->is_gated));
	cr_expect(at(&loaded, 1)->is_gated);
	cr_expect(at(&loaded, 2)->is_gated);
	cr_expect(not(at(&loaded, 3)->is_gated));
	loaded_end(&loaded);
}
