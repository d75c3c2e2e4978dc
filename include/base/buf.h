#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/arena.h"
#include "base/str.h"

#include <stdarg.h>

/*
 * The one way text is put together: an append buffer that never writes past its end. What does not fit
 * sets `failed`, which stays set, so that a whole run of appends is checked once at its end. With an
 * arena the buffer grows (the old bytes stay in the arena); without one its size is fixed.
 */
struct buf {
	char *ptr;
	size_t len, cap;
	struct arena *arena;
	bool failed;
};

static inline struct buf buf_fixed(char *memory, size_t cap)
{
	return (struct buf){ .ptr = memory, .cap = cap };
}

/* Grows in the arena; `expect` bytes are reserved at once. */
struct buf buf_in_arena(struct arena *arena, size_t expect);

static inline struct str buf_str(const struct buf *b)
{
	return (struct str){ b->ptr, b->len };
}

/* Room for n more bytes at ptr + len, or NULL (and failed is set). The caller adds to len. */
char *buf_room(struct buf *b, size_t n);

void buf_add(struct buf *b, struct str s);
void buf_byte(struct buf *b, char c);

/* Inline, so that the length of a literal is known to the compiler. */
static inline void buf_text(struct buf *b, const char *text)
{
	buf_add(b, str_from(text));
}

void buf_u64(struct buf *b, uint64_t n);

/* Decimal, padded with zeros to at least `width` digits (at most 20). */
void buf_u64_pad(struct buf *b, uint64_t n, unsigned width);

/* Lower-case hexadecimal without leading zeros. */
void buf_hex(struct buf *b, uint64_t n);

/* Lower-case hexadecimal, the lowest `width` digits. */
void buf_hex_pad(struct buf *b, uint64_t n, unsigned width);

/* As printf. Needs room for one byte more than it adds: printf ends what it writes in NUL. */
void buf_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_format_v(struct buf *b, const char *format, va_list args)
        __attribute__((format(printf, 2, 0)));

#endif
