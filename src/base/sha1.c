#include "base/sha1.h"

enum { SHA1_BLOCK = 64 };

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static uint32_t load(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store(unsigned char *p, uint32_t x)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (unsigned char)(x >> (24 - 8 * i));
}

/* The function and the constant of round i (FIPS 180-4 sections 4.1.1 and 4.2.1). */
static uint32_t mix(unsigned i, uint32_t b, uint32_t c, uint32_t d)
{
	if (i < 20)
		return ((b & c) | (~b & d)) + 0x5a827999u;
	if (i < 40)
		return (b ^ c ^ d) + 0x6ed9eba1u;
	if (i < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
	return (b ^ c ^ d) + 0xca62c1d6u;
}

static void sha1_block(uint32_t h[5], const unsigned char block[SHA1_BLOCK])
{
	uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], w[80];

	for (unsigned i = 0; i < 16; i++)
		w[i] = load(block + 4 * (size_t)i);
	for (unsigned i = 16; i < 80; i++)
		w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (unsigned i = 0; i < 80; i++) {
		uint32_t next = rotate(a, 5) + mix(i, b, c, d) + e + w[i];

		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = next;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void sha1(struct str data, unsigned char digest[SHA1_SIZE])
{
	uint32_t h[5] = { 0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u };
	unsigned char last[2 * SHA1_BLOCK] = { 0 };
	size_t whole = data.len / SHA1_BLOCK * SHA1_BLOCK, rest = data.len - whole, size;
	uint64_t bits = (uint64_t)data.len * 8;

	for (size_t i = 0; i < whole; i += SHA1_BLOCK)
		sha1_block(h, (const unsigned char *)data.ptr + i);
	if (rest > 0)
		memcpy(last, data.ptr + whole, rest);
	last[rest] = 0x80;
	size = rest + 9 <= SHA1_BLOCK ? SHA1_BLOCK : sizeof last;
	store(last + size - 8, (uint32_t)(bits >> 32));
	store(last + size - 4, (uint32_t)bits);
	for (size_t i = 0; i < size; i += SHA1_BLOCK)
		sha1_block(h, last + i);
	for (size_t i = 0; i < 5; i++)
		store(digest + 4 * i, h[i]);
}
