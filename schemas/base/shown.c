/*
 * schemas/base/shown.c: what may be shown, by a table of ranges.
 */
#include "schemas/base/shown.h"
#include "schemas/base/utf8.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT 0xFFFDu
#define ZERO_WIDTH_NON_JOINER 0x200Cu
#define ZERO_WIDTH_JOINER 0x200Du
#define EMOJI_SELECTOR 0xFE0Fu
#define ASCII_END 0x80u

/* Ascending. What a terminal obeys, and what shows nothing but changes what is shown. */
static const struct {
	uint32_t first, last;
} hidden[] = {
    {0x0000, 0x001F},   /* C0 */
    {0x007F, 0x009F},   /* DEL, C1 */
    {0x00AD, 0x00AD},   /* soft hyphen */
    {0x034F, 0x034F},   /* combining grapheme joiner */
    {0x061C, 0x061C},   /* Arabic letter mark */
    {0x115F, 0x1160},   /* Hangul fillers */
    {0x17B4, 0x17B5},   /* Khmer inherent vowels */
    {0x180B, 0x180F},   /* Mongolian selectors and separator */
    {0x200B, 0x200F},   /* zero width, left-to-right, right-to-left marks */
    {0x2028, 0x202E},   /* separators; embeddings, overrides */
    {0x2060, 0x206F},   /* word joiner, invisible operators, isolates */
    {0x3164, 0x3164},   /* Hangul filler */
    {0xFE00, 0xFE0F},   /* variation selectors */
    {0xFEFF, 0xFEFF},   /* byte order mark */
    {0xFFA0, 0xFFA0},   /* halfwidth Hangul filler */
    {0xFFF0, 0xFFFB},   /* reserved; interlinear annotation */
    {0x1BCA0, 0x1BCA3}, /* shorthand format controls */
    {0x1D173, 0x1D17A}, /* musical format controls */
    {0xE0000, 0xE0FFF}, /* tags, more variation selectors */
};

static bool is_hidden(uint32_t code)
{
	if (code >= ' ' && code < 0x7F) /* most are */
		return false;
	for (size_t i = 0; i < COUNT_OF(hidden) && hidden[i].first <= code; i++)
		if (code <= hidden[i].last)
			return true;
	return false;
}

static bool is_joiner(uint32_t code)
{
	return code == ZERO_WIDTH_NON_JOINER || code == ZERO_WIDTH_JOINER;
}

static bool is_selector(uint32_t code)
{
	return (code >= 0xFE00 && code <= EMOJI_SELECTOR) || (code >= 0xE0100 && code <= 0xE01EF);
}

/* A character beyond ASCII, and one that shows. */
static bool begins_visible(struct view rest)
{
	size_t len = rest.len == 0 || rest.data[0] < ASCII_END ? 0 : utf8_char_len(rest);

	return len > 0 && !is_hidden(utf8_char_code(view_of(rest.data, len)));
}

/* Is it needed where it stands? rest: what follows it. */
static bool belongs_here(uint32_t code, uint32_t before, struct view rest)
{
	static const uint8_t keycap[] = {0xE2, 0x83, 0xA3}; /* U+20E3 */

	if (is_joiner(code))
		return before >= ASCII_END && !is_joiner(before) && begins_visible(rest);
	if (code == EMOJI_SELECTOR && before != 0 && before < ASCII_END)
		return rest.len >= sizeof(keycap) && memcmp(rest.data, keycap, sizeof(keycap)) == 0;
	return is_selector(code) && before >= ASCII_END && !is_joiner(before) &&
	       !is_selector(before);
}

static void put_escape(struct shown_char *out, uint32_t code)
{
	int len;

	if (code < 0x10000)
		len = snprintf(out->text, sizeof(out->text), "\\u%04X", (unsigned)code);
	else
		len = snprintf(out->text, sizeof(out->text), "\\u%04X\\u%04X",
		    (unsigned)(0xD800 + ((code - 0x10000) >> 10)),
		    (unsigned)(0xDC00 + (code & 0x3FF)));
	assert(len > 0 && (size_t)len < sizeof(out->text));
	out->code = 0;
	out->len = (size_t)len;
}

static void put_char(struct shown_char *out, uint32_t code, const void *bytes, size_t len)
{
	memcpy(out->text, bytes, len);
	out->text[len] = '\0';
	out->code = code;
	out->len = len;
}

static void skip(struct view *view, size_t len)
{
	view->data += len;
	view->len -= len;
}

struct shown shown_begin(struct view text, enum shown_as as)
{
	return (struct shown){.rest = text, .as = as};
}

bool shown_next(struct shown *shown, struct shown_char *out)
{
	struct view at = shown->rest;
	size_t len;
	uint32_t code;

	if (at.len == 0)
		return false;
	if (shown->as == SHOWN_LINES && at.data[0] == '\r' && at.len > 1 && at.data[1] == '\n')
		skip(&at, 1);
	len = at.data[0] < ASCII_END ? 1 : utf8_char_len(at);
	shown->rest = at;
	skip(&shown->rest, len > 0 ? len : 1);
	if (len == 0) {
		put_char(out, REPLACEMENT, "\xEF\xBF\xBD", 3);
		shown->before = REPLACEMENT;
		return true;
	}
	code = utf8_char_code(view_of(at.data, len));
	if (shown->as == SHOWN_LINE && (code == '\n' || code == '\r' || code == '\t')) {
		put_char(out, ' ', " ", 1);
		shown->before = ' ';
		return true;
	}
	if (is_hidden(code) && !(shown->as == SHOWN_LINES && (code == '\n' || code == '\t')) &&
	    !belongs_here(code, shown->before, shown->rest)) {
		put_escape(out, code);
		shown->before = 0;
		return true;
	}
	put_char(out, code, at.data, len);
	shown->before = code;
	return true;
}

void shown_add(struct buffer *out, struct view text, enum shown_as as)
{
	struct shown shown = shown_begin(text, as);
	struct shown_char one;

	while (!out->failed && shown_next(&shown, &one))
		buffer_add(out, one.text, one.len);
}

void shown_copy(char *out, size_t size, struct view text, enum shown_as as)
{
	struct shown shown = shown_begin(text, as);
	struct shown_char one;
	size_t len = 0;

	assert(size > 0);
	while (shown_next(&shown, &one) && one.len < size - len) {
		memcpy(out + len, one.text, one.len);
		len += one.len;
	}
	out[len] = '\0';
}
