/*
 * cli/port/json_scan.h: JSON source text, item by item, without giving up the whole for one item.
 * JavaScript writes what strict parsers refuse whole (lone surrogates, \u0000), and ordinary ones
 * rewrite what they read (1e3, 12345678901234567890). So a cursor finds where values end by their
 * brackets and quotes alone; json_check then judges one value by the whole grammar; and only
 * strings are ever decoded. Everything is a view into the text that json_begin was given. Nothing
 * allocates but json_check (names of members, to find duplicates).
 */
#ifndef INKSEAL_JSON_SCAN_H
#define INKSEAL_JSON_SCAN_H

#include "schemas/base/base.h"

#define JSON_DEPTH_MAX 64u          /* brackets within brackets; more is no journal */
#define JSON_MEMBERS_MAX (1u << 20) /* named members that are open at a time: 16 MiB of views */

/* Why json_check refuses a value. */
enum json_fault {
	JSON_FINE,
	JSON_SYNTAX,
	JSON_NOT_UTF8,
	JSON_SURROGATE, /* half of a pair: no Unicode text */
	JSON_ZERO,      /* U+0000 */
	JSON_DUPLICATE, /* two members of one object have the same name, as decoded */
	JSON_TOO_DEEP,
	JSON_TOO_MANY, /* over JSON_MEMBERS_MAX */
	JSON_NO_MEMORY,
};
const char *json_fault_text(enum json_fault fault); /* to follow "item 3: " */

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

/* The whole of text must be one value of RFC 8259, of Unicode text without U+0000. */
MUST_USE enum json_fault json_check(struct view text);
/* True if text is a JSON number, true, false or null, and nothing else. */
bool json_literal(struct view text);

/*
 * For strings with their quotes, out of a value that json_check passed. json_decode writes UTF-8 to
 * out, which has room for string.len bytes, and returns how many. json_is compares as decoded.
 */
size_t json_decode(struct view string, uint8_t *out);
bool json_is(struct view string, const char *text);
/* A checked value without the white space between its parts; out has room for value.len. */
size_t json_compact(struct view value, uint8_t *out);

/* text, which is UTF-8, as JSON.stringify() writes it, with the quotes. */
void json_put_string(struct buffer *out, struct view text);

#endif
