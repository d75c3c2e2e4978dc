#include "base/password.h"

#include "base/base64.h"
#include "base/sha1.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/random.h>

/* "$2b$12$", 22 characters of salt, 31 of hash. */
enum { PASSWORD_BCRYPT = 60 };

/* libxcrypt's struct crypt_data has 32 KiB, that of old C libraries four times as much. */
enum { PASSWORD_DATA = 256 * 1024 };

/* ---- libcrypt ------------------------------------------------------------------------------------------ */

/* ISO C knows no conversion between pointers to data and to functions; POSIX says that they look alike. */
static void password_symbol(void *handle, const char *name, void *target)
{
	void *symbol = dlsym(handle, name);

	memcpy(target, &symbol, sizeof symbol);
}

const char *password_library_open(struct password_library *library)
{
	static const char *const names[] = { "libcrypt.so.1", "libcrypt.so.2" };

	*library = (struct password_library){ 0 };
	for (size_t i = 0; i < 2 && !library->handle; i++)
		library->handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	/* Without one it may be part of libc, as musl has it. */
	password_symbol(library->handle ? library->handle : RTLD_DEFAULT, "crypt_r",
	                &library->crypt);
	if (library->handle)
		password_symbol(library->handle, "crypt_checksalt", &library->check);
	if (library->crypt) {
		library->data = calloc(1, PASSWORD_DATA);
		if (library->data)
			return NULL;
	}
	password_library_close(library);
	return library->crypt ? "out of memory"
	                      : "libcrypt.so.1 is not on this system (Debian's package libcrypt1)";
}

void password_library_close(struct password_library *library)
{
	free(library->data);
	library->data = NULL;
	if (library->handle)
		dlclose(library->handle);
	library->handle = NULL;
}

/* ---- kinds of hashes ----------------------------------------------------------------------------------- */

/* What a hash may begin with, and how long it is. fault: why it is refused; NULL: it is accepted where crypt knows it. */
static const struct {
	struct str prefix;
	const char *fault;
	size_t len; /* 0: any */
} password_kinds[] = {
	{ STR("{SHA}"), NULL, 0 },
	{ STR("{"), "of a kind that is not known here", 0 },
	{ STR("$apr1$"), "of Apache's own kind $apr1$, which crypt(3) does not know", 0 },
	{ STR("$1$"), NULL, 0 },
	{ STR("$2a$"), NULL, PASSWORD_BCRYPT },
	{ STR("$2b$"), NULL, PASSWORD_BCRYPT },
	{ STR("$2y$"), NULL, PASSWORD_BCRYPT },
	{ STR("$5$"), NULL, 0 },
	{ STR("$6$"), NULL, 0 },
	{ STR("$7$"), NULL, 0 },
	{ STR("$y$"), NULL, 0 },
	{ STR("$gy$"), NULL, 0 },
	{ STR("$"), "of a kind that is not known here", 0 },
};

enum { PASSWORD_KINDS = sizeof password_kinds / sizeof *password_kinds };

static bool password_is_sha(struct str hash)
{
	return str_starts_with(hash, STR_OF("{SHA}"));
}

/* The digest of a {SHA} line. */
static bool password_sha_digest(struct str hash, char digest[SHA1_SIZE])
{
	size_t len;

	return base64_decode(str_from_index(hash, 5), digest, SHA1_SIZE, &len) && len == SHA1_SIZE;
}

/* Thirteen characters of crypt's alphabet: what DES made of at most eight of the password's. */
static bool password_looks_like_des(struct str hash)
{
	if (hash.len != 13)
		return false;
	for (size_t i = 0; i < hash.len; i++)
		if (!ascii_is_alpha(hash.ptr[i]) && !ascii_is_digit(hash.ptr[i]) &&
		    hash.ptr[i] != '.' && hash.ptr[i] != '/')
			return false;
	return true;
}

/* crypt_checksalt() looks at the setting alone and is quick. 1: invalid, 2: compiled out. */
static const char *password_crypt_fault(const struct password_library *library, struct str hash)
{
	char text[PASSWORD_HASH_MAX + 1];
	int verdict;

	if (!library->check)
		return NULL;
	memcpy(text, hash.ptr, hash.len);
	text[hash.len] = '\0';
	verdict = library->check(text);
	return verdict == 1 || verdict == 2 ? "not one that crypt(3) of this system can check"
	                                    : NULL;
}

const char *password_hash_fault(const struct password_library *library, struct str hash)
{
	char digest[SHA1_SIZE];

	if (hash.len > PASSWORD_HASH_MAX || memchr(hash.ptr, '\0', hash.len))
		return "not a hash";
	if (password_is_sha(hash))
		return password_sha_digest(hash, digest) ? NULL : "a damaged {SHA} hash";
	for (size_t i = 0; i < PASSWORD_KINDS; i++) {
		if (!str_starts_with(hash, password_kinds[i].prefix))
			continue;
		if (password_kinds[i].fault)
			return password_kinds[i].fault;
		return password_kinds[i].len > 0 && password_kinds[i].len != hash.len
		               ? "a damaged bcrypt hash"
		               : password_crypt_fault(library, hash);
	}
	return password_looks_like_des(hash)
	               ? "stored in plain text, or by DES, which is as good as that"
	               : "stored in plain text";
}

/* ---- checking ------------------------------------------------------------------------------------------ */

/* Looks at every byte whatever it finds. */
static bool password_equal(const char *a, const char *b, size_t len)
{
	unsigned char difference = 0;

	for (size_t i = 0; i < len; i++)
		difference |= (unsigned char)(a[i] ^ b[i]);
	return difference == 0;
}

static bool password_matches_crypt(struct password_library *library, struct str hash,
                                   struct str password)
{
	char phrase[PASSWORD_MAX + 1], setting[PASSWORD_HASH_MAX + 1];
	const char *made;
	bool same;

	memcpy(phrase, password.ptr, password.len);
	phrase[password.len] = '\0';
	memcpy(setting, hash.ptr, hash.len);
	setting[hash.len] = '\0';
	made = library->crypt(phrase, setting, library->data);
	/* "*0" stands for a setting that crypt could not use, and could be a line's whole hash. */
	same = made && made[0] != '*' && strlen(made) == hash.len &&
	       password_equal(made, hash.ptr, hash.len);
	explicit_bzero(phrase, sizeof phrase);
	return same;
}

bool password_matches(struct password_library *library, struct str hash, struct str password)
{
	char wanted[SHA1_SIZE];
	unsigned char digest[SHA1_SIZE];

	if (password.len > PASSWORD_MAX || hash.len > PASSWORD_HASH_MAX ||
	    (password.len > 0 && memchr(password.ptr, '\0', password.len)))
		return false;
	if (!password_is_sha(hash))
		return password_matches_crypt(library, hash, password);
	sha1(password, digest);
	return password_sha_digest(hash, wanted) &&
	       password_equal((const char *)digest, wanted, SHA1_SIZE);
}

/* ---- making ---------------------------------------------------------------------------------------------- */

/* "$6$" and 16 characters of crypt's alphabet. */
static bool password_salt(char out[24])
{
	static const char alphabet[] =
	        "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	unsigned char random[16];

	if (getrandom(random, sizeof random, 0) != sizeof random)
		return false;
	memcpy(out, "$6$", 3);
	for (size_t i = 0; i < sizeof random; i++)
		out[3 + i] = alphabet[random[i] & 63];
	out[3 + sizeof random] = '\0';
	return true;
}

bool password_hash(struct password_library *library, struct str password,
                   char out[PASSWORD_HASH_MAX + 1])
{
	char phrase[PASSWORD_MAX + 1], setting[24];
	const char *made;
	bool good;

	if (password.len > PASSWORD_MAX || !password_salt(setting))
		return false;
	memcpy(phrase, password.ptr, password.len);
	phrase[password.len] = '\0';
	made = library->crypt(phrase, setting, library->data);
	good = made && made[0] != '*' && strlen(made) <= PASSWORD_HASH_MAX;
	if (good)
		memcpy(out, made, strlen(made) + 1);
	explicit_bzero(phrase, sizeof phrase);
	explicit_bzero(library->data, PASSWORD_DATA);
	return good;
}
