/*
 * tests/schemas/json_test.c: what is JSON and what is not, and what may be an unknown member. That
 * another's parser says the same is fuzz.json's affair.
 */
#include "schemas/json.h"
#include "tests/schemas/edge.h"
#include "tests/test.h"

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
    {"the first and the last pair", "\"\\uD800\\uDC00\\uDBFF\\uDFFF\"", JSON_FINE},
    {"around the pairs", "\"\\uD7FF\\uE000\\uFFFF\\u0001\"", JSON_FINE},
    {"hexadecimal of either case", "\"\\u09af\\u09AF\"", JSON_FINE},
    {"beside the digits", "\"\\u000/\"", JSON_SYNTAX},
    {"behind the digits", "\"\\u000:\"", JSON_SYNTAX},
    {"beside the capitals", "\"\\u000@\"", JSON_SYNTAX},
    {"behind the capitals", "\"\\u000G\"", JSON_SYNTAX},
    {"beside the letters", "\"\\u000`\"", JSON_SYNTAX},
    {"behind the letters", "\"\\u000g\"", JSON_SYNTAX},
    {"a number of each part", "-10.05e-07", JSON_FINE},
    {"an exponent in capitals", "[0E+0,1e1]", JSON_FINE},
    {"two minuses", "--1", JSON_SYNTAX},
    {"two signs in an exponent", "1e+-1", JSON_SYNTAX},
    {"two fractions", "1.1.1", JSON_SYNTAX},
    {"two zeros", "-00", JSON_SYNTAX},
    {"words one after the other", "truefalse", JSON_SYNTAX},
    {"a comma alone", "[,]", JSON_SYNTAX},
    {"a colon for a comma", "[1:2]", JSON_SYNTAX},
    {"a comma for a colon", "{\"a\",1}", JSON_SYNTAX},
    {"no comma", "[1 2]", JSON_SYNTAX},
    {"no comma between members", "{\"a\":1 \"b\":2}", JSON_SYNTAX},
    {"a closing bracket alone", "]", JSON_SYNTAX},
    {"a bracket more", "[]]", JSON_SYNTAX},
    {"an object closed as an array", "{\"a\":1]", JSON_SYNTAX},
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
    {"high and below low", "\"\\uD800\\uDBFF\"", JSON_SURROGATE},
    {"high and above low", "\"\\uD800\\uE000\"", JSON_SURROGATE},
    {"high and another escape", "\"\\uD800\\n12345\"", JSON_SURROGATE},
    {"high and a u alone", "\"\\uD800xuDC00\"", JSON_SURROGATE},
    {"high and half an escape", "\"\\uD800\\uDC0", JSON_SURROGATE},
    {"raw surrogate", "\"\xED\xA0\x80\"", JSON_NOT_UTF8},
    {"overlong", "\"\xC0\xAF\"", JSON_NOT_UTF8},
    {"overlong of 3", "\"\xE0\x80\xAF\"", JSON_NOT_UTF8},
    {"beyond Unicode", "\"\xF4\x90\x80\x80\"", JSON_NOT_UTF8},
    {"cut off UTF-8", "\"\xC3\"", JSON_NOT_UTF8},
    {"lone continuation", "\"\x80\"", JSON_NOT_UTF8},
    {"same name", "{\"a\":1,\"b\":2,\"a\":3}", JSON_DUPLICATE},
    {"same name, space behind one", "{\"a\" :1,\"a\":2}", JSON_DUPLICATE},
    {"same name, escaped", "{\"a\":1,\"\\u0061\":2}", JSON_DUPLICATE},
    {"same name, a pair", "{\"\\uD83D\\uDE00\":1,\"\xF0\x9F\x98\x80\":2}", JSON_DUPLICATE},
    {"same name, deep", "{\"x\":[{\"a\":1,\"a\":1}]}", JSON_DUPLICATE},
    {"same empty name", "{\"\":1,\"\":2}", JSON_DUPLICATE},
    {"same name, beyond the first plane", "{\"\\uDBFF\\uDFFF\":1,\"\xF4\x8F\xBF\xBF\":2}",
	JSON_DUPLICATE},
    {"same name, far apart", "{\"a\":1,\"c\":2,\"b\":3,\"\\u0063\":4,\"d\":5}", JSON_DUPLICATE},
    {"names of one beginning", "{\"aa\":1,\"ab\":2,\"a\":3,\"aaa\":4}", JSON_FINE},
    {"name in two objects", "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", JSON_FINE},
    {"prefix of a name", "{\"a\":1,\"ab\":2,\"\":3}", JSON_FINE},
};

static void check_judges_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(check_rows); i++) {
		enum json_fault fault = json_check(at_the_edge(view_text(check_rows[i].text)));

		if (fault != check_rows[i].fault)
			fail_msg("%s: %s", check_rows[i].name, json_fault_text(fault));
	}
}

/* An escape is the character that it stands for, and no other. */
static void escapes_are_characters(void **state)
{
	static const struct {
		char letter;
		unsigned code;
	} rows[] = {{'"', 0x22}, {'\\', 0x5C}, {'/', 0x2F}, {'b', 0x08}, {'f', 0x0C}, {'n', 0x0A},
	    {'r', 0x0D}, {'t', 0x09}};
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (unsigned code = 1; code < 0x80; code++) {
			enum json_fault fault;

			(void)snprintf(
			    text, sizeof(text), "{\"\\%c\":1,\"\\u%04x\":2}", rows[i].letter, code);
			fault = json_check(view_text(text));
			if (fault != (code == rows[i].code ? JSON_DUPLICATE : JSON_FINE))
				fail_msg("%s: %s", text, json_fault_text(fault));
		}
	for (unsigned c = 1; c < 0x80; c++) {
		(void)snprintf(text, sizeof(text), "\"\\%c\"", (char)c);
		if (c != 'u' && (json_check(view_text(text)) == JSON_FINE) !=
				    (strchr("\"\\/bfnrt", (int)c) != NULL))
			fail_msg("the escape of 0x%02x", c);
		(void)snprintf(text, sizeof(text), "\"%c\"", (char)c);
		if ((json_check(view_text(text)) == JSON_FINE) !=
		    (c >= 0x20 && c != '"' && c != '\\'))
			fail_msg("the character 0x%02x", c);
		(void)snprintf(text, sizeof(text), "%c1", (char)c);
		if ((json_check(view_text(text)) == JSON_FINE) !=
		    (json_is_space((uint8_t)c) || (c >= '1' && c <= '9') || c == '-'))
			fail_msg("0x%02x before a number", c);
		assert_true(json_is_space((uint8_t)c) == (strchr(" \t\r\n", (int)c) != NULL));
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
	while (text.data[text.len - 1] != ',')
		text.len--;
	text.data[text.len - 1] = '}';
	assert_int_equal(json_check(buffer_view(&text)), JSON_FINE);
	buffer_clear(&text);
}

static void literals_are_told_apart(void **state)
{
	static const char *const good[] = {"0", "-1.5E+3", "1e3", "true", "false", "null"};
	static const char *const bad[] = {"", " 1", "1 ", "01", "True", "nul", "\"a\"", "[]", "1,"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_true(json_literal(at_the_edge(view_text(good[i]))));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(json_literal(at_the_edge(view_text(bad[i]))));
}

struct member_row {
	const char *name;
	const char *text;
	enum json_fault fault;
};

static const struct member_row member_rows[] = {
    {"compact", "{\"a\":[1,{},[]],\"b c\":\" \"}", JSON_FINE},
    {"nothing", "", JSON_SYNTAX},
    {"space before", " 1", JSON_SPACE},
    {"space after", "1\n", JSON_SPACE},
    {"space in an empty object", "{ }", JSON_SPACE},
    {"space in an empty array", "[\t]", JSON_SPACE},
    {"space before a name", "{ \"a\":1}", JSON_SPACE},
    {"space before a colon", "{\"a\" :1}", JSON_SPACE},
    {"space after a colon", "{\"a\": 1}", JSON_SPACE},
    {"space before a comma", "[1 ,2]", JSON_SPACE},
    {"space after a comma", "[1,\r2]", JSON_SPACE},
    {"space before the end", "{\"a\":1 }", JSON_SPACE},
    {"forged", "1,\"id\":\"x\"", JSON_SYNTAX},
    {"duplicate", "{\"a\":1,\"a\":2}", JSON_DUPLICATE},
};

static void a_member_is_compact(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(member_rows); i++) {
		enum json_fault fault =
		    json_check_member(at_the_edge(view_text(member_rows[i].text)));

		if (fault != member_rows[i].fault)
			fail_msg("%s: %s", member_rows[i].name, json_fault_text(fault));
	}
}

/* The item around it has a bracket of its own. */
static void a_member_is_less_deep(void **state)
{
	char text[2 * JSON_DEPTH_MAX];

	(void)state;
	memset(text, '[', sizeof(text) / 2);
	memset(text + sizeof(text) / 2, ']', sizeof(text) / 2);
	assert_int_equal(json_check(view_of(text, sizeof(text))), JSON_FINE);
	assert_int_equal(json_check_member(view_of(text, sizeof(text))), JSON_TOO_DEEP);
	assert_int_equal(json_check_member(view_of(text + 1, sizeof(text) - 2)), JSON_FINE);
}

/* Objects within objects, of thousands of names: each is judged once, when it closes. */
static void names_of_objects_within_objects(void **state)
{
	struct buffer text;

	(void)state;
	buffer_init(&text, 1u << 20);
	for (unsigned i = 0; i < 60; i++)
		buffer_addf(&text, "{\"x\":[{\"a\":1,\"b\":{\"a\":2}}],\"y%u\":", i);
	buffer_add_text(&text, "{\"a\":1}");
	for (unsigned i = 0; i < 60; i++)
		buffer_add_byte(&text, '}');
	assert_false(text.failed);
	assert_int_equal(json_check(buffer_view(&text)), JSON_FINE);
	text.data[text.len - 2] = ',';
	text.data[text.len - 1] = ' ';
	buffer_add_text(&text, "\"x\":0}}");
	assert_int_equal(json_check(buffer_view(&text)), JSON_DUPLICATE);
	buffer_clear(&text);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(check_judges_values),
    cmocka_unit_test(escapes_are_characters),
    cmocka_unit_test(check_bounds_depth),
    cmocka_unit_test(check_bounds_members),
    cmocka_unit_test(literals_are_told_apart),
    cmocka_unit_test(a_member_is_compact),
    cmocka_unit_test(a_member_is_less_deep),
    cmocka_unit_test(names_of_objects_within_objects),
};

TEST_MAIN(tests)
