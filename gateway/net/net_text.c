/*
 * gateway/net/net_text.c: the texts of net_text.h. Dates are read here and not by libcurl, since a
 * browser has none, and the same answer must mean the same there. What a date's parts say is
 * brought into the order of ISO 8601; schemas/time.c then knows the calendar.
 */
#include "gateway/net/net_text.h"

#include <stdio.h>
#include <string.h>

#include "schemas/entry.h"

#define CENTURY_TURNS 70 /* a year of two digits: 70 is 1970, 69 is 2069 */

static char lower(char letter)
{
	return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static bool is_blank(char letter)
{
	return letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n';
}

void net_header_value(const char *line, size_t len, const char *name, char *out, size_t out_size)
{
	size_t at = strlen(name);

	if (len <= at || line[at] != ':')
		return;
	for (size_t i = 0; i < at; i++)
		if (lower(line[i]) != name[i])
			return;
	at++;
	while (at < len && (line[at] == ' ' || line[at] == '\t'))
		at++;
	while (len > at && is_blank(line[len - 1]))
		len--;
	if (len - at >= out_size)
		return;
	memcpy(out, line + at, len - at);
	out[len - at] = '\0';
}

/* ---- dates ---- */

struct date { /* what its words have said so far; -1: nothing */
	int year, month, day, hour, minute, second;
};

/* The digits that text begins with, as many as are asked for and no more. False: other than so. */
static bool read_digits(const char **text, size_t least, size_t most, int *out)
{
	size_t count = 0;
	int value = 0;

	while (count < most && **text >= '0' && **text <= '9') {
		value = value * 10 + (**text - '0');
		(*text)++;
		count++;
	}
	*out = value;
	return count >= least && (**text < '0' || **text > '9');
}

static bool read_clock(const char *word, struct date *date)
{
	if (date->hour >= 0 || !read_digits(&word, 2, 2, &date->hour) || *word++ != ':' ||
	    !read_digits(&word, 2, 2, &date->minute) || *word++ != ':' ||
	    !read_digits(&word, 2, 2, &date->second))
		return false;
	if (date->second == 60) /* a second that was put in, which no clock of ours shows */
		date->second = 59;
	return *word == '\0';
}

/* The day comes first in each form, then the year. */
static bool read_number(const char *word, size_t len, struct date *date)
{
	if (date->day < 0)
		return read_digits(&word, 1, 2, &date->day) && *word == '\0';
	if (date->year >= 0 || (len != 2 && len != 4) || !read_digits(&word, 2, 4, &date->year))
		return false;
	if (len == 2)
		date->year += date->year < CENTURY_TURNS ? 2000 : 1900;
	return *word == '\0';
}

static bool read_name(const char *word, bool first, struct date *date)
{
	static const char *const months[] = {
	    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

	for (int i = 0; i < (int)COUNT_OF(months); i++)
		if (strcmp(word, months[i]) == 0) {
			bool is_first = date->month < 0;

			date->month = i + 1;
			return is_first;
		}
	/* The weekday follows from the rest. */
	return first || strcmp(word, "GMT") == 0 || strcmp(word, "UTC") == 0;
}

static bool read_word(const char *word, size_t len, bool first, struct date *date)
{
	if (word[0] < '0' || word[0] > '9')
		return read_name(word, first, date);
	return strchr(word, ':') != NULL ? read_clock(word, date) : read_number(word, len, date);
}

static bool read_date(const char *text, struct date *date)
{
	bool first = true;

	for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ,-")) {
		char word[16];
		size_t len = strcspn(text, " ,-");

		if (len == 0 || len >= sizeof(word))
			return false;
		memcpy(word, text, len);
		word[len] = '\0';
		if (!read_word(word, len, first, date))
			return false;
		first = false;
		text += len;
	}
	return date->year >= 0 && date->month >= 0 && date->day >= 0 && date->hour >= 0;
}

int64_t net_date_ms(const char *text)
{
	struct date date = {-1, -1, -1, -1, -1, -1};
	char iso[64];
	int64_t ms;

	if (!read_date(text, &date))
		return 0;
	(void)snprintf(iso, sizeof(iso), "%04d-%02d-%02dT%02d:%02d:%02dZ", date.year, date.month,
	    date.day, date.hour, date.minute, date.second);
	ms = time_parse_ms(view_text(iso));
	return ms < 0 ? 0 : ms;
}

int64_t net_retry_after_ms(const char *text, int64_t now_ms, int64_t max_ms)
{
	size_t digits = strspn(text, "0123456789");
	int64_t wait_ms = 0;

	if (digits > 0 && text[digits] == '\0') {
		for (size_t i = 0; i < digits && wait_ms < max_ms; i++)
			wait_ms = wait_ms * 10 + (int64_t)(text[i] - '0') * 1000;
	} else if (net_date_ms(text) != 0) {
		wait_ms = net_date_ms(text) - now_ms;
	}
	if (wait_ms < 0)
		return 0;
	return wait_ms > max_ms ? max_ms : wait_ms;
}
