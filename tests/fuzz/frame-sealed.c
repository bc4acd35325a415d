/*
 * tests/fuzz/frame-sealed.c: the small sealed part of a frame, opened.
 */
#include "schemas/patch.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct frame_sealed sealed;
	struct bytes again = {0};

	fuzz_mark(&sealed, sizeof(sealed));
	if (fuzz_decoded(frame_sealed_decode(input, &sealed), &sealed, sizeof(sealed)))
		fuzz_again(frame_sealed_encode(&sealed, &again), &again, input);
	return 0;
}
