/*
 * tests/sim/sim_sync.h: what a device does with the bucket: the account code straight on it, or by
 * the gateway, whose cache is warm from everybody's requests.
 */
#ifndef INKSEAL_SIM_SYNC_H
#define INKSEAL_SIM_SYNC_H

#include "tests/sim/sim_device.h"

extern const struct remote_ops sim_remote_ops; /* self: the device */
/* device->command, which is SIM_SYNC or one after it. */
MUST_USE enum engine_result sim_sync_run(struct sim_device *device);

#endif
