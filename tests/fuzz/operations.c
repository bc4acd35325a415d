/*
 * tests/fuzz/operations.c: a patch's operations, unpacked.
 */
#include "schemas/patch.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct cbor_reader reader;
	struct buffer again;
	size_t count;

	cbor_read(&reader, input);
	count = cbor_array(&reader, OPS_COUNT_MAX);
	buffer_init(&again, OPS_PLAIN_MAX);
	cbor_put_array(&again, count);
	for (size_t i = 0; i < count && reader.result == FORMAT_OK; i++) {
		struct op op;

		op_read(&reader, &op);
		if (reader.result != FORMAT_OK)
			break;
		fuzz_check(op.result_len <= ENTRY_MAX, "a delta's result is bounded");
		op_put(&again, &op);
	}
	if (cbor_finish(&reader) == FORMAT_OK)
		fuzz_same(buffer_view(&again), input, "operations are written as they were");
	buffer_clear(&again);
	return 0;
}
