/*
 * tests/fuzz/json.c: the strict check of JSON against jansson, which is another's: what one takes
 * the other must. They differ by design in three things: jansson refuses numbers that its types do
 * not hold, and we have a depth and a number of members; and by accident in one: a NUL between two
 * tokens ends jansson's buffer, and is passed over. Then what compact means: a text without
 * the white space between its parts, and one bracket of room for the item around it.
 */
#include "schemas/json_scan.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void check_jansson(struct view input, enum json_fault fault)
{
	json_error_t error;
	json_t *value = json_loadb(input.len == 0 ? "" : (const char *)input.data, input.len,
	    JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);

	if (input.len > 0 && memchr(input.data, 0, input.len) != NULL)
		fuzz_check(fault != JSON_FINE, "a NUL is no JSON");
	else if (value != NULL)
		fuzz_check(fault == JSON_FINE || fault == JSON_TOO_DEEP || fault == JSON_TOO_MANY,
		    "what jansson takes is JSON");
	else
		fuzz_check(
		    fault != JSON_FINE || json_error_code(&error) == json_error_numeric_overflow,
		    "what jansson refuses is no JSON");
	json_decref(value);
}

/* A value without white space says the same, has none to lose, and is what a member may be. */
static void check_compact(struct view input)
{
	uint8_t *once = malloc(input.len);
	uint8_t *twice = malloc(input.len);
	enum json_fault fault;
	struct view compact;
	bool was;

	if (once == NULL || twice == NULL)
		goto done;
	compact = view_of(once, json_compact(input, once));
	was = view_equal(compact, input);
	fuzz_check(json_check(compact) == JSON_FINE, "a compact value is one");
	fuzz_check(
	    json_compact(compact, twice) == compact.len && memcmp(once, twice, compact.len) == 0,
	    "and is compact");
	fault = json_check_member(compact);
	fuzz_check(fault == JSON_FINE || fault == JSON_TOO_DEEP, "a compact value may be a member");
	fault = json_check_member(input);
	fuzz_check(was ? fault == JSON_FINE || fault == JSON_TOO_DEEP
		       : fault == JSON_SPACE || fault == JSON_TOO_DEEP,
	    "and no other");
done:
	free(once);
	free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	enum json_fault fault = json_check(input);

	check_jansson(input, fault);
	if (fault == JSON_FINE)
		check_compact(input);
	else
		fuzz_check(json_check_member(input) != JSON_FINE, "a member's value is JSON");
	return 0;
}
