/*
 * tests/fuzz/wipe-record.c: the record that stands where an account was.
 */
#include "schemas/statement.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct { /* one struct, so that both are looked at together */
		struct view wipe, roster;
	} out;
	struct bytes again = {0};

	fuzz_mark(&out, sizeof(out));
	if (fuzz_decoded(wipe_record_decode(input, &out.wipe, &out.roster), &out, sizeof(out)))
		fuzz_again(wipe_record_encode(out.wipe, out.roster, &again), &again, input);
	return 0;
}
