#include "load.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Whatever is given as a configuration ends in a clear message, soon. */

static struct loaded loaded;

/* head, then the piece as often as it fits into `size` bytes, then tail. */
static void load_repeated(const char *head, const char *piece, const char *tail, size_t size)
{
	size_t len = strlen(piece), used = strlen(head);
	char *text = malloc(used + size + strlen(tail) + 1);

	cr_assert(ne(ptr, text, NULL));
	strcpy(text, head);
	for (size_t n = 0; n + len <= size; n += len, used += len)
		memcpy(text + used, piece, len);
	strcpy(text + used, tail);
	loaded_text(&loaded, text);
	free(text);
}

enum { LARGE = 1 << 20 };

static const struct {
	const char *name, *head, *piece, *tail, *says;
} rows[] = {
	{ "blocks without end", "", "a{", "", "blocks nest deeper than 64" },
	{ "locations without end", "server{", "location /{", "", "blocks nest deeper than 64" },
	{ "closing braces only", "", "}", "", "no block is open here" },
	{ "semicolons only", "", ";", "", "unexpected ';'" },
	{ "opening braces only", "", "{", "", "a block without a name" },
	{ "one word", "", "a", "", "a word of more than 16384 bytes" },
	{ "one string", "\"", "a", "", "never closed" },
	{ "quotes only", "", "\"", "", "closing quote" },
	{ "arguments without end", "index ", "a ", ";", "more than 8192 arguments" },
	{ "unknown directives", "", "a;", "", "errors not shown" },
	{ "one directive again and again", "", "etag on;", "", "for a second time" },
	{ "many parameters", "server{", "cgi_param A b;", "}", "errors not shown" },
	{ "many extensions", "types{", "a/b c d e f;", "} server{}", "more than 8192 extensions" },
	{ "many servers", "", "server{}", "", "errors not shown" },
	{ "many expressions", "server{", "location ~ a{}", "}",
	  "more than 4096 regular expressions" },
	{ "many named locations", "server{", "location @a{}", "}", "more than 4096 regular" },
	{ "many locations", "server{", "location /a{}", "}", "errors not shown" },
	{ "many fields", "server{", "add_header A b;", "}", "more than 16384 directives" },
	{ "ignored directives", "server{}", "gzip on;", "", "more than 16384 directives" },
	{ "dollars", "server{return 200 \"", "$", "\";}", "a word of more" },
	{ "backslashes", "", "\\", "", "more than 16384 bytes" },
	{ "lines", "", "\n", "x;", "unknown directive 'x'" },
	{ "missing semicolons", "", "etag on\n", "", "missing ';'" },
};

Test(hostile, input_ends_in_a_clear_message)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct timespec from, to;
		double took;

		clock_gettime(CLOCK_MONOTONIC, &from);
		load_repeated(rows[i].head, rows[i].piece, rows[i].tail, LARGE);
		clock_gettime(CLOCK_MONOTONIC, &to);
		took = (double)(to.tv_sec - from.tv_sec) +
		       (double)(to.tv_nsec - from.tv_nsec) / 1e9;
		cr_expect(strstr(loaded_messages(&loaded), rows[i].says) != NULL, "%s: %.2000s",
		          rows[i].name, loaded_messages(&loaded));
		cr_expect(le(sz, loaded.diag.messages.len, 3 * DIAG_SHOWN), "%s", rows[i].name);
		cr_expect(lt(dbl, took, 20), "%s", rows[i].name);
		loaded_end(&loaded);
	}
}

Test(hostile, a_file_of_ten_megabytes_is_refused_by_its_size)
{
	char path[] = "/tmp/webserv-large-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	cr_assert(ne(ptr, file, NULL));
	for (int i = 0; i < 10 << 10; i++)
		fprintf(file, "%1023s\n", ";");
	fclose(file);
	loaded_file(&loaded, path);
	cr_expect(eq(ptr, loaded.config, NULL));
	cr_expect(strstr(loaded_messages(&loaded), "is larger than 8388608 bytes") != NULL);
	remove(path);
	loaded_end(&loaded);
}

/* A generator of its own, so that a failure can be had again from its number. */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static size_t mutate(char *text, size_t len, size_t cap, uint32_t *state)
{
	static const char *const bits[] = { "{",
		                            "}",
		                            ";",
		                            "\"",
		                            "'",
		                            "\\",
		                            "$",
		                            "${",
		                            "#",
		                            "\n",
		                            " ",
		                            "location ",
		                            "~ ",
		                            "@n",
		                            "root ",
		                            "listen ",
		                            "=",
		                            "0",
		                            "99999999999999999999",
		                            "\xff",
		                            "\x01" };
	size_t at = next_random(state) % (len + 1), room = cap - len;
	const char *bit = bits[next_random(state) % (sizeof bits / sizeof *bits)];
	size_t n = next_random(state) % 40;

	switch (next_random(state) % 4) {
	case 0: /* a byte changes */
		if (at < len)
			text[at] = (char)(1 + next_random(state) % 255);
		return len;
	case 1: /* some bytes go */
		n = at + n > len ? len - at : n;
		memmove(text + at, text + at + n, len - at - n);
		return len - n;
	case 2: /* a token comes in */
		n = strlen(bit);
		if (n > room)
			return len;
		memmove(text + at + n, text + at, len - at);
		memcpy(text + at, bit, n);
		return len + n;
	default: /* some bytes are doubled */
		if (n > room || at + n > len)
			return len;
		memmove(text + at + n, text + at, len - at);
		return len + n;
	}
}

Test(hostile, mutations_of_a_good_file_never_crash)
{
	enum { ROUNDS = 1500, CAP = 16384 };
	struct arena arena;
	char *sample, text[CAP + 1];

	arena_init(&arena, NULL);
	sample = load_read(&arena, "tests/conf/good/everything.conf");
	cr_assert(ne(ptr, sample, NULL));
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		uint32_t state = round * 2654435761u;
		size_t len = strlen(sample);

		memcpy(text, sample, len);
		for (uint32_t n = next_random(&state) % 12 + 1; n > 0; n--)
			len = mutate(text, len, CAP, &state);
		text[len] = '\0';
		loaded_text(&loaded, text);
		loaded_messages(&loaded);
		cr_expect(eq(int, loaded.config == NULL, loaded.diag.errors > 0), "round %u",
		          round);
		if (loaded.config)
			loaded_dump(&loaded);
		loaded_end(&loaded);
	}
	arena_end(&arena);
}
