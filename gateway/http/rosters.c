/*
 * gateway/http/rosters.c: a few rosters, each read once for many.
 */
#include "gateway/http/rosters.h"

#include "gateway/http/learn.h"
#include "gateway/http/members.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRESH_MS 1000 /* a roster is told from memory for so long */
/* For a device that is not in it, it is read again so often, at the most, … */
#define AGAIN_MS 100
#define AGAIN_BURST 4 /* … but so many times at once */
#define LONG_AGO (INT64_MIN / 2)
#define FOUND_MAX 4096u /* accounts that are remembered to exist */

struct kept_roster {
	struct account_id account;
	bool used, loading, outdated;
	int64_t since_ms; /* when its reading began, monotonic; LONG_AGO: it is not told again */
	int64_t again_ms; /* readings for devices that were not in it are paid for by then */
	enum account_result result;
	char message[CALL_MESSAGE_MAX];
	struct bytes bytes; /* OK: the roster. GONE: the wipe's record, empty if there is none */
	struct http_member *members;
	size_t members_count;
};

struct http_rosters {
	const struct account_env *env;
	struct http_accounts *accounts;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t loaded;
	struct kept_roster kept[HTTP_ROSTERS_MAX];
	struct account_id found[FOUND_MAX]; /* by hash: the last of those that meet in a place */
};

static int64_t now_ms(const struct http_rosters *rosters)
{
	return clock_monotonic_ms(rosters->env->clock);
}

/* ---- accounts that were there lately ---- */

static struct account_id *found_place(
    struct http_rosters *rosters, const struct account_id *account)
{
	return &rosters->found[http_accounts_hash(rosters->accounts, account) % FOUND_MAX];
}

/* With the lock held. */
static bool was_found(struct http_rosters *rosters, const struct account_id *account)
{
	static const struct account_id none = {{0}};

	return account_equal(found_place(rosters, account), account) &&
	       !account_equal(account, &none);
}

/* ---- rosters, read once for many ---- */

static struct kept_roster *kept_find(struct http_rosters *rosters, const struct account_id *account)
{
	for (size_t i = 0; i < HTTP_ROSTERS_MAX; i++)
		if (rosters->kept[i].used && account_equal(&rosters->kept[i].account, account))
			return &rosters->kept[i];
	return NULL;
}

static void kept_clear(struct kept_roster *roster)
{
	bytes_clear(&roster->bytes);
	free(roster->members);
	*roster = (struct kept_roster){0};
}

/* A place for one more: the oldest goes. */
static struct kept_roster *kept_place(
    struct http_rosters *rosters, const struct account_id *account)
{
	struct kept_roster *place = NULL;

	for (size_t i = 0; i < HTTP_ROSTERS_MAX; i++) {
		struct kept_roster *roster = &rosters->kept[i];

		if (!roster->loading && (place == NULL || roster->since_ms < place->since_ms))
			place = roster;
	}
	assert(place != NULL); /* each of those that load is one thread's */
	kept_clear(place);
	place->account = *account;
	place->used = true;
	place->since_ms = LONG_AGO;
	return place;
}

/* Without the lock. What was read is the account's cache too, if that is empty. */
static void kept_load(struct http_rosters *rosters, const struct account_id *account,
    int64_t since_ms, struct call *call, struct kept_roster *out)
{
	const struct account_env *env = rosters->env;
	struct account_cache cache = {0};

	out->result = account_roster(env, &cache, account, call, &out->bytes);
	if (out->result == ACCOUNT_OK) {
		out->members = http_members_of(view_bytes(&out->bytes), &out->members_count);
		if (out->members == NULL) {
			call_sayf(call, "no memory");
			out->result = ACCOUNT_RETRY;
		} else {
			http_accounts_teach(rosters->accounts, account, since_ms, &cache,
			    out->members, out->members_count);
		}
	} else if (out->result == ACCOUNT_GONE &&
		   account_wipe_record(env, account, call, &out->bytes) != ACCOUNT_OK) {
		call_sayf(call, "the account was wiped"); /* and what says so is not at hand */
	}
	(void)snprintf(out->message, sizeof(out->message), "%s", call->message);
	account_cache_clear(&cache);
}

/* What was read, in the place of what was there; *loaded is taken. */
static void kept_renew(struct kept_roster *roster, struct kept_roster *loaded)
{
	bool told = loaded->result == ACCOUNT_OK || loaded->result == ACCOUNT_ABSENT ||
		    loaded->result == ACCOUNT_GONE;

	bytes_clear(&roster->bytes);
	free(roster->members);
	roster->bytes = loaded->bytes;
	roster->members = loaded->members;
	roster->members_count = loaded->members_count;
	roster->result = loaded->result;
	memcpy(roster->message, loaded->message, sizeof(roster->message));
	roster->loading = false;
	/* That the bucket did not answer is for those who waited for it; and what has changed here
	 * since is for those who asked before. */
	roster->since_ms = told && !roster->outdated ? loaded->since_ms : LONG_AGO;
}

/*
 * The account's roster as of since_ms or later, or why there is none; with the lock held, which the
 * caller gives back. Whoever comes while another reads it waits, as long as that one's call lasts.
 */
static struct kept_roster *kept_get(struct http_rosters *rosters, const struct account_id *account,
    int64_t since_ms, struct call *call)
{
	struct kept_roster *roster, loaded = {0};
	bool waited = false;

	(void)pthread_mutex_lock(&rosters->lock);
	for (;; waited = true) {
		roster = kept_find(rosters, account);
		if (roster == NULL)
			break;
		if (!roster->loading) {
			if (roster->since_ms >= since_ms ||
			    (waited && roster->result != ACCOUNT_OK))
				return roster;
			break;
		}
		(void)pthread_cond_wait(&rosters->loaded, &rosters->lock);
	}
	if (roster == NULL)
		roster = kept_place(rosters, account);
	roster->loading = true;
	roster->outdated = false;
	(void)pthread_mutex_unlock(&rosters->lock);
	loaded.since_ms = now_ms(rosters);
	kept_load(rosters, account, loaded.since_ms, call, &loaded);
	(void)pthread_mutex_lock(&rosters->lock);
	kept_renew(roster, &loaded);
	if (roster->result == ACCOUNT_OK)
		*found_place(rosters, account) = *account;
	(void)pthread_cond_broadcast(&rosters->loaded);
	return roster;
}

void http_rosters_forget(struct http_rosters *rosters, const struct account_id *account)
{
	struct kept_roster *roster;

	(void)pthread_mutex_lock(&rosters->lock);
	*found_place(rosters, account) = *account;
	roster = kept_find(rosters, account);
	if (roster != NULL) {
		roster->outdated = true;
		roster->since_ms = LONG_AGO;
	}
	(void)pthread_mutex_unlock(&rosters->lock);
}

enum account_result http_rosters_state(struct http_rosters *rosters,
    const struct account_id *account, struct call *call, struct bytes *copy_out)
{
	struct kept_roster *roster = kept_get(rosters, account, now_ms(rosters) - FRESH_MS, call);
	enum account_result result = roster->result;
	bool copied = bytes_copy(view_bytes(&roster->bytes), copy_out);

	(void)snprintf(call->message, sizeof(call->message), "%s", roster->message);
	(void)pthread_mutex_unlock(&rosters->lock);
	if (copied)
		return result;
	call_sayf(call, "no memory");
	return ACCOUNT_RETRY;
}

/* ---- who belongs to one ---- */

/* With the lock held: one reading more. */
static bool may_read_again(struct kept_roster *roster, int64_t at_ms)
{
	int64_t from_ms = roster->again_ms < at_ms ? at_ms : roster->again_ms;

	if (from_ms - at_ms > (AGAIN_BURST - 1) * AGAIN_MS)
		return false;
	roster->again_ms = from_ms + AGAIN_MS;
	return true;
}

enum http_found http_rosters_member(struct http_rosters *rosters, const struct account_id *account,
    const struct device_id *device, int64_t asked_ms, struct call *call, struct http_member *out)
{
	int64_t since_ms = now_ms(rosters) - FRESH_MS;

	for (unsigned i = 0; i < 2; i++) {
		struct kept_roster *roster = kept_get(rosters, account, since_ms, call);
		const struct http_member *member =
		    http_member_find(roster->members, roster->members_count, device);
		/* What somebody read in the request's own millisecond may be older than it. */
		int64_t newer_ms = asked_ms + (i == 0 ? 1 : 0);
		int64_t was_ms = roster->since_ms;
		bool found = member != NULL;
		bool again = !found && was_ms < newer_ms && may_read_again(roster, now_ms(rosters));

		if (found)
			*out = *member;
		(void)pthread_mutex_unlock(&rosters->lock);
		if (found)
			return FOUND_MEMBER;
		if (was_ms >= newer_ms)
			return FOUND_NOT_MEMBER;
		if (!again)
			return FOUND_BUSY;
		since_ms = newer_ms;
	}
	return FOUND_BUSY; /* it was changed while it was read */
}

bool http_rosters_found(struct http_rosters *rosters, const struct account_id *account)
{
	bool found;

	(void)pthread_mutex_lock(&rosters->lock);
	found = was_found(rosters, account);
	(void)pthread_mutex_unlock(&rosters->lock);
	return found;
}

struct http_rosters *http_rosters_new(const struct account_env *env, struct http_accounts *accounts)
{
	struct http_rosters *rosters = calloc(1, sizeof(*rosters));

	if (rosters == NULL)
		return NULL;
	rosters->env = env;
	rosters->accounts = accounts;
	(void)pthread_mutex_init(&rosters->lock, NULL);
	(void)pthread_cond_init(&rosters->loaded, NULL);
	return rosters;
}

void http_rosters_free(struct http_rosters *rosters)
{
	if (rosters == NULL)
		return;
	for (size_t i = 0; i < HTTP_ROSTERS_MAX; i++)
		kept_clear(&rosters->kept[i]);
	(void)pthread_cond_destroy(&rosters->loaded);
	(void)pthread_mutex_destroy(&rosters->lock);
	free(rosters);
}
