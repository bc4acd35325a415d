/*
 * tests/schemas/time_test.c: times beyond the tables of schemas/vectors: each day of three thousand
 * years follows the one before, by a calendar that counts them one by one; and where a text ends.
 */
#include "schemas/entry.h"
#include "tests/schemas/edge.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

static int days_of(int year, int month)
{
	switch (month) {
	case 4:
	case 6:
	case 9:
	case 11: return 30;
	case 2:
		if (year % 4 != 0)
			return 28;
		return year % 100 != 0 || year % 400 == 0 ? 29 : 28;
	default: return 31;
	}
}

static void date_text(char out[TIME_PRINT_MAX], int year, int month, int day)
{
	(void)snprintf(out, TIME_PRINT_MAX,
	    year < 0 || year > 9999 ? "%+07d-%02d-%02d" : "%04d-%02d-%02d", year, month, day);
}

static void each_day_follows_the_last(void **state)
{
	char text[TIME_PRINT_MAX], printed[TIME_PRINT_MAX];
	int64_t ms = -1012087 * DAY_MS; /* so many days before 1970, by another calendar */

	(void)state;
	date_text(text, -801, 1, 1);
	assert_string_equal(text, "-000801-01-01");
	for (int year = -801; year <= 2401; year++)
		for (int month = 1; month <= 12; month++) {
			for (int day = 1; day <= days_of(year, month); day++, ms += DAY_MS) {
				date_text(text, year, month, day);
				if (time_parse_ms(view_text(text)) != ms)
					fail_msg("%s: %lld", text,
					    (long long)time_parse_ms(view_text(text)));
				time_print_ms(ms, printed);
				if (memcmp(printed, text, strlen(text)) != 0 ||
				    strcmp(printed + strlen(text), "T00:00:00.000Z") != 0)
					fail_msg("%s is printed as %s", text, printed);
			}
			date_text(text, year, month, days_of(year, month) + 1);
			assert_true(time_parse_ms(view_text(text)) == 0);
			date_text(text, year, month, 0);
			assert_true(time_parse_ms(view_text(text)) == 0);
		}
	for (int day = 1; day <= 31; day++) {
		date_text(text, 2023, 0, day);
		assert_true(time_parse_ms(view_text(text)) == 0);
		date_text(text, 2023, 13, day);
		assert_true(time_parse_ms(view_text(text)) == 0);
	}
}

static void a_clock_ends_with_its_day(void **state)
{
	static const struct {
		const char *clock;
		int64_t ms; /* of the day; -1: unreadable */
	} rows[] = {
	    {"T23:59:59.999Z", DAY_MS - 1},
	    {"T24:00:00.000Z", DAY_MS},
	    {"T24:00:00.001Z", -1},
	    {"T24:00:01Z", -1},
	    {"T24:01Z", -1},
	    {"T25:00Z", -1},
	    {"T23:60Z", -1},
	    {"T23:59:60Z", -1},
	    {"T00:00:00.0009Z", 0},
	    {"T00:00+23:59", -(23 * 60 + 59) * INT64_C(60000)},
	    {"T00:00-23:59", (23 * 60 + 59) * INT64_C(60000)},
	    {"T00:00+24:00", -1},
	    {"T00:00+00:60", -1},
	};
	const int64_t day_ms = time_parse_ms(view_text("2026-10-31"));

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[64];
		int64_t ms;

		(void)snprintf(text, sizeof(text), "2026-10-31%s", rows[i].clock);
		ms = time_parse_ms(view_text(text));
		if (ms != (rows[i].ms == -1 ? 0 : day_ms + rows[i].ms))
			fail_msg("%s: %lld", text, (long long)ms);
	}
}

/* What stands behind its end is not the text's. */
static void a_text_ends_where_it_ends(void **state)
{
	static const char text[] = "2026-10-31T12:34:56.789+01:00";
	static const size_t readable[] = {4, 7, 10, 16, 19, 21, 22, 23, 29};
	size_t next = 0;

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		bool reads = next < COUNT_OF(readable) && readable[next] == len;

		next += reads;
		if ((time_parse_ms(at_the_edge(view_of(text, len))) != 0) != reads)
			fail_msg("the first %zu bytes", len);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_day_follows_the_last),
    cmocka_unit_test(a_clock_ends_with_its_day),
    cmocka_unit_test(a_text_ends_where_it_ends),
};
TEST_MAIN(tests)
