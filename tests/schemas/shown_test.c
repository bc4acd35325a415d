/*
 * tests/schemas/shown_test.c: what a person is shown of a text from outside.
 */
#include "tests/schemas/edge.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

#include "schemas/base/shown.h"
#include "schemas/base/utf8.h"

/* NOLINTBEGIN(misc-misleading-bidirectional): they are what is tested. */
static const struct {
	const char *name, *text, *line, *lines; /* lines NULL: as line */
} rows[] = {
    {"plain", "Wind all day", "Wind all day", NULL},
    {"nothing", "", "", NULL},
    {"line feed, tab", "a\n\tb", "a  b", "a\n\tb"},
    {"carriage return, line feed", "a\r\nb", "a  b", "a\nb"},
    {"both at the end", "a\r\n", "a  ", "a\n"},
    {"both alone", "\r\n", "  ", "\n"},
    {"a carriage return at the end", "a\r", "a ", "a\\u000D"},
    {"carriage return alone", "a\rb", "a b", "a\\u000Db"},
    {"escape sequence", "\x1b[2Jx", "\\u001B[2Jx", NULL},
    {"bell, backspace", "\a\b", "\\u0007\\u0008", NULL},
    {"DEL", "a\x7f", "a\\u007F", NULL},
    {"C1: CSI, OSC in UTF-8", "\xc2\x9b\xc2\x9d", "\\u009B\\u009D", NULL},
    {"C1 as a bare byte", "\x9b[2J", "\xef\xbf\xbd[2J", NULL},
    {"umlauts, Chinese",
	"Stra\xc3\x9f"
	"e \xe6\x97\xa5",
	"Stra\xc3\x9f"
	"e \xe6\x97\xa5",
	NULL},
    {"override",
	"gnp\xe2\x80\xae"
	"exe",
	"gnp\\u202Eexe", NULL},
    {"isolate, marks", "\xe2\x81\xa6\xe2\x80\x8f\xd8\x9c", "\\u2066\\u200F\\u061C", NULL},
    {"zero width space",
	"a\xe2\x80\x8b"
	"b",
	"a\\u200Bb", NULL},
    {"byte order mark",
	"\xef\xbb\xbf"
	"a",
	"\\uFEFFa", NULL},
    {"separators", "\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029", NULL},
    {"a tag", "\xf3\xa0\x81\x81", "\\uDB40\\uDC41", NULL},
    {"soft hyphen", "a\xc2\xad", "a\\u00AD", NULL},
    {"Hangul filler", "\xe3\x85\xa4", "\\u3164", NULL},
    {"annotation", "\xef\xbf\xb9", "\\uFFF9", NULL},
    {"surrogate", "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", NULL},
    {"overlong", "\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd", NULL},
    {"cut off", "a\xe2\x82", "a\xef\xbf\xbd\xef\xbf\xbd", NULL},
    {"beyond Unicode", "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
	NULL},
    {"emoji of several", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x8c\xbe",
	"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x8c\xbe", NULL},
    {"heart on fire", "\xe2\x9d\xa4\xef\xb8\x8f\xe2\x80\x8d\xf0\x9f\x94\xa5",
	"\xe2\x9d\xa4\xef\xb8\x8f\xe2\x80\x8d\xf0\x9f\x94\xa5", NULL},
    {"keycap", "1\xef\xb8\x8f\xe2\x83\xa3", "1\xef\xb8\x8f\xe2\x83\xa3", NULL},
    {"Persian non-joiner", "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae",
	"\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae", NULL},
    {"joiner in ASCII",
	"a\xe2\x80\x8d"
	"b",
	"a\\u200Db", NULL},
    {"joiner at the end", "\xc3\xa9\xe2\x80\x8d", "\xc3\xa9\\u200D", NULL},
    {"joiner before an override", "\xc3\xa9\xe2\x80\x8d\xe2\x80\xae", "\xc3\xa9\\u200D\\u202E",
	NULL},
    {"two joiners", "\xc3\xa9\xe2\x80\x8d\xe2\x80\x8d\xc3\xa9", "\xc3\xa9\\u200D\\u200D\xc3\xa9",
	NULL},
    {"selector in ASCII", "a\xef\xb8\x8f", "a\\uFE0F", NULL},
    {"two selectors", "\xe2\x9d\xa4\xef\xb8\x8f\xef\xb8\x8f", "\xe2\x9d\xa4\xef\xb8\x8f\\uFE0F",
	NULL},
    {"an escape as text", "\\u001B", "\\u001B", NULL},
};

static void check(const char *name, struct view text, enum shown_as as, const char *want)
{
	struct bytes got = {0}, again = {0};
	struct buffer out;

	buffer_init(&out, 1024);
	shown_add(&out, at_the_edge(text), as);
	assert_true(buffer_take(&out, &got));
	if (!view_equal(view_bytes(&got), view_text(want)))
		fail_msg("%s: \"%s\" instead of \"%s\"", name, (const char *)got.data, want);
	shown_add(&out, view_bytes(&got), as);
	assert_true(buffer_take(&out, &again));
	if (!view_equal(view_bytes(&again), view_bytes(&got)))
		fail_msg("%s: shown again it is \"%s\"", name, (const char *)again.data);
	bytes_clear(&again);
	bytes_clear(&got);
	buffer_clear(&out);
}

static void texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view text = view_text(rows[i].text);

		check(rows[i].name, text, SHOWN_LINE, rows[i].line);
		check(rows[i].name, text, SHOWN_LINES,
		    rows[i].lines != NULL ? rows[i].lines : rows[i].line);
	}
	check("a NUL", view_of("a\0b", 3), SHOWN_LINES, "a\\u0000b");
}

static size_t utf8_put(uint32_t code, uint8_t out[4])
{
	size_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const uint8_t lead[] = {0x00, 0xC0, 0xE0, 0xF0};

	out[0] = (uint8_t)(lead[more] | code >> 6 * more);
	for (size_t i = 1; i <= more; i++)
		out[i] = (uint8_t)(0x80 | (code >> 6 * (more - i) & 0x3F));
	return 1 + more;
}

/* Unicode's controls, and what it calls default ignorable, but for the separators; ascending. */
static const struct {
	uint32_t first, last;
} unseen[] = {
    {0x0000, 0x001F},
    {0x007F, 0x009F},
    {0x00AD, 0x00AD},
    {0x034F, 0x034F},
    {0x061C, 0x061C},
    {0x115F, 0x1160},
    {0x17B4, 0x17B5},
    {0x180B, 0x180F},
    {0x200B, 0x200F},
    {0x2028, 0x202E},
    {0x2060, 0x206F},
    {0x3164, 0x3164},
    {0xFE00, 0xFE0F},
    {0xFEFF, 0xFEFF},
    {0xFFA0, 0xFFA0},
    {0xFFF0, 0xFFFB},
    {0x1BCA0, 0x1BCA3},
    {0x1D173, 0x1D17A},
    {0xE0000, 0xE0FFF},
};

static bool is_unseen(uint32_t code)
{
	for (size_t i = 0; i < COUNT_OF(unseen); i++)
		if (code >= unseen[i].first && code <= unseen[i].last)
			return true;
	return false;
}

/* Each character there is, by itself: as it is, or as its escape. */
static void each_character_is_shown_or_escaped(void **state)
{
	uint8_t bytes[4];

	(void)state;
	for (uint32_t code = 0; code <= 0x10FFFF; code++) {
		struct shown shown;
		struct shown_char one;
		char escape[16];
		size_t len;

		if (code >= 0xD800 && code <= 0xDFFF)
			continue;
		len = utf8_put(code, bytes);
		assert_int_equal(utf8_char_code(view_of(bytes, len)), code);
		shown = shown_begin(at_the_edge(view_of(bytes, len)), SHOWN_LINES);
		assert_true(shown_next(&shown, &one));
		if (!is_unseen(code) || code == '\n' || code == '\t') {
			if (one.len != len || memcmp(one.text, bytes, len) != 0 || one.code != code)
				fail_msg("U+%04X is not shown", (unsigned)code);
		} else {
			if (code < 0x10000)
				(void)snprintf(escape, sizeof(escape), "\\u%04X", (unsigned)code);
			else
				(void)snprintf(escape, sizeof(escape), "\\u%04X\\u%04X",
				    (unsigned)(0xD7C0 + (code >> 10)),
				    (unsigned)(0xDC00 | (code & 0x3FF)));
			if (strcmp(one.text, escape) != 0 || one.len != strlen(escape))
				fail_msg("U+%04X is %s", (unsigned)code, one.text);
		}
		assert_false(shown_next(&shown, &one));
	}
}

/* Joiners and selectors show where they belong: between, or behind, what shows. */
static void what_joins_belongs_somewhere(void **state)
{
	static const uint32_t befores[] = {
	    0, 'a', 0x7E, 0x80, 0xA0, 0x2764, 0x200C, 0x200D, 0xFE0F, 0xE0100, 0x10FFFF};
	static const uint32_t afters[] = {0, 'a', 0xAD, 0xA1, 0x200D, 0x20E3, 0x1F33E};
	static const uint32_t codes[] = {0x200B, 0x200C, 0x200D, 0x200E, 0xFE00, 0xFE0E, 0xFE0F,
	    0xE00FF, 0xE0100, 0xE01EF, 0xE01F0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(befores) * COUNT_OF(afters) * COUNT_OF(codes); i++) {
		uint32_t before = befores[i % COUNT_OF(befores)];
		uint32_t after = afters[i / COUNT_OF(befores) % COUNT_OF(afters)];
		uint32_t code = codes[i / COUNT_OF(befores) / COUNT_OF(afters)];
		bool is_joiner = code == 0x200C || code == 0x200D;
		bool is_selector =
		    (code >= 0xFE00 && code <= 0xFE0F) || (code >= 0xE0100 && code <= 0xE01EF);
		/* What was escaped before it is nothing to join or to select. */
		bool stands = before >= 0x80 && !is_unseen(before);
		bool shows = after > 0x7F && !is_unseen(after);
		bool belongs = (is_joiner && stands && shows) || (is_selector && stands) ||
			       (code == 0xFE0F && before > 0 && before < 0x7F && after == 0x20E3);
		uint8_t bytes[12];
		struct shown shown;
		struct shown_char one;
		size_t len = 0;

		if (before != 0)
			len += utf8_put(before, bytes);
		len += utf8_put(code, bytes + len);
		if (after != 0)
			len += utf8_put(after, bytes + len);
		shown = shown_begin(at_the_edge(view_of(bytes, len)), SHOWN_LINE);
		if (before != 0)
			assert_true(shown_next(&shown, &one));
		assert_true(shown_next(&shown, &one));
		if ((one.code == code) != belongs)
			fail_msg("U+%04X between U+%04X and U+%04X: %s", (unsigned)code,
			    (unsigned)before, (unsigned)after, one.text);
	}
}

static void a_copy_ends_between_characters(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *want;
	} cuts[] = {
	    {"abc", 4, "abc"},
	    {"abc", 3, "ab"},
	    {"a\xc3\xa9", 3, "a"},
	    {"a\xc3\xa9", 4, "a\xc3\xa9"},
	    {"a\x1b", 7, "a"},
	    {"a\x1b", 8, "a\\u001B"},
	    {"abc", 1, ""},
	};
	char out[16];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cuts); i++) {
		shown_copy(out, cuts[i].size, view_text(cuts[i].text), SHOWN_LINE);
		assert_string_equal(out, cuts[i].want);
	}
}

/* Whatever a server says: one line of UTF-8, and never cut inside a character. */
static void a_call_says_what_may_be_shown(void **state)
{
	char long_text[2 * CALL_MESSAGE_MAX];
	struct call call;

	(void)state;
	call_init(&call, 0);
	call_sayf(&call, "the store: %s (%d)", "bad\r\n\x1b[31m\xe2\x80\xae \xff", 403);
	assert_string_equal(call.message, "the store: bad  \\u001B[31m\\u202E \xef\xbf\xbd (403)");
	call_prefix(&call, "\x1b");
	assert_memory_equal(call.message, "\\u001B: the store", 17);
	for (size_t i = 0; i + 2 < sizeof(long_text); i += 2)
		memcpy(long_text + i, "\xc3\xa9", 2);
	long_text[sizeof(long_text) - 2] = '\0';
	for (size_t shift = 0; shift < 2; shift++) {
		call_sayf(&call, "%.*s%s", (int)shift, "x", long_text);
		assert_true(strlen(call.message) >= CALL_MESSAGE_MAX - 2);
		assert_true(utf8_valid(view_text(call.message)));
		assert_null(strstr(call.message, "\xef\xbf\xbd"));
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(texts),
    cmocka_unit_test(each_character_is_shown_or_escaped),
    cmocka_unit_test(what_joins_belongs_somewhere),
    cmocka_unit_test(a_copy_ends_between_characters),
    cmocka_unit_test(a_call_says_what_may_be_shown),
};

/* NOLINTEND(misc-misleading-bidirectional) */

TEST_MAIN(tests)
