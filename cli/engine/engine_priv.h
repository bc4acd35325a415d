/*
 * cli/engine/engine_priv.h: what the engine's files share: journal access, the stored facts, the
 * state that a run of sync works on. For this folder and its tests.
 */
#ifndef INKSEAL_ENGINE_PRIV_H
#define INKSEAL_ENGINE_PRIV_H

#include "cli/engine/conflict.h"
#include "cli/engine/engine.h"
#include "cli/engine/root.h"
#include "schemas/patch.h"

enum engine_result engine_of_journal(enum journal_result result);
enum engine_result engine_of_format(enum format_result result);
/* Ends a transaction: commits what went well and rolls back what did not. */
MUST_USE enum engine_result engine_finish(
    struct engine *engine, enum engine_result result, struct call *call);

/* facts.c: meta "facts" (this struct) and "root" (the lanes) move in the transaction that moves the
 * state. */
#define META_FACTS "facts"
#define META_ROOT "root"
#define META_ROSTER "roster"
#define META_NAME "device-name"
struct stored_facts {
	struct sync_facts public;
	struct digest roster_at; /* roster hash after the frame at the cursor */
};
MUST_USE enum engine_result facts_load(
    struct engine *engine, struct call *call, struct stored_facts *out);
MUST_USE enum engine_result facts_store(
    struct engine *engine, const struct stored_facts *facts, struct call *call);

/* One version and the entry it decodes to; clear with version_clear. */
struct version {
	struct bytes encoded;
	struct entry entry;
	struct digest hash;
};
void version_clear(struct version *version);
MUST_USE enum engine_result version_load(
    struct engine *engine, const struct digest *hash, struct call *call, struct version *out);
/* Encodes, hashes and stores an entry as a version. */
MUST_USE enum engine_result version_store(
    struct engine *engine, const struct entry *entry, struct call *call, struct digest *hash_out);
MUST_USE enum engine_result conflict_side_load(struct engine *engine, bool has,
    const struct digest *hash, struct call *call, struct conflict_side *out);

/* settle.c: applies the conflict rule's outcome to one entry; in a transaction. */
struct settle_input {
	struct view id;
	bool has_base;
	struct digest base;
	bool has_local;
	struct digest local;
	struct device_id local_author;
	bool has_cloud;
	struct digest cloud;
	struct device_id cloud_author;
	int64_t skew_ms;
	bool pending_losers; /* true: the loser is to be carried in a patch */
};
MUST_USE enum engine_result settle_entry(struct engine *engine, const struct settle_input *input,
    struct call *call, bool *changed_out, struct edit_outcome *out);

/* What a run of sync works on; state.c. */
struct sync_state {
	struct engine *engine;
	struct call *call;
	const struct device_keys
	    *opener; /* whose box opens the epochs: ours, or while recovering the code's */
	struct stored_facts facts;
	struct root_sum sum;
	struct bytes roster_bytes;
	struct roster *roster;
	size_t roster_index; /* the statement that the cursor's roster hash leads to */
	struct epoch_key key;
	uint64_t key_epoch; /* 0: none opened yet */
	struct sync_totals totals;
};
MUST_USE enum engine_result state_load(struct sync_state *state);
void state_clear(struct sync_state *state);
/* Takes newer roster bytes if they descend from the known ones (else ENGINE_ROLLBACK). In a
 * transaction. */
MUST_USE enum engine_result state_take_roster(struct sync_state *state, struct view roster);
MUST_USE enum engine_result state_key(
    struct sync_state *state, uint64_t epoch, const struct epoch_key **out);
MUST_USE enum engine_result state_begin(struct sync_state *state);
/* Stores facts and root, and commits. */
MUST_USE enum engine_result state_commit(struct sync_state *state);
void state_rollback(struct sync_state *state);
/* A head whose frames held, though what they bring was not taken (the brake): it stays known (I11).
 */
MUST_USE enum engine_result state_remember_head(struct sync_state *state, const struct head *seen);
/* A line in the activity log for what was pushed or pulled; none for none. In a transaction. */
MUST_USE enum engine_result state_note(
    struct sync_state *state, enum activity_kind kind, uint64_t entries);
const struct device_id *state_device(const struct sync_state *state);

/* A frame's body blob, if the driver has it. */
struct body_source {
	const struct sync_body *bodies;
	size_t bodies_count;
	const struct sync_body *extra; /* fetched alone; NULL: none */
};

/* apply.c: one frame onto the cloud state, in a transaction: cloud moves, base stays (but of ours).
 */
enum apply_result {
	APPLY_OK,
	APPLY_NEEDS_BODY, /* the body is not at hand: nothing was changed */
	APPLY_IS_LOAD,    /* a load of another device: take it (take.c); nothing was changed */
	APPLY_FAILED,     /* *failure_out says how; roll back */
};
MUST_USE enum apply_result apply_frame(struct sync_state *state, struct view encoded,
    const struct body_source *bodies, enum engine_result *failure_out);
/*
 * If the frame, just applied, is another's snapshot: it names segments that this device has not
 * met, and learns when it needs to. In a transaction.
 */
MUST_USE enum engine_result apply_note_snapshot(struct sync_state *state, struct view encoded);
/* Checks place, roster, epoch and signature, and moves head and roster index. */
MUST_USE enum engine_result apply_head(struct sync_state *state, const struct frame *frame);
/* Opens and decodes a frame's sealed part; *payload_out owns what *sealed_out points into. */
MUST_USE enum engine_result apply_open(struct sync_state *state, const struct frame *frame,
    struct bytes *payload_out, struct frame_sealed *sealed_out);
/* Sets the cloud version of an entry and keeps the root in step. NULL version: none. */
MUST_USE enum engine_result apply_cloud(struct sync_state *state, struct view id,
    const struct digest *version, const struct device_id *author, uint64_t seq, int64_t time_ms);
/* Judges all unsettled entries; asks the brake first. In the same transaction. */
MUST_USE enum engine_result settle_all(struct sync_state *state, bool allow_deletions);

/* push.c: what is dirty as one patch frame; sent rows are stored. */
struct push {
	struct bytes frame;
	struct digest frame_hash;
	struct bytes body; /* empty: inline */
	uint64_t entries;
	uint64_t deltas;
};
void push_clear(struct push *push);
MUST_USE enum engine_result push_patch(
    struct sync_state *state, bool allow_deletions, struct push *out);
MUST_USE enum engine_result push_statement(struct sync_state *state,
    const struct device_keys *recovery, struct push *out, struct bytes *roster_out);
/* Seals and signs a frame with this device's keys; fills out->frame and its hash. */
MUST_USE enum engine_result push_seal(struct sync_state *state, struct frame_header *header,
    const struct frame_sealed *sealed, struct push *out);
void push_header(const struct sync_state *state, enum frame_kind kind, struct frame_header *out);
/* Refuses to push more deletions than the brake allows. */
MUST_USE enum engine_result push_brake(struct sync_state *state, bool allow_deletions);
bool brake_holds(uint64_t deletions, uint64_t entries);

/*
 * make.c: the state cut into segments, and their index: a load or a snapshot. make_next seals until
 * there is a blob to put (*put_out, name and blob valid until the next call) or all are there.
 */
struct make;
MUST_USE enum engine_result make_open(
    struct sync_state *state, enum frame_kind kind, struct make **out);
void make_free(struct make *make); /* NULL is fine */
MUST_USE enum engine_result make_next(
    struct make *make, bool *put_out, struct blob_name *name_out, struct view *blob_out);
/* The blob of the last make_next was put and read back: remember it. */
MUST_USE enum engine_result make_put_done(struct make *make);
/* After the last segment: the index was the last blob; the frame that names it. */
MUST_USE enum engine_result make_frame(struct make *make, struct push *out);
/* The frame was committed: moves head, state (a load) and the known segments. In a transaction. */
MUST_USE enum engine_result make_committed(struct make *make, struct view frame);
void make_progress(const struct make *make, uint64_t *done_out, uint64_t *all_out);
/* What a load in flight becomes when it is met in the log: the versions it carried. In a
 * transaction. */
MUST_USE enum engine_result make_acknowledge(
    struct sync_state *state, const struct frame *frame, const struct frame_sealed *sealed);
/* Learns the names of the segments of an index blob (the newest one's). In a transaction. */
MUST_USE enum engine_result make_learn(
    struct sync_state *state, const struct blob_name *name, struct view blob);
/*
 * The segments of the newest index are those that a next snapshot may name again: begins anew, adds
 * one, and notes what the snapshot weighs (counted_bytes for counted of all segments; the others,
 * of which only the name is known, as much on average). In a transaction.
 */
MUST_USE enum engine_result segments_begin(struct sync_state *state);
MUST_USE enum engine_result segments_add(
    struct sync_state *state, const struct digest *run_hash, const struct blob_name *name);
void segments_weigh(
    struct sync_state *state, uint64_t counted_bytes, uint64_t counted, uint64_t all);
#define META_INDEX "index" /* the newest index's name, while its segments are not known here */

/*
 * take.c: a snapshot or load taken: only segments whose run differs are fetched and staged; nothing
 * moves until the whole has given its root and the frames after it have led to the head.
 */
struct take;
MUST_USE enum engine_result take_open(
    struct sync_state *state, struct view frame, bool at_cursor, struct take **out);
void take_free(struct take *take); /* NULL is fine */
/* The next blob that is missing; *get_out false: all is staged. */
MUST_USE enum engine_result take_next(struct take *take, bool *get_out, struct blob_name *name_out);
MUST_USE enum engine_result take_blob(struct take *take, struct view blob);
void take_progress(const struct take *take, uint64_t *done_out, uint64_t *all_out);
/* From where the log is to be followed, and frames of it, in order. */
const struct head *take_cursor(const struct take *take);
MUST_USE enum engine_result take_frames(struct take *take, const struct sync_answer *answer,
    const struct sync_body *extra, struct blob_name *body_needed_out, bool *body_out);
/* Applies all in one transaction, and settles. */
MUST_USE enum engine_result take_finish(struct take *take, bool allow_deletions);

/* An index blob or a segment, opened and unpacked; both check the name's hash, kind and account. */
MUST_USE enum engine_result blob_open_plain(struct sync_state *state, const struct blob_name *name,
    struct view encoded, enum blob_kind kind, size_t plain_max, struct blob_name *names_out,
    size_t *names_count_out, struct bytes *plain_out);

/* account.c: account_wiped, with facts and roster at hand. */
MUST_USE enum engine_result wipe_record_check(const struct sync_facts *facts,
    const struct roster *known, struct view record, struct call *call);

#endif
