#include "server/socket_owner.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { TCP_STATE_LISTEN = 0x0a, UNIX_LISTENS = 0x10000, OWNER_HEX = 33 };

/* An address as /proc/net/tcp and tcp6 print it: words of 32 bits, each as this machine reads them. */
static void owner_hex(const void *address, size_t size, char text[OWNER_HEX])
{
	uint32_t word;

	for (size_t i = 0; i < size; i += sizeof word) {
		memcpy(&word, (const char *)address + i, sizeof word);
		snprintf(text + 2 * i, OWNER_HEX - 2 * i, "%08X", word);
	}
}

static bool owner_is_any(const char *hex)
{
	return strspn(hex, "0") == strlen(hex);
}

/*
 * The inode of the socket that listens on the port at the address (hex), or where either of the two is
 * the address for all; 0: none.
 */
static unsigned long owner_inode(const char *table, const char *hex, unsigned port)
{
	FILE *f = fopen(table, "re");
	unsigned long inode, found = 0;
	char line[512], at[OWNER_HEX];
	unsigned local, state;

	/* "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 12345 …" */
	while (f && !found && fgets(line, sizeof line, f))
		if (sscanf(line, " %*d: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*s %*s %lu",
		           at, &local, &state, &inode) == 4 &&
		    local == port && state == TCP_STATE_LISTEN &&
		    (owner_is_any(hex) || owner_is_any(at) || strcmp(hex, at) == 0))
			found = inode;
	if (f)
		fclose(f);
	return found;
}

/* A listener on [::] may hold the IPv4 port too, and one on IPv4 keep [::] from it: both tables are asked. */
static unsigned long owner_inet(const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;
	char hex[OWNER_HEX];
	unsigned long inode;

	if (address->sa_family == AF_INET) {
		owner_hex(&v4->sin_addr, sizeof v4->sin_addr, hex);
		inode = owner_inode("/proc/net/tcp", hex, ntohs(v4->sin_port));
		return inode ? inode : owner_inode("/proc/net/tcp6", hex, ntohs(v4->sin_port));
	}
	owner_hex(&v6->sin6_addr, sizeof v6->sin6_addr, hex);
	inode = owner_inode("/proc/net/tcp6", hex, ntohs(v6->sin6_port));
	return inode ? inode : owner_inode("/proc/net/tcp", hex, ntohs(v6->sin6_port));
}

static unsigned long owner_local(const struct sockaddr_un *address)
{
	FILE *f = fopen("/proc/net/unix", "re");
	unsigned long inode, found = 0;
	char line[512];
	unsigned flags;
	int path;

	/* "0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/x.sock" */
	while (f && !found && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		path = 0;
		if (sscanf(line, "%*s %*s %*s %x %*s %*s %lu %n", &flags, &inode, &path) == 2 &&
		    path > 0 && (flags & UNIX_LISTENS) &&
		    strcmp(line + path, address->sun_path) == 0)
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
	unsigned long inode = address->sa_family == AF_UNIX ? owner_local((const void *)address)
	                                                    : owner_inet(address);
	DIR *proc = inode ? opendir("/proc") : NULL;
	struct dirent *entry;
	bool found = false;
	char wanted[40];

	snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
	while (proc && !found && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    owner_holds(entry->d_name, wanted)) {
			owner_name(entry->d_name, text, size);
			found = true;
		}
	if (proc)
		closedir(proc);
	return found;
}
