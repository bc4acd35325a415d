/*
 * tests/schemas/base_test.c: views, byte strings, buffers to their last byte, calls, clocks,
 * hexadecimal; and that what is given back to the allocator holds nothing any more.
 */
#include "schemas/base/base.h"
#include "tests/schemas/edge.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define TEXT(literal) view_of(literal, sizeof(literal) - 1)

/* What is freed while a word is watched for may not hold it (the linker puts these in between). */
static struct {
	struct view word;
	size_t len; /* of the blocks that are looked at: at least so much is known of them */
	unsigned freed, leaked;
} watch;

void __real_free(void *block); /* NOLINT(bugprone-reserved-identifier) */
void __wrap_free(void *block); /* NOLINT(bugprone-reserved-identifier) */
void __wrap_free(void *block)  /* NOLINT(bugprone-reserved-identifier) */
{
	if (block != NULL && watch.word.len > 0) {
		watch.freed++;
		for (size_t at = 0; at + watch.word.len <= watch.len; at++)
			if (memcmp((uint8_t *)block + at, watch.word.data, watch.word.len) == 0)
				watch.leaked++;
	}
	__real_free(block);
}

static void watch_begin(struct view word, size_t len)
{
	watch.word = word;
	watch.len = len;
	watch.freed = watch.leaked = 0;
}

/* How many blocks were freed meanwhile, none of which held the word. */
static unsigned watch_end(void)
{
	watch.word.len = 0;
	assert_int_equal(watch.leaked, 0);
	return watch.freed;
}

static void views_are_compared(void **state)
{
	static const struct {
		const char *name;
		struct view a, b;
		int order;
	} rows[] = {
	    {"nothing and nothing", {NULL, 0}, {(const uint8_t *)"x", 0}, 0},
	    {"nothing and something", {NULL, 0}, {(const uint8_t *)"\0", 1}, -1},
	    {"the same", {(const uint8_t *)"ab", 2}, {(const uint8_t *)"ab", 2}, 0},
	    {"a prefix", {(const uint8_t *)"ab", 2}, {(const uint8_t *)"abc", 3}, -1},
	    {"the first byte", {(const uint8_t *)"a", 1}, {(const uint8_t *)"b", 1}, -1},
	    {"the last byte", {(const uint8_t *)"abc", 3}, {(const uint8_t *)"abd", 3}, -1},
	    {"shorter but greater", {(const uint8_t *)"ac", 2}, {(const uint8_t *)"b", 1}, -1},
	    {"without sign", {(const uint8_t *)"\x7f", 1}, {(const uint8_t *)"\x80", 1}, -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int there = view_compare(rows[i].a, rows[i].b);
		int back = view_compare(rows[i].b, rows[i].a);

		if ((there > 0) - (there < 0) != rows[i].order ||
		    (back > 0) - (back < 0) != -rows[i].order)
			fail_msg("%s: %d, %d", rows[i].name, there, back);
		if (view_equal(rows[i].a, rows[i].b) != (rows[i].order == 0) ||
		    view_equal(rows[i].b, rows[i].a) != (rows[i].order == 0))
			fail_msg("%s: equal or not", rows[i].name);
	}
}

static void bytes_are_copied_and_wiped(void **state)
{
	struct bytes bytes = {0};

	(void)state;
	bytes_clear(&bytes); /* of nothing: nothing */
	assert_true(bytes_new(5, &bytes));
	assert_int_equal(bytes.len, 5);
	assert_memory_equal(bytes.data, "\0\0\0\0\0", 6);
	bytes_clear(&bytes);
	assert_null(bytes.data);
	assert_int_equal(bytes.len, 0);
	assert_true(bytes_copy((struct view){0}, &bytes));
	assert_int_equal(bytes.len, 0);
	assert_non_null(bytes.data);
	assert_int_equal(bytes.data[0], 0);
	bytes_clear(&bytes);
	assert_true(bytes_copy(TEXT("a secret"), &bytes));
	assert_int_equal(bytes.len, 8);
	assert_memory_equal(bytes.data, "a secret", 9);
	watch_begin(TEXT("cret"), 8);
	bytes_clear(&bytes);
	assert_int_equal(watch_end(), 1);
}

/* To its last byte, in steps of any size; then it takes nothing more, and says why. */
static void a_buffer_ends_at_its_maximum(void **state)
{
	static const size_t maxima[] = {0, 1, 254, 255, 256, 257, 511, 512, 1000, 5000};
	static const size_t steps[] = {1, 7, 255, 256, 257, 5000};
	static const uint8_t zeros[5000];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(maxima) * COUNT_OF(steps); i++) {
		size_t max = maxima[i / COUNT_OF(steps)], step = steps[i % COUNT_OF(steps)];
		struct buffer buffer;
		struct bytes out = {0};

		buffer_init(&buffer, max);
		for (size_t left = max; left > 0; left -= step < left ? step : left)
			buffer_add(&buffer, zeros, step < left ? step : left);
		if (buffer.failed || buffer.len != max)
			fail_msg("%zu by %zu: %zu", max, step, buffer.len);
		assert_true(buffer_take(&buffer, &out));
		assert_int_equal(out.len, max);
		assert_int_equal(out.data[max], 0);
		bytes_clear(&out);
		/* It was left empty, and is as good as new. */
		assert_null(buffer.data);
		assert_int_equal(buffer.len, 0);
		buffer_add(&buffer, zeros, max);
		assert_false(buffer.failed);
		buffer_add(&buffer, NULL, 0);
		assert_false(buffer.failed);
		buffer_add(&buffer, zeros, 1);
		assert_true(buffer.failed && buffer.over);
		assert_int_equal(buffer.len, max);
		assert_null(buffer_extend(&buffer, 0)); /* the failure stays */
		assert_false(buffer_take(&buffer, &out));
		assert_null(out.data);
		buffer_clear(&buffer);
		assert_false(buffer.failed || buffer.over);
		assert_int_equal(buffer.max, max);
	}
}

static void a_buffer_keeps_what_it_has(void **state)
{
	struct buffer buffer;
	struct bytes out = {0};
	uint8_t *room;

	(void)state;
	buffer_init(&buffer, 10000);
	buffer_clear(&buffer); /* of nothing: nothing */
	assert_int_equal(buffer_view(&buffer).len, 0);
	for (unsigned i = 0; i < 2000; i++) {
		buffer_add_byte(&buffer, (uint8_t)(i % 251));
		buffer_add_view(&buffer, TEXT("ab"));
		buffer_add_text(&buffer, "c");
	}
	room = buffer_extend(&buffer, 1);
	assert_non_null(room);
	*room = 'z';
	assert_int_equal(buffer_view(&buffer).len, 8001);
	assert_ptr_equal(buffer_view(&buffer).data, buffer.data);
	assert_true(buffer_take(&buffer, &out));
	for (unsigned i = 0; i < 2000; i++) {
		assert_int_equal(out.data[(size_t)4 * i], i % 251);
		assert_memory_equal(out.data + (size_t)4 * i + 1, "abc", 3);
	}
	assert_memory_equal(out.data + 8000, "z", 2);
	bytes_clear(&out);
}

/* Growing moves it: neither there nor at the end anything is left behind. */
static void a_buffer_leaves_nothing_behind(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 10000);
	buffer_add_text(&buffer, "a secret");
	watch_begin(TEXT("cret"), 256);
	while (buffer.len < 255)
		buffer_add_byte(&buffer, 0);
	assert_int_equal(watch.freed, 0);
	buffer_add_byte(&buffer, 0); /* and no room for a NUL behind it */
	assert_int_equal(watch.freed, 1);
	buffer_clear(&buffer);
	assert_int_equal(watch_end(), 2);
	/* Also what was taken back: it stands behind the end. */
	buffer_add_text(&buffer, "a secret");
	buffer.len = 0;
	watch_begin(TEXT("cret"), 256);
	buffer_clear(&buffer);
	assert_int_equal(watch_end(), 1);
}

static void printing_ends_at_the_maximum_too(void **state)
{
	struct buffer buffer;
	struct bytes out = {0};

	(void)state;
	buffer_init(&buffer, 8);
	buffer_addf(&buffer, "%s-%u", "ab", 12u);
	assert_false(buffer.failed);
	buffer_addf(&buffer, "%s", "");
	buffer_addf(&buffer, "%d", -12);
	assert_false(buffer.failed);
	assert_true(view_equal(buffer_view(&buffer), TEXT("ab-12-12")));
	buffer_addf(&buffer, "%c", 'x');
	assert_true(buffer.failed && buffer.over);
	assert_int_equal(buffer.len, 8);
	assert_false(buffer_take(&buffer, &out));
	buffer_clear(&buffer);
	buffer_addf(&buffer, "123456789");
	assert_true(buffer.failed);
	assert_int_equal(buffer.len, 0);
	buffer_clear(&buffer);
}

static int64_t told(void *self)
{
	return *(int64_t *)self;
}

static void a_clock_is_held_to_what_a_date_is(void **state)
{
	static const struct {
		int64_t told, wall;
	} rows[] = {
	    {0, 0},
	    {-5, -5},
	    {TIME_MS_MAX - 1, TIME_MS_MAX - 1},
	    {TIME_MS_MAX, TIME_MS_MAX},
	    {TIME_MS_MAX + 1, TIME_MS_MAX},
	    {INT64_MAX, TIME_MS_MAX},
	    {1 - TIME_MS_MAX, 1 - TIME_MS_MAX},
	    {-TIME_MS_MAX, -TIME_MS_MAX},
	    {-TIME_MS_MAX - 1, -TIME_MS_MAX},
	    {INT64_MIN, -TIME_MS_MAX},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t ms = rows[i].told;
		const struct clock clock = {&ms, told, told};

		assert_true(clock_wall_ms(&clock) == rows[i].wall);
		assert_true(clock_monotonic_ms(&clock) == rows[i].told);
	}
}

static void a_call_says_one_line(void **state)
{
	struct call call;
	char longest[CALL_MESSAGE_MAX + 10];

	(void)state;
	memset(&call, 7, sizeof(call));
	call_init(&call, 99);
	assert_int_equal(call.deadline_ms, 99);
	assert_int_equal(call.retry_after_ms, 0);
	assert_string_equal(call.message, "");
	call_sayf(&call, "a %s\nof\tit %u", "word", 3u);
	assert_string_equal(call.message, "a word of it 3");
	call_prefix(&call, "here");
	assert_string_equal(call.message, "here: a word of it 3");
	/* As much of it as fits, whole characters, and nothing of what was said before. */
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	call_sayf(&call, "%s", longest);
	assert_int_equal(strlen(call.message), CALL_MESSAGE_MAX - 1);
	call_prefix(&call, "there");
	assert_int_equal(strlen(call.message), CALL_MESSAGE_MAX - 1);
	assert_memory_equal(call.message, "there: xxx", 10);
	memcpy(longest + CALL_MESSAGE_MAX - 2, "\xC3\xA4", 2); /* an umlaut on the edge */
	call_sayf(&call, "%s", longest);
	assert_int_equal(strlen(call.message), CALL_MESSAGE_MAX - 2);
	call_sayf(&call, "short");
	assert_string_equal(call.message, "short");
}

static void hexadecimal_both_ways(void **state)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[256], back[256];
	char text[2 * 256 + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	hex_encode(at_the_edge(view_of(bytes, sizeof(bytes))), text);
	assert_int_equal(strlen(text), 512);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		assert_int_equal(text[2 * i], digits[i / 16]);
		assert_int_equal(text[2 * i + 1], digits[i % 16]);
	}
	assert_true(hex_decode(text, 512, back, 256));
	assert_memory_equal(back, bytes, 256);
	hex_encode((struct view){0}, text);
	assert_string_equal(text, "");
	assert_true(hex_decode(text, 0, back, 0));
}

/* Small letters alone, as many as asked for; nothing is written unless all of it holds. */
static void only_its_own_hexadecimal_is_read(void **state)
{
	uint8_t out[2] = {77, 77};

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

		for (size_t at = 0; at < 4; at++) {
			char text[] = "1234";

			text[at] = (char)c;
			if (hex_decode(text, 4, out, 2) != good)
				fail_msg("0x%02x at %zu", c, at);
			if (!good)
				assert_true(out[0] == 77 && out[1] == 77);
			out[0] = out[1] = 77;
		}
	}
	assert_false(hex_decode("123", 3, out, 2));
	assert_false(hex_decode("12345", 5, out, 2));
	assert_false(hex_decode("", 0, out, 2));
	assert_true(out[0] == 77 && out[1] == 77);
	assert_true(
	    hex_decode(&"zzc0ffzz"[2], 4, out, 2)); /* what stands around it is not its own */
	assert_true(out[0] == 0xC0 && out[1] == 0xFF);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(views_are_compared),
    cmocka_unit_test(bytes_are_copied_and_wiped),
    cmocka_unit_test(a_buffer_ends_at_its_maximum),
    cmocka_unit_test(a_buffer_keeps_what_it_has),
    cmocka_unit_test(a_buffer_leaves_nothing_behind),
    cmocka_unit_test(printing_ends_at_the_maximum_too),
    cmocka_unit_test(a_clock_is_held_to_what_a_date_is),
    cmocka_unit_test(a_call_says_one_line),
    cmocka_unit_test(hexadecimal_both_ways),
    cmocka_unit_test(only_its_own_hexadecimal_is_read),
};

TEST_MAIN(tests)
