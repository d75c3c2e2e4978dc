#include "conf/types.h"
#include "handlers/cgi_env.h"
#include "handlers/handlers.h"
#include "handlers/store.h"
#include "http/basic_auth.h"
#include "main/explain_parts.h"
#include "server/auth.h"
#include "server/conn.h"
#include "server/password_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct explain *explain_of(const struct request *r)
{
	return LIST_ENTRY(r->trace, struct explain, trace);
}

/* ---- at the gate ------------------------------------------------------------------------------------- */

/* Nothing is counted: what other clients have used up is not known here. */
static enum gate_answer explain_limits(struct gate *gate, struct request *r)
{
	struct explain *e = LIST_ENTRY(gate, struct explain, gate);
	const struct settings *set = request_settings(r);
	struct buf rate = buf_in_arena(&r->arena, 64);
	const char *dry = set->limit_dry_run ? " (limit_dry_run: only logged)" : "";

	limit_req_print(&set->limit_req, &rate);
	if (set->limit_conn.most > 0)
		explain_say(e, "limits", "limit_conn %u: 429 past it%s", set->limit_conn.most, dry);
	if (set->limit_req.rate > 0)
		explain_say(e, "limits", "limit_req %.*s: 429 past it%s", STR_ARG(buf_str(&rate)),
		            dry);
	return GATE_PASS;
}

/* As the verifier does it, but here and now. */
static enum gate_answer explain_verify(struct explain *e, struct request *r,
                                       const struct basic_auth *said)
{
	const char *path = e->config->password_files.items[request_settings(r)->auth_file].path.ptr;
	struct password_library library = { .handle = NULL };
	const char *missing = password_library_open(&library);
	struct password_file file;
	bool is_right = false, is_readable = false;

	if (missing) {
		explain_say(e, "password", "it can't be checked: %s", missing);
		return GATE_FAILED;
	}
	password_file_init(&file, path);
	password_file_refresh(&file, &library);
	is_readable = file.is_readable;
	if (is_readable)
		is_right = password_file_admits(&file, &library, said->user, said->password);
	password_file_end(&file);
	password_library_close(&library);
	explain_say(e, "password", "%s: %s", path,
	            !is_readable ? "it can't be read"
	            : is_right   ? "name and password are right"
	                         : "an unknown name or a wrong password");
	if (!is_readable)
		return GATE_FAILED;
	return is_right ? GATE_PASS : auth_challenge(r);
}

static enum gate_answer explain_password(struct gate *gate, struct request *r)
{
	struct explain *e = LIST_ENTRY(gate, struct explain, gate);
	const struct settings *set = request_settings(r);
	char room[BASIC_AUTH_ROOM];
	struct basic_auth said;

	if (!set->auth.is_on)
		return GATE_PASS;
	explain_say(e, "auth_basic", "\"%.*s\": a name and a password are needed",
	            STR_ARG(set->auth.realm));
	if (!basic_auth_parse(head_value(&r->head, FIELD_AUTHORIZATION), room, &said)) {
		explain_say(e, "password",
		            "the request has none that can be read "
		            "(-H 'Authorization: Basic …')");
		return auth_challenge(r);
	}
	r->remote_user = arena_str(&r->arena, said.user);
	return r->remote_user.ptr ? explain_verify(e, r, &said) : GATE_FAILED;
}

void explain_gate_init(struct gate *gate)
{
	*gate = (struct gate){ explain_limits, explain_password };
}

/* ---- handlers that only describe ----------------------------------------------------------------------- */

static void describe_close(struct request *r)
{
	explain_say(explain_of(r), "answer", "none: the connection is closed (return 444)");
}

static void describe_wait(struct request *r)
{
	explain_say(explain_of(r), "answer", "not known: somebody else has to be asked first");
}

static void describe_status(struct request *r)
{
	explain_say(explain_of(r), "answer", "200 with the server's live figures");
}

static void describe_command(struct explain *e, struct request *r, const char *script)
{
	const struct command *c = r->decision.command;
	struct buf line = buf_in_arena(&r->arena, 256);

	if (c)
		buf_add(&line, c->program);
	for (size_t i = 0; c && i < c->args.count; i++) {
		buf_byte(&line, ' ');
		buf_add(&line, c->args.items[i]);
	}
	if (!r->decision.is_whole_location) {
		buf_text(&line, line.len > 0 ? " " : "");
		buf_text(&line, script);
	}
	explain_say(e, "program", "%.*s", STR_ARG(buf_str(&line)));
	if (access(c ? c->program.ptr : script, X_OK) != 0)
		explain_say(e, "program",
		            "but it may not be executed: the answer would be 502 or 403");
}

/* A body's length is known before the program starts, because a chunked one is spooled. */
static int64_t describe_length(const struct request *r)
{
	return cgi_has_body(r) && r->framing.has_length ? (int64_t)r->framing.length
	                                                : CGI_NO_LENGTH;
}

static void describe_program(struct request *r)
{
	struct explain *e = explain_of(r);
	const char *script = cgi_script_path(r);
	const char *const *env;

	/* Before anything else, as cgi_start() does: what it says of the body depends on it. */
	env = cgi_environment(r, describe_length(r));
	if (!script || !env) {
		respond_error(r, 500, "out of memory");
		return;
	}
	describe_command(e, r, script);
	for (size_t i = 0; env[i]; i++)
		explain_say(e, "environment", "%s", env[i]);
	explain_say(e, "answer", "what the program writes; it is not run now");
}

static const char *store_path(const struct request *r)
{
	return r->config->dirs.items[request_settings(r)->store].path.ptr;
}

/* Whether the body, where -H says its length, would fit; else a trace of what would be looked at. */
static bool describe_room(struct request *r)
{
	struct explain *e = explain_of(r);
	char text[64];
	struct buf b = buf_fixed(text, sizeof text);
	uint64_t room;

	if (request_settings(r)->upload_reserve == 0)
		return true;
	text_print_size(&b, request_settings(r)->upload_reserve);
	buf_byte(&b, '\0');
	if (store_room(r, store_dir(r), &room) != 0) {
		explain_say(e, "upload_reserve",
		            "%s is kept free, but the free space is not known: %s", text,
		            strerror(errno));
		return true;
	}
	explain_say(e, "upload_reserve",
	            "%s is kept free: there is room for %llu bytes now, a larger upload is 507",
	            text, (unsigned long long)room);
	if (r->framing.kind == FRAMING_CHUNKED ? room > 0 : r->framing.length <= room)
		return true;
	explain_say(e, "answer", "507, before the body is asked for");
	return false;
}

static void describe_upload(struct request *r)
{
	static const char *const taken[] = {
		[OVERWRITE_OFF] = "a name that is taken is answered 409 (upload_overwrite off)",
		[OVERWRITE_ON] = "a name that is taken is replaced (upload_overwrite on)",
		[OVERWRITE_RENAME] = "a name that is taken gets a number (upload_overwrite rename)",
	};
	struct explain *e = explain_of(r);

	explain_say(e, "upload", "what is sent is stored in %s", store_path(r));
	explain_say(e, "upload", "%s", taken[request_settings(r)->upload_overwrite]);
	if (describe_room(r))
		explain_say(e, "answer", "201 once it is stored; nothing is stored now");
}

static void describe_put(struct request *r)
{
	struct explain *e = explain_of(r);
	const char *taken = request_settings(r)->upload_overwrite == OVERWRITE_ON
	                            ? "204 if it is there already and is replaced"
	                            : "409 if it is there already (upload_overwrite)";

	explain_say(e, "put", "the body becomes %s/%.*s", store_path(r),
	            STR_ARG(r->decision.store_path));
	if (describe_room(r))
		explain_say(e, "answer", "201 if the file is new, %s; nothing is stored now",
		            taken);
}

static void describe_resume(struct request *r)
{
	struct explain *e = explain_of(r);

	explain_say(
	        e, "upload_resumable",
	        "an upload that was begun at this address and may come in pieces; what is of it "
	        "lies hidden in %s",
	        store_path(r));
	explain_say(e, "answer", "%s; nothing is done now",
	            r->method == METHOD_PATCH
	                    ? "204 once the bytes are appended, or what the whole is answered with"
	            : r->method == METHOD_DELETE ? "204 once it is given up"
	                                         : "204 with its offset, or 404");
}

static void describe_remove(struct request *r)
{
	explain_say(explain_of(r), "delete", "%s/%.*s", store_path(r),
	            STR_ARG(r->decision.store_path));
	explain_say(explain_of(r), "answer",
	            "204 if it is there, else 404, or 409 for a directory that is not empty; "
	            "nothing is deleted now");
}

const struct handler_table explain_handlers = {
	.rows = {
		[DECIDE_ERROR] = { error_start },
		[DECIDE_CLOSE] = { describe_close },
		[DECIDE_RETURN] = { return_start },
		[DECIDE_REDIRECT] = { redirect_start },
		[DECIDE_FILE] = { static_file_start },
		[DECIDE_LISTING] = { autoindex_start },
		[DECIDE_TAR] = { tar_start },
		[DECIDE_CGI] = { describe_program },
		[DECIDE_UPLOAD] = { describe_upload },
		[DECIDE_PUT] = { describe_put },
		[DECIDE_DELETE] = { describe_remove },
		[DECIDE_RESUME] = { describe_resume },
		[DECIDE_STATUS] = { describe_status },
		[DECIDE_OPTIONS] = { options_start },
		[DECIDE_WAIT] = { describe_wait },
	},
};

/* ---- the answer ---------------------------------------------------------------------------------------- */

static void explain_settings(struct explain *e, const struct request *r)
{
	const struct settings *set = request_settings(r);
	struct buf log = buf_in_arena(&e->r->arena, 256);

	access_log_print(e->config, &set->access_log, &log);
	explain_say(e, "log", "access_log %.*s", STR_ARG(buf_str(&log)));
	if (r->server->self.settings.client_min_rate > 0)
		explain_say(
		        e, "limits",
		        "whoever sends a body or takes the answer at less than %llu bytes a second "
		        "is given up after 10 s (client_min_rate)",
		        (unsigned long long)r->server->self.settings.client_min_rate);
	if (r->framing.kind == FRAMING_NONE)
		return;
	if (set->client_max_body_size == 0)
		explain_say(e, "limits", "a body of any size (client_max_body_size 0)");
	else
		explain_say(e, "limits", "a body of up to %llu bytes (client_max_body_size)",
		            (unsigned long long)set->client_max_body_size);
}

void explain_answer(struct explain *e)
{
	struct request *r = e->r;
	struct str head = r->response_head;

	explain_settings(e, r);
	if (!r->has_answer)
		return;
	buf_text(e->out, "\n");
	e->topic = NULL;
	while (head.len > 0) {
		struct str line = str_cut(&head, '\n');

		if (line.len > 1)
			buf_format(e->out, "  %.*s\n", (int)line.len - 1, line.ptr);
	}
}
