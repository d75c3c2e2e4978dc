#include "server/orphans.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What /proc/PID/stat says: "123 (any name, ) too) S PARENT GROUP SESSION …" */
struct orphan {
	int parent, group, session;
};

static bool orphan_read(const char *pid, struct orphan *out)
{
	char path[300], line[256], *end;
	FILE *f;
	bool read;

	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	read = fgets(line, sizeof line, f) && (end = strrchr(line, ')')) &&
	       sscanf(end, ") %*c %d %d %d", &out->parent, &out->group, &out->session) == 3;
	fclose(f);
	return read;
}

/* They are our unreaped children: none of these numbers can have gone to anybody else. */
static bool orphan_kill(pid_t pid, const struct orphan *o)
{
	if (o->parent != getpid() || o->session != getsid(0))
		return false;
	return (o->group == getpgrp() ? kill(pid, SIGKILL) : kill(-o->group, SIGKILL)) == 0;
}

size_t orphans_kill(bool (*is_known)(const void *context, pid_t pid), const void *context)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		struct orphan o;

		if (pid > 0 && !is_known(context, pid) && orphan_read(entry->d_name, &o))
			count += orphan_kill(pid, &o);
	}
	if (proc)
		closedir(proc);
	return count;
}
