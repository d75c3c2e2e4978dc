#include "main/explain.h"

#include "base/clock.h"
#include "http/field.h"
#include "main/explain_parts.h"
#include "net/io.h"
#include "server/conn.h"
#include "server/privileges.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

enum { EXPLAIN_USAGE = 2, EXPLAIN_HTTP_PORT = 80, EXPLAIN_TOPIC = 12 };

/* ---- saying ------------------------------------------------------------------------------------------ */

static void explain_line(struct explain *e, const char *topic, const char *text)
{
	bool is_same = e->topic && strcmp(e->topic, topic) == 0;

	buf_format(e->out, "%-*s%s\n", EXPLAIN_TOPIC, is_same ? "" : topic, text);
	e->topic = topic;
}

void explain_say(struct explain *e, const char *topic, const char *format, ...)
{
	char room[1024];
	struct buf text = buf_fixed(room, sizeof room);
	va_list args;

	va_start(args, format);
	buf_format_v(&text, format, args);
	va_end(args);
	room[text.len] = '\0';
	explain_line(e, topic, text.failed ? "(too long to be shown)" : room);
}

static void explain_trace_say(struct trace *trace, const char *topic, const char *text)
{
	explain_line(LIST_ENTRY(trace, struct explain, trace), topic, text);
}

static void explain_trace_located(struct trace *trace, struct request *r)
{
	explain_location(LIST_ENTRY(trace, struct explain, trace), r);
}

const char *explain_at(struct explain *e, const struct position *at)
{
	struct buf b = buf_in_arena(&e->r->arena, 64);

	if (at->source)
		buf_format(&b, "%.*s:%u", STR_ARG(at->source->name), at->line);
	buf_byte(&b, '\0');
	return b.failed ? "" : b.ptr;
}

/* ---- the question ------------------------------------------------------------------------------------ */

static bool explain_parse_port(struct str text, uint16_t *port)
{
	unsigned n = 0;

	if (text.len == 0 || text.len > 5)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		n = n * 10 + (unsigned)(text.ptr[i] - '0');
	}
	*port = (uint16_t)n;
	return n > 0 && n <= UINT16_MAX;
}

/* "host", "host:8080", "[::1]:8080" */
static bool explain_parse_authority(struct explain_url *url)
{
	struct str host = url->authority, port = { NULL, 0 };
	size_t colon = str_find_last(host, ':');

	if (colon < host.len && str_find(str_from_index(host, colon), ']') + colon == host.len) {
		port = str_from_index(host, colon + 1);
		host = str_head(host, colon);
	}
	if (host.len >= 2 && host.ptr[0] == '[')
		host = str_make(host.ptr + 1, host.len - 2);
	url->host = host;
	url->port = EXPLAIN_HTTP_PORT;
	return host.len > 0 && (!port.ptr || explain_parse_port(port, &url->port));
}

bool explain_parse(struct str text, struct explain_url *url, const char **why)
{
	static const struct str scheme = STR("http://");
	struct str rest = str_trim(text);
	size_t slash;

	*url = (struct explain_url){ .method = str_cut(&rest, ' '), .target = STR_OF("/") };
	rest = str_trim(rest);
	*why = "the request is not of the form 'METHOD http://host:port/path', for example "
	       "'GET http://localhost:8080/'";
	if (rest.len == 0 && memchr(url->method.ptr, '/', url->method.len)) {
		rest = url->method;
		url->method = STR_OF("GET");
	}
	if (str_starts_with(rest, STR_OF("https://"))) {
		*why = "https is not spoken here: ask for http, as the proxy in front does";
		return false;
	}
	if (rest.len < scheme.len || !str_eq_nocase(str_head(rest, scheme.len), scheme))
		return false;
	rest = str_from_index(rest, scheme.len);
	slash = str_find(rest, '/');
	if (str_find(rest, '?') < slash)
		slash = str_find(rest, '?');
	url->authority = str_head(rest, slash);
	if (slash < rest.len)
		url->target = str_from_index(rest, slash);
	return explain_parse_authority(url);
}

/* The head as a client would send it: Host from the URL unless -H names another. */
static struct str explain_head(const struct options *options, const struct explain_url *url,
                               struct arena *arena)
{
	struct buf b = buf_in_arena(arena, 512);
	bool has_host = false;

	for (size_t i = 0; i < options->header_count; i++)
		has_host |= strncasecmp(options->headers[i], "Host:", 5) == 0;
	buf_format(&b, "%.*s %s%.*s HTTP/1.1\r\n", STR_ARG(url->method),
	           url->target.ptr[0] == '/' ? "" : "/", STR_ARG(url->target));
	if (!has_host)
		buf_format(&b, "Host: %.*s\r\n", STR_ARG(url->authority));
	for (size_t i = 0; i < options->header_count; i++)
		buf_format(&b, "%s\r\n", options->headers[i]);
	buf_text(&b, "\r\n");
	return b.failed ? str_make(NULL, 0) : buf_str(&b);
}

/* ---- the stage --------------------------------------------------------------------------------------- */

static bool explain_open_dirs(struct worker *w)
{
	w->dirs = calloc(w->config->dirs.len + 1, sizeof *w->dirs);
	if (!w->dirs)
		return false;
	for (size_t i = 0; i < w->config->dirs.len; i++)
		w->dirs[i] =
		        open(w->config->dirs.items[i].path.ptr, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return true;
}

/* Nothing is kept in memory: every file is looked at. The logs stay closed, so nothing is written to them. */
static bool explain_open(struct explain *e, const struct config *config, struct conn *conn)
{
	static const struct file_cache_limits no_cache = { 0 };
	struct worker *w = &e->worker;

	clock_update();
	e->config = w->config = config;
	e->conn = conn;
	e->trace = (struct trace){ explain_trace_located, explain_trace_say };
	explain_gate_init(&e->gate);
	w->handlers = &explain_handlers;
	w->gate = &e->gate;
	w->counters = &w->alone_counters;
	list_init(&w->idle);
	list_init(&w->busy);
	gethostname(w->hostname, sizeof w->hostname - 1);
	arena_pool_init(&w->arenas, 16384, 1);
	if (loop_init(&w->loop) != 0 || !access_logs_init(&w->logs, config, &w->loop.timers) ||
	    !explain_open_dirs(w))
		return false;
	file_cache_init(&w->files, w->dirs, &no_cache, &w->alone.file_epoch);
	e->listener.worker = w;
	*conn = (struct conn){ .worker = w, .listener = &e->listener, .watch.fd = -1 };
	task_init(&conn->task, NULL);
	list_init(&conn->node);
	return true;
}

static void explain_close(struct explain *e)
{
	struct worker *w = &e->worker;

	if (e->r) {
		e->r->has_answer = false; /* so that it is not logged */
		request_end(e->r);
	}
	loop_forget(&e->conn->task);
	if (w->dirs)
		file_cache_end(&w->files);
	for (size_t i = 0; w->dirs && i < w->config->dirs.len; i++)
		if (w->dirs[i] >= 0)
			close(w->dirs[i]);
	free(w->dirs);
	access_logs_end(&w->logs);
	loop_end(&w->loop);
	arena_pool_end(&w->arenas);
}

/* ---- the request ------------------------------------------------------------------------------------- */

static bool explain_client(struct explain *e, const struct options *options)
{
	struct cidr host = { .family = AF_INET, .bytes = { 127, 0, 0, 1 } };
	struct request *r = e->r;
	uint16_t port = 0;

	if (options->from && !cidr_parse_host(str_from(options->from), &host, &port)) {
		fprintf(stderr, "webserv: --from %s: not an address\n", options->from);
		return false;
	}
	r->peer = (struct peer){ .family = host.family, .port = port };
	memcpy(r->peer.bytes, host.bytes, sizeof host.bytes);
	e->conn->peer = r->peer;
	return true;
}

static void explain_say_client(struct explain *e, const struct options *options)
{
	struct buf client = buf_in_arena(&e->r->arena, 64);
	bool is_proxied =
	        memcmp(e->r->peer.bytes, e->conn->peer.bytes, sizeof e->r->peer.bytes) != 0;

	peer_print(&e->r->peer, &client);
	explain_say(e, "client", "%.*s%s", STR_ARG(buf_str(&client)),
	            is_proxied      ? ", as a trusted proxy says (real_ip_header)"
	            : options->from ? ""
	                            : " (another one: --from ADDR)");
}

static void explain_refusal(struct explain *e, const struct refusal *refusal)
{
	struct request *r = e->r;

	explain_say(e, "refused", "%u: %s", refusal->status, refusal->reason);
	r->is_refused = true;
	r->close_after = true;
	respond_error(r, refusal->status, refusal->reason);
	explain_answer(e);
}

/* As conn_take_head() does it for a client. */
static int explain_request(struct explain *e, const struct options *options, struct str text)
{
	const struct settings *set = &e->listener.conf->default_server->self.settings;
	struct head_limits limits = { .line_max = set->header_line_max,
		                      .total_max = set->header_total_max,
		                      .field_max = set->max_headers };
	struct head head = { .field_cap = OPTIONS_HEADERS_MAX + 2 };
	struct field fields[OPTIONS_HEADERS_MAX + 2];
	struct refusal refusal = { 0, "" };
	struct request *r;
	enum parse parsed;

	head.fields = fields;
	if (limits.field_max > head.field_cap)
		limits.field_max = head.field_cap;
	parsed = head_parse(text, &limits, &head, &refusal);
	if (parsed == PARSE_BAD) {
		explain_say(e, "refused", "%u: %s", refusal.status, refusal.reason);
		return 0;
	}
	r = e->r = e->conn->request = request_begin(&e->worker, &head, text);
	if (parsed != PARSE_COMPLETE || !r)
		return 1;
	r->conn = e->conn;
	r->listener = e->listener.conf;
	r->server = r->listener->default_server;
	r->location = &r->server->self;
	r->trace = &e->trace;
	if (!explain_client(e, options))
		return EXPLAIN_USAGE;
	parsed = request_read_head(r, &refusal);
	explain_server(e);
	explain_say_client(e, options);
	if (parsed != PARSE_COMPLETE) {
		explain_refusal(e, &refusal);
		return 0;
	}
	e->conn->out = CONN_OUT_AWAIT;
	request_route(r);
	explain_answer(e);
	return 0;
}

static int explain_answer_question(struct explain *e, const struct options *options,
                                   struct arena *arena)
{
	struct explain_url url;
	const char *why;
	struct str text;

	if (!explain_parse(str_from(options->explain), &url, &why)) {
		fprintf(stderr, "webserv: --explain: %s\n", why);
		return EXPLAIN_USAGE;
	}
	text = explain_head(options, &url, arena);
	if (!text.ptr)
		return 1;
	explain_say(e, "request", "%.*s http://%.*s%.*s", STR_ARG(url.method),
	            STR_ARG(url.authority), STR_ARG(url.target));
	e->listener.conf = explain_listener(e, &url);
	return e->listener.conf ? explain_request(e, options, text) : 1;
}

int explain_run(const struct options *options, const struct config *config)
{
	struct explain *e = calloc(1, sizeof *e);
	struct conn conn;
	struct arena arena;
	struct buf out;
	int status = 1;

	arena_init(&arena, NULL);
	out = buf_in_arena(&arena, 4096);
	/* What the workers may read is what counts. */
	if (!e || privileges_drop(config) != 0 || !explain_open(e, config, &conn)) {
		fprintf(stderr, "webserv: --explain: %s\n", strerror(errno));
	} else {
		e->out = &out;
		log_main->fd =
		        open("/dev/null", O_WRONLY | O_CLOEXEC); /* what is logged is said here */
		status = explain_answer_question(e, options, &arena);
		explain_close(e);
		if (out.failed || io_write_all(STDOUT_FILENO, out.ptr, out.len) != 0)
			status = 1;
	}
	free(e);
	arena_end(&arena);
	return status;
}
