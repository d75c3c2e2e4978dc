#include "server/worker.h"

#include "base/clock.h"
#include "net/io.h"
#include "net/signals.h"
#include "net/sock.h"
#include "server/auth.h"
#include "server/conn.h"
#include "server/programs.h"
#include "server/sandbox.h"
#include "server/verifier.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

enum {
	WORKER_ACCEPTS = 64,      /* connections taken in one turn */
	WORKER_ARENA = 16 * 1024, /* a request and its head fit in one chunk */
	WORKER_ARENAS_KEPT = 64,
	WORKER_RESERVE = 16, /* descriptors that connections may not use up */
	WORKER_RETRY_MS = 1000,
	WORKER_HOUSE_MS = 1000 /* from the start to the first tidying up */
};

/* ---- accepting --------------------------------------------------------------------------------------- */

static void worker_listen(struct worker *w, bool on)
{
	if (w->listening == on)
		return;
	w->listening = on;
	for (size_t i = 0; i < w->listener_count; i++) {
		struct watch *watch = &w->listeners[i].watch;

		if (watch->fd < 0)
			continue;
		/* Level-triggered: one that is not to be accepted from must leave epoll, or it spins. */
		if (!on)
			loop_unwatch(&w->loop, watch);
		else if (loop_watch(&w->loop, watch, EPOLLIN | EPOLLEXCLUSIVE) != 0)
			log_error("a listening socket can't be watched: %s", strerror(errno));
	}
}

/* Out of descriptors or of configured connections: the longest idle one makes room, else we wait. */
static bool worker_make_room(struct worker *w)
{
	if (!list_is_empty(&w->idle)) {
		struct conn *c = LIST_ENTRY(w->idle.next, struct conn, node);

		if (c->requests > 0) {
			conn_close(c);
			return true;
		}
	}
	worker_listen(w, false);
	timer_set(&w->loop.timers, &w->listen_timer, clock_now() + WORKER_RETRY_MS);
	return false;
}

static void worker_listen_again(struct timer *timer)
{
	struct worker *w = LIST_ENTRY(timer, struct worker, listen_timer);

	if (!w->draining)
		worker_listen(w, true);
}

void worker_connection_closed(struct worker *w)
{
	ASSERT(w->conn_count > 0);
	w->conn_count--;
	if (!w->listening && !w->draining)
		worker_listen(w, true);
	if (w->draining && w->conn_count == 0)
		w->loop.stopping = true;
}

/* Whose connection it is where a listener on all addresses has the port of others too. */
static const struct listener *worker_find_listener(const struct listener *all, int fd)
{
	const struct worker *w = all->worker;
	union address local = { 0 };
	socklen_t len = sizeof local;

	if (!all->conf->covers || getsockname(fd, &local.any, &len) != 0)
		return all;
	for (size_t i = 0; i < w->listener_count; i++) {
		const struct listener_conf *l = w->listeners[i].conf;

		if (l->is_covered && l->address_len == len && memcmp(&l->address, &local, len) == 0)
			return &w->listeners[i];
	}
	return all;
}

/* False: no more can be accepted now. */
static bool worker_accept_one(struct listener *l)
{
	struct worker *w = l->worker;
	struct sockaddr_storage address;
	socklen_t len = sizeof address;
	int fd;

	if (w->conn_count >= w->config->worker_connections && !worker_make_room(w))
		return false;
	fd = io_accept(l->watch.fd, (struct sockaddr *)&address, &len);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			return worker_make_room(w);
		return errno == ECONNABORTED;
	}
	counter_add(w->counters, COUNTER_ACCEPTED, 1);
	if (!conn_open(w, worker_find_listener(l, fd), fd, (struct sockaddr *)&address))
		log_warn("a connection was dropped: %s", strerror(errno));
	return true;
}

static void worker_accept(struct watch *watch, uint32_t events)
{
	struct listener *l = (struct listener *)(void *)watch;
	unsigned waiting = sock_backlog_length(watch->fd);

	(void)events;
	if (waiting == 0 || waiting > WORKER_ACCEPTS)
		waiting = waiting == 0 ? 1 : WORKER_ACCEPTS;
	for (unsigned i = 0; i < waiting && l->worker->listening; i++)
		if (!worker_accept_one(l))
			return;
}

/* ---- tidying up -------------------------------------------------------------------------------------- */

static void worker_keep_house(struct timer *timer)
{
	struct worker *w = LIST_ENTRY(timer, struct worker, house_timer);
	uint64_t rest = w->draining ? TIMER_NEVER : w->handlers->keep_house(w);

	if (rest != TIMER_NEVER)
		timer_set(&w->loop.timers, timer, clock_now() + rest);
}

/* ---- draining ---------------------------------------------------------------------------------------- */

static void worker_give_up(struct timer *timer)
{
	LIST_ENTRY(timer, struct worker, drain_timer)->loop.stopping = true;
}

/* What waits in a socket that no other worker has would be lost with it. */
static void worker_take_waiting(struct listener *l)
{
	unsigned waiting =
	        l->conf->reuseport && l->watch.fd >= 0 ? sock_backlog_length(l->watch.fd) : 0;

	while (waiting-- > 0 && worker_accept_one(l))
		;
}

/*
 * No new connections; requests in flight finish. An idle connection is not shut under a client that may
 * be sending right now: it is answered once more, with Connection: close. limit: ms, 0: none.
 */
static void worker_drain(struct worker *w, uint64_t limit, bool close_idle)
{
	for (size_t i = 0; i < w->listener_count; i++)
		worker_take_waiting(&w->listeners[i]);
	w->draining = true;
	access_logs_hurry(&w->logs);
	worker_listen(w, false);
	for (size_t i = 0; i < w->listener_count; i++)
		loop_close(&w->listeners[i].watch);
	for (struct list *n = w->idle.next, *next; n != &w->idle; n = next) {
		struct conn *c = LIST_ENTRY(n, struct conn, node);

		next = n->next;
		conn_drain(c);
		if (close_idle)
			conn_close(c);
	}
	if (limit > 0)
		timer_set(&w->loop.timers, &w->drain_timer, clock_now() + limit);
	if (w->conn_count == 0)
		w->loop.stopping = true;
}

/* ---- what the supervisor says ------------------------------------------------------------------------ */

static void worker_tell(struct worker *w, const void *message, size_t len)
{
	if (w->control.fd >= 0 && sock_send_message(w->control.fd, message, len, NULL, 0) != 0)
		log_info("the supervisor could not be told: %s", strerror(errno));
}

/* One log's new descriptor, after the file was renamed. */
static void worker_reopen(struct worker *w, size_t log, int fd)
{
	if (log >= w->logs.count) {
		close(fd);
		return;
	}
	if ((int)log == w->config->settings.error_log.log)
		log_main->fd = fd;
	access_logs_replace(&w->logs, log, fd);
}

static void worker_obey(struct worker *w, const char *message, size_t len, const int *fds,
                        size_t count)
{
	static const char done = WORKER_REOPENED;
	struct worker_log_message log;
	uint64_t limit = 0;

	switch (message[0]) {
	case WORKER_DRAIN:
		if (len >= 1 + sizeof limit)
			memcpy(&limit, message + 1, sizeof limit);
		worker_drain(w, limit, len > 1 + sizeof limit && message[1 + sizeof limit] != 0);
		return;
	case WORKER_REOPEN:
		if (len == sizeof log && count == 1) {
			memcpy(&log, message, sizeof log);
			worker_reopen(w, log.log, fds[0]);
		}
		worker_tell(w, &done, 1);
		return;
	case WORKER_VERIFIER:
		if (w->auth && count == 1)
			auth_use_verifier(w->auth, fds[0]);
		return;
	default:
		log_warn("an unknown message from the supervisor");
	}
}

static void worker_control(struct watch *watch, uint32_t events)
{
	struct worker *w = LIST_ENTRY(watch, struct worker, control);
	char message[64];
	int fds[SOCK_MESSAGE_FDS];
	size_t count = SOCK_MESSAGE_FDS;
	ssize_t n = sock_receive_message(watch->fd, message, sizeof message, fds, &count);

	(void)events;
	if (n > 0) {
		worker_obey(w, message, (size_t)n, fds, count);
	} else if (n == 0 || !io_would_block(errno)) {
		/* The supervisor is gone: nobody stays behind. */
		loop_close(watch);
		w->loop.stopping = true;
	}
}

/* Only without a supervisor (master_process off) do signals come here. */
static void worker_signal(struct watch *watch, uint32_t events)
{
	struct worker *w = LIST_ENTRY(watch, struct worker, signals);
	int signal;

	(void)events;
	while ((signal = signals_next(watch->fd)) != 0) {
		if (signal == SIGQUIT)
			worker_drain(w, w->config->worker_shutdown_timeout, true);
		else if (signal == SIGTERM || signal == SIGINT)
			worker_drain(w, w->config->shutdown_timeout, true);
	}
}

/* ---- who is let in ------------------------------------------------------------------------------------ */

static int worker_open_gate(struct worker *w, const struct worker_start *start)
{
	struct limits *shared = start->shared ? start->shared->limits : NULL;

	w->own_gate = (struct gate){ .limits = limiter_ask, .password = auth_password };
	w->gate = &w->own_gate;
	if (limiter_open(&w->limiter, w, shared, start->seat) != 0)
		return -1;
	if (!verifier_is_needed(w->config))
		return 0;
	w->auth = auth_open(&w->loop, start->verifier, start->control >= 0);
	return w->auth ? 0 : -1;
}

/* ---- start and end ----------------------------------------------------------------------------------- */

static int worker_open_dirs(struct worker *w)
{
	size_t count = w->config->dirs.len;

	w->dirs = calloc(count + 1, sizeof *w->dirs);
	if (!w->dirs)
		return -1;
	for (size_t i = 0; i < count; i++) {
		w->dirs[i] =
		        open(w->config->dirs.items[i].path.ptr, O_PATH | O_DIRECTORY | O_CLOEXEC);
		/* What the configuration names was checked; the default root need not be there. */
		if (w->dirs[i] < 0)
			log_info("%s can't be opened: %s", w->config->dirs.items[i].path.ptr,
			         strerror(errno));
	}
	return 0;
}

static int worker_open_listeners(struct worker *w, const struct worker_start *start)
{
	w->listener_count = w->config->listeners.len;
	w->listeners = calloc(w->listener_count + 1, sizeof *w->listeners);
	if (!w->listeners)
		return -1;
	for (size_t i = 0; i < w->listener_count; i++)
		w->listeners[i] = (struct listener){ .watch = { .fd = start->listeners[i],
			                                        .ready = worker_accept },
			                             .conf = w->config->listeners.items[i],
			                             .worker = w };
	worker_listen(w, true);
	return 0;
}

static uint32_t worker_most_headers(const struct config *config)
{
	uint32_t most = config->settings.max_headers;

	for (size_t i = 0; i < config->servers.len; i++)
		if (config->servers.items[i]->self.settings.max_headers > most)
			most = config->servers.items[i]->self.settings.max_headers;
	return most;
}

static int worker_open_control(struct worker *w, const struct worker_start *start)
{
	static const int handled[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, 0 };

	w->control = (struct watch){ .fd = start->control, .ready = worker_control };
	w->signals = (struct watch){ .fd = signals_open(handled), .ready = worker_signal };
	if (w->signals.fd < 0)
		return -1;
	if (start->control >= 0)
		return loop_watch(&w->loop, &w->control, EPOLLIN);
	return loop_watch(&w->loop, &w->signals, EPOLLIN);
}

/* Once a turn, so that a request pays nothing for it. */
static void worker_count_cache(struct worker *w)
{
	counter_add(w->counters, COUNTER_CACHE_HITS, w->files.hits - w->cache_hits);
	counter_add(w->counters, COUNTER_CACHE_MISSES, w->files.misses - w->cache_misses);
	w->cache_hits = w->files.hits;
	w->cache_misses = w->files.misses;
}

/* One worker tidies up for all. */
static bool worker_start_timers(struct worker *w, const struct worker_start *start)
{
	bool keeps_house = start->number == 0 && w->handlers && w->handlers->keep_house;
	uint64_t house = keeps_house ? clock_now() + WORKER_HOUSE_MS : TIMER_NEVER;

	return timer_start(&w->loop.timers, &w->listen_timer, worker_listen_again, TIMER_NEVER) &&
	       timer_start(&w->loop.timers, &w->drain_timer, worker_give_up, TIMER_NEVER) &&
	       timer_start(&w->loop.timers, &w->house_timer, worker_keep_house, house);
}

/* Of logs that are to be rotated; what could not be told now is told when they have grown again. */
static void worker_tell_growth(struct worker *w)
{
	struct worker_log_message message = { .kind = WORKER_LOG_GROWN };
	size_t log;

	while (access_logs_take_grown(&w->logs, &log)) {
		message.log = (uint32_t)log;
		worker_tell(w, &message, sizeof message);
	}
}

static void worker_before_sleep(struct loop *loop)
{
	struct worker *w = LIST_ENTRY(loop, struct worker, loop);

	access_logs_turn(&w->logs);
	worker_tell_growth(w);
	worker_count_cache(w);
}

int worker_open(struct worker *w, const struct worker_start *start)
{
	*w = (struct worker){ .config = start->config,
		              .handlers = start->handlers,
		              .board = start->board };
	w->counters = start->counters ? start->counters : &w->alone_counters;
	list_init(&w->idle);
	list_init(&w->busy);
	clock_update();
	gethostname(w->hostname, sizeof w->hostname - 1);
	if (getrandom(w->id_key, sizeof w->id_key, GRND_NONBLOCK) != (ssize_t)sizeof w->id_key)
		w->id_key[0] = clock_precise_us() ^ (uint64_t)getpid() << 32;
	arena_pool_init(&w->arenas, WORKER_ARENA, WORKER_ARENAS_KEPT);
	w->field_cap = worker_most_headers(w->config);
	w->fields = calloc(w->field_cap, sizeof *w->fields);
	w->scratch = malloc(WORKER_SCRATCH);
	w->cork = malloc(WORKER_CORK);
	if (!w->fields || !w->scratch || !w->cork || loop_init(&w->loop) != 0)
		return -1;
	w->loop.before_sleep = worker_before_sleep;
	if (!worker_start_timers(w, start) ||
	    !access_logs_init(&w->logs, w->config, &w->loop.timers) || worker_open_dirs(w) != 0 ||
	    worker_open_control(w, start) != 0 || worker_open_gate(w, start) != 0 ||
	    worker_open_listeners(w, start) != 0)
		return -1;
	file_cache_init(&w->files, w->dirs, &w->config->file_cache,
	                start->shared ? &start->shared->file_epoch : &w->alone.file_epoch);
	if (start->launcher >= 0)
		w->programs = programs_open(&w->loop, start->launcher);
	return start->launcher >= 0 && !w->programs ? -1 : 0;
}

static void worker_close_connections(struct list *list)
{
	while (!list_is_empty(list))
		conn_close(LIST_ENTRY(list->next, struct conn, node));
}

void worker_close(struct worker *w)
{
	w->draining = true;
	worker_close_connections(&w->idle);
	worker_close_connections(&w->busy);
	w->loop.stopping = true;
	if (w->programs)
		programs_close(w->programs);
	auth_close(w->auth);
	limiter_close(&w->limiter);
	loop_bury_dead(&w->loop);
	if (w->handlers && w->handlers->keep_house_end)
		w->handlers->keep_house_end(w);
	if (w->dirs)
		file_cache_end(&w->files);
	access_logs_end(&w->logs);
	for (size_t i = 0; w->dirs && i < w->config->dirs.len; i++)
		if (w->dirs[i] >= 0)
			close(w->dirs[i]);
	for (size_t i = 0; w->listeners && i < w->listener_count; i++)
		loop_close(&w->listeners[i].watch);
	loop_close(&w->control);
	loop_close(&w->signals);
	timer_stop(&w->loop.timers, &w->listen_timer);
	timer_stop(&w->loop.timers, &w->drain_timer);
	timer_stop(&w->loop.timers, &w->house_timer);
	loop_end(&w->loop);
	arena_pool_end(&w->arenas);
	free(w->dirs);
	free(w->listeners);
	free(w->fields);
	free(w->scratch);
	free(w->cork);
}

int worker_run(const struct worker_start *start)
{
	static const char ready = WORKER_READY;
	struct worker *w = malloc(sizeof *w);

	if (!w || worker_open(w, start) != 0) {
		log_error("the worker can't start: %s", strerror(errno));
		return 1;
	}
	if (sandbox_enter(w->config) != 0)
		return 1;
	if (start->control >= 0 && sock_send_message(start->control, &ready, 1, NULL, 0) != 0)
		log_warn("the supervisor could not be told of the start: %s", strerror(errno));
	loop_run(&w->loop);
	worker_close(w);
	free(w);
	return 0;
}
