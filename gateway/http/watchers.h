/*
 * gateway/http/watchers.h: who waits for an account's next commit (long-poll). A watcher is in the
 * table of accounts from http_accounts_watch until it is woken, and belongs to it so long.
 */
#ifndef INKSEAL_HTTP_WATCHERS_H
#define INKSEAL_HTTP_WATCHERS_H

#include "gateway/http/accounts.h"

struct http_watcher {           /* its owner's memory; the owner sets the first four */
	struct http_slot *slot; /* taken for a request: while it waits it does not count as one */
	uint64_t seq;           /* it waits for a head beyond this */
	/*
	 * It is out of the table, and nobody here touches it again: wake may hand it to another
	 * thread. passed: the head is beyond seq, and is head; else its time is over, or the
	 * account is not known any more. Called with the table's lock held: it must not wait.
	 */
	void (*wake)(void *self, bool passed, uint64_t head);
	void *self;
	/* By the table's lock: */
	struct http_watcher *next, *before;           /* of the account */
	struct http_watcher *late_next, *late_before; /* of all, by deadline */
	int64_t deadline_ms;                          /* monotonic */
};

enum http_watch { WATCH_WAITS, WATCH_PASSED, WATCH_BUSY };
/*
 * PASSED: the head is beyond watcher->seq already, and is *head_out. BUSY: the account has as many
 * watchers as it may. A
 * deadline before an earlier call's is noticed only when that one is over.
 */
MUST_USE enum http_watch http_accounts_watch(struct http_accounts *accounts,
    struct http_watcher *watcher, int64_t deadline_ms, uint64_t *head_out);
/* Wakes those whose time is over: all, if now_ms is INT64_MAX. */
void http_accounts_expire(struct http_accounts *accounts, int64_t now_ms);
/*
 * A watched account that was not compared with the bucket since since_ms, taken as for a request,
 * and counted as checked from now_ms on; NULL: there is none.
 */
MUST_USE struct http_slot *http_accounts_due(
    struct http_accounts *accounts, int64_t since_ms, int64_t now_ms);
/*
 * With the table's lock held, after slot's head has changed: wakes those who waited for a head
 * beyond theirs; all, if the head is not known any more.
 */
void http_accounts_wake(struct http_accounts *accounts, struct http_slot *slot);

#endif
