/*
 * cli/engine/replica.h: what a run of sync works on: facts, state root, roster and the epoch's key.
 * Loaded once, moved by each frame, stored by the transaction that applies it.
 */
#ifndef INKSEAL_REPLICA_H
#define INKSEAL_REPLICA_H

#include "cli/engine/facts.h"
#include "cli/engine/keys.h"
#include "cli/engine/root.h"

struct replica {
	struct engine *engine;
	struct call *call;
	const struct device_keys
	    *opener; /* whose box opens the epochs: ours, or while recovering the code's */
	struct stored_facts facts;
	struct root_sum sum;
	struct bytes roster_bytes;
	struct roster *roster; /* the known one; beyond it what an answer named: held, not stored */
	size_t roster_known;   /* so many statements of it are stored: the log has led to them */
	size_t roster_index;   /* the statement that the cursor's roster hash leads to */
	struct epoch_key key;
	uint64_t key_epoch; /* 0: none opened yet */
	bool no_base;       /* what a reset brought is being settled */
	struct sync_totals totals;
};
MUST_USE enum engine_result replica_load(struct replica *replica);
void replica_clear(struct replica *replica);
/*
 * The roster becomes these bytes if they begin with what is known (else ENGINE_ROLLBACK), in memory
 * alone: transaction_commit stores of it what the log has led to.
 */
MUST_USE enum engine_result replica_hold_roster(struct replica *replica, struct view roster);
/* Forgets what is held beyond the statement `newest`; never what is known. 0: all that is held. */
MUST_USE enum engine_result replica_trim_roster(struct replica *replica, size_t newest);
/* True if the roster begins with all statements that are known. */
bool replica_knows(const struct replica *replica, const struct roster *newer);
MUST_USE enum engine_result replica_key(
    struct replica *replica, uint64_t epoch, const struct epoch_key **out);
MUST_USE enum engine_result engine_finish(
    struct engine *engine, enum engine_result result, struct call *call);
MUST_USE enum engine_result transaction_begin(struct replica *replica);
/* For what a power cut may take back: it is only fetched, or put, again. */
MUST_USE enum engine_result transaction_begin_light(struct replica *replica);
/* Stores facts, root and what the log has led to of the roster, and commits. */
MUST_USE enum engine_result transaction_commit(struct replica *replica);
void transaction_undo(struct replica *replica);
/* A line in the activity log for what was pushed or pulled; none for none. In a transaction. */
MUST_USE enum engine_result replica_note(
    struct replica *replica, enum activity_kind kind, uint64_t entries);
const struct device_id *replica_device(const struct replica *replica);

#endif
