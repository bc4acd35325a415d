/*
 * gateway/daemon/upkeep_sweep.c: sweeps, and the room that they make.
 * A gateway knows what an account takes from a listing (each sweep is one) and from what it put
 * itself since then, and what the requests that run now may put: each takes its room before its
 * work. What other gateways put meanwhile it learns at its next listing: with a few gateways an
 * account may pass its quota by what they take in an hour. Statements and compacted packs are put
 * without being asked about, and counted.
 */
#include "gateway/daemon/upkeep_sweep.h"

#include <stdio.h>

/*
 * The account's row has so many bytes by a listing that began when `before` were put. Two may run
 * at once: the one that began later tells more, whichever ends first.
 */
static void row_measured(
    struct upkeep *upkeep, const struct account_id *account, uint64_t bytes, uint64_t before)
{
	struct ledger_row *row;

	(void)pthread_mutex_lock(&upkeep->lock);
	row = ledger_find(upkeep->ledger, account);
	/* The row may be a newer one than before: then it is listed again when it is asked for. */
	if (row != NULL && before >= row->listed_at && before <= row->put_bytes) {
		row->used_known = true;
		row->used_bytes = bytes;
		row->listed_at = before;
	}
	(void)pthread_mutex_unlock(&upkeep->lock);
}

static uint64_t row_put_bytes(struct upkeep *upkeep, const struct account_id *account)
{
	struct ledger_row *row;
	uint64_t bytes = 0;

	(void)pthread_mutex_lock(&upkeep->lock);
	row = ledger_find(upkeep->ledger, account);
	if (row != NULL)
		bytes = row->put_bytes;
	(void)pthread_mutex_unlock(&upkeep->lock);
	return bytes;
}

/* Gateways' clocks may differ: a sweep that lies ahead by less than the interval was just now. */
int64_t upkeep_swept_for_ms(const struct upkeep *upkeep, int64_t swept_ms)
{
	int64_t age_ms = clock_wall_ms(upkeep->config.env.clock) - swept_ms;

	if (age_ms >= UPKEEP_SWEEP_MS || age_ms <= -UPKEEP_SWEEP_MS)
		return 0;
	return age_ms < 0 ? UPKEEP_SWEEP_MS : UPKEEP_SWEEP_MS - age_ms;
}

static void log_sweep(struct upkeep *upkeep, const struct sweep_report *report)
{
	char text[128];

	(void)pthread_mutex_lock(&upkeep->lock);
	upkeep->counts.sweeps++;
	upkeep->counts.objects_removed += report->removed;
	(void)pthread_mutex_unlock(&upkeep->lock);
	if (report->removed == 0)
		return;
	(void)snprintf(text, sizeof(text), "removed %llu of %llu objects, %llu bytes",
	    (unsigned long long)report->removed, (unsigned long long)report->listed,
	    (unsigned long long)report->bytes_removed);
	upkeep->config.log(upkeep->config.sink, "info", "sweep", text);
}

enum account_result upkeep_sweep(struct upkeep *upkeep, const struct account_env *env,
    const struct account_id *account, bool tight, struct call *call, int64_t *wait_ms_out)
{
	struct account_cache cache = {0};
	struct sweep_report report = {0};
	uint64_t before = row_put_bytes(upkeep, account);
	enum account_result result;
	int64_t swept_ms = 0, wait_ms = 0;

	result = account_swept(env, &cache, account, call, &swept_ms);
	if (result == ACCOUNT_OK)
		wait_ms = upkeep_swept_for_ms(upkeep, swept_ms);
	if (result == ACCOUNT_OK && wait_ms == 0) {
		result = account_sweep(
		    env, &cache, account, tight ? 0 : upkeep->config.retain_ms, call, &report);
		if (result == ACCOUNT_OK) {
			row_measured(upkeep, account, report.bytes_kept, before);
			log_sweep(upkeep, &report);
		}
	}
	account_cache_clear(&cache);
	if (result == ACCOUNT_OK)
		*wait_ms_out = wait_ms;
	return result;
}

static enum account_result measure(
    struct upkeep *upkeep, const struct account_id *account, struct call *call)
{
	uint64_t before = row_put_bytes(upkeep, account);
	struct account_usage usage = {0};
	enum account_result result = account_usage(&upkeep->config.env, account, call, &usage);

	if (result == ACCOUNT_OK)
		row_measured(upkeep, account, usage.bytes, before);
	return result;
}

struct room {
	bool known, fits;
	bool try_now; /* this caller is the one to look for more */
	uint64_t taken;
};

/*
 * Takes the bytes where it is known that they fit. False: no memory. may_try: claims the turn to
 * look for room, if it was not taken lately.
 */
static bool room_take(struct upkeep *upkeep, const struct account_id *account, uint64_t bytes,
    uint64_t limit, bool may_try, struct room *out)
{
	int64_t now_ms = upkeep_now(upkeep);
	struct ledger_row *row;

	*out = (struct room){0};
	(void)pthread_mutex_lock(&upkeep->lock);
	row = ledger_find(upkeep->ledger, account);
	if (row == NULL)
		row = ledger_touch(upkeep->ledger, account, now_ms);
	if (row != NULL) {
		out->known = row->used_known;
		out->taken = ledger_taken(row);
		out->fits = out->taken <= limit && bytes <= limit - out->taken;
		if (out->known && out->fits)
			row->reserved_bytes += bytes;
		out->try_now = may_try && out->known && !out->fits &&
			       (row->room_tried_ms == INT64_MIN ||
				   now_ms - row->room_tried_ms >= UPKEEP_ROOM_MS);
		if (out->try_now)
			row->room_tried_ms = now_ms;
	}
	(void)pthread_mutex_unlock(&upkeep->lock);
	return row != NULL;
}

/* A sweep, old history and all; or, if the last one was a moment ago, what a listing says. */
static enum account_result look_for_room(
    struct upkeep *upkeep, const struct account_id *account, struct call *call)
{
	int64_t wait_ms = 0;
	enum account_result result =
	    upkeep_sweep(upkeep, &upkeep->config.env, account, true, call, &wait_ms);

	if (result == ACCOUNT_OK && wait_ms > 0)
		result = measure(upkeep, account, call);
	return result;
}

static enum account_result refuse(const struct upkeep *upkeep, const struct room *room,
    uint64_t bytes, bool spare, struct call *call)
{
	unsigned long long lacking_kib = (bytes >> 10) + 1;

	call_sayf(call,
	    "the account is full: no room for %llu KiB more beside %llu of %llu; %sroom comes back "
	    "as old history is removed, about once an hour",
	    lacking_kib, (unsigned long long)(room->taken >> 10),
	    (unsigned long long)(upkeep->config.quota_bytes >> 10),
	    spare ? "" : "deletions still pass, and ");
	return ACCOUNT_REFUSED;
}

enum account_result upkeep_reserve(
    void *self, const struct account_id *account, uint64_t bytes, bool spare, struct call *call)
{
	struct upkeep *upkeep = self;
	uint64_t quota = upkeep->config.quota_bytes;
	uint64_t limit = spare ? quota : quota - quota / 10;
	enum account_result result = ACCOUNT_OK;
	struct room room = {0};

	if (quota == 0)
		return ACCOUNT_OK;
	if (!room_take(upkeep, account, bytes, limit, true, &room))
		return ACCOUNT_RETRY;
	if (!room.known) {
		result = measure(upkeep, account, call);
		if (result == ACCOUNT_OK && !room_take(upkeep, account, bytes, limit, true, &room))
			return ACCOUNT_RETRY;
	}
	if (result == ACCOUNT_OK && room.try_now) {
		result = look_for_room(upkeep, account, call);
		/* That there is no such account, the request itself is about to say. */
		if (result == ACCOUNT_ABSENT || result == ACCOUNT_GONE)
			return ACCOUNT_OK;
		if (result == ACCOUNT_OK && !room_take(upkeep, account, bytes, limit, false, &room))
			return ACCOUNT_RETRY;
	}
	if (result != ACCOUNT_OK)
		return result;
	return room.fits ? ACCOUNT_OK : refuse(upkeep, &room, bytes, spare, call);
}
