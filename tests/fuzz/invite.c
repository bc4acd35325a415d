/*
 * tests/fuzz/invite.c: an invitation's object, and its token.
 */
#include "schemas/invite.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct invite invite;
	struct bytes text = {0}, again = {0};
	char key[INVITE_KEY_MAX];

	fuzz_mark(&invite, sizeof(invite));
	if (fuzz_decoded(invite_decode(input, &invite), &invite, sizeof(invite)))
		fuzz_again(invite_encode(&invite, &again), &again, input);
	if (bytes_copy(input, &text) && invite_key((const char *)text.data, key))
		fuzz_check(strlen(key) == 2 + 2 * (size_t)DIGEST_LEN && strncmp(key, "n/", 2) == 0,
		    "a token's key");
	bytes_clear(&text);
	return 0;
}
