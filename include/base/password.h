#ifndef BASE_PASSWORD_H
#define BASE_PASSWORD_H

#include "base/str.h"

/*
 * Passwords and their hashes: {SHA}, and what crypt(3) of this system knows. libcrypt is looked for when it
 * is needed and not linked: the binary needs libc alone, and only the process that checks passwords loads it.
 */

enum {
	PASSWORD_MAX = 511,      /* bytes of a password: CRYPT_MAX_PASSPHRASE_SIZE less its NUL */
	PASSWORD_HASH_MAX = 383, /* bytes of a hash: CRYPT_OUTPUT_SIZE less its NUL */
};

struct password_library {
	void *handle; /* of dlopen; NULL: crypt is in libc */
	char *(*crypt)(const char *phrase, const char *setting, void *data);
	int (*check)(const char *setting); /* crypt_checksalt; NULL: not there */
	void *data;                        /* crypt's working memory */
};

/* NULL, or why there is none, as a static sentence fragment; close() is then not due. */
const char *password_library_open(struct password_library *library);
void password_library_close(struct password_library *library);

/*
 * Whether the hash is of a kind that is accepted and known here. NULL, or what is wrong with it as a static
 * sentence fragment: "stored in plain text, or ...". The hash need not end in NUL.
 */
const char *password_hash_fault(const struct password_library *library, struct str hash);

/*
 * Makes a hash of the password, by SHA-512 ($6$) with a salt of its own, which password_matches() takes. False where
 * crypt(3) can't or the password is longer than PASSWORD_MAX. No copy of the password is left in memory.
 */
bool password_hash(struct password_library *library, struct str password,
                   char out[PASSWORD_HASH_MAX + 1]);

/*
 * Whether the password is the one that the hash, which has no fault, was made of. May take as long as the
 * hash wants. The comparison takes the same time wherever they differ.
 */
bool password_matches(struct password_library *library, struct str hash, struct str password);

#endif
