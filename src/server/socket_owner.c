#include "server/socket_owner.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TCP_STATE_LISTEN = 0x0a };

/* The inode of a listening socket on the port, from a table like /proc/net/tcp; 0: none. */
static unsigned long owner_inode(const char *table, unsigned port)
{
	FILE *f = fopen(table, "re");
	unsigned long inode = 0, found = 0;
	char line[512];

	while (f && !found && fgets(line, sizeof line, f)) {
		unsigned local, state;

		/* "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 12345 …" */
		if (sscanf(line,
		           " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*s %*s %lu",
		           &local, &state, &inode) == 3 &&
		    local == port && state == TCP_STATE_LISTEN)
			found = inode;
	}
	if (f)
		fclose(f);
	return found;
}

static bool owner_holds(const char *pid, const char *wanted)
{
	char path[300], link[64];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%s/fd", pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, link, sizeof link - 1);

		found = n > 0 && (size_t)n == strlen(wanted) &&
		        memcmp(link, wanted, (size_t)n) == 0;
	}
	if (dir)
		closedir(dir);
	return found;
}

static void owner_name(const char *pid, char *text, size_t size)
{
	char path[300], name[32] = "a program";
	FILE *f;

	snprintf(path, sizeof path, "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (f) {
		if (fgets(name, sizeof name, f))
			name[strcspn(name, "\n")] = '\0';
		fclose(f);
	}
	snprintf(text, size, "%s (process %s)", name, pid);
}

bool socket_owner(const struct sockaddr *address, char *text, size_t size)
{
	bool is_v6 = address->sa_family == AF_INET6;
	unsigned port =
	        ntohs(is_v6 ? ((const struct sockaddr_in6 *)(const void *)address)->sin6_port
	                    : ((const struct sockaddr_in *)(const void *)address)->sin_port);
	unsigned long inode;
	struct dirent *entry;
	bool found = false;
	char wanted[40];
	DIR *proc;

	if (address->sa_family != AF_INET && !is_v6)
		return false;
	inode = owner_inode(is_v6 ? "/proc/net/tcp6" : "/proc/net/tcp", port);
	if (inode == 0) /* a listener on [::] may hold the IPv4 port too */
		inode = owner_inode(is_v6 ? "/proc/net/tcp" : "/proc/net/tcp6", port);
	if (inode == 0 || !(proc = opendir("/proc")))
		return false;
	snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
	while (!found && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    owner_holds(entry->d_name, wanted)) {
			owner_name(entry->d_name, text, size);
			found = true;
		}
	closedir(proc);
	return found;
}
