#include "server/control.h"

#include "base/clock.h"
#include "net/io.h"
#include "net/sock.h"
#include "server/supervisor_state.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	CONTROL_CLIENTS = 16,   /* at the same time */
	CONTROL_SECONDS = 5000, /* ms in which a client must have said what it wants */
	CONTROL_HEAD = 32,
	CONTROL_BACKLOG = 64
};

/* What a client waits for. */
enum control_wait {
	CONTROL_WAIT_LINE,   /* its own request */
	CONTROL_WAIT_NEXT,   /* the reload that begins next */
	CONTROL_WAIT_RELOAD, /* the one under way */
	CONTROL_WAIT_UPGRADE,
	CONTROL_WAIT_END /* the server's end */
};

struct control_client {
	struct watch watch; /* first */
	struct grave grave;
	struct list node;
	struct supervisor *supervisor;
	struct timer timer;
	enum control_wait wait;
	size_t len;
	char line[CONTROL_LINE];
};

/* ---- clients ----------------------------------------------------------------------------------------- */

static void control_release(struct grave *grave)
{
	free(LIST_ENTRY(grave, struct control_client, grave));
}

static void control_drop(struct control_client *c)
{
	struct supervisor *sup = c->supervisor;

	timer_stop(&sup->loop.timers, &c->timer);
	loop_close(&c->watch);
	list_remove(&c->node);
	sup->control.count--;
	loop_bury(&sup->loop, &c->grave, control_release);
}

/*
 * In one piece: the socket was given room for it. Whoever does not get it has left, or has a kernel without
 * memory; it sees an answer that is not complete.
 */
static void control_send(int fd, int status, struct str text)
{
	char room[CONTROL_HEAD];
	struct buf head = buf_fixed(room, sizeof room);
	struct iovec parts[2] = { { .iov_base = room }, { (void *)text.ptr, text.len } };

	control_answer_head(&head, status, text.len);
	parts[0].iov_len = head.len;
	if (io_send(fd, parts, text.len > 0 ? 2 : 1, false) < 0)
		log_info("the answer to a control client could not be sent: %s", strerror(errno));
}

static void control_answer(struct control_client *c, int status, struct str text)
{
	control_send(c->watch.fd, status, text);
	control_drop(c);
}

static void control_answer_waiting(struct control *control, enum control_wait wait, int status,
                                   struct str text)
{
	for (struct list *n = control->clients.next, *next; n != &control->clients; n = next) {
		struct control_client *c = LIST_ENTRY(n, struct control_client, node);

		next = n->next;
		if (c->wait == wait)
			control_answer(c, status, text);
	}
}

/* ---- what is asked ----------------------------------------------------------------------------------- */

static void control_reopen(struct control_client *c)
{
	struct supervisor *sup = c->supervisor;
	char room[4096];
	struct buf text = buf_fixed(room, sizeof room), *before = log_main->copy;
	bool good;

	log_main->copy = &text;
	good = supervisor_reopen(sup);
	log_main->copy = before;
	if (good)
		buf_text(&text, "logs reopened\n");
	control_answer(c, good ? 0 : 1, buf_str(&text));
}

static void control_status(struct control_client *c)
{
	struct arena arena;
	struct buf text;

	arena_init(&arena, NULL);
	text = buf_in_arena(&arena, 4096);
	control_describe(c->supervisor, &text);
	control_answer(c, text.failed, str_head(buf_str(&text), CONTROL_TEXT));
	arena_end(&arena);
}

static void control_obey(struct control_client *c, enum control_verb verb)
{
	struct supervisor *sup = c->supervisor;

	log_info("control: %.*s", STR_ARG(control_verb_name(verb)));
	switch (verb) {
	case CONTROL_STOP:
	case CONTROL_QUIT:
		c->wait = CONTROL_WAIT_END;
		supervisor_stop(sup, verb == CONTROL_QUIT);
		return;
	case CONTROL_RELOAD:
		if (sup->stopping) {
			control_answer(c, 1, STR_OF("the server is stopping\n"));
			return;
		}
		c->wait = CONTROL_WAIT_NEXT;
		supervisor_reload(sup);
		return;
	case CONTROL_REOPEN:
		control_reopen(c);
		return;
	case CONTROL_STATUS:
		control_status(c);
		return;
	default:
		c->wait = CONTROL_WAIT_UPGRADE;
		supervisor_upgrade(sup);
	}
}

/* More than its line, or its end, is all that can come from a client that waits: it has left. */
static void control_ready(struct watch *watch, uint32_t events)
{
	struct control_client *c = (struct control_client *)(void *)watch;
	enum control_verb verb;
	ssize_t n = io_recv(watch->fd, c->line + c->len, sizeof c->line - c->len, 0);

	(void)events;
	if (n < 0 && io_would_block(errno))
		return;
	if (n <= 0 || c->wait != CONTROL_WAIT_LINE) {
		control_drop(c);
		return;
	}
	c->len += (size_t)n;
	switch (control_request_parse(str_make(c->line, c->len), &verb)) {
	case CONTROL_PARTIAL:
		return;
	case CONTROL_BAD:
		control_answer(c, 1, STR_OF("the server does not know what is asked\n"));
		return;
	default:
		timer_set(&c->supervisor->loop.timers, &c->timer, TIMER_NEVER);
		control_obey(c, verb);
	}
}

static void control_silent(struct timer *timer)
{
	control_drop(LIST_ENTRY(timer, struct control_client, timer));
}

/* The file's permissions let nobody else in; this holds where the file system has none. */
static bool control_is_permitted(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

static bool control_take(struct supervisor *sup, int fd)
{
	struct control_client *c = calloc(1, sizeof *c);
	int room = 2 * CONTROL_TEXT;

	if (!c)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	*c = (struct control_client){ .watch = { .fd = fd, .ready = control_ready },
		                      .supervisor = sup };
	if (!timer_start(&sup->loop.timers, &c->timer, control_silent,
	                 clock_now() + CONTROL_SECONDS)) {
		free(c);
		return false;
	}
	if (loop_watch(&sup->loop, &c->watch, EPOLLIN) != 0) {
		timer_stop(&sup->loop.timers, &c->timer);
		free(c);
		return false;
	}
	list_append(&sup->control.clients, &c->node);
	sup->control.count++;
	return true;
}

static void control_accept(struct watch *watch, uint32_t events)
{
	struct supervisor *sup = LIST_ENTRY(watch, struct supervisor, control.listener);
	int fd = io_accept(watch->fd, NULL, NULL);

	(void)events;
	if (fd < 0)
		return;
	if (!control_is_permitted(fd)) {
		control_send(fd, 1, STR_OF("only root and the server's own user may do this\n"));
	} else if (sup->control.count >= CONTROL_CLIENTS) {
		control_send(fd, 1, STR_OF("the server is told too much at the same time\n"));
	} else if (control_take(sup, fd)) {
		return;
	}
	close(fd);
}

/* ---- the socket -------------------------------------------------------------------------------------- */

void control_init(struct control *control)
{
	*control = (struct control){ .listener = { .fd = -1, .ready = control_accept } };
	list_init(&control->clients);
}

/* Made with its permissions, so that there is no moment without them. */
static int control_bind(const struct sockaddr_un *address)
{
	struct sock_spec spec = { .address = (const struct sockaddr *)address,
		                  .address_len = sizeof *address,
		                  .backlog = CONTROL_BACKLOG };
	mode_t before = umask(0177);
	int fd = sock_listen(&spec);

	umask(before);
	return fd;
}

/*
 * Listens beside and is then put in place, so that a process that is replaced hands over in one step.
 * False and errno.
 */
static bool control_listen(struct control *control, const char *pid_file)
{
	struct sockaddr_un aside = { .sun_family = AF_UNIX };
	char name[PATH_MAX], path[sizeof aside.sun_path];
	struct stat st;

	snprintf(name, sizeof name, "%s.new", pid_file);
	errno = ENAMETOOLONG;
	if (!control_socket_path(str_from(pid_file), path, sizeof path) ||
	    !control_socket_path(str_from(name), aside.sun_path, sizeof aside.sun_path))
		return false;
	control->listener.fd = control_bind(&aside);
	if (control->listener.fd < 0)
		return false;
	if (stat(aside.sun_path, &st) != 0 || rename(aside.sun_path, path) != 0) {
		unlink(aside.sun_path);
		return false;
	}
	control->device = st.st_dev;
	control->inode = st.st_ino;
	control->path = strdup(path);
	return control->path != NULL;
}

void control_open(struct supervisor *sup, const char *pid_file)
{
	struct control *control = &sup->control;

	if (!*pid_file)
		return;
	if (control_listen(control, pid_file) &&
	    loop_watch(&sup->loop, &control->listener, EPOLLIN) == 0)
		return;
	log_warn("there is no control socket (webserv -s): %s.sock: %s", pid_file, strerror(errno));
	control_close(sup);
}

void control_close(struct supervisor *sup)
{
	struct control *control = &sup->control;
	struct stat st;

	if (control->path && stat(control->path, &st) == 0 && st.st_dev == control->device &&
	    st.st_ino == control->inode)
		unlink(control->path);
	free(control->path);
	control->path = NULL;
	loop_close(&control->listener);
}

/* ---- reloads and upgrades ---------------------------------------------------------------------------- */

/* From now on what is logged is also kept for those who wait. */
static void control_listen_in(struct control *control, bool is_wanted)
{
	/* Without memory for the reasons the outcome itself is still told. */
	control->room = is_wanted ? malloc(CONTROL_TEXT) : NULL;
	control->said = buf_fixed(control->room, control->room ? CONTROL_TEXT : 0);
	log_main->copy = control->room ? &control->said : NULL;
}

static bool control_has_waiting(const struct control *control, enum control_wait wait)
{
	for (struct list *n = control->clients.next; n != &control->clients; n = n->next)
		if (LIST_ENTRY(n, struct control_client, node)->wait == wait)
			return true;
	return false;
}

/* Answers them with what was said and, as the last line, the outcome. */
static void control_tell(struct control *control, enum control_wait wait, int status,
                         struct str outcome)
{
	log_main->copy = NULL;
	/* What was said gives way to the outcome where both do not fit. */
	if (control->room && control->said.len + outcome.len > CONTROL_TEXT)
		control->said.len = CONTROL_TEXT - outcome.len;
	control->said.failed = false;
	if (control->room)
		buf_add(&control->said, outcome);
	control_answer_waiting(control, wait, status,
	                       control->room ? buf_str(&control->said) : outcome);
	free(control->room);
	control->room = NULL;
}

void control_reload_begins(struct supervisor *sup)
{
	struct control *control = &sup->control;

	for (struct list *n = control->clients.next; n != &control->clients; n = n->next) {
		struct control_client *c = LIST_ENTRY(n, struct control_client, node);

		if (c->wait == CONTROL_WAIT_NEXT)
			c->wait = CONTROL_WAIT_RELOAD;
	}
	control_listen_in(control, control_has_waiting(control, CONTROL_WAIT_RELOAD));
}

void control_upgrade_begins(struct supervisor *sup)
{
	control_listen_in(&sup->control, control_has_waiting(&sup->control, CONTROL_WAIT_UPGRADE));
}

void control_upgrade_ends(struct supervisor *sup, bool is_done, struct str outcome)
{
	control_tell(&sup->control, CONTROL_WAIT_UPGRADE, is_done ? 0 : 1, outcome);
}

struct buf *control_said(struct supervisor *sup)
{
	return sup->control.room ? &sup->control.said : NULL;
}

static void control_outcome(const struct supervisor *sup, bool is_live, struct buf *out)
{
	const struct generation *live = sup->current;

	if (!live)
		return;
	if (!is_live) {
		buf_format(out, "the old configuration stays in force: generation %u is live\n",
		           live->number);
		return;
	}
	buf_format(out, "generation %u is live", live->number);
	for (EACH_GENERATION(sup, n)) {
		const struct generation *g = generation_at(n);
		uint64_t requests = g == live ? 0 : generation_open(g, FIGURE_WRITING);

		if (requests > 0)
			buf_format(out, "; %llu request%s on generation %u",
			           (unsigned long long)requests,
			           requests == 1 ? " finishes" : "s finish", g->number);
	}
	buf_byte(out, '\n');
}

void control_reload_ends(struct supervisor *sup, bool is_live)
{
	char room[1024];
	struct buf last = buf_fixed(room, sizeof room);

	control_outcome(sup, is_live, &last);
	control_tell(&sup->control, CONTROL_WAIT_RELOAD, is_live ? 0 : 1, buf_str(&last));
}

/* ---- the end ----------------------------------------------------------------------------------------- */

void control_stopping(struct supervisor *sup, struct str why)
{
	log_main->copy = NULL;
	free(sup->control.room);
	sup->control.room = NULL;
	control_answer_waiting(&sup->control, CONTROL_WAIT_NEXT, 1, why);
	control_answer_waiting(&sup->control, CONTROL_WAIT_RELOAD, 1, why);
	control_answer_waiting(&sup->control, CONTROL_WAIT_UPGRADE, 1, why);
}

/* The loop is gone: nothing is watched or timed any more. */
void control_end(struct control *control)
{
	while (!list_is_empty(&control->clients)) {
		struct control_client *c =
		        LIST_ENTRY(control->clients.next, struct control_client, node);

		if (c->wait == CONTROL_WAIT_END)
			control_send(c->watch.fd, 0, STR_OF("the server has ended\n"));
		list_remove(&c->node);
		loop_close(&c->watch);
		free(c);
	}
}
