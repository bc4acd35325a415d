/*
 * cli/engine/replica.h: what a run of sync works on: facts, state root, roster and the epoch's key.
 * Loaded once, moved by each frame, stored by the transaction (transaction.h) that applies it.
 * A roster that an answer names is anybody's: its statements were signed by members, but nothing
 * says that they stand in the log. So it is held here, in memory, and of it only so many statements
 * are stored as verified frames have led to.
 */
#ifndef INKSEAL_REPLICA_H
#define INKSEAL_REPLICA_H

#include "cli/engine/facts.h"
#include "cli/engine/root.h"
#include "cli/engine/seal.h"

/* What the open transaction's undo brings back. */
struct replica_saved {
	bool open;
	const struct device_keys *opener;
	struct stored_facts facts;
	struct root_sum sum;
	struct bytes roster_bytes; /* the replica's own, until another roster is held */
	struct roster *roster;
	size_t roster_known, roster_index;
	struct epoch_key key;
	uint64_t key_epoch;
	struct sync_totals totals;
};
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
	struct sync_totals totals;
	struct replica_saved saved;
};
MUST_USE enum engine_result replica_load(struct replica *replica);
void replica_clear(struct replica *replica);
/*
 * The roster becomes these bytes if they begin with what is known (else ENGINE_ROLLBACK), in memory
 * alone: a commit stores of it what the log has led to, and an undo brings the former one back.
 */
MUST_USE enum engine_result replica_hold_roster(struct replica *replica, struct view roster);
/* Forgets what is held beyond the statement `newest`; never what is known. 0: all that is held. */
MUST_USE enum engine_result replica_trim_roster(struct replica *replica, size_t newest);
/* True if the roster begins with all statements that are known. */
bool replica_knows(const struct replica *replica, const struct roster *newer);
/* For transaction.c: the roster of before is not needed any more, or is the one that holds again.
 */
void replica_drop_saved_roster(struct replica *replica);
void replica_restore_roster(struct replica *replica);
/* The epoch's key, opened from the roster; valid until another epoch's is asked for. */
MUST_USE enum engine_result replica_key(
    struct replica *replica, uint64_t epoch, const struct epoch_key **out);
/* A line in the activity log for what was pushed or pulled; none for none. In a transaction. */
MUST_USE enum engine_result replica_note(
    struct replica *replica, enum activity_kind kind, uint64_t entries);
const struct device_id *replica_device(const struct replica *replica);

#endif
