#include "http/field.h"

#include "base/buf.h"
#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static enum field_id find(struct str name)
{
	struct str copy = guard_copy(name);
	enum field_id id = field_find(copy);

	guard_free(copy);
	return id;
}

/* Every row is found by its name as written, in capitals, in small letters and in every mixture of one. */
Test(field, finds_every_row_in_any_case)
{
	for (unsigned id = FIELD_OTHER + 1; id < FIELD_COUNT; id++) {
		struct str name = field_info((enum field_id)id)->name;
		char upper[64], lower[64], odd[64];

		cr_assert(name.len > 1 && name.len < sizeof upper, "row %u has a name", id);
		for (size_t i = 0; i < name.len; i++) {
			upper[i] = ascii_upper(name.ptr[i]);
			lower[i] = ascii_lower(name.ptr[i]);
			odd[i] = i % 2 ? upper[i] : lower[i];
		}
		cr_expect(find(name) == id, "%.*s", STR_ARG(name));
		cr_expect(find(str_make(upper, name.len)) == id, "%.*s in capitals", STR_ARG(name));
		cr_expect(find(str_make(lower, name.len)) == id, "%.*s in small letters",
		          STR_ARG(name));
		cr_expect(find(str_make(odd, name.len)) == id, "%.*s in both", STR_ARG(name));
	}
}

/* Any other byte at any place makes another name, and so does a byte less or more. */
Test(field, finds_no_neighbour_of_a_row)
{
	for (unsigned id = FIELD_OTHER + 1; id < FIELD_COUNT; id++) {
		struct str name = field_info((enum field_id)id)->name;
		char text[64] = { 0 };

		memcpy(text, name.ptr, name.len);
		for (size_t i = 0; i < name.len; i++) {
			for (unsigned byte = 0; byte < 256; byte++) {
				text[i] = (char)byte;
				if (ascii_lower(text[i]) != ascii_lower(name.ptr[i]))
					cr_assert(
					        field_find(str_make(text, name.len)) == FIELD_OTHER,
					        "%.*s with 0x%02x at %zu", STR_ARG(name), byte, i);
			}
			text[i] = name.ptr[i];
		}
		cr_expect(field_find(str_make(text, name.len + 1)) == FIELD_OTHER);
		text[name.len] = name.ptr[name.len - 1];
		cr_expect(field_find(str_make(text, name.len + 1)) == FIELD_OTHER);
		cr_expect(field_find(str_make(text, name.len - 1)) == FIELD_OTHER ||
		                  id == FIELD_PROXY,
		          "%.*s without its last letter", STR_ARG(name));
	}
	cr_expect(find(STR_OF("")) == FIELD_OTHER);
	cr_expect(field_find(str_make(NULL, 0)) == FIELD_OTHER);
	cr_expect(find(STR_OF("a")) == FIELD_OTHER);
	cr_expect(find(STR_OF("X-Unknown-Header")) == FIELD_OTHER);
	cr_expect(field_info(FIELD_OTHER)->flags == 0);
}

Test(field, knows_what_is_special)
{
	static const struct {
		const char *name;
		enum field_id id;
		unsigned flags;
	} rows[] = {
		{ "Host comes once (RFC 9110 section 7.2)", FIELD_HOST, FIELD_SINGLETON },
		{ "Connection is a list for the next hop (RFC 9110 section 7.6.1)",
		  FIELD_CONNECTION, FIELD_LIST | FIELD_HOP | FIELD_NO_CGI },
		{ "Transfer-Encoding is for the next hop (RFC 9112 section 6.1)",
		  FIELD_TRANSFER_ENCODING, FIELD_LIST | FIELD_HOP | FIELD_NO_CGI },
		{ "TE is for the next hop (RFC 9110 section 10.1.4)", FIELD_TE,
		  FIELD_LIST | FIELD_HOP | FIELD_NO_CGI },
		{ "Upgrade is for the next hop (RFC 9110 section 7.8)", FIELD_UPGRADE,
		  FIELD_LIST | FIELD_HOP | FIELD_NO_CGI },
		{ "Keep-Alive is for the next hop (RFC 9110 section 7.6.1)", FIELD_KEEP_ALIVE,
		  FIELD_LIST | FIELD_HOP | FIELD_NO_CGI },
		{ "a program never sees a password (RFC 3875 section 4.1.18)", FIELD_AUTHORIZATION,
		  FIELD_SINGLETON | FIELD_NO_CGI },
		{ "nor the proxy's", FIELD_PROXY_AUTHORIZATION,
		  FIELD_SINGLETON | FIELD_HOP | FIELD_NO_CGI },
		{ "nor HTTP_PROXY, which many libraries obey", FIELD_PROXY, FIELD_NO_CGI },
		{ "CONTENT_LENGTH says it already (RFC 3875 section 4.1.18)", FIELD_CONTENT_LENGTH,
		  FIELD_SINGLETON | FIELD_NO_CGI },
		{ "CONTENT_TYPE says it already (RFC 3875 section 4.1.18)", FIELD_CONTENT_TYPE,
		  FIELD_SINGLETON | FIELD_NO_CGI },
		{ "If-None-Match on two lines is one list (RFC 9110 section 13.1.2)",
		  FIELD_IF_NONE_MATCH, FIELD_LIST },
		{ "Set-Cookie is no list (RFC 9110 section 5.3)", FIELD_SET_COOKIE, 0 },
		{ "Cookie is joined by semicolons (RFC 6265 section 5.4)", FIELD_COOKIE, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect(field_info(rows[i].id)->flags == rows[i].flags, "%s", rows[i].name);
}

/* RFC 9110 section 5.6.2, spelled another way than in the table. */
Test(field, tells_token_bytes)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		char c = (char)byte;
		bool expected = byte != 0 && (ascii_is_alpha(c) || ascii_is_digit(c) ||
		                              strchr("!#$%&'*+-.^_`|~", c) != NULL);

		cr_expect(field_tchar[byte] == expected, "0x%02x", byte);
	}
	cr_expect(field_is_token(STR_OF("a-Z09")));
	cr_expect(false == field_is_token(STR_OF("")), "an empty token");
	cr_expect(false == field_is_token(STR_OF("a b")), "a space in a token");
	cr_expect(false == field_is_token(STR_OF("ab:")), "a colon behind a token");
}

Test(field, takes_lists_apart)
{
	static const struct {
		const char *name, *list, *expected; /* "[element][element]" */
	} rows[] = {
		{ "no list", "", "" },
		{ "one element", "a", "[a]" },
		{ "two elements (RFC 9110 section 5.6.1)", "a,b", "[a][b]" },
		{ "white space around them", " a \t,\t b ", "[a][b]" },
		{ "white space in them stays", "a b, c", "[a b][c]" },
		{ "empty elements are none (RFC 9110 section 5.6.1.2)", ",a,,b, ,", "[a][b]" },
		{ "only empty elements", ", ,,", "" },
		{ "a comma in a quoted string (RFC 9110 section 5.6.4)", "\"a,b\",c",
		  "[\"a,b\"][c]" },
		{ "an escaped quote in it", "\"a\\\",b\",c", "[\"a\\\",b\"][c]" },
		{ "an escaped backslash at its end", "\"a\\\\\",b", "[\"a\\\\\"][b]" },
		{ "a quoted string behind other text", "W/\"a,b\",c", "[W/\"a,b\"][c]" },
		{ "a quoted string without an end takes all", "a,\"b,c", "[a][\"b,c]" },
		{ "a backslash at the very end of one", "a,\"b,c\\", "[a][\"b,c\\]" },
		{ "a backslash outside does not escape", "a\\,b", "[a\\][b]" },
		{ "an empty quoted string is an element", "\"\",a", "[\"\"][a]" },
		{ "two quoted strings in one element", "\"a,\"b\",c\",d", "[\"a,\"b\",c\"][d]" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str copy = guard_copy(str_from(rows[i].list)), rest = copy, element;
		char memory[128];
		struct buf out = buf_fixed(memory, sizeof memory);

		while (field_list_next(&rest, &element))
			buf_format(&out, "[%.*s]", STR_ARG(element));
		cr_expect(str_eq(buf_str(&out), str_from(rows[i].expected)), "%s: got %.*s",
		          rows[i].name, STR_ARG(buf_str(&out)));
		guard_free(copy);
	}
}

Test(field, looks_elements_up)
{
	static const struct {
		const char *name, *list, *element;
		bool expected;
	} rows[] = {
		{ "the only element", "close", "close", true },
		{ "in any case (RFC 9112 section 9.6)", "CLOSE", "close", true },
		{ "the last of three", "te, keep-alive , Close", "close", true },
		{ "a prefix is another one", "clos", "close", false },
		{ "a longer one is another one", "closed", "close", false },
		{ "one with a parameter", "gzip;q=1, deflate", "gzip", true },
		{ "one with a parameter behind a space", "a, gzip ; q=1", "gzip", true },
		{ "a parameter is no element", "a;gzip", "gzip", false },
		{ "text in quotes is not outside them", "\"a, close, b\"", "close", false },
		{ "a semicolon in quotes ends nothing", "\"a;b\"", "\"a;b\"", true },
		{ "nothing in an empty list", "", "close", false },
		{ "two words are not one", "not close", "close", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str list = guard_copy(str_from(rows[i].list));

		cr_expect(field_list_has(list, str_from(rows[i].element)) == rows[i].expected, "%s",
		          rows[i].name);
		guard_free(list);
	}
}

Test(field, reads_parameters)
{
	static const struct {
		const char *name, *value,
		        *expected; /* NULL: not there, or malformed before it is */
	} rows[] = {
		{ "a token (RFC 9110 section 5.6.6)", "a/b; x=y", "y" },
		{ "no space behind the semicolon", "a/b;x=y", "y" },
		{ "white space around the semicolon", "a/b \t;\t x=y", "y" },
		{ "its name in another case", "a/b; X=y", "y" },
		{ "its value keeps its case", "a/b; x=Yy", "Yy" },
		{ "a quoted value (RFC 9110 section 5.6.4)", "a/b; x=\"y z\"", "y z" },
		{ "an empty quoted value", "a/b; x=\"\"", "" },
		{ "a semicolon in a quoted value", "a/b; x=\"y;z=1\"", "y;z=1" },
		{ "an escaped quote stays as written", "a/b; x=\"y\\\"z\"", "y\\\"z" },
		{ "behind another parameter", "a/b; w=1; x=y", "y" },
		{ "before another parameter", "a/b; x=y; z=1", "y" },
		{ "behind a quoted parameter that looks like it", "a/b; w=\"; x=1\"; x=y", "y" },
		{ "behind empty parameters", "a/b;; ;x=y", "y" },
		{ "white space behind its value", "a/b; x=y ", "y" },
		{ "the first of two", "a/b; x=1; x=2", "1" },
		{ "a value before it in quotes", "\"a;x=1\"; x=2", "2" },
		{ "no parameters", "a/b", NULL },
		{ "no such parameter", "a/b; y=x", NULL },
		{ "a semicolon and nothing", "a/b;", NULL },
		{ "an empty text", "", NULL },
		{ "a longer name", "a/b; xx=y", NULL },
		{ "no equals sign", "a/b; x", NULL },
		{ "no value", "a/b; x=", NULL },
		{ "no value before another", "a/b; x=; z=1", NULL },
		{ "no name", "a/b; =y", NULL },
		{ "a space before the equals sign", "a/b; x =y", NULL },
		{ "a space behind the equals sign", "a/b; x= y", NULL },
		{ "a quoted value without an end", "a/b; x=\"y", NULL },
		{ "a quoted value that ends in a backslash", "a/b; x=\"y\\", NULL },
		{ "an escaped end of a quoted value", "a/b; x=\"y\\\"", NULL },
		{ "text behind a quoted value", "a/b; x=\"y\"z", NULL },
		{ "an illegal byte in a token", "a/b; x=y/z", NULL },
		{ "a malformed parameter before it", "a/b; w; x=y", NULL },
		{ "a comma behind it", "a/b; x=y, c/d", NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str value = guard_copy(str_from(rows[i].value)), got = { 0 };
		bool found = field_parameter(value, STR_OF("x"), &got);

		cr_expect(found == (rows[i].expected != NULL), "%s", rows[i].name);
		if (found && rows[i].expected)
			cr_expect(str_eq(got, str_from(rows[i].expected)), "%s: got %.*s",
			          rows[i].name, STR_ARG(got));
		guard_free(value);
	}
}
