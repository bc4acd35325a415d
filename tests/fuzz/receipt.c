/*
 * tests/fuzz/receipt.c: a wipe's receipt: any bytes; and one made of the input and signed, of which
 * any one changed bit is refused.
 */
#include "schemas/statement.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check_made(struct fuzz_script *script)
{
	struct receipt receipt = {.empty_at_ms = fuzz_time(script)}, other;
	uint8_t secret[SIGN_SECRET_LEN];
	struct bytes encoded = {0};

	receipt.objects_removed = fuzz_number(script);
	receipt.bytes_removed = fuzz_number(script);
	fuzz_key(fuzz_byte(script), receipt.signer, secret);
	fuzz_fill(script, receipt.account.bytes, ACCOUNT_ID_LEN);
	fuzz_fill(script, receipt.wipe_hash.bytes, DIGEST_LEN);
	if (receipt.objects_removed > SEQ_MAX || receipt.bytes_removed > SEQ_MAX)
		return;
	fuzz_check(receipt_encode(&receipt, secret, &encoded) == FORMAT_OK, "it is encoded");
	fuzz_check(receipt_decode(view_bytes(&encoded), &other) == FORMAT_OK &&
		       other.objects_removed == receipt.objects_removed &&
		       other.bytes_removed == receipt.bytes_removed &&
		       other.empty_at_ms == receipt.empty_at_ms &&
		       memcmp(other.signer, receipt.signer, SIGN_PUBLIC_LEN) == 0,
	    "it is decoded as it was");
	fuzz_flip(script, &encoded);
	fuzz_check(
	    receipt_decode(view_bytes(&encoded), &other) != FORMAT_OK, "a changed bit is refused");
	bytes_clear(&encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct fuzz_script script;
	struct receipt receipt;
	uint8_t public_key[SIGN_PUBLIC_LEN], secret[SIGN_SECRET_LEN];
	struct bytes again = {0};

	fuzz_mark(&receipt, sizeof(receipt));
	if (fuzz_decoded(receipt_decode(input, &receipt), &receipt, sizeof(receipt))) {
		fuzz_key(1, public_key, secret);
		fuzz_again_signed(receipt_encode(&receipt, secret, &again), &again, input);
	}
	fuzz_begin(&script, data, size);
	check_made(&script);
	return 0;
}
