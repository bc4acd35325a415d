/*
 * cli/engine/key_file.h: the key file's bytes (README.md). The caller reads and writes the file
 * itself, mode 0600.
 */
#ifndef INKSEAL_KEY_FILE_H
#define INKSEAL_KEY_FILE_H

#include "cli/engine/device_keys.h"

/*
 * Signing and box secret stand under a passphrase (Argon2id) if one is given
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

#endif
