/*
 * gateway/http/watchers.c: lists of watchers: of each account, and of all by deadline; and of the
 * accounts that are watched, the one that was compared with the bucket longest ago first.
 */
#include "gateway/http/watchers.h"

#define DUE_STEPS_MAX 64u

static void unlink_late(struct http_accounts *accounts, struct http_watcher *watcher)
{
	if (watcher->late_before != NULL)
		watcher->late_before->late_next = watcher->late_next;
	else
		accounts->late_first = watcher->late_next;
	if (watcher->late_next != NULL)
		watcher->late_next->late_before = watcher->late_before;
	else
		accounts->late_last = watcher->late_before;
}

static void link_late(struct http_accounts *accounts, struct http_watcher *watcher)
{
	watcher->late_next = NULL;
	watcher->late_before = accounts->late_last;
	if (accounts->late_last != NULL)
		accounts->late_last->late_next = watcher;
	else
		accounts->late_first = watcher;
	accounts->late_last = watcher;
}

static void unlink_watched(struct http_accounts *accounts, struct http_slot *slot)
{
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

static void unlink_watcher(
    struct http_accounts *accounts, struct http_slot *slot, struct http_watcher *watcher)
{
	if (watcher->before != NULL)
		watcher->before->next = watcher->next;
	else
		slot->watchers = watcher->next;
	if (watcher->next != NULL)
		watcher->next->before = watcher->before;
	unlink_late(accounts, watcher);
	accounts->watchers_count--;
	slot->watchers_count--;
	slot->requests++; /* as one again, until it is dropped */
	if (slot->watchers == NULL)
		unlink_watched(accounts, slot);
}

static void link_watcher(
    struct http_accounts *accounts, struct http_slot *slot, struct http_watcher *watcher)
{
	watcher->before = NULL;
	watcher->next = slot->watchers;
	if (slot->watchers != NULL)
		slot->watchers->before = watcher;
	else
		link_watched(accounts, slot);
	slot->watchers = watcher;
	link_late(accounts, watcher);
	accounts->watchers_count++;
	slot->watchers_count++;
	slot->requests--;
}

void http_accounts_wake(struct http_accounts *accounts, struct http_slot *slot)
{
	struct http_watcher *next;

	for (struct http_watcher *watcher = slot->watchers; watcher != NULL; watcher = next) {
		next = watcher->next;
		if (slot->head_known && slot->head_seq <= watcher->seq)
			continue;
		unlink_watcher(accounts, slot, watcher);
		watcher->wake(watcher->self, slot->head_known, slot->head_seq);
	}
}

enum http_watch http_accounts_watch(struct http_accounts *accounts, struct http_watcher *watcher,
    int64_t deadline_ms, uint64_t *head_out)
{
	enum http_watch result = WATCH_WAITS;
	struct http_slot *slot = watcher->slot;

	(void)pthread_mutex_lock(&accounts->lock);
	if (slot->head_known && slot->head_seq > watcher->seq) {
		*head_out = slot->head_seq;
		result = WATCH_PASSED;
	} else if (slot->watchers_count >= accounts->watchers_max) {
		result = WATCH_BUSY;
	} else {
		watcher->deadline_ms = deadline_ms;
		link_watcher(accounts, slot, watcher);
	}
	(void)pthread_mutex_unlock(&accounts->lock);
	return result;
}

void http_accounts_expire(struct http_accounts *accounts, int64_t now_ms)
{
	(void)pthread_mutex_lock(&accounts->lock);
	while (accounts->late_first != NULL && accounts->late_first->deadline_ms <= now_ms) {
		struct http_watcher *watcher = accounts->late_first;

		unlink_watcher(accounts, watcher->slot, watcher);
		watcher->wake(watcher->self, false, 0);
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
