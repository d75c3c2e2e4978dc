#include "server/sandbox.h"

#include "server/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rights that Debian 12's headers do not know yet; the kernel's numbers never change. */
enum {
	SANDBOX_FS_REFER = 1 << 13,
	SANDBOX_FS_TRUNCATE = 1 << 14,
	SANDBOX_FS_IOCTL_DEV = 1 << 15,
	SANDBOX_NET_ALL = 3,  /* bind and connect of TCP */
	SANDBOX_SCOPE_ALL = 3 /* abstract Unix sockets and signals */
};

/* struct landlock_ruleset_attr as of its version 6; an older kernel is given as much as it knows. */
struct sandbox_ruleset {
	uint64_t fs, net, scoped;
};

enum {
	SANDBOX_FS_BASE = (1 << 13) - 1, /* everything of version 1 */
	SANDBOX_READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	SANDBOX_STORE = SANDBOX_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
	                LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR
};

/* ---- Landlock ---------------------------------------------------------------------------------------- */

static int sandbox_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static int sandbox_ruleset(int abi)
{
	struct sandbox_ruleset attr = { .fs = SANDBOX_FS_BASE };
	size_t size = sizeof attr.fs;

	if (abi >= 2)
		attr.fs |= SANDBOX_FS_REFER;
	if (abi >= 3)
		attr.fs |= SANDBOX_FS_TRUNCATE;
	if (abi >= 4) {
		attr.net = SANDBOX_NET_ALL;
		size = 2 * sizeof attr.fs;
	}
	if (abi >= 5)
		attr.fs |= SANDBOX_FS_IOCTL_DEV;
	if (abi >= 6) {
		attr.scoped = SANDBOX_SCOPE_ALL;
		size = sizeof attr;
	}
	return (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
}

/* A directory that is not there needs no rule. */
static int sandbox_allow(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access };
	int result;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return 0;
	result = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return result;
}

/* disable_symlinks off or if_not_owner follows links out of the roots, so the domain must be as wide. */
static bool sandbox_is_wide(const struct config *config)
{
	for (size_t i = 0; i < config->locations.len; i++) {
		enum path_links links = config->locations.items[i]->settings.links;

		if (links == PATH_LINKS_ALL || links == PATH_LINKS_OWNER)
			return true;
	}
	return false;
}

static uint64_t sandbox_rights(const struct config_dir *dir, int abi)
{
	if (!dir->is_store)
		return SANDBOX_READ;
	return SANDBOX_STORE | (abi >= 3 ? SANDBOX_FS_TRUNCATE : 0);
}

static int sandbox_allow_worker(const struct config *config, int ruleset, int abi)
{
	if (sandbox_is_wide(config) && sandbox_allow(ruleset, "/", SANDBOX_READ) != 0)
		return -1;
	for (size_t i = 0; i < config->dirs.len; i++)
		if (sandbox_allow(ruleset, config->dirs.items[i].path.ptr,
		                  sandbox_rights(&config->dirs.items[i], abi)) != 0)
			return -1;
	return 0;
}

/* A rule binds to an inode, and an edited file often is a new one: so the directory, but no list of it. */
static int sandbox_allow_beside(int ruleset, const char *path)
{
	char dir[PATH_MAX_BYTES];
	struct str parent = str_from(path);

	parent.len = str_find_last(parent, '/');
	if (parent.len >= sizeof dir)
		return 0;
	memcpy(dir, parent.ptr, parent.len);
	dir[parent.len] = '\0';
	return sandbox_allow(ruleset, parent.len == 0 ? "/" : dir, LANDLOCK_ACCESS_FS_READ_FILE);
}

/* Where the path leads is read, too: a file may be replaced by way of a link. */
static int sandbox_allow_verifier(const struct config *config, int ruleset, int abi)
{
	(void)abi;
	for (size_t i = 0; i < config->password_files.len; i++) {
		const char *path = config->password_files.items[i].path.ptr;
		char *real = realpath(path, NULL);
		int result = sandbox_allow_beside(ruleset, path);

		if (result == 0 && real)
			result = sandbox_allow_beside(ruleset, real);
		free(real);
		if (result != 0)
			return -1;
	}
	return 0;
}

/* The leak checker looks for its own threads at exit. */
static int sandbox_allow_sanitizer(int ruleset)
{
#if defined(__SANITIZE_ADDRESS__)
	return sandbox_allow(ruleset, "/proc", SANDBOX_READ);
#else
	(void)ruleset;
	return 0;
#endif
}

/* What a process of this kind may reach and call. */
struct sandbox_profile {
	const char *who;
	int (*allow)(const struct config *config, int ruleset, int abi);
	enum seccomp_profile calls;
};

static int sandbox_landlock(const struct config *config, const struct sandbox_profile *profile)
{
	int abi = sandbox_abi(), ruleset = abi < 1 ? -1 : sandbox_ruleset(abi), result = -1, error;

	if (ruleset < 0)
		return -1;
	if (sandbox_allow_sanitizer(ruleset) == 0 && profile->allow(config, ruleset, abi) == 0)
		result = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
	error = errno;
	close(ruleset);
	errno = error;
	return result;
}

/* ---- capabilities ------------------------------------------------------------------------------------ */

/* Root without `user` keeps what it needs to reach the files; Landlock says which those are. */
static int sandbox_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (geteuid() == 0)
		data[0].effective = data[0].permitted =
		        1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER;
	for (unsigned long c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++)
		if (geteuid() == 0 && prctl(PR_CAPBSET_DROP, c, 0, 0, 0) != 0 && errno != EPERM)
			return -1;
	return (int)syscall(SYS_capset, &header, data);
}

/* ---- all of it --------------------------------------------------------------------------------------- */

/* A step that failed: only worth a line, unless the configuration insists. */
static int sandbox_lacks(const struct config *config, const struct sandbox_profile *profile,
                         const char *what)
{
	int error = errno;

	if (config->sandbox == SANDBOX_REQUIRE) {
		log_error("`sandbox require` can't be kept: %s: %s", what, strerror(error));
		return -1;
	}
	log_notice("the %s runs without %s: %s", profile->who, what, strerror(error));
	return 0;
}

static int sandbox_enter_profile(const struct config *config, const struct sandbox_profile *profile)
{
	if (config->sandbox == SANDBOX_OFF)
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 &&
	    sandbox_lacks(config, profile, "no_new_privs") != 0)
		return -1;
	if (sandbox_landlock(config, profile) != 0 &&
	    sandbox_lacks(config, profile, "Landlock") != 0)
		return -1;
	if (sandbox_capabilities() != 0 &&
	    sandbox_lacks(config, profile, "dropped capabilities") != 0)
		return -1;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	if (seccomp_enter(profile->calls) != 0 &&
	    sandbox_lacks(config, profile, "a system call filter") != 0)
		return -1;
#endif
	return 0;
}

int sandbox_enter(const struct config *config)
{
	static const struct sandbox_profile worker = { "worker", sandbox_allow_worker,
		                                       SECCOMP_WORKER };

	return sandbox_enter_profile(config, &worker);
}

int sandbox_enter_verifier(const struct config *config)
{
	static const struct sandbox_profile verifier = { "verifier", sandbox_allow_verifier,
		                                         SECCOMP_VERIFIER };

	return sandbox_enter_profile(config, &verifier);
}

/* The directory behind `last` in the order of paths, so that the text does not depend on who named it first. */
static const struct config_dir *sandbox_next(const struct config *config,
                                             const struct config_dir *last)
{
	const struct config_dir *next = NULL;

	for (size_t i = 0; i < config->dirs.len; i++) {
		const struct config_dir *dir = &config->dirs.items[i];

		if ((!last || str_compare(dir->path, last->path) > 0) &&
		    (!next || str_compare(dir->path, next->path) < 0))
			next = dir;
	}
	return next;
}

void sandbox_describe(const struct config *config, struct buf *out)
{
	if (config->sandbox == SANDBOX_OFF) {
		buf_text(out, "# sandbox: off; workers may do whatever their user may\n");
		return;
	}
	buf_text(out, "# sandbox: workers execute nothing, connect to nothing, signal nobody\n");
	if (sandbox_is_wide(config))
		buf_text(out, "# sandbox: read  / (a location follows links out of its root)\n");
	for (const struct config_dir *dir = sandbox_next(config, NULL); dir;
	     dir = sandbox_next(config, dir))
		buf_format(out, "# sandbox: %s %s\n", dir->is_store ? "write" : "read ",
		           dir->path.ptr);
	for (size_t i = 0; i < config->password_files.len; i++)
		buf_format(out, "# sandbox: verifier only: read the files beside %s\n",
		           config->password_files.items[i].path.ptr);
}
