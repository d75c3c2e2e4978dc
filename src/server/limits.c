#include "server/limits.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

enum {
	RATE_SETS = 4096, /* 64k accounts */
	RATE_WAYS = 16,
	HOLD_SETS = 2048, /* 256k accounts of one seat each */
	HOLD_WAYS = 128,  /* one address may be under way in so many workers */
	SEATS = 65536
};

/* When the account would be as if nothing had ever been taken, in ns: GCRA's theoretical arrival time. */
struct rate_account {
	_Atomic uint64_t key; /* 0: free */
	_Atomic uint64_t due;
};

/*
 * One word, so that nothing is ever seen half done; 0: free.
 *
 *   63        36 35     20 19      0
 *   | tag      | seat     | count   |
 *
 * Only the seat's owner changes it, and the supervisor once the owner is gone.
 */
struct limits_hold {
	_Atomic uint64_t word;
};
enum { HOLD_COUNT_BITS = 20, HOLD_SEAT_BITS = 16 };
#define HOLD_COUNT_MASK (((uint64_t)1 << HOLD_COUNT_BITS) - 1)
#define HOLD_SEAT_MASK  ((((uint64_t)1 << HOLD_SEAT_BITS) - 1) << HOLD_COUNT_BITS)
#define HOLD_TAG_MASK   (~(HOLD_SEAT_MASK | HOLD_COUNT_MASK))

struct limits {
	uint64_t secret[2];
	_Atomic bool has_held; /* some request was counted: there is something to take back */
	unsigned last_seat;    /* the supervisor's alone, and the next one */
	bool seats[SEATS];     /* taken ones */
	struct rate_account rates[RATE_SETS][RATE_WAYS];
	struct limits_hold holds[HOLD_SETS][HOLD_WAYS];
};

struct limits *limits_open(void)
{
	struct limits *l = mmap(NULL, sizeof *l, PROT_READ | PROT_WRITE,
	                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (l == MAP_FAILED)
		return NULL;
	if (getrandom(l->secret, sizeof l->secret, GRND_NONBLOCK) != (ssize_t)sizeof l->secret)
		l->secret[0] = clock_precise_us() ^ (uint64_t)getpid() << 32;
	return l;
}

void limits_close(struct limits *limits)
{
	munmap(limits, sizeof *limits);
}

uint64_t limits_key(const struct limits *limits, uint64_t id, unsigned family, struct str address)
{
	char text[32];

	ASSERT(address.len <= sizeof text - sizeof id - 1);
	memcpy(text, &id, sizeof id);
	text[sizeof id] = (char)family;
	memcpy(text + sizeof id + 1, address.ptr, address.len);
	return map_siphash(limits->secret, str_make(text, sizeof id + 1 + address.len));
}

/* ---- requests in a time ---------------------------------------------------------------------------------- */

/*
 * The account, which takes the place of another one where there is none yet. It goes on with that one's
 * `due`: free places and accounts at rest have one that is past, and among the others the least counts. So
 * taking a place over is one exchange, and a process that dies right after it leaves a whole account.
 */
static struct rate_account *rate_find(struct limits *limits, uint64_t key)
{
	struct rate_account *set = limits->rates[key % RATE_SETS];

	for (;;) {
		struct rate_account *least = &set[0];
		uint64_t least_due = UINT64_MAX, old = 0;

		for (unsigned i = 0; i < RATE_WAYS; i++) {
			uint64_t found = atomic_load(&set[i].key);
			uint64_t due = atomic_load(&set[i].due);

			if (found == key)
				return &set[i];
			if (due < least_due) {
				least = &set[i];
				least_due = due;
				old = found;
			}
		}
		if (atomic_compare_exchange_strong(&least->key, &old, key))
			return least;
	}
}

uint64_t limits_take(struct limits *limits, uint64_t key, const struct limits_rate *rate,
                     uint64_t now)
{
	uint64_t start = now * 1000000, most = start + rate->burst * rate->interval;
	struct rate_account *account = rate_find(limits, key != 0 ? key : 1);
	uint64_t due = atomic_load(&account->due), next;

	for (;;) {
		next = (due > start ? due : start) + rate->interval;
		if (due > most) {
			/* More than a whole burst was taken under another limit: this one forgives it. */
			if (atomic_compare_exchange_weak(&account->due, &due, most))
				due = most;
		} else if (next > most) {
			return next - most;
		} else if (atomic_compare_exchange_weak(&account->due, &due, next)) {
			return 0;
		}
	}
}

/* ---- requests at once ------------------------------------------------------------------------------------ */

unsigned limits_seat_take(struct limits *limits)
{
	for (unsigned i = 0; i < SEATS; i++) {
		limits->last_seat = (limits->last_seat + 1) % SEATS;
		if (limits->last_seat != LIMITS_NO_SEAT && !limits->seats[limits->last_seat]) {
			limits->seats[limits->last_seat] = true;
			return limits->last_seat;
		}
	}
	return LIMITS_NO_SEAT;
}

static void hold_give_back(struct limits *limits, uint64_t seat)
{
	for (unsigned s = 0; s < HOLD_SETS; s++)
		for (unsigned i = 0; i < HOLD_WAYS; i++)
			if ((atomic_load(&limits->holds[s][i].word) & HOLD_SEAT_MASK) == seat)
				atomic_store(&limits->holds[s][i].word, 0);
}

void limits_seat_leave(struct limits *limits, unsigned seat)
{
	if (seat == LIMITS_NO_SEAT)
		return;
	/* Where nothing was ever counted, looking at all of it would only make the memory real. */
	if (atomic_load(&limits->has_held))
		hold_give_back(limits, (uint64_t)seat << HOLD_COUNT_BITS);
	limits->seats[seat] = false;
}

/* The seat's own count, one higher. NULL: there is no room. */
static struct limits_hold *hold_add(struct limits_hold *set, uint64_t mine)
{
	for (unsigned i = 0; i < HOLD_WAYS; i++) {
		uint64_t word = atomic_load(&set[i].word);

		if ((word & ~HOLD_COUNT_MASK) != mine)
			continue;
		if ((word & HOLD_COUNT_MASK) == HOLD_COUNT_MASK)
			return NULL;
		atomic_store(&set[i].word, word + 1);
		return &set[i];
	}
	for (unsigned i = 0; i < HOLD_WAYS; i++) {
		uint64_t free = 0;

		if (atomic_compare_exchange_strong(&set[i].word, &free, mine + 1))
			return &set[i];
	}
	return NULL;
}

static uint64_t hold_sum(struct limits_hold *set, uint64_t tag)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < HOLD_WAYS; i++) {
		uint64_t word = atomic_load(&set[i].word);

		if ((word & HOLD_TAG_MASK) == tag && word != 0)
			sum += word & HOLD_COUNT_MASK;
	}
	return sum;
}

enum limits_entry limits_enter(struct limits *limits, unsigned seat, uint64_t key, uint32_t most,
                               struct limits_hold **hold)
{
	struct limits_hold *set = limits->holds[key % HOLD_SETS];
	uint64_t tag = key & HOLD_TAG_MASK;

	atomic_store(&limits->has_held, true);
	*hold = hold_add(set, tag | (uint64_t)seat << HOLD_COUNT_BITS);
	if (!*hold)
		return LIMITS_FULL;
	/* First counted, then summed up: of two who come at once at least one sees the other. */
	if (hold_sum(set, tag) <= most)
		return LIMITS_ENTERED;
	limits_leave(*hold);
	return LIMITS_OVER;
}

void limits_leave(struct limits_hold *hold)
{
	uint64_t word = atomic_load(&hold->word);

	ASSERT((word & HOLD_COUNT_MASK) > 0);
	atomic_store(&hold->word, (word & HOLD_COUNT_MASK) == 1 ? 0 : word - 1);
}
