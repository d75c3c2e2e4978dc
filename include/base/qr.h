#ifndef BASE_QR_H
#define BASE_QR_H

#include "base/buf.h"

/*
 * QR codes (ISO/IEC 18004) for short texts: byte mode, error correction level L, versions 1 to 6. Pure:
 * a text goes in, a square of modules comes out.
 */

enum {
	QR_SIZE_MAX = 41, /* modules a side, of version 6 */
	QR_TEXT_MAX = 134 /* bytes that version 6 holds */
};

struct qr {
	unsigned size;                          /* modules a side, without the quiet zone */
	uint8_t dark[QR_SIZE_MAX][QR_SIZE_MAX]; /* by row and column; 1: dark */
};

/* The smallest code that holds the text. False: more than QR_TEXT_MAX bytes. */
bool qr_encode(struct str text, struct qr *out);

/*
 * Lines of half blocks (UTF-8), two rows of modules to a line, with the quiet zone of four modules that
 * readers need, in colours of their own: black on white, whatever the terminal's are.
 */
void qr_print(const struct qr *qr, struct buf *out);

#endif
