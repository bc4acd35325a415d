/*
 * tests/schemas/shown_test.c: what a person is shown of a text from outside.
 */
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
	shown_add(&out, text, as);
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
    cmocka_unit_test(a_copy_ends_between_characters),
    cmocka_unit_test(a_call_says_what_may_be_shown),
};

/* NOLINTEND(misc-misleading-bidirectional) */

TEST_MAIN(tests)
