/*
 * gateway/account/account_priv.h: what the account code's files share. One struct account_work is
 * one call: the cached manifest and roster, decoded, beside what the call was given. Everything in
 * it points into the cache's bytes, so whatever replaces those decodes it again (commit.c).
 * Steps (S1…, W1…) are numbered in README.md.
 */
#ifndef INKSEAL_ACCOUNT_PRIV_H
#define INKSEAL_ACCOUNT_PRIV_H

#include "gateway/account/account.h"

#define ACCOUNT_PREFIX_MAX 64u   /* leaves room for the longest key, a pack's, in BUCKET_KEY_MAX */
#define ACCOUNT_TRIES 3u         /* one conditional PUT is sent at most that often */
#define ACCOUNT_ROUNDS 5u        /* a commit is rebuilt at most that often on what others wrote */
#define ACCOUNT_TURN_MS 5000     /* a turn is respected this long from when it was first seen */
#define ACCOUNT_TURN_WAIT_MS 200 /* a writer that is held comes again after this */
#define ACCOUNT_FOLD_AT 8u       /* packs of one level that account_fold makes into one */
#define ACCOUNT_FOLD_LATE 16u /* … and at which a commit folds, if nobody called account_fold */

struct account_key {
	char text[BUCKET_KEY_MAX + 1];
};

struct account_work {
	const struct account_env *env;
	struct account_cache *cache;
	struct account_id account;
	struct call *call;
	bool has_manifest; /* manifest and tail are cache->manifest, decoded and checked */
	bool fresh;        /* … and were compared with the bucket in this call */
	bool has_roster;   /* roster is cache->roster, decoded, and the manifest's */
	bool lenient; /* the log is not needed, or to be given up: if it does not hold, no error */
	const char *log_fault; /* … but this; tail and snapshot are not to be looked at then */
	struct manifest manifest;
	struct frame tail[MANIFEST_TAIL_MAX];
	struct frame snapshot; /* manifest.snapshot, decoded, if there is one */
	struct roster roster;
	struct manifest next;     /* being built; its views point where manifest's do */
	struct bytes wipe_record; /* set where a call gives ACCOUNT_GONE */
};

/* object.c: keys, and objects by their names. Messages name no key. */
void account_key_of(const struct account_work *work, const char *what, struct account_key *out);
void account_key_blob(
    const struct account_work *work, const struct blob_name *name, struct account_key *out);
void account_key_pack(
    const struct account_work *work, const struct manifest_pack *pack, struct account_key *out);
void account_key_wipe(const struct account_work *work, struct account_key *out);
/* ACCOUNT_OK for BUCKET_OK and BUCKET_UNCHANGED. */
enum account_result account_from_bucket(enum bucket_result result);
/* FORMAT_OK: ACCOUNT_OK; no memory: ACCOUNT_FAILED; else `bad`, with "what: why" as message. */
enum account_result account_from_format(
    enum format_result result, enum account_result bad, const char *what, struct call *call);
/* ACCOUNT_RETRY with a message once the call's deadline has passed. */
MUST_USE enum account_result account_in_time(const struct account_work *work);
/* Unconditional and of content named by its hash: sent again until it is known to be there. */
MUST_USE enum account_result account_object_put(
    struct account_work *work, const struct account_key *key, struct view data);
/* ABSENT: not there. DAMAGED: not what its name says. */
MUST_USE enum account_result account_blob_read(
    struct account_work *work, const struct blob_name *name, struct bytes *out);
MUST_USE enum account_result account_pack_read(struct account_work *work,
    const struct manifest_pack *pack, struct bytes *out, struct pack_header *header_out);

/* cache.c */
/* *pack is taken, if it is worth keeping. */
void account_cache_keep_pack(
    struct account_cache *cache, const struct digest *hash, struct bytes *pack);
const struct bytes *account_cache_pack(
    const struct account_cache *cache, const struct digest *hash); /* NULL: not at hand */
/* Forgets the packs that the manifest does not name any more. */
void account_cache_trim_packs(struct account_cache *cache, const struct manifest *manifest);
bool account_cache_has_seen(const struct account_cache *cache, const struct blob_name *name);

/* work.c: the manifest and the roster, as read. */
/* *out: free with account_work_free. What the cache holds for another account is cleared. */
MUST_USE enum account_result account_work_open(const struct account_env *env,
    struct account_cache *cache, const struct account_id *account, struct call *call,
    struct account_work **out);
void account_work_free(struct account_work *work); /* NULL is fine */
/* Conditional GET (S1, S2). OK: work->manifest is live and fresh. ABSENT, GONE: as account.h. */
MUST_USE enum account_result account_manifest_read(struct account_work *work);
/* For who missed an object that the manifest names: OK if the manifest is another by now. */
MUST_USE enum account_result account_manifest_reread(struct account_work *work);
/* Makes the bytes the cache's manifest, checked (S2); *bytes is taken. own: work encoded them. */
MUST_USE enum account_result account_manifest_adopt(
    struct account_work *work, struct bytes *bytes, bool own, const struct bucket_tag *tag);
/* work->roster, by the manifest; reads it if it is not the cached one. */
MUST_USE enum account_result account_roster_read(struct account_work *work);
/* The cached roster becomes these bytes (may forget: then it is read again). */
void account_roster_keep(
    struct account_work *work, struct view encoded, const struct digest *statement);
/* The seq up to which the frame, a load's or a snapshot's, holds the state. */
uint64_t account_covered_seq(const struct frame *frame);
/* That of the manifest's snapshot; 0: there is none. */
uint64_t account_snapshot_seq(const struct account_work *work);

/* commit.c: the manifest, as written. */
/*
 * Writes work->next over the manifest by its tag (S8). OK and *won_out: it stands, and is the
 * cache's. OK and not: another's commit stands, and is the cache's.
 */
MUST_USE enum account_result account_manifest_commit(struct account_work *work, bool *won_out);
/*
 * Builds work->next: the manifest and count frames after it, packed where it would pass
 * MANIFEST_PACK_AT (S7). roster: as of the last frame. Puts packs, commits nothing.
 */
MUST_USE enum account_result account_append(struct account_work *work, const struct frame *frames,
    const struct view *encoded, size_t count, const struct roster *roster,
    const struct blob_name *roster_name);

/* turn.c: fairness between writers (README.md, T1 to T3). */
/* How long a commit of this device must wait for another's turn; 0: it need not. */
int64_t account_turn_wait_ms(struct account_work *work, const struct device_id *device);
/* Gives the device the turn, if nobody has it. OK: it has, or another is first. */
MUST_USE enum account_result account_turn_take(
    struct account_work *work, const struct device_id *device);

/* log.c: frames in order, out of packs and tail. */
struct account_log {
	struct account_work *work;
	uint64_t after;
	size_t pack; /* the next pack to read */
	size_t tail; /* the next frame of the tail */
	size_t left; /* frames left in the pack at hand */
	struct bytes bytes;
	struct view rest;
};
void account_log_begin(struct account_work *work, uint64_t after, struct account_log *out);
void account_log_clear(struct account_log *log);
/* The next frame; views are good until the next call. OK with *end_out: there is none. */
MUST_USE enum account_result account_log_next(
    struct account_log *log, struct frame *frame_out, struct view *encoded_out, bool *end_out);
uint64_t account_log_oldest(const struct account_work *work); /* the first seq still at hand */
/* Is this very frame in the log? */
MUST_USE enum account_result account_log_holds(
    struct account_work *work, const struct frame *frame, bool *holds_out);
/* Keeps a copy of the bytes in the answer; *view_out is that copy. */
MUST_USE enum account_result account_answer_keep(
    struct sync_answer *answer, struct view bytes, struct call *call, struct view *view_out);
/* BEHIND, FAR_BEHIND or DIVERGED for a cursor below the head (S4, S5). */
MUST_USE enum account_result account_log_answer(
    struct account_work *work, const struct head *cursor, struct sync_answer *answer);

/* names.c: which blobs a push may name (S6). */
struct account_push {
	const struct sync_request *request;
	struct frame frames[SYNC_PUSH_MAX];         /* request->frames, decoded */
	struct blob_name body_names[SYNC_PUSH_MAX]; /* what the frames call request->bodies */
	struct blob_name
	    *missing; /* SYNC_NAMES_MAX at most: to be put again, under another count */
	size_t missing_count;
	struct bytes index; /* a load's or snapshot's, if this push has one */
	struct blob_name index_name;
};
/* Decodes the frames and names the bodies. REFUSED: the message says what does not hold. */
MUST_USE enum account_result account_push_decode(
    struct account_push *push, const struct sync_request *request, struct call *call);
/* Fills missing. REFUSED: an index does not hold. */
MUST_USE enum account_result account_push_names(
    struct account_work *work, struct account_push *push);
void account_push_clear(struct account_push *push);
MUST_USE enum account_result account_push_bodies(
    struct account_work *work, const struct account_push *push);
/* The current snapshot's index and its names (SEGMENTS_MAX fit); 0 of them if it is unreadable. */
MUST_USE enum account_result account_index_names(
    struct account_work *work, struct blob_name *names, size_t *count_out);
/* The bytes become the cache's index, and *index is taken. */
void account_index_keep(
    struct account_cache *cache, struct bytes *index, const struct blob_name *name);
/* An index's names. REFUSED if it is none, or another account's. */
MUST_USE enum account_result account_index_decode(
    struct account_work *work, struct view index, struct blob_name *names, size_t *count_out);

/* fold.c: folds one run of at least `at` packs of work->next. OK and 0 if there is none. */
MUST_USE enum account_result account_fold_next(
    struct account_work *work, size_t at, size_t *folded_out);

/* wipe.c */
/* Reads w/<account> into work->wipe_record and checks it. OK: it stands. ABSENT: there is none. */
MUST_USE enum account_result account_wipe_read(struct account_work *work);
/* GONE if w/<account> stands, else ABSENT: for who met no manifest, or a wiped one. */
MUST_USE enum account_result account_missing(struct account_work *work);
/*
 * Marks the manifest as wiped, then removes all of the account's objects, the manifest last (W4 to
 * W6). For who has read a record that holds, or was told to by an operator. *report: of all calls
 * with this cache, whatever the result.
 */
MUST_USE enum account_result account_remove_all(
    struct account_work *work, struct wipe_report *report);
/* For a call that met ACCOUNT_GONE: what its cache's calls have put is removed again, if that
 * works.
 */
void account_take_back(struct account_work *work);

#endif
