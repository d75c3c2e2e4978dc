#include "base/clock.h"

#include <stdio.h>

struct clock clock_cached;

static const char *const month_names[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char *const day_names[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

static void clock_format(time_t now)
{
	struct tm utc, local;
	long offset;
	char sign;

	gmtime_r(&now, &utc);
	localtime_r(&now, &local);
	snprintf(clock_cached.http_date, sizeof clock_cached.http_date,
	         "%s, %02u %s %04u %02u:%02u:%02u GMT", day_names[utc.tm_wday],
	         (unsigned)utc.tm_mday % 100, month_names[utc.tm_mon],
	         (unsigned)(utc.tm_year + 1900) % 10000, (unsigned)utc.tm_hour % 100,
	         (unsigned)utc.tm_min % 100, (unsigned)utc.tm_sec % 100);
	offset = local.tm_gmtoff / 60;
	sign = offset < 0 ? '-' : '+';
	offset = offset < 0 ? -offset : offset;
	snprintf(clock_cached.log_time, sizeof clock_cached.log_time,
	         "%02u/%s/%04u:%02u:%02u:%02u %c%02u%02u", (unsigned)local.tm_mday % 100,
	         month_names[local.tm_mon], (unsigned)(local.tm_year + 1900) % 10000,
	         (unsigned)local.tm_hour % 100, (unsigned)local.tm_min % 100,
	         (unsigned)local.tm_sec % 100, sign, (unsigned)(offset / 60) % 100,
	         (unsigned)(offset % 60));
	snprintf(clock_cached.iso_time, sizeof clock_cached.iso_time,
	         "%04u-%02u-%02uT%02u:%02u:%02u%c%02u:%02u",
	         (unsigned)(local.tm_year + 1900) % 10000, (unsigned)(local.tm_mon + 1) % 100,
	         (unsigned)local.tm_mday % 100, (unsigned)local.tm_hour % 100,
	         (unsigned)local.tm_min % 100, (unsigned)local.tm_sec % 100, sign,
	         (unsigned)(offset / 60) % 100, (unsigned)(offset % 60));
}

static uint64_t clock_ms(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000 + (uint64_t)t->tv_nsec / 1000000;
}

void clock_update(void)
{
	struct timespec mono;
	time_t before = clock_cached.wall.tv_sec;

	if (clock_cached.is_set)
		return;
	/* The coarse clocks cost a quarter of the exact ones; they lag by 4 ms at most. */
	clock_gettime(CLOCK_MONOTONIC_COARSE, &mono);
	clock_gettime(CLOCK_REALTIME_COARSE, &clock_cached.wall);
	clock_cached.now = clock_ms(&mono);
	if (clock_cached.wall.tv_sec != before || !clock_cached.http_date[0])
		clock_format(clock_cached.wall.tv_sec);
}

void clock_set(uint64_t now_ms, time_t wall)
{
	clock_cached.is_set = true;
	clock_cached.now = now_ms;
	clock_cached.wall = (struct timespec){ .tv_sec = wall };
	clock_format(wall);
}

void clock_release(void)
{
	clock_cached.is_set = false;
	clock_cached.http_date[0] = '\0';
	clock_update();
}

uint64_t clock_precise_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}
