#include "server/response.h"

#include "live.h"
#include "machine.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

static const char config[] =
        "server { listen 127.0.0.1:1; server_name plain; root %s/www; }"
        "server { listen 127.0.0.1:1; server_name dressed; root %s/www; server_tokens off;"
        " add_header X-Good good; add_header X-Always always always; add_header X-Empty $arg_e;"
        " keepalive_timeout 60s 30s; charset latin1;"
        " location = /say { return 200 $arg_e; }"
        " location = /made { return 201 made; }"
        " location = /none { return 204; }"
        " location = /json { default_type application/json; return 200 '{}'; }"
        " location = /to { return 302 /a?x=$arg_e; }"
        " location /epoch/ { alias %s/www/; expires epoch; }"
        " location /max/ { alias %s/www/; expires max; }"
        " location /hour/ { alias %s/www/; expires 1h; }"
        " location /past/ { alias %s/www/; expires -1; }"
        " location /since/ { alias %s/www/; expires modified 2d; } }"
        "server { listen 127.0.0.1:1; server_name errors; root %s/www;"
        " error_page 404 /404.txt; error_page 403 =200 /404.txt; error_page 405 = /404.txt;"
        " error_page 410 https://example.com/gone; error_page 411 =301 /moved;"
        " error_page 500 @named; error_page 503 /missing; error_page 501 /501;"
        " location = /403 { return 403; } location = /410 { return 410; }"
        " location = /500 { return 500; } location = /503 { return 503; }"
        " location = /501 { return 501; }"
        " location @named { return 418 teapot; } }"
        "server { listen 127.0.0.1:1; server_name whole; root %s/www; absolute_redirect on;"
        " location = /to { return 302 /a; } location = /out { return 302 //b/; }"
        " location = /away { return 302 https://b/; } }"
        "server { listen 127.0.0.1:1; server_name closing; root %s/www; keepalive_timeout 0; }"
        "server { listen 127.0.0.1:1; server_name counting; root %s/www; keepalive_requests 1; }";

#define ASK(host, uri)  "GET " uri " HTTP/1.1\r\nHost: " host "\r\n\r\n"
#define ASKS(host, uri) "GET " uri " HTTP/1.1\r\nHost: " host "\r\n"
#define OK              "HTTP/1.1 200 OK\r\n"
#define DATE            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define FILE_IS         "Last-Modified: Sat, 05 Nov 1994 00:00:00 GMT\r\nETag: \"2ebacb00.0-2\"\r\n"

static const struct {
	const char *name, *say, *hear;
} rows[] = {
	{ "a file's whole head", ASK("plain", "/a.txt"),
	  OK "Server: webserv/0.1.0\r\n" DATE "Content-Type: text/plain; charset=utf-8\r\n"
	     "Content-Length: 2\r\n" FILE_IS "Accept-Ranges: bytes\r\n\r\na\n" },
	{ "HEAD is the same without the body (RFC 9110 section 9.3.2)",
	  "HEAD /a.txt HTTP/1.1\r\nHost: plain\r\n\r\n",
	  OK "Server: webserv/0.1.0\r\n" DATE "Content-Type: text/plain; charset=utf-8\r\n"
	     "Content-Length: 2\r\n" FILE_IS "Accept-Ranges: bytes\r\n\r\n" },
	{ "304 has no type and no length, but its validators (RFC 9110 section 15.4.5)",
	  ASKS("plain", "/a.txt") "If-None-Match: *\r\n\r\n",
	  "HTTP/1.1 304 Not Modified\r\nServer: ~\r\n" DATE FILE_IS
	  "Accept-Ranges: bytes\r\n\r\n" },
	{ "a binary type has no charset", ASK("plain", "/a.png"),
	  OK "^Content-Type: image/png\r\n^" },
	{ "an unknown one is bytes", ASK("plain", "/a"),
	  OK "^Content-Type: application/octet-stream\r\n^" },
	{ "server_tokens off keeps the version back", ASK("dressed", "/a.txt"),
	  OK "Server: webserv\r\n" DATE "Content-Type: text/plain; charset=latin1\r\n^" },
	{ "added fields, an empty one left out, and Keep-Alive", ASK("dressed", "/a.txt"),
	  OK "^Accept-Ranges: bytes\r\nX-Good: good\r\nX-Always: always\r\n"
	     "Keep-Alive: timeout=30\r\n\r\na\n" },
	{ "errors have only those that are for `always`", ASK("dressed", "/nothing"),
	  "HTTP/1.1 404 Not Found\r\n^img-src data:\r\nX-Always: "
	  "always\r\n^" },
	{ "201 has them all", ASK("dressed", "/made"),
	  "HTTP/1.1 201 Created\r\n^X-Good: good\r\nX-Always: ~\r\n^made" },
	{ "a value can't add a field: control characters keep it out",
	  ASK("dressed", "/a.txt?e=a%0d%0aX:%20y"), OK "^X-Empty: a%0d%0aX:%20y\r\n^" },
	{ "204 has neither body nor length (RFC 9110 section 8.6)", ASK("dressed", "/none"),
	  "HTTP/1.1 204 No Content\r\nServer: webserv\r\n" DATE "X-Good: good\r\n"
	  "X-Always: always\r\nKeep-Alive: timeout=30\r\n\r\n" },
	{ "a text's type is the default type", ASK("dressed", "/json"),
	  OK "^Content-Type: application/json~\r\n^\r\n\r\n{}" },
	{ "a redirect says where", ASK("dressed", "/to?e=1%202"),
	  "HTTP/1.1 302 Found\r\n^Location: /a?x=1%202\r\n^" },
	{ "absolute_redirect: with the host and port that were asked for", ASK("whole:81", "/to"),
	  "HTTP/1.1 302 Found\r\n^Location: http://whole:81/a\r\n^" },
	{ "but what names a host keeps it", ASK("whole", "/out"),
	  "HTTP/1.1 302 Found\r\n^Location: //b/\r\n^" },
	{ "with or without a scheme", ASK("whole", "/away"),
	  "HTTP/1.1 302 Found\r\n^Location: https://b/\r\n^" },
	{ "expires epoch: never keep it", ASK("dressed", "/epoch/a.txt"),
	  OK "^Expires: Thu, 01 Jan 1970 00:00:01 GMT\r\nCache-Control: no-cache\r\n^" },
	{ "expires max: for ever", ASK("dressed", "/max/a.txt"),
	  OK "^Cache-Control: max-age=315360000\r\n^" },
	{ "expires an hour from now", ASK("dressed", "/hour/a.txt"),
	  OK "^Expires: Sun, 06 Nov 1994 09:49:37 GMT\r\nCache-Control: max-age=3600\r\n^" },
	{ "a negative time is over", ASK("dressed", "/past/a.txt"),
	  OK "^Expires: Sun, 06 Nov 1994 08:49:36 GMT\r\nCache-Control: no-cache\r\n^" },
	{ "expires by the file's age", ASK("dressed", "/since/a.txt"),
	  OK "^Expires: Mon, 07 Nov 1994 00:00:00 GMT\r\nCache-Control: max-age=54623\r\n^" },
	{ "errors do not expire", ASK("dressed", "/max/nothing"),
	  "HTTP/1.1 404 Not Found\r\nServer: ~\r\n" DATE
	  "Content-Type: ~\r\nContent-Length: ~\r\nVary: Accept\r\n"
	  "X-Content-Type-Options: nosniff\r\n^" },
	{ "our error page tells the id", ASK("plain", "/nothing"),
	  "HTTP/1.1 404 Not Found\r\n^text/html; "
	  "charset=utf-8\r\n^################################^" },
	{ "or problem+json for who prefers it (RFC 9457)",
	  ASKS("plain", "/nothing") "Accept: application/json\r\n\r\n",
	  "HTTP/1.1 404 Not Found\r\n^Content-Type: application/problem+json\r\n^Vary: Accept\r\n^"
	  "\"status\":404,^\"request_id\":\"################################\"}\n" },
	{ "405 says what would do (RFC 9110 section 15.5.6)",
	  "POST /a.txt HTTP/1.1\r\nHost: plain\r\nContent-Length: 0\r\n\r\n",
	  "HTTP/1.1 405 Method Not Allowed\r\n^Allow: GET, HEAD, OPTIONS\r\n^" },
	{ "OPTIONS has an empty body", "OPTIONS * HTTP/1.1\r\nHost: plain\r\n\r\n",
	  OK "^Content-Length: 0\r\nAllow: GET, ~\r\n\r\n" },
	{ "an error_page gives the error a page of the site", ASK("errors", "/nothing"),
	  "HTTP/1.1 404 Not Found\r\n^Content-Length: 11\r\n^\r\n\r\nError page\n" },
	{ "HEAD gets its head", "HEAD /nothing HTTP/1.1\r\nHost: errors\r\n\r\n",
	  "HTTP/1.1 404 Not Found\r\n^Content-Length: 11\r\n^\r\n\r\n" },
	{ "whatever the client has", ASKS("errors", "/nothing") "If-None-Match: *\r\n\r\n",
	  "HTTP/1.1 404 Not Found\r\n^Error page\n" },
	{ "or asks for", ASKS("errors", "/nothing") "Range: bytes=0-1\r\n\r\n",
	  "HTTP/1.1 404 Not Found\r\n^Error page\n" },
	{ "with =CODE another status", ASK("errors", "/403"), OK "^Error page\n" },
	{ "with = the page's own status",
	  "POST /a.txt HTTP/1.1\r\nHost: errors\r\nContent-Length: 0\r\n\r\n", OK "^Error page\n" },
	{ "an address is a redirect", ASK("errors", "/410"),
	  "HTTP/1.1 302 Found\r\n^Location: https://example.com/gone\r\n^" },
	{ "a named location answers, with the error's status", ASK("errors", "/500"),
	  "HTTP/1.1 500 ~\r\n^teapot" },
	{ "a page that is missing is ours", ASK("errors", "/503"),
	  "HTTP/1.1 503 ~\r\n^<h1>Service Unavailable</h1>^" },
	{ "one that fails as it is for ends, too", ASK("errors", "/501"), "HTTP/1.1 501 ~\r\n^" },
	{ "without keep-alive every answer closes", ASK("closing", "/a.txt"),
	  OK "^Connection: close\r\n\r\na\n" },
	{ "after keepalive_requests, too", ASK("counting", "/a.txt"),
	  OK "^Connection: close\r\n\r\na\n" },
};

Test(response, heads)
{
	struct machine m;

	machine_open(&m);
	tree_put(&m.tree, "www/a.txt", "a\n");
	tree_put(&m.tree, "www/a.png", "a\n");
	tree_put(&m.tree, "www/a", "a\n");
	tree_put(&m.tree, "www/404.txt", "Error page\n");
	machine_start(&m, config);
	for (int again = 0; again < 2; again++)
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			struct str heard = machine_exchange(&m, str_from(rows[i].say));

			cr_expect(live_matches(rows[i].hear, heard.ptr), "%s: heard %.700s",
			          rows[i].name, heard.ptr);
		}
	machine_close(&m);
}

Test(response, a_field_with_a_control_in_it_is_refused)
{
	static const struct {
		const char *name;
		struct str value;
		bool good;
	} values[] = {
		{ "text", STR("a b"), true },
		{ "nothing", STR(""), true },
		{ "a tab", STR("a\tb"), true },
		{ "bytes above ASCII", STR("\xc3\xa9"), true },
		{ "CR", STR("a\rb"), false },
		{ "LF", STR("a\nX: y"), false },
		{ "NUL", STR("a\0b"), false },
		{ "DEL", STR("a\x7f"), false },
		{ "an escape", STR("\x1b["), false },
	};
	struct machine m;
	struct request *r;

	machine_open(&m);
	machine_start(&m, "server { listen 127.0.0.1:1; root %s/www; }");
	r = machine_request(&m, "GET / HTTP/1.1\nHost: h\n");
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		cr_expect(response_field(r, STR_OF("X"), values[i].value) == values[i].good, "%s",
		          values[i].name);
	cr_expect(not(response_field(r, STR_OF("X Y"), STR_OF("z"))), "nor a name that is none");
	cr_expect(str_eq(buf_str(&r->response.fields),
	                 STR_OF("X: a b\r\nX: \r\nX: a\tb\r\nX: \xc3\xa9\r\n")));
	request_end(r);
	machine_close(&m);
}
