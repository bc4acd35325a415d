/*
 * tests/gateway/account/wipe_test.c: after a wipe the account's prefix is and stays empty (I6),
 * whoever wakes up later; and a wipe that was cut off anywhere is finished by the next.
 */
#include "tests/each.h"
#include "tests/gateway/account/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum account_result wipe(struct pair *pair, struct view encoded, struct wipe_report *report)
{
	struct account_cache cache = {0};
	struct fixture *fixture = &pair->fixture;
	enum account_result result = account_wipe(
	    &fixture->env, &cache, &fixture->account, encoded, fixture_call(fixture), report);

	account_cache_clear(&cache);
	return result;
}

static void make_wipe(struct pair *pair, size_t member, struct bytes *out)
{
	fixture_wipe(&pair->fixture, member, pair->first.answer.incarnation, "", out);
}

/* A signed wipe by FIRST, to the end. */
static void wipe_all(struct pair *pair)
{
	struct wipe_report report = {0};
	struct bytes encoded = {0};

	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK);
	make_wipe(pair, FIRST, &encoded);
	assert_int_equal(wipe(pair, view_bytes(&encoded), &report), ACCOUNT_OK);
	bytes_clear(&encoded);
}

static void wipe_removes_all_and_says_gone(void **state)
{
	struct pair *pair = *state;
	struct wipe_report report = {0};
	struct bytes encoded = {0}, record = {0};
	struct view said, bare;
	size_t objects;

	for (unsigned i = 0; i < 30; i++)
		client_edit(&pair->first, 800);
	objects = fixture_objects(&pair->fixture, "/a/");
	make_wipe(pair, FIRST, &encoded);
	assert_int_equal(wipe(pair, view_bytes(&encoded), &report), ACCOUNT_OK);
	assert_int_equal(report.objects_removed, objects);
	assert_true(report.bytes_removed > 20000);
	assert_int_equal(report.empty_at_ms, pair->fixture.now_ms);
	assert_int_equal(fixture_objects(&pair->fixture, "/a/"), 0);
	assert_int_equal(fixture_objects(&pair->fixture, "/w/"), 1);
	assert_int_equal(account_wipe_record(&pair->fixture.env, &pair->fixture.account,
			     fixture_call(&pair->fixture), &record),
	    ACCOUNT_OK);
	assert_int_equal(wipe_record_decode(view_bytes(&record), &said, &bare), FORMAT_OK);
	assert_true(view_equal(said, view_bytes(&encoded)));
	/* Warm pushes, polls and a device that was away: all are told, and shown why. */
	assert_int_equal(client_push(&pair->first, 100), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_GONE);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_GONE);
	assert_true(view_equal(pair->second.answer.wipe_record, view_bytes(&record)));
	assert_int_equal(wipe(pair, view_bytes(&encoded), &report), ACCOUNT_OK); /* again */
	assert_int_equal(report.objects_removed, 0);
	bytes_clear(&encoded);
	bytes_clear(&record);
}

static void wipe_refuses_what_does_not_hold(void **state)
{
	struct pair *pair = *state;
	uint8_t other[INCARNATION_LEN] = {1};
	struct wipe_report report = {0};
	struct bytes wipes[4] = {{0}};
	size_t objects = fixture_objects(&pair->fixture, "");

	fixture_wipe(&pair->fixture, FIRST, other, "", &wipes[0]);
	fixture_wipe(&pair->fixture, FIRST, pair->first.answer.incarnation, "elsewhere", &wipes[1]);
	make_wipe(pair, STRANGER, &wipes[2]);
	make_wipe(pair, FIRST, &wipes[3]);
	wipes[3].data[wipes[3].len - 1] ^= 1;
	for (size_t i = 0; i < COUNT_OF(wipes); i++) {
		enum account_result result = wipe(pair, view_bytes(&wipes[i]), &report);

		if (result != ACCOUNT_REFUSED)
			fail_msg("row %zu: %s", i, account_result_text(result));
		assert_int_equal(fixture_objects(&pair->fixture, ""), objects);
		bytes_clear(&wipes[i]);
	}
	client_edit(&pair->first, 100);
}

/*
 * Cut off before each operation in turn; each time the next call brings it to the end. On a store
 * that keeps old versions too: a call that finds nothing listed has still to see to those.
 */
static void wipe_cut_before(struct each *each, bool keeps_versions)
{
	struct wipe_report report = {0};
	struct bytes encoded = {0};
	void *own = NULL;
	struct pair *pair;

	(void)pair_setup(&own);
	pair = own;
	if (keeps_versions)
		memory_keep_versions(pair->fixture.store, true);
	make_wipe(pair, FIRST, &encoded);
	pair->fixture.ops = 0;
	pair->fixture.crash_at = each->nth;
	each->hit = wipe(pair, view_bytes(&encoded), &report) != ACCOUNT_OK;
	pair->fixture.crash_at = 0;
	assert_int_equal(wipe(pair, view_bytes(&encoded), &report), ACCOUNT_OK);
	assert_int_equal(fixture_objects(&pair->fixture, "/a/"), 0);
	if (memory_hidden(pair->fixture.store, "") > 0)
		fail_msg("cut before operation %u: old versions are kept", each->nth);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_GONE);
	bytes_clear(&encoded);
	(void)pair_teardown(&own);
}

static void wipe_resumes_after_any_crash(void **state)
{
	(void)state;
	for (unsigned keeps = 0; keeps < 2; keeps++) {
		struct each each = {.of = "a wipe", .most = 58};

		while (each_next(&each))
			wipe_cut_before(&each, keeps > 0);
	}
}

static void wipe_lost_answers(void **state)
{
	static const enum memory_fault faults[] = {
	    MEMORY_FAULT_BEFORE, MEMORY_FAULT_UNKNOWN, MEMORY_FAULT_AFTER};
	static const char *const parts[] = {"/w/", "/manifest"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(faults) * COUNT_OF(parts); i++) {
		struct wipe_report report = {0};
		struct bytes encoded = {0};
		void *own = NULL;
		struct pair *pair;

		(void)pair_setup(&own);
		pair = own;
		make_wipe(pair, FIRST, &encoded);
		fixture_arm(&pair->fixture, MEMORY_PUT, parts[i % 2], faults[i / 2], 0, 1);
		assert_int_equal(wipe(pair, view_bytes(&encoded), &report), ACCOUNT_OK);
		assert_int_equal(fixture_objects(&pair->fixture, "/a/"), 0);
		bytes_clear(&encoded);
		(void)pair_teardown(&own);
	}
}

/*
 * Answers to removals are lost, whatever came of them: the receipt counts each object once, as it
 * was listed and then not any more. One cache, as a gateway or a device has it.
 */
static void wipe_counts_what_went(void **state)
{
	static const enum memory_fault faults[] = {
	    MEMORY_FAULT_BEFORE, MEMORY_FAULT_UNKNOWN, MEMORY_FAULT_AFTER, MEMORY_FAULT_THROTTLED};
	static const char *const parts[] = {"/b/", "/manifest"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(faults) * COUNT_OF(parts) * 6; i++) {
		enum memory_fault how = faults[i % 4];
		unsigned times = 1 + (unsigned)(i / 8); /* the last are more than a call bears */
		struct wipe_report report = {0}, again = {0};
		struct account_cache cache = {0};
		enum account_result result = ACCOUNT_RETRY;
		struct bytes encoded = {0};
		void *own = NULL;
		struct pair *pair;
		size_t objects;

		(void)pair_setup(&own);
		pair = own;
		for (unsigned k = 0; k < 3; k++)
			client_edit(&pair->first, 800);
		objects = fixture_objects(&pair->fixture, "/a/");
		make_wipe(pair, FIRST, &encoded);
		fixture_arm(&pair->fixture, MEMORY_REMOVE, parts[i / 4 % 2], how, 0, times);
		for (unsigned k = 0; result == ACCOUNT_RETRY && k < 20; k++)
			result = account_wipe(&pair->fixture.env, &cache, &pair->fixture.account,
			    view_bytes(&encoded), fixture_call(&pair->fixture), &report);
		assert_int_equal(result, ACCOUNT_OK);
		if (report.objects_removed != objects)
			fail_msg("fault %d at %s, %u times: %llu of %zu", (int)how,
			    parts[i / 4 % 2], times, (unsigned long long)report.objects_removed,
			    objects);
		/* The answer is lost on the way to the device: asked again, it is the same. */
		assert_int_equal(account_wipe(&pair->fixture.env, &cache, &pair->fixture.account,
				     view_bytes(&encoded), fixture_call(&pair->fixture), &again),
		    ACCOUNT_OK);
		assert_int_equal(again.objects_removed, objects);
		assert_int_equal(again.bytes_removed, report.bytes_removed);
		account_cache_clear(&cache);
		bytes_clear(&encoded);
		(void)pair_teardown(&own);
	}
}

/* What stands under the mark is the wipe alone; all else of it is as it was, or gone (W4). */
struct marked {
	struct pair *pair;
	struct manifest before, after;
	struct bytes before_bytes, after_bytes;
};

static void see_mark(void *self)
{
	struct marked *marked = self;

	fixture_manifest(&marked->pair->fixture, &marked->after_bytes, &marked->after);
}

static void wipe_marks_the_manifest(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct marked *marked = calloc(1, sizeof(*marked));
	struct wipe_report report = {0};
	struct bytes encoded = {0};

	assert_non_null(marked);
	marked->pair = pair;
	client_whole(&pair->first, FRAME_LOAD, NULL, 1, NULL);
	while (fixture_objects(fixture, "/p/") == 0)
		client_edit(&pair->first, 2000);
	client_edit(&pair->first, 100);
	/* The second one has the lease. */
	pair->second.wants_lease = true;
	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_BEHIND);
	fixture_manifest(fixture, &marked->before_bytes, &marked->before);
	assert_true(marked->before.tail_count > 0 && marked->before.packs_count > 0);
	make_wipe(pair, FIRST, &encoded);
	fixture->interrupt = see_mark;
	fixture->interrupt_self = marked;
	fixture_arm(fixture, MEMORY_LIST, "/a/", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(wipe(pair, view_bytes(&encoded), &report), ACCOUNT_OK);
	assert_null(fixture->interrupt);
	assert_int_equal(marked->after.state, MANIFEST_WIPED);
	assert_int_equal(marked->after.generation, marked->before.generation + 1);
	assert_true(view_equal(marked->after.wipe, view_bytes(&encoded)));
	assert_true(head_equal(&marked->after.head, &marked->before.head));
	assert_int_equal(marked->after.sweep, marked->before.sweep);
	assert_memory_equal(marked->after.incarnation, marked->before.incarnation, INCARNATION_LEN);
	assert_memory_not_equal(marked->after.nonce, marked->before.nonce, NONCE_LEN);
	assert_int_equal(marked->after.tail_count, 0);
	assert_int_equal(marked->after.packs_count, 0);
	assert_int_equal(marked->after.devices_count, 0);
	assert_null(marked->after.snapshot.data);
	assert_false(marked->after.has_lease);
	bytes_clear(&marked->before_bytes);
	bytes_clear(&marked->after_bytes);
	bytes_clear(&encoded);
	free(marked);
}

/* Pages of any size, answers to removals lost: each object counts once, the manifest goes last. */
static void wipe_removes_by_any_pages(void **state)
{
	static const size_t page_maxima[] = {1, 2, 3, 7, 0};
	static const enum memory_fault faults[] = {
	    MEMORY_FAULT_NONE, MEMORY_FAULT_BEFORE, MEMORY_FAULT_UNKNOWN, MEMORY_FAULT_AFTER};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(page_maxima) * COUNT_OF(faults); i++) {
		struct account_cache cache = {0};
		struct wipe_report report = {0};
		struct bytes encoded = {0};
		enum account_result result = ACCOUNT_RETRY;
		struct account_usage usage = {0};
		struct fixture *fixture;
		void *own = NULL;
		struct pair *pair;

		(void)pair_setup(&own);
		pair = own;
		fixture = &pair->fixture;
		client_whole(&pair->first, FRAME_LOAD, NULL, 4, NULL);
		assert_int_equal(
		    account_usage(&fixture->env, &fixture->account, fixture_call(fixture), &usage),
		    ACCOUNT_OK);
		make_wipe(pair, FIRST, &encoded);
		fixture->odd.page_max = page_maxima[i / COUNT_OF(faults)];
		for (unsigned calls = 0; result == ACCOUNT_RETRY && calls < 20; calls++) {
			fixture_arm(
			    fixture, MEMORY_REMOVE, "", faults[i % COUNT_OF(faults)], calls % 3, 1);
			result = account_wipe(&fixture->env, &cache, &fixture->account,
			    view_bytes(&encoded), fixture_call(fixture), &report);
			if (fixture_objects(fixture, "/a/") > 0)
				assert_int_equal(fixture_objects(fixture, "/manifest"), 1);
		}
		assert_int_equal(result, ACCOUNT_OK);
		/* The mark is shorter or longer than the manifest that it replaces. */
		if (report.objects_removed != usage.objects)
			fail_msg("row %zu: %llu of %llu", i,
			    (unsigned long long)report.objects_removed,
			    (unsigned long long)usage.objects);
		assert_int_equal(fixture_objects(fixture, "/a/"), 0);
		account_cache_clear(&cache);
		bytes_clear(&encoded);
		(void)pair_teardown(&own);
	}
}

/* What was listed may be pushed out of the first page by what lands late: it counts when it goes.
 */
static void wipe_counts_what_is_out_of_sight(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_cache cache = {0};
	struct wipe_report report = {0};
	struct account_usage usage = {0};
	struct bytes encoded = {0};
	char prefix[BUCKET_KEY_MAX + 1];

	client_whole(&pair->first, FRAME_LOAD, NULL, 4, NULL);
	assert_int_equal(
	    account_usage(&fixture->env, &fixture->account, fixture_call(fixture), &usage),
	    ACCOUNT_OK);
	fixture_key(fixture, "/manifest", prefix);
	*strstr(prefix, "manifest") = '\0';
	make_wipe(pair, FIRST, &encoded);
	fixture->odd.page_max = 2;
	fixture_arm(fixture, MEMORY_REMOVE, "", MEMORY_FAULT_BEFORE, 0, 1);
	assert_int_equal(account_wipe(&fixture->env, &cache, &fixture->account,
			     view_bytes(&encoded), fixture_call(fixture), &report),
	    ACCOUNT_RETRY);
	for (unsigned i = 0; i < 3; i++) {
		char key[2 * BUCKET_KEY_MAX];
		struct bucket_put put = {.key = key, .data = view_text("late")};
		struct bucket_tag tag;

		(void)snprintf(key, sizeof(key), "%sb/%064u.%u", prefix, 0u, i);
		assert_int_equal(
		    bucket_put(fixture->bucket, &put, fixture_call(fixture), &tag), BUCKET_OK);
	}
	assert_int_equal(account_wipe(&fixture->env, &cache, &fixture->account,
			     view_bytes(&encoded), fixture_call(fixture), &report),
	    ACCOUNT_OK);
	assert_int_equal(report.objects_removed, usage.objects + 3);
	account_cache_clear(&cache);
	bytes_clear(&encoded);
}

/* How often one call bears what is lost, and what it says then; a repetition ends well. */
static void wipe_bears_so_many_losses(void **state)
{
	static const struct {
		const char *name;
		enum memory_op op;
		const char *part;
		unsigned times;
		enum account_result result;
		const char *message;
	} rows[] = {
	    {"the record, twice", MEMORY_PUT, "/w/", 2, ACCOUNT_OK, NULL},
	    {"the record, three times", MEMORY_PUT, "/w/", 3, ACCOUNT_RETRY,
		"the bucket does not take the wipe's record"},
	    {"the mark, many times", MEMORY_PUT, "/manifest", 16, ACCOUNT_OK, NULL},
	    {"the mark, once more", MEMORY_PUT, "/manifest", 17, ACCOUNT_RETRY,
		"others kept writing: the manifest is not wiped yet"},
	    {"removals, twice", MEMORY_REMOVE, "/", 2, ACCOUNT_OK, NULL},
	    {"removals, three times", MEMORY_REMOVE, "/", 3, ACCOUNT_RETRY, "the answer was lost"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct wipe_report report = {0};
		struct bytes encoded = {0};
		enum account_result result;
		void *own = NULL;
		struct pair *pair;

		(void)pair_setup(&own);
		pair = own;
		make_wipe(pair, FIRST, &encoded);
		fixture_arm(&pair->fixture, rows[i].op, rows[i].part, MEMORY_FAULT_UNKNOWN, 0,
		    rows[i].times);
		result = wipe(pair, view_bytes(&encoded), &report);
		if (result != rows[i].result)
			fail_msg("%s: %s: %s", rows[i].name, account_result_text(result),
			    pair->fixture.call.message);
		assert_false(pair->fixture.armed);
		if (rows[i].message != NULL)
			assert_string_equal(pair->fixture.call.message, rows[i].message);
		assert_int_equal(wipe(pair, view_bytes(&encoded), &report), ACCOUNT_OK);
		assert_int_equal(fixture_objects(&pair->fixture, "/a/"), 0);
		bytes_clear(&encoded);
		(void)pair_teardown(&own);
	}
}

static void time_is_over(void *self)
{
	struct fixture *fixture = self;

	fixture->now_ms += fixture->call.deadline_ms - fixture_up_ms(fixture);
}

/* Whatever took all the time, no other step follows it; the next call goes on from there. */
static void wipe_ends_at_its_deadline(void **state)
{
	static const struct {
		const char *name;
		const char *part;
		enum memory_op op;
		enum memory_fault how;
		uint64_t requests; /* of that wipe; a listing and what it shows go together */
	} rows[] = {
	    {"no record", "/w/", MEMORY_GET, MEMORY_FAULT_NONE, 1},
	    {"the manifest", "/manifest", MEMORY_GET, MEMORY_FAULT_NONE, 2},
	    {"the record, and the mark", "/w/", MEMORY_PUT, MEMORY_FAULT_NONE, 6},
	    {"the record, lost", "/w/", MEMORY_PUT, MEMORY_FAULT_UNKNOWN, 5},
	    {"the mark", "/manifest", MEMORY_PUT, MEMORY_FAULT_NONE, 6},
	    {"the mark, lost", "/manifest", MEMORY_PUT, MEMORY_FAULT_UNKNOWN, 6},
	    {"a listing", "/a/", MEMORY_LIST, MEMORY_FAULT_NONE, 10},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct wipe_report report = {.objects_removed = 77};
		struct bytes encoded = {0};
		struct fixture *fixture;
		void *own = NULL;
		struct pair *pair;
		uint64_t before;

		(void)pair_setup(&own);
		pair = own;
		fixture = &pair->fixture;
		make_wipe(pair, FIRST, &encoded);
		fixture->interrupt = time_is_over;
		fixture->interrupt_self = fixture;
		fixture_arm(fixture, rows[i].op, rows[i].part, rows[i].how, 0, 1);
		before = fixture_requests(fixture);
		assert_int_equal(wipe(pair, view_bytes(&encoded), &report), ACCOUNT_RETRY);
		before = fixture_requests(fixture) - before;
		if (before != rows[i].requests)
			fail_msg("%s: %u requests", rows[i].name, (unsigned)before);
		assert_string_equal(fixture->call.message, "the time for this request is over");
		assert_int_equal(report.objects_removed, 77);
		assert_int_equal(wipe(pair, view_bytes(&encoded), &report), ACCOUNT_OK);
		assert_int_equal(fixture_objects(fixture, "/a/"), 0);
		bytes_clear(&encoded);
		(void)pair_teardown(&own);
	}
}

/* A record under the account's name, made by hand. */
struct record {
	const char *name;
	size_t device, signer; /* whose name and whose wipe key it has */
	bool other_wipe;       /* it is another account's wipe … */
	bool other_roster;     /* … or has another account's roster */
	bool garbage, too_large;
	bool good;
};

static void put_record(struct pair *pair, const struct record *row)
{
	static const uint8_t zeros[WIPE_RECORD_MAX + 1];
	struct fixture *fixture = &pair->fixture;
	struct wipe wipe = {.account = fixture->account, .time_ms = fixture->now_ms};
	struct bytes encoded = {0}, bare = {0}, record = {0};
	struct fixture *other = calloc(1, sizeof(*other));
	char key[BUCKET_KEY_MAX + 1], hex[2 * ACCOUNT_ID_LEN + 1];
	struct bucket_put put = {.key = key};
	struct bucket_tag tag;

	assert_non_null(other);
	fixture_open(other);
	wipe.account.bytes[0] ^= row->other_wipe;
	wipe.device = fixture->members[row->device].id;
	assert_int_equal(
	    wipe_encode(&wipe, fixture->members[row->signer].wipe_secret, &encoded), FORMAT_OK);
	assert_int_equal(
	    roster_bare(row->other_roster ? &other->roster : &fixture->roster, &bare), FORMAT_OK);
	assert_int_equal(
	    wipe_record_encode(view_bytes(&encoded), view_bytes(&bare), &record), FORMAT_OK);
	hex_encode(view_of(fixture->account.bytes, ACCOUNT_ID_LEN), hex);
	(void)snprintf(key, sizeof(key), "some/prefix/w/%s", hex);
	put.data = row->garbage     ? view_text("a record")
		   : row->too_large ? view_of(zeros, sizeof(zeros))
				    : view_bytes(&record);
	assert_int_equal(bucket_put(fixture->bucket, &put, fixture_call(fixture), &tag), BUCKET_OK);
	bytes_clear(&record);
	bytes_clear(&bare);
	bytes_clear(&encoded);
	fixture_close(other);
	free(other);
}

/* N4: on the word of a record that does not hold nothing is removed, and nobody is told "gone". */
static void wipe_record_must_hold(void **state)
{
	static const struct record rows[] = {
	    {"another account's wipe", FIRST, FIRST, .other_wipe = true},
	    {"another account's roster", FIRST, FIRST, .other_roster = true},
	    {"another's key", FIRST, SECOND, .good = false},
	    {"a stranger's", STRANGER, STRANGER, .good = false},
	    {"a recovery device's, which has no such key", RECOVERY, FIRST, .good = false},
	    {"a revoked device's", THIRD, THIRD, .good = false},
	    {"no record at all", FIRST, FIRST, .garbage = true},
	    {"a record too large", FIRST, FIRST, .too_large = true},
	    {"as it should be", FIRST, FIRST, .good = true},
	};
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct bytes statement = {0};

	fixture_statement(fixture, FIRST, THIRD, SIZE_MAX, &statement);
	bytes_clear(&statement);
	fixture_statement(fixture, FIRST, SIZE_MAX, THIRD, &statement);
	bytes_clear(&statement);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes record = {0};
		struct wipe_report report = {0};
		enum account_result expected = rows[i].good ? ACCOUNT_OK : ACCOUNT_DAMAGED;
		enum account_result result;
		size_t objects = fixture_objects(fixture, "/a/");

		put_record(pair, &rows[i]);
		account_cache_clear(&pair->second.cache);
		result = client_poll(&pair->second);
		if (result != expected)
			fail_msg("%s: %s", rows[i].name, account_result_text(result));
		if (rows[i].good)
			assert_status(&pair->second, SYNC_GONE);
		else
			assert_non_null(strstr(fixture->call.message, "it does not hold"));
		assert_int_equal(account_wipe_record(&fixture->env, &fixture->account,
				     fixture_call(fixture), &record),
		    expected);
		assert_true((record.data != NULL) == rows[i].good);
		assert_int_equal(account_relist(&fixture->env, &fixture->account,
				     fixture_call(fixture), &report),
		    expected);
		assert_int_equal(fixture_objects(fixture, "/a/"), rows[i].good ? 0 : objects);
		bytes_clear(&record);
	}
}

/* A bucket that says "removed" and removes nothing. */
static enum bucket_result deaf_put(
    void *self, const struct bucket_put *put, struct call *call, struct bucket_tag *tag_out)
{
	return bucket_put(self, put, call, tag_out);
}

static enum bucket_result deaf_get(void *self, const struct bucket_get *get, struct call *call,
    struct bytes *out, struct bucket_tag *tag_out)
{
	return bucket_get(self, get, call, out, tag_out);
}

static enum bucket_result deaf_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out)
{
	return bucket_list(self, prefix, after, call, out);
}

static enum bucket_result deaf_remove(void *self, const char *key, struct call *call)
{
	(void)self;
	(void)key;
	(void)call;
	return BUCKET_OK;
}

static enum bucket_result deaf_remove_many(
    void *self, const char *const *keys, size_t count, struct call *call)
{
	(void)self;
	(void)keys;
	(void)count;
	(void)call;
	return BUCKET_OK;
}

static void deaf_close(void *self)
{
	(void)self;
}

/* The wipe ends all the same, and neither is called done nor counts what it did not do. */
static void wipe_of_a_deaf_bucket_ends(void **state)
{
	static const struct bucket_ops ops = {.put = deaf_put,
	    .get = deaf_get,
	    .remove = deaf_remove,
	    .remove_many = deaf_remove_many,
	    .list = deaf_list,
	    .close = deaf_close};
	struct pair *pair = *state;
	struct bucket *hearing = pair->fixture.bucket;
	struct wipe_report report = {0};
	struct bytes encoded = {0};
	size_t objects = fixture_objects(&pair->fixture, "/a/");
	uint64_t lists = pair->fixture.counts.list;

	make_wipe(pair, FIRST, &encoded);
	pair->fixture.env.bucket = bucket_new(&ops, hearing);
	assert_non_null(pair->fixture.env.bucket);
	assert_int_equal(wipe(pair, view_bytes(&encoded), &report), ACCOUNT_RETRY);
	assert_non_null(strstr(pair->fixture.call.message, "lists them still"));
	assert_int_equal(pair->fixture.call.retry_after_ms, 1000);
	assert_int_equal(pair->fixture.counts.list - lists, 17); /* the same sixteen times again */
	assert_int_equal(report.objects_removed, 0);
	bucket_close(pair->fixture.env.bucket);
	pair->fixture.env.bucket = hearing;
	assert_int_equal(wipe(pair, view_bytes(&encoded), &report), ACCOUNT_OK);
	assert_int_equal(report.objects_removed, objects);
	bytes_clear(&encoded);
}

static void now_wipe(void *self)
{
	struct pair *pair = self;
	struct call kept = pair->fixture.call;

	wipe_all(pair);
	pair->fixture.call = kept;
}

/* A writer sleeps just before its PUT, and wakes when all is gone. */
static void wipe_against_a_paused_writer(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	pair->fixture.interrupt = now_wipe;
	pair->fixture.interrupt_self = pair;
	fixture_arm(&pair->fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(client_push(&pair->second, 100), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_GONE);
	assert_int_equal(fixture_objects(&pair->fixture, "/a/"), 0);
}

/* While a create sleeps before its PUT of the manifest, the account is made by another and wiped.
 */
struct late {
	struct fixture fixture;
	bool dies; /* right after that PUT */
	bool away; /* when it is to remove, the bucket is */
};

static void late_meanwhile(void *self)
{
	struct late *late = self;
	struct fixture *fixture = &late->fixture;
	struct account_cache cache = {0};
	struct wipe_report report = {0};
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0}, encoded = {0};

	assert_int_equal(fixture_create(fixture, &cache), ACCOUNT_OK);
	fixture_manifest(fixture, &bytes, manifest);
	fixture_wipe(fixture, FIRST, manifest->incarnation, "", &encoded);
	assert_int_equal(account_wipe(&fixture->env, &cache, &fixture->account,
			     view_bytes(&encoded), fixture_call(fixture), &report),
	    ACCOUNT_OK);
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	fixture->crash_at = late->dies ? fixture->ops + 1 : 0;
	if (late->away)
		fixture_arm(fixture, MEMORY_LIST, "/a/", MEMORY_FAULT_BEFORE, 0, 1);
	bytes_clear(&bytes);
	bytes_clear(&encoded);
	account_cache_clear(&cache);
	free(manifest);
}

static enum account_result late_create(struct late *late, bool dies)
{
	struct account_cache cache = {0};
	enum account_result result;

	fixture_open(&late->fixture);
	late->dies = dies;
	late->fixture.interrupt = late_meanwhile;
	late->fixture.interrupt_self = late;
	fixture_arm(&late->fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
	result = fixture_create(&late->fixture, &cache);
	late->fixture.crash_at = 0;
	account_cache_clear(&cache);
	return result;
}

static void wipe_against_a_late_create(void **state)
{
	struct late *late = calloc(1, sizeof(*late));
	struct account_cache cache = {0};

	(void)state;
	assert_int_equal(late_create(late, false), ACCOUNT_GONE);
	assert_int_equal(fixture_objects(&late->fixture, "/a/"), 0);
	assert_int_equal(fixture_create(&late->fixture, &cache), ACCOUNT_GONE);
	assert_int_equal(fixture_objects(&late->fixture, "/a/"), 0);
	account_cache_clear(&cache);
	fixture_close(&late->fixture);
	free(late);
}

/* What it put has to go again: if that fails it is not over, and whoever asks is told so. */
static void wipe_against_a_late_create_that_cannot_remove(void **state)
{
	struct late *late = calloc(1, sizeof(*late));
	struct account_cache cache = {0};
	struct wipe_report report = {0};
	struct fixture *fixture = &late->fixture;

	(void)state;
	assert_non_null(late);
	late->away = true;
	assert_int_equal(late_create(late, false), ACCOUNT_RETRY);
	assert_int_equal(fixture_objects(fixture, "/a/"), 1);
	assert_int_equal(fixture_create(fixture, &cache), ACCOUNT_GONE);
	assert_int_equal(
	    account_relist(&fixture->env, &fixture->account, fixture_call(fixture), &report),
	    ACCOUNT_OK);
	assert_int_equal(report.objects_removed, 1);
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	account_cache_clear(&cache);
	fixture_close(fixture);
	free(late);
}

/* It cannot look at w/ again: a live manifest of another incarnation stands beside the record. */
static void wipe_against_a_create_that_died(void **state)
{
	struct late *late = calloc(1, sizeof(*late));
	struct fixture *fixture = &late->fixture;
	struct wipe_report report = {0};
	struct client client;

	(void)state;
	assert_int_equal(late_create(late, true), ACCOUNT_RETRY);
	assert_int_equal(fixture_objects(fixture, "/a/"), 1);
	client_open(&client, fixture, FIRST);
	assert_int_equal(client_poll(&client), ACCOUNT_OK);
	assert_status(&client, SYNC_GONE);
	assert_int_equal(
	    account_relist(&fixture->env, &fixture->account, fixture_call(fixture), &report),
	    ACCOUNT_OK);
	assert_int_equal(report.objects_removed, 1);
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	client_close(&client);
	fixture_close(fixture);
	free(late);
}

static void second_polls(void *self)
{
	struct pair *pair = self;
	struct call kept = pair->fixture.call;

	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_GONE);
	assert_int_equal(client_push(&pair->second, 100), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_GONE);
	pair->fixture.call = kept;
}

/* Before the first object is removed, even a warm cache is told. */
static void wipe_is_told_before_it_removes(void **state)
{
	struct pair *pair = *state;

	pair->fixture.interrupt = second_polls;
	pair->fixture.interrupt_self = pair;
	fixture_arm(&pair->fixture, MEMORY_LIST, "/a/", MEMORY_FAULT_NONE, 0, 1);
	wipe_all(pair);
	assert_null(pair->fixture.interrupt);
	assert_int_equal(fixture_objects(&pair->fixture, "/a/"), 0);
}

/* A blob's PUT lands after the last listing; the next re-listing finds it. */
static void wipe_relists_a_late_put(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct wipe_report report = {0};
	struct blob_name name = {.count = 0};
	struct bytes blob = {0};

	assert_int_equal(
	    account_relist(&fixture->env, &fixture->account, fixture_call(fixture), &report),
	    ACCOUNT_ABSENT); /* no wipe: nothing may be removed */
	fixture_blob(fixture, BLOB_BODY, 100, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	fixture_arm(fixture, MEMORY_PUT, "/b/", MEMORY_FAULT_LATE, 0, 3);
	assert_int_equal(account_blob_put(&fixture->env, &pair->second.cache, &fixture->account,
			     &name, view_bytes(&blob), fixture_call(fixture)),
	    ACCOUNT_RETRY);
	wipe_all(pair);
	assert_int_equal(memory_deliver(fixture->store), 3);
	assert_int_equal(fixture_objects(fixture, "/a/"), 1);
	assert_int_equal(
	    account_relist(&fixture->env, &fixture->account, fixture_call(fixture), &report),
	    ACCOUNT_OK);
	assert_int_equal(report.objects_removed, 1);
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	bytes_clear(&blob);
}

/* An old home, restored from a copy, with a cache that was warm once. */
static void wipe_is_told_to_an_old_copy(void **state)
{
	struct pair *pair = *state;
	struct bytes saved = {0};

	assert_true(account_cache_save(&pair->first.cache, &saved));
	wipe_all(pair);
	account_cache_load(&pair->first.cache, view_bytes(&saved));
	assert_int_equal(client_push(&pair->first, 100), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_GONE);
	assert_non_null(pair->first.answer.wipe_record.data);
	assert_int_equal(fixture_objects(&pair->fixture, "/a/"), 0);
	bytes_clear(&saved);
}

/* An operator can remove, not sign: devices find nothing, and nothing tells them to let go. */
static void wipe_by_operator_is_only_missing(void **state)
{
	struct pair *pair = *state;
	struct wipe_report report = {0};
	char key[BUCKET_KEY_MAX + 1];

	fixture_key(&pair->fixture, "/manifest", key);
	assert_true(memory_flip(pair->fixture.store, key, 0, 0xFF)); /* even if it is damaged */
	assert_int_equal(wipe(pair, (struct view){0}, &report), ACCOUNT_OK);
	assert_int_equal(fixture_objects(&pair->fixture, ""), 0);
	assert_int_equal(client_push(&pair->first, 100), ACCOUNT_ABSENT);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_ABSENT);
}

/* A record that no device of the account signed says nothing, and removes nothing. */
static void wipe_forged_record_is_damage(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct wipe_report report = {0};
	char key[BUCKET_KEY_MAX + 1];

	wipe_all(pair);
	fixture_key(fixture, "/w/", key);
	assert_true(memory_flip(fixture->store, key, 60, 1));
	assert_int_equal(
	    account_relist(&fixture->env, &fixture->account, fixture_call(fixture), &report),
	    ACCOUNT_DAMAGED);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_DAMAGED);
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(wipe_removes_all_and_says_gone, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(wipe_refuses_what_does_not_hold, pair_setup, pair_teardown),
    cmocka_unit_test(wipe_resumes_after_any_crash),
    cmocka_unit_test(wipe_lost_answers),
    cmocka_unit_test(wipe_counts_what_went),
    cmocka_unit_test_setup_teardown(wipe_marks_the_manifest, pair_setup, pair_teardown),
    cmocka_unit_test(wipe_removes_by_any_pages),
    cmocka_unit_test_setup_teardown(wipe_counts_what_is_out_of_sight, pair_setup, pair_teardown),
    cmocka_unit_test(wipe_bears_so_many_losses),
    cmocka_unit_test(wipe_ends_at_its_deadline),
    cmocka_unit_test_setup_teardown(wipe_record_must_hold, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(wipe_of_a_deaf_bucket_ends, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(wipe_against_a_paused_writer, pair_setup, pair_teardown),
    cmocka_unit_test(wipe_against_a_late_create),
    cmocka_unit_test(wipe_against_a_late_create_that_cannot_remove),
    cmocka_unit_test(wipe_against_a_create_that_died),
    cmocka_unit_test_setup_teardown(wipe_is_told_before_it_removes, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(wipe_relists_a_late_put, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(wipe_is_told_to_an_old_copy, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(wipe_by_operator_is_only_missing, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(wipe_forged_record_is_damage, pair_setup, pair_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
