/*
 * tests/fuzz/sync-answer.c: what a gateway answers.
 */
#include "schemas/sync.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static bool all_zero(const void *data, size_t len)
{
	const uint8_t *at = data;

	return at[0] == 0 && memcmp(at, at + 1, len - 1) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct sync_answer answer;
	struct bytes again = {0};

	memset(&answer, 0, sizeof(answer)); /* what lies between the members too: it is compared */
	if (sync_answer_decode(input, &answer) == FORMAT_OK)
		fuzz_again(sync_answer_encode(&answer, &again), &again, input);
	else
		fuzz_check(
		    all_zero(&answer, sizeof(answer)), "a failed decoder leaves its output alone");
	sync_answer_clear(&answer);
	return 0;
}
