#include "base/buf.h"

#include <stdio.h>

struct buf buf_in_arena(struct arena *arena, size_t expect)
{
	struct buf b = { .arena = arena, .cap = expect };

	b.ptr = arena_alloc(arena, expect);
	if (!b.ptr) {
		b.cap = 0;
		b.failed = true;
	}
	return b;
}

/* At least doubles, so that appending n bytes one by one copies O(n). */
static bool buf_grow(struct buf *b, size_t n)
{
	size_t cap = b->cap * 2 > b->len + n ? b->cap * 2 : b->len + n;
	char *room = b->len + n < n ? NULL : arena_alloc(b->arena, cap);

	if (!room)
		return false;
	if (b->len > 0)
		memcpy(room, b->ptr, b->len);
	b->ptr = room;
	b->cap = cap;
	return true;
}

char *buf_room(struct buf *b, size_t n)
{
	if (!b->failed && n <= b->cap - b->len)
		return b->ptr + b->len;
	if (b->failed || !b->arena || !buf_grow(b, n)) {
		b->failed = true;
		return NULL;
	}
	return b->ptr + b->len;
}

void buf_add(struct buf *b, struct str s)
{
	char *room = b->ptr + b->len;

	if (s.len == 0)
		return;
	if ((b->failed || s.len > b->cap - b->len) && !(room = buf_room(b, s.len)))
		return;
	memcpy(room, s.ptr, s.len);
	b->len += s.len;
}

void buf_byte(struct buf *b, char c)
{
	char *room = buf_room(b, 1);

	if (!room)
		return;
	*room = c;
	b->len++;
}

/* Two digits a step: half the divisions. */
void buf_u64_pad(struct buf *b, uint64_t n, unsigned width)
{
	static const char pairs[] = "00010203040506070809"
	                            "10111213141516171819"
	                            "20212223242526272829"
	                            "30313233343536373839"
	                            "40414243444546474849"
	                            "50515253545556575859"
	                            "60616263646566676869"
	                            "70717273747576777879"
	                            "80818283848586878889"
	                            "90919293949596979899";
	char digits[20];
	unsigned at = sizeof digits;

	for (; n >= 10; n /= 100)
		memcpy(digits + (at -= 2), pairs + n % 100 * 2, 2);
	if (n > 0 || at == sizeof digits)
		digits[--at] = (char)('0' + n);
	while (sizeof digits - at < width && at > 0)
		digits[--at] = '0';
	buf_add(b, str_make(digits + at, sizeof digits - at));
}

void buf_u64(struct buf *b, uint64_t n)
{
	buf_u64_pad(b, n, 1);
}

void buf_hex(struct buf *b, uint64_t n)
{
	char digits[16];
	unsigned at = sizeof digits;

	do {
		digits[--at] = "0123456789abcdef"[n & 15];
		n >>= 4;
	} while (n > 0);
	buf_add(b, str_make(digits + at, sizeof digits - at));
}

void buf_hex_pad(struct buf *b, uint64_t n, unsigned width)
{
	char *room = buf_room(b, width);

	if (!room)
		return;
	for (unsigned i = width; i-- > 0; n >>= 4)
		room[i] = "0123456789abcdef"[n & 15];
	b->len += width;
}

void buf_format_v(struct buf *b, const char *format, va_list args)
{
	va_list again;
	char *room;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	/* vsnprintf writes a NUL too: one byte more than is kept. */
	if (n < 0 || !(room = buf_room(b, (size_t)n + 1))) {
		b->failed = true;
	} else {
		vsnprintf(room, (size_t)n + 1, format, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_format(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_format_v(b, format, args);
	va_end(args);
}
