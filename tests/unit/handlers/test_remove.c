#include "stage.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <unistd.h>

static const char config[] = "root %s;"
                             "location /store/ { methods GET DELETE; upload_store %s/store; }"
                             "location /dots/ { alias %s/store/; methods DELETE; dotfiles allow;"
                             "	upload_store %s/store; }";

/* path: what is looked at afterwards; is_there: whether it still is. */
static const struct {
	const char *name, *uri, *fields;
	unsigned status;
	const char *path;
	bool is_there;
} rows[] = {
	{ "a file", "/store/file", "", 204, "store/file", false },
	{ "a name that is not there", "/store/none", "", 404, "store/file", true },
	{ "a file is no directory on the way", "/store/file/x", "", 404, "store/file", true },
	{ "a file with a final slash", "/store/file/", "", 404, "store/file", true },
	{ "an empty directory", "/store/empty", "", 204, "store/empty", false },
	{ "an empty directory with its slash", "/store/empty/", "", 204, "store/empty", false },
	{ "a directory that is not empty", "/store/full", "", 409, "store/full/x", true },
	{ "a file in it", "/store/full/x", "", 204, "store/full/x", false },
	{ "the store itself", "/store/", "", 403, "store/file", true },
	{ "a link is removed, not what it leads to", "/store/link", "", 204, "outside", true },
	{ "a link on the way that leads out", "/store/out/outside", "", 403, "outside", true },
	{ "dots stay below the store", "/store/../outside", "", 405, "outside", true },
	{ "a hidden name does not exist", "/store/.hidden", "", 404, "store/.hidden", true },
	{ "unless it is allowed to", "/dots/.hidden", "", 204, "store/.hidden", false },
	{ "another version (RFC 9110 section 13.1.1)", "/store/file", "If-Match: \"1-1\"\n", 412,
	  "store/file", true },
	{ "any version", "/store/file", "If-Match: *\n", 204, "store/file", false },
	{ "only if it is not there", "/store/file", "If-None-Match: *\n", 412, "store/file", true },
	{ "for a page of another site", "/store/file", "Sec-Fetch-Site: cross-site\n", 403,
	  "store/file", true },
	{ "for a page of another origin", "/store/file", "Origin: http://evil\n", 403, "store/file",
	  true },
	{ "for a page of our own", "/store/file", "Origin: http://h\n", 204, "store/file", false },
};

static void dress(struct stage *s)
{
	stage_put(s, "store/file", "x");
	stage_put(s, "store/.hidden", "x");
	stage_put(s, "store/empty/", "");
	stage_put(s, "store/full/", "");
	stage_put(s, "store/full/x", "x");
	stage_put(s, "outside", "x");
	cr_assert(eq(int, symlinkat("../outside", s->rootfd, "store/link"), 0));
	cr_assert(eq(int, symlinkat("..", s->rootfd, "store/out"), 0));
}

Test(remove, table)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stage s;
		char head[256];
		bool is_there;

		stage_open(&s, config);
		dress(&s);
		snprintf(head, sizeof head, "DELETE %s HTTP/1.1\nHost: h\n%s", rows[i].uri,
		         rows[i].fields);
		stage_request(&s, head);
		cr_expect(eq(uint, stage_status(&s), rows[i].status), "%s", rows[i].name);
		is_there = faccessat(s.rootfd, rows[i].path, F_OK, 0) == 0;
		cr_expect(eq(int, is_there, rows[i].is_there), "%s: what is there afterwards",
		          rows[i].name);
		stage_close(&s);
	}
}
