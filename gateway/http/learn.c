/*
 * gateway/http/learn.c: a slot takes over what was found out.
 */
#include "gateway/http/learn.h"

#include "gateway/http/members.h"
#include "gateway/http/watchers.h"

#include <stdlib.h>
#include <string.h>

void http_accounts_learn(struct http_accounts *accounts, struct http_slot *slot, int64_t since_ms,
    const struct digest *roster_hash, const struct head *head)
{
	struct digest cached_hash;
	struct view roster = account_cache_roster(&slot->cache, &cached_hash);
	bool newest = roster.len > 0 && digest_equal(&cached_hash, roster_hash);
	struct http_member *members = NULL;
	size_t count = 0;
	bool same;

	(void)pthread_mutex_lock(&accounts->lock);
	same = slot->members != NULL && digest_equal(&slot->roster_hash, roster_hash);
	(void)pthread_mutex_unlock(&accounts->lock);
	if (newest && !same) /* signatures are checked here: not under the table's lock */
		members = http_members_of(roster, &count);
	(void)pthread_mutex_lock(&accounts->lock);
	if (members != NULL) {
		http_members_carry(members, count, slot->members, slot->members_count);
		free(slot->members);
		slot->members = members;
		slot->members_count = count;
		slot->roster_hash = *roster_hash;
		same = true;
	}
	slot->roster_ms = same ? since_ms : INT64_MIN;
	if (head != NULL) {
		slot->head_known = true;
		slot->head_seq = head->seq;
		slot->checked_ms = since_ms;
		http_accounts_wake(accounts, slot);
	}
	http_accounts_weigh(accounts, slot);
	(void)pthread_mutex_unlock(&accounts->lock);
}

void http_accounts_teach(struct http_accounts *accounts, const struct account_id *account,
    int64_t since_ms, struct account_cache *cache, const struct http_member *members, size_t count)
{
	struct http_member *own = calloc(count, sizeof(*own));
	struct http_slot *slot;

	if (own == NULL)
		return;
	memcpy(own, members, count * sizeof(*own));
	(void)pthread_mutex_lock(&accounts->lock);
	slot = http_accounts_find_or_make(accounts, account);
	/* Whoever holds its lock is about to learn all this, and what is newer. */
	if (slot != NULL && slot->members == NULL && pthread_mutex_trylock(&slot->lock) == 0) {
		slot->members = own;
		slot->members_count = count;
		(void)account_cache_roster(cache, &slot->roster_hash);
		slot->roster_ms = since_ms;
		own = NULL;
		if (account_cache_is_empty(&slot->cache))
			account_cache_move(cache, &slot->cache);
		http_accounts_weigh(accounts, slot);
		(void)pthread_mutex_unlock(&slot->lock);
	}
	if (slot != NULL)
		http_accounts_settle(accounts, slot);
	(void)pthread_mutex_unlock(&accounts->lock);
	free(own);
}

void http_accounts_forget(struct http_accounts *accounts, struct http_slot *slot)
{
	account_cache_clear(&slot->cache);
	(void)pthread_mutex_lock(&accounts->lock);
	free(slot->members);
	slot->members = NULL;
	slot->members_count = 0;
	slot->roster_ms = INT64_MIN;
	slot->head_known = false;
	http_accounts_wake(accounts, slot);
	http_accounts_weigh(accounts, slot);
	(void)pthread_mutex_unlock(&accounts->lock);
}
