#include "server/vars.h"

#include "base/clock.h"
#include "machine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char config[] =
        "server { listen 127.0.0.1:1; server_name example.com other; root %s/www;"
        " location ~ ^/re/([a-z]+)/(x)?(.*)$ { return 200; } }";

#define HEAD                                                                                 \
	"GET /p%20q/x?a=1&b=two&A=3&empty=&c HTTP/1.1\nHost: Example.com:8080\n"             \
	"Cookie: k=v; other=2\nCookie: late=3; k=no\nX-Two: one\nx-two: \"2\"\nUser-Agent: " \
	"\\\t\"\n"

/* Without a connection; ROOT stands for the tree. */
static const struct {
	const char *name, *text, *plain, *log, *json;
} rows[] = {
	{ "the text around a variable stays", "a-${scheme}-b", "a-http-b", "a-http-b", "a-http-b" },
	{ "the host without its port, in lower case", "$host", "example.com", NULL, NULL },
	{ "Host as sent", "$http_host", "Example.com:8080", NULL, NULL },
	{ "the path decoded", "$uri", "/p q/x", NULL, NULL },
	{ "the target as sent", "$request_uri", "/p%20q/x?a=1&b=two&A=3&empty=&c", NULL, NULL },
	{ "the first line", "$request", "GET /p%20q/x?a=1&b=two&A=3&empty=&c HTTP/1.1", NULL,
	  NULL },
	{ "the query", "$args", "a=1&b=two&A=3&empty=&c", NULL, NULL },
	{ "by its other name", "$query_string", "a=1&b=two&A=3&empty=&c", NULL, NULL },
	{ "one argument, the first of its name", "$arg_a", "1", NULL, NULL },
	{ "another", "$arg_b", "two", NULL, NULL },
	{ "an empty one", "$arg_empty", "", "-", "" },
	{ "one without a value", "$arg_c", "", "-", "" },
	{ "one that is not there", "$arg_none", "", "-", "" },
	{ "every line of a field, joined (RFC 9110 section 5.3)", "$http_x_two", "one, \"2\"",
	  "one, \\x222\\x22", "one, \\\"2\\\"" },
	{ "a field that is not there", "$http_x_none", "", "-", "" },
	{ "controls, quotes and backslashes are escaped in logs", "$http_user_agent", "\\\t\"",
	  "\\x5C\\x09\\x22", "\\\\\\t\\\"" },
	{ "one cookie", "$cookie_k", "v", NULL, NULL },
	{ "one of another line", "$cookie_late", "3", NULL, NULL },
	{ "all of them", "$http_cookie", "k=v; other=2; late=3; k=no", NULL, NULL },
	{ "the method", "$request_method", "GET", NULL, NULL },
	{ "the version", "$server_protocol", "HTTP/1.1", NULL, NULL },
	{ "the server's first name", "$server_name", "example.com", NULL, NULL },
	{ "where its files are", "$document_root", "ROOT/www", NULL, NULL },
	{ "the file that the path names", "$request_filename", "ROOT/www/p q/x", NULL, NULL },
	{ "no status yet", "$status", "", "-", "" },
	{ "nothing sent", "$body_bytes_sent/$bytes_sent", "0/0", NULL, NULL },
	{ "the time in seconds", "$msec", "784111777.000", NULL, NULL },
	{ "the time it took", "$request_time", "1.250", NULL, NULL },
	{ "no capture without a pattern", "[$1]", "[]", "[-]", "[]" },
	{ "nobody has logged in", "$remote_user", "", "-", "" },
};

static const char *with_root(struct machine *m, const char *want)
{
	const char *mark = strstr(want, "ROOT");
	struct buf b = buf_in_arena(&m->arena, 256);

	if (!mark)
		return want;
	buf_add(&b, str_make(want, (size_t)(mark - want)));
	buf_text(&b, m->tree.root);
	buf_text(&b, mark + 4);
	buf_byte(&b, '\0');
	return b.ptr;
}

static void expect_text(struct machine *m, struct request *r, size_t i, const char *want,
                        enum vars_escape escape)
{
	struct buf out = buf_in_arena(&m->arena, 256);
	struct template text;
	struct str bad;

	if (!want)
		return;
	cr_assert(template_parse(&m->arena, str_from(rows[i].text), &vars_names, &text, &bad), "%s",
	          rows[i].text);
	vars_expand(&out, &text, r, escape);
	cr_expect(str_eq(buf_str(&out), str_from(with_root(m, want))), "%s: %.*s instead of %s",
	          rows[i].name, STR_ARG(buf_str(&out)), want);
	if (escape == VARS_PLAIN)
		cr_expect(str_eq(vars_text(&text, r), buf_str(&out)), "%s", rows[i].name);
}

Test(vars, every_variable_in_each_kind_of_escape)
{
	struct machine m;
	struct request *r;

	machine_open(&m);
	machine_start(&m, config);
	r = machine_request(&m, HEAD);
	machine_wait(&m, 1250);
	clock_set(m.now, MACHINE_WALL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *log = rows[i].log ? rows[i].log : rows[i].plain;
		const char *json = rows[i].json ? rows[i].json : rows[i].plain;

		expect_text(&m, r, i, rows[i].plain, VARS_PLAIN);
		expect_text(&m, r, i, log, VARS_LOG);
		expect_text(&m, r, i, json, VARS_JSON);
	}
	request_end(r);
	machine_close(&m);
}

Test(vars, what_a_pattern_has_captured)
{
	static const struct {
		const char *name, *path, *want;
	} captures[] = {
		{ "groups in order", "/re/abc/xyz", "abc|x|yz|" },
		{ "a group that took no part is empty", "/re/abc/yz", "abc||yz|" },
	};

	for (size_t i = 0; i < sizeof captures / sizeof *captures; i++) {
		struct template text;
		struct machine m;
		struct request *r;
		struct str bad;
		char head[128];

		machine_open(&m);
		machine_start(&m, config);
		snprintf(head, sizeof head, "GET %s HTTP/1.1\nHost: h\n", captures[i].path);
		r = machine_request(&m, head);
		r->location = route_location(r->server, r->target.path);
		cr_assert(
		        template_parse(&m.arena, STR_OF("$1|$2|$3|$9"), &vars_names, &text, &bad));
		cr_expect(str_eq(vars_text(&text, r), str_from(captures[i].want)), "%s: %.*s",
		          captures[i].name, STR_ARG(vars_text(&text, r)));
		request_end(r);
		machine_close(&m);
	}
}

Test(vars, names_are_found_whole_or_by_family)
{
	static const struct {
		const char *name;
		struct str text, argument;
		bool found;
	} names[] = {
		{ "a whole name", STR("host"), STR(""), true },
		{ "a whole name before its family", STR("http_host"), STR(""), true },
		{ "a family", STR("http_x_y"), STR("x_y"), true },
		{ "a family without a member is none", STR("http_"), STR(""), false },
		{ "a capture", STR("7"), STR("7"), true },
		{ "there is no $0", STR("0"), STR(""), false },
		{ "names have a case", STR("Host"), STR(""), false },
		{ "an unknown one", STR("nonsense"), STR(""), false },
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct str argument;
		bool found = vars_names.find(names[i].text, &argument) >= 0;

		cr_expect(found == names[i].found, "%s", names[i].name);
		cr_expect(str_eq(argument, names[i].argument), "%s", names[i].name);
	}
	for (size_t i = 1; vars_names.name(i).len > 0; i++)
		cr_expect(not(str_eq(vars_names.name(i), vars_names.name(i - 1))), "%.*s twice",
		          STR_ARG(vars_names.name(i)));
}
