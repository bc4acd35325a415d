/*
 * tests/cli/engine/sync_refuse_test.c: what a device does not believe, and what it does not lose:
 * lost answers, roll-backs and forks, wipes real and claimed, copied homes, wrong keys, changed
 * frames and blobs. Each refusal has its own result, writes nothing, and keeps the local edits.
 */
#include "tests/cli/engine/pair.h"

#include <stdlib.h>
#include <string.h>

/* I3: whatever becomes of the one PUT, the edit is in the log once. */
static void a_lost_answer_has_one_effect(void **state)
{
	static const struct {
		const char *name;
		enum memory_fault how;
	} rows[] = {
	    {"not sent", MEMORY_FAULT_BEFORE},
	    {"not stored, but who knows", MEMORY_FAULT_UNKNOWN},
	    {"stored, the answer lost", MEMORY_FAULT_AFTER},
	    {"stored too late", MEMORY_FAULT_LATE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t seq = device_facts(&pair.a).head.seq;

		(void)device_save(&pair.a, "e1", rows[i].name);
		world_arm(&pair.world, MEMORY_PUT, "manifest", rows[i].how);
		(void)device_sync(&pair.a);
		(void)memory_deliver(pair.world.store);
		assert_synced(&pair.a);
		assert_synced(&pair.b);
		if (device_facts(&pair.a).head.seq != seq + 1)
			fail_msg("%s: %llu frames", rows[i].name,
			    (unsigned long long)(device_facts(&pair.a).head.seq - seq));
		assert_int_equal(pair.a.totals.conflicts, 0);
		assert_content(&pair.b, "e1", rows[i].name);
		assert_same(&pair.a, &pair.b);
	}
}

static void dies_at_commit(struct device *device)
{
	device->dies_at_commit = true;
	assert_engine(device, device_sync(device), ENGINE_LATER);
	device->dies_at_commit = false;
	device_restart(device);
}

/* The process ended before it heard of the commit; the person edited on; no conflict with itself.
 */
static void an_unheard_commit_is_met_in_the_log(void **state)
{
	uint64_t seq = device_facts(&pair.a).head.seq;

	(void)state;
	(void)device_save(&pair.a, "e1", "sent");
	dies_at_commit(&pair.a);
	assert_int_equal(device_counts(&pair.a).dirty_count, 1);
	pair.world.now_ms += 1000;
	(void)device_save(&pair.a, "e1", "edited on");
	assert_synced(&pair.a);
	assert_int_equal(pair.a.totals.conflicts, 0);
	assert_int_equal(device_facts(&pair.a).head.seq, seq + 2);
	assert_int_equal(device_activity(&pair.a, ACTIVITY_WARNING), 0);
	assert_synced(&pair.b);
	assert_content(&pair.b, "e1", "edited on");
	assert_same(&pair.a, &pair.b);
}

static void meeting_it_acknowledges(void **state)
{
	(void)state;
	(void)device_save(&pair.a, "e1", "sent");
	dies_at_commit(&pair.a);
	pair.world.now_ms += 1000;
	assert_synced(&pair.a);
	assert_int_equal(device_counts(&pair.a).dirty_count, 0);
	assert_int_equal(device_facts(&pair.a).acknowledged_ms, pair.world.now_ms);
}

static void an_unheard_first_load_is_met(void **state)
{
	struct world world;
	struct device first, second;

	(void)state;
	world_open(&world);
	device_open(&first, &world);
	device_create(&first);
	device_new(&first, "one", "sent");
	device_new(&first, "two", "sent");
	dies_at_commit(&first);
	world.now_ms += 1000;
	(void)device_save(&first, "one", "edited on");
	assert_synced(&first);
	assert_int_equal(first.totals.conflicts, 0);
	assert_int_equal(device_facts(&first).head.seq, 2);
	assert_int_equal(device_counts(&first).conflicts_count, 0);
	assert_int_equal(device_counts(&first).dirty_count, 0);
	device_open(&second, &world);
	device_join(&second);
	assert_synced(&second);
	assert_synced(&first);
	assert_same(&first, &second);
	device_close(&second);
	device_close(&first);
	world_close(&world);
}

static void an_unheard_statement_is_met(void **state)
{
	struct device c;

	(void)state;
	device_open(&c, &pair.world);
	device_join(&c);
	dies_at_commit(&c);
	assert_true(device_facts(&c).recovering);
	assert_synced(&c);
	assert_false(device_facts(&c).recovering);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_same(&c, &pair.b);
	assert_same(&c, &pair.a);
	device_close(&c);
}

static void a_rolled_back_bucket_is_refused(void **state)
{
	struct bytes old = {0}, new = {0};

	(void)state;
	world_manifest(&pair.world, &old);
	(void)device_save(&pair.a, "e1", "acknowledged");
	assert_synced(&pair.a);
	world_manifest(&pair.world, &new);
	(void)device_save(&pair.a, "e2", "not yet sent");
	world_manifest_set(&pair.world, view_bytes(&old));
	pair.a.counts = (struct bucket_counts){0};
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_ROLLBACK);
	assert_true(pair.a.waits > 0); /* it looked twice */
	assert_content(&pair.a, "e1", "acknowledged");
	assert_content(&pair.a, "e2", "not yet sent");
	assert_int_equal(device_counts(&pair.a).dirty_count, 1);
	world_manifest_set(&pair.world, view_bytes(&new));
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
	bytes_clear(&new);
	bytes_clear(&old);
}

/* The old log goes on with another device's frames: branches never mix (I11). */
static void a_fork_is_refused(void **state)
{
	struct bytes old = {0};

	(void)state;
	world_manifest(&pair.world, &old);
	(void)device_save(&pair.a, "e1", "on one branch");
	assert_synced(&pair.a);
	world_manifest_set(&pair.world, view_bytes(&old));
	for (unsigned i = 0; i < 3; i++) { /* as long as a's branch, and longer */
		(void)device_save(&pair.b, "e2", i == 0 ? "on the other" : "and on");
		assert_synced(&pair.b);
		(void)device_save(&pair.a, "e3", i == 0 ? "unsent" : "still unsent");
		assert_engine(&pair.a, device_sync(&pair.a), ENGINE_ROLLBACK);
		assert_content(&pair.a, "e1", "on one branch");
		assert_content(&pair.a, "e2", "as it was at first");
		assert_int_equal(device_counts(&pair.a).dirty_count, 1);
	}
	bytes_clear(&old);
}

static void change_incarnation(struct device *device, struct sync_answer *answer)
{
	(void)device;
	answer->incarnation[3] ^= 1;
}

static void another_life_of_the_account_is_refused(void **state)
{
	struct sync_facts before = device_facts(&pair.b);
	struct sync_facts after;

	(void)state;
	(void)device_save(&pair.a, "e1", "newer");
	assert_synced(&pair.a);
	pair.b.answered = change_incarnation;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_ROLLBACK);
	after = device_facts(&pair.b);
	assert_true(head_equal(&before.head, &after.head));
	assert_content(&pair.b, "e1", "as it was at first");
}

static void wipe(struct device *device)
{
	struct bytes encoded = {0};
	struct wipe_report report = {0};

	call_init(&device->call, pair.world.now_ms + 60000);
	assert_engine(device, wipe_make(&device->engine, "", &device->call, &encoded), ENGINE_OK);
	assert_int_equal(account_wipe(&device->env, &device->cache, &pair.world.account,
			     view_bytes(&encoded), &device->call, &report),
	    ACCOUNT_OK);
	bytes_clear(&encoded);
}

static void a_wiped_account_is_gone_and_the_journal_stays(void **state)
{
	(void)state;
	(void)device_save(&pair.b, "e1", "not yet sent");
	wipe(&pair.a);
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_GONE);
	assert_int_equal(world_objects(&pair.world, "a/"), 0);
	assert_content(&pair.b, "e1", "not yet sent");
	assert_int_equal(device_counts(&pair.b).entries_count, 5);
	assert_int_equal(device_counts(&pair.b).dirty_count, 5); /* all of it is unsynced again */
	assert_false(device_facts(&pair.b).has_account);
	assert_int_equal(device_activity(&pair.b, ACTIVITY_WIPED), 1);
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_OFF);
	/* A new account takes all of it again. */
	device_create(&pair.b);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.totals.pushed, 5);
}

static bool answer_gone(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	struct wipe claim = {.account = request->account, .device = pair.a.keys.id};
	struct bytes encoded = {0}, bare = {0}, record = {0};
	struct sync_facts facts = device_facts(device);
	struct roster *roster = calloc(1, sizeof(*roster));
	struct bytes known = {0};

	answer->status = SYNC_GONE;
	if (device->times == 0) { /* no record at all */
		free(roster);
		return true;
	}
	assert_non_null(roster);
	memcpy(claim.incarnation, facts.incarnation, INCARNATION_LEN);
	if (device->times == 2) /* signed right, for another life */
		claim.incarnation[0] ^= 1;
	if (device->times == 3) /* in the name of one who does not belong */
		claim.device.bytes[0] ^= 1;
	/* 1: signed by the signing key, which is no wipe key */
	assert_int_equal(
	    wipe_encode(&claim,
		device->times == 1 ? pair.a.keys.sign_secret : pair.a.keys.wipe_secret, &encoded),
	    FORMAT_OK);
	assert_engine(device, sync_roster_get(&device->engine, &device->call, &known), ENGINE_OK);
	assert_int_equal(roster_decode(view_bytes(&known), false, roster), FORMAT_OK);
	assert_int_equal(roster_bare(roster, &bare), FORMAT_OK);
	assert_int_equal(
	    wipe_record_encode(view_bytes(&encoded), view_bytes(&bare), &record), FORMAT_OK);
	answer->wipe_record = view_bytes(&record);
	assert_true(sync_answer_keep(answer, &record));
	bytes_clear(&bare);
	bytes_clear(&known);
	bytes_clear(&encoded);
	free(roster);
	return true;
}

static void a_claimed_wipe_is_not_believed(void **state)
{
	static const char *const names[] = {
	    "no record", "another key", "another life", "a stranger's"};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(names); i++) {
		enum engine_result result;

		pair.b.times = i;
		pair.b.instead = answer_gone;
		result = device_sync(&pair.b);
		if (result != ENGINE_MISSING)
			fail_msg("%s: %s", names[i], engine_result_text(result));
		assert_true(device_facts(&pair.b).on);
		assert_int_equal(device_counts(&pair.b).dirty_count, 0);
	}
	pair.b.times = 4; /* as it should be */
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_GONE);
	pair.b.instead = NULL;
}

static bool answer_revoked(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	struct bytes known = {0};

	(void)request;
	answer->status = SYNC_REVOKED;
	if (device->times == 0)
		return true;
	assert_engine(device, sync_roster_get(&device->engine, &device->call, &known), ENGINE_OK);
	answer->roster_blob = view_bytes(&known); /* a roster in which the device is live */
	assert_true(sync_answer_keep(answer, &known));
	return true;
}

static void a_claimed_revocation_is_not_believed(void **state)
{
	(void)state;
	pair.b.instead = answer_revoked;
	for (pair.b.times = 0; pair.b.times < 2; pair.b.times++)
		assert_engine(&pair.b, device_sync(&pair.b), ENGINE_MISSING);
	pair.b.instead = NULL;
	assert_true(device_facts(&pair.b).on);
	assert_synced(&pair.b);
}

static void no_account_is_missing(void **state)
{
	struct world empty;
	struct bucket *old = pair.a.bucket;

	(void)state;
	world_open(&empty);
	(void)device_save(&pair.a, "e1", "kept");
	pair.a.bucket = bucket_count(bucket_memory(empty.store, NULL), &pair.a.counts);
	pair.a.env.bucket = pair.a.bucket;
	account_cache_clear(&pair.a.cache);
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_MISSING);
	assert_true(device_facts(&pair.a).on);
	assert_content(&pair.a, "e1", "kept");
	assert_int_equal(device_counts(&pair.a).dirty_count, 1);
	bucket_close(pair.a.bucket);
	pair.a.bucket = pair.a.env.bucket = old;
	account_cache_clear(&pair.a.cache);
	world_close(&empty);
	assert_synced(&pair.a);
}

static bool answer_later(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	(void)request;
	if (device->times == 0)
		return false;
	device->times--;
	answer->status = SYNC_LATER;
	answer->retry_after_ms = 100;
	return true;
}

static void a_busy_remote_is_asked_again(void **state)
{
	(void)state;
	(void)device_save(&pair.a, "e1", "in the end");
	pair.a.instead = answer_later;
	pair.a.times = 3;
	assert_synced(&pair.a);
	assert_int_equal(pair.a.waits, 3);
	assert_int_equal(pair.a.totals.pushed, 1);
	(void)device_save(&pair.a, "e1", "not today");
	pair.a.times = UINT32_MAX;
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_LATER);
	assert_int_equal(device_counts(&pair.a).dirty_count, 1);
	pair.a.instead = NULL;
}

static bool answer_refused(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	(void)device;
	(void)request;
	answer->status = SYNC_REFUSED;
	return true;
}

static void a_refusal_is_said_and_loses_nothing(void **state)
{
	(void)state;
	(void)device_save(&pair.a, "e1", "kept");
	pair.a.instead = answer_refused;
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_DAMAGED);
	assert_string_not_equal(pair.a.call.message, "");
	pair.a.instead = NULL;
	assert_int_equal(device_counts(&pair.a).dirty_count, 1);
	assert_synced(&pair.a);
	assert_int_equal(device_counts(&pair.a).dirty_count, 0);
}

static bool answer_committed(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	(void)device;
	answer->status = SYNC_COMMITTED;
	answer->head = request->cursor;
	memcpy(answer->incarnation, device_facts(&pair.b).incarnation, INCARNATION_LEN);
	return true;
}

static void what_was_not_sent_is_not_acknowledged(void **state)
{
	(void)state;
	pair.b.instead = answer_committed;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	pair.b.instead = NULL;
}

/* The place is ours, but another's frame is said to be there. */
static bool answer_committed_another(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	(void)answer_committed(device, request, answer);
	answer->head.seq++;
	return true;
}

static void what_another_sent_is_not_acknowledged(void **state)
{
	static bool (*const lies[])(struct device *, const struct sync_request *,
	    struct sync_answer *) = {answer_committed, answer_committed_another};

	(void)state;
	(void)device_save(&pair.b, "e1", "to be sent");
	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		pair.b.instead = lies[i];
		assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
		assert_int_equal(device_counts(&pair.b).dirty_count, 1);
	}
	pair.b.instead = NULL;
	assert_synced(&pair.b);
	assert_synced(&pair.a);
	assert_content(&pair.a, "e1", "to be sent");
}

/* Both homes have one key: each is told, neither loses an edit. */
static void a_copied_home_is_said(void **state)
{
	struct device copy;

	(void)state;
	device_copy(&copy, &pair.a);
	(void)device_save(&pair.a, "e1", "in the first home");
	assert_synced(&pair.a);
	assert_int_equal(device_activity(&pair.a, ACTIVITY_WARNING), 0);
	(void)device_save(&copy, "e2", "in the copy");
	pair.world.now_ms += 1000;
	(void)device_save(&copy, "e1", "in the copy too");
	assert_synced(&copy);
	assert_int_equal(device_activity(&copy, ACTIVITY_WARNING), 1);
	assert_int_equal(copy.totals.conflicts, 1);
	assert_synced(&pair.a);
	assert_int_equal(device_activity(&pair.a, ACTIVITY_WARNING), 1);
	assert_content(&pair.a, "e2", "in the copy");
	assert_content(&pair.a, "e1", "in the copy too");
	assert_int_equal(device_counts(&pair.a).conflicts_count, 1);
	assert_synced(&pair.b);
	assert_same(&pair.a, &copy);
	assert_same(&pair.a, &pair.b);
	device_close(&copy);
}

/* I7 */
static void a_wrong_key_writes_nothing(void **state)
{
	struct device_keys right = pair.a.keys;
	size_t objects = world_objects(&pair.world, "");

	(void)state;
	(void)device_save(&pair.a, "e1", "not to be sent");
	pair.a.counts = (struct bucket_counts){0};
	pair.a.keys.box_secret[5] ^= 1;
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_WRONG_KEY);
	pair.a.keys = right;
	crypto_sign_keypair(pair.a.keys.sign_public, pair.a.keys.sign_secret);
	assert_int_not_equal(device_sync(&pair.a), ENGINE_OK);
	device_keys_new(&pair.world.random, &pair.a.keys);
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_WRONG_KEY);
	assert_int_equal(pair.a.counts.put, 0);
	assert_int_equal(pair.a.counts.bytes_up, 0);
	assert_int_equal(world_objects(&pair.world, ""), objects);
	assert_int_equal(device_counts(&pair.a).dirty_count, 1);
	pair.a.keys = right;
	assert_synced(&pair.a);
}

static void a_wrong_code_recovers_nothing(void **state)
{
	struct device c;
	struct bytes roster = {0};
	struct recovery_view view = {0};
	struct recovery_code code = pair.world.code;

	(void)state;
	device_open(&c, &pair.world);
	assert_int_equal(
	    account_roster(&c.env, &c.cache, &pair.world.account, &c.call, &roster), ACCOUNT_OK);
	code.key[3] ^= 1;
	assert_engine(&c, recovery_check(&c.engine, view_bytes(&roster), &code, &c.call, &view),
	    ENGINE_WRONG_KEY);
	code = pair.world.code;
	code.statement[0] ^= 1; /* printed after a statement that this roster lacks */
	assert_engine(&c, recovery_check(&c.engine, view_bytes(&roster), &code, &c.call, &view),
	    ENGINE_ROLLBACK);
	code = pair.world.code;
	code.account.bytes[0] ^= 1;
	assert_engine(&c, recovery_check(&c.engine, view_bytes(&roster), &code, &c.call, &view),
	    ENGINE_DAMAGED);
	roster.data[roster.len / 2] ^= 1;
	assert_engine(&c,
	    recovery_check(&c.engine, view_bytes(&roster), &pair.world.code, &c.call, &view),
	    ENGINE_DAMAGED);
	assert_false(device_facts(&c).has_account);
	assert_int_equal(c.counts.put, 0);
	bytes_clear(&roster);
	device_close(&c);
}

/* Changes the byte `times` of the answer's first frame. */
static void flip_frame(struct device *device, struct sync_answer *answer)
{
	uint8_t *bytes;

	if (answer->frames_count == 0)
		return;
	for (size_t i = 0; i < answer->storage_count; i++) {
		size_t at = (size_t)(answer->frames[0].data - answer->storage[i].data);

		if (at > answer->storage[i].len)
			continue;
		bytes = answer->storage[i].data + at;
		bytes[device->times % answer->frames[0].len] ^= 0x10;
		return;
	}
	fail_msg("the frame was not found");
}

static void assert_unchanged(struct device *device, const struct sync_facts *before)
{
	struct sync_facts after = device_facts(device);

	assert_true(head_equal(&before->head, &after.head));
	assert_content(device, "e1", "as it was at first");
	assert_content(device, "e2", "local and unsent");
	assert_int_equal(device_counts(device).dirty_count, 1);
}

static void any_changed_byte_of_a_frame_is_refused(void **state)
{
	struct sync_facts before;

	(void)state;
	(void)device_save(&pair.a, "e1", "newer");
	assert_synced(&pair.a);
	(void)device_save(&pair.b, "e2", "local and unsent");
	before = device_facts(&pair.b);
	pair.b.answered = flip_frame;
	for (pair.b.times = 0; pair.b.times < 600; pair.b.times += 13) {
		enum engine_result result = device_sync(&pair.b);

		if (result != ENGINE_DAMAGED && result != ENGINE_NEWER)
			fail_msg("byte %u: %s", pair.b.times, engine_result_text(result));
		assert_unchanged(&pair.b, &before);
	}
	pair.b.answered = NULL;
	assert_synced(&pair.b);
	assert_content(&pair.b, "e1", "newer");
}

static void spoil_order(struct device *device, struct sync_answer *answer)
{
	struct view first;

	if (answer->frames_count < 3)
		return;
	first = answer->frames[0];
	switch (device->times) {
	case 0: /* one left out */
		answer->frames[0] = answer->frames[1];
		answer->frames[1] = answer->frames[2];
		answer->frames_count = 2;
		break;
	case 1: /* two swapped */
		answer->frames[0] = answer->frames[1];
		answer->frames[1] = first;
		break;
	case 2: answer->frames[1] = first; break; /* one twice */
	case 3: answer->frames[0].len--; break;
	default: break;
	}
}

static void frames_out_of_order_are_refused(void **state)
{
	static const char *const names[] = {"left out", "swapped", "twice", "cut off"};
	struct sync_facts before;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		(void)device_save(&pair.a, "e1", "newer");
		assert_synced(&pair.a);
	}
	(void)device_save(&pair.b, "e2", "local and unsent");
	before = device_facts(&pair.b);
	pair.b.answered = spoil_order;
	for (unsigned i = 0; i < COUNT_OF(names); i++) {
		enum engine_result result;

		pair.b.times = i;
		result = device_sync(&pair.b);
		if (result != ENGINE_DAMAGED)
			fail_msg("%s: %s", names[i], engine_result_text(result));
		assert_unchanged(&pair.b, &before);
	}
	pair.b.answered = NULL;
	assert_synced(&pair.b);
	assert_content(&pair.b, "e1", "newer");
}

static struct bytes pushed;

static void keep_frame(struct device *device, const struct sync_request *request)
{
	(void)device;
	if (request->frames_count > 0 && pushed.data == NULL)
		assert_true(bytes_copy(request->frames[0], &pushed));
}

/* What b lacks is said to be folded into … */
static void fold_into_it(struct device *device, struct sync_answer *answer)
{
	answer->status = SYNC_FAR_BEHIND;
	answer->frames_count = 0;
	answer->snapshot = view_bytes(&pushed);
	if (device->times == 1)
		answer->snapshot.len = 10;
}

/* … a patch, or what is no frame at all. */
static void what_is_no_snapshot_is_not_taken(void **state)
{
	static const char *const messages[] = {"is neither", "not of this format"};

	(void)state;
	(void)device_save(&pair.a, "e1", "newer");
	pair.a.before = keep_frame;
	assert_synced(&pair.a);
	pair.a.before = NULL;
	pair.b.answered = fold_into_it;
	for (unsigned i = 0; i < COUNT_OF(messages); i++) {
		pair.b.times = i;
		assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
		if (strstr(pair.b.call.message, messages[i]) == NULL)
			fail_msg("%s: %s", messages[i], pair.b.call.message);
		assert_content(&pair.b, "e1", "as it was at first");
	}
	pair.b.answered = NULL;
	bytes_clear(&pushed);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* Blob number `times` of the run comes back with a changed byte. */
static void flip_blob(struct device *device, const struct blob_name *name, struct bytes *blob)
{
	(void)name;
	if (device->times-- == 0)
		blob->data[blob->len / 2] ^= 1;
}

static void a_changed_index_or_segment_is_refused(void **state)
{
	static const char *const names[] = {"the roster", "the index", "a segment"};
	struct device c;

	(void)state;
	device_open(&c, &pair.world);
	device_join(&c);
	c.got = flip_blob;
	for (unsigned i = 1; i < COUNT_OF(names); i++) {
		enum engine_result result;

		c.times = i - 1;
		result = device_sync(&c);
		if (result != ENGINE_DAMAGED)
			fail_msg("%s: %s", names[i], engine_result_text(result));
		assert_int_equal(device_counts(&c).entries_count, 0);
		assert_int_equal(device_facts(&c).head.seq, 0);
	}
	c.got = NULL;
	assert_synced(&c);
	assert_int_equal(device_counts(&c).entries_count, 5);
	device_close(&c);
}

static void a_changed_roster_is_refused(void **state)
{
	struct device c;
	struct sync_facts before = device_facts(&pair.b);
	struct sync_facts after;

	(void)state;
	device_open(&c, &pair.world);
	device_join(&c);
	assert_synced(&c);
	pair.b.got = flip_blob;
	pair.b.times = 0;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	after = device_facts(&pair.b);
	assert_true(head_equal(&before.head, &after.head));
	pair.b.got = NULL;
	assert_synced(&pair.b);
	assert_same(&pair.b, &c);
	device_close(&c);
}

/* Says that the log ends where b is, though the roster has one statement more. */
static void hide_the_statement(struct device *device, struct sync_answer *answer)
{
	answer->head = device_facts(device).head;
	if (device->times++ > 0) {
		answer->status = SYNC_CURRENT;
		answer->frames_count = 0;
	}
}

static void a_roster_ahead_of_the_log_is_refused(void **state)
{
	struct device c;

	(void)state;
	device_open(&c, &pair.world);
	device_join(&c);
	assert_synced(&c);
	pair.b.answered = hide_the_statement;
	pair.b.times = 0;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	pair.b.answered = NULL;
	assert_synced(&pair.b);
	assert_same(&pair.b, &c);
	device_close(&c);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_lost_answer_has_one_effect, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(an_unheard_commit_is_met_in_the_log, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(meeting_it_acknowledges, pair_setup, pair_teardown),
    cmocka_unit_test(an_unheard_first_load_is_met),
    cmocka_unit_test_setup_teardown(an_unheard_statement_is_met, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_rolled_back_bucket_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_fork_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	another_life_of_the_account_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_wiped_account_is_gone_and_the_journal_stays, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_claimed_wipe_is_not_believed, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_claimed_revocation_is_not_believed, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(no_account_is_missing, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_busy_remote_is_asked_again, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_refusal_is_said_and_loses_nothing, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	what_another_sent_is_not_acknowledged, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	what_was_not_sent_is_not_acknowledged, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_copied_home_is_said, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_wrong_key_writes_nothing, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_wrong_code_recovers_nothing, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	any_changed_byte_of_a_frame_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(what_is_no_snapshot_is_not_taken, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(frames_out_of_order_are_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_changed_index_or_segment_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_changed_roster_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_roster_ahead_of_the_log_is_refused, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
