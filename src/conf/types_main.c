#include "conf/types.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <unistd.h>

/* worker_processes N | auto; auto is the number of processors this process may run on. */
static bool parse_cpus(const struct value *v, void *target)
{
	const struct token *arg = &v->node->args[0];
	uint64_t n;
	cpu_set_t set;

	if (str_eq(arg->text, STR_OF("auto"))) {
		n = sched_getaffinity(0, sizeof set, &set) == 0 ? (uint64_t)CPU_COUNT(&set) : 1;
	} else if (!str_parse_u64(arg->text, &n) || n < 1 || n > 512) {
		value_error(v, arg, "'%.*s' is no number of workers: expected 1 to 512, or auto",
		            STR_ARG(arg->text));
		return false;
	}
	*(uint32_t *)target = (uint32_t)n;
	return true;
}

static bool print_cpus(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	(void)shown;
	buf_u64(out, *(const uint32_t *)target);
	return i == 0;
}

const struct value_type value_cpus = { .parse = parse_cpus, .print = print_cpus };

/* user NAME [GROUP] */
static bool parse_user(const struct value *v, void *target)
{
	const struct token *args = v->node->args;
	struct config *config = target;
	const struct passwd *user = getpwnam(args[0].text.ptr);
	const struct group *group;

	if (!user) {
		value_error(v, &args[0], "there is no user '%.*s'", STR_ARG(args[0].text));
		return false;
	}
	config->user = args[0].text;
	config->uid = user->pw_uid;
	config->gid = user->pw_gid;
	if (v->node->arg_count == 2) {
		group = getgrnam(args[1].text.ptr);
		if (!group) {
			value_error(v, &args[1], "there is no group '%.*s'", STR_ARG(args[1].text));
			return false;
		}
		config->group = args[1].text;
		config->gid = group->gr_gid;
	}
	if (geteuid() != 0)
		diag_add(v->build->diag, DIAG_NOTE, args[0].at,
		         "'user' has no effect: the server is not started as root");
	return true;
}

static bool print_user(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct config *config = target;

	(void)shown;
	if (i > 0 || config->user.len == 0)
		return false;
	text_print_word(out, config->user);
	if (config->group.len > 0) {
		buf_byte(out, ' ');
		text_print_word(out, config->group);
	}
	return true;
}

const struct value_type value_user = { .parse = parse_user, .print = print_user };

/* ---- pairs ---------------------------------------------------------------------------------------------- */

static bool take_time(const struct value *v, size_t i, uint64_t *ms)
{
	const struct token *arg = &v->node->args[i];

	if (text_parse_time(arg->text, ms) && *ms <= UINT64_C(31536000000))
		return true;
	value_error(v, arg, "'%.*s' is no time for '%.*s': expected at most 365d, as in 60s",
	            STR_ARG(arg->text), STR_ARG(v->directive->name));
	return false;
}

/* keepalive_timeout TIME [TIME]: the second is what the Keep-Alive field announces. */
static bool parse_keepalive(const struct value *v, void *target)
{
	struct settings *settings = target;
	uint64_t timeout, header = 0;

	if (!take_time(v, 0, &timeout) || (v->node->arg_count == 2 && !take_time(v, 1, &header)))
		return false;
	settings->keepalive_timeout = timeout;
	settings->keepalive_header = header;
	return true;
}

static bool print_keepalive(const struct shown *shown, const void *target, size_t i,
                            struct buf *out)
{
	const struct settings *settings = target;

	(void)shown;
	text_print_time(out, settings->keepalive_timeout);
	if (settings->keepalive_header > 0) {
		buf_byte(out, ' ');
		text_print_time(out, settings->keepalive_header);
	}
	return i == 0;
}

const struct value_type value_keepalive = { .parse = parse_keepalive, .print = print_keepalive };

/* cgi_timeout TIME [GRACE] */
static bool parse_grace(const struct value *v, void *target)
{
	struct settings *settings = target;
	uint64_t timeout, grace = settings->cgi_grace;

	if (!take_time(v, 0, &timeout) || (v->node->arg_count == 2 && !take_time(v, 1, &grace)))
		return false;
	if (timeout == 0) {
		value_error(v, &v->node->args[0], "a program can't have no time at all");
		return false;
	}
	settings->cgi_timeout = timeout;
	settings->cgi_grace = grace;
	return true;
}

static bool print_grace(const struct shown *shown, const void *target, size_t i, struct buf *out)
{
	const struct settings *settings = target;

	(void)shown;
	text_print_time(out, settings->cgi_timeout);
	buf_byte(out, ' ');
	text_print_time(out, settings->cgi_grace);
	return i == 0;
}

const struct value_type value_grace = { .parse = parse_grace, .print = print_grace };

/* large_client_header_buffers N SIZE */
static bool parse_header_buffers(const struct value *v, void *target)
{
	const struct token *args = v->node->args;
	struct settings *settings = target;
	uint64_t n, size;

	if (!str_parse_u64(args[0].text, &n) || n < 1 || n > 1024) {
		value_error(v, &args[0], "'%.*s' is no number of buffers: expected 1 to 1024",
		            STR_ARG(args[0].text));
		return false;
	}
	if (!text_parse_size(args[1].text, &size) || size < 256 || size > 1 << 20) {
		value_error(v, &args[1], "'%.*s' is no buffer size: expected 256 to 1m",
		            STR_ARG(args[1].text));
		return false;
	}
	settings->header_line_max = (uint32_t)size;
	settings->header_total_max = (uint32_t)(n * size);
	return true;
}

static bool print_header_buffers(const struct shown *shown, const void *target, size_t i,
                                 struct buf *out)
{
	const struct settings *settings = target;

	(void)shown;
	buf_u64(out, settings->header_total_max / settings->header_line_max);
	buf_byte(out, ' ');
	text_print_size(out, settings->header_line_max);
	return i == 0;
}

const struct value_type value_header_buffers = { .parse = parse_header_buffers,
	                                         .print = print_header_buffers };
