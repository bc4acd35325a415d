/*
 * cli/engine/reconcile.h: judges all unsettled entries, in the transaction that moved the cloud
 * state.
 */
#ifndef INKSEAL_RECONCILE_H
#define INKSEAL_RECONCILE_H

#include "cli/engine/replica.h"

struct reconcile {
	bool allow_deletions; /* the brake was answered with yes */
	bool no_base;         /* a reset was installed: bases are not looked at */
};
/* Asks the brake first: ENGINE_BRAKE, and all of it is to be undone. */
MUST_USE enum engine_result reconcile_all(struct replica *replica, const struct reconcile *how);

#endif
