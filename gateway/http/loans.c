/*
 * gateway/http/loans.c: lending a cache.
 */
#include "gateway/http/loans.h"

#include <assert.h>

struct account_cache *http_accounts_borrow(
    struct http_accounts *accounts, const struct account_id *account)
{
	struct http_slot *slot;

	assert(accounts->lent == NULL);
	(void)pthread_mutex_lock(&accounts->lock);
	slot = http_accounts_find(accounts, account);
	/* Its lock can be free and not be had: the checker tries it on, and lets go at once. */
	if (slot != NULL && (slot->requests > 0 || pthread_mutex_trylock(&slot->lock) != 0))
		slot = NULL;
	if (slot != NULL)
		slot->users++;
	(void)pthread_mutex_unlock(&accounts->lock);
	accounts->lent = slot;
	return slot == NULL ? NULL : &slot->cache;
}

bool http_accounts_wanted(struct http_accounts *accounts)
{
	bool wanted = false;

	if (accounts->lent == NULL)
		return false;
	(void)pthread_mutex_lock(&accounts->lock);
	wanted = accounts->lent->requests > 0;
	(void)pthread_mutex_unlock(&accounts->lock);
	return wanted;
}

void http_accounts_give_back(struct http_accounts *accounts)
{
	struct http_slot *slot = accounts->lent;

	assert(slot != NULL && slot->users > 0);
	accounts->lent = NULL;
	(void)pthread_mutex_unlock(&slot->lock);
	(void)pthread_mutex_lock(&accounts->lock);
	slot->users--;
	http_accounts_settle(accounts, slot);
	(void)pthread_mutex_unlock(&accounts->lock);
}
