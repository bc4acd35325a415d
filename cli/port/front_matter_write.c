/*
 * cli/port/front_matter_write.c: writes front matter that front_matter.c reads back exactly, and
 * that other programs understand. A text stands bare where no YAML reader takes it for anything
 * else, otherwise in double quotes on one line; libyaml's emitter would fold long lines, and choose
 * styles by rules of its own that differ between its versions.
 */
#include "cli/port/front_matter.h"
#include "schemas/json_scan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* libyaml takes a key for one only within 1,024 characters; a longer one needs a "?". */
#define KEY_PLAIN_MAX 256u

static bool is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/*
 * How many bytes of text, at at, must be escaped as one character: C0 and C1 controls, DEL,
 * no-break space, the separators U+2028 and U+2029 (line ends to YAML 1.1), U+FEFF, U+FFFE, U+FFFF.
 * 0: none.
 */
static size_t special_len(struct view text, size_t at, unsigned *code_out)
{
	const uint8_t *p = text.data + at;
	size_t left = text.len - at;

	if (p[0] < 0x20 || p[0] == 0x7F) {
		*code_out = p[0];
		return 1;
	}
	if (left >= 2 && p[0] == 0xC2 && p[1] <= 0xA0) {
		*code_out = p[1];
		return 2;
	}
	if (left >= 3 && p[0] == 0xE2 && p[1] == 0x80 && (p[2] == 0xA8 || p[2] == 0xA9)) {
		*code_out = 0x2000u | (p[2] & 0x3Fu);
		return 3;
	}
	if (left >= 3 && p[0] == 0xEF &&
	    ((p[1] == 0xBB && p[2] == 0xBF) || (p[1] == 0xBF && p[2] >= 0xBE))) {
		*code_out = 0xF000u | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
		return 3;
	}
	return 0;
}

static void put_quoted(struct view text, struct buffer *out)
{
	size_t at = 0;

	buffer_add_byte(out, '"');
	while (at < text.len) {
		unsigned code = 0;
		size_t len = special_len(text, at, &code);

		if (code == '\n')
			buffer_add_text(out, "\\n");
		else if (code == '\t')
			buffer_add_text(out, "\\t");
		else if (len > 0)
			buffer_addf(out, code < 0x100 ? "\\x%02X" : "\\u%04X", code);
		else if (text.data[at] == '"' || text.data[at] == '\\')
			buffer_addf(out, "\\%c", text.data[at]);
		else
			buffer_add_byte(out, text.data[at]);
		at += len > 0 ? len : 1;
	}
	buffer_add_byte(out, '"');
}

/* Words that YAML 1.1 reads as something else than a text. */
static bool is_word_of_yaml(struct view text)
{
	static const char *const words[] = {
	    "true", "false", "null", "yes", "no", "on", "off", "y", "n"};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strlen(words[i]) == text.len &&
		    strncasecmp(words[i], (const char *)text.data, text.len) == 0)
			return true;
	return false;
}

/* True if every YAML reader takes the bare text for just this text. */
static bool is_plain(struct view text)
{
	if (text.len == 0 || (!is_letter(text.data[0]) && text.data[0] < 0x80) ||
	    text.data[text.len - 1] == ' ' || text.data[text.len - 1] == ':' ||
	    is_word_of_yaml(text))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned code;

		if (special_len(text, i, &code) > 0)
			return false;
		if (text.data[i] == ' ' && text.data[i + 1] == '#')
			return false;
		if (text.data[i] == ':' && text.data[i + 1] == ' ')
			return false;
	}
	return true;
}

static void put_text(struct view text, struct buffer *out)
{
	if (is_plain(text))
		buffer_add_view(out, text);
	else
		put_quoted(text, out);
}

/* 2026-01-15T00:00:00.000Z and the like: bare, as everybody writes times. */
static void put_time(struct view text, struct buffer *out)
{
	bool plain = text.len > 11 && text.data[4] == '-' && text.data[10] == 'T';

	for (size_t i = 0; i < text.len && plain; i++) {
		uint8_t c = text.data[i];

		plain = is_digit(c) || (i > 0 && i < text.len - 1 && c == ':') ||
			(i > 0 && (c == '-' || c == 'T' || c == 'Z' || c == '.' || c == '+'));
	}
	if (plain)
		buffer_add_view(out, text);
	else
		put_text(text, out);
}

/* A UUID is bare, though it may begin with a digit: with its dashes it is nothing else. */
static void put_id(struct view id, struct buffer *out)
{
	bool plain = id.len == 36;

	for (size_t i = 0; i < id.len && plain; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		plain = dash ? id.data[i] == '-' : is_digit(id.data[i]) || is_letter(id.data[i]);
	}
	if (plain)
		buffer_add_view(out, id);
	else
		put_text(id, out);
}

/* ---- Unknown members ---- */

/* Past the closing quote of the string at at. */
static size_t string_end(struct view json, size_t at)
{
	for (at++; at < json.len && json.data[at] != '"'; at++)
		if (json.data[at] == '\\')
			at++;
	return at + 1;
}

/* The decoded text, if writing it as JSON gives source again; else false. */
static bool decode_same(struct view source, struct buffer *text, struct buffer *again)
{
	uint8_t *room;

	text->len = 0;
	again->len = 0;
	room = buffer_extend(text, source.len);
	if (room == NULL)
		return false;
	text->len = json_decode(source, room);
	json_put_string(again, buffer_view(text));
	return view_equal(buffer_view(again), source);
}

/*
 * Compact JSON as YAML in one line, into out. False if reading that back would not give the very
 * same source: a string escaped otherwise than we do, or a key too long for YAML.
 */
static bool put_flow(struct view json, struct buffer *out)
{
	struct buffer text, again;
	bool same = true;
	size_t at = 0;

	buffer_init(&text, out->max);
	buffer_init(&again, out->max);
	while (at < json.len && same) {
		uint8_t c = json.data[at];
		size_t stop = c == '"' ? string_end(json, at) : at + 1;
		struct view source = {json.data + at, stop - at};

		if (c == '"') {
			same = decode_same(source, &text, &again);
			if (stop < json.len && json.data[stop] == ':' && source.len > KEY_PLAIN_MAX)
				same = false;
			put_quoted(buffer_view(&text), out);
		} else {
			buffer_add_byte(out, c);
			if (c == ':' || c == ',')
				buffer_add_byte(out, ' ');
		}
		at = stop;
	}
	out->failed = out->failed || text.failed || again.failed;
	buffer_clear(&again);
	buffer_clear(&text);
	return same;
}

/* A string alone: bare where it can be. False as put_flow. */
static bool put_string(struct view json, struct buffer *out)
{
	struct buffer text, again;
	bool same;

	buffer_init(&text, out->max);
	buffer_init(&again, out->max);
	same = decode_same(json, &text, &again);
	if (same)
		put_text(buffer_view(&text), out);
	out->failed = out->failed || text.failed || again.failed;
	buffer_clear(&again);
	buffer_clear(&text);
	return same;
}

static void put_extra(const struct entry_extra *extra, struct buffer *out)
{
	size_t start = out->len;
	bool long_key, same;

	put_text(extra->name, out);
	long_key = out->len - start > KEY_PLAIN_MAX;
	if (long_key) {
		out->len = start;
		buffer_add_text(out, "? ");
		put_text(extra->name, out);
		buffer_add_text(out, "\n");
	}
	buffer_add_text(out, ": ");
	start = out->len;
	same = extra->json.len > 0 && extra->json.data[0] == '"' ? put_string(extra->json, out)
								 : put_flow(extra->json, out);
	if (!same && !out->failed) {
		out->len = start;
		buffer_add_text(out, "!json ");
		put_quoted(extra->json, out);
	}
	buffer_add_byte(out, '\n');
}

static int compare_extra(const void *left, const void *right)
{
	const struct entry_extra *a = left;
	const struct entry_extra *b = right;

	return view_compare(a->name, b->name);
}

static void put_member(const char *name, struct view text,
    void (*put)(struct view, struct buffer *), struct buffer *out)
{
	buffer_addf(out, "%s: ", name);
	put(text, out);
	buffer_add_byte(out, '\n');
}

void front_matter_write(const struct entry *entry, struct buffer *out)
{
	struct entry_extra extra[EXTRA_COUNT_MAX];

	buffer_add_text(out, "---\n");
	put_member("id", entry->id, put_id, out);
	put_member("title", entry->title, put_text, out);
	put_member("createdAt", entry->created_at, put_time, out);
	put_member("updatedAt", entry->updated_at, put_time, out);
	if (!view_equal(entry->collection, view_text("journal")))
		put_member("collection", entry->collection, put_text, out);
	if (entry->deleted_at.data != NULL)
		put_member("deletedAt", entry->deleted_at, put_time, out);
	if (entry->conflict_of.data != NULL)
		put_member("conflictOf", entry->conflict_of, put_id, out);
	memcpy(extra, entry->extra, entry->extra_count * sizeof(extra[0]));
	qsort(extra, entry->extra_count, sizeof(extra[0]), compare_extra);
	for (size_t i = 0; i < entry->extra_count; i++)
		put_extra(&extra[i], out);
	buffer_add_text(out, "---\n\n");
}
