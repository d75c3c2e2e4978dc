#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A slice of bytes: a pointer and a length, passed by value. It owns nothing and need not end in NUL;
 * whoever made the bytes says how long they live. The empty slice may have a NULL pointer.
 */
struct str {
	const char *ptr;
	size_t len;
};

/* The slice of a string literal, also usable in static initialisers. */
#define STR(literal)                           \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}
#define STR_OF(literal) ((struct str)STR(literal))

/* For printf's "%.*s". */
#define STR_ARG(s) (int)(s).len, (s).ptr

static inline struct str str_make(const char *ptr, size_t len)
{
	return (struct str){ ptr, len };
}

/* The slice of a NUL-terminated string; NULL gives the empty slice. */
static inline struct str str_from(const char *text)
{
	return (struct str){ text, text ? strlen(text) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* The bytes from index `from` on; empty where that lies past the end. */
static inline struct str str_from_index(struct str s, size_t from)
{
	return from >= s.len ? (struct str){ s.ptr ? s.ptr + s.len : NULL, 0 }
	                     : (struct str){ s.ptr + from, s.len - from };
}

/* At most the first n bytes. */
static inline struct str str_head(struct str s, size_t n)
{
	return (struct str){ s.ptr, n < s.len ? n : s.len };
}

/* ASCII only and independent of the locale, as protocol text wants it. */
static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline char ascii_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

static inline bool ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The value of a hexadecimal digit, or -1. */
static inline int ascii_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Equal but for the case of ASCII letters. */
bool str_eq_nocase(struct str a, struct str b);

bool str_starts_with(struct str s, struct str prefix);
bool str_ends_with(struct str s, struct str suffix);

/* memcmp order, a prefix before what it begins: for qsort and binary search. */
int str_compare(struct str a, struct str b);

/* The index of the first (last) byte c, or s.len where there is none. */
size_t str_find(struct str s, char c);
size_t str_find_last(struct str s, char c);

/* Without spaces and tabs at both ends: the OWS of RFC 9110 section 5.6.3. */
struct str str_trim(struct str s);

/*
 * Takes the bytes before the first sep off *rest and returns them; *rest is left behind the separator.
 * Without a separator it returns everything and leaves *rest empty with a NULL pointer.
 */
struct str str_cut(struct str *rest, char sep);

/* A decimal number of digits only (1*DIGIT). False where there are none, others, or an overflow. */
bool str_parse_u64(struct str s, uint64_t *out);

/*
 * How many single-character insertions, deletions, replacements and swaps of neighbours turn a into b;
 * at most `limit` + 1. For "did you mean". Slices over 63 bytes count as too far apart.
 */
unsigned str_distance(struct str a, struct str b, unsigned limit);

#endif
