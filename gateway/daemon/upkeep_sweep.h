/*
 * gateway/daemon/upkeep_sweep.h: sweeps, and the room in an account that they make.
 */
#ifndef INKSEAL_UPKEEP_SWEEP_H
#define INKSEAL_UPKEEP_SWEEP_H

#include "gateway/daemon/upkeep_state.h"

/* As struct http_keeper has it; self is a struct upkeep. By any thread. */
MUST_USE enum account_result upkeep_reserve(
    void *self, const struct account_id *account, uint64_t bytes, bool spare, struct call *call);
/*
 * Sweeps through env unless the account was swept within the hour, by whomever:
 * then *wait_ms_out is how long that still holds, else 0. tight: history goes too.
 */
MUST_USE enum account_result upkeep_sweep(struct upkeep *upkeep, const struct account_env *env,
    const struct account_id *account, bool tight, struct call *call, int64_t *wait_ms_out);

/* How long a sweep of then still counts; 0: it does not. */
int64_t upkeep_swept_for_ms(const struct upkeep *upkeep, int64_t swept_ms);

#endif
