/*
 * cli/engine/membership.h: who belongs to the account: the statements that change it, and what a
 * recovery code opens. A change that this device owes the log is kept in the home under one name
 * until the log holds it (own_frames_joined), so its bytes are made once for one place of the
 * roster; where another's statement takes that place first, it is made again for the next.
 */
#ifndef INKSEAL_MEMBERSHIP_H
#define INKSEAL_MEMBERSHIP_H

#include "cli/engine/epochs.h"
#include "cli/engine/frame_build.h"

/* Said before anything is stored: no statement could ever be made with another name. */
MUST_USE enum engine_result membership_check_name(const char *name, struct call *call);
/* A new account's roster of one statement; recovery_key is random and goes to the code alone. */
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
/* A device's name, if this key opens it; else its id's first 8 hex digits. out: DEVICE_NAME_MAX
 * + 1. */
void device_name_find(const struct roster *roster, const struct device_keys *keys,
    const struct device_id *device, char out[DEVICE_NAME_MAX + 1]);

/*
 * The frame of the pending change, which is the statement that adds this device while it recovers,
 * and the roster that it leads to.
 */
MUST_USE enum engine_result membership_build(struct replica *replica,
    const struct device_keys *recovery, struct built_frame *out, struct bytes *roster_out);

#endif
