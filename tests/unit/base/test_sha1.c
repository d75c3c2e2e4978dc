#include "base/sha1.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

/* FIPS 180's examples, and the lengths around a block where the padding needs one more. */
static const struct {
	const char *unit;
	size_t times;
	const char *digest;
} rows[] = {
	{ "", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
	{ "abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	  "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
	{ "a", 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a" },
	{ "a", 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699" },
	{ "a", 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d" },
	{ "a", 1000, "291e9a6c66994949b57ba5e650361e98fc36b1ba" },
};

Test(sha1, gives_the_known_digests)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char data[1024] = "", hex[2 * SHA1_SIZE + 1];
		unsigned char digest[SHA1_SIZE];
		size_t len = strlen(rows[i].unit);

		for (size_t k = 0; k < rows[i].times; k++)
			memcpy(data + k * len, rows[i].unit, len);
		sha1(str_make(data, len * rows[i].times), digest);
		for (size_t k = 0; k < SHA1_SIZE; k++)
			snprintf(hex + 2 * k, 3, "%02x", digest[k]);
		cr_expect(eq(str, hex, (char *)rows[i].digest), "%s times %zu", rows[i].unit,
		          rows[i].times);
	}
}
