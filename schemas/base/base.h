/*
 * schemas/base/base.h: the few words every module speaks.
 * Views and byte strings, a growing buffer with a maximum, the call (deadline and message), the
 * clock and the randomness that callers hand down. No I/O, no global state. Sizes are bytes.
 */
#ifndef INKSEAL_BASE_H
#define INKSEAL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_index) \
	__attribute__((format(printf, format_index, first_index)))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Bytes that somebody else owns. data may be NULL only if len is 0. */
struct view {
	const uint8_t *data;
	size_t len;
};

/* Bytes that the holder owns; {0} is empty. bytes_clear wipes and frees, and accepts {0}. */
struct bytes {
	uint8_t *data;
	size_t len;
};

struct view view_of(const void *data, size_t len);
struct view view_text(const char *text); /* without the NUL */
struct view view_bytes(const struct bytes *bytes);
bool view_equal(struct view a, struct view b); /* not for secrets: it is not constant-time */
/* Order of the bytes, a prefix before what it begins: <0, 0, >0. */
int view_compare(struct view a, struct view b);

void bytes_clear(struct bytes *bytes);
/* A copy of view, with a NUL after it that len does not count. False: no memory, *out untouched. */
MUST_USE bool bytes_copy(struct view view, struct bytes *out);
/* len zero bytes (and a NUL after them). False: no memory, *out untouched. */
MUST_USE bool bytes_new(size_t len, struct bytes *out);

/*
 * A growing buffer that never passes max. The first failure (no memory, or over max) sticks: later
 * writes do nothing, and buffer_take says so. Its memory is wiped when it moves and when cleared.
 */
struct buffer {
	uint8_t *data;
	size_t len;
	size_t capacity;
	size_t max;
	bool failed;
	bool over; /* it failed for it would have passed max; else there was no memory */
};

void buffer_init(struct buffer *buffer, size_t max);
void buffer_clear(struct buffer *buffer);
void buffer_add(struct buffer *buffer, const void *data, size_t len);
void buffer_add_view(struct buffer *buffer, struct view view);
void buffer_add_text(struct buffer *buffer, const char *text);
void buffer_add_byte(struct buffer *buffer, uint8_t byte);
void buffer_addf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
/* Room for len more bytes at the end, already counted in len; NULL once failed. */
uint8_t *buffer_extend(struct buffer *buffer, size_t len);
struct view buffer_view(const struct buffer *buffer);
/* Hands the contents over and leaves the buffer empty. False if it failed: *out untouched. */
MUST_USE bool buffer_take(struct buffer *buffer, struct bytes *out);

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

/* Lower-case hexadecimal; out holds 2 * data.len + 1. hex_decode wants exactly 2 * out_len digits.
 */
void hex_encode(struct view data, char *out);
MUST_USE bool hex_decode(const char *text, size_t text_len, uint8_t *out, size_t out_len);

#endif
