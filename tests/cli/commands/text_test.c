/*
 * tests/cli/commands/text_test.c: titles taken from a text; times told as a distance.
 */
#include "tests/test.h"

#include <string.h>

#include "cli/commands/output.h"
#include "cli/commands/text.h"

static void titles(void **state)
{
	static const struct {
		const char *name, *text, *title;
	} rows[] = {
	    {"nothing", "", ""},
	    {"blank lines alone", "\n  \n\t\n", ""},
	    {"a line", "Wind all day", "Wind all day"},
	    {"a heading", "## Wind  \nall day", "Wind"},
	    {"after blank lines", "\n\n \r\n# Wind\r\n", "Wind"},
	    {"a heading without a text", "#\n\nWind", "Wind"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (!view_equal(text_title(view_text(rows[i].text)), view_text(rows[i].title)))
			fail_msg("%s", rows[i].name);
}

static void a_long_line_is_cut_between_characters(void **state)
{
	static char line[400];
	struct view title;

	(void)state;
	line[0] = 'x';
	for (size_t i = 1; i + 2 < sizeof(line); i += 2)
		memcpy(line + i, "\xc3\xa9", 2); /* é */
	title = text_title(view_text(line));
	assert_int_equal(title.len, 199);
}

static void distances(void **state)
{
	static const struct {
		int64_t then_ms, now_ms;
		const char *text;
	} rows[] = {
	    {0, 5000, "never"},
	    {1000, 1000, "just now"},
	    {9000, 1000, "just now"}, /* the clock was set back */
	    {1000, 4000, "3s ago"},
	    {1000, 181000, "3m ago"},
	    {1, 7200001, "2h ago"},
	    {1, 172800001, "2d ago"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[OUTPUT_AGO_MAX];

		output_ago(rows[i].then_ms, rows[i].now_ms, text);
		assert_string_equal(text, rows[i].text);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(titles),
    cmocka_unit_test(a_long_line_is_cut_between_characters),
    cmocka_unit_test(distances),
};

TEST_MAIN(tests)
