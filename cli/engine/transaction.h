/*
 * cli/engine/transaction.h: one write transaction over the journal and over what a run holds of it
 * in memory. What is undone is undone in both: facts, state root, roster, its two places, the
 * epoch's key and the totals are again as they were when it began.
 */
#ifndef INKSEAL_TRANSACTION_H
#define INKSEAL_TRANSACTION_H

#include "cli/engine/replica.h"

MUST_USE enum engine_result transaction_begin(struct replica *replica);
/* For what a power cut may take back: it is only fetched, or put, again. */
MUST_USE enum engine_result transaction_begin_light(struct replica *replica);
/*
 * Ends it: what went well is committed, with the facts, the root, and as much of the roster as the
 * log has led to; what did not, or can't be committed, is undone. Gives why, or ENGINE_OK.
 */
MUST_USE enum engine_result transaction_finish(struct replica *replica, enum engine_result result);
/* Commits, and leaves a transaction that can't be committed to be undone. */
MUST_USE enum engine_result transaction_commit(struct replica *replica);
/* totals.deletions stays: what the brake has counted outlives what it has stopped. */
void transaction_undo(struct replica *replica);

/* The same for who holds nothing in memory: an edit, an import, the account's commands. */
MUST_USE enum engine_result engine_begin(struct engine *engine, struct call *call);
MUST_USE enum engine_result engine_begin_light(struct engine *engine, struct call *call);
void engine_undo(struct engine *engine);
MUST_USE enum engine_result engine_finish(
    struct engine *engine, enum engine_result result, struct call *call);

#endif
