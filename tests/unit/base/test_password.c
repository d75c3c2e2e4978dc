#include "base/password.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct password_library library;

static void open_library(void)
{
	const char *missing = password_library_open(&library);

	cr_assert(missing == NULL, "%s", missing);
}

static void close_library(void)
{
	password_library_close(&library);
}

TestSuite(password, .init = open_library, .fini = close_library);

/* All of the word "secret". */
static const char *const hashes[] = {
	"{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
	"$1$saltsalt$9xy1btjgzLYfb7hivXtC//",
	"$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
	"$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq."
	"H91p5hVO1",
	"$2a$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
	"$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
	"$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
	"$y$j75$saltsalt$0gBD67sgmJgRX3RZ6wHHO7sHimQEWGCWN85o4Twogh2",
	/* as htpasswd -B and -2 write them */
	"$2y$05$ZDS4OH0tE/Yb0wgaDsYZ0.fpDuPFCWaYO1p2ulFoYIOrRw0Qm6DPG",
	"$5$o5fFazHxbXdkpyez$e/ZNHlgPsKISzslWYC4ewwoR4BLf91qKzU4JKh.P84B",
};

Test(password, is_checked_against_every_kind_of_hash)
{
	static const char *const wrong[] = { "", "Secret", "secre", "secrets", "secret\n" };

	for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
		struct str hash = str_from(hashes[i]);

		cr_expect(password_hash_fault(&library, hash) == NULL, "%s", hashes[i]);
		cr_expect(password_matches(&library, hash, STR_OF("secret")), "%s", hashes[i]);
		for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
			cr_expect(not(password_matches(&library, hash, str_from(wrong[k]))),
			          "%s: '%s'", hashes[i], wrong[k]);
		cr_expect(not(password_matches(&library, hash, STR_OF("secret\0x"))),
		          "%s: what is behind a NUL counts", hashes[i]);
	}
}

Test(password, other_hashes_are_refused)
{
	static const struct {
		const char *hash, *fault;
	} rows[] = {
		{ "secret", "stored in plain text" },
		{ "", "stored in plain text" },
		{ "*", "stored in plain text" },
		{ "eIUeleWPyo5TY", "stored in plain text, or by DES, which is as good as that" },
		{ "$apr1$NhKzZF4/$nsbMiBFPwTZH3ykUDpVWi0",
		  "of Apache's own kind $apr1$, which crypt(3) does not know" },
		{ "{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "of a kind that is not known here" },
		{ "{SHA}5en6G6MezRroT3XKqkdPOmY/Bf==", "a damaged {SHA} hash" },
		{ "{SHA}c2VjcmV0", "a damaged {SHA} hash" },
		{ "$2y$05$ZDS4OH0tE/Yb0wgaDsYZ0.fpDuPFCWaYO1p2ulFoYIOrRw0Qm6D",
		  "a damaged bcrypt hash" },
		{ "$9$salt$hash", "of a kind that is not known here" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *fault = password_hash_fault(&library, str_from(rows[i].hash));

		cr_assert(fault != NULL, "%s", rows[i].hash);
		cr_expect(eq(str, (char *)fault, (char *)rows[i].fault), "%s", rows[i].hash);
	}
}

Test(password, one_that_is_too_long_is_nobodys)
{
	char text[PASSWORD_MAX + 2];

	memset(text, 'a', sizeof text);
	cr_expect(not(
	        password_matches(&library, str_from(hashes[0]), str_make(text, PASSWORD_MAX + 1))));
	cr_expect(
	        not(password_matches(&library, str_from(hashes[1]), str_make(text, PASSWORD_MAX))));
}

Test(password, a_hash_is_made_with_a_salt_of_its_own)
{
	char one[PASSWORD_HASH_MAX + 1], two[PASSWORD_HASH_MAX + 1], longest[PASSWORD_MAX + 1];

	cr_assert(password_hash(&library, STR_OF("secret"), one));
	cr_assert(password_hash(&library, STR_OF("secret"), two));
	cr_expect(strcmp(one, two) != 0);
	cr_expect(strncmp(one, "$6$", 3) == 0);
	cr_expect(password_hash_fault(&library, str_from(one)) == NULL);
	cr_expect(password_matches(&library, str_from(one), STR_OF("secret")));
	cr_expect(password_matches(&library, str_from(two), STR_OF("secret")));
	cr_expect(not(password_matches(&library, str_from(one), STR_OF("secret2"))));
	memset(longest, 'x', sizeof longest);
	cr_expect(password_hash(&library, str_make(longest, PASSWORD_MAX), one));
	cr_expect(password_matches(&library, str_from(one), str_make(longest, PASSWORD_MAX)));
	cr_expect(not(password_hash(&library, str_make(longest, PASSWORD_MAX + 1), one)));
}

Test(password, making_a_hash_leaves_the_password_nowhere_in_crypts_memory)
{
	char hash[PASSWORD_HASH_MAX + 1];

	cr_assert(password_hash(&library, STR_OF("needle-in-memory"), hash));
	cr_expect(memmem(library.data, 256 * 1024, "needle", 6) == NULL);
}
