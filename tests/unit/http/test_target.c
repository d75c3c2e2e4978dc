#include "http/target.h"

#include "base/buf.h"
#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const char *const form_names[] = {
	[TARGET_ORIGIN] = "origin",
	[TARGET_ABSOLUTE] = "absolute",
	[TARGET_AUTHORITY] = "authority",
	[TARGET_ASTERISK] = "asterisk",
};

/* "origin /path ?query", an encoded slash written as `|`; "absolute //authority /path"; or "400 why". */
static void add_target(struct buf *out, const struct target *t)
{
	buf_text(out, form_names[t->form]);
	if (t->authority.len > 0)
		buf_format(out, " //%.*s", STR_ARG(t->authority));
	if (t->path.len > 0)
		buf_byte(out, ' ');
	for (size_t i = 0; i < t->path.len; i++)
		buf_byte(out, t->path.ptr[i] ? t->path.ptr[i] : '|');
	if (t->has_query)
		buf_format(out, " ?%.*s", STR_ARG(t->query));
	cr_expect(t->has_encoded_slash ==
	          (memchr(t->path.ptr ? t->path.ptr : "", 0, t->path.len) != NULL));
}

/* Both the text and the room end at guard pages; the room has the size that the contract names. */
static struct str describe(struct str raw, enum method method, bool merge, char *memory,
                           size_t room_size)
{
	static const char zeros[1024];
	struct buf out = buf_fixed(memory, room_size);
	struct str copy = guard_copy(raw), room = guard_copy(str_make(zeros, raw.len + 1));
	struct refusal refusal = { 0 };
	struct target t;

	if (target_parse(copy, method, merge, (char *)room.ptr, &t, &refusal) == PARSE_COMPLETE) {
		add_target(&out, &t);
		cr_expect(t.path.len == 0 || t.path.ptr[t.path.len] == '\0', "a NUL follows");
	} else {
		buf_format(&out, "%u %s", refusal.status, refusal.reason);
	}
	guard_free(copy);
	guard_free(room);
	return buf_str(&out);
}

struct row {
	const char *name;
	struct str raw;
	const char *expected;
};

static void check_rows(const struct row *rows, size_t count, enum method method, bool merge)
{
	for (size_t i = 0; i < count; i++) {
		char memory[256];
		struct str got = describe(rows[i].raw, method, merge, memory, sizeof memory);

		cr_expect(str_eq(got, str_from(rows[i].expected)), "%s: got %.*s", rows[i].name,
		          STR_ARG(got));
	}
}

#define CHECK(rows, method, merge) check_rows(rows, sizeof(rows) / sizeof *(rows), method, merge)
#define ESCAPE                     "400 percent sign without two hexadecimal digits"
#define ABOVE                      "400 path that climbs above the root"
#define CONTROL                    "400 control character in the target"
#define NEITHER                    "400 target that is neither a path nor an http URL"

Test(target, decodes_paths)
{
	static const struct row rows[] = {
		{ "the root (RFC 9112 section 3.2.1)", STR("/"), "origin /" },
		{ "a path", STR("/a/b.html"), "origin /a/b.html" },
		{ "a path with a final slash", STR("/a/b/"), "origin /a/b/" },
		{ "a query", STR("/a?b=c"), "origin /a ?b=c" },
		{ "an empty query", STR("/a?"), "origin /a ?" },
		{ "a second question mark is part of the query (RFC 3986 section 3.4)",
		  STR("/a?b?c"), "origin /a ?b?c" },
		{ "slashes and dots in a query", STR("/a?/../b"), "origin /a ?/../b" },
		{ "escapes stay in a query", STR("/a?b%2fc%00"), "origin /a ?b%2fc%00" },
		{ "a lone percent sign in a query", STR("/a?100%"), "origin /a ?100%" },
		{ "an escape (RFC 3986 section 2.1)", STR("/a%20b"), "origin /a b" },
		{ "an escape in small letters", STR("/%c3%a4"), "origin /\xc3\xa4" },
		{ "an escape in capitals", STR("/%C3%A4"), "origin /\xc3\xa4" },
		{ "an escape at the end", STR("/a%62"), "origin /ab" },
		{ "an escape alone", STR("/%61"), "origin /a" },
		{ "an escaped percent sign is decoded once", STR("/%2561"), "origin /%61" },
		{ "an escaped escape of a slash stays one (RFC 3986 section 2.4)", STR("/a%252fb"),
		  "origin /a%2fb" },
		{ "an escaped question mark is no query", STR("/a%3fb"), "origin /a?b" },
		{ "an escaped number sign is no fragment", STR("/a%23b"), "origin /a#b" },
		{ "an escaped line feed", STR("/a%0ab"), "origin /a\nb" },
		{ "a plus sign is itself", STR("/a+b"), "origin /a+b" },
		{ "a semicolon is itself", STR("/a;b=c/d"), "origin /a;b=c/d" },
		{ "a colon in the first segment", STR("/a:b"), "origin /a:b" },
		{ "a backslash is itself", STR("/a\\..\\b"), "origin /a\\..\\b" },
		{ "bytes that browsers send unescaped", STR("/\"<>\\^`{|}"),
		  "origin /\"<>\\^`{|}" },
		{ "bytes above ASCII", STR("/\xc3\xa4\xff"), "origin /\xc3\xa4\xff" },
		{ "an escaped slash is data (RFC 3986 section 2.2)", STR("/a%2fb"), "origin /a|b" },
		{ "an escaped slash in capitals", STR("/a%2Fb"), "origin /a|b" },
		{ "an escaped slash alone", STR("/%2f"), "origin /|" },
		{ "an escaped slash at the end", STR("/a%2f"), "origin /a|" },
		{ "an escaped slash taken back by dots", STR("/a%2fb/../c"), "origin /c" },
		{ "a percent sign alone", STR("/%"), ESCAPE },
		{ "one digit", STR("/%4"), ESCAPE },
		{ "one digit before a segment", STR("/%4/a"), ESCAPE },
		{ "letters that are no digits", STR("/%zz"), ESCAPE },
		{ "a second letter that is no digit", STR("/%4g"), ESCAPE },
		{ "the query does not complete an escape", STR("/%4?1"), ESCAPE },
		{ "two percent signs", STR("/%%41"), ESCAPE },
		{ "an escape of 16 bits", STR("/%u0041"), ESCAPE },
		{ "NUL", STR("/a%00.html"), "400 encoded NUL in the path" },
		{ "NUL in the last byte", STR("/%00"), "400 encoded NUL in the path" },
	};

	CHECK(rows, METHOD_GET, true);
}

Test(target, resolves_dots)
{
	static const struct row rows[] = {
		{ "a dot (RFC 3986 section 5.2.4)", STR("/a/./b"), "origin /a/b" },
		{ "two dots", STR("/a/../b"), "origin /b" },
		{ "two dots twice", STR("/a/b/../../c"), "origin /c" },
		{ "RFC 3986's own example", STR("/a/b/c/./../../g"), "origin /a/g" },
		{ "a final dot leaves the slash", STR("/a/."), "origin /a/" },
		{ "a final dot and slash", STR("/a/./"), "origin /a/" },
		{ "two final dots leave the slash", STR("/a/.."), "origin /" },
		{ "two final dots in a directory", STR("/a/b/.."), "origin /a/" },
		{ "two final dots and a slash", STR("/a/b/../"), "origin /a/" },
		{ "a dot alone", STR("/."), "origin /" },
		{ "a dot first", STR("/./a"), "origin /a" },
		{ "only dots", STR("/././."), "origin /" },
		{ "three dots are a name", STR("/.../a"), "origin /.../a" },
		{ "a dot before a name", STR("/.a/..b"), "origin /.a/..b" },
		{ "dots behind a name", STR("/a./b.."), "origin /a./b.." },
		{ "dots in a query", STR("/a?/.."), "origin /a ?/.." },
		{ "dots before a query", STR("/a/..?b"), "origin / ?b" },
		{ "an escaped dot (RFC 3986 section 6.2.2.2)", STR("/a/%2e/b"), "origin /a/b" },
		{ "escaped dots", STR("/a/%2e%2E/b"), "origin /b" },
		{ "half escaped dots", STR("/a/.%2e/b"), "origin /b" },
		{ "the other half", STR("/a/%2e./b"), "origin /b" },
		{ "dots escaped twice are a name", STR("/a/%252e%252e/b"), "origin /a/%2e%2e/b" },
		{ "an escaped slash does not end dots", STR("/a/..%2fb"), "origin /a/..|b" },
		{ "an escaped slash does not begin dots", STR("/a/b%2f.."), "origin /a/b|.." },
		{ "dots between escaped slashes", STR("/a%2f..%2fb"), "origin /a|..|b" },
		{ "a backslash does not end dots", STR("/..\\a"), "origin /..\\a" },
		{ "above the root", STR("/.."), ABOVE },
		{ "above the root and back", STR("/../a"), ABOVE },
		{ "above the root later", STR("/a/../../b"), ABOVE },
		{ "above the root by escapes", STR("/%2e%2e/a"), ABOVE },
		{ "above the root behind a dot", STR("/./../a"), ABOVE },
		{ "above the root by merged slashes", STR("//../a"), ABOVE },
		{ "above the root at the end", STR("/a/../.."), ABOVE },
		{ "deep enough", STR("/a/b/c/../../../d"), "origin /d" },
	};

	CHECK(rows, METHOD_GET, true);
}

Test(target, merges_slashes)
{
	static const struct row merged[] = {
		{ "two slashes", STR("/a//b"), "origin /a/b" },
		{ "many slashes", STR("/a////b"), "origin /a/b" },
		{ "slashes first", STR("///a"), "origin /a" },
		{ "slashes last", STR("/a//"), "origin /a/" },
		{ "only slashes", STR("////"), "origin /" },
		{ "slashes around a dot", STR("/a//.//b"), "origin /a/b" },
		{ "slashes before two dots", STR("/a/b//../c"), "origin /a/c" },
		{ "an escaped slash is not merged", STR("/a/%2f/b"), "origin /a/|/b" },
		{ "slashes in a query", STR("/a?b//c"), "origin /a ?b//c" },
	};
	static const struct row kept[] = {
		{ "two slashes are kept", STR("/a//b"), "origin /a//b" },
		{ "slashes first are kept", STR("//a"), "origin //a" },
		{ "slashes last are kept", STR("/a//"), "origin /a//" },
		{ "two dots take an empty segment back (RFC 3986 section 5.2.4)", STR("/a//../b"),
		  "origin /a/b" },
		{ "two dots take the first empty segment back", STR("//../a"), "origin /a" },
		{ "above the root", STR("//../../a"), ABOVE },
		{ "a dot between slashes", STR("/a/.//b"), "origin /a//b" },
	};

	CHECK(merged, METHOD_GET, true);
	CHECK(kept, METHOD_GET, false);
}

Test(target, takes_the_forms)
{
	static const struct row get[] = {
		{ "an absolute form (RFC 9112 section 3.2.2)", STR("http://a/b?c"),
		  "absolute //a /b ?c" },
		{ "with a port", STR("http://a:8080/b"), "absolute //a:8080 /b" },
		{ "https, from a proxy in front", STR("https://a/b"), "absolute //a /b" },
		{ "a scheme in any case (RFC 3986 section 3.1)", STR("HtTp://a/b"),
		  "absolute //a /b" },
		{ "no path (RFC 9112 section 3.2.1)", STR("http://a"), "absolute //a /" },
		{ "no path but a query", STR("http://a?b"), "absolute //a / ?b" },
		{ "no path but an empty query", STR("http://a?"), "absolute //a / ?" },
		{ "a slash in the query only", STR("http://a?b/c"), "absolute //a / ?b/c" },
		{ "dots in it", STR("http://a/b/../c"), "absolute //a /c" },
		{ "an IPv6 address", STR("http://[::1]:80/"), "absolute //[::1]:80 /" },
		{ "above the root", STR("http://a/.."), ABOVE },
		{ "no host (RFC 9110 section 4.2.1)", STR("http:///b"), "400 URL without a host" },
		{ "nothing but a scheme", STR("http://"), "400 URL without a host" },
		{ "a query for a host", STR("http://?b"), "400 URL without a host" },
		{ "a user's name (RFC 9110 section 4.2.4)", STR("http://u@a/"),
		  "400 user name in the URL" },
		{ "a user's name and password", STR("http://u:p@a/"), "400 user name in the URL" },
		{ "an at sign in the path", STR("http://a/@b"), "absolute //a /@b" },
		{ "another scheme", STR("ftp://a/b"), "400 scheme other than http or https" },
		{ "a scheme that only begins like it", STR("httpx://a/b"),
		  "400 scheme other than http or https" },
		{ "a scheme without slashes", STR("http:a"), NEITHER },
		{ "one slash behind the scheme", STR("http:/a"), NEITHER },
		{ "a relative path", STR("a/b"), NEITHER },
		{ "a query alone", STR("?a"), NEITHER },
		{ "dots first", STR("../a"), NEITHER },
		{ "host and port without CONNECT (RFC 9112 section 3.2.3)", STR("a:80"), NEITHER },
		{ "an escaped slash first", STR("%2fa"), NEITHER },
		{ "an asterisk (RFC 9112 section 3.2.4)", STR("*"),
		  "400 target * with a method other than OPTIONS" },
		{ "two slashes are a path, no host", STR("//a/b"), "origin /a/b" },
	};
	static const struct row options[] = {
		{ "an asterisk (RFC 9112 section 3.2.4)", STR("*"), "asterisk" },
		{ "a URL without a path is one", STR("http://a"), "asterisk //a" },
		{ "with a port as well", STR("http://a:80"), "asterisk //a:80" },
		{ "a URL with a path", STR("http://a/"), "absolute //a /" },
		{ "a URL with a query", STR("http://a?b"), "absolute //a / ?b" },
		{ "a path", STR("/a"), "origin /a" },
		{ "more behind the asterisk", STR("*/a"), NEITHER },
		{ "two asterisks", STR("**"), NEITHER },
	};
	static const char not_connect[] = "400 CONNECT with a target other than host:port";
	static const struct row connect[] = {
		{ "host and port (RFC 9112 section 3.2.3)", STR("a:443"), "authority //a:443" },
		{ "an IPv6 address", STR("[::1]:443"), "authority //[::1]:443" },
		{ "no port", STR("a"), not_connect },
		{ "a path", STR("/a"), not_connect },
		{ "a URL", STR("http://a:80/"), not_connect },
		{ "a query", STR("a:80?b"), not_connect },
		{ "an asterisk", STR("*"), not_connect },
		{ "a user's name", STR("u@a:80"), "400 user name in the target of CONNECT" },
		{ "a space", STR("a :80"), "400 space in the target" },
	};

	CHECK(get, METHOD_GET, true);
	CHECK(options, METHOD_OPTIONS, true);
	CHECK(connect, METHOD_CONNECT, true);
}

Test(target, refuses_bytes)
{
	static const struct row rows[] = {
		{ "nothing", STR(""), "400 empty target" },
		{ "a fragment (RFC 9110 section 7.1)", STR("/a#b"),
		  "400 fragment (#) in the target" },
		{ "a fragment in a query", STR("/a?b#c"), "400 fragment (#) in the target" },
		{ "a fragment behind a host", STR("http://a#b"), "400 fragment (#) in the target" },
		{ "a space", STR("/a b"), "400 space in the target" },
		{ "a space in a query", STR("/a?b c"), "400 space in the target" },
		{ "a tab", STR("/a\tb"), CONTROL },
		{ "a line feed", STR("/a\nb"), CONTROL },
		{ "a carriage return", STR("/a\rb"), CONTROL },
		{ "NUL", STR("/a\0b"), CONTROL },
		{ "NUL in a query", STR("/a?\0"), CONTROL },
		{ "DEL", STR("/a\x7f"), CONTROL },
	};

	CHECK(rows, METHOD_GET, true);
}

Test(target, keeps_what_was_sent)
{
	struct refusal refusal;
	struct target t;
	char room[64];

	cr_assert(target_parse(STR_OF("/a%20b/../c?d"), METHOD_GET, true, room, &t, &refusal) ==
	          PARSE_COMPLETE);
	cr_expect(str_eq(t.raw_path, STR_OF("/a%20b/../c")));
	cr_assert(target_parse(STR_OF("http://h/a%2f?d"), METHOD_GET, true, room, &t, &refusal) ==
	          PARSE_COMPLETE);
	cr_expect(str_eq(t.raw_path, STR_OF("/a%2f")));
	cr_assert(target_parse(STR_OF("http://h?d"), METHOD_GET, true, room, &t, &refusal) ==
	          PARSE_COMPLETE);
	cr_expect(str_eq(t.raw_path, STR_OF("/")));
}

/* Paths from a configuration or a program: people write spaces there, but no NUL may look like a slash. */
Test(target, takes_paths_of_our_own)
{
	static const struct row rows[] = {
		{ "a path and a query", STR("/a?b=c"), "origin /a ?b=c" },
		{ "escapes", STR("/a%20b%2fc"), "origin /a b|c" },
		{ "dots", STR("/a/../b"), "origin /b" },
		{ "a space and a number sign", STR("/not found#1.html"),
		  "origin /not found#1.html" },
		{ "above the root", STR("/../a"), ABOVE },
		{ "a bad escape", STR("/%"), ESCAPE },
		{ "NUL", STR("/a\0b"), "400 control character in the path" },
		{ "a line feed", STR("/a\nb"), "400 control character in the path" },
		{ "a URL", STR("http://a/b"), "400 path that does not begin with a slash" },
		{ "an asterisk", STR("*"), "400 path that does not begin with a slash" },
		{ "nothing", STR(""), "400 path that does not begin with a slash" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char memory[128], room[64];
		struct buf out = buf_fixed(memory, sizeof memory);
		struct str raw = guard_copy(rows[i].raw);
		struct refusal refusal = { 0 };
		struct target t;

		if (target_parse_path(raw, true, room, &t, &refusal) == PARSE_COMPLETE)
			add_target(&out, &t);
		else
			buf_format(&out, "%u %s", refusal.status, refusal.reason);
		cr_expect(str_eq(buf_str(&out), str_from(rows[i].expected)), "%s: got %.*s",
		          rows[i].name, STR_ARG(buf_str(&out)));
		guard_free(raw);
	}
}

Test(target, decodes_escapes)
{
	static const struct {
		const char *name, *text, *expected; /* NULL: a bad escape */
		bool plus;
	} rows[] = {
		{ "nothing", "", "", false },
		{ "plain text", "a/b?c#d", "a/b?c#d", false },
		{ "an escape", "a%20b", "a b", false },
		{ "an escaped slash is one here", "a%2Fb", "a/b", false },
		{ "a plus sign stays", "a+b", "a+b", false },
		{ "a plus sign of a form (WHATWG URL section 5.1)", "a+b", "a b", true },
		{ "an escaped plus sign of a form", "a%2bb", "a+b", true },
		{ "decoded once", "%2541", "%41", true },
		{ "a percent sign at the end", "a%", NULL, false },
		{ "one digit at the end", "a%4", NULL, false },
		{ "no digits", "%zz", NULL, true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str text = guard_copy(str_from(rows[i].text));
		struct str room = guard_copy(str_from(rows[i].text)), got = { 0 };
		bool is_good = target_decode(text, rows[i].plus, (char *)room.ptr, &got);

		cr_expect(is_good == (rows[i].expected != NULL), "%s", rows[i].name);
		if (is_good && rows[i].expected)
			cr_expect(str_eq(got, str_from(rows[i].expected)), "%s: got %.*s",
			          rows[i].name, STR_ARG(got));
		guard_free(text);
		guard_free(room);
	}
}

Test(target, decodes_a_nul)
{
	struct str out;
	char room[3];

	cr_assert(target_decode(STR_OF("%00"), false, room, &out));
	cr_expect(out.len == 1 && room[0] == '\0');
}
