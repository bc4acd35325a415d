/*
 * gateway/account/work.h: one call of the account code. A struct account_work holds what the call
 * was given, and the cached manifest and roster, decoded. Everything in it points into the cache's
 * bytes, so whatever replaces those bytes decodes them again.
 */
#ifndef INKSEAL_ACCOUNT_WORK_H
#define INKSEAL_ACCOUNT_WORK_H

#include "gateway/account/account.h"

#define ACCOUNT_PREFIX_MAX 64u /* leaves room for the longest key, a pack's, in BUCKET_KEY_MAX */
#define ACCOUNT_TRIES 3u       /* one PUT is sent at most that often */
#define ACCOUNT_ROUNDS 5u      /* a commit is rebuilt at most that often on what others wrote */

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

/*
 * *out: free with account_work_free. What the cache holds of another account, or of one that does
 * not hold, is cleared. Asks the bucket nothing.
 */
MUST_USE enum account_result account_work_open(const struct account_env *env,
    struct account_cache *cache, const struct account_id *account, struct call *call,
    struct account_work **out);
void account_work_free(struct account_work *work); /* NULL is fine */
/* ACCOUNT_RETRY with a message once the call's deadline has passed. */
MUST_USE enum account_result account_in_time(const struct account_work *work);
/*
 * Decodes a manifest's bytes into work->manifest, tail and snapshot, and judges them (S2). again:
 * they were judged before, by this process. *message_out: what does not hold, beside the form; NULL
 * if nothing.
 */
MUST_USE enum format_result account_manifest_use(
    struct account_work *work, struct view encoded, bool again, const char **message_out);
/* The seq up to which the frame, a load's, snapshot's or reset's, holds the state; 0: no such. */
uint64_t account_covered_seq(const struct frame *frame);
/* That of the manifest's snapshot; 0: there is none. */
uint64_t account_snapshot_seq(const struct account_work *work);

#endif
