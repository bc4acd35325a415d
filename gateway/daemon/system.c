/*
 * gateway/daemon/system.c: clock and randomness (libsodium's).
 */
#include "gateway/daemon/system.h"

#include <sodium.h>
#include <time.h>

static int64_t clock_ms(clockid_t which)
{
	struct timespec now;

	if (clock_gettime(which, &now) != 0)
		return 0;
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t wall_ms(void *self)
{
	(void)self;
	return clock_ms(CLOCK_REALTIME);
}

static int64_t monotonic_ms(void *self)
{
	(void)self;
	return clock_ms(CLOCK_MONOTONIC);
}

struct clock system_clock(void)
{
	return (struct clock){.wall_ms = wall_ms, .monotonic_ms = monotonic_ms};
}

static void fill(void *self, void *out, size_t len)
{
	(void)self;
	randombytes_buf(out, len);
}

struct random system_random(void)
{
	return (struct random){.fill = fill};
}

void system_init(const struct clock *clock, int64_t within_ms, struct call *call)
{
	call_init(call, clock_monotonic_ms(clock) + within_ms);
}
