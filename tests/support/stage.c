#include "stage.h"

#include "base/clock.h"
#include "handlers/table.h"
#include "net/timer.h"
#include "server/output.h"
#include "server/response.h"
#include "server/vars.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- setting up ---------------------------------------------------------------------------------------- */

static void stage_configure(struct stage *s, const char *server)
{
	char text[STAGE_CONFIG];
	struct buf b = buf_fixed(text, sizeof text - 1);
	const char *mark;

	buf_text(&b, "access_log off; error_log stderr error; server { listen 127.0.0.1:1; ");
	while ((mark = strstr(server, "%s"))) {
		buf_add(&b, str_make(server, (size_t)(mark - server)));
		buf_text(&b, s->root);
		server = mark + 2;
	}
	buf_text(&b, server);
	buf_text(&b, " }");
	text[b.len] = '\0';
	diag_init(&s->diag);
	s->config = config_load(
	        &(struct config_source){ .path = "test", .text = text, .names = &vars_names },
	        &s->diag);
	for (size_t i = 0; !s->config && i < s->diag.messages.len; i++)
		cr_expect(ne(int, s->diag.messages.items[i].level, DIAG_ERROR), "%.*s",
		          STR_ARG(s->diag.messages.items[i].text));
	cr_assert(ne(ptr, s->config, NULL), "the stage's configuration is wrong");
}

static void stage_dirs(struct stage *s)
{
	s->worker.dirs = calloc(s->config->dirs.len, sizeof *s->worker.dirs);
	for (size_t i = 0; i < s->config->dirs.len; i++)
		s->worker.dirs[i] = open(s->config->dirs.items[i].path.ptr, O_PATH | O_CLOEXEC);
}

void stage_open(struct stage *s, const char *server)
{
	struct worker *w = &s->worker;

	*s = (struct stage){ .root = "/tmp/stage-XXXXXX" };
	cr_assert(mkdtemp(s->root) != NULL);
	s->rootfd = open(s->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stage_put(s, "store/", "");
	stage_put(s, "dir/", "");
	stage_configure(s, server);
	clock_update();
	w->config = s->config;
	w->handlers = &handlers_table;
	w->counters = &w->alone_counters;
	list_init(&w->idle);
	list_init(&w->busy);
	arena_pool_init(&w->arenas, 16384, 2);
	cr_assert(loop_init(&w->loop) == 0 &&
	          access_logs_init(&w->logs, s->config, &w->loop.timers));
	stage_dirs(s);
	file_cache_init(&w->files, w->dirs, &(struct file_cache_limits){ 0 }, &w->alone.file_epoch);
	s->listener = (struct listener){ .conf = s->config->listeners.items[0], .worker = w };
	s->conn = (struct conn){ .worker = w, .listener = &s->listener, .watch.fd = -1 };
	task_init(&s->conn.task, NULL);
	list_init(&s->conn.node);
}

static void stage_end_request(struct stage *s)
{
	if (s->r)
		request_end(s->r);
	s->r = s->conn.request = NULL;
	loop_forget(&s->conn.task);
}

static int stage_remove(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

void stage_close(struct stage *s)
{
	struct worker *w = &s->worker;

	stage_end_request(s);
	file_cache_end(&w->files);
	access_logs_end(&w->logs);
	for (size_t i = 0; i < s->config->dirs.len; i++)
		close(w->dirs[i]);
	free(w->dirs);
	loop_end(&w->loop);
	arena_pool_end(&w->arenas);
	config_free(s->config);
	diag_end(&s->diag);
	close(s->rootfd);
	nftw(s->root, stage_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- files --------------------------------------------------------------------------------------------- */

void stage_put(struct stage *s, const char *name, const char *text)
{
	int fd;

	if (name[strlen(name) - 1] == '/') {
		cr_assert(mkdirat(s->rootfd, name, 0755) == 0, "%s", name);
		return;
	}
	fd = openat(s->rootfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", name);
	close(fd);
}

struct str stage_file(struct stage *s, const char *name)
{
	int fd = openat(s->rootfd, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *room;

	if (fd < 0)
		return str_make(NULL, 0);
	cr_assert(fstat(fd, &st) == 0);
	room = arena_alloc(&s->r->arena, (size_t)st.st_size + 1);
	cr_assert(read(fd, room, (size_t)st.st_size + 1) == (ssize_t)st.st_size);
	close(fd);
	return str_make(room, (size_t)st.st_size);
}

size_t stage_count(struct stage *s, const char *directory)
{
	DIR *d = fdopendir(openat(s->rootfd, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	size_t count = 0;

	cr_assert(d != NULL);
	while (readdir(d))
		count++;
	closedir(d);
	return count - 2; /* . and .. */
}

/* ---- requests ------------------------------------------------------------------------------------------ */

static void stage_parse(struct stage *s, struct str text)
{
	static const struct head_limits limits = { 2048, 8192, STAGE_FIELDS };
	struct head head = { .fields = s->fields, .field_cap = STAGE_FIELDS };
	struct refusal refusal = { 0, "" };
	struct request *r;
	char *room;

	cr_assert(head_parse(text, &limits, &head, &refusal) == PARSE_COMPLETE, "%s",
	          refusal.reason);
	r = s->r = s->conn.request = request_begin(&s->worker, &head, text);
	r->conn = &s->conn;
	r->listener = s->listener.conf;
	r->server = r->listener->default_server;
	r->location = &r->server->self;
	room = arena_alloc(&r->arena, r->head.target.len + 1);
	cr_assert(target_parse(r->head.target, r->method, true, room, &r->target, &refusal) ==
	                          PARSE_COMPLETE &&
	                  host_decide(&r->head, &r->target, &r->host, &refusal) == PARSE_COMPLETE &&
	                  framing_decide(&r->head, &r->framing, &refusal) == PARSE_COMPLETE,
	          "%s", refusal.reason);
	r->body_left = r->framing.length;
	r->body_done = r->framing.kind == FRAMING_NONE;
}

void stage_request(struct stage *s, const char *head)
{
	char text[STAGE_HEAD];
	struct buf b = buf_fixed(text, sizeof text);
	struct str rest = str_from(head);

	stage_end_request(s);
	while (rest.len > 0) {
		buf_add(&b, str_cut(&rest, '\n'));
		buf_text(&b, "\r\n");
	}
	buf_text(&b, "\r\n");
	stage_parse(s, buf_str(&b));
	s->conn.out = CONN_OUT_AWAIT;
	request_route(s->r);
}

void stage_body(struct stage *s, struct str body, size_t piece)
{
	struct request *r = s->r;

	while (body.len > 0 && r->sink && !r->has_answer) {
		struct str data = str_head(body, piece);
		size_t taken = r->sink->write(r, data);

		cr_assert(eq(sz, taken, data.len));
		body = str_from_index(body, taken);
	}
	r->body_done = true;
	if (r->sink && !r->has_answer)
		r->sink->end(r);
}

/* ---- answers ------------------------------------------------------------------------------------------- */

unsigned stage_status(const struct stage *s)
{
	return s->r->has_answer ? s->r->response.status : 0;
}

struct str stage_text(struct stage *s)
{
	struct buf b = buf_in_arena(&s->r->arena, 4096);
	struct span span;

	while (s->r->response.body.next(&s->r->response.body, &span) == BODY_SPAN) {
		cr_assert(span.kind == SPAN_MEMORY);
		buf_add(&b, str_make(span.ptr, (size_t)span.len));
	}
	return buf_str(&b);
}

bool stage_says(struct stage *s, const char *text)
{
	struct str body = stage_text(s), fields = buf_str(&s->r->response.fields);

	return memmem(body.ptr, body.len, text, strlen(text)) != NULL ||
	       (fields.len > 0 && memmem(fields.ptr, fields.len, text, strlen(text)) != NULL);
}
