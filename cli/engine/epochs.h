/*
 * cli/engine/epochs.h: epochs' keys, out of the roster's sealed boxes.
 */
#ifndef INKSEAL_EPOCHS_H
#define INKSEAL_EPOCHS_H

#include "cli/engine/device_keys.h"
#include "cli/engine/seal.h"

/* An epoch's key, opened with this device's box and checked against its commitment. */
MUST_USE enum format_result epoch_key_find(const struct roster *roster,
    const struct device_keys *keys, uint64_t epoch, struct epoch_key *out);

#endif
