/*
 * tests/fuzz/shown.c: any bytes as a person is shown them: UTF-8 without a control character or an
 * override, the same when it is shown again, and a short copy of it is its beginning.
 */
#include "schemas/base/shown.h"
#include "schemas/base/utf8.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define COPY_MAX 64u

static bool may_stand(uint32_t code, enum shown_as as)
{
	if (as == SHOWN_LINES && (code == '\n' || code == '\t'))
		return true;
	return code >= ' ' && !(code >= 0x7F && code <= 0x9F) &&
	       !(code >= 0x2028 && code <= 0x202E) && !(code >= 0x2060 && code <= 0x206F) &&
	       code != 0x200B && code != 0x200E && code != 0x200F && code != 0x061C &&
	       code != 0xFEFF;
}

static void check(struct view text, enum shown_as as)
{
	struct bytes shown = {0}, again = {0};
	struct buffer out;
	char copy[COPY_MAX];

	buffer_init(&out, 12 * text.len + 1);
	shown_add(&out, text, as);
	fuzz_check(buffer_take(&out, &shown), "it grows twelvefold at most");
	fuzz_check(utf8_valid(view_bytes(&shown)), "it is UTF-8");
	for (size_t at = 0; at < shown.len;) {
		struct view rest = view_of(shown.data + at, shown.len - at);
		size_t len = utf8_char_len(rest);

		fuzz_check(
		    may_stand(utf8_char_code(view_of(rest.data, len)), as), "it may be shown");
		at += len;
	}
	shown_copy(copy, sizeof(copy), text, as);
	fuzz_check(strlen(copy) <= shown.len && memcmp(copy, shown.data, strlen(copy)) == 0 &&
		       (strlen(copy) == shown.len || strlen(copy) + SHOWN_CHAR_MAX > COPY_MAX),
	    "a copy is as much of it as fits");
	buffer_init(&out, shown.len);
	shown_add(&out, view_bytes(&shown), as);
	fuzz_check(buffer_take(&out, &again), "it does not grow again");
	fuzz_same(view_bytes(&again), view_bytes(&shown), "it is shown as it is");
	bytes_clear(&again);
	bytes_clear(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(view_of(data, size), SHOWN_LINE);
	check(view_of(data, size), SHOWN_LINES);
	return 0;
}
