/* Who is let in, who the client is, and how much it may ask for. */

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static struct live l;

static void open_access(void)
{
	live_open(&l);
	live_write(&l, "www/index.html", "hello\n");
}

static void close_access(void)
{
	live_close(&l);
}

TestSuite(access, .init = open_access, .fini = close_access);

struct row {
	const char *name, *request, *answer;
};

static void run(const struct row *rows, size_t count)
{
	static char answer[LIVE_TEXT];

	for (size_t i = 0; i < count; i++) {
		live_exchange(&l, rows[i].request, answer, sizeof answer);
		cr_expect(live_matches(rows[i].answer, answer), "%s: it said\n%.900s", rows[i].name,
		          answer);
	}
}
#define RUN(rows)       run(rows, sizeof(rows) / sizeof *(rows))
#define GET(path)       "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
#define SAYS(line, end) "HTTP/1.1 " line "\r\n^" end

/* ---- allow and deny ------------------------------------------------------------------------------------ */

static const char list_site[] =
        "error_log error.log info; root www;"
        "server { listen 127.0.0.1:0; deny 127.0.0.1;"
        "  location /in { allow 127.0.0.0/8; deny all; return 200 in; }"
        "  location /others { allow 10.0.0.0/8; deny all; return 200 others; }"
        "  location /first { deny 127.0.0.1; allow all; return 200 first; }"
        "  location /outer { return 200 outer; }"
        "  location /default { allow 10.0.0.0/8; return 200 default; }"
        "  location /page { deny all; error_page 403 = @page; }"
        "  location @page { allow all; return 200 page; }"
        "  location /inside { internal; deny all; }"
        "}";

static const struct row list_rows[] = {
	{ "the first rule that holds the client lets it in", GET("/in"), SAYS("200 OK", "in") },
	{ "whom no rule but the last holds is denied, before the return", GET("/others"),
	  SAYS("403 Forbidden", "</html>\n") },
	{ "an earlier rule wins over a later one", GET("/first"),
	  SAYS("403 Forbidden", "</html>\n") },
	{ "the outer list holds where the location has none", GET("/outer"),
	  SAYS("403 Forbidden", "</html>\n") },
	{ "whom no rule holds is let in", GET("/default"), SAYS("200 OK", "default") },
	{ "an error page has rules of its own", GET("/page"), SAYS("200 OK", "page") },
	{ "what is internal is not even there", GET("/inside"),
	  SAYS("404 Not Found", "</html>\n") },
};

Test(access, lists_decide_who_is_let_in)
{
	live_start(&l, list_site);
	RUN(list_rows);
	cr_expect(eq(int, live_stop(&l, SIGTERM), 0));
}
