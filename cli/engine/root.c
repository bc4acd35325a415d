/*
 * cli/engine/root.c: LtHash over BLAKE2b in counter mode.
 */
#include "cli/engine/root.h"

#include <assert.h>
#include <sodium.h>

#define BLOCK_LEN 64u
#define BLOCKS (ROOT_SUM_LEN / BLOCK_LEN)

/* An element's lanes: block i = BLAKE2b-512(seed; i). */
static void lanes_of(struct view id, const struct digest *version, uint8_t out[ROOT_SUM_LEN])
{
	struct digest seed;

	digest_parts(
	    DOMAIN_ROOT, (const struct view[]){{version->bytes, DIGEST_LEN}, id}, 2, &seed);
	for (unsigned i = 0; i < BLOCKS; i++) {
		uint8_t counter = (uint8_t)i;
		int result = crypto_generichash_blake2b_salt_personal(out + (size_t)i * BLOCK_LEN,
		    BLOCK_LEN, &counter, 1, seed.bytes, DIGEST_LEN, NULL,
		    (const unsigned char *)domain_text(DOMAIN_ROOT));

		assert(result == 0);
	}
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
