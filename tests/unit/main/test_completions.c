/* The shells' completions know what the command line knows. */

#include "main/options.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

/* How each file writes an option: what stands before its letter and before its name. */
static const struct {
	const char *path, *letter, *name;
} files[] = {
	{ "conf/completions/webserv.bash", "-", "--" },
	{ "conf/completions/_webserv", "-", "--" },
	{ "conf/completions/webserv.fish", "-s ", "-l " },
};

static struct str file_read(const char *path)
{
	static char text[16384];
	FILE *file = fopen(path, "re");
	size_t len;

	cr_assert(file != NULL, "%s", path);
	len = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[len] = '\0';
	return str_make(text, len);
}

/* Whether the word stands there by itself, and not as a part of another. */
static bool has_word(struct str text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text.ptr; (at = strstr(at, word)); at++)
		if (!ascii_is_alpha(at[len]) && at[len] != '-' &&
		    (at == text.ptr || (!ascii_is_alpha(at[-1]) && at[-1] != '-')))
			return true;
	return false;
}

static void expect_word(size_t file, struct str text, const char *before, struct str rest)
{
	char word[64];

	snprintf(word, sizeof word, "%s%.*s", before, STR_ARG(rest));
	cr_expect(has_word(text, word), "%s lacks %s", files[file].path, word);
}

Test(completions, every_option_is_in_each)
{
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct str text = file_read(files[i].path);
		const struct option_row *row;

		for (size_t k = 0; (row = options_row(k)); k++) {
			expect_word(i, text, files[i].name, row->name);
			if (row->letter)
				expect_word(i, text, files[i].letter, str_make(&row->letter, 1));
		}
	}
}

Test(completions, every_word_for_a_running_server_is_in_each)
{
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct str text = file_read(files[i].path);

		for (size_t k = 0; k < CONTROL_VERBS; k++)
			expect_word(i, text, "", control_verb_name((enum control_verb)k));
	}
}

/* What the shell would offer for a line; the last word is the one being typed. */
static const struct {
	const char *line, *offers;
} rows[] = {
	{ "webserv --ro", "--root" },
	{ "webserv --",
	  "--test --dump --explain --header --from --prefix --daemon --signal --root --listen "
	  "--upload --spa --auth --version --help" },
	{ "webserv -s re", "reload reopen" },
	{ "webserv --signal = st", "stop status" },
	{ "webserv --root tests/con", "tests/conf" },
	{ "webserv conf/default", "conf/default.conf" },
};

/* Of the three only bash is on every machine. */
Test(completions, bash_offers_what_fits)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char command[512], answer[512] = "";
		FILE *shell;

		snprintf(command, sizeof command,
		         "bash -c '. conf/completions/webserv.bash; COMP_WORDS=(%s); "
		         "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _webserv; "
		         "echo -n \"${COMPREPLY[*]}\"'",
		         rows[i].line);
		shell = popen(command, "r");
		cr_assert(shell != NULL);
		answer[fread(answer, 1, sizeof answer - 1, shell)] = '\0';
		cr_expect(eq(int, pclose(shell), 0), "%s", rows[i].line);
		cr_expect(eq(str, answer, (char *)rows[i].offers), "%s", rows[i].line);
	}
}
