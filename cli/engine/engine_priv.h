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
#define META_STATEMENT "statement" /* this device's own, until the log holds it (push.c) */
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
/* ENGINE_UNSOUND, with a message that names id: it is not what its hash says, or can't be decoded.
 */
MUST_USE enum engine_result version_load(struct engine *engine, struct view id,
    const struct digest *hash, struct call *call, struct version *out);
/* As it is stored. Not *sound_out: what can be read is in out->entry, which is {0} if nothing can.
 */
MUST_USE enum engine_result version_look(struct engine *engine, const struct digest *hash,
    struct call *call, struct version *out, bool *sound_out);
/* ENGINE_UNSOUND, and the message for it. */
enum engine_result version_unsound(struct view id, struct call *call);
/* Encodes, hashes and stores an entry as a version. */
MUST_USE enum engine_result version_store(
    struct engine *engine, const struct entry *entry, struct call *call, struct digest *hash_out);
MUST_USE enum engine_result conflict_side_load(struct engine *engine, struct view id, bool has,
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
	bool no_base; /* a reset was taken: base is not looked at */
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
	struct roster *roster; /* the known one; beyond it what an answer named: held, not stored */
	size_t roster_known;   /* so many statements of it are stored: the log has led to them */
	size_t roster_index;   /* the statement that the cursor's roster hash leads to */
	struct epoch_key key;
	uint64_t key_epoch; /* 0: none opened yet */
	bool no_base;       /* what a reset brought is being settled */
	struct sync_totals totals;
};
MUST_USE enum engine_result state_load(struct sync_state *state);
void state_clear(struct sync_state *state);
/*
 * The roster becomes these bytes if they begin with what is known (else ENGINE_ROLLBACK), in memory
 * alone: state_commit stores of it what the log has led to.
 */
MUST_USE enum engine_result state_hold_roster(struct sync_state *state, struct view roster);
/* Forgets what is held beyond the statement `newest`; never what is known. 0: all that is held. */
MUST_USE enum engine_result state_let_go(struct sync_state *state, size_t newest);
/* True if the roster begins with all statements that are known. */
bool state_knows(const struct sync_state *state, const struct roster *newer);
/* The log holds the statement that adds this device. In a transaction. */
MUST_USE enum engine_result state_joined(struct sync_state *state);
MUST_USE enum engine_result state_key(
    struct sync_state *state, uint64_t epoch, const struct epoch_key **out);
MUST_USE enum engine_result state_begin(struct sync_state *state);
/* For what a power cut may take back: it is only fetched, or put, again. */
MUST_USE enum engine_result state_begin_light(struct sync_state *state);
/* Stores facts, root and what the log has led to of the roster, and commits. */
MUST_USE enum engine_result state_commit(struct sync_state *state);
void state_rollback(struct sync_state *state);
/*
 * The brake has ended the run, and what it had applied was rolled back: the head whose frames held
 * stays known (I11). ENGINE_BRAKE, or why it could not be stored.
 */
MUST_USE enum engine_result state_braked(struct sync_state *state, const struct head *seen);
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

/* purge.c: tombstones that may leave the state, by what the devices have acknowledged. */
struct purge {
	uint64_t seq_max;  /* every device has acknowledged up to here */
	int64_t before_ms; /* and they are at least as old as this */
};
MUST_USE enum engine_result purge_open(const struct sync_state *state, struct purge *out);
/* The next by id after `after`; ENGINE_NOT_FOUND: none. */
MUST_USE enum engine_result purge_next(const struct sync_state *state, const struct purge *purge,
    struct view after, struct bytes *id_out, struct journal_entry *known_out);
/* Others wait for this device: a tombstone is newer than its last frame, and that a week old. */
MUST_USE enum engine_result purge_acknowledge_due(const struct sync_state *state, bool *due_out);

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
 * flights.c: blobs under way. A slot is handed out with a want and is free again with its answer;
 * what was given up keeps its slot, and the memory that the driver reads, until then.
 */
#define SLOT_ALONE SYNC_FLIGHTS_MAX  /* of wants that come alone */
#define FLIGHTS_BYTES_MAX (4u << 20) /* to be sealed and put: no more are begun above it */
#define PLACE_INDEX SIZE_MAX         /* else a segment's number; losers' segments come last */

struct sealing {                     /* a blob to be made, then made */
	const struct epoch_key *key; /* borrowed: the state's, while blobs are under way */
	struct blob_header header;
	struct blob_name *names; /* of the header, ours; NULL: none */
	uint64_t sweep;
	struct bytes plain; /* gone once it is sealed */
	struct bytes blob;
	struct blob_name name;
};
struct opening {                /* a segment to be opened, then opened */
	struct epoch_key key;   /* a secret: wiped with the flight */
	struct digest run_hash; /* the index's: under that same key */
	uint64_t epoch;
	uint64_t rows_count; /* the index's, then the segment's: the same */
	struct account_id account;
	struct blob_name name;
	struct bytes plain;
	struct row *rows;    /* views into plain; NULL: not opened */
	struct root_sum sum; /* over the rows */
};
/* Takes plain over. FORMAT_FORGED: it is another run than the index names. */
MUST_USE enum format_result opening_read(struct opening *opening, struct bytes *plain);
void opening_free(struct opening *opening); /* NULL is fine */
enum flight_state {
	FLIGHT_FREE,
	FLIGHT_PUT,
	FLIGHT_BACK,  /* was put, is to be read back */
	FLIGHT_CHECK, /* is being read back */
	FLIGHT_GET,
	FLIGHT_STALE, /* given up: its answer is not waited for, but comes */
};
struct flight {
	enum flight_state state;
	size_t place;     /* in make or take */
	size_t plain_len; /* what sealing began with */
	struct sealing sealing;
	struct opening *opening; /* GET of a segment; ours */
	struct blob_name name;   /* BACK, CHECK, GET */
	size_t blob_len;         /* BACK, CHECK */
};
struct flights {
	struct flight all[SYNC_FLIGHTS_MAX];
};
size_t flights_count(const struct flights *flights); /* under way */
/* A free one; NULL: none, or enough bytes are under way. */
struct flight *flights_begin(struct flights *flights);
struct flight *flights_find(struct flights *flights, enum flight_state state); /* NULL: none */
unsigned flight_slot(const struct flights *flights, const struct flight *flight);
void flight_end(struct flight *flight);
void flights_give_up(struct flights *flights);

/*
 * make.c: the state cut into segments, and their index: a load or a snapshot. make_next fills the
 * flight with the next blob to be sealed and put (*put_out). False: there is none now; when the
 * segments are all put and checked (alone) comes the index, after it none.
 */
struct make;
/* How the state is cut: a function of its size alone, so that all devices cut alike. */
struct cut {
	uint64_t floor; /* bytes: no boundary before this */
	uint64_t mask;  /* a boundary where the key's hash has these bits all zero */
};
#define CUT_FLOOR_MAX (ENTRY_MAX / 2)
#define CUT_BYTES_MAX ((uint64_t)(SEGMENTS_MAX - 1) * CUT_FLOOR_MAX) /* of all runs: 3.7 GiB */
void cut_for(uint64_t count, uint64_t bytes, struct cut *out); /* bytes: of the entries alone */
uint64_t cut_bytes(uint64_t count, uint64_t bytes); /* … with what stands beside them */
/* follows: for a reset, the head of the log that is given up; else NULL. */
MUST_USE enum engine_result make_open(
    struct sync_state *state, enum frame_kind kind, const struct head *follows, struct make **out);
void make_free(struct make *make); /* NULL is fine */
MUST_USE enum engine_result make_next(
    struct make *make, bool alone, bool *put_out, struct flight *flight);
/* The flight's blob was put and read back: remember it. */
MUST_USE enum engine_result make_put_done(struct make *make, const struct flight *flight);
/* After the last segment: the index was the last blob; the frame that names it. */
MUST_USE enum engine_result make_frame(struct make *make, struct push *out);
/* The frame was committed: moves head, state (a load) and the known segments. In a transaction. */
MUST_USE enum engine_result make_committed(struct make *make, struct view frame);
void make_progress(const struct make *make, uint64_t *done_out, uint64_t *all_out);
/*
 * A load of this home's is met in the log, of which no answer was heard: the versions that were
 * stored for it become base and cloud, if with them the state has the root that the frame names. In
 * a transaction.
 */
MUST_USE enum engine_result make_acknowledge(
    struct sync_state *state, const struct frame *frame, const struct frame_sealed *sealed);
/*
 * A reset of this home's has landed, over the very state that it was made of: head and roster move,
 * and nothing else. In a transaction.
 */
MUST_USE enum engine_result make_acknowledge_reset(
    struct sync_state *state, const struct frame *frame);
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
/*
 * The log is counted from here on: the frame at seq is the newest snapshot, load or reset. When the
 * next is due follows from what that one weighs, within these bounds (sync.c).
 */
void log_begins(struct sync_state *state, uint64_t seq);
#define LOG_BYTES_MIN (1u << 20)
#define LOG_BYTES_MAX (64u << 20)
#define LOG_FRAMES_MAX 5000u
#define META_INDEX "index" /* the newest index's name, while its segments are not known here */

/*
 * stage.c: rows of fetched segments on their way into the journal's stage. What is staged for one
 * index stays when a run is cut, and is not fetched again. All but hold and clear in a transaction.
 */
#define STAGE_HELD_MAX 64u
struct stage {
	struct digest index;
	struct digest *runs; /* those that are staged */
	size_t runs_count;
	struct opening *held[STAGE_HELD_MAX]; /* fetched, not staged yet; ours */
	size_t held_count;
	size_t held_bytes;
	struct root_sum sum; /* over all that is staged or held */
};
/* Goes on with what is staged for that index; what is there for another is forgotten. */
MUST_USE enum engine_result stage_open(
    struct stage *stage, struct sync_state *state, const struct digest *index);
bool stage_has(const struct stage *stage, const struct digest *run_hash);
/* One run of this device's own, which is the index's too: a row of it, then that it is whole. */
MUST_USE enum engine_result stage_own(
    struct stage *stage, struct sync_state *state, const struct row *row);
void stage_mark(struct stage *stage, const struct digest *run_hash);
MUST_USE enum engine_result stage_store_marks(const struct stage *stage, struct sync_state *state);
/* Takes *opening over (it becomes NULL); then, if stage_full, it is to be flushed. */
void stage_hold(struct stage *stage, struct opening **opening);
bool stage_full(const struct stage *stage);
MUST_USE enum engine_result stage_flush(struct stage *stage, struct sync_state *state);
MUST_USE enum engine_result stage_forget(struct sync_state *state); /* all that is staged */
void stage_clear(struct stage *stage);                              /* what is in memory */
#define META_STAGE "stage"

/*
 * take.c: a snapshot or load taken: only segments whose run differs are fetched and staged; nothing
 * moves until the whole has given its root and the frames after it have led to the head.
 */
struct take;
MUST_USE enum engine_result take_open(
    struct sync_state *state, struct view frame, bool at_cursor, struct take **out);
void take_free(struct take *take); /* NULL is fine */
/* The next blob that is missing, its name and place; *get_out false: none is to be asked for now,
 * and if nothing is under way, all is staged. */
MUST_USE enum engine_result take_next(struct take *take, bool *get_out, struct flight *flight);
MUST_USE enum engine_result take_blob(struct take *take, struct flight *flight, struct view blob);
void take_progress(const struct take *take, uint64_t *done_out, uint64_t *all_out);
/* From where the log is to be followed, and frames of it, in order. */
const struct head *take_cursor(const struct take *take);
MUST_USE enum engine_result take_frames(struct take *take, const struct sync_answer *answer,
    const struct sync_body *extra, struct blob_name *body_needed_out, bool *body_out);
/* Applies all in one transaction, and settles. */
MUST_USE enum engine_result take_finish(struct take *take, bool allow_deletions);

/* open.c: a blob, opened and unpacked; checks the name's hash, kind and account. */
MUST_USE enum engine_result blob_open_plain(struct sync_state *state, const struct blob_name *name,
    struct view encoded, enum blob_kind kind, size_t plain_max, struct blob_name *names_out,
    size_t *names_count_out, size_t *losers_count_out, struct bytes *plain_out);

/*
 * losers.c: rows of losers' segments, held until the state beside them is taken. Members may file
 * as many losers as they like: makers and takers of snapshots hold to one bound, and what is beyond
 * it is left out and refuses nothing, since losers are no part of the state.
 */
#define LOSERS_ROWS_MAX (32u << 20) /* bytes; a row is about 100 */
#define LOSERS_SEGMENTS_MAX 256u    /* the newest; each is cut before it would pass ENTRY_MAX */
#define LOSERS_DAYS 30
struct losers {
	struct buffer rows; /* (id, version, author, time) as CBOR */
	size_t count;
	bool full; /* some were left out, and so are all that follow */
};
size_t losers_row_len(size_t id_len); /* what one takes of LOSERS_ROWS_MAX, at most */
void losers_init(struct losers *losers);
void losers_clear(struct losers *losers);
/* A segment's plain bytes: stores its versions and holds its rows. In a transaction. */
MUST_USE enum engine_result losers_read(
    struct losers *losers, struct sync_state *state, struct view plain);
/* Files them all in the history. In a transaction. */
MUST_USE enum engine_result losers_file(const struct losers *losers, struct sync_state *state);

/* account.c: account_wiped, with facts and roster at hand. */
MUST_USE enum engine_result wipe_record_check(const struct sync_facts *facts,
    const struct roster *known, struct view record, struct call *call);

#endif
