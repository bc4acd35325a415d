/*
 * gateway/account/turn.h: fairness between writers (README.md, T1 to T3).
 */
#ifndef INKSEAL_ACCOUNT_TURN_H
#define INKSEAL_ACCOUNT_TURN_H

#include "gateway/account/work.h"

#define ACCOUNT_TURN_MS 5000     /* a turn is respected this long from when it was first seen */
#define ACCOUNT_TURN_WAIT_MS 200 /* a writer that is held comes again after this */

/* How long a commit of this device must wait for another's turn; 0: it need not. */
int64_t account_turn_wait_ms(struct account_work *work, const struct device_id *device);
/* Gives the device the turn, if nobody has it. OK: it has, or another is first. */
MUST_USE enum account_result account_turn_take(
    struct account_work *work, const struct device_id *device);

#endif
