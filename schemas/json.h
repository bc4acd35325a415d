/*
 * schemas/json.h: whether a text is one value of JSON, judged strictly, and what its strings say.
 * For the unknown members that an entry keeps as source text (entry.md, "Unknown members"), and for
 * whoever reads JSON beside it. No tree is made: what is written out later is the very source that
 * was checked. One pass and no recursion; only an object's names are kept, to find one that stands
 * there twice.
 */
#ifndef INKSEAL_JSON_H
#define INKSEAL_JSON_H

#include "schemas/base/base.h"

#define JSON_DEPTH_MAX 64u          /* brackets within brackets; more is no journal */
#define JSON_MEMBERS_MAX (1u << 20) /* named members that are open at a time: 16 MiB of views */

/* Why a text is refused. */
enum json_fault {
	JSON_FINE,
	JSON_SYNTAX,
	JSON_SPACE, /* white space between the parts of a compact text */
	JSON_NOT_UTF8,
	JSON_SURROGATE, /* half of a pair: no Unicode text */
	JSON_ZERO,      /* U+0000 */
	JSON_DUPLICATE, /* two members of one object have the same name, as decoded */
	JSON_TOO_DEEP,
	JSON_TOO_MANY, /* over JSON_MEMBERS_MAX */
	JSON_NO_MEMORY,
};
const char *json_fault_text(enum json_fault fault); /* to follow "item 3: " */

/* The whole of text must be one value of RFC 8259, of Unicode text without U+0000. */
MUST_USE enum json_fault json_check(struct view text);
/*
 * The same for a member's value as an entry keeps it: without white space between its parts, and
 * one bracket less deep, so that the item it is a member of passes json_check.
 */
MUST_USE enum json_fault json_check_member(struct view text);
/* True if text is a JSON number, true, false or null, and nothing else. */
bool json_literal(struct view text);

/*
 * The next code point of a string's inside; *at < end, and not at the closing quote. It alone knows
 * what may stand in a string; checking, decoding and comparing all step with it.
 */
enum json_fault json_string_code(const uint8_t **at, const uint8_t *end, uint32_t *code_out);
bool json_is_space(uint8_t byte);

#endif
