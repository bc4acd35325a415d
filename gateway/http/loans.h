/*
 * gateway/http/loans.h: an account's cache is lent for work between requests, to one thread, one at
 * a time.
 */
#ifndef INKSEAL_HTTP_LOANS_H
#define INKSEAL_HTTP_LOANS_H

#include "gateway/http/accounts.h"

/*
 * The account's cache, if it is in memory and no request has the account; else NULL. Its slot's
 * lock is the borrower's until it gives the cache back: requests of the account wait for that.
 */
struct account_cache *http_accounts_borrow(
    struct http_accounts *accounts, const struct account_id *account);
/* Something is lent, and a request waits for it. */
bool http_accounts_wanted(struct http_accounts *accounts);
void http_accounts_give_back(struct http_accounts *accounts);

#endif
