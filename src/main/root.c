#include "main/root.h"

#include "base/password.h"
#include "conf/htpasswd.h"
#include "conf/listen.h"
#include "conf/types.h"
#include "http/basic_auth.h"
#include "net/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOT_PORT = 8080, ROOT_FAILED = 1, ROOT_USAGE = 2 };

/* What the options say, checked, on its way into the text. */
struct root {
	const struct options *options;
	struct listener_conf listener;
	struct str unix_path; /* empty: listener */
	int password_file;    /* -1: none */
	struct buf *message;
	int status;
};

static bool root_refuse(struct root *root, int status, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static bool root_refuse(struct root *root, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_format_v(root->message, format, args);
	va_end(args);
	root->status = status;
	return false;
}

/* ---- the options ------------------------------------------------------------------------------------------ */

static bool root_check_dir(struct root *root)
{
	const char *dir = root->options->root;
	struct stat st;

	if (!*dir)
		return root_refuse(root, ROOT_USAGE, "--root needs the name of a directory");
	if (stat(dir, &st) != 0)
		return root_refuse(root, ROOT_USAGE,
		                   "--root: '%s' can't be served: %s; name a directory that exists",
		                   dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return root_refuse(root, ROOT_USAGE,
		                   "--root: '%s' is no directory; name the one that it lies in",
		                   dir);
	if (access(dir, R_OK | X_OK) != 0)
		return root_refuse(root, ROOT_USAGE, "--root: '%s' can't be read: %s", dir,
		                   strerror(errno));
	if (root->options->upload && access(dir, W_OK) != 0)
		return root_refuse(root, ROOT_USAGE, "--upload: '%s' can't be written to: %s", dir,
		                   strerror(errno));
	return true;
}

static bool root_check_listen(struct root *root)
{
	const char *given = root->options->listen;
	struct str text = given ? str_from(given) : STR_OF("127.0.0.1");

	if (str_starts_with(text, STR_OF("unix:"))) {
		root->unix_path = text;
		return str_starts_with(text, STR_OF("unix:/")) ||
		       root_refuse(root, ROOT_USAGE,
		                   "--listen: a Unix socket needs its whole path, unix:/PATH");
	}
	return listen_parse(text, ROOT_PORT, &root->listener) ||
	       root_refuse(root, ROOT_USAGE,
	                   "--listen: '%s' is no address to listen on; PORT, ADDRESS, "
	                   "ADDRESS:PORT, [IPV6]:PORT, localhost:PORT or unix:PATH",
	                   given);
}

/* ---- the password ------------------------------------------------------------------------------------------- */

static bool root_check_user(struct root *root, struct str user, struct str password)
{
	if (!password.ptr)
		return root_refuse(root, ROOT_USAGE,
		                   "--auth takes USER:PASSWORD, with a colon between the two");
	if (user.len == 0 || user.len > HTPASSWD_USER_MAX || user.ptr[0] == '#')
		return root_refuse(root, ROOT_USAGE,
		                   "--auth takes USER:PASSWORD; USER is 1 to %d bytes and does not "
		                   "begin with #",
		                   HTPASSWD_USER_MAX);
	if (password.len == 0 || password.len > PASSWORD_MAX)
		return root_refuse(root, ROOT_USAGE,
		                   "--auth takes USER:PASSWORD; PASSWORD is 1 to %d bytes",
		                   PASSWORD_MAX);
	for (const char *c = root->options->auth; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return root_refuse(root, ROOT_USAGE,
			                   "--auth takes no control characters, which no browser "
			                   "would send");
	return true;
}

/* A file that only its descriptor leads to, and that nobody else may open. */
static int root_write_password(struct str user, const char *hash)
{
	char line[HTPASSWD_USER_MAX + PASSWORD_HASH_MAX + 3];
	struct buf text = buf_fixed(line, sizeof line);
	int fd = memfd_create("webserv-passwords", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	buf_format(&text, "%.*s:%s\n", STR_ARG(user), hash);
	if (!text.failed && fchmod(fd, 0400) == 0 && io_write_all(fd, text.ptr, text.len) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool root_hash(struct root *root, struct str user, struct str password)
{
	char hash[PASSWORD_HASH_MAX + 1];
	struct password_library library;
	const char *missing = password_library_open(&library);

	if (missing)
		return root_refuse(root, ROOT_FAILED, "--auth: passwords can't be checked: %s",
		                   missing);
	if (password_hash(&library, password, hash))
		root->password_file = root_write_password(user, hash);
	password_library_close(&library);
	return root->password_file >= 0 ||
	       root_refuse(root, ROOT_FAILED, "--auth: the password can't be kept: %s",
	                   strerror(errno));
}

/* Whatever comes of it, no list of processes shows the password any more. */
static bool root_check_auth(struct root *root)
{
	struct str password, user;
	bool good;

	if (!root->options->auth)
		return true;
	password = str_from(root->options->auth);
	user = str_cut(&password, ':');
	good = root_check_user(root, user, password) && root_hash(root, user, password);
	if (password.ptr)
		explicit_bzero((char *)password.ptr, password.len);
	return good;
}

/* ---- the text --------------------------------------------------------------------------------------------- */

/* Colours only for somebody who looks on. */
static bool root_is_watched(void)
{
	const char *term = getenv("TERM"), *plain = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) == 1 && !(plain && *plain) && term &&
	       strcmp(term, "dumb") != 0;
}

static void root_write_log(struct buf *out)
{
	if (root_is_watched())
		buf_text(out,
		         "log_format watched escape=terminal '$time_iso8601 $remote_addr $status "
		         "$request_method $request_uri ${body_bytes_sent}B ${request_time}s';\n"
		         "access_log stdout watched;\n");
	else
		buf_text(out, "access_log stdout combined;\n");
}

static void root_write_listen(const struct root *root, struct buf *out)
{
	buf_text(out, "\tlisten ");
	if (root->unix_path.len > 0)
		text_print_word(out, root->unix_path);
	else
		listen_print(&root->listener, out);
}

/* A page elsewhere may give its own name our address and would then read the files as its own (DNS rebinding). */
static void root_write_stranger(const struct root *root, struct buf *out)
{
	buf_text(out, "server {\n");
	root_write_listen(root, out);
	buf_text(out, " default_server;\n"
	              "\treturn 421 \"This server listens on a loopback address and answers to "
	              "localhost, 127.0.0.0/8 and [::1] only. The Host asked for is another one: "
	              "were it let in, any web page could read these files by way of a name that "
	              "leads here (DNS rebinding). --listen with another address takes every "
	              "Host.\\n\";\n"
	              "}\n");
}

static void root_write_location(const struct root *root, struct buf *out)
{
	buf_text(out, "\tlocation / {\n");
	if (root->options->upload)
		buf_text(out, "\t\tupload_store .;\n"
		              "\t\tupload_overwrite off;\n"
		              "\t\tmethods GET POST PUT;\n"
		              "\t\tclient_max_body_size 0;\n"
		              "\t\tupload_reserve 64m;\n"
		              "\t\tallow all;\n");
	if (root->options->spa)
		buf_text(out, "\t\ttry_files $uri $uri/ spa:/index.html;\n");
	buf_text(out, "\t}\n");
}

static void root_write(const struct root *root, struct buf *out)
{
	bool is_local = root->unix_path.len == 0 && listen_is_loopback(&root->listener);

	root_write_log(out);
	buf_text(out, "root .;\n"
	              "autoindex on;\n"
	              "autoindex_tar on;\n");
	if (is_local)
		root_write_stranger(root, out);
	buf_text(out, "server {\n");
	root_write_listen(root, out);
	buf_text(out, ";\n");
	if (is_local)
		buf_text(out, "\tserver_name localhost 127.0.0.0/8 ::1/128;\n");
	if (root->password_file >= 0)
		buf_format(out,
		           "\tauth_basic webserv;\n"
		           "\tauth_basic_user_file /proc/self/fd/%d;\n",
		           root->password_file);
	root_write_location(root, out);
	buf_text(out, "}\n");
	buf_byte(out, '\0');
}

bool root_source(const struct options *options, struct arena *arena, struct config_source *out,
                 struct buf *message, int *status)
{
	struct root root = { .options = options, .password_file = -1, .message = message };
	struct buf text = buf_in_arena(arena, 2048);
	bool good = root_check_auth(&root) && root_check_dir(&root) && root_check_listen(&root);

	if (good)
		root_write(&root, &text);
	if (good && text.failed)
		good = root_refuse(&root, ROOT_FAILED, "out of memory");
	*status = root.status;
	out->path = "--root";
	out->text = text.ptr;
	out->prefix = options->root;
	return good;
}
