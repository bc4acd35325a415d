/*
 * schemas/json.c: the whole grammar of RFC 8259, and what we ask beyond it: Unicode text without
 * U+0000, no name twice, a depth.
 */
#include "schemas/json.h"
#include "schemas/base/utf8.h"

#include <stdlib.h>
#include <string.h>

const char *json_fault_text(enum json_fault fault)
{
	switch (fault) {
	case JSON_FINE: return "fine";
	case JSON_SYNTAX: return "not valid JSON";
	case JSON_SPACE: return "white space between its parts";
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

/* ---- Strings ---- */

static bool hex4(const uint8_t *at, const uint8_t *end, uint32_t *value_out)
{
	uint32_t value = 0;

	if (end - at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		uint8_t c = at[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	*value_out = value;
	return true;
}

/* After the 'u' of an escape: one code point, of two escapes if it is beyond U+FFFF. */
static enum json_fault unicode_escape(const uint8_t **at, const uint8_t *end, uint32_t *code_out)
{
	uint32_t high, low;

	if (!hex4(*at, end, &high))
		return JSON_SYNTAX;
	*at += 4;
	*code_out = high;
	if (high == 0)
		return JSON_ZERO;
	if (high < 0xD800 || high > 0xDFFF)
		return JSON_FINE;
	if (high > 0xDBFF || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u' ||
	    !hex4(*at + 2, end, &low) || low < 0xDC00 || low > 0xDFFF)
		return JSON_SURROGATE;
	*at += 6;
	*code_out = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
	return JSON_FINE;
}

static enum json_fault escape(const uint8_t **at, const uint8_t *end, uint32_t *code_out)
{
	if (*at == end)
		return JSON_SYNTAX;
	switch (*(*at)++) {
	case '"': *code_out = '"'; return JSON_FINE;
	case '\\': *code_out = '\\'; return JSON_FINE;
	case '/': *code_out = '/'; return JSON_FINE;
	case 'b': *code_out = '\b'; return JSON_FINE;
	case 'f': *code_out = '\f'; return JSON_FINE;
	case 'n': *code_out = '\n'; return JSON_FINE;
	case 'r': *code_out = '\r'; return JSON_FINE;
	case 't': *code_out = '\t'; return JSON_FINE;
	case 'u': return unicode_escape(at, end, code_out);
	default: return JSON_SYNTAX;
	}
}

/* One code point above U+007F. */
static enum json_fault utf8_code(const uint8_t **at, const uint8_t *end, uint32_t *code_out)
{
	size_t len = utf8_char_len(view_of(*at, (size_t)(end - *at)));

	if (len == 0)
		return JSON_NOT_UTF8;
	*code_out = utf8_char_code(view_of(*at, len));
	*at += len;
	return JSON_FINE;
}

enum json_fault json_string_code(const uint8_t **at, const uint8_t *end, uint32_t *code_out)
{
	uint8_t byte = **at;

	if (byte >= 0x80)
		return utf8_code(at, end, code_out);
	(*at)++;
	*code_out = byte;
	if (byte == '\\')
		return escape(at, end, code_out);
	return byte < 0x20 ? JSON_SYNTAX : JSON_FINE;
}

bool json_is_space(uint8_t byte)
{
	return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* ---- Values ---- */

struct bracket {
	bool object;
	size_t names_from; /* where its names begin in check.names */
};

struct check {
	const uint8_t *at;
	const uint8_t *end;
	bool compact;
	unsigned depth_max;
	enum json_fault fault;
	struct buffer names; /* struct view each: names of the objects that are open */
	struct bracket open[JSON_DEPTH_MAX];
	unsigned depth;
};

/* The next byte that is no white space; 0 at the end, or where white space is a fault. */
static uint8_t peek(struct check *check)
{
	while (check->at < check->end && json_is_space(*check->at)) {
		if (check->compact) {
			check->fault = JSON_SPACE;
			return 0;
		}
		check->at++;
	}
	return check->at < check->end ? *check->at : 0;
}

static void fail_syntax(struct check *check)
{
	if (check->fault == JSON_FINE) /* else it says more */
		check->fault = JSON_SYNTAX;
}

/* A string's inside; the cursor is at its opening quote. */
static struct view take_string(struct check *check)
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

static void take_literal(struct check *check)
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

/* Sorts the names kept since from, says if two are equal, and forgets them. */
static void judge_names(struct check *check, size_t from)
{
	size_t count = (check->names.len - from) / sizeof(struct view);
	struct view *names;

	if (count == 0)
		return;
	names = (struct view *)(void *)(check->names.data + from);
	qsort(names, count, sizeof(names[0]), compare_names);
	for (size_t i = 1; i < count; i++)
		if (compare_names(&names[i - 1], &names[i]) == 0)
			check->fault = JSON_DUPLICATE;
	check->names.len = from;
}

/* A member's name, kept, and the colon after it. */
static void take_name(struct check *check)
{
	struct view name;

	if (peek(check) != '"') {
		fail_syntax(check);
		return;
	}
	name = take_string(check);
	if (check->fault != JSON_FINE)
		return;
	if (check->names.len + sizeof(name) > check->names.max) {
		check->fault = JSON_TOO_MANY;
		return;
	}
	buffer_add(&check->names, &name, sizeof(name));
	if (check->names.failed)
		check->fault = JSON_NO_MEMORY;
	else if (peek(check) == ':')
		check->at++;
	else
		fail_syntax(check);
}

static uint8_t closing(const struct check *check)
{
	return check->open[check->depth - 1].object ? '}' : ']';
}

static void close_bracket(struct check *check)
{
	const struct bracket *bracket = &check->open[--check->depth];

	check->at++;
	if (bracket->object)
		judge_names(check, bracket->names_from);
}

/* True if the bracket holds something: its first value comes next. */
static bool open_bracket(struct check *check, bool object)
{
	if (check->depth == check->depth_max) {
		check->fault = JSON_TOO_DEEP;
		return false;
	}
	check->open[check->depth++] = (struct bracket){object, check->names.len};
	check->at++;
	if (peek(check) == closing(check)) {
		close_bracket(check);
		return false;
	}
	if (object)
		take_name(check);
	return true;
}

/* Takes a value, or the bracket that begins one: then true, if a value comes next. */
static bool take_value(struct check *check)
{
	switch (peek(check)) {
	case '{': return open_bracket(check, true);
	case '[': return open_bracket(check, false);
	case '"': (void)take_string(check); return false;
	default:
		if (check->fault == JSON_FINE)
			take_literal(check);
		return false;
	}
}

/* After a value within a bracket: true if another one comes next, else the bracket was closed. */
static bool take_joint(struct check *check)
{
	uint8_t next = peek(check);

	if (next == ',') {
		check->at++;
		if (check->open[check->depth - 1].object)
			take_name(check);
		return true;
	}
	if (next == closing(check))
		close_bracket(check);
	else
		fail_syntax(check);
	return false;
}

/* Each round takes a byte at least. */
static void take_all(struct check *check)
{
	bool more;

	do {
		more = take_value(check);
		while (!more && check->depth > 0 && check->fault == JSON_FINE)
			more = take_joint(check);
	} while (more && check->fault == JSON_FINE);
}

static enum json_fault check_text(struct view text, bool compact, unsigned depth_max)
{
	struct check check = {.at = text.data,
	    .end = text.data + text.len,
	    .compact = compact,
	    .depth_max = depth_max};

	if (text.len == 0)
		return JSON_SYNTAX;
	buffer_init(&check.names, JSON_MEMBERS_MAX * sizeof(struct view));
	take_all(&check);
	if (check.fault == JSON_FINE)
		(void)peek(&check);
	if (check.fault == JSON_FINE && check.at != check.end)
		check.fault = JSON_SYNTAX;
	buffer_clear(&check.names);
	return check.fault;
}

enum json_fault json_check(struct view text)
{
	return check_text(text, false, JSON_DEPTH_MAX);
}

enum json_fault json_check_member(struct view text)
{
	return check_text(text, true, JSON_DEPTH_MAX - 1);
}

bool json_literal(struct view text)
{
	struct check check = {.at = text.data, .end = text.data + text.len};

	if (text.len == 0)
		return false;
	take_literal(&check);
	return check.fault == JSON_FINE && check.at == check.end;
}
