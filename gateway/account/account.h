/*
 * gateway/account/account.h: the account protocol over a bucket: create, sync, blobs, compaction,
 * sweep, wipe. Linear, blocking code that knows only bucket.h, the formats and a clock; it holds no
 * key and keeps no state that matters but in the bucket. The gateway runs it, and `inkseal`
 * straight on a bucket runs the very same. Steps, assumptions and why it is safe: README.md.
 */
#ifndef INKSEAL_ACCOUNT_H
#define INKSEAL_ACCOUNT_H

#include "gateway/bucket/bucket.h"
#include "schemas/manifest.h"
#include "schemas/sync.h"

enum account_result {
	ACCOUNT_OK,
	ACCOUNT_ABSENT,  /* no such account (or blob) here; nothing says it was wiped */
	ACCOUNT_GONE,    /* wiped: w/<account> says so */
	ACCOUNT_REFUSED, /* the request does not hold: message says why; again is no use */
	ACCOUNT_RETRY,   /* the bucket did not answer, or others kept winning; nothing was lost */
	ACCOUNT_DAMAGED, /* an object here is not what its name or format says */
	ACCOUNT_FAILED,  /* the bucket refused for good (disk full, forbidden), or no memory */
};
const char *account_result_text(enum account_result result);

struct account_env { /* all borrowed, for as long as calls run */
	struct bucket *bucket;
	const struct clock *clock;
	const struct random *random;
	const char *prefix;  /* "" or "some/prefix/", before "a/", "w/" */
	const char *gateway; /* the public name that a wipe must hold; "" on a bare bucket */
};

/*
 * What a process knows of one account between calls: the manifest with its tag, the roster's bytes,
 * the blobs it has put or seen. {0} is empty; correct whatever is in it, since every commit is
 * conditional on the tag; a warm one makes a commit one PUT. One thread at a time. A bare bucket's
 * client keeps it on disk between runs (account_cache_save, _load).
 */
#define ACCOUNT_SEEN_MAX 2048u
#define ACCOUNT_PACKS_AT_HAND 8u             /* as many as one compaction takes */
#define ACCOUNT_PACK_AT_HAND_MAX (32u << 10) /* a tail's pack is smaller */
struct account_pack {
	struct digest hash;
	struct bytes bytes;
};
/*
 * A wipe that is under way, so that what its calls remove adds up: an object counts once, when it
 * was listed and is not listed any more, whatever the bucket said to its removal.
 */
struct account_wiping {
	struct account_id account; /* whose */
	uint64_t objects, bytes;
	struct bucket_page listed; /* removal was asked for; whether it happened is not known yet */
};
struct account_cache {
	struct bytes manifest; /* encoded; empty: unknown */
	bool manifest_checked; /* this process has judged it, and need not again */
	struct bucket_tag tag;
	struct bytes roster; /* the roster blob's bytes; empty: unknown */
	struct digest roster_hash;
	bool roster_checked;            /* likewise the signatures in the roster */
	struct digest snapshot_checked; /* the snapshot's frame whose signature was checked */
	struct bytes index;             /* the current snapshot's index blob; empty: unknown */
	struct blob_name index_name;
	struct blob_name *seen; /* blobs put or read back through this cache; the newest SEEN_MAX */
	size_t seen_count;
	bool wipe_checked; /* w/<account> was read since this process started */
	struct account_pack packs[ACCOUNT_PACKS_AT_HAND]; /* put through it, for a compaction */
	size_t packs_count;
	uint64_t put_bytes;        /* of objects but manifests, put since account_cache_take_put */
	bool has_put;              /* an object was put since a call met "gone" */
	uint64_t lease_generation; /* tells the lease that was seen last from earlier ones */
	int64_t lease_seen_ms;     /* when it was first seen, by the monotonic clock */
	struct account_wiping wiping;
};
/* All but put_bytes, has_put and what was counted of a wipe becomes empty. */
void account_cache_clear(struct account_cache *cache);
/* manifest, tag and roster as one byte string; the rest is made anew. */
MUST_USE bool account_cache_save(const struct account_cache *cache, struct bytes *out);
/* A damaged one gives an empty cache: it is only a cache. */
void account_cache_load(struct account_cache *cache, struct view saved);
/*
 * For who put a blob through another cache of the same account and incarnation: what
 * account_blob_put remembers of it. May forget (no memory): then the blob is read back.
 */
void account_cache_see(struct account_cache *cache, const struct blob_name *name);
/* It knows no manifest. */
bool account_cache_is_empty(const struct account_cache *cache);
/* Everything that from knows becomes to's, whose own goes; from is empty afterwards. */
void account_cache_move(struct account_cache *from, struct account_cache *to);
/* The memory that it holds beside the struct itself. */
size_t account_cache_bytes(const struct account_cache *cache);
/* How many bytes of objects (manifests left out) calls have put since this was called last. */
uint64_t account_cache_take_put(struct account_cache *cache);
/*
 * As account_swept, and the head, by the cached manifest, however old it is. False: there is none,
 * or no memory to decode it.
 */
MUST_USE bool account_cache_swept(const struct account_cache *cache, int64_t *swept_ms_out);
MUST_USE bool account_cache_head(const struct account_cache *cache, struct head *head_out);
/* The cached roster's bytes, empty if there is none, and the hash of its newest statement. */
struct view account_cache_roster(const struct account_cache *cache, struct digest *hash_out);
/*
 * A copy of what account_blob_put uses of a cache, so that blobs can be put while others use the
 * cache itself. False: no memory. account_cache_copy_put tells the cache of a blob that was put
 * through such a copy; it is forgotten if the account was wiped and created anew in between.
 */
MUST_USE bool account_cache_copy(const struct account_cache *cache, struct account_cache *copy_out);
void account_cache_copy_put(
    struct account_cache *cache, const struct account_cache *copy, const struct blob_name *name);

/* A create request's bytes (roster.h). A manifest of the same genesis already there is success. */
MUST_USE enum account_result account_create(const struct account_env *env,
    struct account_cache *cache, struct view create, struct call *call);
/*
 * The exchange. OK whenever *answer is an answer (also SYNC_REFUSED, _GONE…); answer is {0} before
 * and is cleared by the caller. May PUT the request's bodies, a pack, the roster; commits with one
 * conditional PUT. With a poll, or where the cached manifest may be old, a conditional GET goes
 * first.
 */
MUST_USE enum account_result account_sync(const struct account_env *env,
    struct account_cache *cache, const struct sync_request *request, struct call *call,
    struct sync_answer *answer);
/* Puts a blob under name->count, which must be the current sweep count or the one before. */
MUST_USE enum account_result account_blob_put(const struct account_env *env,
    struct account_cache *cache, const struct account_id *account, const struct blob_name *name,
    struct view blob, struct call *call);
/* Reads it and checks its hash. ABSENT only after the manifest was read anew. */
MUST_USE enum account_result account_blob_get(const struct account_env *env,
    struct account_cache *cache, const struct account_id *account, const struct blob_name *name,
    struct call *call, struct bytes *out);
/* The roster's bytes, by the newest manifest: how a recovering device begins. */
MUST_USE enum account_result account_roster(const struct account_env *env,
    struct account_cache *cache, const struct account_id *account, struct call *call,
    struct bytes *out);

/* Compacts full levels of packs into one each. *compacted_out: packs that went. OK if there is
 * nothing.
 */
MUST_USE enum account_result account_compact(const struct account_env *env,
    struct account_cache *cache, const struct account_id *account, struct call *call,
    size_t *compacted_out);
struct sweep_report {
	uint64_t listed, removed, bytes_removed, kept, bytes_kept;
};
/* Drops packs older than retain_ms behind the snapshot, raises the count, removes what nothing
 * names. */
MUST_USE enum account_result account_sweep(const struct account_env *env,
    struct account_cache *cache, const struct account_id *account, int64_t retain_ms,
    struct call *call, struct sweep_report *report_out);
/* When the sweep count last rose, by the newest manifest; a new account: when it was created. */
MUST_USE enum account_result account_swept(const struct account_env *env,
    struct account_cache *cache, const struct account_id *account, struct call *call,
    int64_t *swept_ms_out);
struct account_usage {
	uint64_t objects, bytes;
};
/* What a listing of the account's objects says. OK also where there is none. */
MUST_USE enum account_result account_usage(const struct account_env *env,
    const struct account_id *account, struct call *call, struct account_usage *out);

struct wipe_report {
	uint64_t objects_removed, bytes_removed;
	int64_t empty_at_ms;
};
/*
 * wipe: an encoded wipe (statement.h), or an empty view for the operator's removal. Puts w/ first,
 * CASes to wiped, deletes until listings are empty, the manifest last, lists once more. May be
 * repeated until OK, with one cache: *report_out is of all these calls; what they have counted so
 * far is cache->wiping's. The caller signs the receipt.
 */
MUST_USE enum account_result account_wipe(const struct account_env *env,
    struct account_cache *cache, const struct account_id *account, struct view wipe,
    struct call *call, struct wipe_report *report_out);
/* If w/<account> stands: removes whatever a late writer put there since, and reports it. */
MUST_USE enum account_result account_relist(const struct account_env *env,
    const struct account_id *account, struct call *call, struct wipe_report *report_out);
/* Puts w/<account>.done: nobody has to list again for the sake of late writers. */
MUST_USE enum account_result account_relist_done(
    const struct account_env *env, const struct account_id *account, struct call *call);
#define ACCOUNT_WIPED_MAX BUCKET_PAGE_MAX
struct account_wiped { /* {0} before the first page */
	struct account_id ids[ACCOUNT_WIPED_MAX];
	size_t count;
	bool more;
	char after[BUCKET_KEY_MAX + 1]; /* where the next page begins */
};
/* One page of the accounts that were wiped and are not done; one LIST. */
MUST_USE enum account_result account_wiped_next(
    const struct account_env *env, struct call *call, struct account_wiped *wiped);
/* The object w/<account>. ABSENT: there is none. */
MUST_USE enum account_result account_wipe_record(const struct account_env *env,
    const struct account_id *account, struct call *call, struct bytes *out);
/*
 * Was the wipe (decoded: wipe; as it came: encoded) signed by a device that was live when the
 * account was wiped, as its record says? Then it may ask again for what the first time did not end.
 * FORMAT_OK: it was. FORGED: it was not. NO_MEMORY says nothing of it.
 */
MUST_USE enum format_result account_wipe_by_record(
    struct view record, struct view encoded, const struct wipe *wipe);

#endif
