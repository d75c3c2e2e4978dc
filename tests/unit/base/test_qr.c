#include "base/qr.h"

#include "base/sha1.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

/* Codes as another encoder draws them: `qrencode -8 -l L -m 0 -t ASCIIi`. Each was read back by zbarimg. */
static const char version_1[] = // "http://10.0.0.1/"
        "#######....#..#######\n"
        "#.....#..##.#.#.....#\n"
        "#.###.#..#.##.#.###.#\n"
        "#.###.#.#.#.#.#.###.#\n"
        "#.###.#.#.##..#.###.#\n"
        "#.....#...#.#.#.....#\n"
        "#######.#.#.#.#######\n"
        ".........##..........\n"
        "##...###.#.#....##...\n"
        "#.##.#.#.##...##.###.\n"
        "..###.#.##..##.#..##.\n"
        ".#.#.#....#.#..####..\n"
        "##..#.##...##......#.\n"
        "........####....###.#\n"
        "#######.#...#..#..##.\n"
        "#.....#.###...##.##.#\n"
        "#.###.#....#..#.##...\n"
        "#.###.#...#..##.#.##.\n"
        "#.###.#..#.###.######\n"
        "#.....#.#.#.#...#.#..\n"
        "#######.#...######.#.\n";

static const char version_2[] = // "http://10.0.0.5:8080/"
        "#######..#..#..##.#######\n"
        "#.....#...####.#..#.....#\n"
        "#.###.#.###.#.#.#.#.###.#\n"
        "#.###.#..###....#.#.###.#\n"
        "#.###.#...#..#.##.#.###.#\n"
        "#.....#..#...#.#..#.....#\n"
        "#######.#.#.#.#.#.#######\n"
        "........###.##...........\n"
        "###.#####.##.###.##...#..\n"
        "..#..#..#.##.##..###....#\n"
        "#..##.#..#....#..#..#.###\n"
        "####...#...#.#.#####...#.\n"
        ".#..#.#.#...###...##.#.##\n"
        "....#....#.##.....##.#..#\n"
        "#.#..#####.###..#.###.###\n"
        ".#.#...##.#.###.##.#.#.#.\n"
        "#...####.###..########...\n"
        "........##.#...##...#####\n"
        "#######.###..#.##.#.#..##\n"
        "#.....#.#..#...##...##...\n"
        "#.###.#.#...#...#####..##\n"
        "#.###.#....###.#.#..#.#..\n"
        "#.###.#.#.###.#.#...##..#\n"
        "#.....#.#...###.#.#.##.#.\n"
        "#######.#.##..#.#..#...##\n";

/* A text of so many bytes. */
static struct str text_of(size_t len)
{
	static const char piece[] =
	        "http://192.168.1.17:8080/abcdefghijklmnopqrstuvwxyz0123456789-._~";
	static char room[256];

	for (size_t i = 0; i < len; i++)
		room[i] = piece[i % (sizeof piece - 1)];
	return str_make(room, len);
}

/* The code as lines of '#' and '.'. */
static size_t draw(const struct qr *qr, char out[QR_SIZE_MAX * (QR_SIZE_MAX + 1) + 1])
{
	size_t len = 0;

	for (unsigned i = 0; i < qr->size; i++) {
		for (unsigned j = 0; j < qr->size; j++)
			out[len++] = qr->dark[i][j] ? '#' : '.';
		out[len++] = '\n';
	}
	out[len] = '\0';
	return len;
}

Test(qr, small_codes_are_the_known_ones)
{
	char drawn[QR_SIZE_MAX * (QR_SIZE_MAX + 1) + 1];
	struct qr qr;

	cr_assert(qr_encode(STR_OF("http://10.0.0.1/"), &qr));
	draw(&qr, drawn);
	cr_expect(eq(str, drawn, (char *)version_1));
	cr_assert(qr_encode(STR_OF("http://10.0.0.5:8080/"), &qr));
	draw(&qr, drawn);
	cr_expect(eq(str, drawn, (char *)version_2));
}

/* The same of larger ones, by the SHA-1 of the lines. */
static const struct {
	size_t len;
	unsigned size;
	const char *digest;
} large[] = {
	{ 33, 29, "a937c7e6542f97aa129e448a8147e315c800cf40" },
	{ 60, 33, "4bd114f270ea0b16a1ceb777bdedc1e6555db3a9" },
	{ 78, 33, "7e61e09538da5c87b7f1d512765743ca5a269176" },
	{ 106, 37, "78fbefeff983459db9005a443b32b866d491d51d" },
	{ 107, 41, "a46e38f995433d727b8c4c9b763c99446ac2bc33" },
	{ 134, 41, "ba520fe9eb04cb6f98978498096464ff6e87e19a" },
};

Test(qr, larger_codes_are_the_known_ones)
{
	for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
		char drawn[QR_SIZE_MAX * (QR_SIZE_MAX + 1) + 1], hex[2 * SHA1_SIZE + 1];
		unsigned char digest[SHA1_SIZE];
		struct qr qr;

		cr_assert(qr_encode(text_of(large[i].len), &qr), "%zu", large[i].len);
		cr_expect(eq(uint, qr.size, large[i].size), "%zu bytes", large[i].len);
		sha1(str_make(drawn, draw(&qr, drawn)), digest);
		for (size_t k = 0; k < SHA1_SIZE; k++)
			snprintf(hex + 2 * k, 3, "%02x", digest[k]);
		cr_expect(eq(str, hex, (char *)large[i].digest), "%zu bytes", large[i].len);
	}
}

Test(qr, the_smallest_version_is_taken)
{
	static const struct {
		size_t most;
		unsigned size;
	} rows[] = { { 17, 21 }, { 32, 25 }, { 53, 29 }, { 78, 33 }, { 106, 37 }, { 134, 41 } };
	struct qr qr;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		cr_expect(qr_encode(text_of(rows[i].most), &qr));
		cr_expect(eq(uint, qr.size, rows[i].size), "%zu bytes", rows[i].most);
		cr_expect(eq(int, qr_encode(text_of(rows[i].most + 1), &qr), i < 5));
		cr_expect(i == 5 || qr.size == rows[i].size + 4);
	}
	cr_expect(qr_encode(STR_OF(""), &qr));
}

Test(qr, it_is_drawn_with_half_blocks_and_a_quiet_zone)
{
	char room[16384];
	struct buf text = buf_fixed(room, sizeof room);
	struct str rest, line;
	unsigned lines = 0;
	struct qr qr;

	cr_assert(qr_encode(STR_OF("http://10.0.0.1/"), &qr));
	qr_print(&qr, &text);
	cr_assert(not(text.failed));
	for (rest = buf_str(&text); rest.len > 0; lines++) {
		unsigned columns = 0;

		line = str_cut(&rest, '\n');
		cr_expect(str_starts_with(line, STR_OF("\033[40;97m")));
		cr_expect(str_ends_with(line, STR_OF("\033[0m")));
		for (size_t i = 8; i + 4 < line.len; i++) /* without what continues a character */
			columns += ((unsigned char)line.ptr[i] & 0xc0) != 0x80;
		cr_expect(eq(uint, columns, 29u), "line %u", lines);
	}
	cr_expect(eq(uint, lines, 15u), "four modules around 21, two to a line");
	/* The first line is all quiet zone, and the third shows the finders' upper edges. */
	cr_expect(str_starts_with(buf_str(&text),
	                          STR_OF("\033[40;97m\u2588\u2588\u2588\u2588\u2588")));
}
