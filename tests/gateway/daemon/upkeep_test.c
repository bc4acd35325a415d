/*
 * tests/gateway/daemon/upkeep_test.c: what a gateway does by itself, over a memory bucket and a
 * clock that the test moves.
 */
#include "gateway/daemon/upkeep.h"
#include "tests/gateway/account/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS (3600 * INT64_C(1000))
#define DAY_MS (24 * HOUR_MS)

struct kept {
	struct pair *pair; /* FIRST's cache is what requests of this gateway share */
	struct fixture *fixture;
	struct upkeep_config config;
	struct upkeep *upkeep, *other;
	bool in_use, wanted, lent;
	unsigned wanted_after; /* not 0: a request comes once it was asked so often */
	unsigned changed;
	char said[1024];
};

static struct account_cache *borrow(void *self, const struct account_id *account)
{
	struct kept *kept = self;

	assert_false(kept->lent);
	if (kept->in_use || !account_equal(account, &kept->fixture->account))
		return NULL;
	kept->lent = true;
	return &kept->pair->first.cache;
}

static bool wanted(void *self)
{
	struct kept *kept = self;

	assert_true(kept->lent);
	if (kept->wanted_after > 0 && --kept->wanted_after == 0)
		kept->wanted = true;
	return kept->wanted;
}

static void give_back(void *self)
{
	struct kept *kept = self;

	assert_true(kept->lent);
	kept->lent = false;
}

static void changed(void *self, const struct account_id *account, struct call *call)
{
	struct kept *kept = self;

	(void)account;
	(void)call;
	kept->changed++;
}

static void say(void *sink, const char *level, const char *event, const char *message)
{
	struct kept *kept = sink;
	size_t len = strlen(kept->said);

	(void)snprintf(
	    kept->said + len, sizeof(kept->said) - len, "%s %s: %s\n", level, event, message);
}

static struct upkeep *upkeep_of(struct kept *kept)
{
	struct upkeep *upkeep = upkeep_new(&kept->config, fixture_call(kept->fixture));

	assert_non_null(upkeep);
	return upkeep;
}

/* All that is due; fails if it finds no end. */
static unsigned run(struct upkeep *upkeep)
{
	unsigned steps = 0;

	while (upkeep_step(upkeep))
		assert_true(++steps < 1000);
	return steps;
}

static int kept_setup(void **state)
{
	struct kept *kept = calloc(1, sizeof(*kept));
	void *pair = NULL;

	assert_non_null(kept);
	assert_int_equal(pair_setup(&pair), 0);
	kept->pair = pair;
	kept->fixture = &kept->pair->fixture;
	kept->config = (struct upkeep_config){
	    .env = kept->fixture->env,
	    .host = {kept, borrow, wanted, give_back, changed},
	    .retain_ms = 30 * DAY_MS,
	    .sink = kept,
	    .log = say,
	};
	kept->upkeep = upkeep_of(kept);
	(void)run(kept->upkeep); /* the listing of w/ */
	*state = kept;
	return 0;
}

static int kept_teardown(void **state)
{
	struct kept *kept = *state;
	void *pair = kept->pair;

	upkeep_free(kept->upkeep);
	upkeep_free(kept->other);
	assert_int_equal(pair_teardown(&pair), 0);
	free(kept);
	return 0;
}

static struct upkeep_counts counts_of(struct upkeep *upkeep)
{
	struct upkeep_counts counts;

	upkeep_counted(upkeep, &counts);
	return counts;
}

/* A request of this gateway's: an edit by FIRST, and the keeper is told. */
static void edit(struct kept *kept, size_t body_len)
{
	struct account_cache *cache = &kept->pair->first.cache;

	client_edit(&kept->pair->first, body_len);
	upkeep_settle(kept->upkeep, &kept->fixture->account, 0, cache->put_bytes, true);
	cache->put_bytes = 0;
}

static void fill_packs(struct kept *kept, size_t packs)
{
	for (unsigned i = 0; i < 1000 && fixture_objects(kept->fixture, "/p/") < packs; i++)
		edit(kept, 2000);
	assert_int_equal(fixture_objects(kept->fixture, "/p/"), packs);
}

/* Two numbers of the manifest that stands. */
struct numbers {
	size_t packs;
	uint64_t sweep;
};

static struct numbers manifest_numbers(struct kept *kept)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};
	struct numbers numbers;

	assert_non_null(manifest);
	fixture_manifest(kept->fixture, &bytes, manifest);
	numbers = (struct numbers){manifest->packs_count, manifest->sweep};
	bytes_clear(&bytes);
	free(manifest);
	return numbers;
}

static size_t packs_named(struct kept *kept)
{
	return manifest_numbers(kept).packs;
}

static uint64_t sweep_count(struct kept *kept)
{
	return manifest_numbers(kept).sweep;
}

static void an_idle_account_is_compacted(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;
	struct bucket_counts before;

	fill_packs(kept, 8);
	fixture->now_ms += UPKEEP_IDLE_MS - 1;
	assert_int_equal(run(kept->upkeep), 0);
	edit(kept, 100); /* not idle any more */
	fixture->now_ms += UPKEEP_IDLE_MS - 1;
	assert_int_equal(run(kept->upkeep), 0);
	fixture->now_ms += 1;
	before = fixture->counts;
	assert_int_equal(run(kept->upkeep), 1);
	assert_int_equal(packs_named(kept), 1);
	/* From bytes at hand: the pack and the manifest, and nothing else. */
	assert_int_equal(fixture->counts.put - before.put, 2);
	assert_int_equal(fixture->counts.get - before.get, 0);
	assert_int_equal(fixture->counts.list - before.list, 0);
	assert_int_equal(counts_of(kept->upkeep).compactions, 1);
	assert_int_equal(counts_of(kept->upkeep).packs_compacted, 8);
	before = fixture->counts;
	edit(kept, 100); /* in the cache that was compacted: warm */
	assert_int_equal(fixture->counts.put - before.put, 1);
	assert_int_equal(fixture->counts.get - before.get, 0);
}

static void nothing_is_asked_for_nothing(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;
	uint64_t before;

	edit(kept, 100);
	before = fixture_requests(fixture);
	fixture->now_ms += UPKEEP_IDLE_MS;
	assert_int_equal(run(kept->upkeep), 1); /* there is nothing to compact: the cache says so */
	fixture->now_ms += HOUR_MS / 2;
	assert_int_equal(run(kept->upkeep), 0);
	assert_int_equal(fixture_requests(fixture), before);
}

static void a_compaction_gives_way_to_a_request(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;

	fill_packs(kept, 8);
	fixture->now_ms += UPKEEP_IDLE_MS;
	kept->wanted_after = 2; /* before the commit */
	assert_int_equal(run(kept->upkeep), 1);
	assert_int_equal(packs_named(kept), 8);
	assert_int_equal(counts_of(kept->upkeep).gave_way, 1);
	assert_int_equal(counts_of(kept->upkeep).compactions, 0);
	assert_string_equal(kept->said, "");
	kept->wanted = false;
	fixture->now_ms += UPKEEP_AGAIN_MS;
	assert_int_equal(run(kept->upkeep), 1);
	assert_int_equal(packs_named(kept), 1);
	edit(kept, 100);
}

static void a_bucket_that_is_down_is_tried_again(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;

	fill_packs(kept, 8);
	fixture->now_ms += UPKEEP_IDLE_MS;
	fixture_arm(fixture, MEMORY_PUT, "/p/", MEMORY_FAULT_BEFORE, 0, 100);
	assert_int_equal(run(kept->upkeep), 1);
	assert_int_equal(packs_named(kept), 8);
	assert_int_equal(counts_of(kept->upkeep).failures, 1);
	assert_non_null(strstr(kept->said, "warning fold: "));
	fixture->armed = false;
	fixture->now_ms += UPKEEP_AGAIN_MS - 1;
	assert_int_equal(run(kept->upkeep), 0);
	fixture->now_ms += 1;
	assert_int_equal(run(kept->upkeep), 1);
	assert_int_equal(packs_named(kept), 1);
}

/* A blob that nothing ever names. */
static void put_garbage(struct kept *kept, struct blob_name *name_out)
{
	struct account_cache *cache = &kept->pair->first.cache;
	struct fixture *fixture = kept->fixture;
	struct bytes blob = {0};

	fixture_blob(fixture, BLOB_BODY, 5000, NULL, 0, &blob);
	name_out->count = sweep_count(kept);
	blob_hash(view_bytes(&blob), &name_out->hash);
	assert_int_equal(account_blob_put(&fixture->env, cache, &fixture->account, name_out,
			     view_bytes(&blob), fixture_call(fixture)),
	    ACCOUNT_OK);
	upkeep_settle(kept->upkeep, &fixture->account, 0, cache->put_bytes, true);
	cache->put_bytes = 0;
	bytes_clear(&blob);
}

static bool is_there(struct kept *kept, const struct blob_name *name)
{
	char text[BLOB_NAME_TEXT_MAX];

	blob_name_text(name, text);
	return fixture_objects(kept->fixture, text) == 1;
}

static void what_was_touched_is_swept_twice_an_hour_apart(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;
	struct blob_name garbage;

	put_garbage(kept, &garbage);
	fixture->now_ms += UPKEEP_IDLE_MS;
	(void)run(kept->upkeep);
	fixture->now_ms += HOUR_MS - UPKEEP_IDLE_MS - 1; /* created less than an hour ago */
	assert_int_equal(run(kept->upkeep), 0);
	fixture->now_ms += 1;
	assert_int_equal(run(kept->upkeep), 1);
	assert_int_equal(sweep_count(kept), 1);
	assert_true(is_there(kept, &garbage));
	fixture->now_ms += HOUR_MS - 1;
	assert_int_equal(run(kept->upkeep), 0);
	fixture->now_ms += 1;
	assert_int_equal(run(kept->upkeep), 1);
	assert_int_equal(sweep_count(kept), 2);
	assert_false(is_there(kept, &garbage));
	assert_int_equal(counts_of(kept->upkeep).sweeps, 2);
	assert_int_equal(
	    counts_of(kept->upkeep).objects_removed, 2); /* it, and a roster of before */
	assert_int_equal(kept->changed, 2);
	assert_non_null(strstr(kept->said, "info sweep: removed 2 of "));
	for (unsigned i = 0; i < 20; i++) { /* untouched, it is left alone */
		fixture->now_ms += HOUR_MS;
		assert_int_equal(run(kept->upkeep), 0);
	}
	edit(kept, 100);
	fixture->now_ms += UPKEEP_IDLE_MS;
	(void)run(kept->upkeep);
	assert_int_equal(sweep_count(kept), 3);
}

static void a_sweep_waits_for_an_idle_moment_but_not_for_ever(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;
	int64_t begun_ms = fixture->now_ms;

	while (sweep_count(kept) == 0) {
		edit(kept, 50);
		fixture->now_ms += UPKEEP_IDLE_MS / 2;
		(void)run(kept->upkeep);
		assert_true(fixture->now_ms - begun_ms < 12 * HOUR_MS);
	}
	assert_in_range(
	    fixture->now_ms - begun_ms, UPKEEP_SWEEP_LATE_MS, UPKEEP_SWEEP_LATE_MS + 2 * HOUR_MS);
}

static void two_gateways_sweep_as_one(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;
	uint64_t sweeps;

	kept->config.host = (struct upkeep_host){0};
	kept->other = upkeep_of(kept);
	for (unsigned hour = 1; hour <= 12; hour++) {
		edit(kept, 300);
		client_edit(&kept->pair->second, 300);
		upkeep_settle(kept->other, &fixture->account, 0, 0, true);
		for (unsigned i = 0; i < 120; i++) { /* neither is told apart by its minute */
			fixture->now_ms += HOUR_MS / 120;
			(void)run(i % 2 == 0 ? kept->upkeep : kept->other);
			(void)run(i % 2 == 0 ? kept->other : kept->upkeep);
		}
		assert_true(sweep_count(kept) <= hour);
	}
	sweeps = sweep_count(kept);
	assert_in_range(sweeps, 10, 12);
	assert_int_equal(counts_of(kept->upkeep).failures + counts_of(kept->other).failures, 0);
	client_edit(&kept->pair->first, 100);
	client_edit(&kept->pair->second, 100);
}

/* Both look, and both begin: one condition holds. */
static void sweep_by_other(void *self)
{
	struct kept *kept = self;
	struct call call = kept->fixture->call;

	assert_int_equal(run(kept->other), 1);
	kept->fixture->call = call;
}

static void two_gateways_sweep_at_the_same_moment(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;
	struct blob_name garbage;

	kept->config.host = (struct upkeep_host){0};
	kept->other = upkeep_of(kept);
	(void)run(kept->other);
	put_garbage(kept, &garbage);
	upkeep_settle(kept->other, &fixture->account, 0, 0, true);
	fixture->now_ms += UPKEEP_IDLE_MS;
	(void)run(kept->upkeep);
	(void)run(kept->other);
	fixture->now_ms += HOUR_MS;
	fixture->interrupt = sweep_by_other;
	fixture->interrupt_self = kept;
	fixture_arm(fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(run(kept->upkeep), 1);
	assert_null(fixture->interrupt);
	assert_int_equal(sweep_count(kept), 1);
	client_edit(&kept->pair->first, 100);
}

/* Wipes the account, and puts what a writer would that woke up too late. */
static void wipe(struct kept *kept)
{
	struct fixture *fixture = kept->fixture;
	struct account_cache cache = {0};
	struct wipe_report report = {0};
	struct bytes encoded = {0};

	assert_int_equal(client_poll(&kept->pair->first), ACCOUNT_OK);
	fixture_wipe(fixture, FIRST, kept->pair->first.answer.incarnation, "", &encoded);
	assert_int_equal(account_wipe(&fixture->env, &cache, &fixture->account,
			     view_bytes(&encoded), fixture_call(fixture), &report),
	    ACCOUNT_OK);
	bytes_clear(&encoded);
	account_cache_clear(&cache);
}

static void land_late(struct kept *kept, const char *name)
{
	struct fixture *fixture = kept->fixture;
	char hex[2 * ACCOUNT_ID_LEN + 1], key[BUCKET_KEY_MAX + 1];
	struct bucket_put put = {.key = key, .data = view_text("late")};
	struct bucket_tag tag;

	hex_encode(view_of(fixture->account.bytes, ACCOUNT_ID_LEN), hex);
	(void)snprintf(key, sizeof(key), "some/prefix/a/%s/b/%s", hex, name);
	assert_int_equal(bucket_put(fixture->bucket, &put, fixture_call(fixture), &tag), BUCKET_OK);
}

static void a_wiped_account_is_listed_twice_more(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;

	edit(kept, 100);
	wipe(kept);
	upkeep_wiped(kept->upkeep, &fixture->account);
	land_late(kept, "one");
	fixture->now_ms += UPKEEP_WRITE_MS - 1;
	assert_int_equal(run(kept->upkeep), 0); /* nor is it compacted or swept any more */
	fixture->now_ms += 1;
	assert_int_equal(run(kept->upkeep), 1);
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	assert_int_equal(fixture_objects(fixture, ".done"), 0);
	assert_non_null(strstr(kept->said, "info relist: removed 1 late objects"));
	land_late(kept, "two");
	fixture->now_ms += HOUR_MS - 1;
	assert_int_equal(run(kept->upkeep), 0);
	fixture->now_ms += 1;
	assert_int_equal(run(kept->upkeep), 1);
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	assert_int_equal(fixture_objects(fixture, ".done"), 1);
	assert_int_equal(counts_of(kept->upkeep).relists, 2);
	assert_int_equal(counts_of(kept->upkeep).late_removed, 2);
	fixture->now_ms += DAY_MS;
	assert_int_equal(run(kept->upkeep), 1); /* the daily listing, which finds it done */
	assert_int_equal(counts_of(kept->upkeep).relists, 2);
	kept->other = upkeep_of(kept); /* … and so does one that starts */
	assert_int_equal(run(kept->other), 1);
	assert_int_equal(counts_of(kept->other).relists, 0);
	assert_int_equal(fixture_objects(fixture, "/w/"), 2);
}

/* Whoever wiped it is gone: the next gateway that starts, or the next day, finds the record. */
static void a_wipe_of_before_is_found(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;

	wipe(kept);
	land_late(kept, "one");
	kept->other = upkeep_of(kept);
	assert_int_equal(run(kept->other), 2); /* w/, and the account at once */
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	upkeep_free(kept->other); /* it ends within the hour */
	kept->other = NULL;
	assert_int_equal(run(kept->upkeep), 0);
	land_late(kept, "two");
	fixture->now_ms += UPKEEP_LIST_MS;
	assert_int_equal(run(kept->upkeep), 2);
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	fixture->now_ms += HOUR_MS;
	assert_int_equal(run(kept->upkeep), 1);
	assert_int_equal(fixture_objects(fixture, ".done"), 1);
}

static void a_relisting_that_fails_is_tried_again(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;

	wipe(kept);
	upkeep_wiped(kept->upkeep, &fixture->account);
	land_late(kept, "one");
	fixture->now_ms += UPKEEP_WRITE_MS;
	fixture_arm(fixture, MEMORY_REMOVE, "", MEMORY_FAULT_BEFORE, 0, 100);
	assert_int_equal(run(kept->upkeep), 1);
	fixture->armed = false;
	fixture->now_ms += UPKEEP_AGAIN_MS;
	assert_int_equal(run(kept->upkeep), 1);
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	fixture->now_ms += HOUR_MS;
	fixture_arm(fixture, MEMORY_PUT, ".done", MEMORY_FAULT_BEFORE, 0, 3);
	assert_int_equal(run(kept->upkeep), 1);
	assert_int_equal(fixture_objects(fixture, ".done"), 0);
	fixture->now_ms += UPKEEP_AGAIN_MS;
	assert_int_equal(run(kept->upkeep), 1);
	assert_int_equal(fixture_objects(fixture, ".done"), 1);
	assert_int_equal(counts_of(kept->upkeep).failures, 2);
}

static enum account_result reserve(struct kept *kept, uint64_t bytes, bool spare)
{
	return upkeep_reserve(
	    kept->upkeep, &kept->fixture->account, bytes, spare, fixture_call(kept->fixture));
}

/* Is there room? For a request that puts nothing in the end. */
static enum account_result room(struct kept *kept, uint64_t bytes, bool spare)
{
	enum account_result result = reserve(kept, bytes, spare);

	if (result == ACCOUNT_OK)
		upkeep_settle(kept->upkeep, &kept->fixture->account, bytes, 0, false);
	return result;
}

static void with_quota(struct kept *kept, uint64_t quota)
{
	kept->config.quota_bytes = quota;
	upkeep_free(kept->upkeep);
	kept->upkeep = upkeep_of(kept);
	(void)run(kept->upkeep);
}

static uint64_t used(struct kept *kept)
{
	struct account_usage usage = {0};

	assert_int_equal(account_usage(&kept->fixture->env, &kept->fixture->account,
			     fixture_call(kept->fixture), &usage),
	    ACCOUNT_OK);
	return usage.bytes;
}

static void a_tenth_is_kept(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;
	uint64_t left;

	assert_int_equal(room(kept, UINT64_MAX, false), ACCOUNT_OK); /* there is no quota */
	with_quota(kept, 100000);
	left = 90000 - used(kept);
	assert_int_equal(room(kept, left, false), ACCOUNT_OK);
	assert_int_equal(room(kept, left + 1, false), ACCOUNT_REFUSED);
	assert_non_null(strstr(fixture->call.message, "the account is full"));
	assert_non_null(strstr(fixture->call.message, "deletions still pass"));
	assert_int_equal(room(kept, left + 1, true), ACCOUNT_OK);
	assert_int_equal(room(kept, left + 10000, true), ACCOUNT_OK);
	assert_int_equal(room(kept, left + 10001, true), ACCOUNT_REFUSED);
	assert_int_equal(room(kept, UINT64_MAX, true), ACCOUNT_REFUSED);
	/* What was put here counts at once, before any listing shows it. */
	upkeep_settle(kept->upkeep, &fixture->account, 0, 70000, true);
	assert_int_equal(room(kept, left - 70000, false), ACCOUNT_OK);
	assert_int_equal(room(kept, left - 69999, false), ACCOUNT_REFUSED);
}

/* Each takes its room before its work: together they pass nothing. */
static void requests_at_once_do_not_share_room(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;
	uint64_t left;

	with_quota(kept, 100000);
	left = 90000 - used(kept);
	assert_int_equal(reserve(kept, left - 1000, false), ACCOUNT_OK);
	assert_int_equal(reserve(kept, 1000, false), ACCOUNT_OK);
	assert_int_equal(reserve(kept, 1, false), ACCOUNT_REFUSED);
	/* One put nothing, the other half of what it said. */
	upkeep_settle(kept->upkeep, &fixture->account, 1000, 0, false);
	assert_int_equal(room(kept, 1000, false), ACCOUNT_OK);
	assert_int_equal(room(kept, 1001, false), ACCOUNT_REFUSED);
	upkeep_settle(kept->upkeep, &fixture->account, left - 1000, 30000, false);
	assert_int_equal(room(kept, left - 30000, false), ACCOUNT_OK);
	assert_int_equal(room(kept, left - 29999, false), ACCOUNT_REFUSED);
}

/* More is settled than was reserved, if the account's row went in between: nothing wraps. */
static void a_row_that_went_owes_nothing(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;

	with_quota(kept, 100000);
	upkeep_settle(kept->upkeep, &fixture->account, 5000, 0, true);
	assert_int_equal(room(kept, 90000 - used(kept), false), ACCOUNT_OK);
	assert_int_equal(room(kept, 90001 - used(kept), false), ACCOUNT_REFUSED);
}

static void it_sweeps_before_it_refuses(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;
	struct blob_name garbage;
	uint64_t before;

	with_quota(kept, 20000);
	put_garbage(kept, &garbage);
	put_garbage(kept, &garbage);
	put_garbage(kept, &garbage);
	assert_int_equal(room(kept, 5000, false), ACCOUNT_REFUSED);
	assert_int_equal(sweep_count(kept), 0); /* created less than an hour ago */
	fixture->now_ms += HOUR_MS;
	assert_int_equal(room(kept, 5000, false), ACCOUNT_REFUSED);
	assert_int_equal(sweep_count(kept), 1); /* the first leaves them */
	before = fixture_requests(fixture);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(room(kept, 5000, false), ACCOUNT_REFUSED);
	assert_int_equal(fixture_requests(fixture), before); /* it does not sweep for each */
	fixture->now_ms += HOUR_MS;
	assert_int_equal(room(kept, 5000, false), ACCOUNT_OK);
	assert_false(is_there(kept, &garbage));
	assert_int_equal(sweep_count(kept), 2);
}

/* History that would have been kept for 30 days makes room. */
static void old_packs_go_first(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;
	uint64_t quota;

	with_quota(kept, 1u << 20);
	fill_packs(kept, 6);
	client_whole(&kept->pair->first, FRAME_LOAD, NULL, 2, NULL);
	for (unsigned i = 0; i < 20; i++)
		edit(kept, 1000);
	quota = used(kept) * 10 / 9;
	with_quota(kept, quota);
	fixture->now_ms += 2 * HOUR_MS;
	assert_int_equal(room(kept, 20000, false), ACCOUNT_REFUSED);
	fixture->now_ms += HOUR_MS;
	assert_int_equal(room(kept, 20000, false), ACCOUNT_OK);
	assert_true(used(kept) < quota / 2);
	assert_int_equal(client_poll(&kept->pair->second), ACCOUNT_OK);
	assert_status(&kept->pair->second, SYNC_FAR_BEHIND); /* what it lacks is in the load */
}

static void room_is_not_guessed(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;
	struct account_id other = {{1}};

	with_quota(kept, 1000000);
	fixture_arm(fixture, MEMORY_LIST, "", MEMORY_FAULT_BEFORE, 0, 1);
	assert_int_equal(room(kept, 10, false), ACCOUNT_RETRY);
	assert_int_equal(room(kept, 10, false), ACCOUNT_OK);
	/* That there is no such account, is for the request to find out. */
	assert_int_equal(
	    upkeep_reserve(kept->upkeep, &other, 10, false, fixture_call(fixture)), ACCOUNT_OK);
}

/* Told to stop between two requests to the bucket, it makes no other. */
static void stop(void *self)
{
	struct kept *kept = self;

	upkeep_stop(kept->upkeep);
}

static void stopping_is_prompt(void **state)
{
	struct kept *kept = *state;
	struct fixture *fixture = kept->fixture;
	struct blob_name garbage;
	uint64_t before;

	put_garbage(kept, &garbage);
	fixture->now_ms += UPKEEP_IDLE_MS;
	(void)run(kept->upkeep);
	fixture->now_ms += HOUR_MS;
	fixture->interrupt = stop;
	fixture->interrupt_self = kept;
	fixture_arm(fixture, MEMORY_LIST, "/a/", MEMORY_FAULT_NONE, 0, 1);
	assert_true(upkeep_step(kept->upkeep));
	assert_null(fixture->interrupt);
	assert_int_equal(sweep_count(kept), 0);
	assert_string_equal(kept->said, ""); /* to stop is no failure */
	before = fixture_requests(fixture);
	fixture->now_ms += DAY_MS;
	assert_false(upkeep_step(kept->upkeep));
	assert_int_equal(fixture_requests(fixture), before);
}

/* As many accounts as it remembers, and more. */
static void what_is_remembered_is_bounded(void **state)
{
	struct kept *kept = *state;
	struct account_id account = {{0}};

	for (unsigned i = 0; i < UPKEEP_ROWS_MAX + 100; i++) {
		memcpy(account.bytes, &i, sizeof(i));
		upkeep_settle(kept->upkeep, &account, 0, 1, true);
		if (i % 16 == 0)
			upkeep_wiped(kept->upkeep, &account);
	}
	edit(kept, 100); /* the newest is not the one that went */
	kept->fixture->now_ms += HOUR_MS;
	for (unsigned i = 0; sweep_count(kept) == 0; i++) {
		assert_true(upkeep_step(kept->upkeep));
		assert_true(i < 4 * UPKEEP_ROWS_MAX);
	}
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(an_idle_account_is_compacted, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(nothing_is_asked_for_nothing, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(a_compaction_gives_way_to_a_request, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(
	a_bucket_that_is_down_is_tried_again, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(
	what_was_touched_is_swept_twice_an_hour_apart, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(
	a_sweep_waits_for_an_idle_moment_but_not_for_ever, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(two_gateways_sweep_as_one, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(
	two_gateways_sweep_at_the_same_moment, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(
	a_wiped_account_is_listed_twice_more, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(a_wipe_of_before_is_found, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(
	a_relisting_that_fails_is_tried_again, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(a_tenth_is_kept, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(requests_at_once_do_not_share_room, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(a_row_that_went_owes_nothing, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(it_sweeps_before_it_refuses, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(old_packs_go_first, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(room_is_not_guessed, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(stopping_is_prompt, kept_setup, kept_teardown),
    cmocka_unit_test_setup_teardown(what_is_remembered_is_bounded, kept_setup, kept_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
