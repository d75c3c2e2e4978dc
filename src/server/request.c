#include "server/request.h"

#include "base/clock.h"
#include "http/escape.h"
#include "net/timer.h"
#include "server/access.h"
#include "server/conn.h"
#include "server/response.h"
#include "server/vars.h"
#include "server/worker.h"

enum { REQUEST_REDIRECTS_MAX = 10 };

/* ---- life ------------------------------------------------------------------------------------------ */

/* The parsed head points into a buffer that others use next: bytes and fields move into the arena. */
static bool request_copy_head(struct request *r, const struct head *head, struct str bytes)
{
	struct str copy = arena_str(&r->arena, bytes);
	struct field *fields = arena_alloc(&r->arena, sizeof *fields * (head->field_count + 1));

	if (!copy.ptr || !fields)
		return false;
	if (head->field_count > 0)
		memcpy(fields, head->fields, sizeof *fields * head->field_count);
	r->head = *head;
	r->head.fields = fields;
	r->head.field_cap = head->field_count;
	head_rebase(&r->head, bytes.ptr, copy.ptr);
	r->request_uri = r->head.target;
	return true;
}

struct request *request_begin(struct worker *w, const struct head *head, struct str bytes)
{
	struct arena arena;
	struct request *r;

	arena_init(&arena, &w->arenas);
	r = arena_zero(&arena, sizeof *r);
	if (!r) {
		arena_end(&arena);
		return NULL;
	}
	r->arena = arena;
	r->worker = w;
	r->config = w->config;
	r->method = head->method;
	r->deadline = TIMER_NEVER;
	r->started = clock_now();
	r->started_wall = clock_cached.wall.tv_sec;
	if (request_copy_head(r, head, bytes)) {
		counter_add(w->counters, COUNTER_METHOD + head->method, 1);
		return r;
	}
	arena = r->arena;
	arena_end(&arena);
	return NULL;
}

/* Why a head was refused, by the status that said so. */
static void request_count_refusal(struct counters *c, unsigned status)
{
	static const struct {
		unsigned status, counter;
	} reasons[] = {
		{ 400, COUNTER_REFUSED_SYNTAX },      { 408, COUNTER_REFUSED_LATE },
		{ 413, COUNTER_REFUSED_SIZE },        { 414, COUNTER_REFUSED_SIZE },
		{ 431, COUNTER_REFUSED_SIZE },        { 417, COUNTER_REFUSED_UNSUPPORTED },
		{ 501, COUNTER_REFUSED_UNSUPPORTED }, { 505, COUNTER_REFUSED_UNSUPPORTED },
	};

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].status == status)
			counter_add(c, reasons[i].counter, 1);
}

/* Requests are counted in request_begin(), by method, and here; times are those of the loop's turns. */
static void request_count(const struct request *r)
{
	struct counters *c = r->worker->counters;

	counter_add(c, COUNTER_ENDED, 1);
	if (!r->has_answer) {
		counter_add(c, COUNTER_UNANSWERED, 1);
		return;
	}
	counter_status(c, r->response.status);
	counter_observe(c, COUNTER_DURATION, histogram_duration, clock_now() - r->started);
	counter_observe(c, COUNTER_SIZE, histogram_size, r->bytes_sent);
	if (r->is_refused)
		request_count_refusal(c, r->response.status);
}

void request_end(struct request *r)
{
	/* The request lives in its own arena: the last look at it is this copy. */
	struct arena arena;

	request_count(r);
	if (r->has_answer)
		access_log_write(&r->worker->logs, r);
	arena = r->arena;
	arena_end(&arena);
}

enum parse request_read_head(struct request *r, struct refusal *refusal)
{
	char *room = arena_alloc(&r->arena, r->head.target.len + 1);
	bool merge = r->server->self.settings.merge_slashes;
	enum parse p;

	if (!room)
		return refuse(refusal, 500, "out of memory");
	/* The method decides how a target reads; an unknown one is answered before that can matter. */
	p = target_parse(r->head.target, r->method, merge, room, &r->target, refusal);
	if (p == PARSE_COMPLETE)
		p = host_decide(&r->head, &r->target, &r->host, refusal);
	if (p == PARSE_COMPLETE)
		p = framing_decide(&r->head, &r->framing, refusal);
	if (p != PARSE_COMPLETE)
		return p;
	r->server = route_server(r->listener, r->host.name);
	r->location = &r->server->self;
	if (r->server->self.settings.merge_slashes != merge)
		p = target_parse(r->head.target, r->method, !merge, room, &r->target, refusal);
	if (r->server->self.settings.trusted.count > 0)
		access_find_client(r);
	r->body_left = r->framing.length;
	r->body_done = r->framing.kind == FRAMING_NONE;
	r->continue_due = r->framing.expect_continue;
	return p;
}

struct str request_id(struct request *r)
{
	struct worker *w = r->worker;
	/* The worker's own key, because a worker that is started again counts from the start again. */
	uint64_t seed[3] = { w ? w->id_key[0] : 0, w ? w->id_key[1] : 0, 0 };
	uint64_t high, low;
	struct buf id;

	if (r->given_id.len > 0)
		return r->given_id;
	if (r->id[0])
		return str_make(r->id, 32);
	seed[2] = w ? ++w->id_next : 0;
	high = map_hash(str_make((const char *)seed, sizeof seed));
	seed[2] = ~seed[2];
	low = map_hash(str_make((const char *)seed, sizeof seed));
	id = buf_fixed(r->id, sizeof r->id - 1);
	buf_hex_pad(&id, high, 16);
	buf_hex_pad(&id, low, 16);
	return str_make(r->id, 32);
}

void request_log(struct request *r, enum log_level level, const char *format, ...)
{
	struct log log = *log_main;
	va_list args;

	if (r->location && r->worker) {
		const struct error_log *e = &request_settings(r)->error_log;

		log.level = e->level;
		log.json = e->json;
		if (e->log >= 0 && r->worker->logs.fds[e->log] >= 0)
			log.fd = r->worker->logs.fds[e->log];
	}
	if (!log_wants(&log, level))
		return;
	va_start(args, format);
	log_write_v(&log, level, request_id(r), format, args);
	va_end(args);
}

bool request_local_peer(const struct request *r, struct peer *local)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof address;

	if (!r->conn)
		return false;
	/* Connections to a socket for a single address are all to that one; in --explain nobody is connected. */
	if (r->listener->is_single || r->conn->watch.fd < 0) {
		peer_from(local, &r->listener->address.any);
		return true;
	}
	if (getsockname(r->conn->watch.fd, (struct sockaddr *)&address, &len) != 0)
		return false;
	peer_from(local, (struct sockaddr *)&address);
	return true;
}

void request_wake(struct request *r)
{
	if (r->conn)
		conn_wake(r->conn);
}

/* ---- routing --------------------------------------------------------------------------------------- */

/* Of what comes in pieces the limit is for the whole, and the handler's to see to. */
static bool request_is_too_long(const struct request *r)
{
	const struct decision *d = &r->decision;
	uint64_t most = request_settings(r)->client_max_body_size;

	return r->error_status == 0 && most > 0 && r->framing.kind == FRAMING_LENGTH &&
	       r->framing.length > most && d->kind != DECIDE_CLOSE && d->kind != DECIDE_RESUME &&
	       !d->is_resumable;
}

/* One decision carried out. The body's limit is the location's, and known too late to stop a refusal. */
static void request_decide(struct request *r)
{
	const struct settings *set;
	bool is_first = r->redirects == 0 && !r->named;

	decide(r, &r->worker->files.view, r->worker->gate);
	set = request_settings(r);
	if (is_first || r->body_max == 0)
		r->body_max = set->client_max_body_size;
	if (request_is_too_long(r)) {
		respond_error(r, 413, "the body is larger than this location takes");
		return;
	}
	r->worker->handlers->rows[r->decision.kind].start(r);
}

void request_route(struct request *r)
{
	do {
		r->redo = false;
		if (r->redirects > REQUEST_REDIRECTS_MAX) {
			r->error_status =
			        500; /* no error page of the configuration, which may be the loop itself */
			respond_error(r, 500, "internal redirects go round in a circle");
			return;
		}
		request_decide(r);
	} while (r->redo);
}

static void request_redo(struct request *r)
{
	r->redirects++;
	r->redo = true;
	r->is_internal = true;
	r->advance = NULL;
	r->deadline = TIMER_NEVER;
	if (r->conn && r->conn->out == CONN_OUT_AWAIT)
		conn_wake(r->conn);
}

void redirect_internally(struct request *r, struct str uri)
{
	char *room = arena_alloc(&r->arena, uri.len + 1);
	struct str copy = arena_str(&r->arena, uri);
	struct refusal refusal;

	if (!room || !copy.ptr) {
		respond_error(r, 500, "out of memory");
		return;
	}
	if (target_parse_path(copy, r->server->self.settings.merge_slashes, room, &r->target,
	                      &refusal) != PARSE_COMPLETE) {
		r->error_status = 500;
		respond_error(r, 500, "an internal redirect leads to a malformed path");
		return;
	}
	if (r->method != METHOD_HEAD)
		r->method = METHOD_GET;
	request_redo(r);
}

void redirect_to_named(struct request *r, int named)
{
	r->named = r->server->named[named];
	request_redo(r);
}

/* ---- the body -------------------------------------------------------------------------------------- */

static size_t sink_discard_write(struct request *r, struct str data)
{
	(void)r;
	return data.len;
}

static void sink_discard_end(struct request *r)
{
	(void)r;
}

const struct sink sink_discard = { .write = sink_discard_write, .end = sink_discard_end };

void request_set_sink(struct request *r, const struct sink *sink)
{
	r->sink = sink;
}
