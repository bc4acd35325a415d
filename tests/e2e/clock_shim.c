/*
 * tests/e2e/clock_shim.c: a clock that is wrong. Preloaded, it adds INKSEAL_CLOCK_OFFSET seconds to
 * the wall clock that the program and its libraries see, and lets the monotonic clock run
 * INKSEAL_CLOCK_SPEED times as fast, so that a long wait is soon over. Tests alone ask for it; it
 * is no part of the product.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef int clock_function(clockid_t which, struct timespec *out);

/* The C library's own, found by its file: the plain name would find this one. */
static clock_function *real_clock(void)
{
	void *library = dlopen("libc.so.6", RTLD_LAZY);
	void *symbol = library == NULL ? NULL : dlsym(library, "clock_gettime");
	clock_function *function = NULL;

	memcpy(&function, &symbol, sizeof(function)); /* POSIX's way from one to the other */
	return function;
}

/* The time since the first reading, so many times. */
static void speed_up(struct timespec *out, long speed)
{
	static struct timespec first;
	long long ns;

	if (first.tv_sec == 0 && first.tv_nsec == 0)
		first = *out;
	ns = (long long)(out->tv_sec - first.tv_sec) * 1000000000 + (out->tv_nsec - first.tv_nsec);
	ns = ns * speed + first.tv_nsec;
	out->tv_sec = first.tv_sec + (time_t)(ns / 1000000000);
	out->tv_nsec = (long)(ns % 1000000000);
}

/* The system's header names the parameters in its own way. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int clock_gettime(clockid_t which, struct timespec *out)
{
	static clock_function *real;
	const char *offset = getenv("INKSEAL_CLOCK_OFFSET");
	const char *speed = getenv("INKSEAL_CLOCK_SPEED");

	if (real == NULL)
		real = real_clock();
	if (real == NULL || real(which, out) != 0)
		return -1;
	if (which == CLOCK_REALTIME && offset != NULL)
		out->tv_sec += strtol(offset, NULL, 10);
	if (which == CLOCK_MONOTONIC && speed != NULL)
		speed_up(out, strtol(speed, NULL, 10));
	return 0;
}

/* The Date of an answer is made with this. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
time_t time(time_t *out)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return (time_t)-1;
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}
