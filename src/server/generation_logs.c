#include "net/sock.h"
#include "server/generation.h"
#include "server/launcher.h"
#include "server/supervisor_state.h"
#include "server/verifier.h"

/* Launcher and verifier write to the main log only. */
static void generation_send_helpers_log(struct generation *g, const struct config_log *log)
{
	static const char to_launcher = LAUNCHER_LOG, to_verifier = VERIFIER_LOG;

	if (g->launcher.fd >= 0)
		sock_send_message(g->launcher.fd, &to_launcher, 1, &log->fd, 1);
	if (g->verifier.control.fd >= 0)
		sock_send_message(g->verifier.control.fd, &to_verifier, 1, &log->fd, 1);
}

void generation_send_log(struct generation *g, size_t log)
{
	const struct config_log *row = &g->config->logs.items[log];
	struct worker_log_message message = { .kind = WORKER_REOPEN, .log = (uint32_t)log };

	if (row->sink != LOG_SINK_FILE)
		return;
	for (size_t w = 0; w < g->worker_count; w++)
		if (generation_tell(&g->workers[w], &message, sizeof message, &row->fd))
			g->workers[w].unanswered++;
	if ((int)log == g->config->settings.error_log.log)
		generation_send_helpers_log(g, row);
}

void generation_send_logs(struct generation *g)
{
	for (size_t i = 0; i < g->config->logs.len; i++)
		generation_send_log(g, i);
}

bool generation_has_reopened(const struct generation *g)
{
	for (size_t i = 0; i < g->worker_count; i++)
		if (g->workers[i].pid > 0 && g->workers[i].unanswered > 0)
			return false;
	return true;
}

void generation_log_news(struct worker_process *p, const char *message, size_t len)
{
	struct generation *g = p->generation;
	struct worker_log_message log;

	if (message[0] == WORKER_LOG_GROWN && len == sizeof log) {
		memcpy(&log, message, sizeof log);
		if (log.log < g->config->logs.len)
			supervisor_rotate(g->supervisor, g, log.log);
	} else if (message[0] == WORKER_REOPENED && p->unanswered > 0) {
		/* What has grown meanwhile could not be looked at. */
		if (--p->unanswered == 0)
			supervisor_rotate_all(g->supervisor, g);
	}
}
