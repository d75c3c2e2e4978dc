#include "base/clock.h"
#include "net/sock.h"
#include "server/supervisor_state.h"

#include <unistd.h>

static void status_uptime(struct buf *out, uint64_t seconds)
{
	static const struct {
		unsigned seconds;
		char unit;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	bool begun = false;

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		uint64_t n = seconds / units[i].seconds;

		seconds %= units[i].seconds;
		begun |= n > 0 || units[i].seconds == 1;
		if (begun)
			buf_format(out, " %llu%c", (unsigned long long)n, units[i].unit);
	}
}

static void status_listeners(const struct sockets *sockets, struct buf *out)
{
	for (struct list *n = sockets->entries.next; n != &sockets->entries; n = n->next) {
		const struct socket_entry *e = LIST_ENTRY(n, struct socket_entry, node);
		bool is_local;
		char room[200];
		struct buf name = buf_fixed(room, sizeof room);

		if (e->copy > 0)
			continue;
		sock_print_name(e->fd, &name);
		is_local = str_starts_with(buf_str(&name), STR_OF("unix:"));
		buf_format(out, "listening on %s%.*s%s\n", is_local ? "" : "http://",
		           STR_ARG(buf_str(&name)), is_local ? "" : "/");
	}
}

static void status_generation(const struct supervisor *sup, const struct generation *g,
                              struct buf *out)
{
	buf_format(out, "generation %u %s\n", g->number,
	           g == sup->current  ? "is live"
	           : g == sup->coming ? "is being started"
	                              : "finishes what it has");
	for (size_t i = 0; i < g->worker_count; i++) {
		const struct worker_process *p = &g->workers[i];

		if (p->pid > 0)
			buf_format(
			        out, "  worker %u: process %ld, %llu connections, %llu requests\n",
			        p->number, (long)p->pid,
			        (unsigned long long)counters_open_now(p->counters, FIGURE_ACTIVE),
			        (unsigned long long)counters_open_now(p->counters, FIGURE_WRITING));
	}
	if (g->launcher_pid > 0)
		buf_format(out, "  launcher: process %ld\n", (long)g->launcher_pid);
	if (g->verifier.pid > 0)
		buf_format(out, "  verifier: process %ld\n", (long)g->verifier.pid);
}

void control_describe(const struct supervisor *sup, struct buf *out)
{
	uint64_t started = atomic_load_explicit(&sup->counters->value[COUNTER_STARTED_AT],
	                                        memory_order_relaxed);
	uint64_t now = (uint64_t)clock_cached.wall.tv_sec;

	buf_format(out, "webserv/" WEBSERV_VERSION ", process %ld, up", (long)getpid());
	status_uptime(out, now > started ? now - started : 0);
	buf_byte(out, '\n');
	if (sup->stopping)
		buf_text(out, "it is stopping\n");
	if (inherit_waits(&sup->inheritance))
		buf_text(out, "the process that served before finishes what it has\n");
	if (sup->current)
		buf_format(out, "configuration %.*s (prefix %.*s)\n",
		           STR_ARG(sup->current->config->path),
		           STR_ARG(sup->current->config->prefix));
	status_listeners(&sup->sockets, out);
	for (EACH_GENERATION(sup, n))
		status_generation(sup, generation_at(n), out);
}
