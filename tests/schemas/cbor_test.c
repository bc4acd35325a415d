/*
 * tests/schemas/cbor_test.c: the strict reader and the writer of schemas/cbor.h.
 */
#include "schemas/base/utf8.h"
#include "schemas/cbor.h"
#include "tests/schemas/edge.h"
#include "tests/test.h"

#include <string.h>

#define TEXT(literal) view_of(literal, sizeof(literal) - 1)

static void integers_both_ways(void **state)
{
	static const struct {
		uint64_t value;
		struct view encoded;
	} rows[] = {
	    {0, {(const uint8_t *)"\x00", 1}},
	    {23, {(const uint8_t *)"\x17", 1}},
	    {24, {(const uint8_t *)"\x18\x18", 2}},
	    {255, {(const uint8_t *)"\x18\xff", 2}},
	    {256, {(const uint8_t *)"\x19\x01\x00", 3}},
	    {65535, {(const uint8_t *)"\x19\xff\xff", 3}},
	    {65536, {(const uint8_t *)"\x1a\x00\x01\x00\x00", 5}},
	    {UINT32_MAX, {(const uint8_t *)"\x1a\xff\xff\xff\xff", 5}},
	    {1ull << 32, {(const uint8_t *)"\x1b\x00\x00\x00\x01\x00\x00\x00\x00", 9}},
	    {UINT64_MAX, {(const uint8_t *)"\x1b\xff\xff\xff\xff\xff\xff\xff\xff", 9}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cbor_reader reader;
		struct buffer out;

		buffer_init(&out, 16);
		cbor_put_uint(&out, rows[i].value);
		assert_true(view_equal(buffer_view(&out), rows[i].encoded));
		buffer_clear(&out);
		cbor_read(&reader, rows[i].encoded);
		assert_true(cbor_uint(&reader, UINT64_MAX) == rows[i].value);
		assert_int_equal(cbor_finish(&reader), FORMAT_OK);
		if (rows[i].value == 0)
			continue;
		cbor_read(&reader, rows[i].encoded);
		assert_true(cbor_uint(&reader, rows[i].value - 1) == 0);
		assert_int_equal(cbor_finish(&reader), FORMAT_TOO_LARGE);
	}
}

static void signed_integers_both_ways(void **state)
{
	static const int64_t values[] = {
	    0, 1, -1, 23, 24, -24, -25, -256, -257, INT32_MIN, INT32_MAX, INT64_MIN, INT64_MAX};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		struct cbor_reader reader;
		struct buffer out;

		buffer_init(&out, 16);
		cbor_put_int(&out, values[i]);
		cbor_read(&reader, buffer_view(&out));
		assert_true(cbor_int(&reader) == values[i]);
		assert_int_equal(cbor_finish(&reader), FORMAT_OK);
		buffer_clear(&out);
	}
}

/* Which of the reader's functions a row is read with. */
enum kind {
	UINT,
	INT,
	MS,
	CHOICE3,
	BOOL,
	BYTES,
	STRING,
	FIXED4,
	ARRAY,
	ARRAY2,
	VERSION,
	HEAD,
	NAME,
	MAP,
	TEXT_MAP,
};

static void read_kind(struct cbor_reader *reader, enum kind kind)
{
	struct cbor_map map;
	struct view last = {0};
	uint8_t fixed[4];
	unsigned key;

	switch (kind) {
	case UINT: (void)cbor_uint(reader, UINT64_MAX); break;
	case INT: (void)cbor_int(reader); break;
	case MS: (void)cbor_time(reader); break;
	case CHOICE3: (void)cbor_choice(reader, 3); break;
	case BOOL: (void)cbor_bool(reader); break;
	case BYTES: (void)cbor_bytes(reader, 8); break;
	case STRING: (void)cbor_text(reader, 8); break;
	case FIXED4: cbor_fixed(reader, fixed, sizeof(fixed)); break;
	case ARRAY: (void)cbor_array(reader, 3); break;
	case ARRAY2: cbor_array_exact(reader, 2); break;
	case VERSION: cbor_version(reader); break;
	case HEAD: (void)cbor_head(reader); break;
	case NAME: (void)cbor_blob_name(reader); break;
	case MAP:
		cbor_map(reader, &map);
		while (cbor_map_next(reader, &map, &key))
			(void)cbor_uint(reader, UINT64_MAX);
		break;
	case TEXT_MAP:
		for (size_t pairs = cbor_text_map(reader, 2); pairs > 0; pairs--)
			(void)cbor_text_key(reader, 4, &last);
		break;
	}
}

#define HASH \
	"\x58\x20" \
	"0123456789abcdef0123456789abcdef"

static void each_fault_has_its_result(void **state)
{
	static const struct {
		const char *name;
		const char *bytes;
		size_t len;
		enum kind kind;
		enum format_result result;
	} rows[] = {
	    {"nothing", "", 0, UINT, FORMAT_MALFORMED},
	    {"one byte for less than 24", "\x18\x17", 2, UINT, FORMAT_MALFORMED},
	    {"two bytes for less than 256", "\x19\x00\xff", 3, UINT, FORMAT_MALFORMED},
	    {"four bytes for less than 2^16", "\x1a\x00\x00\xff\xff", 5, UINT, FORMAT_MALFORMED},
	    {"eight bytes for less than 2^32", "\x1b\0\0\0\0\xff\xff\xff\xff", 9, UINT,
		FORMAT_MALFORMED},
	    {"nothing for one byte", "\x18", 1, UINT, FORMAT_MALFORMED},
	    {"three bytes for four", "\x1a\1\1\1", 4, UINT, FORMAT_MALFORMED},
	    {"seven bytes for eight", "\x1b\1\1\1\1\1\1\1", 8, UINT, FORMAT_MALFORMED},
	    {"reserved 28 and bytes", "\x1c\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1", 17, UINT,
		FORMAT_MALFORMED},
	    {"indefinite", "\x1f\1\1\1\1\1\1\1\1", 9, UINT, FORMAT_MALFORMED},
	    {"reserved 28", "\x1c", 1, UINT, FORMAT_MALFORMED},
	    {"reserved 30", "\x1e", 1, UINT, FORMAT_MALFORMED},
	    {"argument cut", "\x19\x01", 2, UINT, FORMAT_MALFORMED},
	    {"negative for unsigned", "\x20", 1, UINT, FORMAT_MALFORMED},
	    {"tag", "\xc0\x00", 2, UINT, FORMAT_MALFORMED},
	    {"over int64", "\x1b\x80\0\0\0\0\0\0\0", 9, INT, FORMAT_TOO_LARGE},
	    {"under int64", "\x3b\x80\0\0\0\0\0\0\0", 9, INT, FORMAT_TOO_LARGE},
	    {"text for a number", "\x60", 1, INT, FORMAT_MALFORMED},
	    {"the last choice", "\x03", 1, CHOICE3, FORMAT_OK},
	    {"a choice more", "\x04", 1, CHOICE3, FORMAT_MALFORMED},
	    {"the last time", "\x1b\x00\x1e\xb2\x08\xc2\xdc\x00\x00", 9, MS, FORMAT_OK},
	    {"a time more", "\x1b\x00\x1e\xb2\x08\xc2\xdc\x00\x01", 9, MS, FORMAT_TOO_LARGE},
	    {"the first time", "\x3b\x00\x1e\xb2\x08\xc2\xdb\xff\xff", 9, MS, FORMAT_OK},
	    {"a time less", "\x3b\x00\x1e\xb2\x08\xc2\xdc\x00\x00", 9, MS, FORMAT_TOO_LARGE},
	    {"simple 19 for a truth", "\xf3", 1, BOOL, FORMAT_MALFORMED},
	    {"false", "\xf4", 1, BOOL, FORMAT_OK},
	    {"true", "\xf5", 1, BOOL, FORMAT_OK},
	    {"null for a truth", "\xf6", 1, BOOL, FORMAT_MALFORMED},
	    {"truth in two bytes", "\xf8\x15", 2, BOOL, FORMAT_MALFORMED},
	    {"half float for a truth", "\xf9\x00\x15", 3, BOOL, FORMAT_MALFORMED},
	    {"indefinite bytes", "\x5f\x41\x61\xff", 4, BYTES, FORMAT_MALFORMED},
	    {"bytes cut", "\x42\x61", 2, BYTES, FORMAT_MALFORMED},
	    {"bytes at the maximum", "\x48\1\2\3\4\5\6\7\x08", 9, BYTES, FORMAT_OK},
	    {"too many bytes, and cut", "\x49\1\2\3\4\5\6\7\x08", 9, BYTES, FORMAT_MALFORMED},
	    {"text at the maximum",
		"\x68"
		"12345678",
		9, STRING, FORMAT_OK},
	    {"text over the maximum",
		"\x69"
		"123456789",
		10, STRING, FORMAT_TOO_LARGE},
	    {"bytes over the maximum", "\x49\1\2\3\4\5\6\7\x08\x09", 10, BYTES, FORMAT_TOO_LARGE},
	    {"2^63 bytes announced", "\x5b\x80\0\0\0\0\0\0\0", 9, BYTES, FORMAT_MALFORMED},
	    {"text for bytes", "\x61\x61", 2, BYTES, FORMAT_MALFORMED},
	    {"bytes for text", "\x41\x61", 2, STRING, FORMAT_MALFORMED},
	    {"NUL in text", "\x62\x61\x00", 3, STRING, FORMAT_MALFORMED},
	    {"bad UTF-8", "\x61\xff", 2, STRING, FORMAT_MALFORMED},
	    {"fixed too short", "\x43\1\2\3", 4, FIXED4, FORMAT_MALFORMED},
	    {"fixed too long", "\x45\1\2\3\4\5", 6, FIXED4, FORMAT_MALFORMED},
	    {"as long as it is fixed", "\x44\1\2\3\4", 5, FIXED4, FORMAT_OK},
	    {"no items", "\x80", 1, ARRAY, FORMAT_OK},
	    {"more items than bytes", "\x83\x00\x00", 3, ARRAY, FORMAT_MALFORMED},
	    {"items over the maximum", "\x84\0\0\0\0", 5, ARRAY, FORMAT_TOO_LARGE},
	    {"2^32 items announced", "\x9a\xff\xff\xff\xff", 5, ARRAY, FORMAT_TOO_LARGE},
	    {"another count", "\x83\0\0\0", 4, ARRAY2, FORMAT_MALFORMED},
	    {"version 0", "\x00", 1, VERSION, FORMAT_MALFORMED},
	    {"version 2", "\x02", 1, VERSION, FORMAT_NEWER},
	    {"version as text", "\x61\x31", 2, VERSION, FORMAT_MALFORMED},
	    {"the last place", "\x82\x1b\x00\x1f\xff\xff\xff\xff\xff\xff" HASH, 44, HEAD,
		FORMAT_OK},
	    {"a place more", "\x82\x1b\x00\x20\x00\x00\x00\x00\x00\x00" HASH, 44, HEAD,
		FORMAT_TOO_LARGE},
	    {"a head of three", "\x83\x01" HASH "\x01", 37, HEAD, FORMAT_MALFORMED},
	    {"the last count", "\x82" HASH "\x1b\x00\x1f\xff\xff\xff\xff\xff\xff", 44, NAME,
		FORMAT_OK},
	    {"a count more", "\x82" HASH "\x1b\x00\x20\x00\x00\x00\x00\x00\x00", 44, NAME,
		FORMAT_TOO_LARGE},
	    {"a name of three", "\x83" HASH "\x01\x01", 37, NAME, FORMAT_MALFORMED},
	    {"two text keys", "\xa2\x61\x61\x61\x62", 5, TEXT_MAP, FORMAT_OK},
	    {"three text keys", "\xa3\x61\x61\x61\x62\x61\x63", 7, TEXT_MAP, FORMAT_TOO_LARGE},
	    {"the longest key",
		"\xa1\x64"
		"abcd",
		6, TEXT_MAP, FORMAT_OK},
	    {"a key too long",
		"\xa1\x65"
		"abcde",
		7, TEXT_MAP, FORMAT_TOO_LARGE},
	    {"head without a hash", "\x82\x01\xf6", 3, HEAD, FORMAT_MALFORMED},
	    {"key twice", "\xa2\x00\x00\x00\x00", 5, MAP, FORMAT_MALFORMED},
	    {"keys descend", "\xa2\x01\x00\x00\x00", 5, MAP, FORMAT_MALFORMED},
	    {"key 64", "\xa1\x18\x40\x00", 4, MAP, FORMAT_MALFORMED},
	    {"text key", "\xa1\x61\x61\x00", 4, MAP, FORMAT_MALFORMED},
	    {"pair missing", "\xa2\x00\x00", 3, MAP, FORMAT_MALFORMED},
	    {"65 pairs", "\xb8\x41", 2, MAP, FORMAT_MALFORMED},
	    {"a byte after the item", "\xa0\x00", 2, MAP, FORMAT_MALFORMED},
	    {"an empty map", "\xa0", 1, MAP, FORMAT_OK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cbor_reader reader;
		enum format_result result;

		cbor_read(&reader, at_the_edge(view_of(rows[i].bytes, rows[i].len)));
		read_kind(&reader, rows[i].kind);
		result = cbor_finish(&reader);
		if (result != rows[i].result)
			fail_msg("%s: %s", rows[i].name, format_result_text(result));
	}
}

static void the_first_failure_is_kept(void **state)
{
	struct cbor_reader reader;
	uint8_t fixed[4] = {1, 2, 3, 4};

	(void)state;
	cbor_read(&reader, TEXT("\x05\x44"
				"abcd"));
	(void)cbor_uint(&reader, 4);
	assert_int_equal(reader.result, FORMAT_TOO_LARGE);
	cbor_fixed(&reader, fixed, sizeof(fixed));
	assert_memory_equal(fixed, "\0\0\0\0", 4);
	assert_true(cbor_uint(&reader, 100) == 0);
	assert_int_equal(cbor_array(&reader, 100), 0);
	assert_int_equal(cbor_bytes(&reader, 100).len, 0);
	assert_int_equal(cbor_peek(&reader), CBOR_SIMPLE);
	cbor_fail(&reader, FORMAT_FORGED);
	assert_int_equal(cbor_finish(&reader), FORMAT_TOO_LARGE);
}

static void maps_know_their_keys(void **state)
{
	struct cbor_reader reader;
	struct cbor_map map;
	unsigned key = 99;

	(void)state;
	cbor_read(&reader, TEXT("\xa2\x01\x00\x18\x3f\x00"));
	cbor_map(&reader, &map);
	assert_true(cbor_map_next(&reader, &map, &key));
	assert_int_equal(key, 1);
	(void)cbor_uint(&reader, 0);
	assert_true(cbor_map_next(&reader, &map, &key));
	assert_int_equal(key, 63);
	(void)cbor_uint(&reader, 0);
	assert_false(cbor_map_next(&reader, &map, &key));
	cbor_map_need(&reader, &map, 1u << 1);
	assert_int_equal(reader.result, FORMAT_OK);
	cbor_map_need(&reader, &map, 1u << 1 | 1u << 2);
	assert_int_equal(cbor_finish(&reader), FORMAT_MALFORMED);
}

/* All there are; one more is the fault "65 pairs". */
static void a_map_has_so_many_keys(void **state)
{
	struct cbor_reader reader;
	struct cbor_map map;
	struct buffer out;
	unsigned key = 99;

	(void)state;
	buffer_init(&out, 256);
	cbor_put_map(&out, 64);
	for (unsigned i = 0; i < 64; i++) {
		cbor_put_uint(&out, i);
		cbor_put_uint(&out, i);
	}
	cbor_read(&reader, buffer_view(&out));
	cbor_map(&reader, &map);
	for (unsigned i = 0; i < 64; i++) {
		assert_true(cbor_map_next(&reader, &map, &key));
		assert_int_equal(key, i);
		assert_int_equal(cbor_uint(&reader, i), i);
	}
	assert_false(cbor_map_next(&reader, &map, &key));
	assert_true(map.seen == UINT64_MAX);
	assert_int_equal(cbor_finish(&reader), FORMAT_OK);
	buffer_clear(&out);
}

/* Each item is told by its type, read by its own function, and leaves the next one. */
static void items_follow_each_other(void **state)
{
	static const char bytes[] = "\x05\x24\x41z\x61y\x81\xa1\x00\xf5\xf4\xf6\xf6";
	static const enum cbor_type types[] = {CBOR_UINT, CBOR_NEGATIVE, CBOR_BYTES, CBOR_TEXT,
	    CBOR_ARRAY, CBOR_MAP, CBOR_UINT, CBOR_SIMPLE, CBOR_SIMPLE, CBOR_SIMPLE, CBOR_SIMPLE};
	struct cbor_reader reader;
	struct cbor_map map;
	struct buffer out;
	unsigned key = 99;

	(void)state;
	cbor_read(&reader, TEXT(bytes));
	assert_int_equal(cbor_rest(&reader).len, sizeof(bytes) - 1);
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		assert_int_equal(cbor_peek(&reader), types[i]);
		assert_true(cbor_null(&reader) == (i >= 9));
		switch (i) {
		case 0: assert_int_equal(cbor_uint(&reader, 5), 5); break;
		case 1: assert_int_equal(cbor_int(&reader), -5); break;
		case 2: assert_int_equal(cbor_bytes(&reader, 1).data[0], 'z'); break;
		case 3: assert_int_equal(cbor_text(&reader, 1).data[0], 'y'); break;
		case 4: assert_int_equal(cbor_array(&reader, 1), 1); break;
		case 5: cbor_map(&reader, &map); break;
		case 6:
			assert_true(cbor_map_next(&reader, &map, &key));
			assert_int_equal(key, 0);
			break;
		case 7: assert_true(cbor_bool(&reader)); break;
		case 8: assert_false(cbor_bool(&reader)); break;
		default: break;
		}
	}
	assert_int_equal(cbor_rest(&reader).len, 0);
	assert_int_equal(cbor_peek(&reader), CBOR_SIMPLE);
	assert_false(cbor_null(&reader));
	assert_int_equal(cbor_finish(&reader), FORMAT_OK);
	/* And they are written so. */
	buffer_init(&out, 64);
	cbor_put_uint(&out, 5);
	cbor_put_int(&out, -5);
	cbor_put_bytes(&out, "z", 1);
	cbor_put_text(&out, view_text("y"));
	cbor_put_array(&out, 1);
	cbor_put_map(&out, 1);
	cbor_put_uint(&out, 0);
	cbor_put_bool(&out, true);
	cbor_put_bool(&out, false);
	cbor_put_null(&out);
	cbor_put_null(&out);
	assert_true(view_equal(buffer_view(&out), TEXT(bytes)));
	buffer_clear(&out);
}

static void text_keys_ascend_as_encoded(void **state)
{
	static const struct {
		const char *name;
		const char *first, *second;
		enum format_result result;
	} rows[] = {
	    {"in order", "a", "b", FORMAT_OK},
	    {"shorter first", "b", "aa", FORMAT_OK},
	    {"longer first", "aa", "b", FORMAT_MALFORMED},
	    {"twice", "a", "a", FORMAT_MALFORMED},
	    {"descending", "b", "a", FORMAT_MALFORMED},
	    {"the empty key first", "", "a", FORMAT_OK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct cbor_reader reader;
		struct buffer out;
		struct view last = {0};

		buffer_init(&out, 64);
		cbor_put_map(&out, 2);
		cbor_put_text(&out, view_text(rows[i].first));
		cbor_put_text(&out, view_text(rows[i].second));
		cbor_read(&reader, buffer_view(&out));
		assert_int_equal(cbor_text_map(&reader, 2), 2);
		(void)cbor_text_key(&reader, 8, &last);
		(void)cbor_text_key(&reader, 8, &last);
		if (cbor_finish(&reader) != rows[i].result)
			fail_msg("%s: %s", rows[i].name, format_result_text(reader.result));
		buffer_clear(&out);
	}
}

static void utf8_is_judged(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		size_t len;
		bool valid;
	} rows[] = {
	    {"nothing", "", 0, true},
	    {"ASCII", "a\x7f", 2, true},
	    {"two bytes", "\xc2\x80\xdf\xbf", 4, true},
	    {"three bytes", "\xe0\xa0\x80\xef\xbf\xbf", 6, true},
	    {"around the surrogates", "\xed\x9f\xbf\xee\x80\x80", 6, true},
	    {"four bytes", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8, true},
	    {"NUL", "a\0b", 3, false},
	    {"a byte of its own", "\x80", 1, false},
	    {"overlong slash", "\xc0\xaf", 2, false},
	    {"overlong in two", "\xc1\xbf", 2, false},
	    {"overlong in three", "\xe0\x9f\xbf", 3, false},
	    {"overlong in four", "\xf0\x8f\xbf\xbf", 4, false},
	    {"surrogate, first", "\xed\xa0\x80", 3, false},
	    {"surrogate, last", "\xed\xbf\xbf", 3, false},
	    {"beyond U+10FFFF", "\xf4\x90\x80\x80", 4, false},
	    {"no such head", "\xf5\x80\x80\x80", 4, false},
	    {"cut after two of three", "\xe2\x82", 2, false},
	    {"cut behind others", "abc\xe2\x82", 5, false},
	    {"cut behind eight", "abcdefgh\xf0\x90\x80", 11, false},
	    {"none but continuations", "\x80\x80\x80\x80", 4, false},
	    {"the last continuations", "\xbf\xbf\xbf\xbf", 4, false},
	    {"an overlong head of four", "\xc1\x80\x80\x80", 4, false},
	    {"eight NULs", "\0\0\0\0\0\0\0\0", 8, false},
	    {"sixteen NULs", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, false},
	    {"third byte is none", "\xe2\x82\x28", 3, false},
	    {"fourth byte is none", "\xf0\x90\x80\x28", 4, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (utf8_valid(at_the_edge(view_of(rows[i].text, rows[i].len))) != rows[i].valid)
			fail_msg("%s", rows[i].name);
}

/* Long ASCII is looked at eight bytes at a time: each fault, at each place, is seen all the same.
 */
static void utf8_faults_are_found_anywhere(void **state)
{
	static const uint8_t faults[] = {0x00, 0x80, 0xBF, 0xC1, 0xFF};
	uint8_t text[40];

	(void)state;
	for (size_t len = 1; len <= sizeof(text); len++) {
		for (size_t i = 0; i < len; i++)
			text[i] = (uint8_t)(1 + 18 * i % 127); /* from 0x01 to 0x7F */
		assert_true(utf8_valid(at_the_edge(view_of(text, len))));
		for (size_t at = 0; at < len; at++) {
			uint8_t was = text[at];

			for (size_t i = 0; i < COUNT_OF(faults); i++) {
				text[at] = faults[i];
				if (utf8_valid(view_of(text, len)))
					fail_msg("0x%02x at %zu of %zu", faults[i], at, len);
			}
			text[at] = was;
		}
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(integers_both_ways),
    cmocka_unit_test(signed_integers_both_ways),
    cmocka_unit_test(each_fault_has_its_result),
    cmocka_unit_test(the_first_failure_is_kept),
    cmocka_unit_test(maps_know_their_keys),
    cmocka_unit_test(a_map_has_so_many_keys),
    cmocka_unit_test(items_follow_each_other),
    cmocka_unit_test(text_keys_ascend_as_encoded),
    cmocka_unit_test(utf8_is_judged),
    cmocka_unit_test(utf8_faults_are_found_anywhere),
};

TEST_MAIN(tests)
