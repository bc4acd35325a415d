/*
 * cli/engine/journal.h: the local journal, as the engine needs it: a vtable that cli/store supplies
 * over SQLite (and a browser or the simulator otherwise). The engine does no I/O of its own.
 *
 * Versions are immutable and found by their hash; each entry id has up to three: `local` (what the
 * person sees), `base` (the cloud version that local was made against) and `cloud` (the state at
 * the cursor). Outside a transaction base equals cloud; inside one that applies frames cloud moves
 * first, and the entry is "unsettled" until the engine has judged it and set base.
 *   dirty      local differs from cloud: to be pushed
 *   unsettled  base differs from cloud: to be judged
 * An absent version is has_x == false. A tombstone is a version like any other.
 */
#ifndef INKSEAL_JOURNAL_H
#define INKSEAL_JOURNAL_H

#include "schemas/entry.h"

enum journal_result {
	JOURNAL_OK,
	JOURNAL_NONE,   /* no such thing, or the end of an iteration */
	JOURNAL_FULL,   /* the disk is full: nothing was written, roll back */
	JOURNAL_FAILED, /* I/O error, damaged file, no memory: call->message says; roll back */
};

struct journal_entry {
	bool has_local, has_base, has_cloud;
	struct digest local, base, cloud;
	struct device_id author; /* who made the cloud version */
	uint64_t cloud_seq;      /* the frame that brought it */
	int64_t cloud_ms;        /* that frame's time */
};

struct journal_row { /* one step of an iteration; id and bytes are yours to clear */
	struct bytes id;
	struct bytes encoded; /* the version's encoded entry */
	struct digest version;
	struct device_id author;
	int64_t created_ms; /* the order's first key; the second is id, bytewise */
	bool deleted;
	uint64_t cloud_seq;
	int64_t cloud_ms;
	bool replaces;          /* of SCAN_SENT: there is a cloud version … */
	struct digest replaced; /* … which this sent one is to take the place of */
};

enum journal_scan {
	JOURNAL_SCAN_CLOUD, /* the cloud state at the cursor */
	JOURNAL_SCAN_SENT,  /* the cloud state with the versions of `sent` frame over it */
	/*
	 * The losers that a frame has carried, newest first; cloud_ms: the time of that frame. In
	 * this order created_ms does not count.
	 */
	JOURNAL_SCAN_LOSERS,
};

enum history_kind {   /* why a version stands in an entry's history */
	HISTORY_EDIT, /* saved here */
	HISTORY_IMPORT,
	HISTORY_DELETE,
	HISTORY_RESTORE,
	HISTORY_PULLED, /* came from another device */
	HISTORY_LOSER,  /* lost a conflict; kept */
	HISTORY_COPY,   /* made as a conflict copy */
};

enum activity_kind {
	ACTIVITY_EDIT,
	ACTIVITY_IMPORT,
	ACTIVITY_DELETE,
	ACTIVITY_RESTORE,
	ACTIVITY_EXPORT,
	ACTIVITY_SYNC_ON,
	ACTIVITY_SYNC_OFF,
	ACTIVITY_PUSHED,
	ACTIVITY_PULLED,
	ACTIVITY_CONFLICT, /* settled by last write wins; the loser is in the history */
	ACTIVITY_COPY,     /* both kept: a conflict copy was made */
	ACTIVITY_RECOVERED,
	ACTIVITY_WIPED,
	ACTIVITY_WARNING,
	ACTIVITY_RESET, /* a person had the cloud copy begun anew, here or on another device */
};

struct journal_loser { /* lost here, to be carried in the next patch; id and encoded are yours */
	struct bytes id;
	struct bytes encoded;
	struct digest version;
	struct device_id author;
};

struct journal_staged { /* a row of a snapshot; the id is borrowed */
	struct view id;
	struct digest version;
	struct device_id author;
	bool deleted;
	uint64_t seq; /* a tombstone's place; 0: the frame's that is installed, and so its time */
	int64_t time_ms; /* if seq says so */
};

struct journal_segment { /* a blob known to be in the cloud, by what it holds */
	struct digest run_hash;
	uint64_t name_count;
	struct digest name_hash;
};

struct journal_pending { /* what waits to be pushed */
	uint64_t dirty_count;
	uint64_t losers_count;
};

struct journal_counts {
	uint64_t entries_count;   /* live local ones */
	uint64_t deleted_count;   /* local tombstones */
	uint64_t conflicts_count; /* live conflict copies */
	uint64_t dirty_count;     /* to be pushed */
	uint64_t losers_count;    /* still to be carried */
};

struct journal_ops {
	/*
	 * One write transaction at a time; all writes below need one. commit is durable when OK;
	 * after begin_light it outlives the process, and is durable with the next that is: a power
	 * cut may take it back.
	 */
	enum journal_result (*begin)(void *self, struct call *call);
	enum journal_result (*begin_light)(void *self, struct call *call);
	enum journal_result (*commit)(void *self, struct call *call);
	void (*rollback)(void *self);

	/* Small named values (at most 512 KiB): cursor, state root, roster, cache… */
	enum journal_result (*meta_get)(
	    void *self, const char *name, struct call *, struct bytes *out);
	enum journal_result (*meta_set)(
	    void *self, const char *name, struct view value, struct call *);
	enum journal_result (*meta_remove)(void *self, const char *name, struct call *);

	/* NONE: no version of that id anywhere. */
	enum journal_result (*entry_get)(
	    void *self, struct view id, struct call *, struct journal_entry *out);
	/*
	 * Versions: the encoding was checked by the caller. To put one again changes nothing; other
	 * bytes under its hash are refused.
	 */
	enum journal_result (*version_get)(
	    void *self, const struct digest *version, struct call *, struct bytes *encoded_out);
	enum journal_result (*version_put)(
	    void *self, const struct digest *version, struct view encoded, struct call *);
	/* NULL version: none. local_set keeps the search index and the list in step. */
	enum journal_result (*local_set)(
	    void *self, struct view id, const struct digest *version, struct call *);
	enum journal_result (*base_set)(
	    void *self, struct view id, const struct digest *version, struct call *);
	enum journal_result (*cloud_set)(void *self, struct view id, const struct digest *version,
	    const struct device_id *author, uint64_t seq, int64_t time_ms, struct call *);

	/* Iterations by id, stable under writes to ids already passed: the next id after `after`.
	 */
	enum journal_result (*dirty_next)(
	    void *self, struct view after, struct call *, struct bytes *id_out);
	enum journal_result (*unsettled_next)(
	    void *self, struct view after, struct call *, struct bytes *id_out);
	/* counts goes through all entries; pending only through what it counts. */
	enum journal_result (*counts)(void *self, struct call *, struct journal_counts *out);
	enum journal_result (*pending)(void *self, struct call *, struct journal_pending *out);
	/* Have the dirty local versions, encoded, more bytes? Goes through no more than show it. */
	enum journal_result (*dirty_above)(
	    void *self, uint64_t bytes, struct call *, bool *above_out);
	/* Unsettled ids whose local equals base, is live, and whose cloud version is deleted or
	 * none. */
	enum journal_result (*deletions_coming)(void *self, struct call *, uint64_t *count_out);
	/* Dirty ids whose local is a tombstone, and whose cloud version is live. */
	enum journal_result (*deletions_going)(void *self, struct call *, uint64_t *count_out);
	/*
	 * The conflict rule's plain case, for all entries at once: unsettled, with a cloud version,
	 * and local as the base (or neither there). The cloud's becomes local and base, and stands
	 * in the history as pulled at at_ms.
	 */
	enum journal_result (*settle_plain)(
	    void *self, int64_t at_ms, struct call *, uint64_t *count_out);

	/*
	 * Tombstones, unchanged since they were synced: the next id after `after` of those whose
	 * frame's seq is at most seq_max and time at most before_ms; and the newest one's seq (0:
	 * none).
	 */
	enum journal_result (*tombstone_next)(void *self, struct view after, uint64_t seq_max,
	    int64_t before_ms, struct call *, struct bytes *id_out);
	enum journal_result (*tombstone_newest)(void *self, struct call *, uint64_t *seq_out);

	/* A scan in (created_ms, id) order of the cloud version; one at a time; survives writes. */
	enum journal_result (*scan_open)(void *self, enum journal_scan which,
	    const struct digest *sent_frame, struct call *, uint64_t *count_out,
	    uint64_t *bytes_out); /* of encoded entries */
	enum journal_result (*scan_next)(void *self, struct call *, struct journal_row *out);
	void (*scan_close)(void *self); /* also when none is open */

	/*
	 * Frames of ours, stored before they are sent; a load's with the versions that it carries.
	 * sent_add begins without any, also if the frame was there already.
	 */
	enum journal_result (*sent_add)(
	    void *self, const struct digest *frame, uint64_t seq, struct call *);
	enum journal_result (*sent_all_dirty)(
	    void *self, const struct digest *frame, struct call *);
	enum journal_result (*sent_known)(void *self, const struct digest *frame, struct call *);
	enum journal_result (*sent_next)(void *self, const struct digest *frame, struct view after,
	    struct call *, struct bytes *id_out, struct digest *version_out);
	/*
	 * The frame was committed: the versions that it carries become base and cloud.
	 * versions_out: the exclusive or of their hashes, which tells whether they are those that
	 * were scanned.
	 */
	enum journal_result (*sent_acknowledge)(void *self, const struct digest *frame,
	    const struct device_id *author, uint64_t seq, int64_t time_ms, struct call *,
	    uint64_t *count_out, struct digest *versions_out);
	enum journal_result (*sent_rename)(void *self, const struct digest *from,
	    const struct digest *to, uint64_t seq, struct call *); /* replaces `to` */
	/* Forgets every sent frame whose place is at most seq: it landed, or never will. */
	enum journal_result (*sent_prune)(void *self, uint64_t seq, struct call *);

	enum journal_result (*history_add)(void *self, struct view id, const struct digest *version,
	    const struct device_id *author, enum history_kind kind, int64_t at_ms, struct call *);
	/* id may be empty; detail is for people: no title, no text of an entry. */
	enum journal_result (*activity_add)(void *self, enum activity_kind kind, struct view id,
	    const char *detail, int64_t at_ms, struct call *);

	enum journal_result (*loser_add)(void *self, struct view id, const struct digest *version,
	    const struct device_id *author, struct call *);
	/* In order of (id, version) after the given pair; `after_id` empty: the first. */
	enum journal_result (*loser_next)(void *self, struct view after_id,
	    const struct digest *after_version, struct call *, struct journal_loser *out);
	/*
	 * A frame of that time carries the loser: it is pending no more, and stands in the history
	 * as a loser just once, by that author, at that time: so every device holds it alike.
	 */
	enum journal_result (*loser_settled)(void *self, struct view id,
	    const struct digest *version, const struct device_id *author, int64_t time_ms,
	    struct call *);

	/* Segments of the newest index known, by run hash; and the whole set replaced. */
	enum journal_result (*segment_find)(
	    void *self, const struct digest *run_hash, struct call *, struct journal_segment *out);
	enum journal_result (*segment_add)(
	    void *self, const struct journal_segment *, struct call *);
	enum journal_result (*segments_clear)(void *self, struct call *);

	/* Rows of a snapshot being installed, kept until the whole has given its root. */
	enum journal_result (*stage_add)(void *self, const struct journal_staged *, struct call *);
	/* By id, as above. */
	enum journal_result (*stage_next)(void *self, struct view after, struct call *,
	    struct bytes *id_out, struct digest *version_out, struct device_id *author_out);
	/* Of entries: a second row of one took the first one's place. */
	enum journal_result (*stage_count)(void *self, struct call *, uint64_t *count_out);
	/* Of the tombstones' places: is one the frame's, and the newest of all others (0: none). */
	enum journal_result (*stage_places)(
	    void *self, struct call *, bool *own_out, uint64_t *newest_out);
	/* Cloud ids that are not staged and are >= after (by id): what the staged state lacks. */
	enum journal_result (*stage_missing_next)(
	    void *self, struct view after, struct call *, struct bytes *id_out);
	/* What is staged becomes the cloud versions: those that differ came with the frame seq. One
	 * that another device has pushed again since differs too: conflicts are settled by author.
	 * Every tombstone came with the frame that its place names.
	 */
	enum journal_result (*stage_install)(
	    void *self, uint64_t seq, int64_t time_ms, struct call *);
	enum journal_result (*stage_clear)(void *self, struct call *);
	/*
	 * A reset. bases_forget: what is local and in the cloud alike keeps that as its base, all
	 * else has none. cloud_placed: every cloud version came with the frame seq.
	 */
	enum journal_result (*bases_forget)(void *self, struct call *);
	enum journal_result (*cloud_placed)(void *self, uint64_t seq, struct call *);
	/* Who made that version of the entry, by its history; NONE: that is not known. */
	enum journal_result (*version_author)(void *self, struct view id,
	    const struct digest *version, struct call *, struct device_id *author_out);

	/* Forgets base, cloud, sent, segments, stage and devices: all is unsynced again. Losers
	 * that no patch has carried still wait for one. */
	enum journal_result (*cloud_forget)(void *self, struct call *);

	/* Live devices' last frames, for an index's table. */
	enum journal_result (*device_seen)(void *self, const struct device_id *device, uint64_t seq,
	    int64_t time_ms, struct call *);
	enum journal_result (*device_get)(void *self, const struct device_id *device, struct call *,
	    uint64_t *seq_out, int64_t *time_ms_out);
};

struct journal {
	void *self;
	const struct journal_ops *ops;
};

#endif
