/*
 * gateway/daemon/upkeep_relist.c: listing again after a wipe (design, section 6): what was being
 * put while the account went may land afterwards. An account that was wiped here is listed after
 * the longest write deadline and again an hour later; one found in w/ (at start, and daily) at once
 * and an hour later. Then w/<account>.done says that it is over. No wall clock decides: what one
 * gateway has begun and not ended, the next one begins anew.
 */
#include "gateway/daemon/upkeep_relist.h"

#include <stdio.h>

#define LISTINGS 2u

/* With the lock held. False: there is no place left. */
static bool relist_add(struct upkeep *upkeep, const struct account_id *account, int64_t at_ms)
{
	for (size_t i = 0; i < upkeep->relists_count; i++)
		if (account_equal(&upkeep->relists[i].account, account))
			return true;
	if (upkeep->relists_count == UPKEEP_RELISTS_MAX)
		return false;
	upkeep->relists[upkeep->relists_count++] = (struct relist){*account, at_ms, LISTINGS};
	return true;
}

void upkeep_wiped(void *self, const struct account_id *account)
{
	struct upkeep *upkeep = self;
	struct ledger_row *row;

	(void)pthread_mutex_lock(&upkeep->lock);
	/* No place: the daily listing finds it. */
	(void)relist_add(upkeep, account, upkeep_now(upkeep) + UPKEEP_WRITE_MS);
	row = ledger_find(upkeep->ledger, account);
	if (row != NULL)
		ledger_drop(upkeep->ledger, row);
	(void)pthread_mutex_unlock(&upkeep->lock);
}

/* One page of w/. */
static void list_wiped(struct upkeep *upkeep)
{
	int64_t now_ms = upkeep_now(upkeep);
	enum account_result result;
	bool all = true;
	struct call call;

	call_init(&call, now_ms + UPKEEP_CALL_MS);
	result = account_wiped_next(&upkeep->env, &call, &upkeep->wiped);
	if (result != ACCOUNT_OK) {
		upkeep_failed(upkeep, "relist", result, &call);
		upkeep->list_at_ms = now_ms + UPKEEP_AGAIN_MS;
		return;
	}
	(void)pthread_mutex_lock(&upkeep->lock);
	for (size_t i = 0; i < upkeep->wiped.count && all; i++)
		all = relist_add(upkeep, &upkeep->wiped.ids[i], now_ms);
	(void)pthread_mutex_unlock(&upkeep->lock);
	if (all && upkeep->wiped.more)
		return; /* the next page at the next step */
	/* Those that found no place are listed again when these are done with. */
	upkeep->list_at_ms = now_ms + (all ? UPKEEP_LIST_MS : 2 * UPKEEP_RELIST_MS);
	upkeep->wiped.after[0] = '\0';
}

static bool find_relist(struct upkeep *upkeep, struct relist *out)
{
	int64_t now_ms = upkeep_now(upkeep);
	bool found = false;

	(void)pthread_mutex_lock(&upkeep->lock);
	for (size_t i = 0; i < upkeep->relists_count && !found; i++) {
		found = upkeep->relists[i].at_ms <= now_ms;
		if (found)
			*out = upkeep->relists[i];
	}
	(void)pthread_mutex_unlock(&upkeep->lock);
	return found;
}

/* relist's place becomes what is left of it, or free. */
static void relist_keep(struct upkeep *upkeep, const struct relist *relist, bool keep)
{
	(void)pthread_mutex_lock(&upkeep->lock);
	for (size_t i = 0; i < upkeep->relists_count; i++) {
		if (!account_equal(&upkeep->relists[i].account, &relist->account))
			continue;
		if (keep)
			upkeep->relists[i] = *relist;
		else
			upkeep->relists[i] = upkeep->relists[--upkeep->relists_count];
		break;
	}
	(void)pthread_mutex_unlock(&upkeep->lock);
}

static void relisted(struct upkeep *upkeep, const struct wipe_report *report)
{
	char text[96];

	(void)pthread_mutex_lock(&upkeep->lock);
	upkeep->counts.relists++;
	upkeep->counts.late_removed += report->objects_removed;
	(void)pthread_mutex_unlock(&upkeep->lock);
	if (report->objects_removed == 0)
		return;
	(void)snprintf(text, sizeof(text), "removed %llu late objects of a wiped account",
	    (unsigned long long)report->objects_removed);
	upkeep->config.log(upkeep->config.sink, "info", "relist", text);
}

static void relist_run(struct upkeep *upkeep, struct relist *relist)
{
	struct wipe_report report = {0};
	enum account_result result = ACCOUNT_OK;
	struct call call;

	call_init(&call, upkeep_now(upkeep) + UPKEEP_LONG_MS);
	if (relist->left > 0) {
		result = account_relist(&upkeep->env, &relist->account, &call, &report);
		if (result == ACCOUNT_OK) {
			relisted(upkeep, &report);
			relist->left--;
		}
	}
	if (result == ACCOUNT_OK && relist->left == 0)
		result = account_relist_done(&upkeep->env, &relist->account, &call);
	if (result != ACCOUNT_OK && result != ACCOUNT_ABSENT)
		upkeep_failed(upkeep, "relist", result, &call);
	relist->at_ms =
	    upkeep_now(upkeep) + (result == ACCOUNT_RETRY ? UPKEEP_AGAIN_MS : UPKEEP_RELIST_MS);
	/* ABSENT: an operator's removal leaves no record. The others stay for the daily listing. */
	relist_keep(
	    upkeep, relist, result == ACCOUNT_RETRY || (result == ACCOUNT_OK && relist->left > 0));
}

bool upkeep_relist_step(struct upkeep *upkeep)
{
	struct relist relist;

	if (upkeep->list_at_ms <= upkeep_now(upkeep)) {
		list_wiped(upkeep);
		return true;
	}
	if (!find_relist(upkeep, &relist))
		return false;
	relist_run(upkeep, &relist);
	return true;
}
