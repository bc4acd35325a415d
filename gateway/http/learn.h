/*
 * gateway/http/learn.h: what the account code has found out of an account, its roster and its head,
 * becomes what the table knows of it.
 */
#ifndef INKSEAL_HTTP_LEARN_H
#define INKSEAL_HTTP_LEARN_H

#include "gateway/http/accounts.h"

/*
 * With slot->lock held, after the account code ran from since_ms on: takes over the cache's roster
 * (the newest at since_ms, if roster_hash is its hash) and the head (NULL: not known), and wakes
 * who waited for that.
 */
void http_accounts_learn(struct http_accounts *accounts, struct http_slot *slot, int64_t since_ms,
    const struct digest *roster_hash, const struct head *head);
/*
 * Without any slot's lock, for an account that nothing is known of: these members were its roster's
 * at since_ms, and the cache is taken over if the slot's is free and empty. Does nothing where a
 * request already has learnt, or is about to: what it learns is newer.
 */
void http_accounts_teach(struct http_accounts *accounts, const struct account_id *account,
    int64_t since_ms, struct account_cache *cache, const struct http_member *members, size_t count);
/* With slot->lock held: the account is wiped or missing. Nothing is known of it any more; all who
 * watch it wake. */
void http_accounts_forget(struct http_accounts *accounts, struct http_slot *slot);

#endif
