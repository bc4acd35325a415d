/*
 * cli/engine/brake.h: a sync that would delete too much stops, and asks.
 */
#ifndef INKSEAL_BRAKE_H
#define INKSEAL_BRAKE_H

#include "cli/engine/replica.h"

/* Refuses to push more deletions than the brake allows. */
MUST_USE enum engine_result brake_going(struct replica *replica, bool allow_deletions);
bool brake_holds(uint64_t deletions, uint64_t entries);
/*
 * The brake has ended the run, and what it had applied was rolled back: the head whose frames held
 * stays known (I11). ENGINE_BRAKE, or why it could not be stored.
 */
MUST_USE enum engine_result brake_remember_head(struct replica *replica, const struct head *seen);

#endif
