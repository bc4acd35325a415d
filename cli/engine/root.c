/*
 * cli/engine/root.c: LtHash over BLAKE2b, expanded by ChaCha20.
 */
#include "cli/engine/root.h"

#include <assert.h>
#include <sodium.h>

_Static_assert(crypto_stream_chacha20_ietf_KEYBYTES == DIGEST_LEN, "the seed is the key");

/*
 * An element's lanes: the key stream of its seed. The nonce may be the same for all: a seed stands
 * for one (version, id), so no two elements share a key; and nothing is hidden under the stream.
 */
static void lanes_of(struct view id, const struct digest *version, uint8_t out[ROOT_SUM_LEN])
{
	static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];
	struct digest seed;
	int result;

	digest_parts(
	    DOMAIN_ROOT, (const struct view[]){{version->bytes, DIGEST_LEN}, id}, 2, &seed);
	result = crypto_stream_chacha20_ietf(out, ROOT_SUM_LEN, nonce, seed.bytes);
	assert(result == 0);
}

static uint16_t lane_at(const uint8_t *bytes, size_t lane)
{
	return (uint16_t)(bytes[2 * lane] | bytes[2 * lane + 1] << 8);
}

void root_add(struct root_sum *sum, struct view id, const struct digest *version)
{
	uint8_t bytes[ROOT_SUM_LEN];

	lanes_of(id, version, bytes);
	for (size_t i = 0; i < ROOT_LANES; i++)
		sum->lanes[i] = (uint16_t)(sum->lanes[i] + lane_at(bytes, i));
}

void root_remove(struct root_sum *sum, struct view id, const struct digest *version)
{
	uint8_t bytes[ROOT_SUM_LEN];

	lanes_of(id, version, bytes);
	for (size_t i = 0; i < ROOT_LANES; i++)
		sum->lanes[i] = (uint16_t)(sum->lanes[i] - lane_at(bytes, i));
}

void root_merge(struct root_sum *sum, const struct root_sum *part)
{
	for (size_t i = 0; i < ROOT_LANES; i++)
		sum->lanes[i] = (uint16_t)(sum->lanes[i] + part->lanes[i]);
}

void root_of(const struct root_sum *sum, uint8_t out[ROOT_LEN])
{
	uint8_t bytes[ROOT_SUM_LEN];
	struct digest digest;

	root_store(sum, bytes);
	digest_view(DOMAIN_ROOT, view_of(bytes, sizeof(bytes)), &digest);
	for (size_t i = 0; i < ROOT_LEN; i++)
		out[i] = digest.bytes[i];
}

void root_store(const struct root_sum *sum, uint8_t out[ROOT_SUM_LEN])
{
	for (size_t i = 0; i < ROOT_LANES; i++) {
		out[2 * i] = (uint8_t)sum->lanes[i];
		out[2 * i + 1] = (uint8_t)(sum->lanes[i] >> 8);
	}
}

bool root_load(struct view stored, struct root_sum *out)
{
	if (stored.len != ROOT_SUM_LEN)
		return false;
	for (size_t i = 0; i < ROOT_LANES; i++)
		out->lanes[i] = lane_at(stored.data, i);
	return true;
}
