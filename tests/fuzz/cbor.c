/*
 * tests/fuzz/cbor.c: any bytes as one CBOR item: what is accepted is written again as the same
 * bytes, and no prefix of it is accepted.
 */
#include "tests/fuzz/cbor_item.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct buffer again;

	buffer_init(&again, size + 16);
	if (cbor_item(input, &again, NULL) == FORMAT_OK) {
		fuzz_same(buffer_view(&again), input, "what was read is written as it was");
		buffer_clear(&again);
		buffer_init(&again, size + 16);
		fuzz_check(cbor_item(view_of(data, size - 1), &again, NULL) != FORMAT_OK,
		    "what is cut short is refused");
	}
	buffer_clear(&again);
	return 0;
}
