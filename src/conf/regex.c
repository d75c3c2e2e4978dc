#include "conf/build.h"

#include <stdlib.h>

/*
 * Location patterns are POSIX extended regular expressions. The C library reads much of PCRE's syntax
 * as something else without a word (`\d` is the letter d), which in an access rule would silently
 * protect nothing: all of it is refused here, with the spelling that means the same. What regcomp()
 * makes of nested repeats grows exponentially, so the expansion is bounded too.
 */
enum { PATTERN_MAX = 1024, REPEAT_MAX = 255, GROUPS_MAX = 32, STATES_MAX = 10000 };

struct regex_check {
	struct build *build;
	const struct token *token;
	size_t offset; /* of the pattern in the token */
	struct str text;
	bool failed;
};

static void regex_refuse(struct regex_check *check, size_t at, size_t len, const char *what,
                         const char *help)
{
	struct diag *diag = check->build->diag;
	struct diag_message *message = diag_add(
	        diag, DIAG_ERROR, token_part(check->token, check->offset + at, len), "%s", what);

	if (help)
		diag_help(diag, message, "%s", help);
	check->failed = true;
}

static const struct {
	char letter;
	const char *help;
} escapes[] = {
	{ 'd', "write [0-9]" },
	{ 'D', "write [^0-9]" },
	{ 'w', "write [A-Za-z0-9_]" },
	{ 'W', "write [^A-Za-z0-9_]" },
	{ 's', "write [[:space:]]" },
	{ 'S', "write [^[:space:]]" },
	{ 'h', "write [[:blank:]]" },
	{ 'b', "there is no word boundary in POSIX: name the characters, as in (/|$)" },
	{ 'A', "write ^" },
	{ 'z', "write $" },
	{ 'Z', "write $" },
};

/* `\x` outside of brackets. Returns the bytes consumed. */
static size_t check_escape(struct regex_check *check, size_t at)
{
	char c = at + 1 < check->text.len ? check->text.ptr[at + 1] : '\0';
	const char *help = "only punctuation can be escaped in a POSIX expression";

	if (c >= '1' && c <= '9') {
		regex_refuse(check, at, 2, "a back-reference in a location pattern",
		             "back-references take exponential time; spell the alternatives out");
		return 2;
	}
	if (!ascii_is_alpha(c) && c != '0')
		return 2;
	for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
		if (escapes[i].letter == c)
			help = escapes[i].help;
	}
	regex_refuse(check, at, 2, "this escape is PCRE's; expressions here are POSIX extended",
	             help);
	return 2;
}

/* A bracket expression; returns the index behind it. */
static size_t check_bracket(struct regex_check *check, size_t at)
{
	struct str text = check->text;
	size_t i = at + 1;

	if (i < text.len && text.ptr[i] == '^')
		i++;
	if (i < text.len && text.ptr[i] == ']')
		i++;
	for (; i < text.len && text.ptr[i] != ']'; i++) {
		char next = i + 1 < text.len ? text.ptr[i + 1] : '\0';

		if (text.ptr[i] == '[' && (next == ':' || next == '.' || next == '=')) {
			char ending[3] = { next, ']', '\0' };
			const char *end = strstr(text.ptr + i + 2, ending);

			if (end)
				i = (size_t)(end - text.ptr) + 1;
		} else if (text.ptr[i] == '\\' && next == '\\') {
			i++;
		} else if (text.ptr[i] == '\\') {
			regex_refuse(check, i, 2,
			             "in brackets a backslash is itself a member, in POSIX",
			             "write [.] for a dot, put ] first and - last, [0-9] for \\d");
			i++;
		}
	}
	return i + 1;
}

static void check_group(struct regex_check *check, size_t at)
{
	static const struct {
		struct str mark;
		const char *help;
	} rows[] = {
		{ STR("(?:"), "write (: the group then counts as a capture" },
		{ STR("(?<="), "there is no look-behind in POSIX" },
		{ STR("(?<!"), "there is no look-behind in POSIX" },
		{ STR("(?="), "there is no look-ahead in POSIX" },
		{ STR("(?!"),
		  "there is no look-ahead in POSIX: use a second location for the rest" },
		{ STR("(?<"), "write ( and use $1 to $9 instead of the name" },
		{ STR("(?P"), "write ( and use $1 to $9 instead of the name" },
		{ STR("(?i)"), "write ~* before the pattern" },
	};
	/* How everybody keeps clients from .git and .env, but for ACME. */
	static const struct str dot = STR("/\\."), hidden = STR("(?!well-known");
	const char *help = NULL;

	for (size_t i = 0; i < sizeof rows / sizeof *rows && !help; i++) {
		if (str_starts_with(str_from_index(check->text, at), rows[i].mark))
			help = rows[i].help;
	}
	if (at == dot.len && str_starts_with(check->text, dot) &&
	    str_starts_with(str_from_index(check->text, at), hidden))
		help = "leave this location out: such files are not served, see dotfiles";
	regex_refuse(check, at, 2, "this group is PCRE's; expressions here are POSIX extended",
	             help);
}

/* "{n}", "{n,}", "{n,m}": how often at most (at least, where it is open). 0: none of these. */
static unsigned repeat_bound(struct str text, size_t at, size_t *end)
{
	unsigned bounds[2] = { 0, 0 }, which = 0;
	size_t i = at + 1;

	for (; i < text.len && text.ptr[i] != '}'; i++) {
		if (text.ptr[i] == ',' && which == 0)
			which = 1;
		else if (!ascii_is_digit(text.ptr[i]))
			return 0;
		else if (bounds[which] < 100000)
			bounds[which] = bounds[which] * 10 + (unsigned)(text.ptr[i] - '0');
	}
	*end = i;
	return bounds[1] > bounds[0] ? bounds[1] : bounds[0] + 1;
}

/* A quantifier behind another: PCRE's lazy and possessive ones. */
static void check_quantifier_end(struct regex_check *check, size_t next)
{
	if (next >= check->text.len)
		return;
	if (check->text.ptr[next] == '?')
		regex_refuse(check, next, 1, "a lazy quantifier; there are none in POSIX",
		             "exclude what follows instead, as in [^/]* for .*?");
	else if (check->text.ptr[next] == '+')
		regex_refuse(check, next, 1, "a possessive quantifier; there are none in POSIX",
		             "leave the + out");
}

/* How many states the library will make: `last` of the latest item, `sum` of each open group. */
struct regex_size {
	unsigned long sum[GROUPS_MAX], last;
	unsigned depth;
};

static size_t check_repeat(struct regex_check *check, struct regex_size *size, size_t at)
{
	size_t end = at;
	unsigned times = check->text.ptr[at] == '+' ? 2 : 1;

	if (check->text.ptr[at] == '{') {
		times = repeat_bound(check->text, at, &end);
		if (times == 0 || end >= check->text.len)
			return at + 1;
		if (times > REPEAT_MAX + 1)
			regex_refuse(check, at, end - at + 1, "a repeat of more than 255", NULL);
	}
	check_quantifier_end(check, end + 1);
	size->sum[size->depth] += size->last * (times - 1);
	size->last *= times;
	return end + 1;
}

static size_t check_parenthesis(struct regex_check *check, struct regex_size *size, size_t at)
{
	if (check->text.ptr[at] == '(') {
		if (at + 1 < check->text.len && check->text.ptr[at + 1] == '?') {
			check_group(check, at);
			return at + 2;
		}
		if (++size->depth == GROUPS_MAX) {
			regex_refuse(check, at, 1, "groups nest deeper than 31", NULL);
			return check->text.len;
		}
		size->sum[size->depth] = 1;
	} else if (size->depth > 0) {
		size->last = size->sum[size->depth--];
		size->sum[size->depth] += size->last;
	}
	return at + 1;
}

static void check_pattern(struct regex_check *check)
{
	struct regex_size size = { .depth = 0 };

	for (size_t i = 0; i < check->text.len && size.sum[size.depth] <= STATES_MAX;) {
		char c = check->text.ptr[i];

		if (c == '(' || c == ')') {
			i = check_parenthesis(check, &size, i);
		} else if (strchr("*+?{", c)) {
			i = check_repeat(check, &size, i);
		} else {
			if (c == '\\')
				i += check_escape(check, i);
			else
				i = c == '[' ? check_bracket(check, i) : i + 1;
			size.last = 1;
			size.sum[size.depth]++;
		}
	}
	if (!check->failed && size.sum[size.depth < GROUPS_MAX ? size.depth : 0] > STATES_MAX)
		regex_refuse(check, 0, check->text.len,
		             "the repeats of this pattern multiply too far", NULL);
}

static void end_regex(void *regex)
{
	regfree(regex);
}

regex_t *build_regex(struct build *build, const struct token *token, size_t offset,
                     bool ignore_case)
{
	struct regex_check check = { .build = build, .token = token, .offset = offset };
	regex_t *regex = arena_zero(build->arena, sizeof *regex);
	char why[128];
	int rc;

	check.text = str_from_index(token->text, offset);
	if (check.text.len > PATTERN_MAX)
		regex_refuse(&check, 0, 1, "a pattern of more than 1024 bytes", NULL);
	else
		check_pattern(&check);
	if (check.failed)
		return NULL;
	rc = regcomp(regex, check.text.ptr, REG_EXTENDED | (ignore_case ? REG_ICASE : 0));
	if (rc == 0) {
		arena_defer(build->arena, end_regex, regex);
		return regex;
	}
	regerror(rc, regex, why, sizeof why);
	diag_add(build->diag, DIAG_ERROR, token_part(token, offset, check.text.len),
	         "the regular expression is wrong: %s", why);
	return NULL;
}
