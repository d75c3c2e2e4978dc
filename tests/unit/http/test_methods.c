#include "http/methods.h"

#include "guard.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(methods, are_known_by_their_exact_names)
{
	static const struct {
		const char *name, *text;
		enum method expected;
	} rows[] = {
		{ "GET (RFC 9110 section 9.3.1)", "GET", METHOD_GET },
		{ "HEAD (RFC 9110 section 9.3.2)", "HEAD", METHOD_HEAD },
		{ "POST (RFC 9110 section 9.3.3)", "POST", METHOD_POST },
		{ "PUT (RFC 9110 section 9.3.4)", "PUT", METHOD_PUT },
		{ "DELETE (RFC 9110 section 9.3.5)", "DELETE", METHOD_DELETE },
		{ "CONNECT (RFC 9110 section 9.3.6)", "CONNECT", METHOD_CONNECT },
		{ "OPTIONS (RFC 9110 section 9.3.7)", "OPTIONS", METHOD_OPTIONS },
		{ "TRACE (RFC 9110 section 9.3.8)", "TRACE", METHOD_TRACE },
		{ "PATCH (RFC 5789)", "PATCH", METHOD_PATCH },
		{ "case matters (RFC 9110 section 9.1)", "get", METHOD_OTHER },
		{ "case matters in every letter", "GEt", METHOD_OTHER },
		{ "a prefix is another method", "GE", METHOD_OTHER },
		{ "a longer name is another method", "GETS", METHOD_OTHER },
		{ "a method of WebDAV is another one", "PROPFIND", METHOD_OTHER },
		{ "the empty name is none", "", METHOD_OTHER },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str text = guard_copy(str_from(rows[i].text));
		enum method found = method_find(text);

		cr_expect(found == rows[i].expected, "%s: got %d", rows[i].name, (int)found);
		guard_free(text);
	}
}

Test(methods, go_back_to_their_names)
{
	cr_expect(method_name(METHOD_OTHER).len == 0);
	for (unsigned m = METHOD_OTHER + 1; m < METHOD_COUNT; m++) {
		struct str name = method_name((enum method)m);

		cr_expect(name.len > 0 && method_find(name) == m, "method %u", m);
	}
}

Test(methods, have_bits_of_their_own)
{
	unsigned all = 0;

	for (unsigned m = 0; m < METHOD_COUNT; m++) {
		cr_expect(0 == (all & METHOD_BIT(m)), "method %u", m);
		all |= METHOD_BIT(m);
	}
}
