/*
 * schemas/base/base.c: clocks, randomness, and what a call says.
 */
#include "schemas/base/base.h"
#include "schemas/base/shown.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int64_t clock_wall_ms(const struct clock *clock)
{
	int64_t ms = clock->wall_ms(clock->self);

	if (ms > TIME_MS_MAX)
		return TIME_MS_MAX;
	return ms < -TIME_MS_MAX ? -TIME_MS_MAX : ms;
}

int64_t clock_monotonic_ms(const struct clock *clock)
{
	return clock->monotonic_ms(clock->self);
}

void random_fill(const struct random *random, void *out, size_t len)
{
	random->fill(random->self, out, len);
}

void call_init(struct call *call, int64_t deadline_ms)
{
	call->deadline_ms = deadline_ms;
	call->retry_after_ms = 0;
	call->message[0] = '\0';
}

void call_sayf(struct call *call, const char *format, ...)
{
	char said[2 * CALL_MESSAGE_MAX] = ""; /* longer: it is cut between characters, below */
	va_list args;

	va_start(args, format);
	if (vsnprintf(said, sizeof(said), format, args) < 0)
		said[0] = '\0';
	va_end(args);
	shown_copy(call->message, sizeof(call->message), view_text(said), SHOWN_LINE);
}

void call_prefix(struct call *call, const char *prefix)
{
	char message[CALL_MESSAGE_MAX];

	memcpy(message, call->message, sizeof(message));
	call_sayf(call, "%s: %s", prefix, message);
}
