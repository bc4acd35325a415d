/*
 * schemas/json_scan.c: the cursor and the strings of json_scan.h.
 */
#include "schemas/json_scan.h"

#include <assert.h>
#include <string.h>

/* ---- Strings ---- */

static size_t utf8_put(uint32_t code, uint8_t *out)
{
	if (code < 0x80) {
		out[0] = (uint8_t)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (uint8_t)(0xC0 | code >> 6);
		out[1] = (uint8_t)(0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (uint8_t)(0xE0 | code >> 12);
		out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
		out[2] = (uint8_t)(0x80 | (code & 0x3F));
		return 3;
	}
	out[0] = (uint8_t)(0xF0 | code >> 18);
	out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3F));
	out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
	out[3] = (uint8_t)(0x80 | (code & 0x3F));
	return 4;
}

/* The inside of a string that was checked. */
static struct view inside(struct view string)
{
	assert(string.len >= 2 && string.data[0] == '"' && string.data[string.len - 1] == '"');
	return (struct view){string.data + 1, string.len - 2};
}

size_t json_decode(struct view string, uint8_t *out)
{
	struct view body = inside(string);
	const uint8_t *at = body.data;
	const uint8_t *end = body.data + body.len;
	size_t len = 0;

	while (at < end) {
		uint32_t code;

		/* What was checked has no fault; never longer than its source: 6 for 3, 12 for 4.
		 */
		if (json_string_code(&at, end, &code) != JSON_FINE)
			break;
		len += utf8_put(code, out + len);
	}
	return len;
}

bool json_decode_into(struct view string, char *out, size_t out_size)
{
	struct view body = inside(string);
	const uint8_t *at = body.data;
	const uint8_t *end = body.data + body.len;
	size_t len = 0;
	uint32_t code;

	assert(out_size > 0);
	while (at < end && json_string_code(&at, end, &code) == JSON_FINE) {
		uint8_t bytes[4];
		size_t more = utf8_put(code, bytes);

		if (len + more >= out_size) {
			out[len] = '\0';
			return false;
		}
		memcpy(out + len, bytes, more);
		len += more;
	}
	out[len] = '\0';
	return true;
}

bool json_is(struct view string, const char *text)
{
	struct view body = inside(string);
	const uint8_t *at = body.data;
	const uint8_t *end = body.data + body.len;
	uint32_t code;

	for (; *text != '\0'; text++)
		if (at == end || json_string_code(&at, end, &code) != JSON_FINE ||
		    code != (uint8_t)*text)
			return false;
	return at == end;
}

/* ---- The cursor ---- */

void json_begin(struct json_scan *scan, struct view text)
{
	*scan = (struct json_scan){text.data, text.data + text.len, false};
}

uint8_t json_peek(struct json_scan *scan)
{
	while (scan->at < scan->end && json_is_space(*scan->at))
		scan->at++;
	return scan->at < scan->end ? *scan->at : 0;
}

void json_enter(struct json_scan *scan, uint8_t bracket)
{
	if (json_peek(scan) != bracket)
		scan->broken = true;
	if (!scan->broken)
		scan->at++;
}

bool json_more(struct json_scan *scan, uint8_t close, bool *first)
{
	uint8_t next = json_peek(scan);

	if (scan->broken)
		return false;
	if (next == close) {
		scan->at++;
		return false;
	}
	if (!*first && next != ',') {
		scan->broken = true;
		return false;
	}
	if (!*first)
		scan->at++; /* a bracket after it is no value: json_name and json_raw break there */
	*first = false;
	return true;
}

/* Past the closing quote of the string that begins at at; NULL if there is none. */
static const uint8_t *string_end(const uint8_t *at, const uint8_t *end)
{
	for (at++; at < end; at++) {
		if (*at == '"')
			return at + 1;
		if (*at == '\\' && at + 1 < end)
			at++;
	}
	return NULL;
}

/* Past the bracket that closes the one at at. Depth is no danger here: it is but counted. */
static const uint8_t *bracket_end(const uint8_t *at, const uint8_t *end)
{
	size_t depth = 0;

	while (at < end) {
		switch (*at) {
		case '"':
			at = string_end(at, end);
			if (at == NULL)
				return NULL;
			continue;
		case '{':
		case '[': depth++; break;
		case '}':
		case ']': depth--; break;
		default: break;
		}
		at++;
		if (depth == 0)
			return at;
	}
	return NULL;
}

static const uint8_t *literal_end(const uint8_t *at, const uint8_t *end)
{
	const uint8_t *start = at;

	while (at < end && !json_is_space(*at) && strchr(",:{}[]\"", *at) == NULL)
		at++;
	return at == start ? NULL : at;
}

struct view json_raw(struct json_scan *scan)
{
	uint8_t next = json_peek(scan);
	const uint8_t *start = scan->at;
	const uint8_t *stop = NULL;

	if (!scan->broken && next == '"')
		stop = string_end(start, scan->end);
	else if (!scan->broken && (next == '{' || next == '['))
		stop = bracket_end(start, scan->end);
	else if (!scan->broken)
		stop = literal_end(start, scan->end);
	if (stop == NULL) {
		scan->broken = true;
		return (struct view){0};
	}
	scan->at = stop;
	return (struct view){start, (size_t)(stop - start)};
}

struct view json_name(struct json_scan *scan)
{
	struct view name;

	if (json_peek(scan) != '"')
		scan->broken = true;
	name = json_raw(scan);
	if (json_peek(scan) != ':')
		scan->broken = true;
	if (scan->broken)
		return (struct view){0};
	scan->at++;
	return name;
}

bool json_at_end(struct json_scan *scan)
{
	(void)json_peek(scan);
	return !scan->broken && scan->at == scan->end;
}

/* ---- Writing ---- */

size_t json_compact(struct view value, uint8_t *out)
{
	const uint8_t *at = value.data;
	const uint8_t *end = value.data + value.len;
	size_t len = 0;

	while (at < end) {
		const uint8_t *stop = at + 1;

		if (*at == '"')
			stop = string_end(at, end);
		else if (json_is_space(*at)) {
			at++;
			continue;
		}
		assert(stop != NULL); /* the value was checked */
		memcpy(out + len, at, (size_t)(stop - at));
		len += (size_t)(stop - at);
		at = stop;
	}
	return len;
}

void json_put_string(struct buffer *out, struct view text)
{
	size_t plain = 0; /* where the run of bytes that need no escape begins */

	buffer_add_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		static const char names[] = "\b\f\n\r\t\"\\";
		static const char letters[] = "bfnrt\"\\";
		uint8_t byte = text.data[i];
		const char *name;

		if (byte >= 0x20 && byte != '"' && byte != '\\')
			continue;
		buffer_add(out, text.data + plain, i - plain);
		plain = i + 1;
		name = byte == 0 ? NULL : strchr(names, byte);
		if (name != NULL)
			buffer_addf(out, "\\%c", letters[name - names]);
		else
			buffer_addf(out, "\\u%04x", byte);
	}
	if (plain < text.len)
		buffer_add(out, text.data + plain, text.len - plain);
	buffer_add_byte(out, '"');
}
