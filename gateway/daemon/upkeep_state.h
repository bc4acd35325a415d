/*
 * gateway/daemon/upkeep_state.h: what an upkeep (upkeep.h) knows, its settings and its times, for
 * the files that do its work.
 */
#ifndef INKSEAL_UPKEEP_STATE_H
#define INKSEAL_UPKEEP_STATE_H

#include "gateway/account/account.h"
#include "gateway/daemon/ledger.h"

#include <pthread.h>
#include <stdatomic.h>

#define UPKEEP_IDLE_MS 5000              /* without a write: then it is compacted and swept */
#define UPKEEP_SWEEP_MS (60 * 60 * 1000) /* from one sweep of an account to the next */
#define UPKEEP_SWEEP_LATE_MS (6 * UPKEEP_SWEEP_MS) /* after that it is swept, idle or not */
#define UPKEEP_EACH_MS 10000                 /* of one request to the bucket, of the upkeep's */
#define UPKEEP_CALL_MS 60000                 /* of a compaction */
#define UPKEEP_LONG_MS (10 * 60 * 1000)      /* of a sweep or a relisting of a large account */
#define UPKEEP_WRITE_MS (2 * 60 * 1000)      /* no PUT of before a wipe lands later than that */
#define UPKEEP_RELIST_MS (60 * 60 * 1000)    /* … and nobody's is likely to, after this */
#define UPKEEP_LIST_MS (24 * 60 * 60 * 1000) /* from one listing of w/ to the next */
#define UPKEEP_AGAIN_MS 60000                /* what failed is tried again after that */
#define UPKEEP_ROOM_MS 60000                 /* room is looked for that often in a full account */
#define UPKEEP_ROWS_MAX 16384u               /* accounts remembered, about 150 bytes each */
#define UPKEEP_RELISTS_MAX 256u              /* wiped accounts remembered */

struct upkeep_host { /* what requests share of their accounts (http.h); borrow may be NULL */
	void *self;
	struct account_cache *(*borrow)(void *self, const struct account_id *account);
	bool (*wanted)(void *self);
	void (*give_back)(void *self);
	void (*changed)(void *self, const struct account_id *account, struct call *call);
};
struct upkeep_config {
	struct account_env env; /* what it points to is borrowed */
	struct upkeep_host host;
	uint64_t quota_bytes; /* of each account; 0: none */
	int64_t retain_ms;    /* history behind a snapshot */
	void *sink;
	void (*log)(void *sink, const char *level, const char *event, const char *message);
};
struct upkeep_counts {
	uint64_t compactions, packs_compacted; /* compactions that had something to do */
	uint64_t sweeps, objects_removed;      /* … and what they removed */
	uint64_t relists, late_removed;        /* listings of wiped accounts; late objects */
	uint64_t failures, gave_way;           /* of all of these */
};

struct relist { /* a wiped account */
	struct account_id account;
	int64_t at_ms;
	unsigned left; /* listings, the next one at at_ms */
};

struct upkeep {
	struct upkeep_config config;
	struct bucket *leash;   /* config.env.bucket, for the upkeep's own thread */
	struct account_env env; /* … with that */
	atomic_bool stopped;
	bool lent;            /* the upkeep's thread has borrowed a cache */
	pthread_mutex_t lock; /* guards all below; never held across a call of the account code */
	struct ledger *ledger;
	int64_t quiet_until_ms; /* no row has anything to do before */
	struct relist relists[UPKEEP_RELISTS_MAX];
	size_t relists_count;
	struct upkeep_counts counts;
	/* The upkeep's thread's alone: */
	int64_t list_at_ms;
	struct account_wiped wiped;
};

/* What runs is to end before its next request to the bucket. */
bool upkeep_lets_go(const struct upkeep *upkeep);
int64_t upkeep_now(const struct upkeep *upkeep); /* monotonic */
/* For the log, and counted. */
void upkeep_failed(
    struct upkeep *upkeep, const char *event, enum account_result result, const struct call *call);

#endif
