#include "handlers/sweep.h"

#include "base/clock.h"
#include "handlers/upload_state.h"
#include "net/timer.h"
#include "server/worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SWEEP_NAMES = 256,       /* in one step */
	SWEEP_FILES = 16,        /* opened in one step */
	SWEEP_PAUSE_MS = 20,     /* between two steps of a pass */
	SWEEP_DEPTH = 16,        /* directories below each other */
	SWEEP_REST_MS = 3600000, /* between two passes, at most */
	SWEEP_DAY_MS = 86400000
};

/* A pass under way: where it is in the tree. */
struct sweep {
	struct worker *worker;
	size_t store; /* index in config.dirs */
	DIR *levels[SWEEP_DEPTH];
	size_t depth;
	unsigned files; /* opened in this step */
};

static uint64_t wall_ms(void)
{
	return (uint64_t)clock_cached.wall.tv_sec * 1000 +
	       (uint64_t)clock_cached.wall.tv_nsec / 1000000;
}

/* ---- files --------------------------------------------------------------------------------------------- */

static uint64_t stamp_ms(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000 + (uint64_t)t->tv_nsec / 1000000;
}

/*
 * The age for which nothing of the file was written and no name of it changed: what waits to be put back has an old
 * content but a new name. A live upload gets bytes more often than client_body_timeout.
 */
static bool is_forsaken(const struct sweep *sweep, int dir, const char *name)
{
	const struct config *config = sweep->worker->config;
	uint64_t least = SWEEP_DAY_MS, changed, now = wall_ms();
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
		return false;
	changed = stamp_ms(&st.st_mtim);
	if (stamp_ms(&st.st_ctim) > changed)
		changed = stamp_ms(&st.st_ctim);
	for (size_t i = 0; i < config->locations.len; i++)
		if (config->locations.items[i]->settings.client_body_timeout > least)
			least = config->locations.items[i]->settings.client_body_timeout;
	return now > changed && now - changed > least;
}

static void sweep_leftover(struct sweep *sweep, int dir, const char *name)
{
	sweep->files++;
	if (is_forsaken(sweep, dir, name) && unlinkat(dir, name, 0) == 0)
		log_info("an upload that was cut off has left %s: removed", name);
}

/* An upload in pieces. One that somebody works at is locked, and not past its time. */
static void sweep_state(struct sweep *sweep, int dir, const char *name)
{
	struct upload_state_place place = { dir, PATH_LINKS_INSIDE };
	struct upload_state s;
	struct arena arena;

	sweep->files++;
	arena_init(&arena, NULL);
	if (upload_state_open_name(&s, &place, name, &arena) == 0) {
		if (upload_state_left(&s, wall_ms()) == 0) {
			upload_state_remove(&s);
			if (s.record.phase != UPLOAD_COMPLETE)
				log_info("an upload that nobody went on with is removed");
		}
		upload_state_close(&s);
	} else if (errno == ENOENT) { /* not written whole, or by another version */
		sweep_leftover(sweep, dir, name);
	}
	arena_end(&arena);
}

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_digit(s.ptr[i]) && (s.ptr[i] < 'a' || s.ptr[i] > 'f'))
			return false;
	return true;
}

/* Temporary names have 16 digits behind the prefix, states 32 and ".s". */
static void sweep_name(struct sweep *sweep, int dir, const char *name)
{
	static const struct str prefix = STR(PATH_RESERVED), end = STR(".s");
	struct str rest = str_from(name);

	if (!str_starts_with(rest, prefix))
		return;
	rest = str_from_index(rest, prefix.len);
	if (rest.len == 16 && is_hex(rest))
		sweep_leftover(sweep, dir, name);
	else if (sweep->depth == 1 && rest.len == UPLOAD_TOKEN_DIGITS + end.len &&
	         str_ends_with(rest, end) && is_hex(str_head(rest, UPLOAD_TOKEN_DIGITS)))
		sweep_state(sweep, dir, name);
}

/* ---- the way through the tree -------------------------------------------------------------------------- */

static bool sweep_enter(struct sweep *sweep, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	DIR *level = fd >= 0 ? fdopendir(fd) : NULL;

	if (!level) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	sweep->levels[sweep->depth++] = level;
	return true;
}

static void sweep_leave(struct sweep *sweep)
{
	closedir(sweep->levels[--sweep->depth]);
}

/* Goes on to the next store. False: there is none. */
static bool sweep_next_store(struct sweep *sweep)
{
	const struct worker *w = sweep->worker;

	for (; sweep->store < w->config->dirs.len; sweep->store++)
		if (w->config->dirs.items[sweep->store].is_store && w->dirs[sweep->store] >= 0 &&
		    sweep_enter(sweep, w->dirs[sweep->store], ".")) {
			sweep->store++;
			return true;
		}
	return false;
}

/* Looks at one name. A directory's own names come before those that follow it. */
static void sweep_one(struct sweep *sweep)
{
	DIR *level = sweep->levels[sweep->depth - 1];
	const struct dirent *d = readdir(level);

	if (!d) {
		sweep_leave(sweep);
		return;
	}
	if (d->d_type == DT_DIR) {
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 &&
		    sweep->depth < SWEEP_DEPTH)
			sweep_enter(sweep, dirfd(level), d->d_name);
		return;
	}
	sweep_name(sweep, dirfd(level), d->d_name);
}

/* ---- passes -------------------------------------------------------------------------------------------- */

/* Often enough that what is past its time does not stay for much longer than that. */
static uint64_t sweep_rest(const struct config *config)
{
	uint64_t rest = SWEEP_REST_MS;

	for (size_t i = 0; i < config->locations.len; i++) {
		const struct upload_resumable *u =
		        &config->locations.items[i]->settings.upload_resumable;

		if (u->is_on && u->expire / 2 < rest)
			rest = u->expire / 2;
	}
	return rest < 1000 ? 1000 : rest;
}

static bool sweep_is_needed(const struct config *config)
{
	for (size_t i = 0; i < config->dirs.len; i++)
		if (config->dirs.items[i].is_store)
			return true;
	return false;
}

uint64_t sweep_step(struct worker *w)
{
	struct sweep *sweep = w->house;

	if (!sweep_is_needed(w->config))
		return TIMER_NEVER;
	if (!sweep) {
		sweep = w->house = calloc(1, sizeof *sweep);
		if (!sweep)
			return SWEEP_REST_MS;
		sweep->worker = w;
	}
	sweep->files = 0;
	for (unsigned i = 0; i < SWEEP_NAMES && sweep->files < SWEEP_FILES; i++) {
		if (sweep->depth == 0 && !sweep_next_store(sweep)) {
			sweep_end(w);
			return sweep_rest(w->config);
		}
		sweep_one(sweep);
	}
	return SWEEP_PAUSE_MS;
}

void sweep_end(struct worker *w)
{
	struct sweep *sweep = w->house;

	if (!sweep)
		return;
	while (sweep->depth > 0)
		sweep_leave(sweep);
	free(sweep);
	w->house = NULL;
}
