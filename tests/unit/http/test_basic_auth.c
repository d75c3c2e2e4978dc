#include "http/basic_auth.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* user NULL: refused. */
static const struct {
	const char *name, *value, *user, *password;
} rows[] = {
	{ "RFC 7617 section 2", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame" },
	{ "UTF-8 (section 2.1)", "Basic dGVzdDoxMjPCow==", "test", "123\xc2\xa3" },
	{ "the scheme in any case", "bAsIc YTpi", "a", "b" },
	{ "several spaces", "Basic   YTpi", "a", "b" },
	{ "a password with colons", "Basic YTpiOmM6", "a", "b:c:" },
	{ "an empty password", "Basic YTo=", "a", "" },
	{ "an empty name", "Basic OmI=", "", "b" },
	{ "nothing", "", NULL, NULL },
	{ "no credentials", "Basic", NULL, NULL },
	{ "empty credentials", "Basic ", NULL, NULL },
	{ "another scheme", "Bearer YTpi", NULL, NULL },
	{ "a scheme that begins alike", "Basics YTpi", NULL, NULL },
	{ "no colon", "Basic YWI=", NULL, NULL },
	{ "no padding", "Basic YTo", NULL, NULL },
	{ "no Base64", "Basic a:b", NULL, NULL },
	{ "something behind it", "Basic YTpi x", NULL, NULL },
	{ "a tab between them", "Basic\tYTpi", NULL, NULL },
	{ "a NUL in the name", "Basic YQA6Yg==", NULL, NULL },
	{ "a line end in the password", "Basic YTpiCg==", NULL, NULL },
	{ "a DEL in the password", "Basic YTpifw==", NULL, NULL },
};

Test(basic_auth, is_read)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char room[BASIC_AUTH_ROOM];
		struct basic_auth said;
		bool good = basic_auth_parse(str_from(rows[i].value), room, &said);

		cr_expect(eq(int, good, rows[i].user != NULL), "%s", rows[i].name);
		if (!good || !rows[i].user)
			continue;
		cr_expect(str_eq(said.user, str_from(rows[i].user)), "%s", rows[i].name);
		cr_expect(str_eq(said.password, str_from(rows[i].password)), "%s", rows[i].name);
	}
}

/* "aaaa..." in Base64 is "YWFhYWFh...", four characters for three. */
static bool parse_long(size_t user, size_t password)
{
	static const char digits[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char plain[900], value[1300] = "Basic ", room[BASIC_AUTH_ROOM];
	struct basic_auth said;
	size_t len = user + 1 + password, out = 6;

	memset(plain, 'a', sizeof plain);
	plain[user] = ':';
	for (size_t i = 0; i < len; i += 3) {
		unsigned n = (unsigned)plain[i] << 16 |
		             (unsigned)(i + 1 < len ? plain[i + 1] : 0) << 8 |
		             (unsigned)(i + 2 < len ? plain[i + 2] : 0);

		for (unsigned k = 0; k < 4; k++)
			value[out++] = i + k > len ? '=' : digits[n >> (18 - 6 * k) & 63];
	}
	return basic_auth_parse(str_make(value, out), room, &said);
}

Test(basic_auth, has_limits)
{
	cr_expect(parse_long(BASIC_AUTH_USER_MAX, BASIC_AUTH_PASSWORD_MAX));
	cr_expect(not(parse_long(BASIC_AUTH_USER_MAX + 1, 3)));
	cr_expect(not(parse_long(3, BASIC_AUTH_PASSWORD_MAX + 1)));
	cr_expect(not(parse_long(300, 560)));
}

Test(basic_auth, challenges)
{
	char memory[200];
	struct buf out = buf_fixed(memory, sizeof memory);

	basic_auth_challenge(&out, STR_OF("a \"b\" \\ \xc3\xa9"));
	cr_expect(str_eq(buf_str(&out), STR_OF("Basic realm=\"a \\\"b\\\" \\\\ \xc3\xa9\", "
	                                       "charset=\"UTF-8\"")));
}
