/*
 * A CGI program in C: shows everything that it was started with. `make` builds it as environ.cgi.
 *
 * RFC 3875 in short: the request is in the environment (section 4.1) and its body on standard input
 * (4.2); the answer goes to standard output, header fields first, then an empty line (6.2, 6.3).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* Whatever came from outside passes through here on its way into the page. */
static void put_escaped(const char *text)
{
	for (const char *p = text; *p; p++) {
		switch (*p) {
		case '&':
			fputs("&amp;", stdout);
			break;
		case '<':
			fputs("&lt;", stdout);
			break;
		case '>':
			fputs("&gt;", stdout);
			break;
		case '"':
			fputs("&quot;", stdout);
			break;
		default:
			putchar(*p);
		}
	}
}

static void put_row(const char *name, int name_length, const char *value)
{
	printf("<tr><th scope=\"row\">%.*s</th><td>", name_length, name);
	put_escaped(value);
	puts("</td></tr>");
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names need no escaping: the server makes them of letters, digits and underscores. */
static void put_environment(void)
{
	size_t count = 0;
	while (environ[count])
		count++;
	qsort(environ, count, sizeof *environ, compare);
	for (size_t i = 0; i < count; i++) {
		const char *equals = strchr(environ[i], '=');
		if (equals)
			put_row(environ[i], (int)(equals - environ[i]), equals + 1);
	}
}

static void put_page_begin(void)
{
	puts("Content-Type: text/html; charset=utf-8\n"
	     "Cache-Control: no-store\n"
	     "\n"
	     "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
	     "<title>Environment · webserv</title>"
	     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
	     "<link rel=\"icon\" href=\"/assets/icon.svg\" type=\"image/svg+xml\">"
	     "<link rel=\"stylesheet\" href=\"/assets/site.css\"></head><body>"
	     "<header class=\"top\"><nav class=\"wrap\" aria-label=\"Site\">"
	     "<a class=\"brand\" href=\"/\"><img src=\"/assets/icon.svg\" alt=\"\" width=\"32\""
	     " height=\"32\">webserv</a><ul><li><a href=\"/programs\">Programs</a></li></ul>"
	     "</nav></header><main class=\"wrap\">"
	     "<p class=\"eyebrow\">A program in C</p><h1>What it was told.</h1>");
}

int main(int argc, char **argv)
{
	char directory[4096];
	put_page_begin();
	puts("<div class=\"panel scroll\"><table aria-label=\"Environment\">");
	put_environment();
	puts("</table></div><h2 class=\"gap\">And the rest</h2>"
	     "<div class=\"panel scroll\"><table>");
	put_row("working directory", 17, getcwd(directory, sizeof directory) ? directory : "?");
	for (int i = 0; i < argc; i++)
		put_row("argument", 8, argv[i]);
	puts("</table></div><p class=\"gap\"><a class=\"button\" href=\"/source/environ.c\">Read "
	     "its source</a>"
	     "</p></main></body></html>");
	return fflush(stdout) == 0 ? 0 : 1;
}
