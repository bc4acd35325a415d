/*
 * tests/fuzz/losers.c: a losers' segment, unpacked.
 */
#include "tests/fuzz/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_rows(view_of(data, size), true);
	return 0;
}
