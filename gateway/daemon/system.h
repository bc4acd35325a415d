/*
 * gateway/daemon/system.h: the machine's clock and randomness.
 */
#ifndef INKSEAL_DAEMON_SYSTEM_H
#define INKSEAL_DAEMON_SYSTEM_H

#include "schemas/base/base.h"

struct clock system_clock(void);
struct random system_random(void);
void system_init(const struct clock *clock, int64_t within_ms, struct call *call);

#endif
