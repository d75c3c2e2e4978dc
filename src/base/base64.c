#include "base/base64.h"

/* The value of a character of the alphabet, or -1. */
static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

static size_t base64_padding(struct str text)
{
	size_t n = 0;

	while (n < 2 && text.ptr[text.len - 1 - n] == '=')
		n++;
	return n;
}

bool base64_decode(struct str text, char *out, size_t cap, size_t *len)
{
	size_t padding = text.len == 0 ? 0 : base64_padding(text);
	uint32_t bits = 0;
	unsigned have = 0;

	*len = 0;
	if (text.len % 4 != 0 || text.len / 4 * 3 - padding > cap)
		return false;
	for (size_t i = 0; i < text.len - padding; i++) {
		int digit = base64_digit(text.ptr[i]);

		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		out[(*len)++] = (char)(bits >> have);
		bits &= (1u << have) - 1;
	}
	return bits == 0;
}
