#include "base/qr.h"

#include <stdlib.h>

enum {
	QR_VERSIONS = 6,
	QR_DATA_MAX = 136, /* codewords of version 6 before error correction */
	QR_EC_MAX = 26,    /* of one block */
	QR_ALL_MAX = 172,
	QR_MASKS = 8,
	QR_QUIET = 4,
	QR_FORMAT_LEVEL = 1 /* L, as the format bits name it */
};

/* Level L. Versions 1 to 5 are one block, 6 is two equal ones; none of them states its version. */
static const struct qr_version {
	uint8_t data, ec, blocks; /* codewords in all; of error correction in a block */
} qr_versions[QR_VERSIONS + 1] = {
	[1] = { 19, 7, 1 },  [2] = { 34, 10, 1 },  [3] = { 55, 15, 1 },
	[4] = { 80, 20, 1 }, [5] = { 108, 26, 1 }, [6] = { 136, 18, 2 },
};

/* What is drawn: the code, and which modules are not for data. */
struct qr_canvas {
	struct qr *qr;
	uint8_t fixed[QR_SIZE_MAX][QR_SIZE_MAX];
};

/* ---- error correction: Reed and Solomon's over GF(256) ---------------------------------------------------- */

/* The product modulo x^8 + x^4 + x^3 + x^2 + 1. */
static uint8_t qr_multiply(uint8_t a, uint8_t b)
{
	unsigned product = 0;

	for (int bit = 7; bit >= 0; bit--) {
		product = (product << 1) ^ ((product >> 7) * 0x11d);
		product ^= ((unsigned)(b >> bit) & 1) * a;
	}
	return (uint8_t)product;
}

/* The coefficients of (x - 1)(x - 2)(x - 4)…, the highest, which is 1, left out. */
static void qr_generator(unsigned degree, uint8_t out[QR_EC_MAX])
{
	uint8_t root = 1;

	memset(out, 0, QR_EC_MAX);
	out[degree - 1] = 1;
	for (unsigned i = 0; i < degree; i++) {
		for (unsigned k = 0; k < degree; k++) {
			out[k] = qr_multiply(out[k], root);
			if (k + 1 < degree)
				out[k] ^= out[k + 1];
		}
		root = qr_multiply(root, 2);
	}
}

/* The remainder of the data, as a polynomial, divided by the generator. */
static void qr_remainder(const uint8_t *data, unsigned len, unsigned degree, uint8_t out[QR_EC_MAX])
{
	uint8_t generator[QR_EC_MAX];

	qr_generator(degree, generator);
	memset(out, 0, QR_EC_MAX);
	for (unsigned i = 0; i < len; i++) {
		uint8_t factor = data[i] ^ out[0];

		memmove(out, out + 1, degree - 1);
		out[degree - 1] = 0;
		for (unsigned k = 0; k < degree; k++)
			out[k] ^= qr_multiply(generator[k], factor);
	}
}

/* ---- codewords ------------------------------------------------------------------------------------------- */

/* Mode (4 bits: 0100), length (8 bits), bytes, terminator; then the pad that the standard names. */
static void qr_pack(struct str text, unsigned room, uint8_t data[QR_DATA_MAX])
{
	unsigned used = (unsigned)text.len + 2;

	memset(data, 0, QR_DATA_MAX);
	data[0] = (uint8_t)(0x40 | text.len >> 4);
	data[1] = (uint8_t)(text.len << 4);
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = (uint8_t)text.ptr[i];

		data[i + 1] |= byte >> 4;
		data[i + 2] = (uint8_t)(byte << 4);
	}
	for (unsigned i = used; i < room; i++)
		data[i] = (i - used) % 2 == 0 ? 0xec : 0x11;
}

/* The blocks' codewords take turns, first those of the data, then those of error correction. How many. */
static unsigned qr_interleave(const struct qr_version *v, const uint8_t data[QR_DATA_MAX],
                              uint8_t all[QR_ALL_MAX])
{
	unsigned len = v->data / v->blocks;
	uint8_t ec[QR_EC_MAX];

	for (unsigned b = 0; b < v->blocks; b++) {
		const uint8_t *block = data + b * len;

		qr_remainder(block, len, v->ec, ec);
		for (unsigned i = 0; i < len; i++)
			all[i * v->blocks + b] = block[i];
		for (unsigned i = 0; i < v->ec; i++)
			all[v->data + i * v->blocks + b] = ec[i];
	}
	return v->data + (unsigned)v->ec * v->blocks;
}

/* ---- what is the same in every code ------------------------------------------------------------------------ */

static void qr_set(struct qr_canvas *c, unsigned row, unsigned column, bool dark)
{
	c->qr->dark[row][column] = dark;
	c->fixed[row][column] = 1;
}

/* Rings around a centre, up to `reach` away; parts outside of the code are cut off. */
static void qr_rings(struct qr_canvas *c, unsigned row, unsigned column, int reach,
                     unsigned light_rings)
{
	for (int y = -reach; y <= reach; y++)
		for (int x = -reach; x <= reach; x++) {
			unsigned r = row + (unsigned)y, k = column + (unsigned)x;
			unsigned ring = (unsigned)(abs(x) > abs(y) ? abs(x) : abs(y));

			if (r < c->qr->size && k < c->qr->size)
				qr_set(c, r, k, !(light_rings >> ring & 1));
		}
}

/* Three finders (their third ring is light inside, the fifth around them), timing, one alignment pattern. */
static void qr_patterns(struct qr_canvas *c)
{
	enum { FINDER_LIGHT = 1 << 2 | 1 << 4, ALIGNMENT_LIGHT = 1 << 1 };
	unsigned last = c->qr->size - 1;

	for (unsigned i = 8; i < last - 7; i++) {
		qr_set(c, 6, i, i % 2 == 0);
		qr_set(c, i, 6, i % 2 == 0);
	}
	qr_rings(c, 3, 3, 4, FINDER_LIGHT);
	qr_rings(c, 3, last - 3, 4, FINDER_LIGHT);
	qr_rings(c, last - 3, 3, 4, FINDER_LIGHT);
	if (c->qr->size > 21)
		qr_rings(c, last - 6, last - 6, 2, ALIGNMENT_LIGHT);
	qr_set(c, last - 7, 8, true);
}

/* Level and mask with ten bits of a BCH code behind them, twice. */
static void qr_format(struct qr_canvas *c, unsigned mask)
{
	unsigned data = QR_FORMAT_LEVEL << 3 | mask, rest = data, bits, last = c->qr->size - 1;

	for (int i = 0; i < 10; i++)
		rest = (rest << 1) ^ ((rest >> 9) * 0x537);
	bits = (data << 10 | rest) ^ 0x5412;
	for (unsigned i = 0; i < 15; i++) {
		bool dark = bits >> i & 1;

		/* Down the column beside the first finder, and along the row below it, timing left out. */
		if (i < 8)
			qr_set(c, i < 6 ? i : i + 1, 8, dark);
		else
			qr_set(c, 8, i == 8 ? 7 : 14 - i, dark);
		if (i < 8)
			qr_set(c, 8, last - i, dark);
		else
			qr_set(c, last - 14 + i, 8, dark);
	}
}

/* ---- data ------------------------------------------------------------------------------------------------- */

/* Bit by bit in two columns at a time, up and down in turns, from the right; column 6 is timing. */
static void qr_place(struct qr_canvas *c, const uint8_t *all, unsigned count)
{
	unsigned size = c->qr->size, bit = 0;

	for (unsigned right = size - 1; right < size; right -= 2) {
		if (right == 6)
			right = 5;
		for (unsigned step = 0; step < 2 * size; step++) {
			bool upward = ((right + 1) & 2) == 0;
			unsigned column = right - step % 2;
			unsigned row = upward ? size - 1 - step / 2 : step / 2;

			if (c->fixed[row][column] || bit >= 8 * count)
				continue;
			c->qr->dark[row][column] = all[bit / 8] >> (7 - bit % 8) & 1;
			bit++;
		}
	}
}

static bool qr_masked(unsigned mask, unsigned i, unsigned j)
{
	switch (mask) {
	case 0:
		return (i + j) % 2 == 0;
	case 1:
		return i % 2 == 0;
	case 2:
		return j % 3 == 0;
	case 3:
		return (i + j) % 3 == 0;
	case 4:
		return (i / 2 + j / 3) % 2 == 0;
	case 5:
		return i * j % 2 + i * j % 3 == 0;
	case 6:
		return (i * j % 2 + i * j % 3) % 2 == 0;
	default:
		return ((i + j) % 2 + i * j % 3) % 2 == 0;
	}
}

/* Done a second time it is undone. */
static void qr_apply_mask(struct qr_canvas *c, unsigned mask)
{
	for (unsigned i = 0; i < c->qr->size; i++)
		for (unsigned j = 0; j < c->qr->size; j++)
			if (!c->fixed[i][j] && qr_masked(mask, i, j))
				c->qr->dark[i][j] ^= 1;
}

/* ---- which mask reads best --------------------------------------------------------------------------------- */

static bool qr_at(const struct qr *qr, bool is_column, unsigned line, unsigned i)
{
	return is_column ? qr->dark[i][line] : qr->dark[line][i];
}

/* Runs of five and more, and what looks like a finder with four light modules beside it. */
static unsigned qr_line_penalty(const struct qr *qr, bool is_column, unsigned line)
{
	unsigned penalty = 0, run = 0, window = 0;

	for (unsigned i = 0; i < qr->size + QR_QUIET; i++) {
		bool dark = i < qr->size && qr_at(qr, is_column, line, i);

		window = (window << 1 | dark) & 0x7ff;
		if (window == 0x05d || window == 0x5d0)
			penalty += 40;
		if (i >= qr->size)
			continue;
		run = i > 0 && dark == qr_at(qr, is_column, line, i - 1) ? run + 1 : 1;
		penalty += run == 5 ? 3 : run > 5;
	}
	return penalty;
}

static unsigned qr_penalty(const struct qr *qr)
{
	unsigned penalty = 0, dark = 0, all = qr->size * qr->size, off;

	for (unsigned i = 0; i < qr->size; i++) {
		penalty += qr_line_penalty(qr, false, i) + qr_line_penalty(qr, true, i);
		for (unsigned j = 0; j < qr->size; j++) {
			int sum;

			dark += qr->dark[i][j];
			if (i == 0 || j == 0)
				continue;
			sum = qr->dark[i][j] + qr->dark[i - 1][j] + qr->dark[i][j - 1] +
			      qr->dark[i - 1][j - 1];
			penalty += sum == 0 || sum == 4 ? 3 : 0;
		}
	}
	off = 20 * dark > 10 * all ? 20 * dark - 10 * all : 10 * all - 20 * dark;
	/* Ten for each whole twentieth that the dark part is away from a half. */
	for (; off >= all; off -= all)
		penalty += 10;
	return penalty;
}

/* ---- the whole ---------------------------------------------------------------------------------------------- */

static void qr_choose_mask(struct qr_canvas *c)
{
	unsigned best = 0, least = ~0u;

	for (unsigned mask = 0; mask < QR_MASKS; mask++) {
		unsigned penalty;

		qr_apply_mask(c, mask);
		qr_format(c, mask);
		penalty = qr_penalty(c->qr);
		qr_apply_mask(c, mask);
		if (penalty < least) {
			least = penalty;
			best = mask;
		}
	}
	qr_apply_mask(c, best);
	qr_format(c, best);
}

bool qr_encode(struct str text, struct qr *out)
{
	struct qr_canvas canvas = { .qr = out };
	uint8_t data[QR_DATA_MAX], all[QR_ALL_MAX] = { 0 };
	unsigned version = 1, count;

	/* Mode and length take a codeword and a half, the terminator the other half. */
	while (version <= QR_VERSIONS && text.len + 2 > qr_versions[version].data)
		version++;
	if (version > QR_VERSIONS)
		return false;
	memset(out, 0, sizeof *out);
	out->size = 17 + 4 * version;
	qr_pack(text, qr_versions[version].data, data);
	count = qr_interleave(&qr_versions[version], data, all);
	qr_patterns(&canvas);
	qr_format(&canvas, 0); /* its place is not for data */
	qr_place(&canvas, all, count);
	qr_choose_mask(&canvas);
	return true;
}

/* Rows and columns count from the quiet zone's edge. */
static bool qr_is_dark(const struct qr *qr, unsigned row, unsigned column)
{
	row -= QR_QUIET;
	column -= QR_QUIET;
	return row < qr->size && column < qr->size && qr->dark[row][column];
}

void qr_print(const struct qr *qr, struct buf *out)
{
	/* What is drawn is the light part, in bright white on black. */
	static const char *const blocks[] = { " ", "\u2584", "\u2580", "\u2588" };
	unsigned side = qr->size + 2 * QR_QUIET;

	for (unsigned row = 0; row < side; row += 2) {
		buf_text(out, "\033[40;97m");
		for (unsigned column = 0; column < side; column++) {
			bool upper = !qr_is_dark(qr, row, column);
			bool lower = row + 1 < side && !qr_is_dark(qr, row + 1, column);

			buf_text(out, blocks[2 * upper + lower]);
		}
		buf_text(out, "\033[0m\n");
	}
}
