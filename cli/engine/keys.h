/*
 * cli/engine/keys.h: a device's keys, the key file's bytes, statements' making, epoch keys.
 * All secrets: clear wipes them. The key file is written and read by the caller (mode 0600).
 */
#ifndef INKSEAL_KEYS_H
#define INKSEAL_KEYS_H

#include "cli/engine/recovery.h"
#include "cli/engine/seal.h"
#include "schemas/roster.h"

struct device_keys {
	struct device_id id;
	uint8_t sign_public[SIGN_PUBLIC_LEN];
	uint8_t sign_secret[SIGN_SECRET_LEN];
	uint8_t box_public[BOX_PUBLIC_LEN];
	uint8_t box_secret[32];
	uint8_t wipe_public[SIGN_PUBLIC_LEN]; /* all zero for a recovery device */
	uint8_t wipe_secret[SIGN_SECRET_LEN];
};
void device_keys_new(const struct random *random, struct device_keys *out);
/* The recovery device's keys; previous: what the statement that added it names (statement.h). */
void device_keys_recovery(
    const uint8_t key[RECOVERY_KEY_LEN], const struct digest *previous, struct device_keys *out);
void device_keys_clear(struct device_keys *keys);

/*
 * The key file (README.md): signing and box secret, under a passphrase (Argon2id) if one is given
 * (passphrase.data == NULL: none); the wipe key always outside it, so that a device can wipe even
 * when its passphrase is forgotten.
 */
#define KEYFILE_MAX 1024u
MUST_USE enum format_result keyfile_encode(const struct device_keys *keys, struct view passphrase,
    const struct random *random, struct bytes *out);
MUST_USE enum format_result keyfile_locked(struct view file, bool *locked_out);
/* FORMAT_FORGED: the passphrase is wrong. */
MUST_USE enum format_result keyfile_decode(
    struct view file, struct view passphrase, struct device_keys *out);
/* The wipe key alone, without a passphrase. */
MUST_USE enum format_result keyfile_wipe_key(
    struct view file, struct device_id *device_out, uint8_t wipe_secret_out[SIGN_SECRET_LEN]);

/* A new account's roster of one statement; recovery_key is random and goes to the code alone. */
#define DEVICE_NAME_MAX 64u
MUST_USE enum format_result genesis_make(const struct device_keys *device, struct view name,
    const uint8_t recovery_key[RECOVERY_KEY_LEN], int64_t now_ms, const struct random *random,
    struct bytes *roster_out);
/* The roster's next statement: signer (live) adds device. */
MUST_USE enum format_result add_device_make(const struct roster *roster,
    const struct device_keys *signer, const struct device_keys *device, struct view name,
    int64_t now_ms, const struct random *random, struct bytes *statement_out);
/* The recovery device that this code's key is: FORMAT_FORGED if there is none, or it was revoked.
 */
MUST_USE enum format_result recovery_device_find(
    const struct roster *roster, const uint8_t key[RECOVERY_KEY_LEN], struct device_keys *out);
/* An epoch's key, opened with this device's box and checked against its commitment. */
MUST_USE enum format_result epoch_key_find(const struct roster *roster,
    const struct device_keys *keys, uint64_t epoch, struct epoch_key *out);
/* A device's name, if this key opens it; else its id's first 8 hex digits. out: DEVICE_NAME_MAX
 * + 1. */
void device_name_find(const struct roster *roster, const struct device_keys *keys,
    const struct device_id *device, char out[DEVICE_NAME_MAX + 1]);

#endif
