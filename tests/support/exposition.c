#include "exposition.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SERIES_MAX = 1000, FAMILIES_MAX = 200, NAME = 200 };

struct reader {
	bool is_open, has_ended;
	char families[FAMILIES_MAX][NAME];
	size_t family_count;
	char kind[20]; /* of the last family; "": only its help has come */
	char *series[SERIES_MAX];
	size_t series_count;
	double bound, below; /* of the last bucket */
	bool has_inf;
	char fault[400];
};

static bool fail(struct reader *r, const char *line, const char *why)
{
	snprintf(r->fault, sizeof r->fault, "%s: %.200s", why, line);
	return false;
}

static size_t name_length(const char *s)
{
	size_t n = 0;

	if (isalpha((unsigned char)s[0]) || s[0] == '_' || s[0] == ':')
		while (isalnum((unsigned char)s[n]) || s[n] == '_' || s[n] == ':')
			n++;
	return n;
}

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static const char *family(struct reader *r)
{
	return r->family_count > 0 ? r->families[r->family_count - 1] : "";
}

static bool read_help(struct reader *r, const char *line)
{
	const char *name = line + strlen("# HELP ");
	size_t n = name_length(name);

	if (n == 0 || n >= NAME || name[n] != ' ' || name[n + 1] == '\0')
		return fail(r, line, "no help");
	if (strcmp(r->kind, "histogram") == 0 && !r->has_inf)
		return fail(r, line, "the histogram before has no end");
	for (size_t i = 0; i < r->family_count; i++)
		if (strlen(r->families[i]) == n && strncmp(r->families[i], name, n) == 0)
			return fail(r, line, "the family comes a second time");
	if (r->family_count == FAMILIES_MAX)
		return fail(r, line, "too many families");
	snprintf(r->families[r->family_count++], NAME, "%.*s", (int)n, name);
	r->kind[0] = '\0';
	return true;
}

static bool read_type(struct reader *r, const char *line)
{
	const char *name = line + strlen("# TYPE ");
	size_t n = name_length(name);

	if (strlen(family(r)) != n || strncmp(family(r), name, n) != 0 || name[n] != ' ' ||
	    r->kind[0] != '\0')
		return fail(r, line, "a type that does not follow its family's help");
	snprintf(r->kind, sizeof r->kind, "%s", name + n + 1);
	r->bound = r->below = -1;
	r->has_inf = false;
	if (strcmp(r->kind, "counter") == 0)
		return ends_in(family(r), "_total") != r->is_open ||
		       fail(r, line, "the counter's name and _total");
	if (strcmp(r->kind, "gauge") == 0)
		return !ends_in(family(r), "_total") || fail(r, line, "a gauge called _total");
	return strcmp(r->kind, "histogram") == 0 || fail(r, line, "an unknown type");
}

/* Behind the name: {key="value",…}, or nothing. Where it ends; NULL: malformed. */
static const char *skip_labels(const char *s)
{
	if (*s != '{')
		return s;
	do {
		size_t n = name_length(++s);

		if (n == 0 || s[n] != '=' || s[n + 1] != '"')
			return NULL;
		for (s += n + 2; *s != '"'; s++)
			if (*s == '\0' || *s == '\n' || (*s == '\\' && !strchr("\\\"n", *++s)))
				return NULL;
		s++;
	} while (*s == ',');
	return *s == '}' ? s + 1 : NULL;
}

static bool is_new(struct reader *r, const char *line, size_t len)
{
	for (size_t i = 0; i < r->series_count; i++)
		if (strlen(r->series[i]) == len && strncmp(r->series[i], line, len) == 0)
			return false;
	if (r->series_count < SERIES_MAX)
		r->series[r->series_count++] = strndup(line, len);
	return true;
}

static bool read_bucket(struct reader *r, const char *line, double value)
{
	const char *le = strstr(line, "{le=\"");
	double bound = le ? strtod(le + 5, NULL) : -1;

	if (!le || bound <= r->bound || value < r->below)
		return fail(r, line, "bounds and counts rise");
	r->bound = bound;
	r->below = value;
	r->has_inf = strncmp(le, "{le=\"+Inf\"}", 11) == 0;
	return true;
}

static bool read_histogram(struct reader *r, const char *line, const char *suffix, size_t len,
                           double value)
{
	if (len == 7 && strncmp(suffix, "_bucket", len) == 0)
		return read_bucket(r, line, value);
	if (len == 4 && strncmp(suffix, "_sum", len) == 0)
		return r->has_inf || fail(r, line, "a sum before the last bucket");
	if (len == 6 && strncmp(suffix, "_count", len) == 0)
		return (r->has_inf && value == r->below) ||
		       fail(r, line, "the count is not that of the last bucket");
	return fail(r, line, "no part of the histogram");
}

static bool read_sample(struct reader *r, const char *line)
{
	size_t n = name_length(line), f = strlen(family(r));
	const char *at = n > 0 ? skip_labels(line + n) : NULL;
	char *end;
	double value;

	if (!at || *at != ' ')
		return fail(r, line, "no sample");
	value = strtod(at + 1, &end);
	if (end == at + 1 || *end != '\0' || isspace((unsigned char)at[1]))
		return fail(r, line, "no value");
	if (r->kind[0] == '\0' || n < f || strncmp(line, family(r), f) != 0)
		return fail(r, line, "not of this family");
	if (!is_new(r, line, (size_t)(at - line)))
		return fail(r, line, "the series comes a second time");
	if (strcmp(r->kind, "histogram") == 0)
		return read_histogram(r, line, line + f, n - f, value);
	if (strcmp(r->kind, "counter") == 0 && r->is_open)
		return (n == f + 6 && strncmp(line + f, "_total", 6) == 0) ||
		       fail(r, line, "a counter's sample without _total");
	return n == f || fail(r, line, "another name than its family's");
}

static bool read_line(struct reader *r, const char *line)
{
	if (r->has_ended)
		return fail(r, line, "something behind the end");
	if (strncmp(line, "# HELP ", 7) == 0)
		return read_help(r, line);
	if (strncmp(line, "# TYPE ", 7) == 0)
		return read_type(r, line);
	if (r->is_open && strcmp(line, "# EOF") == 0)
		return r->has_ended = true;
	return read_sample(r, line);
}

const char *exposition_fault(const char *text, bool is_open)
{
	static struct reader r;
	char *copy = strdup(text), *line = copy, *end;
	bool good = true;

	r = (struct reader){ .is_open = is_open };
	while (good && (end = strchr(line, '\n'))) {
		*end = '\0';
		good = read_line(&r, line);
		line = end + 1;
	}
	if (good && *line != '\0')
		good = fail(&r, line, "the last line has no end");
	if (good && r.has_ended != is_open)
		good = fail(&r, "", "no # EOF");
	free(copy);
	for (size_t i = 0; i < r.series_count; i++)
		free(r.series[i]);
	return good ? NULL : r.fault;
}

double exposition_value(const char *text, const char *series)
{
	size_t len = strlen(series);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, series, len) == 0 && line[len] == ' ')
			return strtod(line + len, NULL);
	}
	return -1;
}
