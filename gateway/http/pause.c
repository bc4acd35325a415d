/*
 * gateway/http/pause.c: resting.
 */
#include "gateway/http/pause.h"

#include <time.h>

void http_pause(long ms)
{
	const struct timespec rest = {.tv_nsec = ms * 1000000L};

	(void)nanosleep(&rest, NULL);
}
