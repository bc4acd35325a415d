/*
 * cli/engine/brake.h: a sync that would delete more than max(10, 20 %) of the entries, here or on
 * the other devices, stops and asks.
 */
#ifndef INKSEAL_BRAKE_H
#define INKSEAL_BRAKE_H

#include "cli/engine/replica.h"

bool brake_holds(uint64_t deletions, uint64_t entries);
/* Refuses to push more deletions than the brake allows. */
MUST_USE enum engine_result brake_going(struct replica *replica, bool allow_deletions);
/* Refuses to take over more: how many are coming, where they can be counted in advance. */
MUST_USE enum engine_result brake_coming(
    struct replica *replica, bool allow_deletions, uint64_t *coming_out);
/*
 * more: deletions that are not done yet, or not counted. What was deleted on the way from the last
 * head that was reached counts with them: the log comes in pieces, cut as its makers like, and each
 * run that the brake ends would let one more pass.
 */
MUST_USE enum engine_result brake_hold(struct replica *replica, uint64_t more);
/*
 * Ends a transaction that applied frames, like transaction_finish. What the brake has stopped is
 * undone too, but the head whose frames held stays known (I11): ENGINE_BRAKE, or why it could not
 * be stored.
 */
MUST_USE enum engine_result brake_finish(struct replica *replica, enum engine_result result);

#endif
