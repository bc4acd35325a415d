/*
 * schemas/base/mutation.h: deliberate bugs, for the simulator to find. Each stands at the very
 * place that a careless change would touch. Only the simulator's second program is compiled with
 * INKSEAL_MUTATIONS, and there one of them at most is on, picked at run time; everywhere else
 * MUTATION(...) is the constant false, and nothing is left of it.
 */
#ifndef INKSEAL_MUTATION_H
#define INKSEAL_MUTATION_H

#include <stdbool.h>

#ifdef INKSEAL_MUTATIONS

#define MUTATIONS(X) \
	X(STORE_IGNORES_CONDITIONS, "the store writes whatever the condition") \
	X(STORE_HAS_NO_CONDITIONS, "the store refuses every conditional put") \
	X(STORE_NOT_ATOMIC, "the store checks the condition, and writes later") \
	X(STORE_CREATES_ON_TAG, "the store creates what was to be replaced") \
	X(NONCE_REREAD, "what stands after an uncertain commit is taken for the own") \
	X(COMMIT_WITHOUT_TAG, "a commit writes over whatever stands there") \
	X(CREATE_WITHOUT_CONDITION, "a create writes over a manifest that stands") \
	X(CREATE_DESPITE_WIPE, "create and a first touch do not read w/") \
	X(INCARNATION, "a cache survives another incarnation, and a generation gone back") \
	X(WIPE_WITHOUT_MARK, "a wipe removes before the manifest says wiped") \
	X(NO_TAKE_BACK, "who is told gone leaves what it has put") \
	X(SWEEP_OFF_BY_ONE, "a sweep removes one count too many") \
	X(NAME_TWO_SWEEPS_OLD, "a commit may name a key two sweeps old") \
	X(SWEEP_FORGETS_PACKS, "a sweep does not look at the packs' names") \
	X(SWEEP_FORGETS_TAIL, "a sweep does not look at the tail's names") \
	X(SWEEP_FORGETS_ROSTER, "a sweep does not keep the roster") \
	X(SWEEP_FORGETS_SEGMENTS, "a sweep does not look into indexes") \
	X(SWEEP_DROPS_NEW_PACKS, "a sweep drops packs that no snapshot covers") \
	X(SWEEP_STALE, "a sweep that lost a race gathers nothing anew") \
	X(PACK_DROPS_FRAME, "the first frame after a new pack is lost") \
	X(UNKNOWN_IS_DONE, "a blob whose answer was lost is taken for stored") \
	X(LEASE_FOR_EVER, "a lease does not end") \
	X(STALE_POLL, "a poll is answered from what was cached") \
	X(FAR_NEW_BASE, "far behind, edits are judged against the new base") \
	X(CURSOR_BEFORE_APPLY, "the cursor is stored before the frame is applied") \
	X(ACK_CLEARS_NEWER, "an acknowledgement clears a newer edit") \
	X(ACK_LEAVES_BASE, "an acknowledgement does not move the base") \
	X(SENT_NOT_STORED, "a frame is sent before its hash is stored") \
	X(SENT_UNSYNCED, "a frame is sent before its hash is synced") \
	X(EDIT_UNSYNCED, "an edit is acknowledged before it is synced") \
	X(BASE_AT_SAVE, "an edit's base is taken when it is saved") \
	X(ABSENCE_DELETES, "what the cloud does not hold goes here too, edited or not") \
	X(DELETION_BEATS_EDIT, "a deletion beats a concurrent edit") \
	X(LOSER_NOT_FILED, "a version that lost is not filed") \
	X(LOSER_NOT_CARRIED, "a version that lost does not travel") \
	X(COPY_NOT_MADE, "an edit that lost narrowly gets no conflict copy") \
	X(PURGE_AT_ONCE, "a tombstone is purged at any age") \
	X(PURGE_BELOW_FLOOR, "a purge does not raise the floor") \
	X(IMPORT_PIECEMEAL, "an import commits each entry by itself") \
	X(VERSION_LEAVES_OUT, "the version hash leaves a member's value out") \
	X(ROSTER_STORED_EARLY, "a roster is stored before the log has led to it") \
	X(STATEMENT_MADE_ANEW, "a statement that was not committed is made again") \
	X(PLACE_NOT_STAGED, "where a tombstone stands is not taken from its row") \
	X(ROT_SENT, "what a segment takes in is not held against its version") \
	X(PAD_FLOOR, "the padding has no floor") \
	X(SALT_FIXED, "every frame is sealed with one salt")

#define MUTATION_VALUE(name, text) MUTATION_##name,
enum mutation { MUTATION_NONE, MUTATIONS(MUTATION_VALUE) MUTATION_END };
#undef MUTATION_VALUE
extern enum mutation mutation_on; /* set before anything runs */
#define MUTATION(name) (mutation_on == MUTATION_##name)

#else

#define MUTATION(name) false

#endif
#endif
