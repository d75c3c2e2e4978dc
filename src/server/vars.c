#include "server/vars.h"

#include "base/clock.h"
#include "http/escape.h"
#include "http/target.h"
#include "server/conn.h"
#include "server/request.h"
#include "server/worker.h"

#include <sys/socket.h>
#include <unistd.h>

/*
 * Every variable is a row: its name and the function that appends its value. A family ("http_") takes
 * the rest of the name as its argument. Where there is no value nothing is appended.
 */
struct vars_row {
	struct str name;
	bool is_family;
	void (*append)(struct buf *out, struct request *r, struct str argument);
};

/* ---- the request ------------------------------------------------------------------------------------ */

static void var_host(struct buf *out, struct request *r, struct str argument)
{
	struct str name = r->host.name;

	(void)argument;
	if (name.len == 0 && r->server->names.count > 0)
		name = r->server->names.items[0];
	for (size_t i = 0; i < name.len; i++)
		buf_byte(out, ascii_lower(name.ptr[i]));
}

static void var_uri(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	buf_add(out, r->target.path);
}

static void var_request_uri(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	buf_add(out, r->request_uri);
}

static void var_request(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	if (r->request_uri.len == 0)
		return;
	buf_add(out, r->head.method_name);
	buf_byte(out, ' ');
	buf_add(out, r->request_uri);
	buf_text(out, r->head.minor == 0 ? " HTTP/1.0" : " HTTP/1.1");
}

static void var_args(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	buf_add(out, r->target.query);
}

/* The value of the first `name=value` in the query, as sent. */
static void var_arg(struct buf *out, struct request *r, struct str argument)
{
	struct str rest = r->target.query;

	while (rest.len > 0) {
		struct str value = str_cut(&rest, '&'), name = str_cut(&value, '=');

		if (str_eq_nocase(name, argument)) {
			buf_add(out, value);
			return;
		}
	}
}

/* Whether a variable's name means this field: letters in any case, `_` for `-`. */
static bool var_names_field(struct str variable, struct str field)
{
	if (variable.len != field.len)
		return false;
	for (size_t i = 0; i < field.len; i++)
		if (ascii_lower(field.ptr[i] == '-' ? '_' : field.ptr[i]) !=
		    ascii_lower(variable.ptr[i]))
			return false;
	return true;
}

static void var_http(struct buf *out, struct request *r, struct str argument)
{
	bool first = true;

	for (size_t i = 0; i < r->head.field_count; i++) {
		const struct field *f = &r->head.fields[i];

		if (!var_names_field(argument, f->name))
			continue;
		if (!first)
			buf_text(out, f->id == FIELD_COOKIE ? "; " : ", ");
		buf_add(out, f->value);
		first = false;
	}
}

static void var_http_host(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	buf_add(out, head_value(&r->head, FIELD_HOST));
}

static void var_cookie(struct buf *out, struct request *r, struct str argument)
{
	for (const struct field *f = head_field(&r->head, FIELD_COOKIE); f;
	     f = head_next(&r->head, f)) {
		struct str rest = f->value;

		while (rest.len > 0) {
			struct str value = str_cut(&rest, ';'),
			           name = str_trim(str_cut(&value, '='));

			if (str_eq(name, argument)) {
				buf_add(out, str_trim(value));
				return;
			}
		}
	}
}

static void var_method(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	buf_add(out, r->head.method_name);
}

static void var_protocol(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	buf_text(out, r->head.minor == 0 ? "HTTP/1.0" : "HTTP/1.1");
}

static void var_scheme(struct buf *out, struct request *r, struct str argument)
{
	(void)r;
	(void)argument;
	buf_text(out, "http");
}

static void var_request_length(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	buf_u64(out, r->head.size + r->body_received);
}

static void var_request_id(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	buf_add(out, request_id(r));
}

static void var_request_time(struct buf *out, struct request *r, struct str argument)
{
	uint64_t ms = clock_now() - r->started;

	(void)argument;
	buf_u64(out, ms / 1000);
	buf_byte(out, '.');
	buf_u64_pad(out, ms % 1000, 3);
}

static void var_capture(struct buf *out, struct request *r, struct str argument)
{
	regmatch_t groups[10] = { { .rm_so = 0, .rm_eo = (regoff_t)r->target.path.len } };
	size_t i = (size_t)(argument.ptr[0] - '0');

	if (r->location->kind != LOCATION_REGEX || !r->target.path.ptr ||
	    regexec(r->location->regex, r->target.path.ptr, 10, groups, REG_STARTEND) != 0 ||
	    groups[i].rm_so < 0)
		return;
	buf_add(out, str_make(r->target.path.ptr + groups[i].rm_so,
	                      (size_t)(groups[i].rm_eo - groups[i].rm_so)));
}

/* ---- server and connection -------------------------------------------------------------------------- */

static void var_server_name(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	if (r->server->names.count > 0)
		buf_add(out, r->server->names.items[0]);
}

static void var_server_addr(struct buf *out, struct request *r, struct str argument)
{
	struct peer local;

	(void)argument;
	if (request_local_peer(r, &local))
		peer_print(&local, out);
}

static void var_server_port(struct buf *out, struct request *r, struct str argument)
{
	struct peer local;

	(void)argument;
	if (request_local_peer(r, &local) && local.family != AF_UNIX)
		buf_u64(out, local.port);
}

static void var_remote_addr(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	if (r->peer.family != AF_UNSPEC)
		peer_print(&r->peer, out);
}

static void var_realip_remote_addr(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	if (r->conn)
		peer_print(&r->conn->peer, out);
}

static void var_remote_port(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	if (r->peer.port != 0)
		buf_u64(out, r->peer.port);
}

static void var_connection(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	buf_u64(out, r->conn ? r->conn->number : 0);
}

static void var_connection_requests(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	buf_u64(out, r->conn ? r->conn->requests : 0);
}

static void var_pid(struct buf *out, struct request *r, struct str argument)
{
	(void)r;
	(void)argument;
	buf_u64(out, (uint64_t)getpid());
}

static void var_hostname(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	if (r->worker)
		buf_text(out, r->worker->hostname);
}

/* ---- files ------------------------------------------------------------------------------------------ */

static void var_document_root(struct buf *out, struct request *r, struct str argument)
{
	int dir = request_settings(r)->base.dir;

	(void)argument;
	if (r->config && dir != CONFIG_NONE)
		buf_add(out, r->config->dirs.items[dir].path);
}

static void var_request_filename(struct buf *out, struct request *r, struct str argument)
{
	int dir = r->decision.dir;
	struct str path = r->decision.path;

	if (!path.ptr) {
		dir = request_settings(r)->base.dir;
		path = str_from_index(r->target.path, 1);
	}
	(void)argument;
	if (!r->config || dir == CONFIG_NONE)
		return;
	buf_add(out, r->config->dirs.items[dir].path);
	buf_byte(out, '/');
	buf_add(out, path);
}

/* ---- the answer ------------------------------------------------------------------------------------- */

static void var_status(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	if (r->response.status > 0)
		buf_u64_pad(out, r->response.status, 3);
}

static void var_bytes_sent(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	buf_u64(out, r->bytes_sent);
}

static void var_body_bytes_sent(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	buf_u64(out, r->body_sent);
}

static void var_sent_http(struct buf *out, struct request *r, struct str argument)
{
	struct str rest = r->response_head;

	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');
		struct str name = str_cut(&line, ':');

		if (!line.ptr || !var_names_field(argument, name))
			continue;
		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		buf_add(out, str_trim(line));
		return;
	}
}

/* ---- time ------------------------------------------------------------------------------------------- */

static void var_time_local(struct buf *out, struct request *r, struct str argument)
{
	(void)r;
	(void)argument;
	buf_text(out, clock_cached.log_time);
}

static void var_time_iso8601(struct buf *out, struct request *r, struct str argument)
{
	(void)r;
	(void)argument;
	buf_text(out, clock_cached.iso_time);
}

static void var_msec(struct buf *out, struct request *r, struct str argument)
{
	(void)r;
	(void)argument;
	buf_u64(out, (uint64_t)clock_cached.wall.tv_sec);
	buf_byte(out, '.');
	buf_u64_pad(out, (uint64_t)clock_cached.wall.tv_nsec / 1000000, 3);
}

/* Who has shown that he is: a name without the right password is nobody's. */
static void var_remote_user(struct buf *out, struct request *r, struct str argument)
{
	(void)argument;
	buf_add(out, r->remote_user);
}

/* ---- the table --------------------------------------------------------------------------------------- */

static const struct vars_row vars_rows[] = {
	{ STR("arg_"), true, var_arg },
	{ STR("args"), false, var_args },
	{ STR("body_bytes_sent"), false, var_body_bytes_sent },
	{ STR("bytes_sent"), false, var_bytes_sent },
	{ STR("connection"), false, var_connection },
	{ STR("connection_requests"), false, var_connection_requests },
	{ STR("cookie_"), true, var_cookie },
	{ STR("document_root"), false, var_document_root },
	{ STR("document_uri"), false, var_uri },
	{ STR("host"), false, var_host },
	{ STR("hostname"), false, var_hostname },
	{ STR("http_host"), false, var_http_host },
	{ STR("http_"), true, var_http },
	{ STR("msec"), false, var_msec },
	{ STR("pid"), false, var_pid },
	{ STR("query_string"), false, var_args },
	{ STR("realip_remote_addr"), false, var_realip_remote_addr },
	{ STR("remote_addr"), false, var_remote_addr },
	{ STR("remote_port"), false, var_remote_port },
	{ STR("remote_user"), false, var_remote_user },
	{ STR("request"), false, var_request },
	{ STR("request_filename"), false, var_request_filename },
	{ STR("request_id"), false, var_request_id },
	{ STR("request_length"), false, var_request_length },
	{ STR("request_method"), false, var_method },
	{ STR("request_time"), false, var_request_time },
	{ STR("request_uri"), false, var_request_uri },
	{ STR("scheme"), false, var_scheme },
	{ STR("sent_http_"), true, var_sent_http },
	{ STR("server_addr"), false, var_server_addr },
	{ STR("server_name"), false, var_server_name },
	{ STR("server_port"), false, var_server_port },
	{ STR("server_protocol"), false, var_protocol },
	{ STR("status"), false, var_status },
	{ STR("time_iso8601"), false, var_time_iso8601 },
	{ STR("time_local"), false, var_time_local },
	{ STR("uri"), false, var_uri },
};

enum { VARS_COUNT = sizeof vars_rows / sizeof vars_rows[0], VARS_CAPTURE = VARS_COUNT };

static int vars_find(struct str name, struct str *argument)
{
	*argument = (struct str){ NULL, 0 };
	if (name.len == 1 && name.ptr[0] >= '1' && name.ptr[0] <= '9') {
		*argument = name;
		return VARS_CAPTURE;
	}
	for (int i = 0; i < VARS_COUNT; i++)
		if (!vars_rows[i].is_family && str_eq(vars_rows[i].name, name))
			return i;
	for (int i = 0; i < VARS_COUNT; i++) {
		struct str family = vars_rows[i].name;

		if (vars_rows[i].is_family && name.len > family.len &&
		    str_starts_with(name, family)) {
			*argument = str_from_index(name, family.len);
			return i;
		}
	}
	return -1;
}

static struct str vars_name(size_t i)
{
	return i < VARS_COUNT ? vars_rows[i].name : (struct str){ NULL, 0 };
}

const struct template_names vars_names = { .find = vars_find, .name = vars_name };

/* ---- expansion --------------------------------------------------------------------------------------- */

static void vars_append(struct buf *out, const struct template_part *part, struct request *r)
{
	if (part->variable == VARS_CAPTURE)
		var_capture(out, r, part->argument);
	else
		vars_rows[part->variable].append(out, r, part->argument);
}

/* Green is fine, cyan elsewhere, yellow the client's mistake, red ours. */
static void vars_append_coloured(struct buf *out, struct request *r, struct str value)
{
	static const char *const colours[] = { "0", "0", "32", "36", "33", "1;31" };
	unsigned class = r->response.status / 100;

	buf_format(out, "\033[%sm%.*s\033[0m", colours[class < 6 ? class : 5], STR_ARG(value));
}

static void vars_append_escaped(struct buf *out, const struct template_part *part,
                                struct request *r, enum vars_escape escape)
{
	struct buf value = buf_in_arena(&r->arena, 128);

	vars_append(&value, part, r);
	if (value.failed) {
		out->failed = true;
		return;
	}
	if (escape == VARS_JSON)
		escape_json(out, buf_str(&value));
	else if (escape == VARS_TERMINAL && value.len > 0 && str_eq(part->text, STR_OF("status")))
		vars_append_coloured(out, r, buf_str(&value));
	else if (value.len == 0)
		buf_byte(out, '-');
	else
		escape_log(out, buf_str(&value));
}

void vars_expand(struct buf *out, const struct template *t, struct request *r,
                 enum vars_escape escape)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct template_part *part = &t->parts[i];

		if (part->variable < 0)
			buf_add(out, part->text);
		else if (escape == VARS_PLAIN)
			vars_append(out, part, r);
		else
			vars_append_escaped(out, part, r, escape);
	}
}

struct str vars_text(const struct template *t, struct request *r)
{
	struct buf b;

	if (template_is_constant(t))
		return arena_str(&r->arena, template_constant(t));
	b = buf_in_arena(&r->arena, 128);
	vars_expand(&b, t, r, VARS_PLAIN);
	buf_byte(&b, '\0');
	b.len--;
	return b.failed ? str_make(NULL, 0) : buf_str(&b);
}
