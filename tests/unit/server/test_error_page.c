#include "server/error_page.h"

#include "stage.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static bool has(struct str text, const char *part)
{
	return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static const struct {
	const char *name;
	unsigned status;
	const char *reason;
	const char *html, *problem;
} rows[] = {
	{ "the phrase and the advice of the status", 404, NULL, "<h1>Not Found</h1>",
	  "\"title\":\"Not Found\",\"status\":404,\"detail\":\"There is" },
	{ "the reason begins a sentence", 400, "line ended in LF alone", "Line ended in LF alone.",
	  "\"detail\":\"line ended in LF alone\"" },
	{ "markup in a reason is text", 409, "taken: <b>\"&", "Taken: &lt;b&gt;&quot;&amp;.",
	  "taken: \\u003Cb>\\\"&" },
	{ "a reason that begins with a character beyond ASCII", 409, "\xc3\xa9t\xc3\xa9",
	  "\xc3\xa9t\xc3\xa9.", "\xc3\xa9t\xc3\xa9" },
	{ "a code without a row", 599, NULL, "<h1>Server Error</h1>",
	  "\"title\":\"Server Error\",\"status\":599" },
};

Test(error_page, table)
{
	struct stage s;

	stage_open(&s, "root %s; server_tokens off;");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str html, problem;

		stage_request(&s, "GET /none HTTP/1.1\nHost: h\n");
		html = error_page_html(s.r, rows[i].status, rows[i].reason);
		problem = error_page_problem(s.r, rows[i].status, rows[i].reason);
		cr_expect(has(html, rows[i].html), "%s: %.*s", rows[i].name, STR_ARG(html));
		cr_expect(has(problem, rows[i].problem), "%s: %.*s", rows[i].name,
		          STR_ARG(problem));
		cr_expect(has(html, s.r->id), "%s: the id is in the page", rows[i].name);
		cr_expect(has(problem, s.r->id), "%s: the id is in the problem", rows[i].name);
		cr_expect(has(html, "<span>webserv</span>"), "%s: no version", rows[i].name);
		cr_expect(has(html, "<link rel=\"icon\" href=\"data:"), "%s: an icon",
		          rows[i].name);
	}
	stage_close(&s);
}

Test(error_page, the_kind_goes_by_accept)
{
	struct stage s;

	stage_open(&s, "root %s;");
	stage_request(&s, "GET /none HTTP/1.1\nHost: h\nAccept: application/json\n");
	cr_expect(eq(uint, stage_status(&s), 404));
	cr_expect(str_eq(s.r->response.content_type, STR_OF("application/problem+json")));
	stage_request(&s, "GET /none HTTP/1.1\nHost: h\nAccept: text/html,*/*\n");
	cr_expect(stage_says(&s, "<h1>Not Found</h1>"));
	cr_expect(stage_says(&s, "default-src 'none'"));
	cr_expect(str_eq(s.r->response.vary, STR_OF("Accept")));
	stage_close(&s);
}
