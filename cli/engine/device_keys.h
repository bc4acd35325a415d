/*
 * cli/engine/device_keys.h: a device's keys. All secrets: clear wipes them.
 */
#ifndef INKSEAL_DEVICE_KEYS_H
#define INKSEAL_DEVICE_KEYS_H

#include "cli/engine/recovery.h"
#include "schemas/roster.h"

#define DEVICE_NAME_MAX 64u

struct device_keys {
	struct device_id id;
	uint8_t sign_public[SIGN_PUBLIC_LEN];
	uint8_t sign_secret[SIGN_SECRET_LEN];
	uint8_t box_public[BOX_PUBLIC_LEN];
	uint8_t box_secret[32];
	uint8_t wipe_public[SIGN_PUBLIC_LEN]; /* all zero for a recovery device */
	uint8_t wipe_secret[SIGN_SECRET_LEN];
};
/* wipe_seed NULL: a recovery device, which has no wipe key. The seeds are wiped by the caller. */
void device_keys_from_seeds(const uint8_t sign_seed[32], const uint8_t box_secret[32],
    const uint8_t *wipe_seed, struct device_keys *out);
void device_keys_new(const struct random *random, struct device_keys *out);
/* The recovery device's keys; previous: what the statement that added it names (statement.h). */
void device_keys_recovery(
    const uint8_t key[RECOVERY_KEY_LEN], const struct digest *previous, struct device_keys *out);
void device_keys_clear(struct device_keys *keys);

#endif
