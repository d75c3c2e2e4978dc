#include "decisions.h"

#include "live.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the file system ----------------------------------------------------------------------------------- */

struct fake_view {
	struct file_view view; /* first */
	struct machine *m;
	const struct fake_file *files;
};

/* "www/a" for the path "a" below the directory ROOT/www. */
static struct str fake_name(const struct machine *m, int dir, struct str path, char room[512])
{
	const char *base = m->config->dirs.items[dir].path.ptr + strlen(m->tree.root) + 1;

	return str_make(room, (size_t)snprintf(room, 512, "%s/%.*s", base, STR_ARG(path)));
}

static const struct fake_file *fake_find(const struct fake_view *v, struct str name)
{
	for (const struct fake_file *f = v->files; f->name; f++) {
		struct str with = str_from(f->name), without = with;

		if (str_ends_with(with, STR_OF("/")))
			without.len--;
		if (str_eq(name, with) || str_eq(name, without))
			return f;
	}
	return NULL;
}

static struct file *fake_open(struct file_view *view, int dir, struct str path,
                              enum path_links links)
{
	const struct fake_view *v = (const struct fake_view *)(const void *)view;
	struct file *file = calloc(1, sizeof *file);
	const struct fake_file *found;
	char room[512];

	(void)links;
	cr_assert(path.len == 0 || path.ptr[0] != '/', "an absolute path");
	found = fake_find(v, fake_name(v->m, dir, path, room));
	*file = (struct file){ .kind = found ? found->kind : FILE_MISSING,
		               .error = found ? found->error : ENOENT,
		               .fd = -1,
		               .users = 1,
		               .modified.tv_sec = TREE_TIME };
	list_init(&file->node);
	memcpy(file->etag, "\"e\"", 3);
	file->etag_len = 3;
	return file;
}

/* ---- what was decided, in words ------------------------------------------------------------------------ */

static void say_allow(struct buf *b, unsigned allow)
{
	for (enum method m = METHOD_GET; m < METHOD_COUNT; m++)
		if (allow & METHOD_BIT(m)) {
			buf_byte(b, ' ');
			buf_add(b, method_name(m));
		}
}

static void say_file(struct buf *b, const struct machine *m, const struct decision *d)
{
	char room[512];

	buf_byte(b, ' ');
	buf_add(b, fake_name(m, d->dir, d->path, room));
}

static void say_program(struct buf *b, const struct machine *m, const struct decision *d)
{
	buf_format(b, "cgi %s script=%.*s info=%.*s",
	           d->is_whole_location ? d->command->program.ptr
	           : d->command         ? d->command->program.ptr
	                                : "itself",
	           STR_ARG(d->script_name), STR_ARG(d->path_info));
	if (!d->is_whole_location)
		say_file(b, m, d);
}

static void decision_text(struct buf *b, const struct machine *m, const struct decision *d)
{
	switch (d->kind) {
	case DECIDE_ERROR:
		buf_format(b, "error %u%s%s", d->status, d->reason ? ": " : "",
		           d->reason ? d->reason : "");
		if (d->status == 405)
			say_allow(b, d->allow);
		return;
	case DECIDE_CLOSE:
		buf_text(b, "close");
		return;
	case DECIDE_RETURN:
		buf_text(b, "return");
		return;
	case DECIDE_REDIRECT:
		buf_format(b, "redirect %u %.*s", d->status, STR_ARG(d->text));
		return;
	case DECIDE_FILE:
		buf_format(b, "file %u", d->status);
		say_file(b, m, d);
		if (d->variant)
			buf_format(b, " as %.*s", STR_ARG(d->variant->coding));
		return;
	case DECIDE_LISTING:
	case DECIDE_TAR:
		buf_text(b, d->kind == DECIDE_TAR ? "tar" : "listing");
		say_file(b, m, d);
		return;
	case DECIDE_CGI:
		say_program(b, m, d);
		return;
	case DECIDE_UPLOAD:
		buf_text(b, "upload");
		return;
	case DECIDE_PUT:
	case DECIDE_DELETE:
		buf_text(b, d->kind == DECIDE_PUT ? "put " : "delete ");
		buf_add(b, d->store_path);
		buf_text(b, d->had_slash ? "/" : "");
		return;
	case DECIDE_RESUME:
		buf_text(b, "resume");
		return;
	case DECIDE_STATUS:
		buf_text(b, "status");
		return;
	case DECIDE_OPTIONS:
		buf_text(b, "options");
		say_allow(b, d->allow);
		return;
	case DECIDE_WAIT:
		buf_text(b, "wait");
		break;
	case DECIDE_COUNT:
		break;
	}
}

void expect_decisions(const char *config, const struct fake_file *files,
                      const struct question *questions, size_t count)
{
	struct machine m;
	struct fake_view view = { .view.open = fake_open, .m = &m, .files = files };

	machine_open(&m);
	tree_put(&m.tree, "www/without/", NULL); /* what a configuration names has to be there */
	tree_put(&m.tree, "store/in", "");
	machine_start(&m, config);
	for (size_t i = 0; i < count; i++) {
		struct request *r = machine_request(&m, questions[i].request);
		char room[1024];
		struct buf text = buf_fixed(room, sizeof room - 1);

		decide(r, &view.view, NULL);
		decision_text(&text, &m, &r->decision);
		room[text.len] = '\0';
		cr_expect(live_matches(questions[i].answer, room), "%s: %s instead of %s",
		          questions[i].name, room, questions[i].answer);
		request_end(r);
	}
	machine_close(&m);
}
