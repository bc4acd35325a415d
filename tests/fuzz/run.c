/*
 * tests/fuzz/run.c: a segment's run of entries, unpacked.
 */
#include "tests/fuzz/rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_rows(view_of(data, size), false);
	return 0;
}
