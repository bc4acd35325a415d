/*
 * tests/gateway/net/net_text_test.c: header lines, dates and Retry-After, as servers send them.
 */
#include "tests/test.h"

#include <string.h>

#include "gateway/net/net_text.h"

#define DAY_MS (24 * 3600000LL)

static void header_lines(void **state)
{
	static const struct {
		const char *name, *line, *value;
	} rows[] = {
	    {"plain", "Date: now\r\n", "now"},
	    {"any case", "dAtE:\t now \r\n", "now"},
	    {"empty", "Date:\r\n", ""},
	    {"blank", "Date: \t \r\n", ""},
	    {"a letter", "Date: x", "x"},
	    {"the longest", "Date: 012345678901234\r\n", "012345678901234"},
	    {"a name like it", "Dat\x05: now\r\n", "before"},
	    {"no colon", "Date now\r\n", "before"},
	    {"the name alone", "Date", "before"},
	    {"another", "Dates: now\r\n", "before"},
	    {"a beginning", "Dat", "before"},
	    {"too long", "Date: 0123456789012345\r\n", "before"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char value[16] = "before";

		net_header_value(rows[i].line, strlen(rows[i].line), "date", value, sizeof(value));
		if (strcmp(value, rows[i].value) != 0)
			fail_msg("%s: %s", rows[i].name, value);
	}
}

/* A line has no NUL: what follows it in memory is not its own. */
static void a_line_ends_where_it_ends(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *value;
	} rows[] = {
	    {"Date:  now", 6, ""},
	    {"Date: now then", 9, "now"},
	    {"Date:now", 5, ""},
	    {"Date:now", 4, "before"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char value[16] = "before";

		net_header_value(rows[i].text, rows[i].len, "date", value, sizeof(value));
		assert_string_equal(value, rows[i].value);
	}
}

static void dates(void **state)
{
	static const struct {
		const char *text;
		int64_t at_ms;
	} rows[] = {
	    {"Wed, 21 Oct 2015 07:28:00 GMT", 1445412480000},
	    {"Wednesday, 21-Oct-15 07:28:00 GMT", 1445412480000},
	    {"Wed Oct 21 07:28:00 2015", 1445412480000},
	    {"Thu Oct  1 07:28:00 2015", 1443684480000},
	    {"21 Oct 2015 07:28:00 GMT", 1445412480000}, /* the weekday says nothing more */
	    {"Wed, 21 Oct 2015 07:28:00 UTC", 1445412480000},
	    {"Wed, 21 Oct 2015 07:28:00", 1445412480000},
	    {" Wed, 21 Oct 2015 07:28:00 GMT", 1445412480000},
	    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
	    {"Thu, 01 Jan 1970 00:00:01 GMT", 1000},
	    {"Wed, 31 Dec 1969 23:59:59 GMT", 0},
	    {"Thursday, 01-Jan-70 00:00:01 GMT", 1000},
	    {"Tuesday, 01-Jan-69 00:00:00 GMT", 3124224000000},
	    {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228799000},
	    {"Mon, 29 Feb 2016 00:00:00 GMT", 1456704000000},
	    {"Sun, 29 Feb 2015 00:00:00 GMT", 0}, /* there was none */
	    {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799000},
	    {"", 0},
	    {"soon", 0},
	    {"Wed", 0},
	    {"GMT", 0},
	    {"Wed, 21 Oct 2015 GMT", 0},
	    {"Wed, 21 Oct 07:28:00 GMT", 0},
	    {"Wed, Oct 2015 07:28:00 GMT", 0},
	    {"Wed, 21 2015 07:28:00 GMT", 0},
	    {"Wed, 21 Oct 2015 07:28 GMT", 0},
	    {"Wed, 21 Oct 2015 7:28:00 GMT", 0},
	    {"Wed, 21 Oct 2015 07:8:00 GMT", 0},
	    {"Wed, 21 Oct 2015 07:28:0 GMT", 0},
	    {"Wed, 21 Oct 2015 07:28:000 GMT", 0},
	    {"Wed, 21 Oct 2015 07:28:00Z", 0},
	    {"Wed, 21 Oct 2015 24:00:01 GMT", 0},
	    {"Wed, 21 Oct 2015 07:60:00 GMT", 0},
	    {"Wed, 21 Oct 2015 07:28:61 GMT", 0},
	    {"Wed, 21 Oct 2015 07:28:00 07:28:00 GMT", 0},
	    {"Wed, 0 Oct 2015 07:28:00 GMT", 0},
	    {"Wed, 32 Oct 2015 07:28:00 GMT", 0},
	    {"Wed, 021 Oct 2015 07:28:00 GMT", 0},
	    {"Wed, 21x Oct 2015 07:28:00 GMT", 0},
	    {"Wed, 21 oct 2015 07:28:00 GMT", 0},
	    {"Wed, 21 Oct Nov 2015 07:28:00 GMT", 0},
	    {"Wed, 21 Oct 215 07:28:00 GMT", 0},
	    {"Wed, 21 Oct 20155 07:28:00 GMT", 0},
	    {"Wed, 21 Oct 2x15 07:28:00 GMT", 0},
	    {"Wed, 21 Oct 2015 2015 07:28:00 GMT", 0},
	    {"Wed, 21 Oct 2015 07:28:00 CET", 0}, /* HTTP has no such date: it is not guessed at */
	    {"Wed, 21 Oct 2015 07:28:00 +0100", 0},
	    {"Wed, 21 Oct 2015 07:28:00 GMT, and then some words more", 0},
	    {"Wed; 21 Oct 2015 07:28:00 GMT", 1445412480000}, /* what is skipped may be anything */
	    {"abcdefghijklmnop 21 Oct 2015 07:28:00 GMT", 0}, /* but is no weekday */
	    {"--", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (net_date_ms(rows[i].text) != rows[i].at_ms)
			fail_msg("%s: %lld", rows[i].text, (long long)net_date_ms(rows[i].text));
}

static void waits(void **state)
{
	static const int64_t now_ms = 1445412400000; /* Wed, 21 Oct 2015 07:26:40 GMT */
	static const struct {
		const char *name, *text;
		int64_t wait_ms;
	} rows[] = {
	    {"none", "", 0},
	    {"seconds", "120", 120000},
	    {"zeros before them", "007", 7000},
	    {"just a day", "86400", DAY_MS},
	    {"not a day", "86399", 86399000},
	    {"a date now", "Wed, 21 Oct 2015 07:26:40 GMT", 0},
	    {"a date in a day", "Thu, 22 Oct 2015 07:26:41 GMT", DAY_MS},
	    {"a date within a day", "Thu, 22 Oct 2015 07:26:39 GMT", DAY_MS - 1000},
	    {"no wait", "0", 0},
	    {"a date", "Wed, 21 Oct 2015 07:28:00 GMT", 80000},
	    {"a date that is past", "Wed, 21 Oct 2015 07:25:00 GMT", 0},
	    {"more than a day", "86401", DAY_MS},
	    {"digits without end", "99999999999999999999999999", DAY_MS},
	    {"a far date", "Wed, 21 Oct 2095 07:28:00 GMT", DAY_MS},
	    {"below zero", "-5", 0},
	    {"neither", "soon", 0},
	    {"both", "5, 6", 0},
	    {"words", "7 seconds", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t wait_ms = net_retry_after_ms(rows[i].text, now_ms, DAY_MS);

		if (wait_ms != rows[i].wait_ms)
			fail_msg("%s: %lld", rows[i].name, (long long)wait_ms);
	}
	/* A date is a whole second, now is not; and another's maximum. */
	assert_int_equal(
	    net_retry_after_ms("Wed, 21 Oct 2015 07:26:41 GMT", now_ms + 1, DAY_MS), 999);
	assert_int_equal(net_retry_after_ms("3601", now_ms, 3600000), 3600000);
	assert_int_equal(net_retry_after_ms("3599", now_ms, 3600000), 3599000);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(header_lines),
    cmocka_unit_test(a_line_ends_where_it_ends),
    cmocka_unit_test(dates),
    cmocka_unit_test(waits),
};

TEST_MAIN(tests)
