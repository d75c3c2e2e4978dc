#include "handlers/cgi_env.h"

#include "server/conn.h"
#include "server/vars.h"

/* One meta-variable on its way into the environment. A value with a NULL pointer: not set. */
struct variable {
	struct str name, value;
};

struct environment {
	struct request *r;
	int64_t length; /* of the body */
	struct variable *items;
	size_t count;
};

static const struct str unset = { NULL, 0 };

/* ---- values ------------------------------------------------------------------------------------------ */

static struct str env_number(struct environment *e, uint64_t n)
{
	char digits[24];
	struct buf b = buf_fixed(digits, sizeof digits);

	buf_u64(&b, n);
	return arena_str(&e->r->arena, buf_str(&b));
}

static struct str env_dir(const struct request *r, int dir)
{
	return dir >= 0 ? r->config->dirs.items[dir].path : STR_OF("");
}

/* a + "/" + b, with one slash between them. */
static struct str env_join(struct request *r, struct str a, struct str b)
{
	struct buf out = buf_in_arena(&r->arena, a.len + b.len + 2);

	while (a.len > 0 && a.ptr[a.len - 1] == '/')
		a.len--;
	buf_add(&out, a);
	if (b.len == 0 || b.ptr[0] != '/')
		buf_byte(&out, '/');
	buf_add(&out, b);
	buf_byte(&out, '\0');
	return out.failed ? unset : str_make(out.ptr, out.len - 1);
}

static struct str env_peer(struct environment *e, const struct peer *peer)
{
	char text[64];
	struct buf b = buf_fixed(text, sizeof text);

	peer_print(peer, &b);
	return arena_str(&e->r->arena, buf_str(&b));
}

static struct str meta_content_length(struct environment *e)
{
	return e->length < 0 ? unset : env_number(e, (uint64_t)e->length);
}

static struct str meta_content_type(struct environment *e)
{
	return e->length < 0 ? unset : head_value(&e->r->head, FIELD_CONTENT_TYPE);
}

static struct str meta_document_root(struct environment *e)
{
	return env_dir(e->r, request_settings(e->r)->base.dir);
}

static struct str meta_document_uri(struct environment *e)
{
	return e->r->target.path;
}

static struct str meta_gateway_interface(struct environment *e)
{
	(void)e;
	return STR_OF("CGI/1.1");
}

/* An absolute-form target's authority replaces Host (RFC 9112 section 3.2.2). */
static struct str meta_http_host(struct environment *e)
{
	return e->r->host.text.len > 0 ? e->r->host.text : head_value(&e->r->head, FIELD_HOST);
}

static struct str meta_path(struct environment *e)
{
	(void)e;
	return STR_OF("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
}

static struct str meta_path_info(struct environment *e)
{
	return e->r->decision.path_info.len > 0 ? e->r->decision.path_info : unset;
}

static struct str meta_path_translated(struct environment *e)
{
	struct str info = e->r->decision.path_info;

	return info.len > 0 ? env_join(e->r, meta_document_root(e), info) : unset;
}

static struct str meta_query_string(struct environment *e)
{
	/* Section 4.1.7: set even where it is empty. */
	return e->r->target.has_query ? e->r->target.query : STR_OF("");
}

static struct str meta_redirect_status(struct environment *e)
{
	/* php-cgi answers nobody but a server that sets it; error pages learn their status from it. */
	return env_number(e, e->r->error_status != 0 ? e->r->error_status : 200);
}

static struct str meta_remote_addr(struct environment *e)
{
	return e->r->peer.family != AF_UNSPEC ? env_peer(e, &e->r->peer) : unset;
}

static struct str meta_remote_port(struct environment *e)
{
	return e->r->peer.port != 0 ? env_number(e, e->r->peer.port) : unset;
}

static struct str meta_request_id(struct environment *e)
{
	return request_id(e->r);
}

static struct str meta_request_method(struct environment *e)
{
	struct str known = method_name(e->r->method);

	return known.len > 0 ? known : e->r->head.method_name;
}

static struct str meta_request_scheme(struct environment *e)
{
	(void)e;
	return STR_OF("http");
}

/* Programs expect path and query here, also from the client that sent an absolute-form target. */
static struct str meta_request_uri(struct environment *e)
{
	struct str uri = e->r->request_uri, rest;
	size_t scheme;

	if (uri.len == 0 || uri.ptr[0] == '/')
		return uri;
	scheme = str_find(uri, ':');
	rest = str_from_index(uri, scheme + 3);
	rest = str_from_index(rest, str_find(rest, '/'));
	return rest.len > 0 ? rest : STR_OF("/");
}

/* "/usr/bin/php-cgi8.2", "php-cgi" and their like. */
static bool env_is_php(struct str program)
{
	size_t slash = str_find_last(program, '/');
	struct str name = slash < program.len ? str_from_index(program, slash + 1) : program;

	return str_starts_with(name, STR_OF("php"));
}

/* With cgi_pass the program, but never php-cgi itself: it would take its own binary for the script. */
static struct str meta_script_filename(struct environment *e)
{
	struct request *r = e->r;

	if (r->decision.is_whole_location && env_is_php(r->decision.command->program))
		return env_join(r, meta_document_root(e), r->target.path);
	return str_from(cgi_script_path(r));
}

static struct str meta_script_name(struct environment *e)
{
	/* Section 4.1.13: set even where it is empty. */
	return e->r->decision.script_name.len > 0 ? e->r->decision.script_name : STR_OF("");
}

static struct str meta_server_addr(struct environment *e)
{
	struct peer local;

	return request_local_peer(e->r, &local) ? env_peer(e, &local) : unset;
}

static struct str meta_server_name(struct environment *e)
{
	const struct str_list *names = &e->r->server->names;

	if (e->r->host.name.len > 0)
		return e->r->host.name;
	if (names->count > 0 && names->items[0].len > 0)
		return names->items[0];
	return meta_server_addr(e);
}

static struct str meta_server_port(struct environment *e)
{
	struct peer local;

	if (request_local_peer(e->r, &local) && local.family != AF_UNIX)
		return env_number(e, local.port);
	return env_number(e, e->r->host.port != 0 ? e->r->host.port : 80);
}

static struct str meta_server_protocol(struct environment *e)
{
	return e->r->head.minor == 0 ? STR_OF("HTTP/1.0") : STR_OF("HTTP/1.1");
}

static struct str meta_server_software(struct environment *e)
{
	return request_settings(e->r)->server_tokens ? STR_OF("webserv/" WEBSERV_VERSION)
	                                             : STR_OF("webserv");
}

/* RFC 3875 sections 4.1.1 and 4.1.11: both or neither. */
static struct str meta_auth_type(struct environment *e)
{
	return e->r->remote_user.ptr ? STR_OF("Basic") : unset;
}

static struct str meta_remote_user(struct environment *e)
{
	return e->r->remote_user.ptr ? e->r->remote_user : unset;
}

/* ---- the table --------------------------------------------------------------------------------------- */

/*
 * RFC 3875 section 4.1 and what programs have come to expect beside it. REMOTE_IDENT and REMOTE_HOST are
 * not set: we know neither.
 */
static const struct {
	struct str name;
	struct str (*value)(struct environment *e);
} meta_rows[] = {
	{ STR("AUTH_TYPE"), meta_auth_type },
	{ STR("CONTENT_LENGTH"), meta_content_length },
	{ STR("CONTENT_TYPE"), meta_content_type },
	{ STR("DOCUMENT_ROOT"), meta_document_root },
	{ STR("DOCUMENT_URI"), meta_document_uri },
	{ STR("GATEWAY_INTERFACE"), meta_gateway_interface },
	{ STR("HTTP_HOST"), meta_http_host },
	{ STR("PATH"), meta_path },
	{ STR("PATH_INFO"), meta_path_info },
	{ STR("PATH_TRANSLATED"), meta_path_translated },
	{ STR("QUERY_STRING"), meta_query_string },
	{ STR("REDIRECT_STATUS"), meta_redirect_status },
	{ STR("REMOTE_ADDR"), meta_remote_addr },
	{ STR("REMOTE_PORT"), meta_remote_port },
	{ STR("REMOTE_USER"), meta_remote_user },
	{ STR("REQUEST_ID"), meta_request_id },
	{ STR("REQUEST_METHOD"), meta_request_method },
	{ STR("REQUEST_SCHEME"), meta_request_scheme },
	{ STR("REQUEST_URI"), meta_request_uri },
	{ STR("SCRIPT_FILENAME"), meta_script_filename },
	{ STR("SCRIPT_NAME"), meta_script_name },
	{ STR("SERVER_ADDR"), meta_server_addr },
	{ STR("SERVER_NAME"), meta_server_name },
	{ STR("SERVER_PORT"), meta_server_port },
	{ STR("SERVER_PROTOCOL"), meta_server_protocol },
	{ STR("SERVER_SOFTWARE"), meta_server_software },
};

enum { META_COUNT = sizeof meta_rows / sizeof meta_rows[0] };

static void env_add_meta(struct environment *e)
{
	for (size_t i = 0; i < META_COUNT; i++) {
		struct str value = meta_rows[i].value(e);

		if (value.ptr)
			e->items[e->count++] = (struct variable){ meta_rows[i].name, value };
	}
}

/* ---- header fields ------------------------------------------------------------------------------------- */

/*
 * Letters, digits and hyphens only: an underscore, or anything else that a token may hold, could make
 * two different fields one variable (X_Forwarded_For and X-Forwarded-For).
 */
static bool field_has_clean_name(const struct field *f)
{
	for (size_t i = 0; i < f->name.len; i++) {
		char c = f->name.ptr[i];

		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '-')
			return false;
	}
	return true;
}

static bool field_is_for_programs(const struct field *f)
{
	return f->id != FIELD_HOST && !(field_info(f->id)->flags & (FIELD_NO_CGI | FIELD_HOP)) &&
	       field_has_clean_name(f);
}

static bool field_is_same(const struct field *a, const struct field *b)
{
	return a->id == b->id && (a->id != FIELD_OTHER || str_eq_nocase(a->name, b->name));
}

static struct str field_variable(struct request *r, const struct field *f)
{
	struct buf b = buf_in_arena(&r->arena, f->name.len + 5);

	buf_text(&b, "HTTP_");
	for (size_t i = 0; i < f->name.len; i++)
		buf_byte(&b, f->name.ptr[i] == '-' ? '_' : ascii_upper(f->name.ptr[i]));
	return b.failed ? unset : buf_str(&b);
}

/* Its value, with those of the same name behind it (RFC 3875 section 4.1.18). */
static struct str field_values(struct request *r, size_t first)
{
	const struct field *f = &r->head.fields[first];
	/* Cookies have a separator of their own (RFC 6265 section 4.2.1). */
	const char *between = f->id == FIELD_COOKIE ? "; " : ", ";
	struct buf b = { 0 };

	for (size_t i = first + 1; i < r->head.field_count; i++) {
		if (!field_is_same(&r->head.fields[i], f))
			continue;
		if (!b.arena) {
			b = buf_in_arena(&r->arena, 256);
			buf_add(&b, f->value);
		}
		buf_text(&b, between);
		buf_add(&b, r->head.fields[i].value);
	}
	if (!b.arena)
		return f->value;
	return b.failed ? unset : buf_str(&b);
}

static bool field_came_before(const struct head *head, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (field_is_same(&head->fields[j], &head->fields[i]))
			return true;
	return false;
}

static bool env_add_fields(struct environment *e)
{
	const struct head *head = &e->r->head;

	for (size_t i = 0; i < head->field_count; i++) {
		struct variable *v = &e->items[e->count];

		if (!field_is_for_programs(&head->fields[i]) || field_came_before(head, i))
			continue;
		*v = (struct variable){ field_variable(e->r, &head->fields[i]),
			                field_values(e->r, i) };
		if (!v->name.ptr)
			return false;
		e->count++;
	}
	return true;
}

/* ---- cgi_param, and the strings ------------------------------------------------------------------------- */

static bool env_apply_params(struct environment *e)
{
	const struct cgi_param_list *params = &request_settings(e->r)->cgi_params;

	for (size_t i = 0; i < params->count; i++) {
		struct str value = vars_text(&params->items[i].value, e->r);
		size_t at = 0;

		if (!value.ptr)
			return false;
		while (at < e->count && !str_eq(e->items[at].name, params->items[i].name))
			at++;
		if (value.len > 0) {
			e->items[at] = (struct variable){ params->items[i].name, value };
			e->count += at == e->count;
		} else if (at < e->count) {
			e->items[at] = e->items[--e->count];
		}
	}
	return true;
}

/* "NAME=VALUE". A NUL in a decoded path stands for an encoded slash (http/target.h). */
static char *env_string(struct arena *arena, const struct variable *v)
{
	size_t len = v->name.len + 1 + v->value.len;
	char *text = arena_alloc(arena, len + 1);

	if (!text)
		return NULL;
	memcpy(text, v->name.ptr, v->name.len);
	text[v->name.len] = '=';
	if (v->value.len > 0)
		memcpy(text + v->name.len + 1, v->value.ptr, v->value.len);
	text[len] = '\0';
	for (size_t i = v->name.len + 1; i < len; i++)
		if (text[i] == '\0')
			text[i] = '/';
	return text;
}

static const char *const *env_strings(struct environment *e)
{
	struct arena *arena = &e->r->arena;
	const char **strings = arena_alloc(arena, (e->count + 1) * sizeof *strings);

	if (!strings)
		return NULL;
	for (size_t i = 0; i < e->count; i++)
		if (!(strings[i] = env_string(arena, &e->items[i])))
			return NULL;
	strings[e->count] = NULL;
	return strings;
}

const char *const *cgi_environment(struct request *r, int64_t length)
{
	struct environment e = { .r = r, .length = length };
	size_t most = META_COUNT + r->head.field_count + request_settings(r)->cgi_params.count;

	e.items = arena_alloc(&r->arena, most * sizeof *e.items);
	if (!e.items)
		return NULL;
	env_add_meta(&e);
	if (!env_add_fields(&e) || !env_apply_params(&e))
		return NULL;
	return env_strings(&e);
}

const char *cgi_script_path(struct request *r)
{
	const struct decision *d = &r->decision;

	if (d->is_whole_location)
		return d->command->program.ptr;
	return env_join(r, env_dir(r, d->dir), d->path).ptr;
}

bool cgi_has_body(const struct request *r)
{
	/* After an internal redirect the method has become GET, or another handler has the body. */
	return (r->framing.kind != FRAMING_NONE || r->framing.has_length) && r->error_status == 0 &&
	       r->method == r->head.method && !r->sink;
}
