/*
 * Draws the film "A minute at sea": 1440 pictures and a stereo sound, each pixel and each
 * sample a function of time alone. To make it again:
 *
 *     cc -O2 -o make-film make-film.c -lm
 *     ./make-film sound.wav | ffmpeg -f rawvideo -pix_fmt rgb24 -s 640x360 -r 24 -i - \
 *         -i sound.wav -c:v libvpx-vp9 -b:v 0 -crf 34 -row-mt 1 -g 96 -c:a libopus -b:a 48k minute-at-sea.webm
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	WIDTH = 640,
	HEIGHT = 360,
	RATE = 24,
	SECONDS = 60,
	SAMPLES = 48000,
	WAVES = 4,
	STARS = 110
};

struct colour {
	double r, g, b;
};

struct look { /* of the sky at one moment, and how dark it is */
	double at;
	struct colour top, low, sea;
	double night;
};

static const struct look looks[] = {
	{ 0.00, { 58, 62, 120 }, { 248, 170, 116 }, { 66, 92, 132 }, 0.0 },
	{ 0.18, { 30, 36, 82 }, { 190, 106, 116 }, { 42, 58, 100 }, 0.5 },
	{ 0.36, { 8, 13, 34 }, { 32, 48, 84 }, { 20, 34, 62 }, 1.0 },
	{ 0.62, { 10, 17, 44 }, { 38, 58, 98 }, { 22, 40, 70 }, 1.0 },
	{ 0.82, { 56, 80, 136 }, { 216, 146, 140 }, { 58, 88, 128 }, 0.4 },
	{ 1.00, { 120, 178, 220 }, { 255, 222, 170 }, { 84, 140, 172 }, 0.0 },
};

static double clamp(double x)
{
	return x < 0 ? 0 : x > 1 ? 1 : x;
}

static double mix(double a, double b, double t)
{
	return a + (b - a) * t;
}

static struct colour blend(struct colour a, struct colour b, double t)
{
	return (struct colour){ mix(a.r, b.r, t), mix(a.g, b.g, t), mix(a.b, b.b, t) };
}

static struct look look_at(double t)
{
	size_t i = 0;
	while (i + 2 < sizeof looks / sizeof *looks && looks[i + 1].at < t)
		i++;
	const struct look *a = &looks[i], *b = a + 1;
	double u = clamp((t - a->at) / (b->at - a->at));
	u = u * u * (3 - 2 * u);
	return (struct look){ t, blend(a->top, b->top, u), blend(a->low, b->low, u),
		              blend(a->sea, b->sea, u), mix(a->night, b->night, u) };
}

/* A number in [0, 1) that depends on n alone. */
static double noise(uint32_t n)
{
	n = (n ^ 61) ^ (n >> 16);
	n *= 9;
	n ^= n >> 4;
	n *= 0x27d4eb2d;
	n ^= n >> 15;
	return n / 4294967296.0;
}

static double wave_top(int layer, double x, double seconds)
{
	double base = 226 + 30.0 * layer, size = 3 + 2.4 * layer, speed = 0.5 + 0.28 * layer;
	double k = 0.021 - 0.0035 * layer;
	return base + size * sin(k * x + speed * seconds + 2.1 * layer) +
	       0.45 * size * sin(2.3 * k * x - 0.7 * speed * seconds + layer);
}

static double coast_top(double x)
{
	double far = 214 - 26 * exp(-pow((x - 560) / 90, 2)) - 17 * exp(-pow((x - 455) / 60, 2));
	return far + 2 * sin(x / 17);
}

/* What covers a pixel with how much: discs and stars of the sky. */
static struct colour sky_at(double x, double y, double seconds, const struct look *look)
{
	double band = floor(clamp(y / 226) * 14) / 13;
	struct colour c = blend(look->top, look->low, band * band);
	double t = seconds / SECONDS;
	double sun_y = t < 0.5 ? 190 + 900 * t : 190 + 620 * (1 - t) - 40;
	double sun_x = t < 0.5 ? 170 : 400;
	double glow = exp(-hypot(x - sun_x, y - sun_y) / 70) * (1 - look->night) * 0.55;
	c = blend(c, (struct colour){ 255, 236, 190 }, glow);
	c = blend(c, (struct colour){ 255, 240, 205 }, clamp(24.5 - hypot(x - sun_x, y - sun_y)));
	double moon_x = mix(90, 560, t), moon_y = 300 - 240 * sin(3.14159 * clamp((t - 0.1) / 0.8));
	double moon = clamp(19.5 - hypot(x - moon_x, y - moon_y)) *
	              clamp(hypot(x - moon_x - 8, y - moon_y + 5) - 16.5);
	return blend(c, (struct colour){ 240, 240, 225 }, moon * clamp(look->night * 1.6));
}

static struct colour stars_over(struct colour c, double x, double y, double seconds, double night)
{
	if (night < 0.3 || y > 190)
		return c;
	for (uint32_t i = 0; i < STARS; i++) {
		double dx = x - WIDTH * noise(3 * i), dy = y - 190 * noise(3 * i + 1);
		if (dx * dx + dy * dy > 4)
			continue;
		double shine = 0.65 + 0.35 * sin(seconds * (0.4 + noise(3 * i + 2)) + i);
		c = blend(c, (struct colour){ 235, 240, 255 },
		          clamp(1.1 - hypot(dx, dy) * 0.8) * shine * clamp(night * 1.4 - 0.4));
	}
	return c;
}

/* The lighthouse's two beams turn once in ten seconds; seen from the side they swing and fade. */
static double beam_at(double x, double y, double seconds)
{
	double angle = seconds * 2 * 3.14159265 / 10, reach = cos(angle);
	double dx = x - 560, dy = y - 152;
	if (fabs(reach) < 0.05 || dx * reach < 0)
		return 0;
	double along = fabs(dx) / (fabs(reach) * 420), across = fabs(dy) / (3 + 0.11 * fabs(dx));
	return clamp(1 - along) * clamp(1 - across) * 0.55;
}

static struct colour land_over(struct colour c, double x, double y, const struct look *look)
{
	struct colour dark = blend(look->sea, (struct colour){ 10, 14, 28 }, 0.62);
	double half = 4 + (y - 156) * 0.06;
	double tower = y > 157 && y < 190 ? clamp(half - fabs(x - 560) + 0.5) : 0;
	double lamp = y > 147 && y <= 157 ? clamp(3.5 - fabs(x - 560)) : 0;
	double roof = y > 141 && y <= 147 ? clamp((y - 141) * 0.8 - fabs(x - 560) + 0.5) : 0;
	c = blend(c, dark, clamp(y - coast_top(x) + 0.5));
	c = blend(c, blend(dark, (struct colour){ 235, 232, 225 }, 0.35), tower);
	c = blend(c, dark, roof);
	return blend(c, (struct colour){ 255, 238, 180 }, lamp);
}

static struct colour sea_over(struct colour c, double x, double y, double seconds,
                              const struct look *look)
{
	double moon_x = mix(90, 560, seconds / SECONDS);
	for (int layer = 0; layer < WAVES; layer++) {
		double depth = y - wave_top(layer, x, seconds);
		if (depth < -1)
			continue;
		struct colour water = blend(look->sea, (struct colour){ 6, 14, 30 }, 0.17 * layer);
		double crest = clamp(1 - fabs(depth - 1) / 1.3) * 0.22;
		double glint =
		        exp(-pow((x - moon_x) / (16 + 9 * layer), 2)) * clamp(1 - depth / 9) * 0.4;
		water = blend(water, (struct colour){ 235, 240, 240 },
		              clamp(crest + glint * look->night));
		c = blend(c, water, clamp(depth + 0.5));
	}
	return c;
}

/* The clock: digits of seven segments, each in a box of 14 x 24. */
static double segment_at(int digit, double x, double y)
{
	static const uint8_t lit[] = { 0x7d, 0x50, 0x37, 0x57, 0x5a, 0x4f, 0x6f, 0x51, 0x7f, 0x5f };
	static const double boxes[7][4] = { { 2, 0, 12, 3 },   { 0, 10, 12, 13 }, { 2, 21, 12, 24 },
		                            { 0, 1, 3, 12 },   { 11, 1, 14, 12 }, { 0, 12, 3, 23 },
		                            { 11, 12, 14, 23 } };
	static const uint8_t bit_of[7] = { 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40 };
	for (int i = 0; i < 7; i++) {
		const double *b = boxes[i];
		if (lit[digit] & bit_of[i] && x >= b[0] && x < b[2] && y >= b[1] && y < b[3])
			return 1;
	}
	return 0;
}

static struct colour clock_over(struct colour c, double x, double y, double seconds)
{
	static const struct colour ink = { 245, 245, 235 };
	int whole = (int)seconds;
	double top = 318, lit = segment_at(whole / 10, x - 578, y - top) +
	                        segment_at(whole % 10, x - 598, y - top);
	c = blend(c, ink, clamp(lit) * 0.85);
	if (y >= 352 && y < 355 && x >= 24 && x < 616)
		c = blend(c, ink, x < 24 + 592 * seconds / SECONDS ? 0.8 : 0.18);
	return c;
}

static void picture_draw(uint8_t *out, double seconds)
{
	struct look look = look_at(seconds / SECONDS);
	for (int y = 0; y < HEIGHT; y++) {
		for (int x = 0; x < WIDTH; x++, out += 3) {
			struct colour c = sky_at(x, y, seconds, &look);
			c = stars_over(c, x, y, seconds, look.night);
			if (y < 230)
				c = blend(c, (struct colour){ 255, 242, 200 },
				          beam_at(x, y, seconds) * look.night);
			c = y < 235 ? land_over(c, x, y, &look) : c;
			c = sea_over(c, x, y, seconds, &look);
			c = clock_over(c, x, y, seconds);
			out[0] = (uint8_t)c.r, out[1] = (uint8_t)c.g, out[2] = (uint8_t)c.b;
		}
	}
}

/* Four slow chords, a bell every 1.25 s from their notes, and the sea. */
static double sound_at(double t, int side, double *sea)
{
	static const double chords[4][3] = { { 146.8, 220.0, 293.7 },
		                             { 130.8, 196.0, 329.6 },
		                             { 110.0, 164.8, 261.6 },
		                             { 98.0, 146.8, 246.9 } };
	double sum = 0, within = fmod(t, 7.5) / 7.5, swell = sin(3.14159265 * within);
	const double *chord = chords[(int)(t / 7.5) % 4];
	for (int i = 0; i < 3; i++)
		sum += 0.07 * swell * sin(6.2831853 * (chord[i] + 0.3 * side) * t + i);
	for (int back = 0; back < 4; back++) {
		int strike = (int)(t / 1.25) - back;
		double age = t - strike * 1.25;
		if (strike < 0 || noise((uint32_t)strike + 900) < 0.35)
			continue;
		double note =
		        2 *
		        chords[(int)(strike * 1.25 / 7.5) % 4][(int)(3 * noise((uint32_t)strike))];
		double pan = 0.6 + (side ? 0.4 : -0.4) * (2 * noise((uint32_t)strike + 50) - 1);
		sum += 0.13 * pan * exp(-age * 1.7) * clamp(age * 150) *
		       sin(6.2831853 * note * age);
	}
	*sea += 0.03 * (noise((uint32_t)(t * SAMPLES) * 2 + (uint32_t)side) - 0.5 - *sea);
	sum += *sea * (0.55 + 0.35 * sin(t * 0.9 + side));
	return sum * clamp(t / 2) * clamp((SECONDS - t) / 3);
}

static int sound_write(const char *path)
{
	FILE *f = fopen(path, "wb");
	if (!f)
		return -1;
	uint32_t bytes = SECONDS * SAMPLES * 4;
	uint32_t head[11] = { 0x46464952, bytes + 36,  0x45564157, 0x20746d66, 16,   0x00020001,
		              SAMPLES,    SAMPLES * 4, 0x00100004, 0x61746164, bytes };
	fwrite(head, 1, sizeof head, f);
	double sea[2] = { 0, 0 };
	for (int i = 0; i < SECONDS * SAMPLES; i++) {
		for (int side = 0; side < 2; side++) {
			int16_t s =
			        (int16_t)(32000 * sound_at((double)i / SAMPLES, side, &sea[side]));
			fwrite(&s, sizeof s, 1, f);
		}
	}
	return fclose(f);
}

int main(int argc, char **argv)
{
	static uint8_t picture[WIDTH * HEIGHT * 3];
	if (argc != 2 || sound_write(argv[1]) != 0)
		return fputs("usage: make-film SOUND.wav > pictures.rgb\n", stderr), 1;
	for (int i = 0; i < RATE * SECONDS; i++) {
		picture_draw(picture, (double)i / RATE);
		if (fwrite(picture, 1, sizeof picture, stdout) != sizeof picture)
			return 1;
	}
	return 0;
}
