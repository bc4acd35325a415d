/*
 * schemas/base/bytes.h: views, byte strings, a growing buffer with a maximum, hexadecimal.
 * Sizes are bytes.
 */
#ifndef INKSEAL_BYTES_H
#define INKSEAL_BYTES_H

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

/* Lower-case hexadecimal; out holds 2 * data.len + 1. hex_decode wants exactly 2 * out_len digits.
 */
void hex_encode(struct view data, char *out);
MUST_USE bool hex_decode(const char *text, size_t text_len, uint8_t *out, size_t out_len);

#endif
