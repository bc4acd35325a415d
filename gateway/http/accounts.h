/*
 * gateway/http/accounts.h: the table of accounts: what is known in memory of each account that is
 * in use, or was not long ago. A slot holds its cache (account.h), who belongs to it, its head, and
 * who watches it. The table knows no HTTP. Two kinds of locks: a slot's own, for its cache, which
 * is held across calls of the account code; and the table's, for all else, which is not. Whoever
 * needs both takes the slot's first. What nobody uses goes, the one used longest ago first, once
 * all slots together hold more than bytes_max.
 *
 * On top of it stand learn.h (what the account code found out is written into a slot), watchers.h
 * (who waits for an account's next commit) and loans.h (a cache is lent between requests).
 */
#ifndef INKSEAL_HTTP_ACCOUNTS_H
#define INKSEAL_HTTP_ACCOUNTS_H

#include "gateway/account/account.h"
#include "gateway/http/members.h"

#include <pthread.h>

#define HTTP_HASH_KEY_LEN 16u /* crypto_shorthash_KEYBYTES */
#define HTTP_CHAINS_COUNT 4096u

struct http_watcher; /* watchers.h */
struct http_slot {
	struct account_id account;
	pthread_mutex_t lock; /* guards cache; held across calls of the account code */
	struct account_cache cache;

	/* All below: by the table's lock. */
	struct http_slot *hash_next;
	struct http_slot *older, *newer;                 /* of all, by last use */
	struct http_slot *watched_next, *watched_before; /* of the watched, by last check */
	unsigned users;    /* requests, watchers and a loan that hold it; 0: it may go */
	unsigned requests; /* of those, the requests that wait or run */
	size_t bytes;      /* of the slot with all it holds, when last counted */
	struct http_member *members;
	size_t members_count;
	struct digest roster_hash;
	int64_t roster_ms; /* when that was the newest roster; INT64_MIN: unknown */
	bool head_known;
	uint64_t head_seq;
	int64_t checked_ms; /* when head was compared with the bucket */
	struct http_watcher *watchers;
	unsigned watchers_count;
};
struct http_accounts {
	size_t bytes_max;
	unsigned requests_max, watchers_max; /* of one account */
	/* Ids are the callers' choice: nobody without this key can make long chains of them. */
	uint8_t hash_key[HTTP_HASH_KEY_LEN];
	pthread_mutex_t lock; /* guards all below but lent, and what slots say it does */
	struct http_slot *chains[HTTP_CHAINS_COUNT];
	struct http_slot *newest, *oldest;
	struct http_slot *watched_first, *watched_last;
	struct http_watcher *late_first, *late_last; /* all of them, the first to expire first */
	size_t slots_count, watchers_count, bytes;
	struct http_slot *lent; /* the borrowing thread's alone (loans.h) */
};
MUST_USE struct http_accounts *http_accounts_new(
    size_t bytes_max, unsigned requests_max, unsigned watchers_max);
void http_accounts_free(struct http_accounts *accounts); /* no user left; NULL is fine */
/* Keyed: whoever chooses ids does not choose this. */
uint32_t http_accounts_hash(const struct http_accounts *accounts, const struct account_id *account);

enum http_took { TOOK_OK, TOOK_BUSY, TOOK_NO_MEMORY };
/* The account's slot, made if need be, for one request. Given back by http_accounts_drop. */
MUST_USE enum http_took http_accounts_take(
    struct http_accounts *accounts, const struct account_id *account, struct http_slot **out);
/* The same, but NULL if the account is not in memory. */
MUST_USE struct http_slot *http_accounts_take_known(
    struct http_accounts *accounts, const struct account_id *account);
void http_accounts_drop(struct http_accounts *accounts, struct http_slot *slot);

enum http_known {
	KNOWN_LIVE,
	KNOWN_REVOKED,
	KNOWN_STALE,      /* the roster must be read: the view is older than asked for */
	KNOWN_NOT_MEMBER, /* by a view that is new enough, no device of this account */
};
/*
 * Is the device a member? The roster that says so must have been the newest at since_ms or later;
 * one that does not name the device, at unknown_ms: who was added a moment ago must not be turned
 * away.
 */
MUST_USE enum http_known http_accounts_member(struct http_accounts *accounts,
    struct http_slot *slot, const struct device_id *device, int64_t since_ms, int64_t unknown_ms);
/*
 * Without holding the slot, and by a roster of any age. False: no such member is in memory, which
 * proves nothing.
 */
MUST_USE bool http_accounts_known(struct http_accounts *accounts, const struct account_id *account,
    const struct device_id *device, struct http_member *out);
/* As http_member_spend. Whoever is not a member any more pays nothing: 0. */
MUST_USE int64_t http_accounts_spend(struct http_accounts *accounts, struct http_slot *slot,
    const struct device_id *device, enum http_purse purse, int64_t now_ms, unsigned rate_max);
/* As http_member_refund. */
void http_accounts_refund(struct http_accounts *accounts, struct http_slot *slot,
    const struct device_id *device, enum http_purse purse, unsigned rate_max);

struct http_accounts_numbers {
	size_t slots, watchers, bytes;
};
void http_accounts_count(struct http_accounts *accounts, struct http_accounts_numbers *out);

/* For what stands on the table; all with its lock held. */
/* NULL if it is not in memory. */
struct http_slot *http_accounts_find(
    struct http_accounts *accounts, const struct account_id *account);
/* NULL: no memory. */
MUST_USE struct http_slot *http_accounts_find_or_make(
    struct http_accounts *accounts, const struct account_id *account);
/* After a user less: what nobody needs goes. */
void http_accounts_settle(struct http_accounts *accounts, struct http_slot *slot);
/* After a change of cache or members, with the slot's lock held too. */
void http_accounts_weigh(struct http_accounts *accounts, struct http_slot *slot);

#endif
