/*
 * gateway/http/lend.c: the accounts' table, for those who hold no slot: who a device is, before its
 * body is read; what it may still ask for; and an account's cache for the work between requests.
 */
#include "gateway/http/http_priv.h"

#include <assert.h>

#define MINUTE_US INT64_C(60000000)

/* With the table's lock held. */
static struct http_member *member_of(struct http_slot *slot, const struct device_id *device)
{
	for (size_t i = 0; i < slot->members_count; i++)
		if (device_equal(&slot->members[i].device, device))
			return &slot->members[i];
	return NULL;
}

bool http_accounts_known(struct http_accounts *accounts, const struct account_id *account,
    const struct device_id *device, struct http_member *out)
{
	struct http_member *member = NULL;
	struct http_slot *slot;

	(void)pthread_mutex_lock(&accounts->lock);
	slot = http_accounts_find(accounts, account);
	if (slot != NULL)
		member = member_of(slot, device);
	if (member != NULL)
		*out = *member;
	(void)pthread_mutex_unlock(&accounts->lock);
	return member != NULL;
}

/*
 * Each request costs a rate_max-th of a minute, and what is spent may run ahead of the clock by a
 * minute: one number a device is the whole bucket of tokens.
 */
int64_t http_accounts_spend(struct http_accounts *accounts, struct http_slot *slot,
    const struct device_id *device, enum http_purse purse, int64_t now_ms, unsigned rate_max)
{
	int64_t now_us = now_ms * 1000, each_us = MINUTE_US / rate_max, wait_us = 0;
	struct http_member *member;

	(void)pthread_mutex_lock(&accounts->lock);
	member = member_of(slot, device);
	if (member != NULL) {
		int64_t *spent_us = &member->spent_us[purse];
		int64_t from_us = *spent_us < now_us ? now_us : *spent_us;

		wait_us = from_us + each_us - now_us - MINUTE_US;
		if (wait_us <= 0)
			*spent_us = from_us + each_us;
	}
	(void)pthread_mutex_unlock(&accounts->lock);
	return wait_us <= 0 ? 0 : (wait_us + 999) / 1000;
}

void http_accounts_refund(struct http_accounts *accounts, struct http_slot *slot,
    const struct device_id *device, enum http_purse purse, unsigned rate_max)
{
	struct http_member *member;

	(void)pthread_mutex_lock(&accounts->lock);
	member = member_of(slot, device);
	if (member != NULL) /* a time that has passed is as good as any before it */
		member->spent_us[purse] -= MINUTE_US / rate_max;
	(void)pthread_mutex_unlock(&accounts->lock);
}

struct account_cache *http_borrow(struct http_server *server, const struct account_id *account)
{
	struct http_accounts *accounts = server->accounts;
	struct http_slot *slot;

	assert(server->lent == NULL);
	(void)pthread_mutex_lock(&accounts->lock);
	slot = http_accounts_find(accounts, account);
	/* Its lock can be free and not be had: the checker tries it on, and lets go at once. */
	if (slot != NULL && (slot->requests > 0 || pthread_mutex_trylock(&slot->lock) != 0))
		slot = NULL;
	if (slot != NULL)
		slot->users++;
	(void)pthread_mutex_unlock(&accounts->lock);
	server->lent = slot;
	return slot == NULL ? NULL : &slot->cache;
}

bool http_wanted(struct http_server *server)
{
	bool wanted = false;

	if (server->lent == NULL)
		return false;
	(void)pthread_mutex_lock(&server->accounts->lock);
	wanted = server->lent->requests > 0;
	(void)pthread_mutex_unlock(&server->accounts->lock);
	return wanted;
}

void http_give_back(struct http_server *server)
{
	struct http_accounts *accounts = server->accounts;
	struct http_slot *slot = server->lent;

	assert(slot != NULL && slot->users > 0);
	server->lent = NULL;
	(void)pthread_mutex_unlock(&slot->lock);
	(void)pthread_mutex_lock(&accounts->lock);
	slot->users--;
	http_accounts_settle(accounts, slot);
	(void)pthread_mutex_unlock(&accounts->lock);
}

void http_changed(struct http_server *server, const struct account_id *account, struct call *call)
{
	struct http_accounts *accounts = server->accounts;
	struct http_slot *slot;

	(void)pthread_mutex_lock(&accounts->lock);
	slot = http_accounts_find(accounts, account);
	if (slot != NULL) {
		slot->users++;
		slot->requests++;
	}
	(void)pthread_mutex_unlock(&accounts->lock);
	if (slot == NULL)
		return;
	/* If it fails, the next commit learns it by its condition, at the price of a request. */
	if (auth_refresh(server, slot, call) != ACCOUNT_OK)
		call->message[0] = '\0';
	http_accounts_drop(accounts, slot);
}
