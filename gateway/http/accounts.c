/*
 * gateway/http/accounts.c: the table: finding, taking and dropping slots, and what may be asked of
 * one.
 */
#include "gateway/http/accounts.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(HTTP_HASH_KEY_LEN == crypto_shorthash_KEYBYTES, "the chains' key");

struct http_accounts *http_accounts_new(
    size_t bytes_max, unsigned requests_max, unsigned watchers_max)
{
	struct http_accounts *accounts = calloc(1, sizeof(*accounts));

	if (accounts == NULL)
		return NULL;
	accounts->bytes_max = bytes_max;
	accounts->requests_max = requests_max;
	accounts->watchers_max = watchers_max;
	crypto_shorthash_keygen(accounts->hash_key);
	(void)pthread_mutex_init(&accounts->lock, NULL);
	return accounts;
}

uint32_t http_accounts_hash(const struct http_accounts *accounts, const struct account_id *account)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint32_t index;

	(void)crypto_shorthash(hash, account->bytes, ACCOUNT_ID_LEN, accounts->hash_key);
	memcpy(&index, hash, sizeof(index));
	return index;
}

static struct http_slot **chain_of(struct http_accounts *accounts, const struct account_id *account)
{
	return &accounts->chains[http_accounts_hash(accounts, account) % HTTP_CHAINS_COUNT];
}

static void unlink_used(struct http_accounts *accounts, struct http_slot *slot)
{
	if (slot->newer != NULL)
		slot->newer->older = slot->older;
	else
		accounts->newest = slot->older;
	if (slot->older != NULL)
		slot->older->newer = slot->newer;
	else
		accounts->oldest = slot->newer;
}

static void link_newest(struct http_accounts *accounts, struct http_slot *slot)
{
	slot->newer = NULL;
	slot->older = accounts->newest;
	if (slot->older != NULL)
		slot->older->newer = slot;
	else
		accounts->oldest = slot;
	accounts->newest = slot;
}

void http_accounts_weigh(struct http_accounts *accounts, struct http_slot *slot)
{
	size_t bytes = sizeof(*slot) + account_cache_bytes(&slot->cache) +
		       slot->members_count * sizeof(*slot->members);

	accounts->bytes += bytes - slot->bytes;
	slot->bytes = bytes;
}

static void slot_free(struct http_accounts *accounts, struct http_slot *slot)
{
	struct http_slot **at = chain_of(accounts, &slot->account);

	assert(slot->users == 0 && slot->watchers == NULL);
	while (*at != slot)
		at = &(*at)->hash_next;
	*at = slot->hash_next;
	unlink_used(accounts, slot);
	accounts->slots_count--;
	accounts->bytes -= slot->bytes;
	account_cache_clear(&slot->cache);
	free(slot->members);
	(void)pthread_mutex_destroy(&slot->lock);
	free(slot);
}

/* Frees the oldest that nobody uses; of those that are only watched, what the cache holds. */
static void make_room(struct http_accounts *accounts)
{
	struct http_slot *slot = accounts->oldest;

	while (slot != NULL && accounts->bytes > accounts->bytes_max) {
		struct http_slot *newer = slot->newer;

		if (slot->users == 0) {
			slot_free(accounts, slot);
		} else if (slot->requests == 0 && pthread_mutex_trylock(&slot->lock) == 0) {
			account_cache_clear(&slot->cache);
			http_accounts_weigh(accounts, slot);
			(void)pthread_mutex_unlock(&slot->lock);
		}
		slot = newer;
	}
}

void http_accounts_free(struct http_accounts *accounts)
{
	if (accounts == NULL)
		return;
	while (accounts->oldest != NULL)
		slot_free(accounts, accounts->oldest);
	(void)pthread_mutex_destroy(&accounts->lock);
	free(accounts);
}

static struct http_slot *slot_new(struct http_accounts *accounts, const struct account_id *account)
{
	struct http_slot *slot = calloc(1, sizeof(*slot));
	struct http_slot **chain = chain_of(accounts, account);

	if (slot == NULL)
		return NULL;
	slot->account = *account;
	slot->roster_ms = INT64_MIN;
	slot->checked_ms = INT64_MIN;
	(void)pthread_mutex_init(&slot->lock, NULL);
	slot->hash_next = *chain;
	*chain = slot;
	link_newest(accounts, slot);
	accounts->slots_count++;
	http_accounts_weigh(accounts, slot);
	return slot;
}

struct http_slot *http_accounts_find(
    struct http_accounts *accounts, const struct account_id *account)
{
	struct http_slot *slot = *chain_of(accounts, account);

	while (slot != NULL && !account_equal(&slot->account, account))
		slot = slot->hash_next;
	return slot;
}

struct http_slot *http_accounts_find_or_make(
    struct http_accounts *accounts, const struct account_id *account)
{
	struct http_slot *slot = http_accounts_find(accounts, account);

	return slot != NULL ? slot : slot_new(accounts, account);
}

enum http_took http_accounts_take(
    struct http_accounts *accounts, const struct account_id *account, struct http_slot **out)
{
	enum http_took took = TOOK_OK;
	struct http_slot *slot;

	(void)pthread_mutex_lock(&accounts->lock);
	slot = http_accounts_find_or_make(accounts, account);
	if (slot == NULL) {
		took = TOOK_NO_MEMORY;
	} else if (slot->requests >= accounts->requests_max) {
		took = TOOK_BUSY;
	} else {
		slot->users++;
		slot->requests++;
		unlink_used(accounts, slot);
		link_newest(accounts, slot);
		*out = slot;
	}
	(void)pthread_mutex_unlock(&accounts->lock);
	return took;
}

struct http_slot *http_accounts_take_known(
    struct http_accounts *accounts, const struct account_id *account)
{
	struct http_slot *slot;

	(void)pthread_mutex_lock(&accounts->lock);
	slot = http_accounts_find(accounts, account);
	if (slot != NULL) {
		slot->users++;
		slot->requests++;
	}
	(void)pthread_mutex_unlock(&accounts->lock);
	return slot;
}

void http_accounts_settle(struct http_accounts *accounts, struct http_slot *slot)
{
	/* One that nothing is known of was a guess, or is gone: it must not push out another. */
	if (slot->users == 0 && slot->members_count == 0)
		slot_free(accounts, slot);
	make_room(accounts);
}

void http_accounts_drop(struct http_accounts *accounts, struct http_slot *slot)
{
	(void)pthread_mutex_lock(&accounts->lock);
	assert(slot->users > 0 && slot->requests > 0);
	slot->users--;
	slot->requests--;
	http_accounts_settle(accounts, slot);
	(void)pthread_mutex_unlock(&accounts->lock);
}

/* With the table's lock held. */
static struct http_member *member_of(struct http_slot *slot, const struct device_id *device)
{
	return http_member_find(slot->members, slot->members_count, device);
}

enum http_known http_accounts_member(struct http_accounts *accounts, struct http_slot *slot,
    const struct device_id *device, int64_t since_ms, int64_t unknown_ms)
{
	enum http_known known = KNOWN_NOT_MEMBER;
	const struct http_member *member;

	(void)pthread_mutex_lock(&accounts->lock);
	member = member_of(slot, device);
	if (member != NULL)
		known = member->live ? KNOWN_LIVE : KNOWN_REVOKED;
	if (slot->roster_ms < (known == KNOWN_NOT_MEMBER ? unknown_ms : since_ms))
		known = KNOWN_STALE;
	(void)pthread_mutex_unlock(&accounts->lock);
	return known;
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

int64_t http_accounts_spend(struct http_accounts *accounts, struct http_slot *slot,
    const struct device_id *device, enum http_purse purse, int64_t now_ms, unsigned rate_max)
{
	struct http_member *member;
	int64_t wait_ms = 0;

	(void)pthread_mutex_lock(&accounts->lock);
	member = member_of(slot, device);
	if (member != NULL)
		wait_ms = http_member_spend(member, purse, now_ms, rate_max);
	(void)pthread_mutex_unlock(&accounts->lock);
	return wait_ms;
}

void http_accounts_refund(struct http_accounts *accounts, struct http_slot *slot,
    const struct device_id *device, enum http_purse purse, unsigned rate_max)
{
	struct http_member *member;

	(void)pthread_mutex_lock(&accounts->lock);
	member = member_of(slot, device);
	if (member != NULL)
		http_member_refund(member, purse, rate_max);
	(void)pthread_mutex_unlock(&accounts->lock);
}

void http_accounts_count(struct http_accounts *accounts, struct http_accounts_numbers *out)
{
	(void)pthread_mutex_lock(&accounts->lock);
	*out = (struct http_accounts_numbers){
	    .slots = accounts->slots_count,
	    .watchers = accounts->watchers_count,
	    .bytes = accounts->bytes,
	};
	(void)pthread_mutex_unlock(&accounts->lock);
}
