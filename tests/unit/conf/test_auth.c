#include "conf/htpasswd.h"

#include "load.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHA "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="

Test(auth, password_files_are_lines)
{
	static const struct {
		unsigned number;
		const char *user, *fault; /* fault NULL: good */
	} want[] = {
		{ 3, "anna", NULL },
		{ 4, "bob", NULL },
		{ 6, "carl", NULL },
		{ 7, "dora", "stored in plain text" },
		{ 8, "", "has no name" },
		{ 9, "emil", "has no hash" },
		{ 10, "fred", "has no colon between name and hash" },
		{ 11, "g h", NULL },
	};
	struct str text = STR_OF("# who\n\nanna:" SHA "\nbob:" SHA ":a comment:x\r\n  \t\n"
	                         "carl:" SHA "\ndora:x\n:" SHA "\nemil:\nfred\ng h:" SHA);
	struct password_library library;
	struct htpasswd_line line;
	unsigned number = 0;
	size_t i = 0;

	cr_assert(password_library_open(&library) == NULL);
	for (; htpasswd_next(&text, &number, &library, &line); i++) {
		cr_assert(lt(sz, i, sizeof want / sizeof *want));
		cr_expect(eq(int, line.number, want[i].number));
		cr_expect(str_eq(line.user, str_from(want[i].user)), "line %u", line.number);
		cr_expect(eq(int, line.fault == NULL, want[i].fault == NULL), "line %u",
		          line.number);
		if (line.fault && want[i].fault)
			cr_expect(eq(str, (char *)line.fault, (char *)want[i].fault));
	}
	cr_expect(eq(sz, i, sizeof want / sizeof *want));
	password_library_close(&library);
}

/* A file of this content and mode, and what is said about a configuration that names it. */
static const struct {
	const char *name, *content;
	mode_t mode;
	const char *config; /* behind `server {`; %s is the file */
	const char *says;   /* NULL: nothing about it */
	bool is_refused;
} rows[] = {
	{ "a good file", "a:" SHA "\n", 0600, "auth_basic x; auth_basic_user_file %s;", NULL,
	  false },
	{ "a file that everybody may read", "a:" SHA "\n", 0644,
	  "auth_basic x; auth_basic_user_file %s;",
	  "warning: everybody on this machine may read 'FILE'", false },
	{ "plain text is named by file and line", "a:" SHA "\nb:secret\n", 0600,
	  "auth_basic x; auth_basic_user_file %s;",
	  "error: FILE:2: the password is stored in plain text", true },
	{ "Apache's own kind says what to do", "a:$apr1$x$y\n", 0600,
	  "auth_basic x; auth_basic_user_file %s;", "help: htpasswd -B FILE NAME", true },
	{ "a line without a colon", "a\n", 0600, "auth_basic x; auth_basic_user_file %s;",
	  "error: FILE:1: the line has no colon between name and hash", true },
	{ "a file without names", "# nobody\n", 0600, "auth_basic x; auth_basic_user_file %s;",
	  "warning: 'FILE' names nobody", false },
	{ "a file that nobody is asked about", "a:" SHA "\n", 0600, "auth_basic_user_file %s;",
	  "warning: a password file without auth_basic", false },
	{ "a file that only a location uses", "a:" SHA "\n", 0600,
	  "auth_basic_user_file %s; location /x { auth_basic x; }", NULL, false },
	{ "a store that asks for a password is not open to everybody", "a:" SHA "\n", 0600,
	  "auth_basic_user_file %s; location / { auth_basic x; upload_store /tmp; alias /tmp/; }",
	  NULL, false },
};

static void replace_path(char *text, const char *path)
{
	for (char *at; (at = strstr(text, path));) {
		memcpy(at, "FILE", 4);
		memmove(at + 4, at + strlen(path), strlen(at + strlen(path)) + 1);
	}
}

static void check_row(size_t i)
{
	char path[] = "/tmp/webserv-auth-XXXXXX", statement[300], text[400], *messages;
	int fd = mkstemp(path);
	struct loaded loaded;

	cr_assert(ge(int, fd, 0));
	cr_assert(eq(sz, (size_t)write(fd, rows[i].content, strlen(rows[i].content)),
	             strlen(rows[i].content)));
	cr_assert(eq(int, fchmod(fd, rows[i].mode), 0));
	close(fd);
	snprintf(statement, sizeof statement, rows[i].config, path);
	snprintf(text, sizeof text, "server { listen 1; root /tmp; %s }", statement);
	loaded_text(&loaded, text);
	messages = loaded_messages(&loaded);
	replace_path(messages, path);
	cr_expect(eq(int, loaded.config == NULL, rows[i].is_refused), "%s: %s", rows[i].name,
	          messages);
	cr_expect(rows[i].says ? strstr(messages, rows[i].says) != NULL : messages[0] == '\0',
	          "%s: %s", rows[i].name, messages);
	cr_expect(strstr(messages, "secret") == NULL, "no password is shown: %s", messages);
	loaded_end(&loaded);
	unlink(path);
}

Test(auth, password_files_are_checked_when_they_are_named)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_row(i);
}

Test(auth, is_inherited_and_switched_off)
{
	struct loaded loaded;
	const struct server_conf *server;

	loaded_text(&loaded, "auth_basic_user_file htpasswd;\n"
	                     "server { listen 1; auth_basic outer; root /tmp;"
	                     " location /a { } location /b { auth_basic off; }"
	                     " location /c { auth_basic inner; location /c/c { } } }");
	cr_assert(ne(ptr, loaded.config, NULL), "%s", loaded_messages(&loaded));
	server = loaded.config->servers.items[0];
	cr_expect(str_eq(server->locations.prefixes[0]->settings.auth.realm, STR_OF("outer")));
	cr_expect(server->locations.prefixes[0]->settings.is_gated);
	cr_expect(not(server->locations.prefixes[1]->settings.auth.is_on));
	cr_expect(not(server->locations.prefixes[1]->settings.is_gated));
	cr_expect(str_eq(server->locations.prefixes[2]->inner.prefixes[0]->settings.auth.realm,
	                 STR_OF("inner")));
	cr_expect(eq(sz, loaded.config->password_files.len, 1), "one file is one");
	loaded_end(&loaded);
}
