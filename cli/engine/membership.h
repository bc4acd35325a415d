/*
 * cli/engine/membership.h: who belongs to the account: the statement that adds this device while it
 * recovers.
 */
#ifndef INKSEAL_MEMBERSHIP_H
#define INKSEAL_MEMBERSHIP_H

#include "cli/engine/frame_build.h"

MUST_USE enum engine_result membership_build(struct replica *replica,
    const struct device_keys *recovery, struct built_frame *out, struct bytes *roster_out);

#endif
