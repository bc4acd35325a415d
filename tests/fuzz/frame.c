/*
 * tests/fuzz/frame.c: a frame's bytes. What nobody signed right is still decoded: the form alone is
 * looked at there. Signed again by a known key it is the same frame, and that signature holds for
 * it and for nothing else.
 */
#include "schemas/frame.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

/* The bytes again, with our signature for theirs. */
static void check_encoding(struct view input, const struct frame *frame)
{
	uint8_t public_key[SIGN_PUBLIC_LEN], secret[SIGN_SECRET_LEN];
	struct bytes again = {0};
	struct frame other;

	fuzz_key(1, public_key, secret);
	fuzz_check(frame_encode(&frame->header, frame->body, secret, &again) == FORMAT_OK,
	    "what was decoded is encoded");
	fuzz_same_but(view_bytes(&again), input, SIGNATURE_LEN,
	    "a frame encodes to the same bytes, but for the signature");
	fuzz_check(frame_decode(view_bytes(&again), &other) == FORMAT_OK, "and is decoded again");
	fuzz_check(sign_check(DOMAIN_FRAME, view_of(again.data, again.len - SIGNATURE_LEN),
		       public_key, other.signature.data) == FORMAT_OK,
	    "its signature holds");
	fuzz_check(digest_equal(&other.hash, &frame->hash) == view_equal(view_bytes(&again), input),
	    "its hash is another if its bytes are");
	bytes_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct frame frame;

	fuzz_mark(&frame, sizeof(frame));
	if (!fuzz_decoded(frame_decode(input, &frame), &frame, sizeof(frame)))
		return 0;
	fuzz_check(frame.header_bytes.len + frame.body.len + frame.signature.len == size &&
		       frame.header_bytes.data == data && frame.signature.len == SIGNATURE_LEN,
	    "its parts are all of it");
	fuzz_check(frame.header.seq > 0 && frame.header.epoch > 0, "places and epochs begin at 1");
	check_encoding(input, &frame);
	return 0;
}
