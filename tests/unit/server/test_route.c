#include "machine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

/* ---- servers ------------------------------------------------------------------------------------------- */

/* Each server is known by the text that it returns. */
static const char servers[] =
        "server { listen 127.0.0.1:1; server_name first; return 200 first; }"
        "server { listen 127.0.0.1:1; server_name example.com www.example.com; return 200 exact; }"
        "server { listen 127.0.0.1:1; server_name *.example.com; return 200 head; }"
        "server { listen 127.0.0.1:1; server_name *.deep.example.com; return 200 deeper; }"
        "server { listen 127.0.0.1:1; server_name .both.org; return 200 both; }"
        "server { listen 127.0.0.1:1; server_name mail.*; return 200 tail; }"
        "server { listen 127.0.0.1:1; server_name mail.example.*; return 200 longer; }"
        "server { listen 127.0.0.1:1; server_name MiXeD.net; return 200 mixed; }"
        "server { listen 127.0.0.1:1; server_name [::1] 127.0.0.1; return 200 address; }"
        "server { listen 127.0.0.1:1; server_name 127.0.0.0/8 fd00::/8; return 200 range; }"
        "server { listen 127.0.0.1:1; server_name 127.1.0.0/16; return 200 narrower; }";

static const struct {
	const char *name, *host, *server;
} hosts[] = {
	{ "a whole name", "example.com", "exact" },
	{ "another name of the same server", "www.example.com", "exact" },
	{ "names have no case (RFC 9110 section 4.2.3)", "WWW.eXample.COM", "exact" },
	{ "nor has the configuration", "mixed.NET", "mixed" },
	{ "a final dot is not part of the name", "example.com.", "exact" },
	{ "nor is the port", "example.com:8080", "exact" },
	{ "a star in front stands for any label", "x.example.com", "head" },
	{ "and for several", "x.y.example.com", "head" },
	{ "in any case, with a final dot", "X.Example.Com.", "head" },
	{ "but not for none", "xexample.com", "first" },
	{ "the longest star in front wins", "a.deep.example.com", "deeper" },
	{ "its own name is only under the shorter one", "deep.example.com", "head" },
	{ "a dot in front is the name itself", "both.org", "both" },
	{ "and everything below it", "a.b.both.org", "both" },
	{ "a star behind stands for any labels", "mail.test", "tail" },
	{ "and for several", "mail.co.uk", "tail" },
	{ "the longest star behind wins", "mail.example.net", "longer" },
	{ "a star in front beats one behind", "mail.example.com", "head" },
	{ "an address is a name", "127.0.0.1", "address" },
	{ "also one in brackets", "[::1]:80", "address" },
	{ "one in a range", "127.9.0.1:80", "range" },
	{ "one in brackets in a range", "[fd12::1]:80", "range" },
	{ "one in a range inside another", "127.1.2.3", "narrower" },
	{ "but no name that only begins so", "127.9.0.1.example", "first" },
	{ "nor an address outside of them", "128.0.0.1", "first" },
	{ "nor one in another spelling", "127.9", "first" },
	{ "any other name is the first server's", "unknown", "first" },
	{ "so is an empty one", "", "first" },
	{ "a name that only begins like one is another", "example.co", "first" },
};

Test(route, the_server_is_found_by_exact_name_then_by_stars_else_the_default)
{
	struct machine m;

	machine_open(&m);
	machine_start(&m, servers);
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		char head[128];
		struct request *r;

		snprintf(head, sizeof head, "GET / HTTP/1.1\nHost: %s\n", hosts[i].host);
		r = machine_request(&m, head);
		cr_expect(
		        str_eq(r->server->self.settings.ret.text.source, str_from(hosts[i].server)),
		        "%s: %s is %.*s", hosts[i].name, hosts[i].host,
		        STR_ARG(r->server->self.settings.ret.text.source));
		request_end(r);
	}
	machine_close(&m);
}

Test(route, a_name_longer_than_any_is_the_default_servers)
{
	static char name[5000];
	struct machine m;

	machine_open(&m);
	machine_start(&m, servers);
	for (size_t len = 250; len < 260; len++) {
		memset(name, 'x', len);
		memcpy(name + len - 12, ".example.com", 12);
		cr_expect(route_server(m.config->listeners.items[0], str_make(name, len)) != NULL,
		          "%zu bytes", len);
	}
	memset(name, '.', sizeof name);
	cr_expect(route_server(m.config->listeners.items[0], str_make(name, sizeof name)) ==
	          m.config->listeners.items[0]->default_server);
	machine_close(&m);
}

/* ---- locations ----------------------------------------------------------------------------------------- */

/* Each location returns its own name. */
static const char locations[] = "server { listen 127.0.0.1:1; root %s/www;"
                                " location = / { return 200 root-exact; }"
                                " location / { return 200 root; }"
                                " location /docs { return 200 docs; }"
                                " location /docs/ { return 200 docs-slash; }"
                                " location = /docs/exact { return 200 exact; }"
                                " location /docs/api/v1 { return 200 api-v1; }"
                                " location ^~ /images/ { return 200 images; }"
                                " location /images/raw/ { return 200 images-raw; }"
                                " location ~ \\.(gif|jpg)$ { return 200 picture; }"
                                " location ~* \\.PNG$ { return 200 png; }"
                                " location ~ \\.jpg$ { return 200 never; }"
                                " location ~ ^/docs/re { return 200 regex; }"
                                " location /nest/ {"
                                "   location /nest/in/ { return 200 nested; }"
                                "   location = /nest/one { return 200 nested-exact; }"
                                "   location ~ \\.gif$ { return 200 nested-regex; }"
                                "   return 200 nest; }"
                                " location ^~ /final/ {"
                                "   location ~ \\.x$ { return 200 final-regex; }"
                                "   location /final/in/ { return 200 final-nested; }"
                                "   return 200 final; }"
                                " location ~ ^/outer/ {"
                                "   location ~ \\.y$ { return 200 inner-regex; }"
                                "   return 200 outer-regex; }"
                                " location @named { return 200 named; }"
                                " location /sp%20ace { return 200 encoded; }"
                                " }";

static const struct {
	const char *name, *path, *location;
} paths[] = {
	{ "an exact match ends the search", "/", "root-exact" },
	{ "the prefix / matches everything", "/other", "root" },
	{ "the longer prefix wins", "/docs", "docs" },
	{ "a prefix ends anywhere", "/docsx", "docs" },
	{ "the longest of three", "/docs/x", "docs-slash" },
	{ "the longest is found although a sibling sorts between", "/docs/api/v1/x", "api-v1" },
	{ "a little less than a prefix is the next shorter one's", "/docs/api/v", "docs-slash" },
	{ "what sorts behind a prefix but does not begin with it", "/docs/api/w", "docs-slash" },
	{ "an exact location beats the prefix", "/docs/exact", "exact" },
	{ "but only exactly", "/docs/exact/", "docs-slash" },
	{ "nor a query changes that", "/docs/exact?a=b", "exact" },
	{ "the decoded path is matched", "/%64ocs/ex%61ct", "exact" },
	{ "with its dot segments resolved (RFC 3986 section 5.2.4)", "/x/../docs/./exact",
	  "exact" },
	{ "and its slashes merged", "//docs///exact", "exact" },
	{ "a regex beats a prefix", "/docs/a.gif", "picture" },
	{ "the first regex that matches wins", "/docs/a.jpg", "picture" },
	{ "~ minds the case", "/docs/a.GIF", "docs-slash" },
	{ "~* does not", "/docs/a.png", "png" },
	{ "an anchored regex", "/docs/re", "regex" },
	{ "^~ keeps the regexes out", "/images/a.gif", "images" },
	{ "but only where it is the longest prefix", "/images/raw/a.gif", "picture" },
	{ "a longer prefix without ^~ is itself", "/images/raw/a", "images-raw" },
	{ "a nested prefix", "/nest/in/x", "nested" },
	{ "a nested exact one", "/nest/one", "nested-exact" },
	{ "beside it the outer one", "/nest/two", "nest" },
	{ "a nested regex beats one further out", "/nest/a.gif", "nested-regex" },
	{ "where no nested one matches, the outer regexes do", "/nest/a.jpg", "picture" },
	{ "a nested prefix does not keep them out", "/nest/in/a.jpg", "picture" },
	{ "within ^~ its own regexes are asked", "/final/a.x", "final-regex" },
	{ "but not those further out", "/final/a.gif", "final" },
	{ "nor for what is nested in it", "/final/in/a.gif", "final-nested" },
	{ "a regex inside a regex", "/outer/a.y", "inner-regex" },
	{ "beside it the outer regex", "/outer/a.z", "outer-regex" },
	{ "a named location has no path", "/@named", "root" },
	{ "an encoded slash separates nothing", "/docs%2fexact", "docs" },
};

static void expect_location(struct machine *m, const char *name, const char *path,
                            const char *location)
{
	char head[256];
	struct request *r;
	struct str found;

	snprintf(head, sizeof head, "GET %s HTTP/1.1\nHost: h\n", path);
	r = machine_request(m, head);
	found = route_location(r->server, r->target.path)->settings.ret.text.source;
	cr_expect(str_eq(found, str_from(location)), "%s: %s is %.*s", name, path, STR_ARG(found));
	request_end(r);
}

Test(route, the_location_is_found_by_the_order_that_nginx_documents)
{
	struct machine m;

	machine_open(&m);
	machine_start(&m, locations);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		expect_location(&m, paths[i].name, paths[i].path, paths[i].location);
	machine_close(&m);
}

enum { MANY = 1000 };

Test(route, three_thousand_locations_are_each_found)
{
	struct machine m;
	struct buf b;

	machine_open(&m);
	b = buf_in_arena(&m.arena, 1 << 20);
	buf_text(&b, "server { listen 127.0.0.1:1; root %s/www; location / { return 200 root; }");
	for (unsigned i = 0; i < MANY; i++)
		buf_format(&b,
		           " location /p%u { return 200 prefix%u; } location = /p%u/e { return 200 "
		           "exact%u; } location /p%u/deep/ { return 200 deep%u; }",
		           i, i, i, i, i, i);
	buf_text(&b, " }");
	buf_byte(&b, '\0');
	machine_start(&m, b.ptr);
	for (unsigned i = 0; i < MANY; i++) {
		char path[64], location[64];

		snprintf(path, sizeof path, "/p%u", i);
		snprintf(location, sizeof location, "prefix%u", i);
		expect_location(&m, "its prefix", path, location);
		snprintf(path, sizeof path, "/p%u/x", i);
		expect_location(&m, "what is below it", path, location);
		snprintf(path, sizeof path, "/p%u/deep/er", i);
		snprintf(location, sizeof location, "deep%u", i);
		expect_location(&m, "what is deeper", path, location);
		snprintf(path, sizeof path, "/p%u/e", i);
		snprintf(location, sizeof location, "exact%u", i);
		expect_location(&m, "the exact one", path, location);
	}
	expect_location(&m, "none of them", "/q", "root");
	machine_close(&m);
}

Test(route, prefixes_nested_by_name_are_climbed_to_the_longest)
{
	static const char name[] = "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	char path[sizeof name + 1], location[16];
	struct machine m;
	struct buf b;

	machine_open(&m);
	b = buf_in_arena(&m.arena, 8192);
	buf_text(&b, "server { listen 127.0.0.1:1; root %s/www;");
	for (int i = (int)sizeof name - 1; i > 0; i -= 2)
		buf_format(&b, " location %.*s { return 200 len%d; }", i, name, i);
	buf_text(&b, " }");
	buf_byte(&b, '\0');
	machine_start(&m, b.ptr);
	for (int i = 3; i < (int)sizeof name; i++) {
		snprintf(path, sizeof path, "%.*s", i - 1, name);
		strcat(path, "b"); /* sorts behind all that are longer */
		snprintf(location, sizeof location, "len%d", (i - 1) % 2 ? i - 1 : i - 2);
		expect_location(&m, "the longest that fits", path, location);
	}
	machine_close(&m);
}
