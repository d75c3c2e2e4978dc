#include "conf/htpasswd.h"
#include "conf/types.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- auth_basic REALM | off -------------------------------------------------------------------------------- */

static bool parse_auth_basic(const struct value *v, void *target)
{
	const struct token *arg = &v->node->args[0];
	struct auth_basic made = { .is_on = !str_eq(arg->text, STR_OF("off")) };

	if (!value_is_constant(v, arg))
		return false;
	for (size_t i = 0; i < arg->text.len; i++) {
		if ((unsigned char)arg->text.ptr[i] >= 0x20 && arg->text.ptr[i] != 0x7f)
			continue;
		value_error(v, arg, "a realm is sent in a header and has no control characters");
		return false;
	}
	if (made.is_on)
		made.realm = arg->text;
	*(struct auth_basic *)target = made;
	return true;
}

static bool print_auth_basic(const struct shown *shown, const void *target, size_t i,
                             struct buf *out)
{
	const struct auth_basic *auth = target;

	(void)shown;
	text_print_word(out, auth->is_on ? auth->realm : STR_OF("off"));
	return i == 0;
}

const struct value_type value_auth_basic = { .parse = parse_auth_basic, .print = print_auth_basic };

/* ---- auth_basic_user_file FILE ------------------------------------------------------------------------------- */

/* A line's own text may be a password: only its place is shown. */
static bool check_lines(const struct value *v, struct str path, struct str text,
                        const struct password_library *library)
{
	const struct token *arg = &v->node->args[0];
	struct htpasswd_line line;
	unsigned number = 0, good = 0, bad = 0;

	while (htpasswd_next(&text, &number, library, &line)) {
		good += !line.fault;
		if (!line.fault)
			continue;
		bad++;
		diag_help(v->build->diag,
		          value_error(v, arg, "%.*s:%u: %s%s", STR_ARG(path), line.number,
		                      line.hash.len > 0 ? "the password is " : "the line ",
		                      line.fault),
		          "htpasswd -B %.*s NAME writes a line with bcrypt", STR_ARG(path));
	}
	if (good + bad == 0)
		diag_add(v->build->diag, DIAG_WARNING, arg->at,
		         "'%.*s' names nobody: nobody can log in", STR_ARG(path));
	return bad == 0;
}

/* Our own end of the bargain: the hashes are not for everybody. */
static void warn_open_to_all(const struct value *v, struct str path, int fd)
{
	const struct token *arg = &v->node->args[0];
	struct stat st;

	if (fstat(fd, &st) == 0 && (st.st_mode & S_IROTH) != 0)
		diag_help(v->build->diag,
		          diag_add(v->build->diag, DIAG_WARNING, arg->at,
		                   "everybody on this machine may read '%.*s'", STR_ARG(path)),
		          "chmod o-r %.*s", STR_ARG(path));
}

static bool check_content(const struct value *v, struct str path)
{
	const struct token *arg = &v->node->args[0];
	struct password_library library;
	struct str text;
	const char *missing;
	bool good = true;
	int fd = open(path.ptr, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || !build_may(v->build, path, R_OK)) {
		diag_add(v->build->diag, DIAG_WARNING, arg->at, "'%.*s' is not readable%s%.*s",
		         STR_ARG(path), v->build->config->user.len > 0 ? " for user " : "",
		         STR_ARG(v->build->config->user));
	}
	if (fd < 0)
		return true;
	warn_open_to_all(v, path, fd);
	text = htpasswd_read(fd, v->build->scratch);
	if (!text.ptr) {
		value_error(v, arg, "'%.*s' can't be read: %s", STR_ARG(path), strerror(errno));
		good = false;
	} else if ((missing = password_library_open(&library))) {
		value_error(v, arg, "passwords can't be checked: %s", missing);
		good = false;
	} else {
		good = check_lines(v, path, text, &library);
		password_library_close(&library);
	}
	close(fd);
	return good;
}

static bool parse_auth_file(const struct value *v, void *target)
{
	const struct token *arg = &v->node->args[0];
	struct config *config = v->build->config;
	struct config_password_file *file;
	struct str path;

	if (!value_is_constant(v, arg))
		return false;
	if (arg->text.len == 0) {
		value_error(v, arg, "an empty path");
		return false;
	}
	path = build_path(v->build, arg->text);
	for (size_t i = 0; i < config->password_files.len; i++) {
		if (!str_eq(config->password_files.items[i].path, path))
			continue;
		*(int *)target = (int)i;
		return true;
	}
	if (!value_is_kind(v, arg, path, false) || !check_content(v, path))
		return false;
	*(int *)target = (int)config->password_files.len;
	file = VEC_PUSH(v->build->arena, &config->password_files);
	*file = (struct config_password_file){ .path = path, .at = arg->at };
	return true;
}

static bool print_auth_file(const struct shown *shown, const void *target, size_t i,
                            struct buf *out)
{
	int file = *(const int *)target;

	if (i > 0 || file == CONFIG_NONE)
		return false;
	text_print_word(out, shown->config->password_files.items[file].path);
	return true;
}

const struct value_type value_auth_file = { .parse = parse_auth_file, .print = print_auth_file };
