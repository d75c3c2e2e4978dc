#ifndef HTTP_SCAN_H
#define HTTP_SCAN_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/*
 * The first byte that is DEL or not above `low`, a space or a byte below it; `end` where there is none.
 * Sixteen at a time, as values are the bulk of a head.
 */
static inline const char *scan_text(const char *at, const char *end, unsigned char low)
{
#ifdef __SSE2__
	const __m128i lows = _mm_set1_epi8((char)low), del = _mm_set1_epi8(0x7f);

	for (; end - at >= 16; at += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
		__m128i is_low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, lows), bytes);
		int found = _mm_movemask_epi8(_mm_or_si128(is_low, _mm_cmpeq_epi8(bytes, del)));

		if (found)
			return at + __builtin_ctz((unsigned)found);
	}
#endif
	while (at < end && (unsigned char)*at > low && *at != 0x7f)
		at++;
	return at;
}

#endif
