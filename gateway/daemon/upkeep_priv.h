/*
 * gateway/daemon/upkeep_priv.h: what the files of the upkeep share.
 */
#ifndef INKSEAL_UPKEEP_PRIV_H
#define INKSEAL_UPKEEP_PRIV_H

#include "gateway/daemon/ledger.h"
#include "gateway/daemon/upkeep.h"

#include <pthread.h>
#include <stdatomic.h>

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

int64_t upkeep_now(const struct upkeep *upkeep); /* monotonic */
/* For the log, and counted. */
void upkeep_failed(
    struct upkeep *upkeep, const char *event, enum account_result result, const struct call *call);

/*
 * upkeep_sweep.c: sweeps through env unless the account was swept within the hour, by whomever:
 * then *wait_ms_out is how long that still holds, else 0. tight: history goes too.
 */
MUST_USE enum account_result upkeep_sweep(struct upkeep *upkeep, const struct account_env *env,
    const struct account_id *account, bool tight, struct call *call, int64_t *wait_ms_out);

/* How long a sweep of then still counts; 0: it does not. */
int64_t upkeep_swept_for_ms(const struct upkeep *upkeep, int64_t swept_ms);

/* upkeep_relist.c. As upkeep_step. */
bool upkeep_relist_step(struct upkeep *upkeep);

#endif
