/*
 * schemas/time.c: ISO 8601 texts as milliseconds since 1970, and back.
 * Two devices must order the same texts alike, so this is ours and exact: no locale, no time zone
 * of the machine. Days by H. Hinnant's civil calendar algorithms (proleptic Gregorian).
 */
#include "schemas/entry.h"

#include <stdio.h>

#define MS_PER_DAY 86400000LL

static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
	int64_t era, year_of_era, day_of_year, day_of_era;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	year_of_era = year - era * 400;
	day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
}

struct cursor {
	struct view text;
	size_t at;
	bool failed;
};

static bool accept(struct cursor *cursor, char c)
{
	if (cursor->at >= cursor->text.len || cursor->text.data[cursor->at] != (uint8_t)c)
		return false;
	cursor->at++;
	return true;
}

static int64_t digits(struct cursor *cursor, size_t count)
{
	int64_t value = 0;

	for (size_t i = 0; i < count; i++) {
		uint8_t c = cursor->at < cursor->text.len ? cursor->text.data[cursor->at] : 0;

		if (c < '0' || c > '9') {
			cursor->failed = true;
			return 0;
		}
		value = value * 10 + (c - '0');
		cursor->at++;
	}
	return value;
}

static int64_t read_year(struct cursor *cursor)
{
	int64_t year;

	if (accept(cursor, '+'))
		return digits(cursor, 6);
	if (!accept(cursor, '-'))
		return digits(cursor, 4);
	year = digits(cursor, 6);
	if (year == 0)
		cursor->failed = true; /* -000000 is no year */
	return -year;
}

/* .f, .ff, .fff…: milliseconds, the rest dropped. */
static int64_t read_fraction(struct cursor *cursor)
{
	int64_t ms = 0;
	int64_t unit = 100;

	if (!accept(cursor, '.'))
		return 0;
	ms = digits(cursor, 1) * unit;
	while (!cursor->failed && cursor->at < cursor->text.len &&
	       cursor->text.data[cursor->at] >= '0' && cursor->text.data[cursor->at] <= '9') {
		unit /= 10;
		ms += digits(cursor, 1) * unit;
	}
	return ms;
}

static int64_t read_zone(struct cursor *cursor)
{
	int64_t sign, hours, minutes;

	if (accept(cursor, 'Z'))
		return 0;
	if (cursor->at == cursor->text.len)
		return 0; /* no zone: UTC, so that all devices agree */
	if (accept(cursor, '+'))
		sign = 1;
	else if (accept(cursor, '-'))
		sign = -1;
	else {
		cursor->failed = true;
		return 0;
	}
	hours = digits(cursor, 2);
	if (!accept(cursor, ':'))
		cursor->failed = true;
	minutes = digits(cursor, 2);
	if (hours > 23 || minutes > 59)
		cursor->failed = true;
	return sign * (hours * 60 + minutes) * 60000;
}

static int64_t read_clock(struct cursor *cursor)
{
	int64_t hours, minutes;
	int64_t seconds = 0;
	int64_t ms = 0;
	int64_t zone;

	hours = digits(cursor, 2);
	if (!accept(cursor, ':'))
		cursor->failed = true;
	minutes = digits(cursor, 2);
	if (accept(cursor, ':')) {
		seconds = digits(cursor, 2);
		ms = read_fraction(cursor);
	}
	zone = read_zone(cursor);
	if (hours > 24 || minutes > 59 || seconds > 59 ||
	    (hours == 24 && (minutes > 0 || seconds > 0 || ms > 0)))
		cursor->failed = true;
	return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms - zone;
}

int64_t time_parse_ms(struct view text)
{
	struct cursor cursor = {text, 0, false};
	int64_t year, ms;
	int64_t month = 1;
	int64_t day = 1;

	year = read_year(&cursor);
	if (!cursor.failed && accept(&cursor, '-')) {
		month = digits(&cursor, 2);
		if (accept(&cursor, '-'))
			day = digits(&cursor, 2);
	}
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return 0;
	ms = days_from_civil(year, month, day) * MS_PER_DAY;
	if (accept(&cursor, 'T'))
		ms += read_clock(&cursor);
	if (cursor.failed || cursor.at != text.len || ms < -TIME_MS_MAX || ms > TIME_MS_MAX)
		return 0;
	return ms;
}

int64_t time_later_ms(int64_t now_ms, int64_t than_ms)
{
	if (now_ms > than_ms)
		return now_ms;
	return than_ms < TIME_MS_MAX ? than_ms + 1 : TIME_MS_MAX;
}

void time_print_ms(int64_t ms, char out[TIME_PRINT_MAX])
{
	int64_t days = ms / MS_PER_DAY - (ms % MS_PER_DAY < 0);
	int64_t in_day = ms - days * MS_PER_DAY;
	int64_t era, day_of_era, year_of_era, day_of_year, shifted, year, month, day;
	const char *format = "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld.%03lldZ";

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	day_of_era = days - era * 146097;
	year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	shifted = (5 * day_of_year + 2) / 153;
	day = day_of_year - (153 * shifted + 2) / 5 + 1;
	month = shifted < 10 ? shifted + 3 : shifted - 9;
	year = year_of_era + era * 400 + (month <= 2);
	if (year < 0 || year > 9999)
		format = "%+07lld-%02lld-%02lldT%02lld:%02lld:%02lld.%03lldZ";
	if (year < -999999 || year > 999999)
		year = year < 0 ? -999999 : 999999; /* no clock says that; the text stays bounded */
	(void)snprintf(out, TIME_PRINT_MAX, format, (long long)year, (long long)month,
	    (long long)day, (long long)(in_day / 3600000), (long long)(in_day / 60000 % 60),
	    (long long)(in_day / 1000 % 60), (long long)(in_day % 1000));
}
