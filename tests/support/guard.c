#include "guard.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t guard_body_size(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (len + page - 1) / page * page;
}

struct str guard_copy(struct str s)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t body = guard_body_size(s.len);
	char *map =
	        mmap(NULL, body + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED || mprotect(map + body, page, PROT_NONE) != 0)
		abort();
	if (s.len > 0)
		memcpy(map + body - s.len, s.ptr, s.len);
	return str_make(map + body - s.len, s.len);
}

void guard_free(struct str s)
{
	size_t body = guard_body_size(s.len);
	char *map = (char *)(s.ptr + s.len) - body;

	if (munmap(map, body + (size_t)sysconf(_SC_PAGESIZE)) != 0)
		abort();
}
