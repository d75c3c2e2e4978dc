#include "base/clock.h"
#include "server/logs.h"
#include "server/supervisor_state.h"

#include <sys/stat.h>

enum { ROTATION_RETRY = 60000 /* ms until it is tried again where it could not be done */ };

/* How the file is called in this configuration; NULL: it does not log to it. */
static struct config_log *rotation_find(struct config *config, struct str path)
{
	for (size_t i = 0; i < config->logs.len; i++) {
		struct config_log *log = &config->logs.items[i];

		if (log->sink == LOG_SINK_FILE && str_eq(log->path, path))
			return log;
	}
	return NULL;
}

/* The configuration in force decides, also about what an older one's workers have written. */
static const struct log_options *rotation_rule(struct supervisor *sup, const struct config_log *log)
{
	const struct config_log *now =
	        sup->current ? rotation_find(sup->current->config, log->path) : NULL;

	return now ? &now->options : &log->options;
}

/*
 * A worker that still writes to an older file could see it dropped: nothing is rotated before all of them
 * have the last one's successor. Nor by a supervisor that is leaving, perhaps beside its heir.
 */
static bool rotation_may_be(struct supervisor *sup)
{
	if (sup->stopping || clock_now() < sup->rotate_again)
		return false;
	for (EACH_GENERATION(sup, n))
		if (!generation_has_reopened(generation_at(n)))
			return false;
	return true;
}

/* All who log to the path, in whichever generation. */
static void rotation_spread(struct supervisor *sup, struct str path)
{
	for (EACH_GENERATION(sup, n)) {
		struct generation *g = generation_at(n);
		struct config_log *log = rotation_find(g->config, path);

		if (log && log_reopen(log) == 0)
			generation_send_log(g, (size_t)(log - g->config->logs.items));
	}
	if (sup->current)
		logs_use(sup->current->config);
	inherit_tell(sup, UPGRADE_REOPEN);
}

void supervisor_rotate(struct supervisor *sup, struct generation *g, size_t index)
{
	const struct config_log *log = &g->config->logs.items[index];
	const struct log_options *rule = rotation_rule(sup, log);
	struct str path = log->path;
	struct stat st;

	if (log->sink != LOG_SINK_FILE || rule->rotate == 0 || !rotation_may_be(sup) ||
	    fstat(log->fd, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size < rule->rotate)
		return;
	if (log_rotate(log, rule->keep) != 0) {
		sup->rotate_again = clock_now() + ROTATION_RETRY;
		return;
	}
	rotation_spread(sup, path);
	log_info("the log %s begins anew", path.ptr);
}

void supervisor_rotate_all(struct supervisor *sup, struct generation *g)
{
	for (size_t i = 0; i < g->config->logs.len; i++)
		supervisor_rotate(sup, g, i);
}
