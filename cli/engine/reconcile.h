/*
 * cli/engine/reconcile.h: judges all unsettled entries, in the transaction that moved the cloud
 * state.
 */
#ifndef INKSEAL_RECONCILE_H
#define INKSEAL_RECONCILE_H

#include "cli/engine/replica.h"

/* Judges all unsettled entries; asks the brake first. In the same transaction. */
MUST_USE enum engine_result reconcile_all(struct replica *replica, bool allow_deletions);

#endif
