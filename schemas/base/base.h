/*
 * schemas/base/base.h: the few words every module speaks.
 * Views, byte strings and buffers (bytes.h), the call (deadline and message), the clock and the
 * randomness that callers hand down. No I/O, no global state.
 */
#ifndef INKSEAL_BASE_H
#define INKSEAL_BASE_H

#include "schemas/base/bytes.h"

/*
 * Times are milliseconds since 1970, UTC, within what JavaScript's Date reads and prints: a clock
 * is held to it here, a time from outside where it is decoded (cbor_time, time_parse_ms). So a sum
 * or a difference of two, and days beside it, are far from overflowing.
 */
#define TIME_MS_MAX INT64_C(8640000000000000)

/* Clocks are handed down, so that a simulator can own time. */
struct clock {
	void *self;
	int64_t (*wall_ms)(void *self);      /* milliseconds since 1970, UTC; may jump */
	int64_t (*monotonic_ms)(void *self); /* milliseconds from any start; never goes back */
};
int64_t clock_wall_ms(const struct clock *clock); /* within TIME_MS_MAX, whatever it says */
int64_t clock_monotonic_ms(const struct clock *clock);

/* Cryptographic randomness, handed down likewise. It cannot fail; it may abort the process. */
struct random {
	void *self;
	void (*fill)(void *self, void *out, size_t len);
};
void random_fill(const struct random *random, void *out, size_t len);

/*
 * One call from the outside: when it must be over, and in one line why it failed. message never
 * allocates and truncates at its end; it holds no plaintext, key, token, title or object key. What
 * the outside said may stand in it: it is one line of UTF-8, as shown.h lets a person see it.
 */
#define CALL_MESSAGE_MAX 512u
struct call {
	int64_t deadline_ms;    /* by the monotonic clock */
	int64_t retry_after_ms; /* 0, or how long the other side asked to be left alone */
	char message[CALL_MESSAGE_MAX];
};
void call_init(struct call *call, int64_t deadline_ms);
void call_sayf(struct call *call, const char *format, ...) PRINTF_LIKE(2, 3);
/* Puts "prefix: " before the message that is there. */
void call_prefix(struct call *call, const char *prefix);

#endif
