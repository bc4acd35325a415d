/*
 * tests/fuzz/boxes.c: a statement's table of key boxes.
 */
#include "schemas/statement.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct device_id device = {{0}};
	uint8_t sealed[BOX_SEAL_LEN];

	/* A device that may be there, at each place where an id may stand. */
	for (size_t at = 0; at + DEVICE_ID_LEN <= size && at < 256; at++) {
		memcpy(device.bytes, data + at, DEVICE_ID_LEN);
		fuzz_mark(sealed, sizeof(sealed));
		(void)fuzz_decoded(boxes_find(input, &device, sealed), sealed, sizeof(sealed));
	}
	return 0;
}
