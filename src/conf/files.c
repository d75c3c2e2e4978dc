#include "conf/build.h"

#include <sys/stat.h>
#include <unistd.h>

struct str build_path(struct build *build, struct str path)
{
	struct str whole = tree_absolute(build->config, build->arena, path), rest = whole;
	char *out = arena_alloc(build->arena, whole.len + 2);
	size_t len = 0;

	while (rest.len > 0) {
		struct str name = str_cut(&rest, '/');

		if (name.len == 0 || str_eq(name, STR_OF(".")))
			continue;
		/* "a/.." is not simply nothing where a is a link: left for the kernel. */
		out[len++] = '/';
		memcpy(out + len, name.ptr, name.len);
		len += name.len;
	}
	if (len == 0)
		out[len++] = '/';
	out[len] = '\0';
	return str_make(out, len);
}

int build_dir(struct build *build, struct str absolute)
{
	for (size_t i = 0; i < build->config->dirs.len; i++) {
		if (str_eq(build->config->dirs.items[i].path, absolute))
			return (int)i;
	}
	VEC_PUSH(build->arena, &build->config->dirs)->path = absolute;
	return (int)build->config->dirs.len - 1;
}

bool build_may(const struct build *build, struct str path, int mode)
{
	const struct config *config = build->config;
	struct stat st;
	unsigned bits;

	if (geteuid() != 0 || config->uid == 0)
		return access(path.ptr, mode) == 0;
	if (stat(path.ptr, &st) != 0)
		return false;
	if (st.st_uid == config->uid)
		bits = st.st_mode >> 6;
	else
		bits = st.st_gid == config->gid ? st.st_mode >> 3 : st.st_mode;
	return (bits & (unsigned)mode) == (unsigned)mode;
}
