#include "memory.h"

#include <errno.h>
#include <stddef.h>

struct memory memory;

/* The names are the linker's. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);

static bool memory_is_out(void)
{
	if (!memory.counts)
		return false;
	memory.calls++;
	if (memory.fail_at == 0 || memory.calls < memory.fail_at ||
	    memory.calls > memory.fail_at + memory.fails)
		return false;
	memory.has_failed = true;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return memory_is_out() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return memory_is_out() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
	return memory_is_out() ? NULL : __real_realloc(ptr, size);
}
