/*
 * tests/fuzz/wipe.c: a wipe's bytes.
 */
#include "schemas/statement.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t public_key[SIGN_PUBLIC_LEN], secret[SIGN_SECRET_LEN];
	struct view input = view_of(data, size);
	struct bytes again = {0};
	struct wipe wipe;

	fuzz_mark(&wipe, sizeof(wipe));
	if (!fuzz_decoded(wipe_decode(input, &wipe), &wipe, sizeof(wipe)))
		return 0;
	fuzz_key(1, public_key, secret);
	fuzz_check(wipe_encode(&wipe, secret, &again) == FORMAT_OK, "what was decoded is encoded");
	fuzz_check(
	    wipe_signed_by(view_bytes(&again), public_key) == FORMAT_OK, "its signature holds");
	fuzz_again_signed(FORMAT_OK, &again, input);
	return 0;
}
