#include "http/escape.h"

#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define FFFD "\xef\xbf\xbd"

struct escape_row {
	const char *name;
	struct str in, out;
};

static void check(const struct escape_row *rows, size_t count,
                  void (*escape)(struct buf *out, struct str in))
{
	for (size_t i = 0; i < count; i++) {
		char memory[256];
		struct buf out = buf_fixed(memory, sizeof memory);
		struct str in = guard_copy(rows[i].in);

		escape(&out, in);
		cr_expect(not(out.failed), "%s", rows[i].name);
		cr_expect(str_eq(buf_str(&out), rows[i].out), "%s: got '%.*s'", rows[i].name,
		          STR_ARG(buf_str(&out)));
		guard_free(in);
	}
}

#define CHECK(rows, escape) check((rows), sizeof(rows) / sizeof *(rows), (escape))

static const struct escape_row html_rows[] = {
	{ "nothing", STR(""), STR("") },
	{ "plain text stays", STR("hello, world"), STR("hello, world") },
	{ "all five references", STR("<a href=\"x\">'&'</a>"),
	  STR("&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;") },
	{ "a reference is escaped again", STR("&amp;"), STR("&amp;amp;") },
	{ "two, three and four bytes of UTF-8 stay", STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
	  STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") },
	{ "a lone continuation byte", STR("a\x80z"), STR("a" FFFD "z") },
	{ "a byte that never occurs (RFC 3629 section 3)", STR("\xff<"), STR(FFFD "&lt;") },
	{ "an overlong < is not let through (RFC 3629 section 3)", STR("\xc0\xbc"),
	  STR(FFFD FFFD) },
	{ "a character cut off at the end", STR("a\xe2\x82"), STR("a" FFFD FFFD) },
	{ "a character cut off by markup", STR("\xe2\x82<"), STR(FFFD FFFD "&lt;") },
};

static const struct escape_row json_rows[] = {
	{ "nothing", STR(""), STR("") },
	{ "plain text stays", STR("hello/world"), STR("hello/world") },
	{ "quote and backslash (RFC 8259 section 7)", STR("\"\\"), STR("\\\"\\\\") },
	{ "the short forms (RFC 8259 section 7)", STR("\b\f\n\r\t"), STR("\\b\\f\\n\\r\\t") },
	{ "other controls (RFC 8259 section 7)", STR("\0\x01\x1f"), STR("\\u0000\\u0001\\u001F") },
	{ "DEL stays (RFC 8259 section 7)", STR("\x7f"), STR("\x7f") },
	{ "a script's end can't be written", STR("</script>"), STR("\\u003C/script>") },
	{ "UTF-8 stays (RFC 8259 section 8.1)", STR("\xe2\x82\xac"), STR("\xe2\x82\xac") },
	{ "bad UTF-8 is replaced (RFC 8259 section 8.1)", STR("\xed\xa0\x80\""),
	  STR(FFFD FFFD FFFD "\\\"") },
};

static const struct escape_row path_rows[] = {
	{ "the root", STR("/"), STR("/") },
	{ "nothing", STR(""), STR("") },
	{ "unreserved stay (RFC 3986 section 2.3)", STR("/aZ09-._~"), STR("/aZ09-._~") },
	{ "sub-delims, colon and at stay (RFC 3986 section 3.3)", STR("/!$&'()*+,;=:@"),
	  STR("/!$&'()*+,;=:@") },
	{ "question mark and hash would end the path (RFC 3986 section 3.3)", STR("/a?b#c"),
	  STR("/a%3Fb%23c") },
	{ "a percent sign", STR("/100%"), STR("/100%25") },
	{ "a space", STR("/a b"), STR("/a%20b") },
	{ "markup", STR("/<\">"), STR("/%3C%22%3E") },
	{ "a line end can't add a header", STR("/a\r\nb"), STR("/a%0D%0Ab") },
	{ "bytes above 0x7f, whatever they are", STR("/\xc3\xa9\xff"), STR("/%C3%A9%FF") },
	{ "a NUL is an encoded slash", STR("/a\0b"), STR("/a%2Fb") },
	{ "a backslash within", STR("/a\\b"), STR("/a%5Cb") },
	{ "two leading slashes would name a host (RFC 3986 section 4.2)", STR("//evil/x"),
	  STR("/evil/x") },
	{ "three leading slashes", STR("///evil"), STR("/evil") },
	{ "a leading backslash behind the slash, as browsers read it", STR("/\\evil"),
	  STR("/evil") },
	{ "a leading backslash", STR("\\evil"), STR("/evil") },
	{ "slashes within stay", STR("/a//b/"), STR("/a//b/") },
	{ "a relative path stays so", STR("a/b"), STR("a/b") },
	{ "the rest of what is not allowed", STR("/[]^`{|}"), STR("/%5B%5D%5E%60%7B%7C%7D") },
};

static const struct escape_row segment_rows[] = {
	{ "a name", STR("a b.txt"), STR("a%20b.txt") },
	{ "a slash", STR("a/b"), STR("a%2Fb") },
	{ "leading slashes do not collapse", STR("//a"), STR("%2F%2Fa") },
	{ "a NUL", STR("a\0b"), STR("a%2Fb") },
	{ "a backslash", STR("\\a"), STR("%5Ca") },
	{ "a colon would end a scheme (RFC 3986 section 4.2)", STR("javascript:x"),
	  STR("javascript%3Ax") },
	{ "sub-delims stay", STR("a&b=c+d"), STR("a&b=c+d") },
};

static const struct escape_row log_rows[] = {
	{ "plain text stays", STR("GET /a b~ HTTP/1.1"), STR("GET /a b~ HTTP/1.1") },
	{ "quote and backslash", STR("a\"b\\c"), STR("a\\x22b\\x5Cc") },
	{ "a line end can't forge a line", STR("a\r\nb"), STR("a\\x0D\\x0Ab") },
	{ "a terminal's escape", STR("\x1b[2J"), STR("\\x1B[2J") },
	{ "NUL and DEL", STR("\0\x7f"), STR("\\x00\\x7F") },
	{ "bytes above 0x7e", STR("\xc3\xa9"), STR("\\xC3\\xA9") },
};

Test(escape, html)
{
	CHECK(html_rows, escape_html);
}

Test(escape, json)
{
	CHECK(json_rows, escape_json);
}

Test(escape, paths)
{
	CHECK(path_rows, escape_path);
}

Test(escape, segments)
{
	CHECK(segment_rows, escape_segment);
}

Test(escape, log)
{
	CHECK(log_rows, escape_log);
}

static const struct {
	const char *name;
	struct str value;
	bool is_safe;
} safe_rows[] = {
	{ "text", STR("text/html; charset=utf-8"), true },
	{ "nothing", STR(""), true },
	{ "a tab (RFC 9110 section 5.5)", STR("a\tb"), true },
	{ "bytes above 0x7f (RFC 9110 section 5.5)", STR("\x80\xff"), true },
	{ "a CR", STR("a\rb"), false },
	{ "an LF", STR("a\nb"), false },
	{ "an LF at the end", STR("a\n"), false },
	{ "a NUL", STR("a\0b"), false },
	{ "an escape", STR("\x1b"), false },
	{ "a DEL", STR("\x7f"), false },
};

Test(escape, knows_what_a_header_may_hold)
{
	for (size_t i = 0; i < sizeof safe_rows / sizeof *safe_rows; i++) {
		struct str value = guard_copy(safe_rows[i].value);

		cr_expect(escape_is_field_safe(value) == safe_rows[i].is_safe, "%s",
		          safe_rows[i].name);
		guard_free(value);
	}
}

/* Every byte at every place of a value that is more than two steps long. */
Test(escape, knows_it_at_every_place)
{
	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at < 19; at++) {
			bool is_safe = (c >= 0x20 && c != 0x7f) || c == '\t';
			char text[] = "a value with \xff in it";
			struct str value;

			text[at] = (char)c;
			value = guard_copy(str_make(text, 19));
			cr_expect(escape_is_field_safe(value) == is_safe, "%02x at %zu", c, at);
			guard_free(value);
		}
}

static size_t encode(uint32_t c, size_t size, char out[4])
{
	static const unsigned char leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	if (size == 1) {
		out[0] = (char)c;
		return size;
	}
	for (size_t i = size; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(leads[size] | c);
	return size;
}

/* Every code point in every length it could have: only the shortest counts, and no surrogate. */
Test(escape, accepts_exactly_the_utf8_of_rfc_3629)
{
	char memory[4];
	struct str guarded = guard_copy(STR_OF("...."));

	for (uint32_t c = 0; c < 0x200000; c++) {
		size_t shortest = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		bool exists = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);

		for (size_t size = shortest; size <= 4; size++) {
			char *at = (char *)guarded.ptr + 4 - encode(c, size, memory);
			size_t got;

			memcpy(at, memory, size);
			got = escape_utf8_size(str_make(at, size));
			cr_assert(got == (size == shortest && exists ? size : 0), "U+%04X in %zu",
			          (unsigned)c, size);
			if (size > 1)
				cr_assert(escape_utf8_size(str_make(at, size - 1)) == 0,
				          "U+%04X cut", (unsigned)c);
		}
	}
	guard_free(guarded);
	cr_expect(eq(sz, escape_utf8_size(STR_OF("")), 0));
}
