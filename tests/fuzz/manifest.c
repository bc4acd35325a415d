/*
 * tests/fuzz/manifest.c: a manifest's bytes, as they are and with a checksum that holds: who has
 * the bucket's keys can make one.
 */
#include "schemas/manifest.h"
#include "schemas/cbor.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define CHECKSUM_LEN (2u + DIGEST_LEN) /* the end of it: a byte string's head, the hash */

static bool decode(struct view input)
{
	static struct manifest manifest;
	struct bytes again = {0};

	fuzz_mark(&manifest, sizeof(manifest));
	if (!fuzz_decoded(manifest_decode(input, &manifest), &manifest, sizeof(manifest)))
		return false;
	fuzz_check(manifest.tail_count == 0 || manifest.tail_count <= manifest.head.seq,
	    "the tail is no longer than the log");
	fuzz_again(manifest_encode(&manifest, &again), &again, input);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct bytes mended = {0};
	struct digest checksum;

	if (decode(input) || size < CHECKSUM_LEN || !bytes_copy(input, &mended))
		return 0;
	digest_view(DOMAIN_MANIFEST, view_of(data, size - CHECKSUM_LEN), &checksum);
	memcpy(mended.data + size - DIGEST_LEN, checksum.bytes, DIGEST_LEN);
	(void)decode(view_bytes(&mended));
	bytes_clear(&mended);
	return 0;
}
