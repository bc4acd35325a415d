/*
 * schemas/json_scan.h: JSON source text, item by item, without giving up the whole for one item.
 * JavaScript writes what strict parsers refuse whole (lone surrogates, \u0000), and ordinary ones
 * rewrite what they read (1e3, 12345678901234567890). So a cursor finds where values end by their
 * brackets and quotes alone; json_check (schemas/json.h) then judges one value by the whole
 * grammar; and only strings are ever decoded. Everything is a view into the text that json_begin
 * was given. Nothing here allocates.
 */
#ifndef INKSEAL_JSON_SCAN_H
#define INKSEAL_JSON_SCAN_H

#include "schemas/json.h"

/* The cursor. Once broken it moves no more: json_more then answers false. */
struct json_scan {
	const uint8_t *at;
	const uint8_t *end;
	bool broken;
};
void json_begin(struct json_scan *scan, struct view text);
/* The first byte of what comes next, white space skipped and not taken; 0 at the end. */
uint8_t json_peek(struct json_scan *scan);
/* Takes the bracket '{' or '['; broken if another byte is next. */
void json_enter(struct json_scan *scan, uint8_t bracket);
/* True if a member or element follows; false once close is taken, or broken. *first: true before.
 */
bool json_more(struct json_scan *scan, uint8_t close, bool *first);
/* A member's name, with its quotes, unchecked; the colon after it is taken. */
struct view json_name(struct json_scan *scan);
/*
 * The next value's text by brackets and quotes alone: enough to find where it ends, however wrong
 * it is inside. Broken, and left where the value began, if it has no end.
 */
struct view json_raw(struct json_scan *scan);
bool json_at_end(struct json_scan *scan); /* nothing but white space follows */

/*
 * For strings with their quotes, out of a value that json_check passed. json_decode writes UTF-8 to
 * out, which has room for string.len bytes, and returns how many. json_is compares as decoded.
 */
size_t json_decode(struct view string, uint8_t *out);
bool json_is(struct view string, const char *text);
/* Decoded into out, which has room for out_size bytes, with a NUL. False: cut after a character. */
bool json_decode_into(struct view string, char *out, size_t out_size);
/* A checked value without the white space between its parts; out has room for value.len. */
size_t json_compact(struct view value, uint8_t *out);

/* text, which is UTF-8, as JSON.stringify() writes it, with the quotes. */
void json_put_string(struct buffer *out, struct view text);

#endif
