/*
 * tests/schemas/json_scan_test.c: where values end, and strings.
 */
#include "tests/test.h"

#include "schemas/json_scan.h"

#include <stdio.h>
#include <string.h>

/* Each item is found whatever is wrong inside of it. */
static void raw_finds_ends(void **state)
{
	static const char *const items[] = {"{\"a\":tru}", "{\"}]\\\"\":[1}]", "\"\\uD800\"", "-12",
	    "[[[{{{}}}]]]", "{\"a\" 1}", "nonsense"};
	struct json_scan scan;
	char text[256] = "[";
	bool first = true;
	size_t i = 0;

	(void)state;
	for (size_t k = 0; k < COUNT_OF(items); k++) {
		(void)strncat(text, k == 0 ? "" : " ,\n", 4);
		(void)strncat(text, items[k], 64);
	}
	(void)strncat(text, "\n]", 3);
	json_begin(&scan, view_text(text));
	json_enter(&scan, '[');
	while (json_more(&scan, ']', &first)) {
		assert_true(i < COUNT_OF(items));
		assert_true(view_equal(json_raw(&scan), view_text(items[i])));
		i++;
	}
	assert_int_equal(i, COUNT_OF(items));
	assert_true(json_at_end(&scan));
}

static void raw_breaks_where_no_end_is(void **state)
{
	static const char *const texts[] = {
	    "[", "[1", "[1,", "[1,]", "[,1]", "[{]", "[\"a]", "[\"a\\\"]", "[1 2]", "{}", ""};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct json_scan scan;
		bool first = true;
		unsigned guard = 0;

		json_begin(&scan, view_text(texts[i]));
		json_enter(&scan, '[');
		while (json_more(&scan, ']', &first) && guard++ < 10)
			(void)json_raw(&scan);
		if (!scan.broken)
			fail_msg("%s", texts[i]);
		assert_false(json_at_end(&scan));
	}
}

static void strings_are_decoded(void **state)
{
	static const struct {
		const char *source;
		const char *text;
	} rows[] = {
	    {"\"\"", ""},
	    {"\"plain\"", "plain"},
	    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
	    {"\"\\u0041\\u00E9\\u20ac\\uD83D\\uDE00\"", "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
	    {"\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
	    {"\"\\uDBFF\\uDFFF\"", "\xF4\x8F\xBF\xBF"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view source = view_text(rows[i].source);
		uint8_t out[64];
		size_t len;

		assert_int_equal(json_check(source), JSON_FINE);
		len = json_decode(source, out);
		assert_int_equal(len, strlen(rows[i].text));
		assert_memory_equal(out, rows[i].text, len);
		assert_true(json_is(source, "A") == (strcmp(rows[i].text, "A") == 0));
	}
	assert_true(json_is(view_text("\"\\u0069d\""), "id"));
	assert_false(json_is(view_text("\"id2\""), "id"));
	assert_false(json_is(view_text("\"i\""), "id"));
}

static void compact_keeps_the_source(void **state)
{
	static const char source[] =
	    "{ \"a b\" :\t[ 1e3 , 12345678901234567890,\r\n\"\\u00e9 \\\" ,\" ] }";
	static const char expected[] = "{\"a b\":[1e3,12345678901234567890,\"\\u00e9 \\\" ,\"]}";
	uint8_t out[sizeof(source)];
	size_t len;

	(void)state;
	assert_int_equal(json_check(view_text(source)), JSON_FINE);
	len = json_compact(view_text(source), out);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(out, expected, len);
}

/* As JSON.stringify() of Node prints these characters. */
static void strings_are_written_as_javascript_does(void **state)
{
	static const char text[] = "a\"\\/\b\f\n\r\t\x01\x1f\x7f\xE2\x80\xA8\xF0\x9F\x98\x80";
	static const char expected[] = "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xE2\x80\xA8"
				       "\xF0\x9F\x98\x80\"";
	struct buffer out;

	(void)state;
	buffer_init(&out, 256);
	json_put_string(&out, view_text(text));
	assert_int_equal(out.len, strlen(expected));
	assert_memory_equal(out.data, expected, out.len);
	buffer_clear(&out);
}

/* Whole, or cut where a character ends. */
static void copies(void **state)
{
	static const struct {
		const char *source, *copy;
		size_t room;
		bool whole;
	} rows[] = {
	    {"\"\"", "", 1, true},
	    {"\"a\"", "", 1, false},
	    {"\"a\"", "a", 2, true},
	    {"\"ab\"", "a", 2, false},
	    {"\"a\\u00e9\"", "a", 3, false},
	    {"\"a\\u00e9\"", "a\xc3\xa9", 4, true},
	    {"\"\\ud83d\\ude00x\"", "\xf0\x9f\x98\x80", 5, false},
	    {"\"\\ud83d\\ude00x\"", "\xf0\x9f\x98\x80x", 6, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char copy[16];

		memset(copy, '!', sizeof(copy));
		assert_int_equal(
		    json_decode_into(view_text(rows[i].source), copy, rows[i].room), rows[i].whole);
		assert_string_equal(copy, rows[i].copy);
		assert_int_equal(copy[rows[i].room], '!');
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(copies),
    cmocka_unit_test(raw_finds_ends),
    cmocka_unit_test(raw_breaks_where_no_end_is),
    cmocka_unit_test(strings_are_decoded),
    cmocka_unit_test(compact_keeps_the_source),
    cmocka_unit_test(strings_are_written_as_javascript_does),
};
TEST_MAIN(tests)
