#include "server/counters.h"

#include <stddef.h>
#include <sys/mman.h>

/* What is open is the first of a row less the second: a process that ends closes it all. */
static const struct {
	uint16_t begun, ended, figure;
} counters_open[] = {
	{ COUNTER_HANDLED, COUNTER_CLOSED, FIGURE_ACTIVE },
	{ COUNTER_HEADS_BEGUN, COUNTER_HEADS_ENDED, FIGURE_READING },
	{ FIGURE_REQUESTS, COUNTER_ENDED, FIGURE_WRITING },
	{ COUNTER_PROGRAMS_ASKED, COUNTER_PROGRAMS_TURNED, FIGURE_PROGRAMS_QUEUED },
	{ COUNTER_PROGRAMS_STARTED, COUNTER_PROGRAMS_ENDED, FIGURE_PROGRAMS_RUNNING },
};

enum { COUNTERS_OPEN = sizeof counters_open / sizeof *counters_open };

struct counters_board *counters_map(void)
{
	void *board = mmap(NULL, sizeof(struct counters_board), PROT_READ | PROT_WRITE,
	                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return board == MAP_FAILED ? NULL : board;
}

void counters_unmap(struct counters_board *board)
{
	if (board)
		munmap(board, sizeof *board);
}

static uint64_t counters_value(const struct counters *slot, unsigned counter)
{
	return atomic_load_explicit(&slot->value[counter], memory_order_relaxed);
}

/* Requests begun are counted by their method. */
static uint64_t counters_begun(const struct counters *slot, unsigned counter)
{
	uint64_t n = 0;

	if (counter < COUNTER_COUNT)
		return counters_value(slot, counter);
	for (unsigned i = 0; i < METHOD_COUNT; i++)
		n += counters_value(slot, COUNTER_METHOD + i);
	return n;
}

struct counters *counters_take(struct counters_board *board, enum counters_role role,
                               unsigned generation)
{
	for (uint32_t i = 0; board && i < COUNTERS_SLOTS; i++) {
		struct counters *slot = &board->slots[i].counters;

		if (atomic_load_explicit(&slot->role, memory_order_relaxed) != COUNTERS_FREE)
			continue;
		atomic_store(&slot->role, role);
		atomic_store(&slot->generation, generation);
		if (i >= atomic_load(&board->used))
			atomic_store(&board->used, i + 1);
		return slot;
	}
	return NULL;
}

void counters_started(struct counters *slot, pid_t pid)
{
	if (slot)
		atomic_store(&slot->pid, pid);
}

void counters_release(struct counters **slot)
{
	struct counters *c = *slot;

	*slot = NULL;
	if (!c)
		return;
	for (size_t i = 0; i < COUNTERS_OPEN; i++)
		counter_set(c, counters_open[i].ended, counters_begun(c, counters_open[i].begun));
	atomic_store(&c->pid, 0);
	atomic_store(&c->memory, 0);
	atomic_store(&c->descriptors, 0);
	atomic_store(&c->role, COUNTERS_FREE);
}

/* The others count on while we add: an end may be seen whose beginning was not. */
static uint64_t counters_less(uint64_t begun, uint64_t ended)
{
	return begun > ended ? begun - ended : 0;
}

uint64_t counters_open_now(const struct counters *slot, enum figure figure)
{
	for (size_t i = 0; slot && i < COUNTERS_OPEN; i++)
		if (counters_open[i].figure == figure)
			return counters_less(counters_begun(slot, counters_open[i].begun),
			                     counters_value(slot, counters_open[i].ended));
	return 0;
}

static void counters_derive(struct figures *sum)
{
	uint64_t *v = sum->value;

	for (unsigned i = 0; i < METHOD_COUNT; i++)
		v[FIGURE_REQUESTS] += v[COUNTER_METHOD + i];
	for (unsigned i = 0; i < COUNTERS_STATUSES; i++) {
		v[FIGURE_RESPONSES] += v[COUNTER_STATUS + i];
		v[FIGURE_CLASS + i / 100] += v[COUNTER_STATUS + i];
	}
	for (size_t i = 0; i < COUNTERS_OPEN; i++)
		v[counters_open[i].figure] =
		        counters_less(v[counters_open[i].begun], v[counters_open[i].ended]);
	v[FIGURE_WAITING] = counters_less(v[FIGURE_ACTIVE], v[FIGURE_READING] + v[FIGURE_WRITING]);
}

static void counters_add_slot(struct figures *sum, const struct counters *slot)
{
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		sum->value[i] += counters_value(slot, i);
	sum->value[FIGURE_WORKERS] += atomic_load(&slot->role) == COUNTERS_WORKER;
}

void counters_sum(const struct counters_board *board, const struct counters *own,
                  struct figures *sum)
{
	uint32_t used = counters_used(board);

	*sum = (struct figures){ 0 };
	if (!board)
		counters_add_slot(sum, own);
	for (uint32_t i = 0; i < used; i++)
		counters_add_slot(sum, &board->slots[i].counters);
	counters_derive(sum);
}
