#include "server/privileges.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	PRIVILEGES_SPARE_FILES = 256
}; /* logs, roots, channels, cached files beside the connections */

int privileges_drop(const struct config *config)
{
	if (config->user.len == 0 || geteuid() != 0)
		return 0;
	if (setgroups(1, &config->gid) != 0 ||
	    setresgid(config->gid, config->gid, config->gid) != 0 ||
	    setresuid(config->uid, config->uid, config->uid) != 0) {
		log_error("can't become user %.*s: %s", STR_ARG(config->user), strerror(errno));
		return -1;
	}
	if (config->uid != 0 && setresuid(0, 0, 0) == 0) {
		log_error("root's rights are still within reach after becoming %.*s",
		          STR_ARG(config->user));
		return -1;
	}
	return 0;
}

int privileges_die_with(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return -1;
	return getppid() == parent ? 0 : -1;
}

void privileges_raise_files(const struct config *config)
{
	struct rlimit limit;
	rlim_t want = config->worker_rlimit_nofile
	                      ? config->worker_rlimit_nofile
	                      : config->worker_connections + PRIVILEGES_SPARE_FILES;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
		return;
	limit.rlim_cur = want;
	if (limit.rlim_max < want)
		limit.rlim_max = want;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return;
	/* Not root: as far as the hard limit goes. */
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < want)
		log_warn("only %llu files may be open at once; the configuration wants %llu",
		         (unsigned long long)limit.rlim_cur, (unsigned long long)want);
}
