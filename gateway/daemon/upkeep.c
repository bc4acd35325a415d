/*
 * gateway/daemon/upkeep.c: which account is due, and its compaction or sweep.
 */
#include "gateway/daemon/upkeep.h"

#include "gateway/bucket/bucket_leash.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define SWEEPS_AFTER_WRITE 2u /* the first leaves what was put under its own count */

static bool let_go(void *self)
{
	return upkeep_lets_go(self);
}

struct upkeep *upkeep_new(const struct upkeep_config *config, struct call *call)
{
	struct upkeep *upkeep = calloc(1, sizeof(*upkeep));
	struct bucket_leash_rules rules = {
	    .each_ms = UPKEEP_EACH_MS, .clock = *config->env.clock, .let_go = let_go};

	if (upkeep == NULL) {
		call_sayf(call, "no memory");
		return NULL;
	}
	rules.self = upkeep;
	upkeep->config = *config;
	upkeep->ledger = ledger_new(UPKEEP_ROWS_MAX);
	upkeep->leash = bucket_leash(config->env.bucket, &rules);
	(void)pthread_mutex_init(&upkeep->lock, NULL);
	if (upkeep->ledger == NULL || upkeep->leash == NULL) {
		call_sayf(call, "no memory");
		upkeep_free(upkeep);
		return NULL;
	}
	upkeep->env = config->env;
	upkeep->env.bucket = upkeep->leash;
	upkeep->list_at_ms = upkeep_now(upkeep);
	return upkeep;
}

void upkeep_free(struct upkeep *upkeep)
{
	if (upkeep == NULL)
		return;
	bucket_close(upkeep->leash);
	ledger_free(upkeep->ledger);
	(void)pthread_mutex_destroy(&upkeep->lock);
	free(upkeep);
}

void upkeep_stop(struct upkeep *upkeep)
{
	atomic_store(&upkeep->stopped, true);
}

void upkeep_counted(struct upkeep *upkeep, struct upkeep_counts *out)
{
	(void)pthread_mutex_lock(&upkeep->lock);
	*out = upkeep->counts;
	(void)pthread_mutex_unlock(&upkeep->lock);
}

/* With the lock held: something was put, or named no more. */
static void row_wrote(struct upkeep *upkeep, struct ledger_row *row, uint64_t bytes)
{
	int64_t idle_ms = row->touched_ms + UPKEEP_IDLE_MS;

	row->put_bytes += bytes;
	row->compact_at_ms = idle_ms;
	if (row->sweeps_left == 0)
		row->sweep_at_ms = idle_ms;
	row->sweeps_left = SWEEPS_AFTER_WRITE;
	if (idle_ms < upkeep->quiet_until_ms)
		upkeep->quiet_until_ms = idle_ms;
}

void upkeep_settle(
    void *self, const struct account_id *account, uint64_t reserved, uint64_t put, bool committed)
{
	struct upkeep *upkeep = self;
	bool wrote = committed || put > 0;
	struct ledger_row *row;

	(void)pthread_mutex_lock(&upkeep->lock);
	row = wrote ? ledger_touch(upkeep->ledger, account, upkeep_now(upkeep))
		    : ledger_find(upkeep->ledger, account);
	if (row != NULL && wrote)
		row_wrote(upkeep, row, put);
	/* Less is there where the account, and its row with it, went in between. */
	if (row != NULL)
		row->reserved_bytes -=
		    reserved < row->reserved_bytes ? reserved : row->reserved_bytes;
	(void)pthread_mutex_unlock(&upkeep->lock);
}

struct compacted {
	enum account_result result;
	size_t packs;
	uint64_t bytes; /* put */
	bool swept_known;
	int64_t swept_ms;
};

/* In the cache that requests use: so the next commit is warm. Without one a commit compacts late.
 */
static void compact_borrowed(
    struct upkeep *upkeep, const struct account_id *account, struct compacted *out)
{
	const struct upkeep_host *host = &upkeep->config.host;
	struct account_cache *cache = host->borrow(host->self, account);
	struct call call;

	if (cache == NULL) /* in use, or long forgotten */
		return;
	upkeep->lent = true;
	call_init(&call, upkeep_now(upkeep) + UPKEEP_CALL_MS);
	out->result = account_compact(&upkeep->env, cache, account, &call, &out->packs);
	out->bytes = account_cache_take_put(cache);
	out->swept_known = account_cache_swept(cache, &out->swept_ms);
	if (out->result != ACCOUNT_OK && out->result != ACCOUNT_ABSENT &&
	    out->result != ACCOUNT_GONE)
		upkeep_failed(upkeep, "fold", out->result, &call);
	upkeep->lent = false;
	host->give_back(host->self);
}

/* Full levels of packs into one each. */
static void compact(struct upkeep *upkeep, const struct account_id *account)
{
	struct compacted compacted = {.result = ACCOUNT_OK};
	struct ledger_row *row;
	int64_t now_ms;

	if (upkeep->config.host.borrow != NULL)
		compact_borrowed(upkeep, account, &compacted);
	now_ms = upkeep_now(upkeep);
	(void)pthread_mutex_lock(&upkeep->lock);
	row = ledger_find(upkeep->ledger, account);
	if (row != NULL && compacted.bytes > 0)
		row_wrote(upkeep, row, compacted.bytes);
	if (row != NULL)
		row->compact_at_ms =
		    compacted.result == ACCOUNT_RETRY ? now_ms + UPKEEP_AGAIN_MS : LEDGER_NEVER;
	/* It spares the sweep a look at the bucket, if another lies less than an hour back. */
	if (row != NULL && compacted.swept_known && row->sweep_at_ms <= now_ms)
		row->sweep_at_ms = now_ms + upkeep_swept_for_ms(upkeep, compacted.swept_ms);
	upkeep->counts.compactions += compacted.packs > 0;
	upkeep->counts.packs_compacted += compacted.packs;
	(void)pthread_mutex_unlock(&upkeep->lock);
}

/* When the row's next sweep is looked at, after this one. */
static void sweep_again(
    struct upkeep *upkeep, struct ledger_row *row, enum account_result result, int64_t wait_ms)
{
	int64_t now_ms = upkeep_now(upkeep);

	switch (result) {
	case ACCOUNT_OK:
		if (wait_ms == 0 && row->sweeps_left > 0)
			row->sweeps_left--;
		row->sweep_at_ms = now_ms + (wait_ms > 0 ? wait_ms : UPKEEP_SWEEP_MS);
		if (row->sweeps_left == 0)
			row->sweep_at_ms = LEDGER_NEVER;
		break;
	case ACCOUNT_RETRY: row->sweep_at_ms = now_ms + UPKEEP_AGAIN_MS; break;
	case ACCOUNT_ABSENT:
	case ACCOUNT_GONE: ledger_drop(upkeep->ledger, row); break;
	case ACCOUNT_REFUSED:
	case ACCOUNT_DAMAGED:
	case ACCOUNT_FAILED: row->sweep_at_ms = now_ms + UPKEEP_LIST_MS; break;
	}
}

/* Beside requests, in a cache of its own: the condition of its commit is all it needs. */
static void sweep(struct upkeep *upkeep, const struct account_id *account, bool tight)
{
	const struct upkeep_host *host = &upkeep->config.host;
	enum account_result result;
	struct ledger_row *row;
	int64_t wait_ms = 0;
	struct call call;

	call_init(&call, upkeep_now(upkeep) + UPKEEP_LONG_MS);
	result = upkeep_sweep(upkeep, &upkeep->env, account, tight, &call, &wait_ms);
	if (result == ACCOUNT_OK && wait_ms == 0 && host->changed != NULL) {
		call_init(&call, upkeep_now(upkeep) + UPKEEP_EACH_MS);
		host->changed(host->self, account, &call);
	}
	if (result != ACCOUNT_OK && result != ACCOUNT_ABSENT && result != ACCOUNT_GONE)
		upkeep_failed(upkeep, "sweep", result, &call);
	(void)pthread_mutex_lock(&upkeep->lock);
	row = ledger_find(upkeep->ledger, account);
	if (row != NULL)
		sweep_again(upkeep, row, result, wait_ms);
	(void)pthread_mutex_unlock(&upkeep->lock);
}

struct due {
	struct account_id account;
	bool compact, sweep, tight;
};

static bool row_due(const struct upkeep *upkeep, const struct ledger_row *row, int64_t now_ms,
    struct due *out, int64_t *next_ms)
{
	uint64_t quota = upkeep->config.quota_bytes;
	int64_t sweep_ms = row->sweep_at_ms;

	/* Once it is due it waits for an idle moment, but not for ever. */
	if (sweep_ms < row->touched_ms + UPKEEP_IDLE_MS && now_ms - sweep_ms < UPKEEP_SWEEP_LATE_MS)
		sweep_ms = row->touched_ms + UPKEEP_IDLE_MS;
	out->account = row->account;
	out->compact = row->compact_at_ms <= now_ms;
	out->sweep = !out->compact && sweep_ms <= now_ms;
	out->tight = quota > 0 && ledger_taken(row) > quota - quota / 10;
	if (row->compact_at_ms < *next_ms)
		*next_ms = row->compact_at_ms;
	if (sweep_ms < *next_ms)
		*next_ms = sweep_ms;
	return out->compact || out->sweep;
}

/* The row that was touched longest ago of those that are due. */
static bool find_due(struct upkeep *upkeep, struct due *out)
{
	int64_t now_ms = upkeep_now(upkeep), next_ms = LEDGER_NEVER;
	bool found = false;

	(void)pthread_mutex_lock(&upkeep->lock);
	if (upkeep->quiet_until_ms <= now_ms) {
		struct ledger_row *row = ledger_oldest(upkeep->ledger);

		for (; row != NULL && !found; row = row->newer)
			found = row_due(upkeep, row, now_ms, out, &next_ms);
		if (!found)
			upkeep->quiet_until_ms = next_ms;
	}
	(void)pthread_mutex_unlock(&upkeep->lock);
	return found;
}

bool upkeep_step(struct upkeep *upkeep)
{
	struct due due;

	if (atomic_load(&upkeep->stopped))
		return false;
	if (upkeep_relist_step(upkeep))
		return true;
	if (!find_due(upkeep, &due))
		return false;
	if (due.compact)
		compact(upkeep, &due.account);
	else
		sweep(upkeep, &due.account, due.tight);
	return true;
}
