/*
 * gateway/http/accounts.c: what is known of each account that is in use, or was not long ago: its
 * cache, who belongs to it, its head, who watches it. One lock for the table, never held across a
 * call of the account code; one for each account's cache, which is. The second is taken first.
 * What nobody uses goes, oldest first, once all together hold more than bytes_max.
 */
#include "gateway/http/http_priv.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define DUE_STEPS_MAX 64u

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

static void count_bytes(struct http_accounts *accounts, struct http_slot *slot)
{
	const struct account_cache *cache = &slot->cache;
	size_t bytes = sizeof(*slot) + cache->manifest.len + cache->roster.len + cache->index.len +
		       cache->seen_count * sizeof(*cache->seen) +
		       cache->wiping.listed.count * sizeof(*cache->wiping.listed.items) +
		       slot->members_count * sizeof(*slot->members);

	for (size_t i = 0; i < cache->packs_count; i++)
		bytes += cache->packs[i].bytes.len;
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
			count_bytes(accounts, slot);
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
	count_bytes(accounts, slot);
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

enum http_took http_accounts_take(
    struct http_accounts *accounts, const struct account_id *account, struct http_slot **out)
{
	enum http_took took = TOOK_OK;
	struct http_slot *slot;

	(void)pthread_mutex_lock(&accounts->lock);
	slot = http_accounts_find(accounts, account);
	if (slot == NULL)
		slot = slot_new(accounts, account);
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

enum http_known http_accounts_member(struct http_accounts *accounts, struct http_slot *slot,
    const struct device_id *device, int64_t since_ms, int64_t strange_ms)
{
	enum http_known known = KNOWN_STRANGER;

	(void)pthread_mutex_lock(&accounts->lock);
	for (size_t i = 0; i < slot->members_count && known == KNOWN_STRANGER; i++) {
		const struct http_member *member = &slot->members[i];

		if (!device_equal(&member->device, device))
			continue;
		known = member->live ? KNOWN_LIVE : KNOWN_REVOKED;
	}
	if (slot->roster_ms < (known == KNOWN_STRANGER ? strange_ms : since_ms))
		known = KNOWN_STALE;
	(void)pthread_mutex_unlock(&accounts->lock);
	return known;
}

struct http_member *http_members_of(struct view encoded, size_t *count_out)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	struct http_member *members = NULL;

	if (roster != NULL && roster_decode(encoded, false, roster) == FORMAT_OK)
		members = calloc(roster->devices_count, sizeof(*members));
	for (size_t i = 0; members != NULL && i < roster->devices_count; i++) {
		const struct roster_device *device = &roster->devices[i];

		members[i].device = device->id;
		memcpy(members[i].sign_public, device->keys.sign_public, SIGN_PUBLIC_LEN);
		memcpy(members[i].wipe_public, device->keys.wipe_public, SIGN_PUBLIC_LEN);
		members[i].live = device->revoked_by == SIZE_MAX;
	}
	if (members != NULL)
		*count_out = roster->devices_count;
	free(roster);
	return members;
}

static void unlink_watcher(
    struct http_accounts *accounts, struct http_slot *slot, struct exchange *exchange)
{
	if (exchange->watch_before != NULL)
		exchange->watch_before->watch_next = exchange->watch_next;
	else
		slot->watchers = exchange->watch_next;
	if (exchange->watch_next != NULL)
		exchange->watch_next->watch_before = exchange->watch_before;
	if (exchange->late_before != NULL)
		exchange->late_before->late_next = exchange->late_next;
	else
		accounts->late_first = exchange->late_next;
	if (exchange->late_next != NULL)
		exchange->late_next->late_before = exchange->late_before;
	else
		accounts->late_last = exchange->late_before;
	accounts->watchers_count--;
	slot->watchers_count--;
	slot->requests++; /* as one again, until it is dropped */
	if (slot->watchers != NULL)
		return;
	if (slot->watched_before != NULL)
		slot->watched_before->watched_next = slot->watched_next;
	else
		accounts->watched_first = slot->watched_next;
	if (slot->watched_next != NULL)
		slot->watched_next->watched_before = slot->watched_before;
	else
		accounts->watched_last = slot->watched_before;
}

static void link_watched(struct http_accounts *accounts, struct http_slot *slot)
{
	slot->watched_next = NULL;
	slot->watched_before = accounts->watched_last;
	if (slot->watched_before != NULL)
		slot->watched_before->watched_next = slot;
	else
		accounts->watched_first = slot;
	accounts->watched_last = slot;
}

/* Wakes those who waited for a head beyond theirs; all, if the head is not known any more. */
static void wake_watchers(struct http_accounts *accounts, struct http_slot *slot)
{
	struct exchange *next;

	for (struct exchange *exchange = slot->watchers; exchange != NULL; exchange = next) {
		next = exchange->watch_next;
		if (slot->head_known && slot->head_seq <= exchange->watch_seq)
			continue;
		unlink_watcher(accounts, slot, exchange);
		answer_watch(exchange, slot->head_known, slot->head_seq);
		exchange_wake(exchange);
	}
}

/* A member that stays has spent of its allowance what it had. */
static void carry_spent(const struct http_slot *slot, struct http_member *members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < slot->members_count; k++)
			if (device_equal(&members[i].device, &slot->members[k].device))
				memcpy(members[i].spent_us, slot->members[k].spent_us,
				    sizeof(members[i].spent_us));
}

void http_accounts_learn(struct http_accounts *accounts, struct http_slot *slot, int64_t since_ms,
    const struct digest *roster_hash, const struct head *head)
{
	bool newest =
	    digest_equal(&slot->cache.roster_hash, roster_hash) && slot->cache.roster.len > 0;
	struct http_member *members = NULL;
	size_t count = 0;
	bool same;

	(void)pthread_mutex_lock(&accounts->lock);
	same = slot->members != NULL && digest_equal(&slot->roster_hash, roster_hash);
	(void)pthread_mutex_unlock(&accounts->lock);
	if (newest && !same) /* signatures are checked here: not under the table's lock */
		members = http_members_of(view_bytes(&slot->cache.roster), &count);
	(void)pthread_mutex_lock(&accounts->lock);
	if (members != NULL) {
		if (slot->members != NULL)
			carry_spent(slot, members, count);
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
		wake_watchers(accounts, slot);
	}
	count_bytes(accounts, slot);
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
	slot = http_accounts_find(accounts, account);
	if (slot == NULL)
		slot = slot_new(accounts, account);
	/* Whoever holds its lock is about to learn all this, and what is newer. */
	if (slot != NULL && slot->members == NULL && pthread_mutex_trylock(&slot->lock) == 0) {
		slot->members = own;
		slot->members_count = count;
		slot->roster_hash = cache->roster_hash;
		slot->roster_ms = since_ms;
		own = NULL;
		if (slot->cache.manifest.len == 0) {
			account_cache_clear(&slot->cache);
			slot->cache = *cache;
			*cache = (struct account_cache){0};
		}
		count_bytes(accounts, slot);
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
	wake_watchers(accounts, slot);
	count_bytes(accounts, slot);
	(void)pthread_mutex_unlock(&accounts->lock);
}

enum http_watch http_accounts_watch(struct http_accounts *accounts, struct exchange *exchange,
    int64_t deadline_ms, uint64_t *head_out)
{
	enum http_watch result = WATCH_WAITS;
	struct http_slot *slot = exchange->slot;

	(void)pthread_mutex_lock(&accounts->lock);
	if (slot->head_known && slot->head_seq > exchange->watch_seq) {
		*head_out = slot->head_seq;
		result = WATCH_PASSED;
	} else if (slot->watchers_count >= accounts->watchers_max) {
		result = WATCH_BUSY;
	} else {
		exchange->watch_deadline_ms = deadline_ms;
		exchange->watch_before = NULL;
		exchange->watch_next = slot->watchers;
		if (slot->watchers != NULL)
			slot->watchers->watch_before = exchange;
		else
			link_watched(accounts, slot);
		slot->watchers = exchange;
		exchange->late_next = NULL;
		exchange->late_before = accounts->late_last;
		if (accounts->late_last != NULL)
			accounts->late_last->late_next = exchange;
		else
			accounts->late_first = exchange;
		accounts->late_last = exchange;
		accounts->watchers_count++;
		slot->watchers_count++;
		slot->requests--;
	}
	(void)pthread_mutex_unlock(&accounts->lock);
	return result;
}

void http_accounts_expire(struct http_accounts *accounts, int64_t now_ms)
{
	(void)pthread_mutex_lock(&accounts->lock);
	while (accounts->late_first != NULL && accounts->late_first->watch_deadline_ms <= now_ms) {
		struct exchange *exchange = accounts->late_first;

		unlink_watcher(accounts, exchange->slot, exchange);
		answer_watch(exchange, false, 0);
		exchange_wake(exchange);
	}
	(void)pthread_mutex_unlock(&accounts->lock);
}

struct http_slot *http_accounts_due(
    struct http_accounts *accounts, int64_t since_ms, int64_t now_ms)
{
	struct http_slot *due = NULL;

	(void)pthread_mutex_lock(&accounts->lock);
	for (unsigned i = 0; i < DUE_STEPS_MAX && due == NULL; i++) {
		struct http_slot *slot = accounts->watched_first;

		if (slot == NULL)
			break;
		if (slot->checked_ms <= since_ms) {
			due = slot;
			slot->checked_ms = now_ms;
			slot->users++;
			slot->requests++;
		}
		if (slot == accounts->watched_last)
			break;
		accounts->watched_first = slot->watched_next;
		slot->watched_next->watched_before = NULL;
		link_watched(accounts, slot);
	}
	(void)pthread_mutex_unlock(&accounts->lock);
	return due;
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
