/*
 * gateway/daemon/upkeep.h: what a gateway does by itself, between requests: it folds packs, sweeps,
 * lists again what was wiped; and it counts what accounts take. One thread calls upkeep_step, a
 * piece of work each time; requests' threads tell it what they did. It knows the account code and a
 * clock, no HTTP: what it needs of that is handed down. Why each is safe beside other gateways:
 * gateway/account/README.md.
 */
#ifndef INKSEAL_UPKEEP_H
#define INKSEAL_UPKEEP_H

#include "gateway/account/account.h"

#define UPKEEP_IDLE_MS 5000              /* without a write: then it is folded and swept */
#define UPKEEP_SWEEP_MS (60 * 60 * 1000) /* from one sweep of an account to the next */
#define UPKEEP_SWEEP_LATE_MS (6 * UPKEEP_SWEEP_MS) /* after that it is swept, idle or not */
#define UPKEEP_EACH_MS 10000                 /* of one request to the bucket, of the upkeep's */
#define UPKEEP_CALL_MS 60000                 /* of a fold */
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
	uint64_t folds, packs_folded;     /* folds that had something to do */
	uint64_t sweeps, objects_removed; /* … and what they removed */
	uint64_t relists, late_removed;   /* listings of wiped accounts; late objects */
	uint64_t failures, gave_way;      /* of all of these */
};

struct upkeep;
/* NULL: call->message. */
MUST_USE struct upkeep *upkeep_new(const struct upkeep_config *config, struct call *call);
void upkeep_free(struct upkeep *upkeep); /* NULL is fine */
/* As struct http_keeper has them; self is a struct upkeep. By any thread. */
enum account_result upkeep_reserve(
    void *self, const struct account_id *account, uint64_t bytes, bool spare, struct call *call);
void upkeep_settle(
    void *self, const struct account_id *account, uint64_t reserved, uint64_t put, bool committed);
void upkeep_wiped(void *self, const struct account_id *account);
/* One piece of work, if one is due. False: none was, ask again in a moment. */
bool upkeep_step(struct upkeep *upkeep);
/* What runs ends before its next request to the bucket, and nothing more begins. */
void upkeep_stop(struct upkeep *upkeep);
void upkeep_counted(struct upkeep *upkeep, struct upkeep_counts *out);

#endif
