/*
 * cli/port/json_check.c: whether a text is one value of JSON, by the whole grammar of RFC 8259 and
 * by what we ask beyond it: Unicode text without U+0000, no name twice, a depth.
 */
#include "cli/port/json_scan.h"
#include "cli/port/port_priv.h"

#include <stdlib.h>
#include <string.h>

const char *json_fault_text(enum json_fault fault)
{
	switch (fault) {
	case JSON_FINE: return "fine";
	case JSON_SYNTAX: return "not valid JSON";
	case JSON_NOT_UTF8: return "not UTF-8";
	case JSON_SURROGATE: return "a text holds half of a surrogate pair";
	case JSON_ZERO: return "a text holds the character U+0000";
	case JSON_DUPLICATE: return "two members have the same name";
	case JSON_TOO_DEEP: return "nested too deeply";
	case JSON_TOO_MANY: return "too many members";
	case JSON_NO_MEMORY: return "out of memory";
	}
	return "unknown fault";
}

struct check {
	const uint8_t *at;
	const uint8_t *end;
	enum json_fault fault;
	struct buffer names; /* struct view each: names of the objects that are open */
};

static void check_value(struct check *check, unsigned depth);

static void check_space(struct check *check)
{
	while (check->at < check->end && json_is_space(*check->at))
		check->at++;
}

static bool check_take(struct check *check, uint8_t byte)
{
	check_space(check);
	if (check->fault != JSON_FINE || check->at == check->end || *check->at != byte)
		return false;
	check->at++;
	return true;
}

/* A string's inside; the cursor is at its opening quote. */
static struct view check_string(struct check *check)
{
	const uint8_t *start = ++check->at;
	uint32_t code;

	while (check->fault == JSON_FINE) {
		if (check->at == check->end) {
			check->fault = JSON_SYNTAX;
			break;
		}
		if (*check->at == '"') {
			check->at++;
			return (struct view){start, (size_t)(check->at - start) - 1};
		}
		check->fault = json_string_code(&check->at, check->end, &code);
	}
	return (struct view){0};
}

static size_t digits(struct check *check)
{
	const uint8_t *start = check->at;

	while (check->at < check->end && *check->at >= '0' && *check->at <= '9')
		check->at++;
	return (size_t)(check->at - start);
}

static bool one_of(struct check *check, const char *bytes)
{
	if (check->at == check->end || *check->at == 0 || strchr(bytes, *check->at) == NULL)
		return false;
	check->at++;
	return true;
}

static bool take_number(struct check *check)
{
	const uint8_t *start;

	(void)one_of(check, "-");
	start = check->at;
	if (digits(check) == 0 || (*start == '0' && check->at - start > 1))
		return false;
	if (one_of(check, ".") && digits(check) == 0)
		return false;
	if (one_of(check, "eE")) {
		(void)one_of(check, "+-");
		if (digits(check) == 0)
			return false;
	}
	return true;
}

static void check_literal(struct check *check)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		size_t len = strlen(words[i]);

		if ((size_t)(check->end - check->at) >= len &&
		    memcmp(check->at, words[i], len) == 0) {
			check->at += len;
			return;
		}
	}
	if (!take_number(check))
		check->fault = JSON_SYNTAX;
}

/* Order of two insides of strings by their code points, as decoded. */
static int compare_names(const void *left, const void *right)
{
	const struct view *a = left;
	const struct view *b = right;
	const uint8_t *a_at = a->data;
	const uint8_t *b_at = b->data;

	while (a_at < a->data + a->len && b_at < b->data + b->len) {
		uint32_t a_code = 0;
		uint32_t b_code = 0;

		if (json_string_code(&a_at, a->data + a->len, &a_code) != JSON_FINE ||
		    json_string_code(&b_at, b->data + b->len, &b_code) != JSON_FINE)
			break;
		if (a_code != b_code)
			return a_code < b_code ? -1 : 1;
	}
	return (a_at < a->data + a->len) - (b_at < b->data + b->len);
}

static void keep_name(struct check *check, struct view name)
{
	if (check->names.len + sizeof(name) > check->names.max) {
		check->fault = JSON_TOO_MANY;
		return;
	}
	buffer_add(&check->names, &name, sizeof(name));
	if (check->names.failed)
		check->fault = JSON_NO_MEMORY;
}

/* Sorts the names kept since from, says if two are equal, and forgets them. */
static void judge_names(struct check *check, size_t from)
{
	size_t count = (check->names.len - from) / sizeof(struct view);
	struct view *names;

	if (check->fault != JSON_FINE || count == 0)
		return;
	names = (struct view *)(void *)(check->names.data + from);
	qsort(names, count, sizeof(names[0]), compare_names);
	for (size_t i = 1; i < count; i++)
		if (compare_names(&names[i - 1], &names[i]) == 0)
			check->fault = JSON_DUPLICATE;
	check->names.len = from;
}

static void check_object(struct check *check, unsigned depth)
{
	size_t from = check->names.len;

	check->at++;
	if (check_take(check, '}'))
		return;
	do {
		check_space(check);
		if (check->at == check->end || *check->at != '"') {
			check->fault = JSON_SYNTAX;
			return;
		}
		keep_name(check, check_string(check));
		if (!check_take(check, ':')) {
			if (check->fault == JSON_FINE)
				check->fault = JSON_SYNTAX;
			return;
		}
		check_value(check, depth + 1);
	} while (check_take(check, ','));
	if (!check_take(check, '}') && check->fault == JSON_FINE)
		check->fault = JSON_SYNTAX;
	judge_names(check, from);
}

static void check_array(struct check *check, unsigned depth)
{
	check->at++;
	if (check_take(check, ']'))
		return;
	do
		check_value(check, depth + 1);
	while (check_take(check, ','));
	if (!check_take(check, ']') && check->fault == JSON_FINE)
		check->fault = JSON_SYNTAX;
}

/* Recursion ends at JSON_DEPTH_MAX. */
static void check_value(struct check *check, unsigned depth)
{
	check_space(check);
	if (check->fault != JSON_FINE)
		return;
	if (check->at == check->end) {
		check->fault = JSON_SYNTAX;
		return;
	}
	if ((*check->at == '{' || *check->at == '[') && depth >= JSON_DEPTH_MAX) {
		check->fault = JSON_TOO_DEEP;
		return;
	}
	switch (*check->at) {
	case '"': (void)check_string(check); break;
	case '{': check_object(check, depth); break;
	case '[': check_array(check, depth); break;
	default: check_literal(check);
	}
}

enum json_fault json_check(struct view text)
{
	struct check check = {text.data, text.data + text.len, JSON_FINE, {0}};

	buffer_init(&check.names, JSON_MEMBERS_MAX * sizeof(struct view));
	check_value(&check, 0);
	check_space(&check);
	if (check.fault == JSON_FINE && check.at != check.end)
		check.fault = JSON_SYNTAX;
	buffer_clear(&check.names);
	return check.fault;
}

bool json_literal(struct view text)
{
	struct check check = {text.data, text.data + text.len, JSON_FINE, {0}};

	if (text.len == 0)
		return false;
	check_literal(&check);
	return check.fault == JSON_FINE && check.at == check.end;
}
