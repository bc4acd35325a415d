/*
 * tests/sim/sim_sync.h: what a device does with its account, over sim_net.h.
 */
#ifndef INKSEAL_SIM_SYNC_H
#define INKSEAL_SIM_SYNC_H

#include "tests/sim/sim_device.h"

/* device->command, which is SIM_SYNC or one after it. */
MUST_USE enum engine_result sim_sync_run(struct sim_device *device);

#endif
