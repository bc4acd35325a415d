/*
 * tests/cli/port/json_scan_test.c: what is JSON and what is not, where values end, and strings.
 */
#include "tests/test.h"

#include "cli/port/json_scan.h"

#include <stdio.h>
#include <string.h>

struct check_row {
	const char *name;
	const char *text;
	enum json_fault fault;
};

static const struct check_row check_rows[] = {
    {"empty object", "{}", JSON_FINE},
    {"white space", " \t\r\n[ ] \n", JSON_FINE},
    {"everything", "{\"a\":[1,-0,1.5e-3,true,false,null,\"x\"],\"b\":{\"a\":0}}", JSON_FINE},
    {"huge number", "123456789012345678901234567890e999999", JSON_FINE},
    {"escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"", JSON_FINE},
    {"nothing", "", JSON_SYNTAX},
    {"only space", "  ", JSON_SYNTAX},
    {"two values", "1 2", JSON_SYNTAX},
    {"trailing comma", "[1,]", JSON_SYNTAX},
    {"trailing comma in object", "{\"a\":1,}", JSON_SYNTAX},
    {"leading zero", "01", JSON_SYNTAX},
    {"bare minus", "-", JSON_SYNTAX},
    {"plus", "+1", JSON_SYNTAX},
    {"no fraction", "1.", JSON_SYNTAX},
    {"no exponent", "1e", JSON_SYNTAX},
    {"hexadecimal", "0x10", JSON_SYNTAX},
    {"cut off word", "tru", JSON_SYNTAX},
    {"longer word", "nullx", JSON_SYNTAX},
    {"NaN", "NaN", JSON_SYNTAX},
    {"single quotes", "'a'", JSON_SYNTAX},
    {"bare name", "{a:1}", JSON_SYNTAX},
    {"no colon", "{\"a\" 1}", JSON_SYNTAX},
    {"no value", "{\"a\":}", JSON_SYNTAX},
    {"open string", "\"abc", JSON_SYNTAX},
    {"open array", "[1", JSON_SYNTAX},
    {"wrong bracket", "[1}", JSON_SYNTAX},
    {"raw newline in string", "\"a\nb\"", JSON_SYNTAX},
    {"unknown escape", "\"\\x41\"", JSON_SYNTAX},
    {"short escape", "\"\\u12\"", JSON_SYNTAX},
    {"escape at the end", "\"\\", JSON_SYNTAX},
    {"comment", "/* x */ 1", JSON_SYNTAX},
    {"zero", "\"a\\u0000b\"", JSON_ZERO},
    {"zero in a name", "{\"\\u0000\":1}", JSON_ZERO},
    {"lone high", "\"\\uD800\"", JSON_SURROGATE},
    {"lone low", "\"\\uDC00\"", JSON_SURROGATE},
    {"high and text", "\"\\uD800abcdef\"", JSON_SURROGATE},
    {"high and high", "\"\\uD800\\uD800\"", JSON_SURROGATE},
    {"raw surrogate", "\"\xED\xA0\x80\"", JSON_NOT_UTF8},
    {"overlong", "\"\xC0\xAF\"", JSON_NOT_UTF8},
    {"overlong of 3", "\"\xE0\x80\xAF\"", JSON_NOT_UTF8},
    {"beyond Unicode", "\"\xF4\x90\x80\x80\"", JSON_NOT_UTF8},
    {"cut off UTF-8", "\"\xC3\"", JSON_NOT_UTF8},
    {"lone continuation", "\"\x80\"", JSON_NOT_UTF8},
    {"same name", "{\"a\":1,\"b\":2,\"a\":3}", JSON_DUPLICATE},
    {"same name, escaped", "{\"a\":1,\"\\u0061\":2}", JSON_DUPLICATE},
    {"same name, a pair", "{\"\\uD83D\\uDE00\":1,\"\xF0\x9F\x98\x80\":2}", JSON_DUPLICATE},
    {"same name, deep", "{\"x\":[{\"a\":1,\"a\":1}]}", JSON_DUPLICATE},
    {"same empty name", "{\"\":1,\"\":2}", JSON_DUPLICATE},
    {"name in two objects", "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", JSON_FINE},
    {"prefix of a name", "{\"a\":1,\"ab\":2,\"\":3}", JSON_FINE},
};

static void check_judges_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(check_rows); i++) {
		enum json_fault fault = json_check(view_text(check_rows[i].text));

		if (fault != check_rows[i].fault)
			fail_msg("%s: %s", check_rows[i].name, json_fault_text(fault));
	}
}

static void check_bounds_depth(void **state)
{
	char text[2 * (JSON_DEPTH_MAX + 1)];

	(void)state;
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	assert_int_equal(json_check(view_of(text, (size_t)2 * JSON_DEPTH_MAX)), JSON_FINE);
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_int_equal(json_check(view_of(text, sizeof(text))), JSON_TOO_DEEP);
	memset(text, '[', sizeof(text));
	assert_int_equal(json_check(view_of(text, sizeof(text))), JSON_TOO_DEEP);
}

static void check_bounds_members(void **state)
{
	struct buffer text;

	(void)state;
	buffer_init(&text, 64u << 20);
	buffer_add_byte(&text, '{');
	for (unsigned i = 0; i <= JSON_MEMBERS_MAX; i++)
		buffer_addf(&text, "%s\"%x\":0", i == 0 ? "" : ",", i);
	buffer_add_byte(&text, '}');
	assert_false(text.failed);
	assert_int_equal(json_check(buffer_view(&text)), JSON_TOO_MANY);
	buffer_clear(&text);
}

static void literals_are_told_apart(void **state)
{
	static const char *const good[] = {"0", "-1.5E+3", "1e3", "true", "false", "null"};
	static const char *const bad[] = {"", " 1", "1 ", "01", "True", "nul", "\"a\"", "[]", "1,"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_true(json_literal(view_text(good[i])));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(json_literal(view_text(bad[i])));
}

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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(check_judges_values),
    cmocka_unit_test(check_bounds_depth),
    cmocka_unit_test(check_bounds_members),
    cmocka_unit_test(literals_are_told_apart),
    cmocka_unit_test(raw_finds_ends),
    cmocka_unit_test(raw_breaks_where_no_end_is),
    cmocka_unit_test(strings_are_decoded),
    cmocka_unit_test(compact_keeps_the_source),
    cmocka_unit_test(strings_are_written_as_javascript_does),
};
TEST_MAIN(tests)
