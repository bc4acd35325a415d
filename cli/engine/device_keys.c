/*
 * cli/engine/device_keys.c: a device's keys, from seeds.
 */
#include "cli/engine/device_keys.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

void device_keys_from_seeds(const uint8_t sign_seed[32], const uint8_t box_secret[32],
    const uint8_t *wipe_seed, struct device_keys *out)
{
	int result = crypto_sign_seed_keypair(out->sign_public, out->sign_secret, sign_seed);

	memcpy(out->box_secret, box_secret, sizeof(out->box_secret));
	result |= crypto_scalarmult_base(out->box_public, out->box_secret);
	memset(out->wipe_public, 0, sizeof(out->wipe_public));
	memset(out->wipe_secret, 0, sizeof(out->wipe_secret));
	if (wipe_seed != NULL)
		result |= crypto_sign_seed_keypair(out->wipe_public, out->wipe_secret, wipe_seed);
	assert(result == 0);
	device_id_of(out->sign_public, &out->id);
}

void device_keys_new(const struct random *random, struct device_keys *out)
{
	uint8_t seeds[3][32];

	random_fill(random, seeds, sizeof(seeds));
	device_keys_from_seeds(seeds[0], seeds[1], seeds[2], out);
	sodium_memzero(seeds, sizeof(seeds));
}

void device_keys_recovery(
    const uint8_t key[RECOVERY_KEY_LEN], const struct digest *previous, struct device_keys *out)
{
	uint8_t both[64];
	int result = crypto_generichash_blake2b_salt_personal(both, sizeof(both), previous->bytes,
	    DIGEST_LEN, key, RECOVERY_KEY_LEN, NULL,
	    (const unsigned char *)domain_text(DOMAIN_RECOVERY));

	assert(result == 0);
	device_keys_from_seeds(both, both + 32, NULL, out);
	sodium_memzero(both, sizeof(both));
}

void device_keys_clear(struct device_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}
