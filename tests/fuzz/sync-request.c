/*
 * tests/fuzz/sync-request.c: what a device sends.
 */
#include "schemas/sync.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct sync_request request;
	struct bytes again = {0};

	fuzz_mark(&request, sizeof(request));
	if (fuzz_decoded(sync_request_decode(input, &request), &request, sizeof(request)))
		fuzz_again(sync_request_encode(&request, &again), &again, input);
	return 0;
}
